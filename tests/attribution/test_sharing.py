"""Orders without a path, shared out over content: from facts to rows of credit."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jalon.attribution.explain import explain
from jalon.normalize.vocabulary import Fact, Measure
from tests.handmade import Run, content, day, led_by, line, measure, order, refund, touch


def clicks(content_id: str, on: int, value: int, product_id: str = "p1", **fields: Any) -> Measure:
    return measure(
        fields.pop("metric", "tag_clicks"),
        value,
        key=f"{content_id}/{product_id}/{on}/{fields}",
        content_id=content_id,
        product_id=product_id,
        start_date=day(on),
        end_date=day(on + 1),
        **fields,
    )


def bought(order_id: str, on: float, product_id: str = "p1", goods: int = 1000, **fields: Any) -> list[Fact]:
    """An in-app order of one product."""
    placed = order(order_id, on, goods, selling_mode="native", channel="network", **fields)
    return [placed, line(order_id, "1", product_id=product_id, goods=goods)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A month in which one video brings all orders on its days, and another product sells by itself."""
    facts: list[Fact] = [content("video"), content("quiet"), clicks("video", 10, 400), clicks("quiet", 29, 1)]
    facts += [fact for number in range(12) for fact in bought(f"w{number}", 10.5, goods=999)]
    facts += [fact for number in range(20) for fact in bought(f"own{number}", number + 0.5, "p2")]
    facts += [clicks("quiet", 3, 1, "p2"), refund("w1", 12, 500), *bought("late", 40)]
    return Run(tmp_path_factory.mktemp("shared"), facts)


def rows(run: Run, order_id: str, model: str = "linear") -> list[dict[str, Any]]:
    return sorted(run.rows("credit", order_uid=f"shop:{order_id}", model=model), key=lambda row: row["position"])


def test_an_order_that_clicks_explain_is_credited_as_modelled(run: Run) -> None:
    rest, first = rows(run, "w0")
    assert (first["basis"], first["touch_uid"], first["position"]) == ("modelled", "shop:modelled/video", 1)
    assert first["weight"] > Decimal("0.8")
    assert (rest["basis"], rest["reason"], rest["touch_uid"], rest["position"]) == ("unknown", "no_content", None, 0)
    assert first["weight"] + rest["weight"] == 1


def test_an_order_that_would_have_come_anyway_belongs_to_nobody(run: Run) -> None:
    found = rows(run, "own3")
    assert sum(row["weight"] for row in found if row["basis"] == "unknown") > Decimal("0.9")


@pytest.mark.parametrize("order_id", ["w0", "w1", "own3", "own4", "late"])
def test_it_sums_to_the_net_of_the_order_under_every_model(run: Run, order_id: str) -> None:
    for model in ("first", "last", "linear", "time_decay"):
        found = rows(run, order_id, model)
        assert sum(row["net"] for row in found) == run.order(order_id)["net"]
        assert sum(row["amount"] for row in found) == run.order(order_id)["booked"]


def test_a_refund_is_taken_back_from_what_was_credited(run: Run) -> None:
    for row in rows(run, "w1"):
        assert row["reversed"] == pytest.approx(500 * float(row["weight"]), abs=1)


def test_a_day_that_nobody_has_counted_yet_stays_unknown(run: Run) -> None:
    (row,) = rows(run, "late")
    assert (row["basis"], row["reason"]) == ("unknown", "no_person")


def test_contents_tell_how_many_orders_and_how_sure(run: Run) -> None:
    told = {row["content_id"]: row for row in run.rows("modelled")}
    video = told["video"]
    assert video["orders_low"] <= video["orders"] <= video["orders_high"] == 12
    assert video["orders"] > 9
    assert (video["channel"], video["creator_id"], video["stage"]) == ("network", "creator-1", "consideration")
    shared = run.rows("shared", order_uid="shop:w0")
    assert all(row["low"] <= row["share"] <= row["high"] for row in shared)


