"""What charts are drawn from: plain data, capped lists, and colours that everybody can tell apart."""

from __future__ import annotations

import itertools
import json
import math
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.report.figures.detail import WEEKS, weekly
from jalon.report.figures.gathering import RANKED, TOP, figures
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.page.charts.bars import compared, ranked, stacked
from jalon.report.page.charts.flows import NODES, Flow, flow
from jalon.report.page.charts.points import Rate, Spread, rates, spread
from jalon.report.page.page import View, render
from tests.handmade import Run, content, day, line, order, product, touch
from tests.test_page_browser import luminance

CSS = (files("jalon.report.page") / "templates" / "charts.css").read_text(encoding="utf-8")
STYLE = (files("jalon.report.page") / "templates" / "style.css").read_text(encoding="utf-8")
SEEN_BY = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopes": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopes": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopes": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009) 1291-1298, severity 1, on linear light."""


def drawn(chart: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(chart.data)
    return told


def palette(scheme: str) -> tuple[str, list[str]]:
    """Return the ground and the colours of charts in a scheme."""
    part = {"light": 0, "dark": 1}[scheme]
    ground = re.findall(r"--card:(#\w+)", STYLE)[part]
    full = "#" + "".join(c * 2 for c in ground[1:]) if len(ground) == 4 else ground
    return full, re.findall(r"--k\d:(#\w{6})", CSS)[4 * part : 4 * part + 4]


def rgb(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def lab(colour: str, eyes: str) -> list[float]:
    """Return CIE L*a*b* (D65) of a colour as these eyes see it."""
    linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb(colour)]
    seen = [sum(weight * light for weight, light in zip(row, linear, strict=True)) for row in SEEN_BY[eyes]]
    white = ((0.4124, 0.3576, 0.1805, 0.9505), (0.2126, 0.7152, 0.0722, 1), (0.0193, 0.1192, 0.9505, 1.089))
    xyz = [max(sum(w * s for w, s in zip(row, seen, strict=False)), 0) / row[3] for row in white]
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_stand_out_from_the_ground_and_from_each_other(scheme: str) -> None:
    """3:1 is what WCAG 2.2 asks of graphics (1.4.11); a distance of 18 is far beyond what is just noticed (2.3)."""
    ground, colours = palette(scheme)
    assert len(colours) == 4
    for colour in colours:
        ends = sorted(luminance(f"rgb{tuple(rgb(each))}") for each in (ground, colour))
        assert (ends[1] + 0.05) / (ends[0] + 0.05) >= 3
    for eyes in SEEN_BY:
        for one, other in itertools.combinations(colours, 2):
            assert math.dist(lab(one, eyes), lab(other, eyes)) >= 18, (eyes, one, other)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 30), st.integers(1, 9)), max_size=80))
def test_a_flow_never_comes_back_and_loses_nothing(links: list[tuple[int, int, int, int]]) -> None:
    flows = [Flow(step, f"c{start}", f"c{end}", number) for step, start, end, number in links]
    (series,) = drawn(flow("label", flows, others="others"))["option"]["series"]
    places = {node["name"]: int(node["name"].split("/")[0]) for node in series["data"]}
    assert all(places[link["target"]] == places[link["source"]] + 1 for link in series["links"])
    assert sum(link["value"] for link in series["links"]) == sum(one.number for one in flows)
    assert all(sum(step == own for own in places.values()) <= NODES + 1 for step in range(5))


def test_charts_are_plain_data() -> None:
    charts = [
        stacked("l", ["a"], {"x": ("k1", [1.0])}, "EUR"),
        ranked("l", [("a", 1.0)], "EUR", of="x", ends=("y", [(0.5, 2.0)])),
        compared("l", ["a"], {"x": ("k1", [None])}, "EUR"),
        rates("l", [Rate("a", 0.1, (0.05, 0.2)), Rate("b", 0.2, None)], of="x", ends="y"),
        spread("l", [Spread("a", {"m": 1.0, "n": 3.0})], "EUR", chosen="m", between="x"),
    ]
    for chart in charts:
        told = drawn(chart)
        assert set(told) == {"option", "unit", "height"}
        assert told["height"] > 0
        assert told["option"]["series"]
    assert drawn(charts[2])["option"]["series"][0]["data"] == ["-"], "what is not known is no bar of no length"


def test_weeks_have_no_gaps_and_lose_nothing() -> None:
    daily = [
        {
            "placed_date": day(n),
            "selling_mode": ("linked", "native")[n % 2],
            "currency": "EUR",
            "net_minor": n,
            "orders": 1,
        }
        for n in (0, 1, 20, 2000, 2001)
    ]
    one = weekly(daily, ["EUR"])["EUR"]
    assert len(one["weeks"]) == WEEKS
    assert sum(map(sum, one["net_minor"].values())) + one["earlier_minor"] == sum(row["net_minor"] for row in daily)
    assert weekly(daily[:3], ["EUR"])["EUR"]["orders"] == [1, 1, 0, 1], "the first of March 2026 is a Sunday"
    assert weekly([], ["EUR"]) == {}


def test_the_page_of_a_large_brand_is_capped(tmp_path: Path) -> None:
    """Three hundred contents, creators and products, a hundred ways: listed are the first, the rest is one row."""
    facts: list[Any] = []
    for n in range(300):
        facts += [
            content(f"v{n}", "A long title of a content " * 20, creator_id=f"creator {n}", key=f"v{n}"),
            product(f"p{n}", "one", title="A long title of a product " * 20),
            touch(f"t{n}", 1, f"p{n}", content_id=f"v{n}", channel=f"channel-{n % 100}"),
            order(f"o{n}", 2, 1000 + n, person=f"p{n}"),
            line(f"o{n}", "1", source="shop", platform="webshop", product_id=f"p{n}", goods=1000 + n),
        ]
    run = Run(tmp_path, facts)
    build_marts(run.facts, run.folder, tmp_path / "marts", MartOptions(csv=False))
    told = figures(tmp_path / "marts", run.folder)
    html = render(told, View(lang="fr"))
    assert len(html.encode()) < 6_000_000
    model = told["models"][0]["name"]
    for cut, most in RANKED.items():
        (beyond,) = [row for row in told["beyond"] if (row["cut"], row["model"]) == (cut, model)]
        listed = [row for row in told[f"by_{cut}"] if row["model"] == model and row["id"] is not None]
        assert len(listed) == most
        assert beyond["members"] == (100 if cut == "channel" else 300) - most
        assert beyond["net_minor"] + sum(row["net_minor"] for row in listed) == sum(1000 + n for n in range(300))
    others = told["products"][-1]
    assert (others["id"], others["members"]) == (None, 300 - TOP)
    assert sum(row["goods_minor"] for row in told["products"]) == sum(1000 + n for n in range(300))
    ways = told["ways"]["channel"]["EUR"]
    assert sum(row["orders"] for row in ways["ways"]) + ways["others"]["orders"] == 300
