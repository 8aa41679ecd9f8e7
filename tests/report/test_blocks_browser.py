"""The page in a real browser, in both languages, narrow and wide, light and dark: its charts, with any names, and its
switch between maps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jalon.report.figures.gathering import figures
from jalon.report.marts.base import Known
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.page.page import View, write_page
from jalon.report.people.settings import Condition, Persona, Wanted
from tests.browser import FOUND, Browser, browser
from tests.handmade import Run, content, day, led_by, line, measure, order, product, refund, tag, touch

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> {a|b}"
HOME = Path(__file__).parents[2]
AXE = Path(os.environ.get("JALON_AXE") or HOME / "node_modules" / "axe-core" / "axe.min.js")
"""https://github.com/dequelabs/axe-core: what `.ci/run` puts there."""
DRAWN = """[...document.querySelectorAll('figure.chart')].filter(e => e.checkVisibility()).map(e => {
    const svg = e.querySelector('svg'), box = svg && svg.getBoundingClientRect();
    return {
        label: e.querySelector('[role=img]').getAttribute('aria-label'),
        marks: svg ? svg.querySelectorAll('path').length : 0,
        width: box ? box.width : 0, height: box ? box.height : 0, room: e.clientWidth,
        table: document.getElementById(e.querySelector('[role=img]').getAttribute('aria-describedby'))?.tagName,
    };
})"""


WANTED = Wanted({
    "buyers": Persona(title="Buyers", title_fr="Acheteurs", where=(Condition(column="is_customer", value=True),))
})  # fmt: skip
SHOWN = "[...document.querySelectorAll('.v')].filter(e => e.checkVisibility()).map(e => e.className)"
NUMBERS = "[...document.querySelectorAll('.v td b')].filter(e => e.checkVisibility()).map(e => e.textContent)"

MET = {"all": "8 2 5 3 1 3 2 4", "new": "8 4 3 3 2 4", "returning": "2", "persona-0": "8"}
"""Whose map -> touchpoints of its cells: eight buy, two of them again; who is one of few is not told of."""


