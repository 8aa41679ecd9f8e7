"""Credit summed up with its interval: the sums are those of the rows, and what is unsure says so."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jalon.attribution.compare import CUTS as COMPARED
from jalon.attribution.compare import compare
from jalon.report.figures.gathering import figures
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.marts.shapes import NONE
from jalon.report.marts.totals import CUTS
from tests.attribution.test_tracing import TRACED
from tests.handmade import Run, content, day, line, measure, order, refund, touch


def made(folder: Path, facts: list[Any], *models: str) -> Path:
    run = Run(folder, facts, models=models)
    build_marts(run.facts, run.folder, folder / "marts", MartOptions(csv=False))
    return folder


def sql(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as db:
        for name in ("fct_attributed_revenue", "rpt_credit", "rpt_content_estimates", "bridge_traced_contents"):
            db.execute(f"CREATE VIEW {name} AS SELECT * FROM '{folder / 'marts' / name}.parquet'")
        return db.execute(query).fetchall()


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty buyers who saw a common film, three who saw a rare one too, one refund above its order, one person known
    by no touchpoint."""
    facts: list[Any] = [content("common", "Common film", creator_id="maker"), content("rare", "Rare film")]
    for number in range(40):
        facts += [
            touch(f"c{number}", 1, f"p{number}", content_id="common", channel="video", campaign="spring"),
            order(f"o{number}", 5, 1000 + 10 * number, person=f"p{number}"),
        ]
    facts += [touch(f"r{number}", 2, f"p{number}", content_id="rare", channel="search") for number in range(3)]
    facts += [order("yen", 5, 800, person="p50", currency="JPY"), order("none", 5, 900), refund("o9", 6, 5000)]
    facts += [touch("y", 4, "p50", content_id="rare", channel="search")]
    return made(tmp_path_factory.mktemp("brand"), facts, "first", "linear")


@pytest.mark.parametrize("cut", CUTS)
def test_sums_are_those_of_the_credited_rows(brand: Path, cut: str) -> None:
    column = {"creator": "CASE WHEN content_id = 'common' THEN 'maker' ELSE 'creator-1' END"}.get(cut, CUTS[cut])
    own = sql(
        brand,
        f"SELECT model, coalesce({column}, '(none)'), currency, sum(net_minor), round(sum(weight) FILTER (is_sale), 4) "
        "FROM fct_attributed_revenue WHERE basis <> 'unknown' GROUP BY ALL ORDER BY ALL",
    )
    told = sql(
        brand,
        f"SELECT model, value, currency, net_minor, orders FROM rpt_credit WHERE cut = '{cut}' ORDER BY ALL",
    )
    assert [row[:4] for row in told] == [row[:4] for row in own]
    assert [float(row[4]) for row in told] == pytest.approx([float(row[4]) for row in own], abs=1e-3)


def test_what_rests_on_three_orders_is_marked_and_what_rests_on_forty_is_not(brand: Path) -> None:
    rows = sql(
        brand,
        "SELECT value, title, too_few, net_low_minor < net_minor AND net_minor < net_high_minor, "
        "orders_low < orders AND orders < orders_high FROM rpt_credit "
        "WHERE cut = 'content' AND model = 'linear' AND currency = 'EUR' ORDER BY 1",
    )
    assert rows == [("common", "Common film", False, True, True), ("rare", "Rare film", True, True, True)]


def test_the_group_of_a_buyer_is_the_same_in_python(brand: Path) -> None:
    for order_uid, group in sql(brand, "SELECT DISTINCT order_uid, person_group FROM fct_attributed_revenue"):
        number = order_uid.removeprefix("shop:o")
        person = {"shop:yen": "p50", "shop:none": "shop:none"}.get(order_uid, f"p{number}")
        assert group == hashlib.md5(person.encode(), usedforsecurity=False).digest()[0]


