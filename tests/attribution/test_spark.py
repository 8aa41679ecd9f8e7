"""Both engines write the same rows: every table, every model, whatever the facts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from jalon import attribution
from jalon.attribution.components import components, components_in_rounds
from jalon.attribution.engines import opened
from jalon.attribution.engines.session import started
from jalon.attribution.halving import halved
from jalon.attribution.models import MODELS
from jalon.attribution.options import Options
from jalon.attribution.run import attribute
from jalon.errors import StoreError
from tests.attribution.handmade_brand import brand
from tests.attribution.spark_here import SMALL, assert_same_tables, needs_spark
from tests.attribution.test_refunds import split_by
from tests.attribution.test_sharing import bought, clicks
from tests.attribution.test_tracing import TRACED
from tests.attribution.timed import timed
from tests.handmade import link, order, refund, same, touch, write

pytestmark = [
    needs_spark,
    pytest.mark.long,
    # pyspark leaves the sockets to its Java to the garbage collector
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

Facts = list[Any]


@pytest.fixture(scope="module", autouse=True)
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Spark is running for all of these tests; each run takes a session of its own in it."""
    session, stop = started(Options(engine="spark", spark_master="local[2]", spark=SMALL), tmp_path_factory.mktemp("s"))
    yield session
    assert session.range(3).count() == 3, "a run leaves Spark running that it did not start"
    stop()


def both(folder: Path, facts: Facts, options: Options) -> Path:
    """Attribute by both engines, compare, and return what Spark wrote."""
    told = write(folder / "facts", facts)
    for engine in ("duckdb", "spark"):
        attribute(told, folder / engine, replace(options, engine=engine, temp_folder=folder / "tmp"))
    assert_same_tables(folder / "duckdb", folder / "spark")
    cards = [json.loads((folder / engine / "run.json").read_text()) for engine in ("duckdb", "spark")]
    assert [card.pop("engine") for card in cards] == ["duckdb", "spark"]
    assert cards[0] == cards[1]
    assert not list((folder / "tmp").glob("*")), "nothing is left of what was kept"
    return folder / "spark"


AWKWARD: Facts = [
    *(touch(f"tie{n}", 1, "tied", channel=("direct", "search", "email")[n % 3]) for n in range(6)),
    order("tied", 1, 1001, person="tied"),
    order("tied-too", 1, 7, person="tied"),
    touch("nobody", 1),
    order("nobody", 2, 100),
    order("zero", 3, 0, person="tied"),
    order("back", 4, 500, person="b1"),
    refund("back", 5, 900),
    touch("é", 3, "b2", content_id=None, campaign="ü 'quoted' \"twice\""),
    same("b1", "b2"),
    same("b2", "b3"),
    order("cancelled", 6, 300, person="b3", status="cancelled", cancelled_at=None),
    order("yen", 7, 4_000_000_000_000, person="b3", currency="JPY"),
    *(same("till", f"one{n}") for n in range(60)),
    order("till", 8, 300, person="till"),
    *(same("tablet", f"account{n}") for n in range(4)),
    *(order(f"account{n}", 8 + n, person=f"account{n}") for n in range(4)),
    *(same(f"chain{n}", f"chain{n + 1}", evidence="click_id" if n == 2 else "order") for n in range(6)),
    order("shown", 8, 1000, person="chain0", presentment_currency="USD", presentment_total=1250),
    refund("shown", 9, 333, currency="USD"),
    order("taxed", 8, 1000, shipping=50, tax=210, total=1260, person="chain1"),
    *(refund("taxed", 9 + n % 2, 333, key=f"taxed{n}", tax=None) for n in range(4)),
    order("taxed-shown", 8, 1000, tax=207, total=1207, presentment_currency="USD", presentment_total=1499),
    *(refund("taxed-shown", 9, 333, key=code, tax=None, currency=code) for code in ("EUR", "USD")),
    order("copy", 9, 1200, origin="network", platform="webshop", person="b1"),
    order("made", 9.01, 1200, source="net", platform="network", selling_mode="native"),
    order("named", 9.5, 10, origin="network", external_ids=("network:made-too",)),
    order("made-too", 9.4, 10, source="net", platform="network", selling_mode="native"),
    link("made", "webshop:nowhere", source="net"),
    order("seen", 9.4, 10, external_ids=("webshop:#1494",)),
    order("claimed", 9.5, 10, source="files", platform="affiliate", origin="webshop", external_ids=("webshop:1494",)),
    clicks("video", 10, 400),
    clicks("quiet", 3, 1, "p2"),
    *(fact for n in range(12) for fact in bought(f"by-video{n}", 10.5, goods=999 + n % 3)),
    *(fact for n in range(20) for fact in bought(f"by-itself{n}", n + 0.5, "p2")),
    *(touch(f"guest{n}", 9, f"guest{n % 3}", order_id=f"guest{n // 2}") for n in range(6)),
    *(same(f"guest{n}", "order:shop:guest0", evidence="purchase") for n in range(2)),
    *(order(f"guest{n}", 9.5, 700 + n) for n in range(3)),
    touch("joins", 5, "b2", kind="sign_up"),
    touch("saw", 3.5, "b3", kind="view", channel="video", content_id="video"),
    *TRACED,
]  # fmt: skip


