"""What no platform offers is told on the page, for a source of each connector that is installed."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from jalon import registry
from jalon.commands.matrix import capability_rows, details, display_names, gaps, matrix
from jalon.report.figures.background import Background, Gap, silent
from jalon.report.figures.gathering import figures
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.page.language import language
from jalon.report.page.page import View, write_page
from jalon.report.summary import lines
from tests.handmade import Run, measure, order, touch

NAMES = registry.names()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the page of a workplace with a source of each connector, each of which counted something."""
    folder = tmp_path_factory.mktemp("gaps")
    counts = [measure("views", 7, source=f"my_{name}", platform=name, key=name) for name in NAMES]
    seen = [touch(channel, 1, channel=channel) for channel in ("tiktok", "linkedin", "site")]
    run = Run(folder, [*counts, *seen, order("1", 2, platform="woocommerce", source="my_woocommerce")])
    build_marts(run.facts, run.folder, folder / "marts", MartOptions(csv=False))
    known = Background(gaps=gaps({f"my_{name}": name for name in NAMES}), names=display_names())
    told = figures(folder / "marts", run.folder, known)
    return html.unescape(write_page(told, folder / "page.html", View(names=known.names)).read_text())


@pytest.mark.parametrize("name", NAMES)
def test_each_gap_is_told_in_words(page: str, name: str) -> None:
    section = page.partition("What the sources do not tell")[2].partition("How these figures were made")[0]
    own = "".join(part for part in section.split("<details") if f"source my_{name}:" in part)
    told = dict(re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", own))
    missing = [row for row in capability_rows([name]) if row["grain"] == "none"]
    assert told == {row["offer"].replace("_", " "): f"not offered: {row['note']}" for row in missing}
    assert (f"<summary>{registry.connector(name).title} " in own) == bool(missing)


@pytest.mark.parametrize("name", NAMES)
def test_a_measure_that_is_not_offered_is_no_zero(page: str, name: str) -> None:
    """Beside what a platform counts stands why it counts no tag clicks, and no row of zeroes."""
    counted = page.partition("What the platforms count")[2].partition("What the sources do not tell")[0]
    title = "Web site" if name == "site" else registry.connector(name).title
    (own,) = [part for part in counted.split("<details") if f"<summary>{title} " in part]
    assert not re.search(r"<td>0</td>|<td>0\.00", own)
    offered = {row["offer"]: row for row in capability_rows([name])}["tag_clicks"]
    assert ("not offered: " + offered["note"] in own) == (offered["grain"] == "none")


def test_names_are_written_as_people_write_them(page: str) -> None:
    for name in ("TikTok Shop", "WooCommerce", "YouTube", "PrestaShop", ">TikTok<", ">LinkedIn<", ">Web site<"):
        assert name in page
    assert not re.search("Tiktok|Woocommerce|Youtube|Linkedin|Prestashop|Whatsapp", page)


def test_an_offer_that_a_connector_leaves_open_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connector of another distribution may be older than an offer."""
    shopify = registry.connector("shopify")
    kept = tuple(each for each in shopify.capabilities if each.offer not in {"refunds", "content"})
    monkeypatch.setattr(type(shopify), "capabilities", kept)
    header, (row,) = matrix(["shopify"])
    marks = dict(zip(header, row, strict=True))
    assert (marks["refunds"], marks["content"], marks["clicks"]) == ("?", "?", "\u2013")
    assert any(re.fullmatch(" +refunds +not said: .+", line) for line in details("shopify"))
    assert {gap.offer for gap in gaps({"shop": "shopify"}) if not gap.said} == {"refunds", "content"}


def test_a_platform_is_silent_only_where_none_of_its_sources_tells() -> None:
    told = [Gap("a", "A", "refunds", "refunds", "none there"), Gap("b", "B", "refunds", "refunds", "none here")]
    sources = {"one": {"a"}, "both": {"b", "a"}, "mixed": {"a", "c"}, "nobody": set[str]()}
    assert silent(told, "refunds", sources) == {"one": "none there", "both": "none there"}
    assert silent(told, "content", sources) == {}


def test_sources_of_one_connector_are_told_apart_in_the_summary(tmp_path: Path) -> None:
    run = Run(tmp_path, [order("1", 2)])
    build_marts(run.facts, run.folder, tmp_path / "marts", MartOptions(csv=False))
    known = Background(gaps=gaps({"own": "files", "till": "files", "web": "woocommerce"}), names=display_names())
    told = list(lines(figures(tmp_path / "marts", run.folder, known), language("en")))
    section = told[told.index("What the sources do not tell (never zero: unknown)") + 1 :]
    names = [line.split("  ")[1].strip() for line in section[: section.index("")]]
    assert names == ["Files (own)", "Files (till)", "WooCommerce"]
