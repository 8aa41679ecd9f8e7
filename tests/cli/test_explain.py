"""`jalon explain` and `jalon compare` on a played brand: what they print, and that it equals a recount."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from jalon import errors
from jalon.attribution.options import Options
from tests.attribution import recount_moves
from tests.attribution.recount_moves import rows
from tests.cli.played import Desk


def attribution(desk: Desk) -> Path:
    return desk.folder / "data" / "attribution"


def test_moves_between_stages_of_the_played_brand_equal_a_recount(lived: Desk) -> None:
    folder = attribution(lived)
    keys = ("preset", "cut", "value", "from_stage", "to_stage")
    told = {
        tuple(row[name] for name in keys): (row["touchpoints"], row["persons"], row["persons_from"])
        for row in rows(folder, "transitions")
    }
    assert told == recount_moves.transitions(folder, Options().window)
    assert told


def test_a_content_its_creator_and_a_buyer_are_explained(lived: Desk) -> None:
    folder = attribution(lived)
    touches = rows(folder, "touches")
    known = {row["touch_uid"]: row for row in touches}
    credited = [row for row in rows(folder, "credit") if row["model"] == "linear" and row["touch_uid"] in known]
    content = next(known[row["touch_uid"]]["content_id"] for row in credited if known[row["touch_uid"]]["content_id"])
    net: Counter[str] = Counter()
    for row in credited:
        if known[row["touch_uid"]]["content_id"] == content:
            net[row["currency"]] += row["net"]
    told = lived.here("explain", content, "--model", "linear", "--json")
    assert told.status == errors.OK
    found = told.data["content"]
    observed = {row["currency"]: row["net"] - row["modelled"] for row in found["credit"] if row["model"] == "linear"}
    assert {code: amount for code, amount in observed.items() if code in net} == dict(net)
    assert f"Content {content}" in lived.here("explain", f"content:{content}").out
    creator = next(row["creator_id"] for row in touches if row["creator_id"])
    made = lived.here("explain", f"creator:{creator}", "--json").data["creator"]
    assert sum(row["touchpoints"] for row in made["touches"]) >= sum(row["creator_id"] == creator for row in touches)
    person = next(row["person"] for row in touches if row["person"])
    said = lived.here("explain", person).out
    assert said.startswith("Customer ")
    assert "All that is known, in order" in said


def test_an_address_is_looked_for_by_its_pseudonym_alone(lived: Desk) -> None:
    said = lived.here("explain", "nobody@example.com", "--json")
    assert said.status == errors.USAGE
    assert "no customer 'email:" in said.data["error"]["message"]
    assert "nobody@example.com" not in said.out + said.err


def test_since_a_day_when_nothing_was_known_all_is_new(copied: Desk) -> None:
    order = min(copied.orders())
    said = copied.here("explain", ":".join(order), "--since", "2020-01-01", "--json")
    assert said.status == errors.OK
    since = said.data["order"]["since"]
    assert {row["what"] for row in since["facts"]} == {"new"}
    assert all(row["before"] == 0 for row in since["moved"])
    assert "attributing as of 2020-01-01" in said.err
    assert not list((copied.folder / "data" / "tmp").glob("*since*")), "what was made for it is gone"
    assert not (attribution(copied) / "as-of-2020-01-01").exists()
    assert copied.here("attribute", "--as-of", "2020-01-01").status == errors.OK
    kept = copied.here("explain", ":".join(order), "--since", "2020-01-01", "--json")
    assert (kept.data["order"]["since"], kept.err) == (since, "")


def test_tables_older_than_the_facts_are_named(copied: Desk) -> None:
    words = ("compare", "first", "last")
    assert "facts have come since" not in copied.here(*words).err
    file = next((copied.folder / "data" / "facts").rglob("*.parquet"))
    later = (attribution(copied) / "run.json").stat().st_mtime + 1
    os.utime(file, (later, later))
    told = copied.here(*words)
    assert told.status == errors.OK
    assert "facts have come since these tables were made" in told.err


def test_since_a_day_that_is_not_over_is_refused(lived: Desk) -> None:
    said = lived.here("explain", ":".join(min(lived.orders())), "--since", "2999-01-01", "--json")
    assert (said.status, said.data["error"]["message"]) == (errors.USAGE, "2999-01-01 is not over yet")


@pytest.mark.parametrize("by", ["channel", "stage"])
def test_compare_says_where_and_why(lived: Desk, by: str) -> None:
    told = lived.here("compare", "first", "last", "--by", by, "--json").data["comparison"]
    sums: dict[str, Counter[str]] = {"first": Counter(), "last": Counter()}
    for row in rows(attribution(lived), "credit"):
        if row["model"] in sums:
            sums[row["model"]][row["currency"]] += row["net"]
    for currency in told["currencies"]:
        for model, column in (("first", "a"), ("last", "b")):
            assert sum(row[column] for row in currency["values"]) == sums[model][currency["currency"]]
    said = lived.here("compare", "first", "last", "--by", by)
    assert said.out.startswith("First touch (first): What began the journey brought the sale.")
    refused = lived.here("compare", "first", "custom", "--json")
    assert refused.status == errors.USAGE
    assert "was not computed" in refused.data["error"]["message"]
