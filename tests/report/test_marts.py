"""The marts: shapes as documented, keys that hold, money that agrees, files that are safe to open."""

from __future__ import annotations

import csv
import shutil
from decimal import Decimal
from functools import cached_property
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jalon.attribution.models import MODELS, USUAL
from jalon.errors import StoreError
from jalon.normalize.channels import CHANNELS
from jalon.report import marts, people
from jalon.report.marts.making import MAKERS, MartOptions, Marts, build_marts
from jalon.report.marts.shapes import Mart
from jalon.report.marts.tables import MARTS
from tests.handmade import (
    Run,
    answer,
    content,
    day,
    led_by,
    line,
    measure,
    order,
    product,
    refund,
    same,
    tag,
    touch,
    write,
)

ROOMS = (marts, people)
PLACES = "FACTS of fact_marts.py, QUESTIONS of question_marts.py or DIMENSIONS of dimensions.py in jalon/report/marts"
FORMULA = '=HYPERLINK("http://evil.example","open")'
FACTS = [
    touch("view", 1, "cookie", kind="view", channel="network", content_id="v1"),
    touch(
        "tag",
        2,
        "cookie",
        kind="tag_click",
        channel="network",
        content_id="v1",
        selling_mode="linked",
        campaign=FORMULA,
    ),
    touch("cart", 3, "a", kind="add_to_cart", channel="site"),
    touch("nobody", 3, None, kind="view", channel="network"),
    touch("left", 1, "c", kind="add_to_cart", channel="site"),
    same("cookie", "a"),
    order("1", 4, 1001, person="a", tax=190, total=1191),
    order("2", 9, 500, person="a", currency="JPY"),
    order("3", 9, 12345, currency="KWD"),
    order("void", 9, 700, person="b", status="cancelled"),
    touch("b", 8, "b", channel="search"),
    order("77", 9, 800, source="net", platform="network", selling_mode="native", channel="network"),
    order("copy", 9, 800, origin="network", external_ids=("network:77",)),
    led_by("77", "v1", source="net", commission=80, currency="EUR"),
    refund("1", 6, 301),
    content("v1", "-1+1 is a caption", source="net"),
    measure("views", 5000, source="net", content_id="v1"),
    measure("gmv", 123456, source="net", currency="EUR", joinable=False),
    line("1", "1", source="shop", product_id="p2", goods=1001, gross=1001),
    line("lost", "1", source="shop"),
    tag("v1", "p1"),
    product("p1", "small", price=900),
    product("p1", "large", price=1100),
    answer("nps", 9, person="cookie", order_id="1"),
]


