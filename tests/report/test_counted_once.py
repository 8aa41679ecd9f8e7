"""What one source tells twice counts once: days and weeks of a campaign, one thing cut several ways, commissions."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from jalon.attribution.engines.duckdb import DuckDB
from jalon.report.marts.base import NOTHING_KNOWN, opened
from jalon.report.marts.making import write_mart
from jalon.report.marts.periods import Period, finest
from jalon.report.marts.tables import MARTS
from tests.handmade import Run, content, day, led_by, measure, order

FIRST = date(2026, 3, 1)


def counted(metric: str, value: int, first: int, days: int, **fields: Any) -> Any:
    """A count of money over so many days from the `first` of March on, as a file tells it."""
    told = {"source": "file", "platform": "network", "currency": "EUR", "campaign_id": "spring"}
    span = {"start_date": day(first), "end_date": day(first + days)}
    key = "/".join(map(str, (metric, first, days, *fields.values())))
    return measure(metric, value, key=key, **{**told, **span, **fields})


def week(metric: str, by_day: int, days: int, **fields: Any) -> list[Any]:
    """A week of 700, and so many of its days beside it."""
    return [counted(metric, 700, 0, 7, **fields), *(counted(metric, by_day, n, 1, **fields) for n in range(days))]


MADE_OF = ("fct_measures", "fct_order_contents", "fct_orders", "fct_attributed_revenue")
"""Marts that claims and costs are made of."""


def rows(mart: str, columns: str, folder: Path, facts: list[Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a mart that is made with no more than what it is made of: there are many small stores here."""
    run = Run(folder, facts, models=["last"])
    with DuckDB() as engine:
        base = opened(engine, run.facts, run.folder, folder, NOTHING_KNOWN)
        for name in (*MADE_OF, mart):
            write_mart(base, MARTS[name], csv=False)
    return duckdb.sql(f"SELECT {columns} FROM '{folder / mart}.parquet' ORDER BY ALL").fetchall()


def claimed(folder: Path, facts: list[Any]) -> list[tuple[Any, ...]]:
    return rows("rpt_claims", "claimed_minor, start_date, end_date", folder, facts)


# --- claims ---------------------------------------------------------------------------------------------------------


def test_days_that_make_up_a_week_stand_for_it(tmp_path: Path) -> None:
    """They are 707, not 1,407: a day was told again since the week was."""
    assert claimed(tmp_path, week("conversion_value", 101, 7)) == [(707, day(0), day(7))]


def test_a_week_stands_for_days_that_are_not_all_of_it(tmp_path: Path) -> None:
    assert claimed(tmp_path, week("conversion_value", 101, 6)) == [(700, day(0), day(7))]


def test_weeks_and_days_of_other_times_or_other_campaigns_are_added_up(tmp_path: Path) -> None:
    facts = [
        *week("conversion_value", 100, 7),
        counted("conversion_value", 50, 7, 7),
        counted("conversion_value", 9, 3, 1, campaign_id="summer"),
        counted("conversion_value", 4, 3, 1, platform="other"),
    ]
    assert claimed(tmp_path, facts) == [(4, day(3), day(4)), (759, day(0), day(14))]


def test_what_is_counted_for_an_account_by_campaign_and_by_creator_is_one_claim(tmp_path: Path) -> None:
    facts = [
        counted("conversion_value", 90, 0, 1),
        counted("conversion_value", 100, 0, 1, campaign_id=None),
        *(counted("conversion_value", 40, 0, 1, campaign_id=None, creator_id=name) for name in ("a", "b")),
    ]
    assert claimed(tmp_path, facts) == [(100, day(0), day(1))]


def test_a_content_with_and_without_its_creator_is_of_one_cut(tmp_path: Path) -> None:
    facts = [counted("conversion_value", 90, 0, 1, content_id="v", creator_id="a")]
    facts += [counted("conversion_value", 100, 1, 1, content_id="w")]
    assert claimed(tmp_path, facts) == [(190, day(0), day(2))]


