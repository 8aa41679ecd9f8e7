"""The model `incremental` as users meet it: what belongs to nobody, what is handed on, when it says nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jalon import attribution
from tests.attribution.advertised import facts, people
from tests.attribution.played_journeys import KINDS, World, credited, error
from tests.attribution.timed import timed
from tests.handmade import Run, order, touch

DAY = 86_400_000_000
HALF = 0.5
"""The default's error is to be at most so much of the last touch's, in every world."""


def table(rows: Sequence[tuple[str, float, str | None]]) -> pa.Table:
    """Rows (person, days, channel); without a channel it is a sale."""
    return timed(
        pa.table(
            {
                "person": [person for person, *_ in rows],
                "time": [int(days * DAY) for _, days, _ in rows],
                "channel": pa.array([channel for *_, channel in rows], pa.string()),
                "conversion": [channel is None for *_, channel in rows],
                "value": [0.0 if channel else 10.0 for *_, channel in rows],
            }
        )
    )


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    given = table(people())
    effects = attribution.channel_effects(given, "incremental")
    return {
        "credit": attribution.credit(given, "incremental").to_pylist(),
        "effects": {row["channel"]: row for row in effects.to_pylist()},
        "learnt": json.loads((effects.schema.metadata or {})[b"learnt"]),
    }


def test_every_sale_is_shared_out_to_the_last_cent_and_weight(told: dict[str, Any]) -> None:
    weights: Counter[int] = Counter()
    money: Counter[int] = Counter()
    for row in told["credit"]:
        assert row["weight"] >= 0
        weights[row["conversion"]] += row["weight"]
        money[row["conversion"]] += row["credit"]
    assert set(weights.values()) == {Decimal(1)}
    assert set(money.values()) == {Decimal("10.00")}


def test_what_brings_nothing_has_little_and_nobody_has_the_rest(told: dict[str, Any]) -> None:
    by: Counter[str | None] = Counter()
    for row in told["credit"]:
        by[row["channel"]] += row["weight"]
    assert by["ad"] > 4 * by["poster"]
    assert 0.2 < by[None] / sum(by.values()) < 0.7
    nobodys = [row for row in told["credit"] if row["channel"] is None]
    assert {row["touch"] for row in nobodys} == {None}


def test_effects_stand_in_their_intervals_with_their_half_lives(told: dict[str, Any]) -> None:
    ad, poster = told["effects"]["ad"], told["effects"]["poster"]
    assert ad["low"] < ad["effect"] < ad["high"]
    assert ad["low"] > poster["high"] >= poster["effect"] >= poster["low"] >= 0
    assert 0 < ad["half_life_days"] < 1
    assert ad["steps"] >= ad["journeys"] > 0


def test_the_card_says_what_it_rests_on(told: dict[str, Any]) -> None:
    learnt = told["learnt"]
    assert learnt["learnt"] is learnt["converged"] is True
    assert set(learnt["baseline"]) == {"new", "new_with_intent", "returning", "returning_with_intent"}
    assert learnt["baseline"]["new"]["low"] < learnt["baseline"]["new"]["sales_per_day"]
    assert learnt["held_out"]["loss"] < learnt["held_out"]["loss_of_base"]
    assert 0.8 < learnt["held_out"]["calibration_ratio"] < 1.2
    assert {row["channel"] for row in learnt["held_out"]["calibration"]} == {"", "ad", "poster"}


def test_the_order_of_rows_and_rows_told_twice_are_nothing() -> None:
    rows = people(300)
    numbered = table(rows).append_column("key", pa.array([str(n) for n in range(len(rows))]))
    shuffled = numbered.take(np.random.default_rng(1).permutation([*range(len(rows)), *range(50)]))
    names = attribution.Columns(id="key")
    one, other = (attribution.credit(each, "incremental", columns=names) for each in (numbered, shuffled))
    assert one.equals(other)


def test_of_few_sales_nothing_is_learnt_and_all_of_it_is_nobodys(tmp_path: Path) -> None:
    run = Run(tmp_path, [touch("t", 1, "a"), order("1", 2, 999, person="a")], models=["incremental", "last"])
    (row,) = run.rows("credit", model="incremental")
    assert (row["basis"], row["reason"], row["touch_uid"], row["net"]) == ("unknown", "not_learnt", None, 999)
    assert run.result.learnt["incremental"]["because"].startswith("1 sales")
    assert run.credit("1", "last") == {"t": 999}


def test_where_only_buyers_are_seen_nothing_is_learnt() -> None:
    rows = [(f"p{n}", day, what) for n in range(80) for day, what in ((1.0 + n / 9, "ad"), (2.0 + n / 9, None))]
    effects = attribution.channel_effects(table(rows), "incremental")
    assert len(effects) == 0
    assert "those without a sale are not seen" in json.loads((effects.schema.metadata or {})[b"learnt"])["because"]


def test_who_comes_by_itself_was_not_brought_and_steps_on_the_site_bring_nothing(tmp_path: Path) -> None:
    own = [
        touch("a", 45, "own", channel="ad", kind="ad_click"),
        touch("d", 45.5, "own", channel="direct"),
        touch("s", 45.9, "own", channel="site", kind="product_view"),
        touch("c", 45.95, "own", channel="site", kind="add_to_cart"),
        order("own", 46, 1000, person="own"),
        touch("only", 45.5, "alone", channel="site", kind="product_view"),
        order("alone", 46, 1000, person="alone"),
    ]
    run = Run(tmp_path, [*facts(), *own], models=["incremental"])
    credit = run.credit("own", "incremental")
    assert set(credit) == {"a", None}
    assert sum(credit.values()) == 1000
    assert run.credit("alone", "incremental") == {None: 1000}
    (nobody,) = run.rows("credit", order_uid="shop:alone")
    assert (nobody["basis"], nobody["reason"], nobody["position"]) == ("organic", "organic", 0)


def test_what_shows_intent_is_the_users_to_say(tmp_path: Path) -> None:
    run = Run(tmp_path, facts(), models=["incremental"], intent=["ad"])
    assert {row["channel"] for row in run.rows("effects")} == {"poster"}
    assert set(run.result.learnt["incremental"]["signs"]) == {"ad"}


def test_an_order_with_a_stated_touchpoint_is_credited_by_what_others_taught(tmp_path: Path) -> None:
    """Of those that led to no order none would be stated: nothing is learnt from it."""
    stated = [touch("x", 45.9, None, channel="ad", order_id="9"), order("9", 46, 1000, person=None)]
    run, without = Run(tmp_path / "with", [*facts(), *stated]), Run(tmp_path / "without", facts())
    assert run.credit("9", "incremental")["x"] > 500
    assert run.rows("effects", model="incremental") == without.rows("effects", model="incremental")


def test_a_channel_that_orders_alone_state_is_credited_as_channels_are_in_the_mean(tmp_path: Path) -> None:
    """Its sales are not such as would have come anyway: of the channel nothing is known."""
    stated = [touch("x", 45.9, None, channel="affiliate", order_id="9"), order("9", 46, 1000, person=None)]
    run = Run(tmp_path, [*facts(), *stated], models=["incremental"])
    assert {row["channel"] for row in run.rows("effects")} == {"ad", "poster"}
    credit = run.credit("9", "incremental")
    assert credit["x"] > 500
    assert sum(credit.values()) == 1000


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name.replace(" ", "-"))
def test_in_every_world_it_errs_at_most_half_as_much_as_the_last_touch(kind: Any) -> None:
    world = World(kind, 1, people=3_000, days=50)
    credit = credited(world, ("last", "incremental"))
    for truth in (world.brought, world.missing()):
        assert error(credit["incremental"], truth) <= HALF * error(credit["last"], truth)
