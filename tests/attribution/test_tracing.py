"""Visits that name only their network, traced to the content that people are likely to have come from."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.attribution.explain import explain
from jalon.attribution.tracing.days import laid_out
from jalon.attribution.tracing.solving import Clicks, Posed, Steps, solve
from jalon.normalize.vocabulary import Fact, Measure
from tests.attribution.played_visits import WORLDS, Kind, nearness
from tests.handmade import Run, content, day, line, measure, order, product, touch


def clicked(content_id: str, on: int, value: int, **fields: Any) -> Measure:
    """Clicks on a content of a network on a day; other fields tell another count."""
    known: dict[str, Any] = {
        **{"source": "feed", "platform": "instagram", "metric": "outbound_clicks", "content_id": content_id},
        **{"start_date": day(on), "end_date": day(on + 1), "value": value, "product_id": None},
    }
    told = {**known, **fields}
    key = "/".join(str(told[name]) for name in ("metric", "content_id", "product_id", "start_date", "end_date"))
    return measure(told.pop("metric"), told.pop("value"), key=key, **told)


def came(name: str, on: float, goods: int = 1000, **fields: Any) -> list[Fact]:
    """Somebody who comes from the network and buys an hour later."""
    told = {"channel": "instagram", "kind": "content_click", **fields}
    return [touch(name, on, name, **told), order(name, on + 1 / 24, goods, person=name)]


def posted(name: str, **fields: Any) -> Fact:
    return content(name, name.title(), source="feed", platform="instagram", **fields)


TRACED: list[Fact] = [
    *(posted(name) for name in ("loud", "soft", "told")),
    *(clicked("loud", on, 90) for on in range(10, 16)),
    *(clicked("soft", on, 10) for on in range(10, 22)),
    *(clicked("told", on, 30) for on in range(10, 22)),
    *(fact for number in range(30) for fact in came(f"v{number}", 10.1 + number / 5.1, goods=999 + number)),
    *(fact for number in range(6) for fact in came(f"t{number}", 11.3 + number, content_id="told")),
]
"""A month in which one content is clicked much and another little, and a third names its visits."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("traced"), TRACED, models=("last", "linear"))


def shares(run: Run, name: str) -> dict[str, float]:
    return {row["content_id"]: row["share"] for row in run.rows("traced", order_uid=f"shop:{name}")}


def test_a_visit_is_traced_by_what_was_counted_on_its_day(run: Run) -> None:
    found = shares(run, "v3")
    assert found["loud"] > 0.6
    assert found["loud"] > found["soft"] > 0
    assert sum(found.values()) <= 1
    assert all(row["low"] <= row["share"] <= row["high"] for row in run.rows("traced"))


def test_a_content_whose_links_name_it_is_no_candidate(run: Run) -> None:
    assert {row["content_id"] for row in run.rows("traced_contents")} == {"loud", "soft"}
    assert run.rows("traced", order_uid="shop:t1") == []


def test_credit_stays_with_the_visit(run: Run) -> None:
    """By channel it is observed as ever; only which content it was is a matter of likelihood."""
    (row,) = run.rows("credit", order_uid="shop:v3", model="last")
    assert (row["touch_uid"], row["basis"], row["net"]) == ("shop:v3", "observed", 1002)


def test_contents_tell_how_many_visits_and_how_sure(run: Run) -> None:
    told = {row["content_id"]: row for row in run.rows("traced_contents")}
    loud = told["loud"]
    assert loud["steps_low"] <= loud["steps"] <= loud["steps_high"] <= 30
    assert loud["steps"] > 20 > told["soft"]["steps"]
    assert (loud["estimate_uid"], loud["creator_id"]) == ("instagram:traced/loud", "creator-1")
    assert loud["metric"] == "outbound_clicks"


def test_the_run_tells_how_much_was_traced(run: Run) -> None:
    told = json.loads((run.folder / "run.json").read_text())["tracing"]
    assert told == run.result.tracing
    assert (told["instagram"]["steps"], told["instagram"]["contents"]) == (30, 2)
    assert 20 < told["instagram"]["traced"] <= 30


def test_it_is_explained(run: Run) -> None:
    (step,) = explain(run.facts, run.folder, "order:v3")["journey"]
    assert step["content_id"] is None
    assert [row["content_id"] for row in step["likely"]] == ["loud", "soft"]
    told = explain(run.facts, run.folder, "content:loud", model="last")
    (sums,) = [row for row in told["credit"] if row["model"] == "last"]
    assert sums["net"] == sums["modelled"] > 20_000
    assert sums["net_low"] < sums["net"] < sums["net_high"]
    assert told["traced"][0]["steps"] > 20
    assert all(row["basis"] == "modelled" and 0 <= row["share_low"] <= row["share_high"] <= 1 for row in told["orders"])