def test_every_row_of_every_table_is_equal(tmp_path: Path) -> None:
    options = Options(
        models=tuple(MODELS),
        custom=(0.5, 0.2, 0.3),
        conversions=("order", "sign_up"),
        views=0.25,
        skip=("direct",),
        lookback={"email": 5},
        model_lookback={"last": 7},
        max_person=5,
    )
    out = both(tmp_path, [*brand(1), *AWKWARD], options)
    assert all(pq.read_metadata(file).num_rows for file in out.glob("*.parquet")), "each table is put to the test"
    set_aside = json.loads((out / "run.json").read_text())["set_aside"]
    assert set(set_aside) == {"many_links", "many_buyers", "large_person"}


def test_refunds_without_tax_are_parted_alike_to_the_minor_unit() -> None:
    shown = {"presentment_currency": "USD", "presentment_total": 1_499}
    rates = [(200, {}), (55, {}), (196, shown), (10**9 + 7, {})]
    sales = [order(f"{n}", 1, 1000, tax=tax, total=1000 + tax, **more) for n, (tax, more) in enumerate(rates)]
    refunds = [
        refund(
            f"{n}", day, amount, key=f"{n}/{amount:03}", tax=None, currency="USD" if n == 2 and amount % 2 else "EUR"
        )
        for n in range(len(rates))
        for day, amount in enumerate(range(1, 150, 3))
    ]
    found = []
    for name in ("duckdb", "spark"):
        with opened(Options(engine=name)) as engine:
            found.append(split_by(engine, sales, refunds))
    assert found[0] == found[1]
    assert all(row["tax_is_reckoned"] for row in found[0])


def test_no_facts_at_all_are_empty_tables_on_both(tmp_path: Path) -> None:
    out = both(tmp_path, [], Options(models=("linear",)))
    rows = {file.stem: pq.read_metadata(file).num_rows for file in out.glob("*.parquet")}
    assert rows.keys() >= {"sales", "people", "touches", "conversions", "credit", "effects"}
    assert set(rows.values()) == {0}


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", None]),
        st.integers(0, 40),
        st.sampled_from(["search", "email", "direct", None]),
        st.booleans(),
        st.integers(-500, 10_000_000),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=3, phases=[Phase.generate])  # to shrink takes minutes here