def facts() -> list[Any]:
    """A brand whose page has every kind of chart, and names that would like to be more than names."""
    told: list[Any] = [content("v", HOSTILE, source="net"), content("w", "A film", source="net", kind="live")]
    told += [tag("v", "p1"), product("p1", "one", title=HOSTILE)]
    for n in range(8):
        person = f"p{n}"
        told += [
            touch(f"a{n}", n * 3, person, channel=("search", "youtube", "email")[n % 3], kind="product_view"),
            touch(f"b{n}", n * 3 + 1, person, channel=("youtube", "direct")[n % 2], content_id="vw"[n % 2]),
            order(f"{n}", n * 3 + 2, 1000 + 90 * n, person=person, selling_mode=("linked", "communication")[n % 2]),
            line(f"{n}", "1", source="shop", product_id=f"p{n % 2}"),
        ]
        days = {"source": "net", "platform": "youtube", "start_date": day(n), "end_date": day(n + 1)}
        for step, (metric, value) in enumerate((("views", 900), ("tag_clicks", 40), ("orders", 6))):
            told += [measure(metric, value, key=f"{metric}{c}{n}", content_id=c, **days) for c in "vw"[: 2 - step % 2]]
        told.append(measure("attributed_gmv", 4000, key=f"gmv{n}", currency="EUR", **days))
    told += [order(f"{n}+", 40, 700, person=f"p{n}") for n in range(2)]
    told += [order("77", 4, 800, source="net", platform="network", selling_mode="native", channel="youtube")]
    return [*told, led_by("77", "v", source="net", commission=30, currency="EUR")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("charts")
    run = Run(folder, facts())
    build_marts(run.facts, run.folder, folder / "marts", MartOptions(csv=False), Known(wanted=WANTED))
    told = figures(folder / "marts", run.folder)
    return {lang: write_page(told, folder / f"{lang}.html", View(lang=lang)) for lang in ("en", "fr")}


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if FOUND is None:
        pytest.skip("there is no chromium on this machine")
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


def opened(window: Browser, page: Path, width: int, scheme: str) -> list[dict[str, Any]]:
    """Open a page and return its visible charts."""
    window.open(page.as_uri(), width=width, scheme=scheme)
    window.frames()
    found: list[dict[str, Any]] = window.see(DRAWN)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_chart_is_drawn_and_says_what_it_is(
    window: Browser, pages: dict[str, Path], lang: str, width: int, scheme: str
) -> None:
    charts = opened(window, pages[lang], width, scheme)
    assert len(charts) >= 9
    for chart in charts:
        assert chart["label"]
        assert chart["table"] == "TABLE", chart
        assert chart["marks"] >= 3, chart
        assert chart["height"] >= 60, chart
        assert 0 < chart["width"] <= chart["room"] <= width, chart
    assert window.see("document.documentElement.scrollWidth") <= width
    assert window.trouble == []
    assert window.requests == [pages[lang].as_uri()]


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_amounts_at_a_glance_stand_in_one_line_whichever_currency_is_chosen(
    window: Browser, tmp_path: Path, lang: str, width: int
) -> None:
    """A number that is broken within is read as two; and the page of each currency is laid out alike."""
    sold = {"NZD": 1_342_439, "KWD": 2_000_003_771_793, "JPY": 322_108}
    told = [order(code, 1, goods, currency=code, person=code) for code, goods in sold.items()]
    told += [refund(code, 2, min(goods // 2, 136_596), currency=code) for code, goods in sold.items()]
    run = Run(tmp_path, told, models=["last"])
    build_marts(run.facts, run.folder, tmp_path / "marts", MartOptions(csv=False))
    page = write_page(figures(tmp_path / "marts", run.folder), tmp_path / "page.html", View(lang=lang))
    window.open(page.as_uri(), width=width)
    lines = """[...document.querySelectorAll('.tile b')].filter(e => e.checkVisibility()).map(
        e => Math.round(e.offsetHeight / parseFloat(getComputedStyle(e).lineHeight)))"""
    room = "[...document.querySelectorAll('.tile')].filter(e => e.checkVisibility()).map(e => e.offsetWidth)"
    wide = window.see(room)
    assert wide[0] > 1.5 * wide[1]
    for number in window.see("[...document.querySelectorAll('input[name=c]')].map(e => e.id)"):
        window.see(f"document.querySelector('label[for=\"{number}\"]').click()")
        assert set(window.see(lines)) == {1}, number
        assert window.see(room) == wide, number


def test_hidden_charts_are_drawn_when_they_are_shown(window: Browser, pages: dict[str, Path]) -> None:
    before = opened(window, pages["en"], 1400, "light")
    for model in window.see("[...document.querySelectorAll('input[name=m]')].map(e => e.id)"):
        window.see(f"document.querySelector('label[for=\"{model}\"]').click()")
        window.frames()
        shown = window.see(DRAWN)
        assert len(shown) == len(before)
        assert all(chart["marks"] for chart in shown)
    assert window.trouble == []


def test_charts_make_room_when_the_window_changes(window: Browser, pages: dict[str, Path]) -> None:
    wide = opened(window, pages["en"], 1400, "light")
    window.ask("Emulation.setDeviceMetricsOverride", width=390, height=900, deviceScaleFactor=1, mobile=True)
    window.frames()
    narrow = window.see(DRAWN)
    assert len(narrow) == len(wide)
    assert all(chart["width"] <= chart["room"] <= 390 for chart in narrow)


def test_names_in_charts_stay_text(window: Browser, pages: dict[str, Path]) -> None:
    opened(window, pages["en"], 1400, "light")
    assert window.see("[...document.querySelectorAll('figure.chart svg text')].some(e => e.textContent.includes('<'))")
    assert window.see("document.querySelectorAll('img, figure svg script').length") == 0
    pointed = window.see(
        "(() => { const at = () => document.querySelector('#products figure > div').getBoundingClientRect();"
        "scrollTo(0, at().y - 100); return [at().x + at().width / 2, at().y + 20]; })()"
    )
    window.ask("Input.dispatchMouseEvent", type="mouseMoved", x=pointed[0], y=pointed[1])
    window.frames()
    assert window.trouble == []


def test_axes_speak_the_language_of_the_page(window: Browser, pages: dict[str, Path]) -> None:
    said = "[...document.querySelectorAll('#weeks svg text')].map(e => e.textContent).join(' ')"
    opened(window, pages["en"], 1400, "light")
    assert "€" in window.see(said).replace("\u00a0", " ")
    assert "\u00a0€" not in window.see(said)
    opened(window, pages["fr"], 1400, "light")
    assert "\u00a0€" in window.see(said)


def test_without_scripts_the_tables_tell_all(window: Browser, pages: dict[str, Path]) -> None:
    window.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        window.open(pages["en"].as_uri())
        assert window.see("document.querySelectorAll('figure svg').length") == 0
        assert window.see("document.querySelectorAll('#products td').length") > 4
    finally:
        window.ask("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed here: JALON_AXE names its axe.min.js")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_axe_finds_no_serious_fault(
    window: Browser, pages: dict[str, Path], lang: str, width: int, scheme: str
) -> None:
    opened(window, pages[lang], width, scheme)
    window.see(AXE.read_text(encoding="utf-8") + ";0")
    found = window.wait(
        "axe.run(document, {resultTypes: ['violations']}).then(told => told.violations.map(each => "
        "[each.impact, each.id, each.nodes.slice(0, 3).map(node => node.html.slice(0, 200))]))"
    )
    assert [each for each in found if each[0] in ("serious", "critical")] == []


# --- whose map --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize(("lang", "names"), [
    ("en", ["Everybody", "New", "Returning", "Buyers"]),
    ("fr", ["Tout le monde", "Nouveaux", "Déjà clients", "Acheteurs"]),
])  # fmt: skip
def test_each_map_is_shown_when_its_name_is_chosen(
    window: Browser, pages: dict[str, Path], lang: str, names: list[str], width: int
) -> None:
    window.open(pages[lang].as_uri(), width=width)
    assert window.see("[...document.querySelectorAll('.views label')].map(e => e.textContent)") == names
    for choice in [*MET, "all"]:
        window.see(f"document.querySelector('label[for=v-{choice}]').click()")
        assert window.see(SHOWN) == [f"v v-{choice}"]
        assert window.see(NUMBERS) == MET[choice].split()
    assert window.see("document.documentElement.scrollWidth") <= width
    assert window.trouble == []


def test_it_is_chosen_by_keyboard_without_scripts_and_printed_with_its_name(
    window: Browser, pages: dict[str, Path]
) -> None:
    window.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        window.open(pages["en"].as_uri())
        window.see("document.getElementById('v-all').focus()")
        key = {"key": "ArrowRight", "code": "ArrowRight", "windowsVirtualKeyCode": 39}
        for kind in ("keyDown", "keyUp"):
            window.ask("Input.dispatchKeyEvent", type=kind, **key)
        assert window.see(SHOWN) == ["v v-new"]
        window.ask("Emulation.setEmulatedMedia", media="print")
        titles = "[...document.querySelectorAll('.v h3')].filter(e => e.checkVisibility()).map(e => e.textContent)"
        assert window.see(SHOWN) == ["v v-new"]
        assert window.see(titles) == ["New"]
        assert not window.see("document.querySelector('.views').checkVisibility()")
    finally:
        window.ask("Emulation.setEmulatedMedia", media="")
        window.ask("Emulation.setScriptExecutionDisabled", value=False)


def test_a_screen_reader_hears_a_group_with_its_name(window: Browser, pages: dict[str, Path]) -> None:
    window.open(pages["en"].as_uri())
    window.ask("Accessibility.enable")
    nodes = window.ask("Accessibility.getFullAXTree")["nodes"]
    (group,) = [node for node in nodes if node.get("role", {}).get("value") == "radiogroup"]
    assert group["name"]["value"] == "Whose journeys"
    radios = {node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "radio"}
    assert {"Everybody", "New", "Returning", "Buyers"} <= radios