def test_it_can_be_left_out(tmp_path: Path) -> None:
    run = Run(tmp_path, TRACED, models=("last",), share_out=False)
    assert (run.rows("traced"), run.rows("traced_contents"), run.result.tracing) == ([], [], {})


@pytest.mark.parametrize(
    ("counted", "visit"),
    [
        (clicked("loud", 10, 90, joinable=False), {}),
        (clicked("loud", 10, 90, campaign_id="ads"), {}),
        (clicked("loud", 10, 90, metric="likes"), {}),
        (clicked("loud", 10, 90, platform="pinterest"), {}),
        (clicked("loud", 12, 90), {}),
        (clicked("loud", 10, 90, end_date=day(17)), {}),
        (clicked("loud", 10, 90), {"kind": "ad_click"}),
        (clicked("loud", 10, 90), {"creator_id": "somebody"}),
        (clicked("loud", 10, 90), {"channel": "search"}),
    ],
    ids=[
        *("not to be joined", "advertising", "no way to the shop", "another network", "another day", "a whole week"),
        *("an ad", "a creator is named", "no network"),
    ],
)
def test_what_cannot_have_led_to_a_visit_gets_nothing(tmp_path: Path, counted: Measure, visit: dict[str, Any]) -> None:
    run = Run(tmp_path, [posted("loud"), counted, *came("a", 10.5, **visit)], models=("last",))
    assert run.rows("traced") == []


def test_a_counter_since_the_beginning_tells_by_how_much_it_grew(tmp_path: Path) -> None:
    """One content was clicked long ago, the other today; both counters stand alike."""
    counter: dict[str, Any] = {"metric": "link_clicks", "span": "lifetime", "start_date": day(0)}
    read = {"old": (400, 401), "new": (1, 401)}
    facts: list[Fact] = [posted(name) for name in read]
    for name, values in read.items():
        facts += [clicked(name, 0, value, **counter, end_date=day(20 + n)) for n, value in enumerate(values)]
    facts += [fact for number in range(12) for fact in came(f"v{number}", 20.5)]
    found = shares(Run(tmp_path, facts, models=("last",)), "v0")
    assert found["new"] > 0.5 > 10 * found.get("old", 0.0)


