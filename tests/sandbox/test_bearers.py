"""Access tokens of the played platforms: for their time, and under the fault for a few requests."""

from __future__ import annotations

from jalon.sandbox.bearers import FEWEST_USES, Bearers
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults


def held(rate: float = 0.0) -> tuple[Clock, Bearers]:
    clock = Clock(1_764_000_000.0, frozen=True, real=lambda: 1_764_000_000.0)
    return clock, Bearers(clock, Faults(rates={"token_expiry": rate}))


def test_a_token_opens_the_door_until_its_time_is_over() -> None:
    clock, bearers = held()
    bearers.give("a", 60)
    assert all(bearers.use("a") for _ in range(100))
    assert not bearers.use("b")
    clock.advance(60)
    assert not bearers.use("a")


def test_under_the_fault_it_opens_it_a_few_times_each_token_as_often_as_the_seed_says() -> None:
    lots = [[uses(bearers, f"token {number}") for number in range(20)] for _, bearers in (held(1.0), held(1.0))]
    assert lots[0] == lots[1]
    assert min(lots[0]) >= FEWEST_USES
    assert len(set(lots[0])) > 1


def uses(bearers: Bearers, token: str) -> int:
    bearers.give(token, 60)
    return next(number for number in range(100) if not bearers.use(token))
