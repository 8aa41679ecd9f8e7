"""Files on their way in: found, opened, cut, kept in place, refused, read again."""

from __future__ import annotations

import asyncio
import csv
import errno
import io
import json
import os
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jalon.config import load
from jalon.connectors.wire import encode
from jalon.errors import ConfigError
from jalon.privacy import make_key
from jalon.sandbox.clock import Clock
from jalon.store import deadlines, files, inbox, quarantine, sources
from jalon.sync import doctor, filed
from jalon.sync.engine import import_files, look_at, sync_source
from jalon.sync.halt import Halt
from jalon.sync.rows import rows_of
from jalon.sync.source import SourceOutcome, Workshop
from jalon.workplace import Workplace
from tests.truth.life import PlayedClock

HEAD = "receipt,date,total,currency,email\n"
PLAIN = "order_id,platform,placed_at,total,currency,channel\n"
TOML = """
[jalon]
store = "data"
[sources.own]
connector = "files"
folder = "drop"
timezone = "Europe/Paris"
quiet_seconds = {quiet}
{tables}
"""
TABLES = """
[sources.own.tables.till]
files = "till-*.csv"
template = "till_orders"
"""


def row(number: int, total: str = "5.00", email: str = "") -> str:
    return f"{number},2026-11-20T10:00:00Z,{total},EUR,{email}\n"


