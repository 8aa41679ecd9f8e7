"""The figures agree with the orders, and stay apart where they must."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jalon.report.figures.gathering import figures
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.page.language import language
from jalon.report.page.page import render
from jalon.report.summary import lines
from jalon.report.words import decimal_text
from tests.handmade import Run, content, day, led_by, line, measure, order, refund, touch


def told(folder: Path, facts: list[Any], **options: Any) -> dict[str, Any]:
    run = Run(folder, facts, **options)
    build_marts(run.facts, run.folder, folder / "marts", MartOptions(csv=False))
    found = figures(folder / "marts", run.folder)
    assert json.loads(json.dumps(found)) == found
    return found


def test_cancelled_orders_count_as_none_and_their_credit_is_nothing(tmp_path: Path) -> None:
    facts = [
        touch("t", 1, "a", channel="search", content_id="v"),
        order("1", 2, 1000, person="a"),
        touch("u", 1, "b", channel="search", content_id="v"),
        order("void", 2, 5000, person="b", status="cancelled"),
    ]
    found = told(tmp_path, facts)
    (headline,) = found["headline"]
    assert (headline["orders"], headline["net_minor"]) == (1, 1000)
    assert [(row["basis"], row["orders"], row["net_minor"]) for row in found["coverage"]] == [("observed", 1, 1000)]
    assert {(row["orders"], row["net_minor"]) for row in found["by_content"]} == {(1.0, 1000)}
    assert {(row["orders"], row["net_minor"]) for row in found["map"]["canonical"]["credit"]} == {(1.0, 1000)}


def test_an_order_that_is_shared_out_in_part_is_unknown_in_part(tmp_path: Path) -> None:
    """Six orders of the days of a video's clicks, each with a rest that no click explains; one of nobody at all."""
    facts: list[Any] = [content("v1"), measure("tag_clicks", 40, content_id="v1", product_id="p1")]
    for n in range(6):
        facts += [order(f"o{n}", 0.5, selling_mode="native", channel="network"), line(f"o{n}", "1", source="shop")]
    facts.append(order("alone", 0.5, 300))
    found = told(tmp_path, facts)
    assert [(row["basis"], row["orders"], row["in_part"]) for row in found["coverage"]] == [
        ("modelled", 6, 6), ("unknown", 7, 6)
    ]  # fmt: skip
    assert {(row["reason"], row["orders"], row["in_part"]) for row in found["unknown"]} == {
        ("no_content", 6, 6), ("no_person", 1, 0)
    }  # fmt: skip
    summary = "\n".join(lines(found, language("en")))
    assert "7 orders (6 in part)" in summary
    assert "of 6 orders unknown, 6 of them in part: clicks on content do not explain it" in summary
    page = render(found)
    assert "6 in part" in page
    assert "of 6 orders unknown, 6 of them in part:" in page


def test_currencies_are_never_added(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        [
            order("1", 1, 1000),
            order("2", 1, 2000),
            order("3", 1, 500, currency="JPY"),
            refund("3", 2, 100, currency="JPY"),
        ],
    )
    assert found["currencies"] == ["EUR", "JPY"]
    assert [(row["currency"], row["net"], row["reversed"], row["share"]) for row in found["headline"]] == [
        ("EUR", "30.00", "0.00", 1.0),
        ("JPY", "400", "100", 1.0),
    ]


def test_the_creator_of_a_content_is_credited_where_the_touch_names_none(tmp_path: Path) -> None:
    facts = [
        touch("t", 1, "a", content_id="v1"),
        order("1", 2, 1000, person="a"),
        content("v1", "Film", creator_id="maker"),
    ]
    found = told(tmp_path, facts)
    assert {(row["id"], row["net_minor"]) for row in found["by_creator"]} == {("maker", 1000)}
    assert {(row["id"], row["title"]) for row in found["by_content"]} == {("v1", "Film")}


def test_only_the_best_are_listed_and_what_names_nothing_is_said(tmp_path: Path) -> None:
    facts: list[Any] = []
    for i in range(20):
        facts += [touch(f"t{i}", 1, f"p{i}", content_id=f"v{i:02d}"), order(f"o{i}", 2, 100 + i, person=f"p{i}")]
    facts += [touch("x", 1, "x"), order("x", 2, 50, person="x")]
    rows = told(tmp_path, facts, models=["last"])["by_content"]
    assert [row["id"] for row in rows if row["id"]] == [f"v{i:02d}" for i in range(19, 7, -1)]
    assert [row["net_minor"] for row in rows if row["id"] is None] == [50]


def test_measures_are_added_only_over_days(tmp_path: Path) -> None:
    facts = [
        measure("views", 10, content_id="v", key="1"),
        measure("views", 5, content_id="v", key="2", start_date=day(1), end_date=day(2), finality="estimate"),
        measure("views", 100, key="3"),
        measure("reach", 7, key="4", end_date=day(7)),
        measure("gmv", 1234, key="5", currency="EUR", content_id="v", product_id="p"),
        measure("attributed_buyers", 12, key="6", content_id="v"),
        measure("views", 900, content_id="v", key="7", span="lifetime"),
        measure("accounts_engaged", 3, key="8"),
        measure("engaged_views", 4, key="9"),
    ]
    made = told(tmp_path, facts)["measures"]
    since = [row for row in made if row["span"] == "lifetime"]
    assert [(row["metric"], row["total"]) for row in since] == [("views", None)], "a counter spoils no sum of days"
    rows = {(row["metric"], row["grain"]): row for row in made if row["span"] == "days"}
    assert (rows["views", "content"]["total"], rows["views", "content"]["final"], rows["views", "content"]["rows"]) == (
        "15",
        1,
        2,
    )
    assert rows["views", "account"]["total"] == "100"
    assert rows["reach", "account"]["total"] is None
    assert rows["attributed_buyers", "content"]["total"] is None, "one buyer may be counted for two contents"
    assert rows["accounts_engaged", "account"]["total"] is None, "who engages on two days is in the counts of both"
    assert rows["engaged_views", "account"]["total"] == "4"
    assert rows["gmv", "content and product"]["total"] == "12.34"
    assert rows["views", "content"]["last"] == date(2026, 3, 3).isoformat()


def test_channels_stand_in_the_order_of_the_field(tmp_path: Path) -> None:
    names = ["zeta", "direct", "email", "search", "instagram", "site", "shop", "tiktok"]
    facts = [touch(f"{name}{i}", 1, "a", channel=name) for name in names for i in range(3 if name == "tiktok" else 1)]
    found = told(tmp_path, facts)["map"]["canonical"]
    assert [row["id"] for row in found["channels"]] == [
        *("site", "shop", "tiktok", "instagram", "search", "email", "direct", "zeta")
    ]
    assert [row["group"][0] for row in found["channels"]] == list("11223333")


def test_freshness_is_per_source(tmp_path: Path) -> None:
    found = told(tmp_path, [order("1", 1), led_by("9", "v"), touch("t", 1, source="site")])
    assert [(row["source"], row["newest"]) for row in found["sources"]] == [
        ("shop", "2026-06-09 00:00 UTC"),
        ("site", "2026-06-09 00:00 UTC"),
    ]


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "EUR", "0.00"),
        (5, "EUR", "0.05"),
        (-1234, "EUR", "-12.34"),
        (-7, "JPY", "-7"),
        (12345, "KWD", "12.345"),
        (1, "CLF", "0.0001"),
    ],
)
def test_minor_units_as_decimal_text(minor: int, currency: str, text: str) -> None:
    assert decimal_text(minor, currency) == text
