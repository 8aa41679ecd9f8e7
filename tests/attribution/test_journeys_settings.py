"""Settings that change what is on a journey, or how much of it a model sees."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal, get_args, get_origin

import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from jalon import attribution
from jalon.attribution.card import read_card
from jalon.attribution.models import MODELS
from jalon.attribution.options import Options
from jalon.cli import cli
from jalon.commands.setup import begin
from jalon.errors import ConfigError
from jalon.normalize.vocabulary import Fact
from jalon.report.figures.gathering import figures
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.page.page import write_page
from jalon.settings import Attribution
from tests.attribution.timed import timed
from tests.handmade import Run, order, touch

SALE = order("1", 40, 1000, person="a")


def weights(run: Run, model: str, order_id: str = "1") -> dict[str | None, Decimal]:
    rows = run.rows("credit", model=model, order_uid=f"shop:{order_id}")
    return {row["touch_uid"] and row["touch_uid"].partition(":")[2]: row["weight"] for row in rows}


# --- look-back ------------------------------------------------------------------------------------------------------


def test_touchpoints_of_a_kind_have_a_window_of_their_own_and_the_first_that_fits_decides(tmp_path: Path) -> None:
    facts: list[Fact] = [
        touch("mail", 0, "a", channel="email"),
        touch("story", 38, "a", channel="tiktok", kind="view", surface="story"),
        touch("seen", 38, "a", channel="tiktok", kind="view"),
        touch("watched", 39.5, "a", channel="tiktok", kind="view"),
        touch("visit", 20, "a"),
        SALE,
    ]
    lookback = {"surface:story": 3, "tiktok+view": 1, "email": 60}
    assert Run(tmp_path, facts, lookback=lookback).journey("1") == ["mail", "visit", "story", "watched"]
    turned = dict(reversed(lookback.items()))
    assert Run(tmp_path / "turned", facts, lookback=turned).journey("1") == ["mail", "visit", "watched"]


def test_what_lies_outside_its_window_led_to_no_sale(tmp_path: Path) -> None:
    run = Run(tmp_path, [touch("seen", 38, "a", kind="view"), SALE], lookback={"view": 1})
    assert [row["touch_uid"] for row in run.rows("open_steps")] == ["shop:seen"]
    assert {row["reason"] for row in run.rows("credit")} == {"outside_window"}


def test_a_model_may_look_back_less_far_than_others(tmp_path: Path) -> None:
    facts = [touch("far", 15, "a"), touch("near", 38, "a"), touch("now", 39, "a"), SALE]
    run = Run(tmp_path, facts, models=["first", "linear", "position"], model_lookback={"first": 7, "position": 1})
    assert run.journey("1") == ["far", "near", "now"]
    assert set(weights(run, "linear")) == {"far", "near", "now"}
    assert weights(run, "first") == {"near": 1}
    assert weights(run, "position") == {"now": 1}
    (row,) = run.rows("credit", model="first")
    assert row["position"] == 2, "its place on the whole journey"


def test_a_model_may_look_back_further_than_others(tmp_path: Path) -> None:
    facts = [touch("old", 1, "a"), touch("new", 39, "a"), SALE]
    run = Run(tmp_path, facts, models=["first", "linear"], model_lookback={"first": 60})
    assert weights(run, "first") == {"old": 1}
    assert weights(run, "linear") == {"new": 1}


def test_the_window_of_a_kind_holds_under_every_model(tmp_path: Path) -> None:
    facts = [touch("seen", 10, "a", kind="view"), touch("mail", 1, "a", channel="email"), touch("x", 39, "a"), SALE]
    options: dict[str, Any] = {"lookback": {"view": 1, "email": 60}, "model_lookback": {"first": 50, "last": 7}}
    run = Run(tmp_path, facts, models=["first", "last", "linear"], **options)
    assert weights(run, "first") == {"mail": 1}
    assert set(weights(run, "linear")) == {"mail", "x"}
    assert weights(run, "last") == {"x": 1}


def test_an_order_whose_journey_a_model_does_not_see_is_unknown_to_that_model_alone(tmp_path: Path) -> None:
    run = Run(tmp_path, [touch("t", 20, "a"), SALE], models=["last", "linear"], model_lookback={"last": 7})
    (row,) = run.rows("credit", model="last")
    assert (row["basis"], row["reason"], row["net"], row["weight"]) == ("unknown", "outside_window", 1000, 1)
    assert run.credit("1", "linear") == {"t": 1000}


def test_models_that_learn_learn_from_what_they_see(tmp_path: Path) -> None:
    """Far from the order only one channel is met; a model that does not look so far knows nothing of it."""
    facts: list[Fact] = []
    for n in range(6):
        facts += [touch(f"far{n}", 10, f"p{n}", channel="social"), touch(f"near{n}", 29, f"p{n}", channel="email")]
        facts += [order(f"{n}", 30, person=f"p{n}")] if n % 2 else []
    models = ["markov", "shapley_rate", "custom"]
    run = Run(tmp_path, facts, models=models, custom=[1, 1, 1], model_lookback={"markov": 5})
    effects = {(row["model"], row["channel"]): row["steps"] for row in run.rows("effects")}
    assert effects["shapley_rate", "social"] == 6
    assert effects["markov", "social"] == 6, "all of them led to no sale within five days"
    assert {row["touch_uid"] for row in run.rows("credit", model="markov")} == {
        "shop:near1",
        "shop:near3",
        "shop:near5",
    }


SOME = st.lists(
    st.tuples(st.integers(0, 480), st.sampled_from(["search", "direct", "email"]), st.sampled_from(["visit", "view"])),
    max_size=7,
)
APART = ["first", "linear", "markov", "shapley_rate", "custom"]


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(SOME, st.booleans()), min_size=2, max_size=8),
    st.sampled_from([{}, {"skip": ["direct"]}, {"max_touches": 2}, {"skip": ["direct"], "repeat": "continue"}]),
    st.sampled_from([{}, {"view": 4, "email": 30}]),
)
def test_a_window_of_one_model_changes_no_other_and_is_as_if_it_were_that_of_all(
    persons: list[tuple[list[tuple[int, str, str]], bool]], options: dict[str, Any], lookback: dict[str, float]
) -> None:
    facts: list[Fact] = [
        touch(f"t{who}.{n}", tenth / 10, f"p{who}", channel=channel, kind=kind)
        for who, (steps, _) in enumerate(persons)
        for n, (tenth, channel, kind) in enumerate(steps)
    ]
    facts += [order(f"{who}", 40, 1000 + who, person=f"p{who}") for who, (_, buys) in enumerate(persons) if buys]
    usual: dict[str, Any] = {"models": APART, "custom": [1, 2, 3], "lookback_days": 14, "share_out": False, **options}
    own = {"linear": 3, "markov": 25, "shapley_rate": 5}
    with TemporaryDirectory() as name:
        folder = Path(name)
        told = Run(folder / "told", facts, **usual, lookback=lookback, model_lookback=own)
        for days in (14, *own.values()):
            kinds = lookback if days == 14 else {kind: min(most, days) for kind, most in lookback.items()}
            alone = Run(folder / f"{days}", facts, **{**usual, "lookback_days": days}, lookback=kinds)
            for model in (name for name in APART if own.get(name, 14) == days):
                assert shares(told, model) == shares(alone, model), model
                assert told.rows("effects", model=model) == alone.rows("effects", model=model)
            if days == 14:
                assert told.rows("open_steps") == alone.rows("open_steps")
                assert told.rows("sales") == alone.rows("sales")


def shares(run: Run, model: str) -> list[tuple[Any, ...]]:
    """Return what a model credits; not by place, which is that on the whole journey."""
    names = ("order_uid", "touch_uid", "basis", "weight", "net")
    return sorted((tuple(row[name] for name in names) for row in run.rows("credit", model=model)), key=str)


def test_what_is_skipped_beside_others_is_all_that_a_shorter_window_sees(tmp_path: Path) -> None:
    """Both are told on the journey: each model that looks at it names its own."""
    facts = [touch("ad", 20, "a", channel="tiktok"), touch("typed", 39, "a", channel="direct"), SALE]
    run = Run(tmp_path, facts, models=["first", "last"], model_lookback={"last": 7}, skip=["direct"])
    assert run.credit("1", "first") == {"ad": 1000}
    assert run.credit("1", "last") == {"typed": 1000}
    assert run.journey("1") == ["ad", "typed"]


def test_a_longer_window_of_one_model_leaves_the_share_out_of_others_as_it_is(tmp_path: Path) -> None:
    """Of an order whose only touchpoint is old one model knows a path; under the others it has none, as before."""
    facts = [touch("old", 1, "a"), SALE]
    run = Run(tmp_path, facts, models=["first", "linear"], model_lookback={"first": 60})
    assert run.credit("1", "first") == {"old": 1000}
    (row,) = run.rows("credit", model="linear")
    assert (row["basis"], row["reason"], row["net"]) == ("unknown", "outside_window", 1000)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"lookback": {"view": 0}}, "lookback of view"),
        ({"lookback": {"mood:good": 1}}, "mood:good"),
        ({"lookback": {"view+": 1}}, "names no touchpoints"),
        ({"model_lookback": {"luck": 7}}, "luck"),
        ({"model_lookback": {"last": -7}}, "model_lookback of last"),
        ({"views": 0}, "views"),
        ({"views": 1.5}, "views"),
        ({"views": "often"}, "views"),
        ({"skip": [""]}, "names no touchpoints"),
        ({"skip": "direct"}, "no list"),
        ({"clock_skew_seconds": -1}, "clock_skew_seconds"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        Options(**options)


def test_the_page_says_by_which_settings_it_was_made(tmp_path: Path) -> None:
    options: dict[str, Any] = {"lookback": {"view": 1}, "model_lookback": {"last": 7}, "skip": ["direct"], "views": 0.5}
    run = Run(tmp_path, [touch("t", 39, "a"), SALE], models=["last"], **options)
    build_marts(run.facts, run.folder, tmp_path / "marts", MartOptions(csv=False))
    page = write_page(figures(tmp_path / "marts", run.folder), tmp_path / "page.html").read_text()
    for said in (
        "view: 1 day.",
        "Under the model Last touch: 7 days.",
        "anything else: direct.",
        "weighs 50% of a click",
    ):
        assert said in page


# --- views ----------------------------------------------------------------------------------------------------------

MIXED = [touch("seen", 38, "a", kind="view"), touch("came", 39, "a"), SALE]


def test_a_view_weighs_the_part_of_a_click_that_is_said(tmp_path: Path) -> None:
    run = Run(tmp_path, MIXED, views=0.25, models=["linear", "first", "shapley"])
    assert weights(run, "linear") == {"seen": Decimal("0.2"), "came": Decimal("0.8")}
    assert run.credit("1", "linear") == {"seen": 200, "came": 800}
    assert weights(run, "first") == {"seen": 1}, "a model of one step credits it whatever it is"
    assert weights(run, "shapley") == {"seen": Decimal("0.2"), "came": Decimal("0.8")}


def test_views_can_be_left_out(tmp_path: Path) -> None:
    run = Run(tmp_path, [*MIXED, touch("liveshow", 39.5, "a", kind="live_view")], views="exclude")
    assert run.journey("1") == ["came"]
    assert run.rows("open_steps") == []
    assert len(run.rows("touches", kind="view")) == 1, "they are still told"


def test_a_journey_of_views_alone_is_credited_as_without_the_setting(tmp_path: Path) -> None:
    facts = [touch("x", 38, "a", kind="view"), touch("y", 39, "a", kind="impression"), SALE]
    plain, light = Run(tmp_path / "plain", facts), Run(tmp_path / "light", facts, views=0.001)
    assert light.rows("credit") == plain.rows("credit")


STEPS = st.lists(
    st.tuples(st.sampled_from(["view", "visit"]), st.integers(0, 400), st.sampled_from(["search", "direct", "email"])),
    min_size=1,
    max_size=9,
)
ORDERS = st.lists(st.tuples(STEPS, st.integers(-(10**7), 10**7)), min_size=1, max_size=12)


@settings(deadline=None, max_examples=3, suppress_health_check=[HealthCheck.too_slow])
@given(ORDERS, st.sampled_from([0.001, 0.3333, 1]))
def test_weighed_views_lose_no_cent_under_any_model(orders: list[tuple[Any, int]], views: float) -> None:
    facts: list[Fact] = [
        touch(f"t{who}.{n}", 40 - tenth / 14, f"p{who}", kind=kind, channel=channel)
        for who, (steps, _) in enumerate(orders)
        for n, (kind, tenth, channel) in enumerate(steps)
    ]
    facts += [order(f"{who}", 40, net, person=f"p{who}") for who, (_, net) in enumerate(orders)]
    options: dict[str, Any] = {"models": list(MODELS), "custom": [1, 1, 1], "lookback": {"email": 9}}
    with TemporaryDirectory() as folder:
        credit = Run(Path(folder), facts, views=views, **options).rows("credit")
    for (who, (_, net)), model in itertools.product(enumerate(orders), MODELS):
        rows = [row for row in credit if row["model"] == model and row["order_uid"] == f"shop:{who}"]
        assert sum(row["net"] for row in rows) == net
        assert sum(row["weight"] for row in rows) == 1
        assert all(row["weight"] >= 0 for row in rows)


# --- what is skipped ------------------------------------------------------------------------------------------------


def test_direct_visits_are_skipped_where_there_is_something_else(tmp_path: Path) -> None:
    facts = [
        touch("ad", 37, "a", channel="tiktok"),
        touch("typed", 38, "a", channel="direct"),
        touch("brand", 39, "a", channel="search", campaign="Brand exact"),
        touch("other", 39, "b", channel="direct"),
        touch("left1", 39, "c", channel="direct"),
        touch("left2", 39.5, "c", channel="email"),
        SALE,
        order("2", 40, person="b"),
    ]
    run = Run(tmp_path, facts, skip=["direct", "search+campaign:Brand*"])
    assert run.journey("1") == ["ad"]
    assert run.journey("2") == ["other"], "nothing else was there"
    left = [(row["touch_uid"], row["position"], row["touches"]) for row in run.rows("open_steps")]
    assert left == [("shop:left2", 1, 1)], "nor does it lead to no sale"
    assert run.credit("1", "linear") == {"ad": 1000}
    assert set(Run(tmp_path / "all", facts).journey("1")) == {"ad", "typed", "brand"}


def test_settings_hold_for_any_table_too() -> None:
    table = {
        "person": ["a"] * 4,
        "time": [day * 86_400_000_000 for day in (1, 8, 9, 10)],
        "channel": ["Paid Social", "direct", "Banner", None],
        "how": ["click", "click", "view", "click"],
        "conversion": [0, 0, 0, 1],
    }
    told = attribution.credit(
        timed(pa.table(table)),
        ["first", "linear"],
        columns=attribution.Columns(kind="how"),
        lookback={"Paid Social": 20},
        model_lookback={"first": 2},
        skip=["direct"],
        views=0.25,
    )
    found = {(row["model"], row["channel"]): str(row["weight"]) for row in told.to_pylist()}
    assert found == {
        ("first", "Banner"): "1.000000000",
        ("linear", "Paid Social"): "0.800000000",
        ("linear", "Banner"): "0.200000000",
    }


# --- in jalon.toml --------------------------------------------------------------------------------------------------

TOLD = """
[attribution]
repeat = "continue"
views = 0.5
skip = ["direct"]
clock_skew_seconds = 5
memory_limit = "300MB"

