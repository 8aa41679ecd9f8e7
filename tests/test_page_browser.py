"""The demo, and its report page as a real browser shows it: from a disk, without a network, on any width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from jalon import errors, registry
from jalon.sandbox.parts import PARTS
from tests.browser import FOUND, Browser, browser
from tests.cli.played import Desk, Said

VISIBLE = "[...document.querySelectorAll('{}')].filter(e => e.checkVisibility()).map(e => e.className)"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, Said]:
    folder = tmp_path_factory.mktemp("demo")
    said = Desk(folder)("demo", "--out", "shop", "--orders", "60", "--json")
    return Desk(folder / "shop"), said


@pytest.fixture(scope="module")
def page(demo: tuple[Desk, Said]) -> Path:
    desk, said = demo
    assert said.status == errors.OK, said.err
    return desk.folder.parent / said.data["page"]


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if FOUND is None:
        pytest.skip("there is no chromium on this machine")
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


def test_the_demo_leaves_a_workplace_in_which_commands_work(demo: tuple[Desk, Said], page: Path) -> None:
    desk, said = demo
    assert page.is_file()
    assert str(page) in said.err or "shop/data/marts/report.html" in said.err
    assert said.data["marts"]["fct_orders"] > 0
    assert desk("status").status == errors.OK
    assert desk("doctor", "--offline").status == errors.OK
    assert desk.orders()


def test_its_report_covers_every_platform_that_is_played(demo: tuple[Desk, Said], page: Path) -> None:
    desk, said = demo
    sources = set(desk("status", "--json").data["sources"])
    assert sources == {*PARTS, "own", "site"}
    told = {row["source"]: row for row in said.data["summary"]["sources"]}
    assert set(told) == sources
    assert [name for name, row in told.items() if not row["read_to"]] == []
    silent = {name for name, row in told.items() if not row["newest"]}
    assert silent <= {"hook", "whatsapp"}, "what is only delivered may, in three days, be nothing"
    text = page.read_text()
    for name in sources - {"own", "site", "hook"}:
        assert f">{registry.connector(name).title} " in text or f">{registry.connector(name).title}<" in text, name


def test_people_follow_own_links_in_the_demo(demo: tuple[Desk, Said]) -> None:
    """Clicks, with persons behind them where these agreed, and what these looked at."""
    desk, _ = demo
    kinds = {row[0]: row[1:] for row in desk.rows(
        "SELECT kind, count(*), count(person) FROM {touchpoints} WHERE source = 'site' GROUP BY kind"
    )}  # fmt: skip
    clicks, known = kinds["tag_click"]
    assert 0 < known < clicks, "some do not agree"
    assert kinds["product_view"][0] >= known
    assert len(desk("links", "list", "--json").data["links"]) >= 3


def test_it_says_nothing_on_the_console_and_asks_no_network(window: Browser, page: Path) -> None:
    window.open(page.as_uri())
    assert window.trouble == []
    assert window.requests == [page.as_uri()]
    running = "[...document.scripts].filter(e => e.type !== 'application/json').every(e => !e.src)"
    assert window.see(running), "its scripts are in it"
    assert "NaN" not in window.see("document.body.innerText")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 768, 390])
def test_nothing_runs_over_the_edge(window: Browser, page: Path, width: int, scheme: str) -> None:
    window.open(page.as_uri(), width=width, scheme=scheme)
    assert window.see("window.innerWidth") == width
    assert window.see("document.documentElement.scrollWidth") <= width
    beyond = """[...document.body.querySelectorAll('*')].filter(e => e.checkVisibility() && !e.closest('.scroll')
        && e.getBoundingClientRect().right > window.innerWidth + 1).map(e => e.tagName + '.' + e.className)"""
    assert window.see(beyond) == []
    assert window.trouble == []


def luminance(colour: str) -> float:
    """Return the relative luminance of `rgb(r, g, b)`. https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_schemes_can_be_read(window: Browser, page: Path, scheme: str) -> None:
    window.open(page.as_uri(), scheme=scheme)
    ground = luminance(window.see("getComputedStyle(document.body).backgroundColor"))
    ink = luminance(window.see("getComputedStyle(document.body).color"))
    assert (ground < ink) == (scheme == "dark")
    assert (max(ground, ink) + 0.05) / (min(ground, ink) + 0.05) >= 7


def test_each_switch_shows_what_it_names_and_nothing_else(window: Browser, page: Path) -> None:
    window.open(page.as_uri())
    for preset in window.see("[...document.querySelectorAll('input[name=p]')].map(e => e.id)"):
        window.see(f"document.querySelector('label[for=\"{preset}\"]').click()")
        assert set(window.see(VISIBLE.format(".p"))) == {f"p {preset}"}
    for number in window.see("[...document.querySelectorAll('input[name=c]')].map(e => e.id)"):
        window.see(f"document.querySelector('label[for=\"{number}\"]').click()")
        shown = set(window.see(VISIBLE.format(".c")))
        assert shown
        assert all(number in name.split() for name in shown)
    for model in window.see("[...document.querySelectorAll('input[name=m]')].map(e => e.id)"):
        window.see(f"document.querySelector('label[for=\"{model}\"]').click()")
        shown = set(window.see(VISIBLE.format(".m")))
        assert all(model in name.split() for name in shown)


def test_it_can_be_used_with_the_keyboard_alone(window: Browser, page: Path) -> None:
    window.open(page.as_uri())
    named = "(e.getAttribute('aria-label') || e.closest('[role=radiogroup]') && e.labels.length)"
    assert window.see(f"[...document.querySelectorAll('input.switch')].every(e => {named} && e.tabIndex >= 0)")
    assert window.see("[...document.querySelectorAll('[tabindex=\"0\"]')].every(e => e.getAttribute('aria-label'))")
    assert window.see("document.documentElement.lang") == "en"
    assert window.see("document.querySelectorAll('h1').length") == 1