def test_it_is_explained(run: Run) -> None:
    told = explain(run.facts, run.folder, "w0")
    assert told["modelled"][0]["content_id"] == "video"
    assert told["modelled"][0]["low"] < told["modelled"][0]["high"]
    assert explain(run.facts, run.folder, "late")["modelled"] == []


def test_what_was_learned_of_clicks_is_told_with_the_run(run: Run) -> None:
    """Here no content is named, so it goes by what is usual."""
    told = json.loads((run.folder / "run.json").read_text())["sharing"]
    assert told == run.result.sharing
    assert (told["delay_days"], told["by_and_by"]) == (1.5, 0.7)
    assert told["anyway_low"] == told["anyway"] == told["anyway_high"] == 0
    assert told["spread"] >= 1


def test_an_order_of_two_products_is_one_order_of_the_content_that_brought_it(tmp_path: Path) -> None:
    facts: list[Fact] = [content("video"), clicks("video", 10, 400), clicks("video", 10, 400, "p2")]
    for number in range(12):
        facts += [*bought(f"w{number}", 10.5), line(f"w{number}", "2", product_id="p2", goods=1000)]
    (video,) = Run(tmp_path, facts).rows("modelled")
    assert 9 < video["orders"] <= video["orders_high"] == 12


def test_it_can_be_left_out(tmp_path: Path) -> None:
    facts = [content("video"), clicks("video", 10, 100), *bought("w", 10.5)]
    run = Run(tmp_path, facts, share_out=False)
    (row,) = rows(run, "w")
    assert (row["basis"], run.rows("modelled"), run.result.sharing) == ("unknown", [], {})


def test_an_order_with_a_path_is_not_shared_out(tmp_path: Path) -> None:
    facts = [
        content("video"),
        clicks("video", 10, 100),
        *bought("w", 10.5, person="a"),
        touch("t", 10, "a"),
        *bought("x", 10.4),
    ]
    run = Run(tmp_path, facts)
    assert {row["basis"] for row in rows(run, "w")} == {"observed"}
    assert "modelled" in {row["basis"] for row in rows(run, "x")}


def test_content_whose_orders_are_named_is_no_candidate_for_others(tmp_path: Path) -> None:
    """Nor is content of its kind by its creator, which the platform would name too."""
    facts: list[Fact] = [content("affiliate"), content("sister"), content("own", creator_id="brand")]
    facts += [clicks(name, 10, 100) for name in ("affiliate", "sister", "own")]
    facts += [*bought("named", 10.5), led_by("named", "affiliate")]
    facts += [fact for number in range(6) for fact in bought(f"n{number}", 10.5)]
    run = Run(tmp_path, facts)
    assert {row["basis"] for row in rows(run, "named")} == {"observed"}
    assert {row["content_id"] for row in run.rows("modelled")} == {"own"}


@pytest.mark.parametrize(
    "measured",
    [
        clicks("video", 10, 100, joinable=False),
        clicks("video", 10, 100, span="lifetime"),
        clicks("video", 10, 100, campaign_id="ads"),
        clicks("video", 10, 100, metric="likes"),
        clicks("video", 10, 100, source="elsewhere"),
        clicks("video", 10, 100, product_id="other"),
    ],
    ids=["not to be joined", "a lifetime", "advertising", "no way to a product", "another account", "another product"],
)
def test_what_cannot_have_led_to_the_order_gets_nothing(tmp_path: Path, measured: Measure) -> None:
    run = Run(tmp_path, [content("video"), measured, *bought("w", 10.5)])
    assert run.rows("modelled") == []
    assert {row["basis"] for row in rows(run, "w")} == {"unknown"}


def test_the_next_best_count_serves_where_no_click_is_counted(tmp_path: Path) -> None:
    looked = clicks("video", 10, 5000, metric="product_impressions")
    run = Run(tmp_path, [content("video"), looked, *(f for n in range(9) for f in bought(f"w{n}", 10.5))])
    assert {row["content_id"] for row in run.rows("modelled")} == {"video"}
