"""States of the Markov model other than channels: effects of stages and contents, and credit by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon import attribution
from jalon.attribution import Columns
from jalon.attribution.effects import states
from jalon.errors import ConfigError
from tests.attribution.test_effects import brute_force
from tests.attribution.timed import timed
from tests.handmade import Run, order, touch

Ways = list[tuple[list[dict[str, Any]], bool]]
"""What is told of the touchpoints of each person's way, and whether it ended in an order."""


def facts(ways: Ways) -> list[Any]:
    found: list[Any] = []
    for number, (way, bought) in enumerate(ways):
        found += [touch(f"t{number}.{place}", place, f"p{number}", **told) for place, told in enumerate(way)]
        if bought:
            found.append(order(f"{number}", len(way), 1000, person=f"p{number}"))
    return found


LOOK, ASK, CART = ({"kind": kind, "channel": "social"} for kind in ("visit", "tag_click", "add_to_cart"))
STAGED: Ways = [([LOOK, ASK, CART], True), ([LOOK], False), ([ASK, CART], False)]
"""The worked example of the Markov literature, by stages of one channel."""


def played(folder: Path, ways: Ways, **options: Any) -> Run:
    """Attribute by the model alone, unless others are named."""
    return Run(folder, facts(ways), **{"models": ["markov"], **options})


def effects(run: Run) -> dict[str, float]:
    return {row["state"]: row["effect"] for row in run.rows("effects", model="markov")}


def test_effects_of_stages_are_the_worked_example_and_credit_goes_by_them(tmp_path: Path) -> None:
    run = played(tmp_path, STAGED, markov_state="stage")
    assert effects(run) == {"discovery": 0.5, "consideration": 1, "decision": 1}
    assert run.credit("0", "markov") == {"t0.0": 200, "t0.1": 400, "t0.2": 400}
    assert {row["channel"] for row in run.rows("effects", model="markov")} == {None}


def test_by_channel_alone_the_same_steps_are_alike(tmp_path: Path) -> None:
    run = played(tmp_path, STAGED)
    assert effects(run) == {"social": 1}
    assert {row["channel"] for row in run.rows("effects", model="markov")} == {"social"}
    assert run.credit("0", "markov") == {"t0.0": 334, "t0.1": 333, "t0.2": 333}


def test_stage_and_channel_together_tell_more_apart(tmp_path: Path) -> None:
    mail = {"kind": "tag_click", "channel": "email"}
    run = played(tmp_path, [([LOOK, mail], True), ([LOOK, ASK], False)], markov_state="stage_channel")
    assert effects(run) == {"discovery/social": 1, "consideration/email": 1, "consideration/social": 0}
    assert run.credit("0", "markov") == {"t0.0": 500, "t0.1": 500}


def test_repeats_of_a_state_share_its_credit(tmp_path: Path) -> None:
    run = played(tmp_path, [([LOOK, LOOK, ASK, CART], True), *STAGED[1:]], markov_state="stage")
    assert run.credit("0", "markov") == {"t0.0": 100, "t0.1": 100, "t0.2": 400, "t0.3": 400}


def test_contents_met_most_are_states_and_the_others_go_by_surface(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "MOST", 1)
    reel = {"platform": "net", "channel": "social", "surface": "reel"}
    ways: Ways = [
        ([{**reel, "content_id": "1"}], True),
        ([{**reel, "content_id": "1"}], False),
        ([{**reel, "content_id": "2"}], True),
        ([{**reel, "content_id": "3"}, {"channel": "email"}], False),
    ]
    run = played(tmp_path, ways, markov_state="content_group")
    assert effects(run) == {"net/1": 0.5, "social/reel": 0.5, "email": 0}


def test_the_order_is_chosen_for_each_kind_of_state(tmp_path: Path) -> None:
    """Who looks and then asks goes on to the cart, who asks first goes away: one stage back does not tell."""
    ways: Ways = [([LOOK, ASK, CART], True), ([ASK, LOOK], False), ([LOOK], False), ([CART, ASK, LOOK], False)] * 25
    run = played(tmp_path, ways, markov_state="stage", markov_order="auto", models=["markov", "linear", "shao_li"])
    told = run.result.learnt
    assert told["markov"]["order"] == told["markov"]["order_proposed"] >= 2
    assert {row["state"] for row in run.rows("effects", model="shao_li")} == {"social"}


def test_a_model_with_a_window_of_its_own_keeps_its_states(tmp_path: Path) -> None:
    ways: Ways = [([LOOK, ASK, CART], True), ([LOOK], False), ([ASK, CART], False)]
    run = played(tmp_path, ways, markov_state="stage", model_lookback={"markov": 2}, models=["markov", "linear"])
    assert run.credit("0", "markov") == {"t0.1": 500, "t0.2": 500}


STAGES = ("awareness", "discovery", "consideration", "decision")
PATHS = st.lists(
    st.tuples(st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple), st.integers(0, 1)),
    min_size=2,
    max_size=8,
).filter(lambda paths: any(won for _, won in paths))


@settings(deadline=None, max_examples=8)
@given(PATHS)
def test_effects_are_those_of_solving_again_without_the_state(paths: list[tuple[tuple[int, ...], int]]) -> None:
    rows = [
        (f"p{number}", place + 1, "social", STAGES[stage - 1], bool(won) and place == len(path) - 1)
        for number, (path, won) in enumerate(paths)
        for place, stage in enumerate(path)
    ]
    names = ("person", "time", "channel", "stage", "conversion")
    table = timed(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))))
    found = attribution.channel_effects(table, "markov", columns=Columns(stage="stage"), markov_state="stage")
    counted = [(path, won, 1 - won) for path, won in paths]
    expected = {STAGES[n - 1]: brute_force(counted, 1, n) for n in sorted({n for path, _ in paths for n in path})}
    assert dict(zip(found["state"].to_pylist(), found["effect"].to_pylist(), strict=True)) == pytest.approx(
        expected, abs=1e-9
    )


def test_what_is_no_state_is_refused_and_content_is_asked_for_where_there_is_none() -> None:
    table = timed(pa.table({"person": ["a"], "time": [1], "channel": ["social"], "conversion": [True]}))
    with pytest.raises(ConfigError, match="markov_state = 'mood'"):
        attribution.credit(table, "markov", markov_state="mood")
    with pytest.raises(ConfigError, match="content"):
        attribution.credit(table, "markov", markov_state="content_group")