[attribution.lookback]
view = 1
"surface:live" = 0.5

[attribution.model_lookback]
last = 7
"""


def test_what_jalon_toml_says_reaches_the_engine(tmp_path: Path) -> None:
    begin(tmp_path, ())
    path = tmp_path / "jalon.toml"
    path.write_text(path.read_text() + TOLD)
    told = CliRunner().invoke(cli, ["attribute", "--config", str(path), "--json"])
    assert told.exit_code == 0, told.output
    card = read_card(tmp_path / "data" / "attribution")
    assert card["lookback"] == {"surface:live": 0.5, "view": 1}
    assert list(card["lookback"]) == ["view", "surface:live"], "in their order: the first that fits decides"
    assert (card["model_lookback"], card["repeat"], card["views"]) == ({"last": 7}, "continue", 0.5)
    assert (card["skip"], card["clock_skew_seconds"]) == (["direct"], 5)


def test_every_key_of_the_table_but_the_pages_own_is_an_option_of_the_engine() -> None:
    assert set(Attribution.model_fields) - {"stages"} <= Options.names()


def test_whatever_the_file_takes_the_engine_takes() -> None:
    """The words and the ends of the spans of each key: the file's model must refuse what the engine would."""
    looked_at = 0
    for name, key in Attribution.model_fields.items():
        if name in Options.names():
            for value in taken(key):
                assert getattr(Options(**{name: getattr(Attribution(**{name: value}), name)}), name) == value
                looked_at += 1
    assert looked_at > 30


