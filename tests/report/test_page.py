"""The page: one file, safe whatever texts come in, that says what the marts say."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from jalon.attribution.models import USUAL
from jalon.report.figures.background import Background, Gap
from jalon.report.figures.gathering import Row, figures
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.page.language import language
from jalon.report.page.page import SCRIPTS, View, render, write_page
from jalon.report.page.readers import LANGUAGES
from jalon.report.summary import lines
from tests.handmade import Run, content, led_by, measure, order, refund, touch

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
GAPS = (
    Gap("net", "The NetWork", "tag_clicks", "tag clicks", "its app shows them to its owner alone"),
    Gap("net", "The NetWork", "refunds", "refunds", "what goes back is told nowhere"),
    Gap("shop", "Web shop", "content", "content", "a shop has none of its own"),
)
UNSAID = Gap("shop", "Web shop", "products", "products", "", said=False)
KNOWN = Background(
    quarantine=3, freshness={"shop": "yesterday"}, gaps=(*GAPS, UNSAID), names={"network": "The NetWork"}
)


class Page(HTMLParser):
    """A page taken apart: its elements, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.style = ""
        self.scripts: list[str] = []
        """What runs; data beside it does not."""
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self._inside = "data" if dict(attrs).get("type") == "application/json" else tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.style += data
        elif self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "data":
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def told_of(folder: Path, facts: list[Any], **options: Any) -> Row:
    """Return the figures of facts."""
    run = Run(folder, facts, **options)
    build_marts(run.facts, run.folder, folder / "marts", MartOptions(csv=False))
    return figures(folder / "marts", run.folder, KNOWN)


def summed_up(told: Row, lang: str = "en") -> list[str]:
    """Return the summary of figures."""
    return list(lines(told, language(lang, KNOWN.names)))


def made(folder: Path, facts: list[Any], **options: Any) -> tuple[str, list[str]]:
    """Return page and summary of facts."""
    return shown(told_of(folder, facts, **options), folder)


def shown(told: Row, folder: Path) -> tuple[str, list[str]]:
    """Return page and summary of figures."""
    page = write_page(told, folder / "page.html", View(names=KNOWN.names))
    return page.read_text(), summed_up(told)


BRAND = [
    touch("t", 1, "a", kind="tag_click", channel="network", content_id="v1", selling_mode="linked"),
    touch("u", 2, "a", channel="direct"),
    order("1", 3, 123456, person="a"),
    refund("1", 4, 23456),
    order("2", 3, 5000),
    order("3", 3, 700, currency="USD", person="b"),
    order("77", 5, 800, source="net", platform="network", selling_mode="native", channel="network"),
    order("copy", 5, 800, origin="network", external_ids=("network:77",)),
    order("maybe", 5, 900, origin="network"),
    led_by("77", "v1", source="net", creator_id="maker"),
    content("v1", "The spring film", source="net"),
    measure("views", 5000, source="net", content_id="v1"),
]


@pytest.fixture(scope="module")
def told_of_brand(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Row]:
    """What reads the figures of the brand out of its marts."""
    folder = tmp_path_factory.mktemp("brand")
    told_of(folder, BRAND)
    return lambda: figures(folder / "marts", folder / "attribution", KNOWN)


@pytest.fixture(scope="module")
def brand(told_of_brand: Callable[[], Row], tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[str]]:
    return shown(told_of_brand(), tmp_path_factory.mktemp("page"))


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_it_asks_for_nothing_and_runs_nothing_but_its_own(brand: tuple[str, list[str]]) -> None:
    page = Page(brand[0])
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    own = [f"script-src {' '.join(map(digest, page.scripts))}"] if page.scripts else []
    style = f"style-src {digest(page.style)}"
    assert policy == "; ".join(["default-src 'none'", style, *own, "base-uri 'none'", "form-action 'none'"])
    assert tuple(page.scripts) == SCRIPTS
    assert not {"link", "iframe", "img", "object", "embed", "base", "form"} & {tag for tag, _ in page.tags}
    assert all(not re.match(r"on|style$|src|href", name) for _, attrs in page.tags for name in attrs)
    assert "url(" not in page.style
    assert "@import" not in page.style


def test_it_says_what_the_orders_say(brand: tuple[str, list[str]]) -> None:
    text = Page(brand[0]).text
    assert "€1,058.00" in text, "1000 + 50 + 8"
    assert "€234.56" in text
    assert "US$7.00" in text
    assert "The spring film" in text
    assert "maker" in text
    assert "3records in quarantine" in text
    assert "read to yesterday" in text


