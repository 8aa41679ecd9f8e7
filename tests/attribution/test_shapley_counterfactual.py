"""The counterfactual adjusted Shapley value against one found by enumeration, on journeys with quiet days."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from itertools import permutations
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from jalon import attribution
from tests.attribution.timed import timed

MODEL = "shapley_counterfactual"
HOUR = 3_600_000_000
DAY = 24 * HOUR
LOOKBACK = 30
QUIET = "quiet"


class Met(NamedTuple):
    at: int
    channel: str
    stage: str


class Journey(NamedTuple):
    """`sold_at`: None if it led to no sale."""

    met: list[Met]
    sold_at: int | None


Player = tuple[str, str]


def table(journeys: list[Journey]) -> pa.Table:
    rows: list[dict[str, Any]] = []
    for number, journey in enumerate(journeys):
        person = f"p{number:04d}"
        rows += [{"person": person, "time": m.at, "channel": m.channel, "stage": m.stage} for m in journey.met]
        if journey.sold_at is not None:
            rows.append({"person": person, "time": journey.sold_at, "conversion": True})
    columns = {name: [row.get(name) for row in rows] for name in ("person", "time", "channel", "stage")}
    return timed(pa.table({**columns, "conversion": [bool(row.get("conversion")) for row in rows]}))


def drawn(seed: int) -> list[Journey]:
    """Return a hundred journeys of up to four touchpoints, a third of them with a sale."""
    rng = random.Random(seed)
    found = []
    for number in range(100):
        at, met = rng.randrange(20 * DAY), []
        for _ in range(rng.randint(1, 4)):
            met.append(Met(at, rng.choice("ab"), rng.choice(["discovery", "decision"])))
            at += rng.choice([HOUR, 5 * HOUR, DAY, 3 * DAY - 1, 4 * DAY])
        found.append(Journey(met, at if number % 3 == 0 else None))
    return found


def moments(journey: Journey, until: int) -> Counter[Player]:
    """Return how many moments each player has on a journey."""
    found = Counter[Player]((met.stage, met.channel) for met in journey.met)
    over = journey.sold_at or min(journey.met[-1].at + LOOKBACK * DAY, until)
    for met, after in zip(journey.met, [*(m.at for m in journey.met[1:]), over], strict=True):
        if days := (after - met.at) // DAY:
            found[met.stage, QUIET] += days
    return found


def shapley(sets: list[frozenset[Player]]) -> dict[Player, float]:
    """Return the values of the game in which players win the sets they cover, over all orders of arrival."""
    players = sorted(frozenset().union(*sets))
    value, orders = dict.fromkeys(players, 0.0), list(permutations(players))
    for order in orders:
        won, present = 0, set[Player]()
        for player in order:
            present.add(player)
            now = sum(1 for each in sets if each <= present)
            value[player] += (now - won) / len(orders)
            won = now
    return value


def expected(journeys: list[Journey]) -> dict[Player, float]:
    """Return the adjusted value of each player that acts."""
    until = max(max((j.sold_at or 0, *(m.at for m in j.met))) for j in journeys)
    each = [(moments(journey, until), journey.sold_at) for journey in journeys]
    many = sum((found for found, _ in each), Counter[Player]())
    value = shapley([frozenset(found) for found, sold_at in each if sold_at is not None])
    return {
        (stage, channel): earned - many[stage, channel] * value.get((stage, QUIET), 0.0) / many[stage, QUIET]
        for (stage, channel), earned in value.items()
        if channel != QUIET
    }


def credited(journeys: list[Journey]) -> Iterator[tuple[str | None, str | None, float]]:
    """Yield (stage, channel, weight) of the rows of credit; none of what belongs to nobody."""
    met = table(journeys)
    for row in attribution.credit(met, MODEL, columns=attribution.Columns(stage="stage")).to_pylist():
        stage = None if row["touch"] is None else met["stage"][row["touch"]].as_py()
        yield stage, row["channel"], float(row["weight"])


@pytest.mark.parametrize("seed", range(6))
def test_it_is_what_enumerating_all_orders_of_arrival_gives(seed: int) -> None:
    journeys = drawn(seed)
    sums = Counter[tuple[str | None, str | None]]()
    for stage, channel, weight in credited(journeys):
        sums[stage, channel] += weight
    wanted = {player: max(value, 0.0) for player, value in expected(journeys).items()}
    assert {player: sums[player] for player in wanted} == pytest.approx(wanted, abs=1e-4)
    assert sum(sums.values()) == pytest.approx(sum(1 for j in journeys if j.sold_at is not None))


def test_who_earns_no_more_than_quiet_days_is_credited_nothing() -> None:
    """Each first touchpoint is followed by one quiet day, whether the journey leads to a sale or to another stage."""
    first = [Met(n * HOUR, "ad", "discovery") for n in range(160)]
    bought = [Journey([met], met.at + DAY) for met in first[::4]]
    went_on = [Journey([met, Met(met.at + DAY, "other", "decision")], None) for met in first if met not in first[::4]]
    assert {channel for _, channel, _ in credited([*bought, *went_on])} == {None}


def test_it_tells_what_a_quiet_day_earns_and_how_sure_its_effects_are() -> None:
    journeys = drawn(7)
    until = max(max((j.sold_at or 0, *(m.at for m in j.met))) for j in journeys)
    many = sum((moments(journey, until) for journey in journeys), Counter[Player]())
    found = attribution.channel_effects(table(journeys), MODEL, columns=attribution.Columns(stage="stage"))
    told = json.loads(found.schema.metadata[b"learnt"])
    assert {stage: each["days"] for stage, each in told["quiet"].items()} == {
        stage: many[stage, QUIET] for stage in ("decision", "discovery")
    }
    values = expected(journeys)
    for row in found.to_pylist():
        own = {player: value for player, value in values.items() if player[1] == row["channel"]}
        steps = sum(many[player] for player in own)
        assert row["steps"] == steps
        assert row["effect"] == pytest.approx(max(sum(own.values()), 0.0) / steps, abs=1e-6)
        assert row["low"] <= row["effect"] <= row["high"]
        assert row["journeys"] == sum(1 for j in journeys if row["channel"] in {m.channel for m in j.met})


def test_where_too_little_is_known_all_credit_is_unknown() -> None:
    buyers_only = [Journey([Met(n * HOUR, "ad", "discovery")], n * HOUR + 2 * DAY) for n in range(50)]
    assert {channel for _, channel, _ in credited(buyers_only)} == {None}
    found = attribution.channel_effects(table(buyers_only), MODEL)
    assert "more journeys led to a sale" in json.loads(found.schema.metadata[b"learnt"])["because"]