class Made:
    def __init__(self, folder: Path, facts: list[Any], *, csv: bool = False, **options: Any) -> None:
        self.run = Run(folder, facts, **options)
        self.folder = folder / "marts"
        self.marts: Marts = build_marts(self.run.facts, self.run.folder, self.folder, MartOptions(csv))

    @cached_property
    def _views(self) -> duckdb.DuckDBPyConnection:
        views = duckdb.connect()
        for name in MARTS:
            views.execute(f"CREATE VIEW {name} AS SELECT * FROM '{self.folder / name}.parquet'")
        return views

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Query the marts by name, as a BI tool would."""
        return self._views.execute(query).fetchall()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("marts"), FACTS, csv=True)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("empty"), [], csv=True)


_IS = {
    "text": pa.types.is_string,
    "integer": pa.types.is_int64,
    "decimal": pa.types.is_decimal,
    "instant": lambda kind: str(kind) == "timestamp[us, tz=UTC]",
    "date": pa.types.is_date32,
    "boolean": pa.types.is_boolean,
}


EMPTY = {"rpt_content_estimates", "rpt_traced_contents", "bridge_traced_contents", "rpt_conversion_credit"} | {
    "run_ledger",
    "rpt_purchase_models",
    "rpt_persona_map",
    "rpt_targets",
    "rpt_restated",
    "fct_exchange_rates",
}
"""Marts that have no row here."""
GIVEN = {"dim_channels": len(CHANNELS) + 1, "dim_models": len(MODELS), "dim_stages": 29 + 5 * 3 + 1, "dim_dates": 0} | {
    "rpt_stage_measures": 21
}
"""Rows of tables when nothing is known: other dimensions have the member for what names none, measures say why."""


@pytest.mark.parametrize("name", MARTS)
def test_files_have_the_documented_columns_even_when_empty(made: Made, empty: Made, name: str) -> None:
    for each in (made, empty):
        schema = pq.read_schema(each.folder / f"{name}.parquet")
        assert schema.names == MARTS[name].names
        for column in MARTS[name].columns:
            assert _IS[column.type](schema.field(column.name).type), column.name
        with (each.folder / f"{name}.csv").open(newline="") as file:
            rows = list(csv.reader(file))
        assert rows[0] == MARTS[name].names
        assert len(rows) - 1 == each.marts.rows[name]
    assert (made.marts.rows[name] > 0) == (name not in EMPTY), "nothing is shared out, nor asked for beside orders"
    assert empty.marts.rows[name] == GIVEN.get(name, int(MARTS[name].is_dimension))


@pytest.mark.parametrize("name", MARTS)
def test_primary_keys_are_unique_and_filled(made: Made, name: str) -> None:
    key = MARTS[name].primary_key
    assert made.sql(f"SELECT {', '.join(key)} FROM {name} GROUP BY ALL HAVING count(*) > 1") == []
    assert made.sql(f"SELECT * FROM {name} WHERE {' OR '.join(f'{c} IS NULL' for c in key)}") == []


def test_net_revenue_agrees_between_orders_and_every_model(made: Made) -> None:
    orders = made.sql(
        "SELECT currency, sum(net_minor), sum(net) FROM fct_orders WHERE is_sale GROUP BY ALL ORDER BY ALL"
    )
    assert orders == [("EUR", 1500, Decimal("15.0000")), ("JPY", 500, Decimal(500)), ("KWD", 12345, Decimal("12.345"))]
    for (model,) in made.sql("SELECT DISTINCT model FROM fct_attributed_revenue"):
        credited = f"SELECT currency, sum(net_minor), sum(net) FROM fct_attributed_revenue WHERE model = '{model}'"
        assert made.sql(f"{credited} GROUP BY ALL ORDER BY ALL") == orders
        assert made.sql(f"SELECT sum(weight) FROM fct_attributed_revenue WHERE is_sale AND model = '{model}'") == [(4,)]


def test_credit_on_the_map_and_what_is_unknown_are_all_there_is(made: Made) -> None:
    for preset in ("canonical", "lifecycle"):
        rows = made.sql(
            f"""WITH placed AS (SELECT model, currency, sum(net_minor) n FROM rpt_journey_credit WHERE preset =
            '{preset}' GROUP BY ALL), lost AS (SELECT model, currency, sum(net_minor) n FROM fct_attributed_revenue
            WHERE basis = 'unknown' GROUP BY ALL)
            SELECT model, currency, sum(n) FROM (FROM placed UNION ALL FROM lost) GROUP BY ALL"""
        )
        assert {(currency, net) for _, currency, net in rows} == {("EUR", 1500), ("JPY", 500), ("KWD", 12345)}
        assert len(rows) == 3 * len(USUAL)


def test_the_map_counts_touchpoints_persons_and_who_went_on(made: Made) -> None:
    columns = "stage, channel, touchpoints, persons, persons_onward"
    rows = made.sql(
        f"SELECT {columns} FROM rpt_journey_map WHERE preset = 'canonical' ORDER BY stage_position, channel"
    )
    assert rows == [
        ("awareness", "network", 2, 1, 1),
        ("discovery", "network", 1, 0, 0),
        ("discovery", "search", 1, 1, 1),
        ("consideration", "network", 1, 1, 1),
        ("decision", "site", 2, 2, 1),
        ("purchase", "network", 1, 0, 0),
        ("purchase", "site", 3, 2, 1),
        ("loyalty", "site", 1, 1, 0),
    ]
    repeat = made.sql(
        "SELECT touchpoints FROM rpt_journey_map WHERE preset = 'lifecycle' AND stage = 'repeat_purchase'"
    )
    assert repeat == [(1,)]


def test_orders_say_how_they_were_sold_and_which_count(made: Made) -> None:
    rows = made.sql(
        "SELECT order_id, selling_mode, is_sale, counted_because, duplicate_of FROM fct_orders ORDER BY order_id"
    )
    assert rows == [
        ("1", "linked", True, "own", None),
        ("2", "communication", True, "own", None),
        ("3", "communication", True, "own", None),
        ("77", "native", True, "own", None),
        ("copy", "communication", False, "copy_by_id", "net:77"),
        ("void", "communication", False, "own", None),
    ]


def test_a_text_that_a_spreadsheet_would_run_is_neutralised_in_csv_alone(tmp_path: Path) -> None:
    hostile = [
        FORMULA,
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\uff1d1",
        "plain = text",
        'quote " and , comma\nline',
        "",
    ]
    made = Made(tmp_path, [touch(f"t{i:02d}", 1, None, campaign=text) for i, text in enumerate(hostile)], csv=True)
    with (made.folder / "fct_touchpoints.csv").open(newline="") as file:
        told = [row["campaign"] for row in csv.DictReader(file)]
    assert told == [f"'{text}" for text in hostile[:8]] + hostile[8:]
    assert [text for (text,) in made.sql("SELECT campaign FROM fct_touchpoints ORDER BY touch_uid")] == hostile


def test_negative_money_stays_a_number_in_csv(tmp_path: Path) -> None:
    made = Made(tmp_path, [order("1", 1, 500), refund("1", 2, 700)], csv=True)
    with (made.folder / "fct_orders.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["net_minor"], row["net"]) == ("-200", "-2.0000")


def test_measures_keep_their_newest_word_and_its_finality(tmp_path: Path) -> None:
    facts = [
        measure("views", 10, observed_at=1, finality="processing", content_id="v"),
        measure("views", 30, observed_at=3, content_id="v"),
        measure("views", 20, observed_at=2, finality="estimate", content_id="v"),
    ]
    made = Made(tmp_path, facts)
    assert made.sql("SELECT value, finality, epoch_us(as_of_at), amount FROM fct_measures") == [(30, "final", 3, None)]


def test_the_same_input_gives_the_same_bytes(made: Made, tmp_path: Path) -> None:
    build_marts(made.run.facts, made.run.folder, tmp_path, MartOptions(threads=4))
    for path in made.folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_rows_in_another_order_give_the_same_bytes(made: Made, tmp_path: Path) -> None:
    attribution = tmp_path / "attribution"
    shutil.copytree(made.run.folder, attribution)
    touches = pq.read_table(attribution / "touches.parquet")
    pq.write_table(touches.take(list(range(len(touches)))[::-1]), attribution / "touches.parquet")
    build_marts(made.run.facts, attribution, tmp_path / "marts")
    for path in made.folder.iterdir():
        assert (tmp_path / "marts" / path.name).read_bytes() == path.read_bytes(), path.name


def test_without_csv_there_is_none(made: Made, tmp_path: Path) -> None:
    build_marts(made.run.facts, made.run.folder, tmp_path, MartOptions(csv=False))
    assert {path.suffix for path in tmp_path.iterdir()} == {".parquet", ".json"}, "the dictionary stays"


def test_before_attribution_it_says_what_to_run(tmp_path: Path) -> None:
    facts = write(tmp_path / "facts", FACTS)
    with pytest.raises(StoreError, match="Run `jalon attribute` first"):
        build_marts(facts, tmp_path / "none", tmp_path / "marts")


def test_a_sum_too_great_for_its_table_names_the_table_and_what_to_look_for(tmp_path: Path) -> None:
    """Each amount fits, and their sum for the buyer does not."""
    facts = [order(str(number), number, 4 * 10**13, person="a", currency="VND") for number in (1, 2, 3)]
    with pytest.raises(StoreError, match=r"120000000000000\) is too great for the table \w+") as caught:
        Made(tmp_path, facts)
    assert "barcodes in a column of prices" in caught.value.remedy
    assert not list((tmp_path / "marts").glob("*.parquet"))


def test_a_mart_has_its_shape_its_place_and_what_makes_it() -> None:
    """A new mart is named in three places, which this test finds: shapes are read where nothing can be made."""
    homes = [import_module(f"{room.__name__}.{each.name}") for room in ROOMS for each in iter_modules(room.__path__)]
    shaped = {each.name: home.__name__ for home in homes for each in vars(home).values() if isinstance(each, Mart)}
    unlisted = {name: home for name, home in shaped.items() if name not in MARTS}
    assert not unlisted, f"these marts have a shape and are not listed in jalon/report/marts/tables.py: {unlisted}"
    unmade = {name: shaped[name] for name in MARTS if name not in MAKERS}
    assert not unmade, f"nothing makes these marts: add them to {PLACES}: {unmade}"
    shapeless = sorted(set(MAKERS) - set(MARTS))
    assert not shapeless, f"these are made and not listed in jalon/report/marts/tables.py: {shapeless}"


def test_every_column_is_documented() -> None:
    for mart in MARTS.values():
        assert set(mart.primary_key) <= set(mart.names)
        assert all(column.meaning for column in mart.columns)
        assert len(set(mart.names)) == len(mart.names)


def test_modelled_credit_stands_beside_its_interval_and_apart_from_what_was_observed(tmp_path: Path) -> None:
    clicked = {"content_id": "v1", "product_id": "p1", "start_date": day(9), "end_date": day(10)}
    sold = [(order(f"{n}", 9, 800, selling_mode="native", channel="network"), line(f"{n}", "1")) for n in range(6)]
    facts = [content("v1", "A film"), measure("tag_clicks", 90, **clicked), *(fact for pair in sold for fact in pair)]
    modelled = Made(tmp_path, facts)
    rows = modelled.sql(
        "SELECT weight_low <= weight AND weight <= weight_high, channel, stage, content_id, creator_id, "
        "estimate_uid, touch_uid "
        "FROM fct_attributed_revenue WHERE model = 'linear' AND basis = 'modelled'"
    )
    assert rows == [(True, "network", "consideration", "v1", "creator-1", "shop:modelled/v1", None)] * 6
    (estimate,) = modelled.sql(
        "SELECT estimate_uid, orders_low <= orders AND orders <= orders_high, alike FROM rpt_content_estimates"
    )
    assert estimate == ("shop:modelled/v1", True, None)
    on_map = modelled.sql(
        "SELECT net_minor, modelled_minor FROM rpt_journey_credit WHERE preset = 'canonical' AND model = 'linear'"
    )
    credited = modelled.sql(
        "SELECT sum(net_minor) FROM fct_attributed_revenue WHERE model = 'linear' AND basis = 'modelled'"
    )
    assert on_map == [(credited[0][0], credited[0][0])]