@given(ROWS, st.sampled_from(["restart", "continue"]))
def test_the_library_gives_the_same_on_both(rows: list[tuple[Any, ...]], repeat: str) -> None:
    names = ("person", "time", "channel", "conversion", "value")
    types = (pa.string(), pa.timestamp("us", "UTC"), pa.string(), pa.bool_(), pa.float64())
    columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), types, strict=True)]
    table = pa.table(columns, names)
    models = ("time_decay", "markov")
    one, other = (
        attribution.credit(table, models, engine=engine, repeat=repeat, half_life_days=1.3e-10)
        for engine in ("duckdb", "spark")
    )
    assert one.to_pylist() == other.to_pylist()


def test_sums_are_the_same_on_both() -> None:
    rows = [
        (f"p{n % 9}", n * 3_600_000_000, ("search", "email", None)[n % 5 % 3], n % 7 == 0, n / 10) for n in range(80)
    ]
    names = ("person", "time", "channel", "conversion", "value")
    table = timed(pa.table([pa.array(column) for column in zip(*rows, strict=True)], names))
    sums = attribution.sums(table, models=["linear"])
    assert attribution.sums(table, models=["linear"], engine="spark").equals(sums)
    assert {"steps", "pairs", "set", "channel", "credit"} == set(sums["what"].to_pylist())


def test_powers_of_one_half_are_the_same_to_the_last_bit_and_near_the_truth() -> None:
    times = [float(n) for n in range(1100)] + [n / 997 for n in range(20_000)]
    table, found = pa.table({"times": times}), []
    for name in ("duckdb", "spark"):
        with opened(Options(engine=name)) as engine:
            given_ = engine.take("times", table, {"times": "float64"})
            found.append(engine.rows(given_.mutate(half=halved(given_.times)).order_by("times"))["half"].to_pylist())
    assert found[0] == found[1]
    assert found[0] == pytest.approx([2.0**-x for x in sorted(times)], rel=1e-15)


def test_persons_hang_together_without_leaving_the_engine() -> None:
    chain = [(f"c{n:03}", f"c{n + 1:03}") for n in range(60)]
    ring = [(f"r{n:02}", f"r{(n + 1) % 20:02}") for n in range(20)]
    pairs = [*chain, *ring, ("x", "y"), ("y", "x")]
    left, right = (pa.array([pair[side] for pair in pairs]) for side in (0, 1))
    with opened(Options(engine="spark")) as engine:
        schema = {"left": "string", "right": "string"}
        given_ = engine.take("pairs", pa.table({"left": left, "right": right}), schema)
        found = engine.rows(components_in_rounds(engine, given_).order_by("member"))
    assert found.to_pylist() == sorted(components(left, right).to_pylist(), key=lambda row: row["member"])


def test_rows_come_in_the_order_that_is_asked_for() -> None:
    with opened(Options(engine="spark")) as engine:
        table = engine.take("n", pa.table({"n": [3, None, 1, 2]}), {"n": "int64"})
        assert engine.rows(table.order_by(ibis.desc("n")))["n"].to_pylist() == [3, 2, 1, None]


def test_a_damaged_facts_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    facts = write(tmp_path / "facts", AWKWARD)
    damaged = facts / "orders" / "00000000.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-40])
    with pytest.raises(StoreError, match=r"orders/00000000\.parquet") as caught:
        attribute(facts, tmp_path / "out", Options(engine="spark", temp_folder=tmp_path / "tmp"))
    assert "normalize" in caught.value.remedy
    assert not list((tmp_path / "out").glob("*")), "nothing half-made is left"
    assert not list((tmp_path / "tmp").glob("*"))


def test_what_an_engine_wrote_it_can_read_again(tmp_path: Path) -> None:
    facts = write(tmp_path / "facts", AWKWARD[:8])
    attribute(facts, tmp_path / "out", Options(models=("linear",)))
    rows = []
    for name in ("duckdb", "spark"):
        with opened(Options(engine=name)) as engine:
            rows.append(engine.dicts(engine.results(tmp_path / "out" / "sales.parquet").order_by("order_uid")))
    assert rows[0] == rows[1]
    assert rows[0]