def test_it_says_what_is_not_known_and_why(brand: tuple[str, list[str]]) -> None:
    text = re.sub("[ \n]+", " ", Page(brand[0]).text)
    assert "€50.00 of 1 order unknown: the order tells of no person" in text
    assert "1 order of €9.00 not counted: made on a platform whose orders are known" in text
    assert "nothing is known of the person before the order" in text
    assert "They tell of no person, so they enter no journey" in text


def test_what_a_platform_does_not_offer_is_told_and_never_zero(brand: tuple[str, list[str]]) -> None:
    text = re.sub("[ \n]+", " ", Page(brand[0]).text)
    for gap in GAPS:
        assert f"{gap.what}not offered: {gap.why}" in text
    assert "productsits connector does not say whether it is offered" in text
    row = next(row for row in brand[0].split("<tr>") if row.startswith("<td>The NetWork</td>"))
    assert "not told" in row, "no source of its sales tells refunds"
    assert ">€0.00" not in row
    counted = text.partition("What the platforms count")[2]
    assert f"Tag clicksnot offered: {GAPS[0].why}" in counted
    told = [line.split(maxsplit=2) for line in brand[1]]
    assert ["The", "NetWork", "tag clicks, refunds"] in told
    assert ["Web", "shop", "content, products"] in told


def test_what_was_taken_back_is_shown_whoever_told_it(tmp_path: Path) -> None:
    """A refund that the hook delivered is known, though the platform's own source tells none."""
    sold = order("77", 1, 800, source="net", platform="network", selling_mode="native")
    html, _ = made(tmp_path, [sold, refund("77", 2, 300, source="net", platform="network")])
    assert "€3.00" in html
    assert "not told" not in html


def test_what_was_paid_and_then_cancelled_is_booked_and_taken_back_wherever_it_is_told(tmp_path: Path) -> None:
    """Half of 20.00 was cancelled, 1.00 refunded; what never was a sale is in neither."""
    away = {"status": "cancelled"}
    facts = [
        order("1", 1, 1000, person="a"),
        refund("1", 2, 100),
        order("2", 1, 1000, person="b", **away),
        order("never paid", 1, 5000, paid_at=None, **away),
        order("test", 1, 7000, kind="test", **away),
        order("net", 1, 400, source="net", platform="network", selling_mode="native", **away),
        order("net again", 1, 600, source="net", platform="network", selling_mode="native"),
        order("copy", 1, 400, origin="network", external_ids=("network:net",), **away),
    ]
    told = told_of(tmp_path, facts)
    assert [(row["orders"], row["net"], row["reversed"]) for row in told["headline"]] == [(2, "15.00", "15.00")]
    (rate,) = (row for row in told["stage_measures"] if row["measure"] == "refund_rate")
    assert (rate["value"], rate["n"]) == (0.5, 4)
    text = re.sub("[ \n]+", " ", Page(write_page(told, tmp_path / "page.html", View()).read_text()).text)
    assert "€15.00refunded or cancelled: 50% of all that was booked" in text
    assert "€4.00 refunds not told" in text, "what was cancelled is known"
    assert "Net revenue: €15.00 from 2 orders (€15.00 refunded or cancelled)" in summed_up(told)


def test_where_all_was_cancelled_nothing_is_left(tmp_path: Path) -> None:
    html, lines = made(tmp_path, [order("1", 1, 1000, person="a", status="cancelled")])
    assert "refunded or cancelled: 100% of all that was booked" in Page(html).text
    assert "Net revenue: €0.00 from 0 orders (€10.00 refunded or cancelled)" in lines


def test_platforms_are_called_what_people_call_them(brand: tuple[str, list[str]]) -> None:
    page = Page(brand[0])
    assert "The NetWork" in page.text
    assert "Network" not in page.text.replace("Networks", "")
    assert any(line.startswith("  The NetWork ") for line in brand[1])


def untaught(page: Page) -> list[str]:
    """Return the models that the page says it does not show: of three orders nothing can be learnt."""
    found = re.findall(r"(Incremental)\s*Not shown, since nothing could be learnt", page.text)
    assert found == ["Incremental"]
    return found


def test_every_switch_has_a_label_and_a_rule(brand: tuple[str, list[str]]) -> None:
    page = Page(brand[0])
    switches = [attrs["id"] for attrs in page.all("input")]
    maps = [str(switch) for switch in switches if str(switch).startswith("v-")]
    assert sorted(switches) == sorted({label["for"] for label in page.all("label")})
    assert len(switches) == len(USUAL) - len(untaught(page)) + 5 + 2 + len(maps)
    assert sum("checked" in attrs for attrs in page.all("input")) == 4
    assert maps == ["v-all", "v-new"]
    for switch in maps:
        assert f"#journey_map:has(#{switch}:checked) .v:not(.{switch}){{display:none}}" in page.style
    for switch in set(switches) - set(maps):
        kind = str(switch).partition("-")[0]
        assert f"#{switch}:checked~main .{kind}:not(.{switch}){{display:none}}" in page.style