# --- costs ----------------------------------------------------------------------------------------------------------


def costs(folder: Path, facts: list[Any]) -> dict[str, list[tuple[Any, ...]]]:
    """Return the costs by cut."""
    told = rows("rpt_costs", "cut, value, kind, cost_minor", folder, facts)
    return {cut: [tuple(row) for name, *row in told if name == cut] for cut, *_ in told}


def test_costs_by_day_and_by_week_are_one_cost(tmp_path: Path) -> None:
    facts = [*week("spend", 101, 7, content_id="whole"), *week("spend", 101, 6, content_id="part")]
    assert costs(tmp_path, facts)["content"] == [("part", "spend", 700), ("whole", "spend", 707)]


def test_what_ads_of_an_item_cost_is_a_cut_of_its_own_and_not_added_to_its_campaign(tmp_path: Path) -> None:
    """A campaign of 900; its products 500 and 400; of the first two videos, 300 and 200, one of them for both."""
    facts = [
        counted("spend", 900, 0, 1),
        counted("spend", 500, 0, 1, product_id="p"),
        counted("spend", 400, 0, 1, product_id="q"),
        counted("spend", 300, 0, 1, product_id="p", content_id="v"),
        counted("spend", 200, 0, 1, product_id="p", content_id="w"),
        counted("spend", 150, 0, 1, product_id="q", content_id="w"),
        counted("spend", 70, 0, 1, content_id="live", campaign_id="evening"),
    ]
    found = costs(tmp_path, facts)
    assert found["product"] == [("p", "spend", 500), ("q", "spend", 400)]
    assert found["content"] == [("live", "spend", 70), ("v", "spend", 300), ("w", "spend", 350)]
    assert found["campaign"] == [("evening", "spend", 70), ("spring", "spend", 900)]
    assert found["platform"] == [("network", "spend", 970)]


def test_a_campaign_costs_what_its_ads_do_and_a_platform_what_its_campaigns_do(tmp_path: Path) -> None:
    """One campaign told as a whole and by its ads, one by its ads alone; the account's own total knows of less."""
    facts = [
        counted("spend", 500, 0, 1),
        *(counted("spend", 240, 0, 1, campaign_id=f"spring/group/{ad}") for ad in ("one", "two")),
        *(counted("spend", 60, 0, 1, campaign_id=f"summer/group/{ad}") for ad in ("one", "two")),
        counted("spend", 590, 0, 1, campaign_id=None),
    ]
    found = costs(tmp_path, facts)
    assert found["campaign"] == [("spring", "spend", 500), ("summer", "spend", 120)]
    assert found["platform"] == [("network", "spend", 620)]


def test_a_campaign_whose_name_has_a_slash_is_named_whole(tmp_path: Path) -> None:
    facts = [counted("spend", 100, 0, 1, campaign_id=f"DE%2F{name}") for name in ("search", "social")]
    assert costs(tmp_path, facts)["campaign"] == [("DE/search", "spend", 100), ("DE/social", "spend", 100)]


def test_a_content_in_campaigns_that_are_told_at_unlike_levels_costs_what_all_of_them_do(tmp_path: Path) -> None:
    facts = [
        counted("spend", 100, 0, 1, content_id="v", campaign_id="spring/group/ad"),
        counted("spend", 50, 0, 1, content_id="v", campaign_id="summer"),
    ]
    assert costs(tmp_path, facts)["content"] == [("v", "spend", 150)]


def test_a_content_as_a_whole_and_by_campaign_costs_once(tmp_path: Path) -> None:
    campaigns = [counted("spend", 100, 0, 1, content_id="v", campaign_id=name) for name in ("spring", "summer")]
    facts = [*campaigns, counted("spend", 220, 0, 1, content_id="v", campaign_id=None)]
    assert costs(tmp_path, facts)["content"] == [("v", "spend", 220)]