@dataclass
class Own:
    """A source that reads files, and its folder."""

    home: Path
    place: Workplace

    @property
    def drop(self) -> Path:
        return self.home / "drop"

    def configure(self, tables: str = TABLES, quiet: float = 0) -> None:
        (self.home / "jalon.toml").write_text(TOML.format(quiet=quiet, tables=tables))
        self.place.config = load(self.home / "jalon.toml")

    def shop(self, **given: Any) -> Workshop:
        return Workshop(self.place.store, self.place.keyring, **given)

    def sync(self, **given: Any) -> SourceOutcome:
        return asyncio.run(sync_source(self.place.source("own"), self.shop(**given)))

    def bring(self, *paths: Path, table: str | None = None) -> SourceOutcome:
        return asyncio.run(import_files(self.place.source("own"), self.shop(), paths, table))

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.drop / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def held(self) -> list[tuple[str, str, str]]:
        """(key, reason, detail) of what is in quarantine."""
        with self.place.store.read() as db:
            return [(entry.key, entry.reason, entry.detail) for entry in quarantine.entries(db)]

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Key -> revisions, oldest first."""
        found: dict[str, list[dict[str, Any]]] = {}
        with self.place.store.read() as db:
            for _, _, _, key, _, _, body in inbox.rows(db, 0, inbox.last_id(db)):
                found.setdefault(key, []).append(json.loads(body))
        return found

    def facts(self, kind: str) -> list[dict[str, Any]]:
        """Derive, and return the facts of a kind that hold, by key."""
        self.place.derive()
        rows = pq.read_table(self.place.store.facts / kind).to_pylist()
        rows.sort(key=lambda row: (row["version"], row["observed_at"], row["inbox_id"]))
        newest = {row["key"]: row for row in rows}
        return [newest[key] for key in sorted(newest)]

    def file(self, name: str) -> files.File:
        with self.place.store.read() as db:
            found = files.get(db, "own", name)
        assert found is not None
        return found

    def notices(self) -> dict[str, str]:
        with self.place.store.read() as db:
            return {notice.kind: notice.detail for notice in sources.notices(db, "own")}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    (tmp_path / "jalon.toml").write_text(TOML.format(quiet=0, tables=TABLES))
    (tmp_path / "drop").mkdir()
    make_key(tmp_path / "jalon.key")
    with Workplace.at(tmp_path / "jalon.toml") as place:
        yield Own(tmp_path, place)


# --- once, again, changed ---------------------------------------------------------------------------------------------


def test_a_file_is_read_once_and_passed_over_while_it_stays_the_same(own: Own) -> None:
    own.write("till-1.csv", HEAD + row(1) + row(2))
    first = own.sync()
    assert (first.state, first.counts.new, first.counts.pages) == ("ok", 2, 1)
    again = own.sync()
    assert (again.state, again.counts.new, again.counts.known, again.counts.pages) == ("ok", 0, 0, 0)
    os.utime(own.drop / "till-1.csv")
    touched = own.sync()
    assert (touched.counts.pages, touched.counts.known) == (0, 0), "the digest says that it has not changed"
    assert own.file("till-1.csv").state == "read"


def test_a_file_that_changed_gives_revisions_of_what_it_says_differently(own: Own) -> None:
    own.write("till-1.csv", HEAD + row(1) + row(2))
    own.sync()
    own.write("till-1.csv", HEAD + row(1) + row(2, "6.00") + row(3))
    outcome = own.sync()
    assert (outcome.counts.new, outcome.counts.known) == (2, 1)
    revisions = own.rows()
    assert [body["total"] for body in revisions["till||2"]] == ["5.00", "6.00"]
    assert len(revisions["till||1"]) == 1


def test_the_same_row_in_two_files_is_one_record_and_a_moved_file_brings_nothing_new(own: Own) -> None:
    own.write("till-1.csv", HEAD + row(1) + row(2))
    own.write("till-2.csv", HEAD + row(2) + row(3))
    assert own.sync().counts.new == 3
    (own.drop / "till-1.csv").rename(own.drop / "till-9.csv")
    assert own.sync().counts.new == 0
    (own.drop / "till-2.csv").unlink()
    assert own.sync().state == "ok"


def test_two_systems_in_one_folder_that_count_alike_are_both_read(own: Own) -> None:
    own.write("till_orders.csv", "receipt,date,total,currency\n1001,2026-11-20T10:00:00Z,30.00,EUR\n")
    own.write("orders.csv", PLAIN + "1001,phone,2026-11-20T11:00:00Z,80.00,EUR,mobile\n")
    own.write("survey_answers.csv", "id,survey,date,score\n1,nps,2026-11-20,9\n2,nps,2026-11-20,3\n")
    own.write("reviews.csv", "id,date,rating\n1,2026-11-20,5\n2,2026-11-20,4\n")
    assert own.sync().counts.new == 6
    assert {row["total"] for row in own.facts("orders")} == {3000, 8000}
    assert sorted(row["score"] for row in own.facts("answers")) == [3, 4, 5, 9]


def test_what_was_stored_under_keys_of_another_form_is_not_told_twice(own: Own) -> None:
    """A store from before keys held the platform: what is read anew is a revision of what lies there."""
    own.write("till_orders.csv", "receipt,date,total,currency\n1001,2026-11-20T10:00:00Z,30.00,EUR\n")
    own.sync()
    [body] = (json.dumps(bodies[0]) for bodies in own.rows().values())
    for number in ("1001", "1002"):
        stored = [(f"|{number}", 0, body.replace("1001", number).encode())]
        own.place.store.write(lambda db, rows=stored: inbox.append(db, "own", "orders", 1, rows))
    assert [row["order_id"] for row in own.facts("orders")] == ["1001", "1002"]


def test_what_stands_for_no_number_makes_nobody_of_strangers(own: Own) -> None:
    people = [("-", ""), ("n/a", ""), ("0000000000", ""), ("", "none@none"), ("", "-")]
    rows = [f"{n},2026-11-20T10:00:00Z,5.00,EUR,{email},{phone}\n" for n, (phone, email) in enumerate(people)]
    own.write("till-1.csv", HEAD.replace("email", "email,phone") + "".join(rows))
    own.sync()
    assert [row["person"] for row in own.facts("orders")] == [None] * 5
    assert own.held() == []


def test_a_national_number_is_of_the_country_that_its_table_tells_or_of_this_source_alone(own: Own) -> None:
    head = HEAD.replace("email", "phone")
    own.write("till-1.csv", head + row(1, email="06 12 34 56 78"))
    french = TABLES.replace("till]", "french]").replace("till-*", "till-1*") + 'phone_prefix = "33"\n'
    own.configure(french + TABLES)
    own.write("till-2.csv", head + row(2, email="06-12345678") + row(3, email="+33612345678"))
    own.sync()
    people = {order["order_id"]: order["person"] for order in own.facts("orders")}
    assert people["1"] == people["3"] == own.place.keyring.pseudonym("phone", "+33612345678")
    assert people["2"] == own.place.keyring.hasher("own")("phone", "0612345678")


def test_what_is_held_of_a_number_does_not_make_another_record_of_a_row_without_one(own: Own) -> None:
    """Where a store holds a person by the number as it was written, the row that is read anew is the same record."""
    own.write("email_events.csv", "timestamp,event,phone\n2026-11-20T10:00:00Z,open,06 12 34 56 78\n")
    own.sync()
    [(key, bodies)] = own.rows().items()
    before = {**bodies[0], "phone": own.place.keyring.pseudonym("phone", "0612345678")}
    assert key == inbox.digest(encode(before)).hex()


def test_rows_without_a_number_are_one_if_they_say_the_same(own: Own) -> None:
    own.configure('[sources.own.tables.m]\nfiles = "mail*.csv"\ntemplate = "email_events"\n')
    line = "2026-11-18T08:02:11Z,open,{}\n"
    own.write("mail1.csv", "timestamp,event,email\n" + line.format("ada@example.org") + line.format("bo@example.org"))
    own.write("mail2.csv", "timestamp,event,email\n" + line.format(" ADA@example.org"))
    outcome = own.sync()
    assert outcome.counts.new == 2, "one person's e-mail is one person's, however it is written"
    assert "ada" not in str(own.rows())


def test_another_mapping_reads_the_file_again_and_the_newest_reading_holds(own: Own) -> None:
    own.write("till-1.csv", HEAD + row(1))
    own.sync()
    own.configure(TABLES + 'constants = { till_id = "7", channel = "mobile" }\n')
    assert own.sync().counts.new == 1
    assert set(own.rows()) == {"till||1", "till|7|1"}
    own.configure(TABLES + 'constants = { channel = "mobile" }\n')
    own.sync()
    assert [body["channel"] for body in own.rows()["till||1"]] == ["shop", "mobile"]


def test_files_are_read_in_the_order_in_which_they_were_written(own: Own) -> None:
    own.write("till-new.csv", HEAD + row(1, "7.00"))
    old = own.write("till-old.csv", HEAD + row(1, "5.00"))
    os.utime(old, (time.time() - 1000,) * 2)
    own.sync()
    assert [body["total"] for body in own.rows()["till||1"]] == ["5.00", "7.00"]


def test_of_two_revisions_the_later_change_holds_whichever_file_is_read_first(own: Own) -> None:
    own.configure('[sources.own.tables.n]\nfiles = "net*.csv"\ntemplate = "affiliate_transactions"\n')
    head = "id,order_ref,shop,date,publisher,status,currency,modified_date\n"
    line = "t,45,shopify,2026-11-10T12:00:00Z,p,{},EUR,{}\n"
    own.write("net1.csv", head + line.format("declined", "2026-11-20T00:00:00Z"))
    own.sync()
    own.write("net2.csv", head + line.format("approved", "2026-11-12T00:00:00Z"))
    own.sync()
    own.place.source("own")
    own.place.derive()
    facts = pq.read_table(own.place.store.facts / "order_contents").sort_by("version").to_pylist()
    assert [(fact["settlement"], fact["removed"]) for fact in facts] == [("approved", False), ("reversed", True)]


def test_lines_of_an_order_that_is_told_again_replace_those_before(own: Own) -> None:
    sale = {"order_id": "7", "platform": "phone", "channel": "shop", "placed_at": "2026-11-20T10:00:00Z"}
    for number, articles in enumerate((("mug", "cup", "bowl"), ("mug", "jug"))):
        lines = [{"product_id": name, "quantity": 1, "goods": "5.00"} for name in articles]
        told = {**sale, "currency": "EUR", "goods": f"{5 * len(lines)}.00", "lines": lines}
        own.write(f"orders-{number}.jsonl", json.dumps(told) + "\n")
        assert own.sync().state == "ok"
    own.place.derive()
    facts = pq.read_table(own.place.store.facts / "order_lines").sort_by([("inbox_id", "ascending")]).to_pylist()
    newest = {fact["key"]: fact for fact in facts}.values()
    assert [fact["product_id"] for fact in newest if not fact["removed"]] == ["mug", "jug"]


# --- bad rows ---------------------------------------------------------------------------------------------------------


COSTS = "date,platform,campaign,spend,currency\n"


def test_a_row_that_contradicts_an_earlier_one_of_its_file_is_held_and_the_first_stands(own: Own) -> None:
    spent = [f"2026-11-20,google_ads,brand,{spend},EUR\n" for spend in ("80.00", "15.00", "80.00", "5.00")]
    own.write("ad_costs-google.csv", COSTS + "".join(spent))
    outcome = own.sync()
    assert (outcome.state, outcome.counts.new, outcome.counts.known, outcome.counts.skipped) == ("partial", 1, 1, 2)
    assert "2 of 4 rows are in quarantine" in outcome.message
    held = own.held()
    assert [(key, reason) for key, reason, _ in held] == [
        ("ad_costs-google.csv:3", "repeated"),
        ("ad_costs-google.csv:5", "repeated"),
    ]
    assert "line 2" in held[0][2]
    assert [row["value"] for row in own.facts("measures") if row["metric"] == "spend"] == [8000]
    own.write("ad_costs-google.csv", COSTS + "2026-11-20,google_ads,brand,100.00,EUR\n")
    assert own.sync().state == "ok"
    assert own.held() == [], "once the file is mended, nothing is held"
    assert [row["value"] for row in own.facts("measures") if row["metric"] == "spend"] == [10_000]


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        (("2026-11-20T10:00:00Z", "2026-11-21T10:00:00Z"), 0),
        (("2026-11-21T10:00:00Z", "2026-11-20T10:00:00Z"), 0),
        (("", "2026-11-21T10:00:00Z"), 0),
        (("2026-11-21T10:00:00Z", ""), 1),
        (("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"), 1),
        (("", ""), 1),
    ],
)
def test_revisions_in_one_file_are_told_apart_by_when_they_changed(
    own: Own, changes: tuple[str, str], held: int
) -> None:
    lines = [f"1,2026-11-20T09:00:00Z,{n}.00,EUR,{changed}\n" for n, changed in enumerate(changes, 1)]
    own.write("till-1.csv", "receipt,date,total,currency,updated_at\n" + "".join(lines))
    own.sync()
    assert len(own.held()) == held


def test_what_contradicts_an_earlier_row_is_seen_however_far_behind_it_and_in_a_look(own: Own) -> None:
    path = own.write("till-1.csv", HEAD + "".join(map(row, range(1100))) + row(3, "9.00"))
    own.sync()
    assert [(key, reason) for key, reason, _ in own.held()] == [("till-1.csv:1102", "repeated")]
    path.write_text(HEAD + row(1) + row(1, "7.00"))
    look = look_at(own.place.source("own"), own.shop(), path, None)
    assert [("line 3" in bad, "line 2" in bad) for bad in look.bad] == [(True, True)]


def test_a_bad_row_does_not_stand_against_a_good_one(own: Own) -> None:
    own.write("till-1.csv", HEAD + row(1, "x") + row(1, "7.00"))
    own.sync()
    assert [reason for _, reason, _ in own.held()] == ["bad_number"]
    assert [body["total"] for body in own.rows()["till||1"]] == ["7.00"]


def test_a_bad_row_is_held_with_its_file_and_line_and_the_rest_is_taken(own: Own) -> None:
    bad = "x,never,5.00,EUR,\n"
    text = HEAD + row(1) + '2,2026-11-20T10:00:00Z,"5.00\n",EUR,\n' + bad + row(4, "-3.00") + "5,only\n" + row(6)
    own.write("till-1.csv", text + '7,2026-11-20T10:00:00Z,5.00,EUR,"open\n')
    outcome = own.sync()
    assert outcome.state == "partial"
    assert outcome.exit_status == 1
    assert [(key, reason) for key, reason, _ in own.held()] == [
        ("till-1.csv:5", "impossible_date"), ("till-1.csv:6", "negative_amount"), ("till-1.csv:7", "wrong_width"),
        ("till-1.csv:9", "malformed_csv"),
    ]  # fmt: skip
    assert set(own.rows()) == {"till||1", "till||2", "till||6"}
    assert all(detail.startswith("till-1.csv, line ") for _, _, detail in own.held())


def test_one_spoilt_row_does_not_spoil_the_next(own: Own) -> None:
    """A quotation mark that is never closed, around a line that cannot be decoded: the row behind it is sound."""
    spoilt = b'1,2026-11-20T10:00:00Z,"5.00\n\xff\n"x,EUR,\n'
    own.write("till-1.csv", HEAD.encode() + spoilt + row(2).encode())
    own.sync()
    assert [key for key, *_ in own.held()] == ["till-1.csv:2"]
    assert set(own.rows()) == {"till||2"}


def test_what_was_mended_leaves_quarantine(own: Own) -> None:
    own.write("till-1.csv", HEAD + row(1, "five") + row(2, "six"))
    own.sync()
    assert len(own.held()) == 2
    own.write("till-1.csv", HEAD + row(1, "5.00") + row(2, "six"))
    own.sync()
    assert [key for key, *_ in own.held()] == ["till-1.csv:3"]
    own.write("till-1.csv", HEAD + row(1, "5.00") + row(2, "6.00"))
    assert own.sync().state == "ok"
    assert own.held() == []


def test_a_bad_row_is_held_sealed_and_told_without_what_stands_in_it(own: Own) -> None:
    own.write("till-1.csv", HEAD + "1,ada@example.org,5.00,EUR,canary@example.org\n")
    own.sync()
    (entry,) = own.held()
    assert "ada" not in str(entry)
    content = b"".join(path.read_bytes() for path in own.place.store.folder.rglob("*") if path.is_file())
    assert b"ada@example" not in content
    assert b"canary@" not in content
    with own.place.store.read() as db:
        payload = quarantine.entries(db)[0].payload
    assert payload
    assert b"canary@example.org" in own.place.keyring.unseal(payload, b"quarantine/own")


def test_a_file_that_is_not_what_its_table_says_is_refused_once(own: Own) -> None:
    own.write("till-1.csv", HEAD + "".join(row(n, "5,00 EUR").replace("5,00 EUR", '"5,00"') for n in range(60)))
    outcome = own.sync()
    assert outcome.state == "partial"
    assert [(key, reason) for key, reason, _ in own.held()] == [("till-1.csv", "bad_number")]
    assert own.rows() == {}
    assert "none of the first 60 rows" in own.notices()["file till-1.csv"]
    assert own.sync().state == "ok", "it is not looked at again while it stays as it is"
    own.configure(TABLES + 'decimal = ","\n')
    assert own.sync().counts.new == 60
    assert own.held() == []
    assert own.notices() == {}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("till-1.csv", b"\xff\xfer\0e\0", "bad_encoding"),
        ("till-1.csv", b"PK\x03\x04xlsx", "unknown_format"),
        ("till-1.csv", b"", "empty_file"),
        ("till-1.csv", b"\n\n", "empty_file"),
        ("till-1.csv", b"receipt;date;total\n1;2;3\n", "malformed_csv"),
        ("till-1.csv", "re\u0301ceipt,dat\xe9\n".encode("latin-1", "ignore"), "bad_encoding"),
        ("till_orders.jsonl", b'[{"receipt": 1}]', "one_document"),
        ("till_orders.parquet", b"PAR1 but not really PAR1", "damaged"),
        ("till_orders.xlsx", b"anything", "unknown_format"),
    ],
)
def test_what_is_no_file_of_its_kind_is_refused_with_a_reason(own: Own, name: str, content: bytes, reason: str) -> None:
    own.write(name, content)
    assert own.sync().state == "partial"
    assert [(key, found) for key, found, _ in own.held()] == [(name, reason)]


def test_a_line_that_cannot_be_decoded_is_one_bad_row_and_encodings_are_told(own: Own) -> None:
    text = "receipt,date,total,currency,status\n" + row(1)[:-2] + ",payé\n" + row(2)[:-2] + ",paid\n"
    own.write("till-1.csv", text.encode("cp1252"))
    own.sync()
    assert [(key, reason) for key, reason, _ in own.held()] == [("till-1.csv:2", "bad_encoding")]
    own.configure(TABLES + 'encoding = "cp1252"\n')
    assert own.sync().state == "ok"
    assert [len(revisions) for revisions in own.rows().values()] == [1, 1]


def test_a_mark_of_utf8_and_an_excel_hint_before_the_heads(own: Own) -> None:
    own.write("till-1.csv", b"\xef\xbb\xbfsep=,\r\n" + (HEAD + row(1)).replace("\n", "\r\n").encode())
    assert own.sync().counts.new == 1


def test_text_that_a_spreadsheet_would_run_is_text(own: Own) -> None:
    own.configure('[sources.own.tables.m]\nfiles = "mail*.csv"\ntemplate = "email_events"\n')
    hostile = "=cmd|' /C calc'!A0"
    own.write("mail.csv", f'timestamp,event,email,campaign\n2026-11-18T08:02:11Z,click,ada@example.org,"{hostile}"\n')
    assert own.sync().state == "ok"
    (revisions,) = own.rows().values()
    assert revisions[0]["campaign"] == hostile


# --- the three formats ------------------------------------------------------------------------------------------------


def test_the_same_rows_as_csv_json_lines_and_parquet_are_the_same_records(own: Own) -> None:
    at = datetime(2026, 11, 20, 10, tzinfo=UTC)
    own.write("till_orders.csv", HEAD + row(1, "12.50", "ada@example.org"))
    lines = {"receipt": 1, "date": at.isoformat(), "total": 12.5, "currency": "EUR", "email": "ada@example.org"}
    own.write("till_orders.jsonl", json.dumps(lines) + "\n\n")
    columns = {
        "receipt": pa.array([1.0, None][:1]), "date": pa.array([at], pa.timestamp("ns", "UTC")),
        "total": pa.array([12.5]), "currency": ["EUR"], "email": ["ada@example.org"],
    }  # fmt: skip
    pq.write_table(pa.table(columns), own.drop / "till_orders.parquet")
    assert own.sync().state == "ok"
    assert set(own.rows()) == {"till||1"}
    assert {body["total"] for body in own.rows()["till||1"]} <= {"12.50", "12.5"}
    own.place.derive()
    facts = pq.read_table(own.place.store.facts / "orders").to_pylist()
    assert {(fact["order_id"], fact["total"], fact["person"]) for fact in facts} == {
        ("1", 1250, own.place.keyring.pseudonym("email", "ada@example.org"))
    }


def test_json_lines_that_are_none_are_bad_rows(own: Own) -> None:
    good = {"receipt": "9007199254740993", "date": "2026-11-20", "total": "1", "currency": "EUR"}
    own.write("till_orders.jsonl", f"{json.dumps(good)}\n{{broken\n[1]\n17\n")
    own.sync()
    assert [(key, reason) for key, reason, _ in own.held()] == [
        (f"till_orders.jsonl:{line}", "malformed_json") for line in (2, 3, 4)
    ]
    assert set(own.rows()) == {"till||9007199254740993"}


# --- where files may be -----------------------------------------------------------------------------------------------


def test_links_and_what_is_no_file_are_not_followed(own: Own, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "till-9.csv").write_text(HEAD + row(9))
    (own.drop / "till-link.csv").symlink_to(outside / "till-9.csv")
    (own.drop / "folder").symlink_to(outside)
    os.mkfifo(own.drop / "till-pipe.csv")
    (own.drop / "till-folder.csv").mkdir()
    own.write("2026/till-1.csv", HEAD + row(1))
    outcome = own.sync()
    assert set(own.rows()) == {"till||1"}
    assert [note for note in outcome.notes if "till-link.csv is a link" in note]
    assert [note for note in outcome.notes if "till-pipe.csv is no file" in note]


def test_a_link_put_in_place_of_a_file_between_finding_and_opening_is_not_followed(
    own: Own, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.csv").write_text(HEAD + row(9))
    own.write("in/till-1.csv", HEAD + row(1))
    found = filed.listing

    def then_replaced(root: Path) -> Any:
        listed = found(root)
        (own.drop / "in/till-1.csv").unlink(missing_ok=True)
        (own.drop / "in/till-1.csv").symlink_to(tmp_path / "secret.csv")
        return listed

    monkeypatch.setattr(filed, "listing", then_replaced)
    assert own.sync().state == "partial"
    assert own.rows() == {}


def test_files_that_are_not_meant_are_passed_over_or_told(own: Own) -> None:
    for name in (".till-1.csv", "till-1.csv.part", "till-1.csv.filepart", "till-1.csv~"):
        own.write(name, HEAD + row(1))
    own.write("readme.txt", "hello")
    outcome = own.sync()
    assert (outcome.state, own.rows()) == ("ok", {})
    assert own.notices() == {"unread": "1 files fit no table and are not read: readme.txt"}
    (own.drop / "readme.txt").unlink()
    own.sync()
    assert own.notices() == {}


def test_a_folder_that_is_not_there_stops_the_source_with_what_to_do(own: Own) -> None:
    own.drop.rmdir()
    outcome = own.sync()
    assert (outcome.state, outcome.exit_status) == ("config", 2)
    assert "make it" in outcome.remedy


def test_doctor_says_what_is_in_the_folder_and_what_of_it_is_not_read(own: Own) -> None:
    def found() -> list[tuple[str, str]]:
        findings = asyncio.run(doctor.examine(own.place.source("own"), own.shop()))
        return [(finding.name, finding.level) for finding in findings]

    own.write("till-1.csv", HEAD + row(1))
    own.write("till-2.csv", "receipt;date\n1;2\n")
    (own.drop / "till-3.csv").symlink_to("/etc/hostname")
    own.sync()
    assert found() == [("folder", "ok"), ("folder", "warn"), ("file", "warn")]
    (own.drop / "till-2.csv").unlink()
    (own.drop / "till-3.csv").unlink()
    assert found() == [("folder", "ok")]
    own.drop.rename(own.home / "away")
    assert found() == [("folder", "fail")]


def test_doctor_says_which_files_cannot_be_opened(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    own.write("till-1.csv", HEAD + row(1))
    own.write("till-2.csv", HEAD + row(2))
    opened = os.open

    def refuse(path: object, *rest: Any, **named: Any) -> int:
        if path == "till-2.csv":  # a mode would not keep the superuser out
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return opened(path, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    findings = asyncio.run(doctor.examine(own.place.source("own"), own.shop()))
    [file] = [finding for finding in findings if finding.name == "file"]
    assert (file.level, file.detail) == ("fail", "till-2.csv cannot be opened: Permission denied")
    assert "let jalon's user read it" in file.remedy


def test_a_name_that_cannot_be_written_down_is_told_and_not_read(own: Own) -> None:
    (Path(os.fsdecode(bytes(own.drop) + b"/till-\xff.csv"))).write_text(HEAD + row(1))
    own.write("till-\u202e1.csv", HEAD + row(2))
    outcome = own.sync()
    assert own.rows() == {}
    assert len([note for note in outcome.notes if "cannot be written down" in note]) == 2


# --- still being written ----------------------------------------------------------------------------------------------


def test_a_file_that_has_just_been_written_waits_and_is_read_once_it_is_calm(own: Own) -> None:
    own.configure(quiet=3600)
    path = own.write("till-1.csv", HEAD + row(1))
    outcome = own.sync(linger=0.0)
    assert own.rows() == {}
    assert any("still being written" in note for note in outcome.notes)
    os.utime(path, (time.time() - 3601,) * 2)
    assert own.sync(linger=0.0).counts.new == 1


def test_a_run_waits_once_for_a_file_that_is_nearly_calm(own: Own) -> None:
    own.configure(quiet=1)
    path = own.write("till-1.csv", HEAD + row(1))
    os.utime(path, (time.time() - 0.9,) * 2)
    assert own.sync().counts.new == 1


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_run(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own.write("till-1.csv", HEAD + "".join(map(row, range(700))))
    cut, seen = filed._next, []

    def while_it_grows(rows: Any) -> Any:
        seen.append(1)
        if len(seen) == 2:
            with path.open("a") as file:
                file.write("701,2026-11-20T10:00")
        return cut(rows)

    monkeypatch.setattr(filed, "_next", while_it_grows)
    outcome = own.sync()
    assert any("still being written" in note for note in outcome.notes)
    assert len(own.rows()) == 500, "what was committed before it changed"
    assert own.held() == []
    path.write_text(HEAD + "".join(map(row, range(702))))
    again = own.sync()
    assert (again.counts.new, again.counts.known) == (202, 500)


# --- interrupted ------------------------------------------------------------------------------------------------------


def test_a_run_that_ends_in_the_midst_goes_on_at_the_position(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(n, "x" if n == 3 else "5.00") for n in range(1200)]
    own.write("till-1.csv", HEAD + "".join([*rows[:1000], row(7, "6.00"), row(8), *rows[1000:]]))
    cut, halts = filed._next, []

    def then_stop(rows: Any) -> Any:
        if halts:
            halts[0].stop()
        return cut(rows)

    shop = own.shop()
    halt = Halt(shop.clock)
    halts.append(halt)
    monkeypatch.setattr(filed, "_next", then_stop)
    outcome = own.sync(halt=halt)
    assert outcome.state == "interrupted"
    assert (own.file("till-1.csv").state, own.file("till-1.csv").position) == ("reading", 500)
    monkeypatch.setattr(filed, "_next", cut)
    rest = own.sync()
    assert (rest.counts.new, rest.counts.known) == (700, 1), "what was committed is not read into the store again"
    assert len(own.rows()) == 1199
    assert [key for key, *_ in own.held()] == ["till-1.csv:5", "till-1.csv:1002"], (
        "what is held of the first half stays held, and what contradicts it is seen"
    )


def test_the_position_moves_only_with_the_rows(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    own.write("till-1.csv", HEAD + row(1))

    def refused(*_: Any) -> None:
        raise RuntimeError("the disk went away")

    monkeypatch.setattr(files, "put", refused)
    assert own.sync().state == "partial"
    assert own.rows() == {}
    monkeypatch.undo()
    assert own.sync().counts.new == 1


def test_a_long_file_is_read_some_hundred_rows_at_a_time(own: Own) -> None:
    """What is held at once does not grow with the file: here 5 MB, and a fraction of it in memory."""
    padding = "x" * 400
    with (own.drop / "till-1.csv").open("w") as file:
        file.write("receipt,date,total,currency,note\n")
        file.writelines(f"{n % 20},2026-11-20T10:00:00Z,5.00,EUR,{padding}\n" for n in range(10_000))
    sheet = own.place.source("own").connector.sheet(own.place.source("own").settings, "till-1.csv")
    assert sheet is not None
    with (own.drop / "till-1.csv").open("rb") as opened:
        _, rows = rows_of(opened, sheet)
        tracemalloc.start()
        seen = 0
        while chunk := filed._next(rows):
            seen += len(chunk)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert seen == 10_000
    assert most < 2 << 20
    assert own.sync().counts.pages == 21
    assert own.file("till-1.csv").position == 10_000


def test_a_line_without_an_end_costs_no_memory_and_the_next_rows_are_read(own: Own) -> None:
    endless = "9" * (3 << 20)
    own.write("till-1.csv", HEAD + row(1) + endless + "\n" + row(2))
    own.sync()
    assert [(key, reason) for key, reason, _ in own.held()] == [("till-1.csv:3", "line_too_long")]
    assert set(own.rows()) == {"till||1", "till||2"}


# --- by name ----------------------------------------------------------------------------------------------------------


def test_named_files_are_read_by_their_table_once(own: Own, tmp_path: Path) -> None:
    path = tmp_path / "export of today.csv"
    path.write_text(HEAD + row(1))
    assert own.bring(path, table="till_orders").counts.new == 1
    again = own.bring(path, table="till_orders")
    assert (again.state, again.counts.new, again.counts.pages) == ("ok", 0, 0)
    by_table = own.bring(path, table="till")
    assert by_table.counts.new == 0, "the same rows, read by another table"


def test_a_named_file_that_cannot_be_read_is_refused(own: Own, tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    for path, what in (
        (tmp_path / "gone.csv", "No such file"),
        (tmp_path, "is no file"),
        (tmp_path / "notes.csv", "fits"),
    ):
        outcome = own.bring(path)
        assert (outcome.state, outcome.exit_status) == ("config", 2)
        assert what in outcome.message
    with pytest.raises(ConfigError, match="no column for order_id"):
        look_at(own.place.source("own"), own.shop(), tmp_path / "notes.csv", "till_orders")


def test_naming_a_file_again_says_what_became_of_it(own: Own, tmp_path: Path) -> None:
    good, bad = tmp_path / "till-1.csv", tmp_path / "till-2.csv"
    good.write_text(HEAD + row(1))
    bad.write_text("a,b\n1,2\n")
    assert own.bring(good).state == "ok"
    assert any("has not changed" in note for note in own.bring(good).notes)
    for _ in range(2):
        outcome = own.bring(bad)
        assert (outcome.state, outcome.exit_status) == ("partial", 1)
        assert "no column for order_id" in outcome.message


def test_a_look_reads_nothing_into_the_store(own: Own, tmp_path: Path) -> None:
    path = tmp_path / "till-x.csv"
    path.write_text(HEAD + row(1) + row(2, "dear"))
    look = look_at(own.place.source("own"), own.shop(), path, None)
    assert (look.table, look.rows, len(look.bad)) == ("till", 2, 1)
    assert ("order_id", "receipt") in look.fields
    assert own.rows() == {}
    assert own.held() == []


def test_csv_of_any_text_comes_back_whole(own: Own) -> None:
    texts = [
        'say "hi"',
        "a,b",
        "line\nbreak",
        "tab\there",
        "'; DROP TABLE inbox; --",
        "\u202etxt",
        "emoji 🧣",
        "nul\0nul",
    ]
    made = io.StringIO()
    csv.writer(made).writerows(
        [["id", "timestamp", "event", "email", "campaign"]]
        + [[n, "2026-11-18T08:02:11Z", "open", "a@b.example", text] for n, text in enumerate(texts)]
    )
    own.write("email_events.csv", made.getvalue())
    assert own.sync().state == "ok"
    assert [revisions[0]["campaign"] for revisions in own.rows().values()] == texts


def test_a_played_clock_does_not_make_old_files_new(own: Own) -> None:
    """What is calm is told by the file system's clock, whatever time it is for the platforms."""
    own.configure(quiet=60)
    path = own.write("till-1.csv", HEAD + row(1))
    os.utime(path, (time.time() - 61,) * 2)
    assert own.sync(clock=PlayedClock(Clock(1_700_000_000.0, frozen=True))).counts.new == 1
    with own.place.store.read() as db:
        assert deadlines.near(db, "own", time.time()) == []