def test_figures_name_the_ranges_of_channels_contents_and_creators(brand: Path) -> None:
    found = figures(brand / "marts", brand / "attribution")
    for cut in ("channel", "content", "creator"):
        for row in found[f"by_{cut}"]:
            assert row["net_low_minor"] <= row["net_minor"] <= row["net_high_minor"]
            assert float(row["net_low"]) <= float(row["net"]) <= float(row["net_high"])
    assert {(row["id"], row["too_few"]) for row in found["by_creator"] if row["currency"] == "EUR"} == {
        ("maker", False),
        ("creator-1", True),
    }


def test_what_is_modelled_is_unsure_by_its_split_and_by_its_buyers(tmp_path: Path) -> None:
    clicked = {"product_id": "p1", "start_date": day(9), "end_date": day(10)}
    facts: list[Any] = [
        fact
        for name, clicks in (("v1", 90), ("v2", 60))
        for fact in (content(name, name), measure("tag_clicks", clicks, content_id=name, **clicked))
    ]
    for number in range(60):
        facts += [order(f"{number}", 9, 800, selling_mode="native", channel="network"), line(f"{number}", "1")]
    folder = made(tmp_path, facts, "linear")
    rows = sql(
        folder,
        "SELECT net_minor = modelled_minor, t.orders_high - t.orders_low >= e.orders_high - e.orders_low "
        "FROM rpt_credit t JOIN rpt_content_estimates e ON t.value = e.content_id WHERE cut = 'content'",
    )
    assert rows == [(True, True)] * 2


def test_credit_of_visits_that_name_only_their_network_is_parted_by_likely_contents(tmp_path: Path) -> None:
    """By content and creator it is modelled; by all else it stays what it is, and every cut has the same sum."""
    folder = made(tmp_path, TRACED, "last")
    rows = sql(
        folder,
        "SELECT value, net_minor = modelled_minor, net_low_minor < net_minor AND net_minor < net_high_minor "
        "FROM rpt_credit WHERE cut = 'content' AND value <> '(none)' ORDER BY 1",
    )
    assert rows == [("loud", True, True), ("soft", True, True), ("told", False, True)]
    sums = sql(folder, "SELECT cut, sum(net_minor), sum(modelled_minor) FROM rpt_credit GROUP BY 1 ORDER BY 1")
    assert len({net for _, net, _ in sums}) == 1
    assert {cut for cut, _, modelled in sums if modelled} == {"content", "creator"}
    ((rest,),) = sql(folder, "SELECT net_minor FROM rpt_credit WHERE cut = 'content' AND value = '(none)'")
    assert 0 < rest < 30_000 / 2
    ((bridged, parted),) = sql(
        folder,
        "SELECT (SELECT sum(net_minor * share) FROM fct_attributed_revenue JOIN bridge_traced_contents "
        "USING (order_uid, touch_uid)), (SELECT sum(modelled_minor) FROM rpt_credit WHERE cut = 'content')",
    )
    assert float(bridged) == pytest.approx(float(parted), abs=30), "to a cent for each visit and content"


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Visits that name only their network, of which every other one had a mail before it that names its content."""
    mails = [touch(f"m{n}", 9, f"v{n}", channel="email", content_id="told") for n in range(0, 30, 2)]
    return made(tmp_path_factory.mktemp("visited"), [*TRACED, *mails], "first", "last")


@pytest.mark.parametrize("cut", COMPARED)
def test_two_models_differ_by_what_the_report_credits_under_each(visited: Path, cut: str) -> None:
    told = compare(visited / "facts", visited / "attribution", "first", "last", cut)
    (currency,) = told["currencies"]
    found = {row["value"] or NONE: (row["a"], row["b"]) for row in currency["values"] if row["value"] is not None}
    query = (
        "SELECT value, coalesce(sum(net_minor) FILTER (model = 'first'), 0), "
        f"coalesce(sum(net_minor) FILTER (model = 'last'), 0) FROM rpt_credit WHERE cut = '{cut}' GROUP BY 1"
    )
    assert {value: (int(a), int(b)) for value, a, b in sql(visited, query)} == found
    if cut in ("content", "creator"):
        assert currency["moved"]
