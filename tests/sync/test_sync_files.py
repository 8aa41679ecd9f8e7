"""Files on their way in: found, opened, cut, kept in place, refused, read again."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from dropped import HEAD, PLAIN, TABLES, Own, row

from jalon.connectors.wire import encode
from jalon.errors import ConfigError
from jalon.sandbox.clock import Clock
from jalon.store import deadlines, inbox
from jalon.sync.engine import look_at
from tests.truth.life import PlayedClock

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
