"""The engine for any table: the page's examples, every kind of table, bad input, and that no cent is lost."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jalon import attribution
from jalon.attribution import Columns
from jalon.attribution.models import MODELS
from jalon.errors import ConfigError

PAGE = (Path(__file__).parent.parent.parent / "docs" / "attribution-library.md").read_text()
START = datetime(2026, 3, 1, tzinfo=UTC)
ALL = [name for name in MODELS if name != "custom"]


def table(rows: list[tuple[Any, ...]]) -> pa.Table:
    """Rows (person, days, channel, conversion, value)."""
    names = ("person", "time", "channel", "conversion", "value")
    kinds = (pa.string(), pa.timestamp("us", "UTC"), pa.string(), pa.int64(), pa.float64())
    timed = [(person, START + timedelta(days=days), *rest) for person, days, *rest in rows]
    columns = list(zip(*timed, strict=True)) or [()] * len(names)
    return pa.table({name: pa.array(column, kind) for name, column, kind in zip(names, columns, kinds, strict=True)})


SMALL = [("a", 1, "social", 0, 0.0), ("a", 2, "search", 0, 0.0), ("a", 3, None, 1, 10.01), ("b", 1, "social", 0, 0.0)]


def test_the_examples_of_the_page_hold(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    names: dict[str, Any] = {"folder": tmp_path}
    for block in blocks:
        exec(block, names)


def test_importing_the_package_costs_nothing() -> None:
    heavy = "{'ibis', 'numpy', 'pyarrow', 'duckdb'}"
    told = f"import sys; from jalon import attribution; print(*sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout == "\n"


def test_what_the_package_has_not_is_said() -> None:
    with pytest.raises(AttributeError, match="guess"):
        attribution.guess  # noqa: B018


def test_a_stream_of_arrow_is_a_table() -> None:
    """As polars gives it: an object with `__arrow_c_stream__` of a module that is not pyarrow's."""

    class Frame:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            return table(SMALL).__arrow_c_stream__(requested_schema)

    assert attribution.credit(Frame(), "first").equals(attribution.credit(table(SMALL), "first"))


def test_texts_as_categories_and_views_are_texts() -> None:
    given = table(SMALL)
    coded = given.set_column(2, "channel", given["channel"].dictionary_encode())
    viewed = given.set_column(2, "channel", given["channel"].cast(pa.string_view()))
    expected = attribution.credit(given, "linear")
    assert attribution.credit(coded, "linear").equals(expected)
    assert attribution.credit(viewed, "linear").equals(expected)


def test_without_a_value_each_conversion_is_worth_one() -> None:
    found = attribution.credit(table(SMALL).drop("value"), "linear")
    assert found["credit"].to_pylist() == [Decimal("0.50"), Decimal("0.50")]


def test_no_rows_give_no_rows() -> None:
    empty = table([])
    assert len(attribution.credit(empty, ALL)) == len(attribution.paths(empty)) == 0
    assert len(attribution.channel_effects(empty)) == 0


def test_stages_come_by_a_column() -> None:
    stages = ["discovery", "discovery", "consideration", "discovery", "discovery"]
    rows = [("a", n, "x", int(n == 4), 100.0 * (n == 4)) for n in range(5)]
    staged = table(rows).append_column("stage", pa.array(stages))
    found = attribution.credit(staged, "w_shaped", columns=Columns(stage="stage"))
    assert [float(w) for w in found["weight"].to_pylist()] == [0.3, 0.05, 0.3, 0.05, 0.3]


@pytest.mark.parametrize(
    ("given", "options", "told"),
    [
        (table(SMALL).drop("person"), {}, "no column 'person'"),
        (table(SMALL).set_column(1, "time", pa.array(["monday"] * 4)), {}, "'time' is of string"),
        (table(SMALL).set_column(1, "time", pa.nulls(4, pa.timestamp("us"))), {}, "4 rows have no time"),
        (table([("a", 1, None, 1, float("nan"))]), {}, "too great, or no number"),
        (table([("a", 1, None, 1, 1e18)]), {}, "too great, or no number"),
        (table(SMALL), {"model": "luck"}, "luck"),
        (table(SMALL), {"decimals": 9}, "decimals"),
        (table(SMALL), {"columns": Columns(value="sum")}, "no column 'sum'"),
        ([1, 2], {}, "a list is no table"),
        ("nowhere.parquet", {}, r"no file nowhere\.parquet"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(given: Any, options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        attribution.credit(given, **options)
    assert caught.value.remedy


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    (tmp_path / "clicks.parquet").write_text("person,time\n")
    with pytest.raises(ConfigError, match=r"clicks\.parquet is no Parquet"):
        attribution.paths(tmp_path / "clicks.parquet")


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", None]),
        st.integers(0, 40),
        st.sampled_from(["social", "search", "email", "direct", None]),
        st.integers(0, 1),
        st.integers(-(10**6), 10**8).map(lambda cents: cents / 100),
    ),
    min_size=1,
    max_size=25,
)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.randoms(use_true_random=False))
def test_every_model_shares_out_every_conversion_to_the_cent_whatever_the_order(
    rows: list[tuple[Any, ...]], random: Any
) -> None:
    given = table(rows).append_column("id", pa.array([f"r{n:02}" for n in range(len(rows))]))
    named = Columns(id="id")
    found = attribution.credit(given, [*ALL, "custom"], columns=named, custom=[2, 0, 1])
    _check_sums(found, rows)
    twice = pa.concat_tables([given, given.slice(0, len(rows) // 2)])
    order = list(range(len(twice)))
    random.shuffle(order)
    assert attribution.credit(twice.take(order), [*ALL, "custom"], columns=named, custom=[2, 0, 1]).equals(found)


def _check_sums(found: pa.Table, rows: list[tuple[Any, ...]]) -> None:
    assert pc.min(found["weight"]).as_py() is None or pc.min(found["weight"]).as_py() >= 0
    for model in MODELS:
        of_model = found.filter(pc.equal(found["model"], model))
        summed = of_model.group_by("conversion").aggregate([("weight", "sum"), ("credit", "sum")]).to_pylist()
        told = {row["conversion"]: (row["weight_sum"], row["credit_sum"]) for row in summed}
        assert told == {
            f"r{n:02}": (1, Decimal(str(value)).quantize(Decimal("0.01")))
            for n, (*_, won, value) in enumerate(rows)
            if won
        }