# --- files that are gone ----------------------------------------------------------------------------------------------


def test_what_was_wrong_with_a_file_is_closed_once_it_is_gone_and_told_again_if_it_comes_back(own: Own) -> None:
    bad = HEAD + row(1) + row(2, total="twelve")
    own.write("till-1.csv", bad)
    own.write("till-2.csv", b"receipt;date;total\n1;2;3\n")
    own.sync()
    assert {key for key, _, _ in own.held()} == {"till-1.csv:3", "till-2.csv"}
    (own.drop / "till-2.csv").rename(own.drop.parent / "aside.csv")
    own.sync()
    assert {key for key, _, _ in own.held()} == {"till-1.csv:3"}
    (own.drop / "till-1.csv").rename(own.drop.parent / "till-1.csv")
    assert own.sync().state == "ok"
    assert own.held() == []
    assert own.notices() == {}
    (own.drop.parent / "till-1.csv").rename(own.drop / "till-1.csv")
    assert own.sync().state == "partial"
    assert {key for key, _, _ in own.held()} == {"till-1.csv:3"}
    assert len(own.rows()) == 1


def test_a_named_file_that_nobody_reads_does_not_hold_up_the_others(own: Own, tmp_path: Path) -> None:
    strange, good = tmp_path / "notes.csv", tmp_path / "till-9.csv"
    strange.write_text("a,b\n1,2\n")
    good.write_text(HEAD + row(1))
    outcome = own.bring(strange, tmp_path / "absent.csv", good)
    assert (outcome.state, outcome.exit_status) == ("config", 2)
    assert "no table of own fits notes.csv" in outcome.message
    assert any("absent.csv cannot be read" in note for note in outcome.notes)
    assert len(own.rows()) == 1
