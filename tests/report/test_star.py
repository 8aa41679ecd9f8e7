"""The marts as a star: keys that hold on every build, one date table, names that tools take, a dictionary."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jalon.attribution.engines.duckdb import DuckDB
from jalon.errors import StoreError
from jalon.report.marts.base import Account, Known, RunRow, opened
from jalon.report.marts.checks import faults
from jalon.report.marts.dictionary import dictionary
from jalon.report.marts.making import MAKERS, MartOptions, build_marts
from jalon.report.marts.shapes import NONE
from jalon.report.marts.tables import MARTS
from tests.handmade import Run, at, order, refund, touch
from tests.report.test_marts import FACTS, Made

RESERVED = """
all and any array as asc between by case cast collate column create cross current_date current_time date day default
desc distinct else end except exists extract false fetch for foreign from full grant group having in inner intersect
interval into is join lateral left like limit month natural new not null of offset on or order outer over partition
primary range recursive references right row rows select set some start table then to trigger true union unique user
using values when where window with within year
"""
"""Words that PostgreSQL, BigQuery, Snowflake or T-SQL take for their own."""
KNOWN = Known(
    accounts={"shop": Account("hook", "Web shop"), "idle": Account("files", "Files")},
    runs=[
        RunRow(1, "shop", "sync", at(1), at(1) + 5, "ok", 3, 7, 2, 1),
        RunRow(2, "gone", "sync", at(400), None, "", 0, 0, 0, 0),
    ],
    names={"network": "The Network"},
)


class Star:
    def __init__(self, folder: Path) -> None:
        self.run = Run(folder, FACTS)
        self.folder = folder / "marts"
        build_marts(self.run.facts, self.run.folder, self.folder, MartOptions(csv=False), KNOWN)

        self._db = duckdb.connect()
        for name in MARTS:
            self._db.execute(f"CREATE VIEW {name} AS SELECT * FROM '{self.folder / name}.parquet'")

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        return self._db.execute(query).fetchall()


@pytest.fixture(scope="module")
def star(tmp_path_factory: pytest.TempPathFactory) -> Star:
    return Star(tmp_path_factory.mktemp("star"))


def test_every_key_that_a_column_holds_is_there(star: Star) -> None:
    """Recounted apart from the checks of the build."""
    for mart in MARTS.values():
        for column in mart.foreign_keys:
            other = MARTS[column.references]
            lost = star.sql(
                f"SELECT {column.name} FROM {mart.name} WHERE {column.name} IS NOT NULL AND {column.name} NOT IN "
                f"(SELECT {other.key} FROM {other.name})"
            )
            assert lost == [], (mart.name, column.name)
        for name in mart.filled:
            assert star.sql(f"SELECT count(*) FROM {mart.name} WHERE {name} IS NULL") == [(0,)], (mart.name, name)


def test_a_join_with_any_dimension_loses_no_row_and_doubles_none(star: Star) -> None:
    for mart in MARTS.values():
        (rows,) = star.sql(f"SELECT count(*) FROM {mart.name}")
        for column in mart.foreign_keys:
            if column.names_member:
                key = MARTS[column.references].key
                joined = f"{mart.name} f JOIN {column.references} d ON f.{column.name} = d.{key}"
                assert star.sql(f"SELECT count(*) FROM {joined}") == [rows], (mart.name, column.name)


def test_buyers_of_what_is_not_counted_are_members_but_no_known_persons(tmp_path: Path) -> None:
    """A copy names its buyer otherwise; a test, a sample and an order that was never paid have buyers too."""
    made = Made(
        tmp_path,
        [
            touch("t", 1, "looks"),
            order("sold", 1, person="buys", source="net", platform="network", selling_mode="native"),
            order("copy", 1, person="copied", origin="network", external_ids=("network:sold",)),
            order("test", 1, person="tests", kind="test"),
            order("sample", 1, person="sampled", kind="sample"),
            order("open", 1, person="waits", status="pending", paid_at=None),
        ],
    )
    assert made.sql("SELECT person, is_told, is_customer FROM dim_customers ORDER BY ALL") == [
        ("(none)", False, False),
        ("buys", True, True),
        ("copied", False, False),
        ("looks", True, False),
        ("sampled", False, False),
        ("tests", False, False),
        ("waits", False, False),
    ]
    assert made.sql("SELECT value FROM rpt_stage_measures WHERE measure = 'known_persons'") == [(2,)]


def test_what_is_only_named_is_a_member_too(star: Star) -> None:
    told = star.sql("SELECT product_id, is_told, variants, price_low, price_high, sku FROM dim_products ORDER BY 1")
    assert [row[:3] for row in told] == [(NONE, False, None), ("p1", True, 2), ("p2", False, None)]
    assert (*map(float, told[1][3:5]), told[1][5]) == (9.0, 11.0, None), "variants differ in their SKU"
    (v1,) = star.sql("SELECT creator_id, products, told_by, is_told FROM dim_content WHERE content_id = 'v1'")
    assert v1 == ("creator-1", 1, 1, True)
    assert star.sql("SELECT content_id, product_id FROM bridge_content_products") == [("v1", "p1")]


def test_lines_answers_and_refunds_know_their_order_and_person(star: Star) -> None:
    assert star.sql("SELECT order_id, order_uid, is_sale FROM fct_order_lines ORDER BY order_id") == [
        ("1", "shop:1", True),
        ("lost", None, False),
    ]
    assert star.sql("SELECT order_uid, goods_minor FROM fct_refunds") == [("shop:1", 301)]
    assert star.sql("SELECT score, person, order_uid FROM fct_survey_answers") == [(9, "a", "shop:1")], (
        "the cookie is that person"
    )


def test_refunds_that_are_counted_are_those_that_orders_tell(tmp_path: Path) -> None:
    """The copy of an order tells the refund of the sale again; the third is of an order that nobody tells of."""
    sale = {"source": "net", "platform": "network"}
    facts = [
        order("1", 1, 1000, selling_mode="native", **sale),
        order("copy", 1, 1000, origin="network", external_ids=("network:1",)),
        *(refund("1", 3, 400, **sale), refund("copy", 3, 400), refund("gone", 3, 7)),
    ]
    made = Made(tmp_path, facts)
    assert made.sql("SELECT sum(goods_minor) FROM fct_refunds WHERE is_counted") == [(400,)]
    assert made.sql("SELECT sum(reversed_minor) FROM fct_orders") == [(400,)]


def test_customers_are_all_known_persons(star: Star) -> None:
    rows = star.sql("SELECT person, is_customer, sales, touchpoints FROM dim_customers ORDER BY person")
    assert rows == [(NONE, False, None, None), ("a", True, 2, 5), ("b", False, 0, 2), ("c", False, 0, 1)]


def test_accounts_and_runs_are_what_the_workplace_knows(star: Star) -> None:
    rows = star.sql("SELECT source, connector, is_configured, newest_at IS NOT NULL FROM dim_accounts ORDER BY source")
    assert rows == [
        (NONE, None, False, False),
        ("gone", None, False, False),
        ("idle", "files", True, False),
        ("net", None, False, True),
        ("shop", "hook", True, True),
    ]
    assert star.sql("SELECT run_id, source, outcome, new_records FROM run_ledger ORDER BY 1") == [
        (1, "shop", "ok", 7),
        (2, "gone", "", 0),
    ]


def test_channels_have_the_name_and_place_that_people_know(star: Star) -> None:
    (found,) = star.sql("SELECT title, channel_group FROM dim_channels WHERE channel = 'network'")
    assert found == ("The Network", "other")
    assert star.sql("SELECT count(DISTINCT position) = count(position) FROM dim_channels") == [(True,)]


def test_there_is_one_date_table_without_gaps_and_in_whole_years(star: Star) -> None:
    days = [day for (day,) in star.sql("SELECT date_day FROM dim_dates ORDER BY 1")]
    assert all((later - sooner).days == 1 for sooner, later in pairwise(days))
    assert (days[0].isoformat(), days[-1].isoformat()) == ("2026-01-01", "2027-12-31"), "a run of 2027 is in the ledger"
    dated = [column for mart in MARTS.values() for column in mart.foreign_keys if column.type == "date"]
    assert {column.references for column in dated} == {"dim_dates"}
    (row,) = star.sql("SELECT * EXCLUDE date_day FROM dim_dates WHERE date_day = '2027-01-01'")
    assert (row[0], row[1], row[2], row[4], row[5], row[7], row[8]) == (2027, 1, 1, 2026, 53, 5, False)


def test_the_map_by_month_sums_to_the_map(star: Star) -> None:
    cells = "preset, stage, channel, sum(touchpoints)"
    assert star.sql(f"SELECT {cells} FROM fct_journey_map GROUP BY ALL ORDER BY ALL") == star.sql(
        f"SELECT {cells} FROM rpt_journey_map GROUP BY ALL ORDER BY ALL"
    )
    segments = dict(
        star.sql("SELECT segment, sum(touchpoints) FROM fct_journey_map WHERE preset='canonical' GROUP BY 1")
    )
    known = "count(*) FILTER (person <> '(none)' AND is_customer), count(*) FILTER (person = '(none)')"
    (counted,) = star.sql(f"SELECT {known} FROM fct_touchpoints WHERE is_counted")
    assert (segments["returning"], segments["unknown"]) == counted


def test_the_maps_of_segments_sum_to_the_map_and_count_their_own_persons(star: Star) -> None:
    cells = "preset, stage, channel, sum(touchpoints)"
    assert star.sql(f"SELECT {cells} FROM rpt_segment_map GROUP BY ALL ORDER BY ALL") == star.sql(
        f"SELECT {cells} FROM rpt_journey_map GROUP BY ALL ORDER BY ALL"
    )
    segment = "CASE WHEN person = '(none)' THEN 'unknown' WHEN is_customer THEN 'returning' ELSE 'new' END segment"
    persons = "count(DISTINCT person) FILTER (person <> '(none)')"
    by_hand = f"SELECT stage, channel, {segment}, {persons} FROM fct_touchpoints WHERE is_counted GROUP BY ALL"
    told = "SELECT stage, channel, segment, persons FROM rpt_segment_map WHERE preset = 'canonical'"
    assert star.sql(f"{told} ORDER BY ALL") == star.sql(f"{by_hand} ORDER BY ALL")
    went_on = "SELECT sum(persons_onward) FROM rpt_segment_map WHERE preset = 'canonical' AND segment = 'new'"
    assert star.sql(went_on) == star.sql(
        """WITH t AS (SELECT person, stage, channel, kind, is_customer, occurred_at, position FROM fct_touchpoints
        JOIN dim_stages USING (stage) WHERE is_counted AND person <> '(none)' AND preset = 'canonical')
        SELECT count(DISTINCT (person, stage, channel)) FROM t WHERE NOT is_customer AND EXISTS
        (SELECT 1 FROM t n WHERE n.person = t.person AND n.position > t.position AND n.occurred_at >= t.occurred_at
        AND n.kind NOT IN ('delivery', 'support', 'return_requested', 'refund', 'survey'))"""
    )


def test_daily_content_metrics_are_the_days_of_content_alone(star: Star) -> None:
    assert star.sql("SELECT content_id, metric, value, finality FROM fct_content_metrics_daily") == [
        ("v1", "views", 5000, "final")
    ]


def test_daily_revenue_is_the_revenue(star: Star) -> None:
    summed = "SELECT currency, sum(net_minor) FROM {} GROUP BY ALL ORDER BY ALL"
    assert star.sql(summed.format("rpt_revenue_daily")) == star.sql(
        summed.format("(SELECT * FROM fct_orders WHERE is_sale)")
    )
    booked = "SELECT currency, sum(booked), sum(reversed), sum({}) FROM {} GROUP BY ALL HAVING sum(booked) <> 0"
    assert sorted(star.sql(booked.format("orders", "rpt_revenue_daily"))) == sorted(
        star.sql(booked.format("is_sale::INT", "fct_orders"))
    )


@pytest.mark.parametrize("name", MARTS)
def test_names_are_such_as_tools_take(name: str) -> None:
    names = [name, *MARTS[name].names]
    assert all(each == each.lower() and each.replace("_", "").isalnum() and not each[0].isdigit() for each in names)
    assert not set(RESERVED.split()) & set(names)
    assert name.split("_", maxsplit=1)[0] in ("fct", "dim", "rpt", "bridge", "run")
    assert max(map(len, names)) <= 63, "PostgreSQL cuts longer ones"


def test_relations_are_many_to_one_and_lead_round_no_circle() -> None:
    """What is referred to has a key of one column, and is made of nothing that refers to it; so BI joins no m:n."""
    places = {name: place for place, name in enumerate(MARTS)}
    for mart in MARTS.values():
        for column in mart.foreign_keys:
            assert MARTS[column.references].primary_key == (MARTS[column.references].key,)
            assert column.references != mart.name
            if column.names_member:
                assert places[column.references] > places[mart.name], "its members are gathered after"
    for bridge in (mart for name, mart in MARTS.items() if name.startswith("bridge_")):
        assert set(bridge.primary_key) <= {column.name for column in bridge.foreign_keys}
    assert set(MAKERS) == set(MARTS)


def test_the_dictionary_is_written_beside_and_tells_every_column(star: Star) -> None:
    told = json.loads((star.folder / "dictionary.json").read_text())
    assert told == dictionary()
    assert Counter(len(table["columns"]) for table in told["tables"]) == Counter(len(m.columns) for m in MARTS.values())
    credit = next(table for table in told["tables"] if table["name"] == "fct_attributed_revenue")
    assert {"column": "order_uid", "table": "fct_orders", "refers_to": "order_uid"} in credit["foreign_keys"]
    assert {each["name"]: each["may_be_empty"] for each in credit["columns"]}["touch_uid"]


@pytest.mark.parametrize(
    ("mart", "spoilt", "said"),
    [
        ("fct_orders", "SELECT * FROM t UNION ALL SELECT * FROM t", "key order_uid is not unique (6 rows)"),
        ("dim_models", "SELECT * FROM t WHERE model <> 'linear'", "model names no row of dim_models (1 row)"),
        ("dim_dates", "SELECT * FROM t LIMIT 0", "placed_date names no row of dim_dates (6 rows)"),
        ("fct_attributed_revenue", "SELECT * REPLACE (net_minor + 1 AS net_minor) FROM t", "is not that of the order"),
        (
            "fct_attributed_revenue",
            "SELECT * FROM t WHERE model <> 'linear'",
            "is not credited by every model (4 rows)",
        ),
        ("fct_refunds", "SELECT * REPLACE (NULL::DATE AS refunded_date) FROM t", "empty refund_uid"),
    ],
)
def test_what_is_wrong_is_named_with_its_rows(star: Star, tmp_path: Path, mart: str, spoilt: str, said: str) -> None:
    shutil.copytree(star.folder, tmp_path / "marts")
    path = tmp_path / "marts" / f"{mart}.parquet"
    with duckdb.connect() as db:
        db.execute(f"CREATE TABLE t AS FROM '{path}'")
        db.execute(f"COPY ({spoilt}) TO '{path}'")
    with DuckDB() as engine:
        base = opened(engine, star.run.facts, star.run.folder, tmp_path / "marts", KNOWN)
        found = [str(fault) for fault in faults(base)]
    assert any(said in fault for fault in found), found


def test_marts_that_contradict_themselves_are_not_put_in_place(
    star: Star, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = MAKERS["fct_orders"]
    monkeypatch.setitem(MAKERS, "fct_orders", lambda base: own(base).union(own(base)))
    with pytest.raises(StoreError, match="marts contradict themselves: fct_orders: key order_uid is not unique"):
        build_marts(star.run.facts, star.run.folder, tmp_path / "marts", MartOptions(csv=False))
    assert list((tmp_path / "marts").iterdir()) == []