def test_a_creator_a_campaign_and_a_platform_cost_what_their_contents_do_at_whatever_grain_these_are_told(
    tmp_path: Path,
) -> None:
    """A video told with its product, and a LIVE told without one."""
    facts = [
        *(content(name, creator_id="mia", source="file") for name in ("video", "live", "short")),
        counted("spend", 150, 0, 1, content_id="video", product_id="p"),
        counted("spend", 80, 0, 1, content_id="live"),
        counted("spend", 20, 0, 1, content_id="short", creator_id="leo", campaign_id=None),
    ]
    found = costs(tmp_path, facts)
    assert found["content"] == [("live", "spend", 80), ("short", "spend", 20), ("video", "spend", 150)]
    assert found["creator"] == [("leo", "spend", 20), ("mia", "spend", 230)]
    assert found["campaign"] == [("spring", "spend", 230)]
    assert found["platform"] == [("network", "spend", 250)]


def test_a_content_in_ads_of_several_levels_costs_its_campaign_and_platform_once(tmp_path: Path) -> None:
    facts = [
        counted("spend", 100, 0, 1, content_id="v"),
        *(counted("spend", 50, 0, 1, content_id="v", campaign_id=f"spring/group/{ad}") for ad in ("one", "two")),
    ]
    found = costs(tmp_path, facts)
    assert found["campaign"] == [("spring", "spend", 100)]
    assert found["platform"] == [("network", "spend", 100)]


def test_commissions_of_orders_are_of_the_content_s_creator_where_they_name_none(tmp_path: Path) -> None:
    facts = [
        *(content(name, creator_id="mia", source="net") for name in ("v", "w")),
        order("1", 1, source="net", platform="network"),
        led_by("1", "v", source="net", creator_id=None, commission=25, currency="EUR"),
        led_by("1", "w", source="net", creator_id="leo", commission=5, currency="EUR"),
    ]
    assert costs(tmp_path, facts)["creator"] == [("leo", "commission", 5), ("mia", "commission", 25)]


def test_commissions_of_orders_stand_before_those_that_the_same_source_counts(tmp_path: Path) -> None:
    """By product the orders tell nothing, so there the counts stand; and another source's are its own."""
    own = {"source": "net", "platform": "network"}
    facts = [
        content("v", creator_id="maker", source="net"),
        order("1", 1, **own),
        led_by("1", "v", source="net", creator_id="maker", commission=25, currency="EUR"),
        counted("commissions", 40, 0, 1, content_id="v", campaign_id=None, **own),
        counted("commissions", 60, 0, 1, product_id="p", campaign_id=None, **own),
        counted("commissions", 3, 0, 1, content_id="v", campaign_id=None),
        counted("spend", 7, 0, 1, content_id="v", **own),
    ]
    found = costs(tmp_path, facts)
    assert found["content"] == [("v", "commission", 28), ("v", "spend", 7)]
    assert found["product"] == [("p", "commission", 60)]


# --- the choice -----------------------------------------------------------------------------------------------------


PERIODS = st.builds(
    lambda start, days: Period(FIRST + timedelta(days=start), FIRST + timedelta(days=start + days)),
    st.integers(0, 20),
    st.integers(1, 9),
)


def apart(periods: tuple[Period, ...]) -> bool:
    return all(one.end <= other.start or other.end <= one.start for one, other in combinations(periods, 2))


def worth(periods: Any) -> tuple[int, int]:
    return sum((each.end - each.start).days for each in periods), len(list(periods))


@given(st.sets(PERIODS, max_size=8))
def test_no_other_choice_without_overlap_has_more_days_or_as_many_in_shorter_periods(periods: set[Period]) -> None:
    """Against all choices there are."""
    choices = (some for size in range(len(periods) + 1) for some in combinations(sorted(periods), size))
    found = finest(periods)
    assert apart(tuple(found))
    assert worth(found) == max(worth(some) for some in choices if apart(some))