def test_clicks_that_are_counted_by_product_lead_to_its_orders(tmp_path: Path) -> None:
    """The network and the shop call the product differently; the SKU is the same."""
    facts: list[Fact] = [posted("bag"), posted("cup")]
    for name in ("bag", "cup"):
        facts += [
            product(f"net-{name}", "1", sku=name, source="feed", platform="instagram"),
            *(clicked(name, on, 50, metric="tag_clicks", product_id=f"net-{name}") for on in (10, 20)),
            clicked("cup", 30, 1, metric="tag_clicks", product_id="net-cup"),
        ]
    for number in range(20):
        sku = ("bag", "cup")[number % 2]
        facts += [
            *came(f"v{number}", 10.5 + number % 4 // 2 * 10),
            line(f"v{number}", "1", product_id=f"shop-{sku}", sku=sku),
        ]
    run = Run(tmp_path, facts, models=("last",))
    assert shares(run, "v0")["bag"] > 3 * shares(run, "v0")["cup"]
    assert shares(run, "v1")["cup"] > 3 * shares(run, "v1")["bag"]


def test_a_content_of_which_nothing_is_counted_teaches_nothing(run: Run, tmp_path: Path) -> None:
    more = [fact for number in range(9) for fact in came(f"u{number}", 11.3 + number, content_id="a-first")]
    told = Run(tmp_path, [*TRACED, *more], models=("last",))
    assert told.rows("traced") == run.rows("traced")


def test_where_there_are_too_many_steps_days_alone_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jalon.attribution.tracing.naming.MOST", 0)
    facts: list[Fact] = [posted("bag"), product("bag", "1", sku="bag", source="feed", platform="instagram")]
    facts += [clicked("bag", 10, 50, metric="tag_clicks", product_id="bag")]
    for number in range(20):
        facts += [*came(f"v{number}", 10.5), line(f"v{number}", "1", sku=("bag", "cup")[number % 2])]
    run = Run(tmp_path, facts, models=("last",))
    assert shares(run, "v0") == shares(run, "v1") != {}


def test_nothing_is_traced_to_content_of_which_nothing_was_counted_that_day(tmp_path: Path) -> None:
    facts: list[Fact] = [posted("loud"), clicked("loud", 10, 90), *came("then", 10.5), *came("later", 25)]
    run = Run(tmp_path, facts, models=("last",))
    assert run.rows("traced", order_uid="shop:later") == []
    assert set(shares(run, "then")) == {"loud"}


# --- the arithmetic ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WORLDS.values(), ids=WORLDS)
def test_it_comes_nearer_than_clicks_or_the_content_clicked_most_and_knows_how_near(kind: Kind) -> None:
    found = nearness(kind, range(1, 6))
    assert found.error < found.by_clicks
    assert found.error < found.by_most
    assert 0.8 <= found.covered <= 0.99


@st.composite
def problems(draw: st.DrawFn) -> Posed:
    contents, days = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    pairs = st.tuples(st.integers(0, contents - 1), st.integers(0, 2), st.integers(0, days - 1), st.floats(0.1, 1e5))
    clicks = draw(st.lists(pairs, min_size=1, max_size=12, unique_by=lambda row: row[:3]))
    rows = st.tuples(st.integers(0, contents - 1), st.integers(0, days - 1), st.integers(0, 3), st.integers(1, 40))
    named = draw(st.lists(rows, max_size=6, unique_by=lambda row: row[:3]))
    untold = draw(st.lists(rows, min_size=1, max_size=8, unique_by=lambda row: row[1:3]))
    touches = [float(sum(count for which, *_, count in named if which == each)) for each in range(contents)]
    group = draw(st.lists(st.integers(0, 1), min_size=contents, max_size=contents))
    return Posed(
        days, np.array(group), np.array(touches), [(), (1,), (2,), (1, 2)],
        Clicks(*map(np.array, zip(*clicks, strict=True))),
        Steps(*(np.array([row[n] for row in named], dtype=np.int64) for n in range(3)),
              np.array([float(row[3]) for row in named])),
        Steps(*(np.array([row[n] for row in untold]) for n in range(3)), np.array([float(row[3]) for row in untold])),
    )  # fmt: skip


@settings(max_examples=60)
@given(problems())
def test_no_step_is_traced_more_than_once(posed: Posed) -> None:
    found = solve(posed)
    if found is None:
        return
    drawn = found.drawn
    whole = np.bincount(found.cell, weights=drawn.share, minlength=len(posed.untold.steps))
    assert np.all(whole <= 1 + 1e-9)
    assert np.all((drawn.low <= drawn.share + 1e-9) & (drawn.share <= drawn.high + 1e-9) & (drawn.low >= 0))
    assert np.all(posed.touches[found.content] == 0), "contents that name their visits"
    assert drawn.mean.sum() <= posed.untold.steps.sum() + 1e-6


@settings(max_examples=30)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(posed: Posed, random: Any) -> None:
    order = list(range(len(posed.clicks.content)))
    random.shuffle(order)
    mixed = posed._replace(clicks=Clicks(*(column[order] for column in posed.clicks)))
    one, other = solve(posed), solve(mixed)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert np.array_equal(one.cell, other.cell)
        assert np.allclose(one.drawn.share, other.drawn.share, atol=1e-6)


@given(st.dates(date(2026, 1, 1), date(2026, 12, 1)), st.integers(1, 40), st.integers(1, 10**6))
def test_counts_are_laid_over_days_whole(since: date, length: int, clicks: int) -> None:
    until = date.fromordinal(since.toordinal() + length)
    for zone in ("UTC", "America/Los_Angeles", "Asia/Kathmandu"):
        table = pa.table({"since": [since], "until": [until], "zone": [zone], "clicks": [clicks]})
        row, days, counts = laid_out(table)
        assert set(row) == {0}
        assert counts.sum() == pytest.approx(clicks)
        assert len(days) == length + (zone != "UTC")
        assert np.all(counts > 0)


def test_an_evening_in_los_angeles_is_the_next_day_in_utc() -> None:
    """16 of 24 hours of the 10th of June there are the 10th in UTC, less the seven by which it is behind."""
    columns = {"since": [date(2026, 6, 10)], "until": [date(2026, 6, 11)], "zone": ["America/Los_Angeles"]}
    _, days, counts = laid_out(pa.table({**columns, "clicks": [24]}))
    first = (date(2026, 6, 10) - date(1970, 1, 1)).days
    assert dict(zip(days.tolist(), counts.tolist(), strict=True)) == pytest.approx({first: 17, first + 1: 7})
