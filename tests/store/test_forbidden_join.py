"""What terms forbid to join with persons never comes together with one: not by a mapping, not by attribution."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import tiny

from jalon.normalize.vocabulary import ABOUT_PERSONS, KINDS, Content, Context, Fact, Measure, Raw
from jalon.report.marts.tables import MARTS
from jalon.store import quarantine
from jalon.store.database import Store

PERSONAL = {"person", "left", "right", "order_id"}
"""Columns that name a person or an order."""


def measure(raw: Raw, *, joinable: bool) -> Measure:
    day = date(2026, 3, 1)
    return Measure(
        raw.source, f"m{raw.key}", 0, raw.observed_at, raw.inbox_id, "tiny", "tag_clicks", "video", None, None,
        day, day, "UTC", 3, None, "final", "v1", joinable,
    )  # fmt: skip


def joining(raw: Raw, context: Context) -> Iterator[Fact]:
    """Give an order and, from the same record, a count: of order 1 one that must not be joined."""
    yield from tiny.normalize(raw, context)
    yield measure(raw, joinable=raw.key != "1")


def alone(raw: Raw, _: Context) -> Iterator[Fact]:
    yield measure(raw, joinable=False)


def test_a_mapping_that_joins_what_must_not_be_joined_is_refused(store: Store) -> None:
    tiny.append(store, [tiny.order(number) for number in range(3)])
    tiny.derived(store, joining)
    with store.read() as db:
        held = [(entry.key, entry.reason) for entry in quarantine.entries(db)]
    assert held == [("1", "forbidden_join")]
    assert [row["order_id"] for row in tiny.table(store.facts, "orders")] == ["0", "2"]
    assert [row["key"] for row in tiny.table(store.facts, "measures")] == ["m0", "m2"]


def test_counts_that_must_not_be_joined_are_kept_by_themselves(store: Store) -> None:
    tiny.append(store, [tiny.order(1)])
    tiny.derived(store, alone)
    assert [row["joinable"] for row in tiny.table(store.facts, "measures")] == [False]


def test_every_kind_of_fact_about_a_person_or_an_order_is_named() -> None:
    for row in KINDS.values():
        assert (row in ABOUT_PERSONS) == bool(PERSONAL & set(row._fields)), row.__name__
    assert Measure not in ABOUT_PERSONS
    assert Content not in ABOUT_PERSONS


def test_no_mart_has_both_such_counts_and_persons() -> None:
    holding = [mart for mart in MARTS.values() if "joinable" in mart.names]
    assert [mart.name for mart in holding] == ["fct_measures"]
    assert not (PERSONAL | {"journey_id", "order_uid", "touch_uid"}) & set(holding[0].names)