def taken(key: FieldInfo) -> Iterator[Any]:
    """Yield the words that a key of the file names, and the numbers at the ends of its span."""
    kinds = [key.annotation, *get_args(key.annotation)]
    for kind in kinds:
        if get_origin(kind) is Literal:
            yield from get_args(kind)
    spans = [key.metadata, *(kind.__metadata__ for kind in kinds if get_origin(kind) is Annotated)]
    for end in (end for span in spans for end in span):
        yield from (getattr(end, name) for name in ("ge", "le") if hasattr(end, name))
        yield from [0.001] if hasattr(end, "gt") else []


def test_what_is_no_pattern_is_refused_with_the_remedy(tmp_path: Path) -> None:
    begin(tmp_path, ())
    path = tmp_path / "jalon.toml"
    path.write_text(path.read_text() + '[attribution]\nskip = ["mood:good"]\n')
    told = CliRunner().invoke(cli, ["attribute", "--config", str(path)])
    assert told.exit_code != 0
    assert "mood:good" in told.output
    assert "channel" in told.output


def test_what_nobody_sets_is_the_same_in_the_file_and_in_the_engine() -> None:
    """The file's model may not load the engine, so each default stands twice; an empty list means the engine's."""
    told, own = Attribution(), Options()
    shared = Attribution.model_fields.keys() & Options.names()
    assert {name: getattr(told, name) for name in shared if getattr(told, name) != ()} == {
        name: getattr(own, name) for name in shared if getattr(told, name) != ()
    }
