"""The marts behind the charts: ways to sales, the tag funnel, costs, and claims of platforms beside what shops know."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.normalize.channels import CHANNELS, channels_of
from jalon.report.marts.claims import fullest
from jalon.report.wilson import wilson
from tests.handmade import content, day, led_by, measure, order, product, refund, tag, touch
from tests.report.test_marts import Made

VIDEO = {"source": "net", "content_id": "v"}
CLAIM = {"source": "ads", "platform": "youtube", "currency": "EUR"}
FACTS: list[Any] = [
    *(touch(f"a{n}", n, "a", channel=channel) for n, channel in enumerate(["search", "email", "email", "direct"])),
    order("a", 5, 1000, person="a"),
    *(touch(f"b{n}", n, "b", channel=channel) for n, channel in enumerate(["search", "email", "direct"])),
    order("b", 4, 500, person="b"),
    *(touch(f"c{n}", n, "c", channel=CHANNELS[n % 2]) for n in range(9)),
    order("c", 9.5, 100, person="c"),
    order("nobody", 3, 70),
    order("void", 3, 999, person="d", status="cancelled"),
    touch("d", 1, "d", channel="youtube"),
    order("abroad", 2, 800, person="d", currency="JPY"),
    refund("a", 6, 400),
]
WAY = ("step_3", "step_2", "step_1")


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("ways"), FACTS, models=["last", "linear"])


def test_a_way_is_its_channels_in_order_without_repeats(ways: Made) -> None:
    told = f"{', '.join(WAY)}, orders, net_minor, touchpoints, minutes_50"
    (row,) = ways.sql(f"SELECT {told} FROM rpt_paths WHERE cut = 'channel' AND step_3 = 'search'")
    assert row[:3] == ("search", "email", "direct")
    assert row[3:] == (2, 600 + 500, 4 + 3, 4.5 * 24 * 60)


def test_long_ways_say_that_they_were_longer(ways: Made) -> None:
    (row,) = ways.sql("SELECT step_6, step_1, orders, touchpoints FROM rpt_paths WHERE cut = 'channel' AND is_longer")
    assert row == (CHANNELS[1], CHANNELS[0], 1, 9)


def test_all_ways_together_are_all_sales(ways: Made) -> None:
    """Sales before which nothing is known too; none of what is no sale."""
    for cut in ("channel", "stage"):
        found = ways.sql(
            f"SELECT currency, sum(orders), sum(net_minor) FROM rpt_paths WHERE cut = '{cut}' GROUP BY ALL ORDER BY ALL"
        )
        assert found == [("EUR", 4, 1270), ("JPY", 1, 800)]
    assert ways.sql("SELECT orders, minutes_50 FROM rpt_paths WHERE cut = 'stage' AND step_1 = '(none)'") == [(1, None)]


@pytest.fixture(scope="module")
def funnel(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Videos that are seen, clicked and bought from; a live whose clicks nobody tells; a click without its days."""
    facts: list[Any] = [content("v", "Film", source="net"), content("l", kind="live", source="mute"), tag("v", "p")]
    for n in range(4):
        rule = f"version {n // 2}"
        days = {**VIDEO, "start_date": day(n), "end_date": day(n + 1), "definition": rule}
        facts += [
            measure("views", 100, key=f"v{n}", **days),
            measure("tag_clicks", 10, key=f"t{n}", **days),
            measure("sku_orders", 1 + n % 2, key=f"o{n}", **days),
            measure("views", 7, key=f"m{n}", **{**days, "source": "mute", "content_id": "l"}),
            measure("views", 2, key=f"e{n}", **{**days, "source": "eager"}),
            measure("tag_clicks", 3, key=f"f{n}", **{**days, "source": "eager"}),
        ]
    facts += [
        measure("views", 9000, key="early", **VIDEO, start_date=day(-1), end_date=day(0)),
        measure("views", 60, key="less", **VIDEO, definition="another rule"),
        measure("tag_clicks", 5000, key="p", **VIDEO, product_id="p"),
    ]
    return Made(tmp_path_factory.mktemp("funnel"), facts)


