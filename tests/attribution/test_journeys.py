"""What is on the journey to a sale, and what is not."""

from __future__ import annotations

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jalon.normalize.vocabulary import Order, Touchpoint
from tests.handmade import Plain, Run, led_by, line, measure, order, same, touch

SALE = order("1", 40, person="a")


def test_the_window_begins_so_many_days_before_the_order_and_ends_with_it(tmp_path: Path) -> None:
    second = 1 / 86400
    facts = [
        touch("too-early", 10 - second, "a"),
        touch("first", 10, "a"),
        touch("last", 40, "a"),
        touch("late", 40 + second, "a"),
        touch("other", 20, "b"),
        touch("nobody", 20),
        SALE,
    ]
    run = Plain(tmp_path, facts)
    assert run.journey("1") == ["first", "last"]
    assert Plain(tmp_path / "wide", facts, lookback_days=31).journey("1") == ["too-early", "first", "last"]


def test_what_an_order_states_is_on_its_journey_whoever_had_it(tmp_path: Path) -> None:
    facts = [
        touch("hers", 20, "b", order_id="1"),
        touch("bound", 41, None, order_id="1", time_is_bound=True),
        touch("after", 41, None, order_id="1"),
        touch("old", 5, None, order_id="1"),
        SALE,
    ]
    assert Plain(tmp_path, facts).journey("1") == ["hers", "bound"]


def test_what_an_order_states_is_on_the_journey_to_its_persons_next_sale_too(tmp_path: Path) -> None:
    facts = [touch("x", 1, "a", order_id="2"), order("1", 2, person="a"), order("2", 3, person="a")]
    run = Plain(tmp_path, facts)
    assert (run.journey("1"), run.journey("2")) == (["x"], ["x"])


@pytest.mark.parametrize("kind", ["purchase", "delivery", "return_requested", "refund"])
def test_what_follows_from_a_sale_led_to_none(tmp_path: Path, kind: str) -> None:
    assert Plain(tmp_path, [touch("t", 20, "a", kind=kind), touch("u", 21, "a"), SALE]).journey("1") == ["u"]


def test_steps_at_the_same_time_have_a_fixed_order_whatever_the_order_of_facts(tmp_path: Path) -> None:
    touches = [touch(key, 20, "a") for key in "dbac"]
    assert Plain(tmp_path, [*touches, SALE]).journey("1") == list("abcd")
    assert Plain(tmp_path / "again", [SALE, *reversed(touches)]).journey("1") == list("abcd")


def test_a_journey_begins_anew_after_a_sale_or_goes_on(tmp_path: Path) -> None:
    facts = [
        touch("x", 1, "a"),
        order("1", 2, person="a"),
        touch("y", 3, "a"),
        order("2", 4, person="a"),
        touch("z", 5, "a"),
    ]
    facts.append(order("none", 4.5, person="a", kind="sample"))
    run = Plain(tmp_path, facts)
    assert (run.journey("1"), run.journey("2"), run.journey("none")) == (["x"], ["y"], [])
    assert Plain(tmp_path / "on", facts, repeat="continue").journey("2") == ["x", "y"]


def test_of_two_orders_at_one_instant_the_first_has_the_journey(tmp_path: Path) -> None:
    run = Plain(tmp_path, [touch("x", 1, "a"), order("1", 2, person="a"), order("2", 2, person="a")])
    assert (run.journey("1"), run.journey("2")) == (["x"], [])


@pytest.mark.parametrize("status", ["paid", "pending"])
def test_what_one_of_two_orders_at_one_instant_states_is_not_the_others(tmp_path: Path, status: Any) -> None:
    """Unless that one is no sale: then it led to the other."""
    stated = [touch(f"of-{number}", 2, "a", order_id=number) for number in "12"]
    orders = [order("1", 2, person="a"), order("2", 2, person="a", status=status)]
    run = Plain(tmp_path, [touch("x", 1, "a"), *stated, *orders])
    assert run.journey("1") == (["x", "of-1"] if status == "paid" else ["x", "of-1", "of-2"])
    assert run.journey("2") == (["of-2"] if status == "paid" else [])


def test_the_content_that_an_order_or_its_line_names_is_a_touch_once(tmp_path: Path) -> None:
    native: dict[str, Any] = {"source": "net", "platform": "network"}
    facts = [
        *(order(each, 40, **native) for each in ("A", "B", "C")),
        led_by("A", "v1", source="net"),
        led_by("A", "v1", source="net", key="A/other-sku"),
        line("A", "l1", content_id="v1", source="net"),
        line("A", "l2", content_id="live9", source="net"),
        touch("told", 39, None, order_id="B", content_id="v2", **native),
        led_by("B", "v2", source="net"),
        led_by("C", None, source="net"),
        led_by("unknown-order", "v3", source="net"),
    ]
    run = Plain(tmp_path, facts)
    assert run.journey("A") == ["order_contents/A/other-sku", "order_lines/A/l2"]
    assert run.journey("B") == ["told"]
    assert run.journey("C") == []
    (stated,) = run.rows("touches", key="A/other-sku")
    assert (stated["content_id"], stated["creator_id"], stated["evidence"], stated["time_is_bound"]) == (
        "v1", "creator-1", "platform_row", True
    )  # fmt: skip


