"""The index of changing things agrees with a plain look at all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.sandbox import timeline
from jalon.sandbox.timeline import Timeline

LIVES = st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=5), max_size=12)


@given(LIVES, st.lists(st.integers(0, 25), max_size=6), st.integers(0, 70), st.integers(0, 70))
def test_found_is_what_a_look_at_all_finds(lives: list[list[int]], steps: list[int], start: int, end: int) -> None:
    index = Timeline(lives)
    now = 0
    index.move(now)
    for step in [0, *steps]:
        now += step
        index.move(now)
        born = sorted((min(life), n) for n, life in enumerate(lives) if min(life) <= now)
        last = sorted((max(at for at in lives[n] if at <= now), n) for _, n in born)
        assert list(index.created_between(start, end)) == [n for at, n in born if start <= at < end]
        assert list(index.updated_between(start, end)) == [n for at, n in last if start <= at < end]
        assert list(index.updated_between(None, None)) == [n for _, n in last]


def test_many_changes_at_once_end_where_single_steps_end(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = [[n % 7, n % 7 + n % 50, 90] for n in range(400)]
    stepwise, at_once = Timeline(lives), Timeline(lives)
    for now in range(80):
        stepwise.move(now)
    monkeypatch.setattr(timeline, "_REBUILD", 10)
    at_once.move(79)
    assert list(stepwise.updated_between(None, None)) == list(at_once.updated_between(None, None))