def test_all_steps_are_counted_over_the_days_that_all_have(funnel: Made) -> None:
    """Neither views before clicks were counted, nor counts of another grain, nor one thing by two rules.

    A rule that takes the place of another has its own days, and these count with those before.
    """
    (row,) = funnel.sql(
        "SELECT start_date, end_date, contents, shoppable, views, tag_clicks, orders_metric, orders, click_rate, "
        "order_rate FROM rpt_tag_funnel WHERE source = 'net'"
    )
    rates = [float(rate) for rate in row[-2:]]
    assert row[:-2] == (day(0), day(4), 1, 1, 400, 40, "sku_orders", 6)
    assert rates == [0.1, 0.15]


def test_clicks_are_per_view_of_what_can_be_bought_from(tmp_path: Path) -> None:
    """A product is tagged in one film now, in another it was until a tag of it was clicked; the third never had one."""
    views = {"tagged": 100, "was tagged": 50, "never": 5000}
    clicks = {"tagged": 6, "was tagged": 3, "never": 0}
    facts: list[Any] = [tag("tagged", "p")]
    for name, seen in views.items():
        told = {"content_id": name, "source": "net", "start_date": day(0), "end_date": day(1)}
        facts += [
            measure("views", seen, key=f"v {name}", **told),
            measure("tag_clicks", clicks[name], key=name, **told),
        ]
    columns = "contents, shoppable, views, shoppable_views, tag_clicks, click_rate"
    told = Made(tmp_path / "told", facts).sql(f"SELECT {columns} FROM rpt_tag_funnel")
    assert told == [(3, 1, 5150, 150, 9, Decimal("0.06"))]
    untold = Made(tmp_path / "untold", facts[1:]).sql("SELECT shoppable_views FROM rpt_tag_funnel")
    assert untold == [(5150,)], "where no tag is known, nobody knows in what there are none"


def test_views_and_clicks_that_no_day_has_both_of_are_told_as_views_alone(tmp_path: Path) -> None:
    counts = [("views", 100, n) for n in range(3)] + [("tag_clicks", 5, n) for n in (4, 5)]
    facts = [
        measure(name, many, key=f"{n}", **VIDEO, start_date=day(n), end_date=day(n + 1)) for name, many, n in counts
    ]
    made = Made(tmp_path, facts)
    rows = made.sql("SELECT start_date, end_date, views, tag_clicks, click_rate FROM rpt_tag_funnel")
    assert rows == [(day(0), day(3), 300, None, None)]


def test_what_nobody_counts_is_empty_and_not_zero(funnel: Made) -> None:
    rows = funnel.sql("SELECT kind, views, tag_clicks, orders, click_rate FROM rpt_tag_funnel WHERE source = 'mute'")
    assert rows == [("live", 28, None, None, None)]


def test_more_than_one_click_per_view_is_no_share(funnel: Made) -> None:
    rows = funnel.sql("SELECT click_rate, click_rate_low, click_rate_high FROM rpt_tag_funnel WHERE source = 'eager'")
    assert [(float(rate), low, high) for rate, low, high in rows] == [(1.5, None, None)]


def test_many_orders_for_one_click_do_not_break_the_report(tmp_path: Path) -> None:
    days = {"start_date": day(0), "end_date": day(1)}
    counts = {"views": 30_000, "tag_clicks": 1, "orders": 20_000}
    made = Made(tmp_path, [measure(metric, value, key=metric, **VIDEO, **days) for metric, value in counts.items()])
    assert made.sql("SELECT order_rate, order_rate_low FROM rpt_tag_funnel") == [(20_000, None)]


