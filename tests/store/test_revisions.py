"""What a newer revision of a record leaves out is taken back, where a record tells all there is of its object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.attribution.current import newest
from jalon.attribution.engines.duckdb import DuckDB
from jalon.normalize.vocabulary import Context, Fact, Instant, Raw
from jalon.store import erasure
from jalon.store.database import Store
from jalon.store.revisions import late, replacing
from tests.handmade import measure, touch

COMPLETE = {"tiny": {"orders"}}


def told(store: Store, skus: str, version: int, **fields: Any) -> None:
    """Let the shop tell order 1 with lines of these articles, one letter each."""
    key, _, body = tiny.order(1, skus=list(skus), **fields)
    tiny.append(store, [(key, version, body)])


def derived(store: Store, **how: Any) -> None:
    tiny.derived(store, complete=COMPLETE, **how)


def lines(store: Store, as_of: int | None = None) -> str:
    """Return the articles of the lines that hold, in order."""
    with DuckDB() as engine:
        held = newest(engine.facts(store.facts, "order_lines"), as_of)
        return "".join(row["sku"] for row in engine.dicts(held.order_by("key").select("sku")))


def test_a_line_that_is_told_no_more_is_taken_back_and_may_come_again(store: Store) -> None:
    for version, skus in enumerate(("abc", "ab", "", "abcd"), 1):
        told(store, skus, version)
        derived(store)
        assert lines(store) == skus


def test_where_records_tell_parts_nothing_is_taken_back(store: Store) -> None:
    for version, skus in enumerate(("abc", "a"), 1):
        told(store, skus, version)
    tiny.derived(store)
    assert lines(store) == "abc"


def test_an_older_revision_that_comes_late_brings_nothing_back(store: Store) -> None:
    told(store, "a", 2)
    told(store, "abc", 1)
    derived(store)
    assert lines(store) == "a"


def test_a_revision_that_cannot_be_read_takes_nothing_back_and_hides_nothing(store: Store) -> None:
    told(store, "abc", 1)
    told(store, "", 2, goods="1,0")
    told(store, "ab", 3)
    derived(store)
    assert lines(store) == "ab"


def test_what_was_known_at_an_earlier_time_stays_known(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    told(store, "ab", 1)
    monkeypatch.setattr(tiny, "SEEN", tiny.SEEN + 60_000_000)
    told(store, "a", 2)
    derived(store)
    assert (lines(store), lines(store, tiny.SEEN - 1)) == ("a", "ab")


def test_who_is_who_stays_stated(store: Store) -> None:
    buyer, mail = f"customer:{'1' * 32}", f"email:{'2' * 32}"
    told(store, "a", 1, buyer=buyer, email=mail)
    told(store, "a", 2, buyer=buyer)
    derived(store)
    assert [row["removed"] for row in tiny.table(store.facts, "identities")] == [False]


def test_a_figure_of_days_that_is_told_no_more_is_taken_back_and_a_counter_stays() -> None:
    """A day is restated; a counter is told once for each day on which it was read, under another key."""
    claimed, seen = measure("attributed_purchases", 1), measure("views", 9, span="lifetime", content_id="7")
    spent = measure("spend", 5)
    told = replacing([spent], [spent, claimed, seen], (0, Instant(tiny.SEEN), 8))
    assert [(fact.key, fact.removed, fact.inbox_id) for fact in told[1:]] == [(claimed.key, True, 8)]
    assert late([spent, claimed, seen], [spent]) == [spent, seen]


def asked(raw: Raw, context: Context) -> Iterator[Fact]:
    """Read an order, and that its buyer had asked something where it says so."""
    yield from tiny.normalize(raw, context)
    if raw.body.get("asked"):
        question = touch("question", 1, raw.body["buyer"])
        yield question._replace(source=raw.source, version=raw.version, inbox_id=raw.inbox_id)


def test_an_erased_person_is_gone_from_what_newer_revisions_take_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question of the first revision is taken back in the file of the second one, which names somebody else."""
    monkeypatch.setattr("jalon.store.segments.SEGMENT", 1)
    gone = f"email:{'2' * 32}"
    told(store, "a", 1, buyer=gone, asked=True)
    told(store, "a", 2, buyer=f"email:{'3' * 32}")
    derived(store, normalizer=asked)
    assert holding(store, gone) == 2
    erasure.erase(store, "shop", [gone])
    derived(store, normalizer=asked)
    assert holding(store, gone) == 0


def holding(store: Store, person: str) -> int:
    """Count the files of touchpoints that name a person."""
    folder = store.facts / "touchpoints"
    return sum(person in pq.read_table(path)["person"].to_pylist() for path in folder.glob("*.parquet"))


@given(
    st.lists(st.tuples(st.integers(1, 5), st.sampled_from(("", "a", "ab", "abc", "b"))), min_size=1, max_size=8),
    st.sets(st.integers(0, 7)),
)
@settings(max_examples=30, deadline=None)
def test_what_holds_is_what_the_newest_revision_tells_however_the_work_is_cut(
    revisions: list[tuple[int, str]], cuts: set[int]
) -> None:
    with tiny.fresh() as bit_by_bit, tiny.fresh() as at_once:
        for number, (version, skus) in enumerate(revisions):
            for store in (bit_by_bit, at_once):
                told(store, skus, version)
            if number in cuts:
                derived(bit_by_bit)
        derived(bit_by_bit)
        derived(at_once)
        assert tiny.files(bit_by_bit) == tiny.files(at_once)
        with at_once.read() as db:
            (body,) = db.execute("SELECT body FROM inbox ORDER BY version DESC, id DESC LIMIT 1").fetchone()
        assert lines(at_once) == "".join(json.loads(body)["skus"])
