"""What a row of a file may do to the others: nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dropped import HEAD, TABLES, Own, row

from jalon.store import quarantine
from jalon.sync.engine import look_at

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