def test_costs_are_told_by_platform_content_creator_and_product(tmp_path: Path) -> None:
    money = {"currency": "EUR", "source": "net"}
    made = Made(
        tmp_path,
        [
            content("v", creator_id="maker", source="net"),
            measure("spend", 300, key="1", content_id="v", **money),
            measure("spend", 180, key="2", content_id="v", product_id="p", **money),
            measure("spend", 200, key="3", product_id="p", **money),
            measure("spend", 900, key="4", **money),
            measure("commissions", 50, key="5", content_id="v", creator_id="other", currency="EUR", source="counts"),
            order("1", 1, source="net", platform="network"),
            led_by("1", "v", source="net", creator_id="maker", product_id="p", commission=25, currency="EUR"),
        ],
    )
    found = made.sql("SELECT cut, value, kind, cost_minor FROM rpt_costs ORDER BY ALL")
    assert found == [
        ("content", "v", "commission", 75),
        ("content", "v", "spend", 300),
        ("creator", "maker", "commission", 25),
        ("creator", "maker", "spend", 300),
        ("creator", "other", "commission", 50),
        ("platform", "network", "commission", 75),
        ("platform", "network", "spend", 900),
        ("product", "p", "commission", 25),
        ("product", "p", "spend", 200),
    ]


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> Made:
    facts: list[Any] = []
    for n in range(1, 4):
        days = {**CLAIM, "start_date": day(n), "end_date": day(n + 1)}
        facts += [
            measure("attributed_gmv", 1000, key=f"all{n}", finality="final" if n < 3 else "estimate", **days),
            measure("attributed_gmv", 600, key=f"content{n}", content_id="v", **days),
            measure("attributed_orders", 2, key=f"orders{n}", **{**days, "currency": None}),
        ]
    facts += [
        touch("click", 1, "a", channel="youtube"),
        order("led", 2, 900, person="a"),
        refund("led", 5, 300),
        touch("click before a cancellation", 1, "b", channel="youtube"),
        order("void", 2, 5000, person="b", status="cancelled"),
        order("alone", 3, 500),
        order("late", 8, 700),
        order("there", 2, 400, source="ads", platform="youtube", channel="youtube"),
        order("there too", 2, 250, source="ads", platform="youtube", channel="youtube"),
        led_by("there", "v", source="ads", platform="youtube", settlement="SETTLED"),
        led_by("there too", "v", source="ads", platform="youtube", settlement="frozen"),
        measure("gmv", 5, source="elsewhere", platform="nowhere", currency="JPY"),
        product("p", "one"),
    ]
    return Made(tmp_path_factory.mktemp("claims"), facts, models=["last"])


def test_a_claim_stands_beside_what_shops_know_of_its_days(claims: Made) -> None:
    columns = ["claimed", "open", "claimed_orders", "credited", "credited_net", "here", "settled", "sold", "sold_net"]
    minor = ", ".join(name if name.endswith("orders") else f"{name}_minor" for name in columns)
    (row,) = claims.sql(f"SELECT {minor}, start_date, end_date FROM rpt_claims WHERE source = 'ads'")
    assert dict(zip(columns, row, strict=False)) == {
        "claimed": 3000,
        "open": 1000,
        "claimed_orders": 6,
        "credited": 900 + 400 + 250,
        "credited_net": 600 + 400 + 250,
        "here": 650,
        "settled": 400,
        "sold": 900 + 500 + 650,
        "sold_net": 600 + 500 + 650,
    }
    assert row[-2:] == (day(1), day(4))


def test_what_is_not_known_of_a_claim_is_empty(claims: Made) -> None:
    columns = "claimed_minor, credited_minor, here_minor, settled_minor, sold_minor"
    assert claims.sql(f"SELECT {columns} FROM rpt_claims WHERE source = 'elsewhere'") == [(5, None, None, None, 0)]