def test_each_model_shows_its_own_credit(brand: tuple[str, list[str]]) -> None:
    page = Page(brand[0])
    credits = {attrs["title"] for attrs in page.all("em") if "m-linear" in str(attrs.get("class"))}
    assert "€500.00" in credits, "half of 1000.00, for the tag click"
    last = {attrs["title"] for attrs in page.all("em") if "m-last " in str(attrs.get("class"))}
    assert "€500.00" not in last


HOSTILE = {
    "script": SCRIPT,
    "formula": "=1+1",
    "override": "\u202eesrever\u202c",
    "isolate": "\u2066iso\u2069late",
    "long": "x" * 10_000,
    "emoji": "\U0001f600 \U0001f9e3",
    "control": "a\x00\x1b[2Jb",
    "quotes": "' \" & <b>",
    "arabic": "مرحبا",
}


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    facts: list[Any] = [order("1", 3, person="a")]
    for name, text in HOSTILE.items():
        texts = {"creator_id": text, "campaign": text, "referrer_host": text, "landing_path": text}
        facts.append(touch(name, 1, "a", channel="network", content_id=name, **texts))
        facts.append(content(name, text, key=name))
        facts.append(measure("views", 1, source=text))
    html, told = made(tmp_path, facts)
    page = Page(html)
    tags = {tag for tag, _ in page.tags}
    assert SCRIPT not in html
    assert tuple(page.scripts) == SCRIPTS
    assert not {"img", "b2"} & tags
    assert len(html) < 1_500_000, "long texts are cut"
    for shown in (page.text, "\n".join(told)):
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", shown)
        assert "esrever" in shown
    assert SCRIPT in page.text, "what came in is shown, as text"
    titles = [str(attrs.get("title")) for tag, attrs in page.tags if tag == "bdi"]
    assert any(title.startswith("x" * 1000) for title in titles), "what is cut can be read in full"
    assert max(map(len, titles)) <= 2000
    assert HOSTILE["emoji"] in page.text
    assert HOSTILE["arabic"] in page.text
    assert "bdi" in tags, "foreign names do not turn the writing around them"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ([], ("No sale is known yet", "Aucune vente n\u2019est encore connue")),
        ([order("1", 1, 1234)], ("€12.34", "12,34 €")),
        ([order("1", 1, 1234, selling_mode="native", channel="network")], ("100%", "100 %")),
        ([measure("views", 5), measure("gmv", 500, currency="EUR")],
         ("Counts that platforms give are below", "Les comptages donnés par les plateformes sont plus bas")),
        ([touch("t", 1, "a")], ("1 person", "1 personne")),
        ([order("1", 1, 1234), refund("1", 2, 2000)], ("\u2212€7.66", "\u22127,66 €")),
        ([order("1", 1, 1234), refund("1", 2, 100, currency="USD")],
         ("in a currency that no rate is known for", "dans une devise sans cours connu")),
        ([touch("t", 1, "a", kind="other")], ("No rule fits", "Sans étape")),
        ([order("1", 1, 0)], ("€0.00", "0,00 €")),
    ],
    ids=["empty", "one order", "native", "aggregates", "no order", "negative", "no rate", "unknown stage", "free"],
)  # fmt: skip
def test_thin_data_give_a_sensible_page(tmp_path: Path, facts: list[Any], said: tuple[str, str]) -> None:
    told = told_of(tmp_path, facts)
    for lang, wanted in zip(LANGUAGES, said, strict=True):
        page = Page(render(told, View(lang, names=KNOWN.names)))
        assert wanted in " ".join(page.text.split())
        assert "None" not in page.text
        assert "nan" not in page.text.lower().split()
        assert all(f"{name}-title" in str(page.tags) for name in ("journey_map", "made"))
        assert summed_up(told, lang)
        assert lang != "fr" or not re.search("[ \n][;:?!»]|« ", page.text), "templates too keep to French typography"


def test_page_and_marts_are_for_their_user_alone_in_whatever_folder(tmp_path: Path) -> None:
    run = Run(tmp_path, [order("1", 1)], models=["last"])
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    before = os.umask(0)
    try:
        build_marts(run.facts, run.folder, shared, MartOptions(csv=False))
        told = figures(shared, run.folder)
        (shared / "report.html").touch(mode=0o644)  # as an earlier version left it
        write_page(told, shared / "report.html")
        write_page(told, tmp_path / "made" / "report.html")
    finally:
        os.umask(before)
    files = [*shared.iterdir(), tmp_path / "made" / "report.html"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o700


def test_the_same_marts_give_the_same_page(told_of_brand: Callable[[], Row], tmp_path: Path) -> None:
    first, again = (write_page(told_of_brand(), tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert first == again