def test_a_copys_touches_belong_to_the_sale(tmp_path: Path) -> None:
    facts = [
        order("77", 40, source="net", platform="network", person="n"),
        order("1", 40.1, origin="network", external_ids=("network:77",), person="s"),
        touch("visit", 39, None, order_id="1"),
        touch("bought", 40.1, None, order_id="1", kind="purchase"),
        touch("sent", 41, None, order_id="1", kind="delivery"),
    ]
    run = Plain(tmp_path, facts)
    assert run.journey("77") == ["visit"]
    assert [row["key"] for row in run.rows("touches", is_counted=False)] == ["bought", "sent"]


def test_of_a_long_journey_only_the_latest_steps_are_kept_and_it_is_said(tmp_path: Path) -> None:
    facts = [*(touch(f"t{i:02d}", 20 + i / 10, "a") for i in range(12)), SALE]
    run = Plain(tmp_path, facts, max_touches=10)
    assert run.journey("1") == [f"t{i:02d}" for i in range(2, 12)]
    assert run.result.touches_cut == 2


def test_journeys_that_lead_to_no_sale_are_kept_and_end_with_a_pause(tmp_path: Path) -> None:
    facts = [
        touch("x1", 1, "b"),
        touch("x2", 2, "b"),
        touch("x3", 60, "b"),
        touch("old", 1, "a"),
        touch("new", 39, "a"),
        touch("after", 41, "a"),
        touch("joined", 41.5, "c"),
        same("a", "c"),
        SALE,
    ]
    rows = Plain(tmp_path, facts).rows("open_steps")
    journeys: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: (row["journey_id"], row["position"])):
        journeys.setdefault(row["journey_id"], []).append(row["touch_uid"].partition(":")[2])
    assert sorted(journeys.values()) == [["after", "joined"], ["old"], ["x1", "x2"], ["x3"]]


def test_measures_enter_no_journey(tmp_path: Path) -> None:
    facts = [touch("t", 39, "a"), SALE]
    counted = [*facts, measure("views", 5000), measure("tag_clicks", 40, joinable=False)]
    without, given = Run(tmp_path / "without", facts), Run(tmp_path / "with", counted)
    for table in ("touches", "steps", "credit", "sales"):
        assert without.rows(table) == given.rows(table)


PERSONS = st.sampled_from(["a", "b"])
HOURS = st.integers(0, 60).map(lambda half_days: half_days / 2)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("touch"), PERSONS, HOURS, st.none()),
        st.tuples(st.just("order"), PERSONS, HOURS, st.sampled_from(["paid", "paid", "cancelled", "pending"])),
    ),
    min_size=4,
    max_size=24,
)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(EVENTS, st.sampled_from(["restart", "continue"]))
def test_journeys_are_those_that_the_definition_gives(events: list[tuple[Any, ...]], repeat: str) -> None:
    touches = [touch(f"t{n:02d}", days, who) for n, (kind, who, days, _) in enumerate(events) if kind == "touch"]
    orders = [
        order(f"o{n:02d}", days, person=who, status=status, paid_at=None if status == "pending" else 1)
        for n, (kind, who, days, status) in enumerate(events)
        if kind == "order"
    ]
    with TemporaryDirectory() as folder:
        run = Plain(Path(folder), [*touches, *orders], repeat=repeat, lookback_days=10)
        found = {each.order_id: run.journey(each.order_id) for each in orders}
        left = run.rows("open_steps")
    assert found == {each.order_id: _defined(each, orders, touches, repeat) for each in orders}
    led = set(itertools.chain(*found.values()))
    open_journeys = [way for who in "ab" for way in _defined_open(who, orders, touches, led)]
    told = {row["touch_uid"].partition(":")[2]: (row["position"], row["touches"]) for row in left}
    assert told == {key: (place, len(way)) for way in open_journeys for place, key in enumerate(way, 1)}
    assert len({row["journey_id"] for row in left}) == len(open_journeys)


def _defined(sale: Order, orders: list[Order], touches: list[Touchpoint], repeat: str) -> list[str]:
    """Return the journey to an order, straight from what a journey is."""
    if sale.status == "pending":
        return []
    mine = [each for each in orders if each.person == sale.person and each.status == "paid"]
    before = [each for each in mine if (each.placed_at, each.key) < (sale.placed_at, sale.key)]
    previous = max((each.placed_at for each in before), default=0) if repeat == "restart" else 0
    begin = sale.placed_at - 10 * 86_400_000_000
    had = [t for t in touches if t.person == sale.person and begin <= t.occurred_at <= sale.placed_at]
    return [t.key for t in sorted(had, key=lambda t: (t.occurred_at, t.key)) if t.occurred_at > previous]


def _defined_open(who: str, orders: list[Order], touches: list[Touchpoint], led: set[str]) -> list[list[str]]:
    """Return the journeys of a person that led to no sale, straight from what ends one."""
    sold = [each.placed_at for each in orders if each.person == who and each.status == "paid"]
    left = sorted((t.occurred_at, t.key) for t in touches if t.person == who and t.key not in led)
    journeys: list[list[str]] = []
    for (before, _), (at, key) in zip([(None, ""), *left], left, strict=False):
        if before is None or at - before > 10 * 86_400_000_000 or any(before <= sale < at for sale in sold):
            journeys.append([])
        journeys[-1].append(key)
    return journeys