def test_platforms_that_one_file_tells_of_are_claims_and_funnels_of_their_own(tmp_path: Path) -> None:
    """Added up they would be the claim, and the clicks, of whichever comes first."""
    facts: list[Any] = [touch("click", 1, "a", channel="youtube"), order("led", 2, 900, person="a")]
    for platform, value, clicks, (first, last) in (("youtube", 100, 4, (1, 3)), ("pinterest", 70, 9, (2, 5))):
        told = {"source": "file", "platform": platform, "definition": f"as {platform} tells it"}
        days, ends = ({"start_date": day(n), "end_date": day(n + 1)} for n in (first, last))
        facts += [
            measure("conversion_value", value, key=f"{platform}/c", currency="EUR", **told, **days),
            measure("conversion_value", 0, key=f"{platform}/e", currency="EUR", **told, **ends),
            measure("views", 10, key=f"{platform}/v", content_id=platform, **told, **days),
            measure("tag_clicks", clicks, key=f"{platform}/t", content_id=platform, **told, **days),
        ]
    made = Made(tmp_path, facts, models=["last"])
    columns = "platform, definition, claimed_minor, start_date, end_date, credited_minor, sold_minor"
    assert made.sql(f"SELECT {columns} FROM rpt_claims ORDER BY platform") == [
        ("pinterest", "as pinterest tells it", 70, day(2), day(6), 0, 900),
        ("youtube", "as youtube tells it", 100, day(1), day(4), 900, 900),
    ]
    rows = made.sql("SELECT platform, start_date, contents, views, tag_clicks FROM rpt_tag_funnel ORDER BY platform")
    assert rows == [("pinterest", day(2), 1, 10, 9), ("youtube", day(1), 1, 10, 4)]


def test_claims_are_no_revenue(claims: Made) -> None:
    assert claims.sql("SELECT sum(net_minor) FROM fct_orders WHERE is_sale") == [(2450,)]
    assert claims.sql("SELECT sum(net_minor) FROM fct_attributed_revenue") == [(2450,)]


def test_a_platform_leads_through_the_channel_of_its_name() -> None:
    assert channels_of("youtube") == ("youtube",)
    assert channels_of("tiktok_shop") == ("tiktok",)
    assert set(channels_of("meta_ads")) > {"facebook", "instagram"}
    assert channels_of("webshop") == channels_of("") == ()
    assert set(channels_of("meta_ads")) | set(channels_of("google_ads")) <= set(CHANNELS)


COUNTS = st.tuples(st.sampled_from("gmq"), st.sampled_from(["", "content"]), st.sampled_from("xy"), st.integers(0, 99))


@given(st.lists(COUNTS), st.randoms())
def test_one_grain_of_the_first_metric_is_counted_whatever_the_order(counts: list[Any], chance: Any) -> None:
    rows = [
        {
            "metric": metric,
            "grain": grain,
            "definition": rule,
            "value": value,
            "open": 0,
            "first": day(n),
            "last": day(n),
        }
        for n, (metric, grain, rule, value) in enumerate(counts)
    ]
    found = fullest(rows, "gm")
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for metric, grain, _, value in counts:
        sums[metric, grain] += value
    first = next((metric for metric in "gm" if any(named == metric for named, _ in sums)), None)
    assert (found and found.metric) == first
    assert (found and found.value) == max((value for (name, _), value in sums.items() if name == first), default=None)
    chance.shuffle(rows)
    assert fullest(rows, "gm") == found


def test_what_is_no_share_has_no_interval() -> None:
    assert wilson(3, 0) is None
    assert wilson(11, 10) is None, "more than one each"


@given(st.integers(0, 500), st.integers(1, 500))
def test_an_interval_holds_its_share_and_solves_the_equation_it_comes_from(part: int, rest: int) -> None:
    """Wilson's ends are the shares p at which the observed one is z errors away: (s - p)² = z² p (1 - p) / n."""
    whole = part + rest
    low, high = wilson(part, whole) or (1, 0)
    share = part / whole
    assert 0 <= low <= share <= high <= 1
    for end in {low, high} - {0.0, 1.0}:
        assert (share - end) ** 2 == pytest.approx(1.6448536269514722**2 * end * (1 - end) / whole, rel=1e-6, abs=1e-12)
