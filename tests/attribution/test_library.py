"""The engine for any table: the page's examples, every kind of table, bad input, and that no cent is lost."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jalon import attribution
from jalon.attribution import Columns
from jalon.attribution.models import MODELS
from jalon.errors import ConfigError

PAGE = (Path(__file__).parent.parent.parent / "docs" / "attribution-library.md").read_text()
README = (Path(__file__).parent.parent.parent / "README.md").read_text()
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


TIMELESS = table(SMALL).set_column(1, "time", pa.array([START, START, None, START], pa.timestamp("us", "UTC")))
"""The third row does not tell its time."""


def test_the_examples_of_the_page_hold(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    names: dict[str, Any] = {"folder": tmp_path}
    for block in blocks:
        exec(block, names)


def test_the_example_of_the_readme_holds() -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    told = {key: str(credit) for key, credit in names["by_channel"].items()}
    assert told["last", "email"] == "99.99"
    assert told["linear", "social"] == "33.33"


@pytest.mark.parametrize("blank", ["", "  ", "\t", "\u00a0"])
def test_a_blank_text_is_missing_and_takes_no_conversion(blank: str) -> None:
    """Exports write what is not there as an empty text: it is no channel, and no person that all strangers are."""
    told, blanked = (
        table(
            [("a", 1, "social", 0, 0.0), ("a", 2, none, 1, 100.0), (none, 3, "search", 0, 0.0), (none, 4, none, 1, 7.0)]
        )
        for none in (None, blank)
    )
    for way in (attribution.paths, attribution.sums, lambda rows: attribution.credit(rows, ["last", "linear"])):
        assert way(blanked).equals(way(told))
    last = attribution.credit(blanked, "last")
    assert [(row["channel"], str(row["credit"])) for row in last.to_pylist()] == [("social", "100.00"), (None, "7.00")]
    named = blanked.append_column("stage", pa.array([blank] * 4)).append_column("kind", pa.array([blank] * 4))
    assert attribution.credit(named, "last", columns=Columns(stage="stage", kind="kind"), views="exclude").equals(last)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_numbers_may_be_texts_and_blank_ones_are_missing(kind: pa.DataType) -> None:
    rows = [("a", 1, "social", 0, 0.0), ("a", 2, None, 1, 10.01), ("b", 3, "search", 1, 0.0)]
    flags, amounts = pa.array(["", "1", " 1"], kind), pa.array([" ", "10.01 ", ""], kind)
    told = table(rows).set_column(3, "conversion", flags).set_column(4, "value", amounts)
    assert attribution.credit(told, "linear").equals(attribution.credit(table(rows), "linear"))


def test_importing_the_package_costs_nothing() -> None:
    heavy = "{'ibis', 'numpy', 'pyarrow', 'duckdb'}"
    told = f"import sys; from jalon import attribution; print(*sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout == "\n"


def test_what_the_package_has_not_is_said() -> None:
    with pytest.raises(AttributeError, match="guess"):
        attribution.guess  # noqa: B018


def test_frames_of_pandas_and_polars_are_tables() -> None:
    given = table(SMALL)
    expected = attribution.credit(given, "linear")
    assert attribution.credit(given.to_pandas(), "linear").equals(expected)
    framed = polars.from_arrow(given)
    assert isinstance(framed, polars.DataFrame)
    assert attribution.credit(framed, "linear").equals(expected)
    assert polars.DataFrame(expected)["credit"].sum() == Decimal("10.01")


def test_texts_as_categories_and_views_are_texts() -> None:
    given = table(SMALL)
    coded = given.set_column(2, "channel", given["channel"].dictionary_encode())
    viewed = given.set_column(2, "channel", given["channel"].cast(pa.string_view()))
    expected = attribution.credit(given, "linear")
    assert attribution.credit(coded, "linear").equals(expected)
    assert attribution.credit(viewed, "linear").equals(expected)


def test_categories_of_polars_and_ids_of_persons_are_read() -> None:
    framed = polars.DataFrame(table(SMALL))
    expected = attribution.credit(table(SMALL), "linear")
    for kind in (polars.Categorical, polars.Enum(["search", "social"])):
        assert attribution.credit(framed.with_columns(polars.col("channel").cast(kind)), "linear").equals(expected)
    report = polars.DataFrame(MAIL)
    coded = report.with_columns(polars.col("path").cast(polars.Categorical))
    assert attribution.credit_of_paths(coded).equals(attribution.credit_of_paths(report))
    a, b = UUID(int=2**127 + 255), UUID(int=7)
    told = attribution.paths(table(SMALL).to_pandas().assign(person=[a, a, a, b]))
    assert set(told["person"].to_pylist()) == {str(a), str(b)}


def test_frames_of_pandas_that_cannot_be_read_are_refused_by_the_column() -> None:
    frame = table(SMALL).to_pandas()
    for bad, told in (
        (frame.assign(person=["a", "a", 1, 2]), "'person' cannot be read"),
        (frame.assign(value=["a", 1, 2, 3]), "'value' cannot be read"),
        (frame.iloc[:, [0, 1, 2, 2, 3, 4]], "2 columns 'channel'"),
        (frame["person"], "a Series is no table"),
        (polars.Series("person", [1]), "a Series is no table"),
        (table(SMALL).append_column("channel", pa.array(["x"] * 4)), "2 columns 'channel'"),
    ):
        with pytest.raises(ConfigError, match=told):
            attribution.credit(bad, "linear")
    expected = attribution.credit(frame, "linear")
    assert attribution.credit(frame.assign(note=["a", 1, None, 2.5]), "linear").equals(expected), "it is not looked at"


def test_whole_numbers_that_a_missing_one_made_floats_are_whole() -> None:
    given = table(SMALL).drop("person")
    whole = given.append_column("person", pa.array([78945612300001, 78945612300001, 78945612300001, 7]))
    floats = given.append_column("person", pa.array([78945612300001.0, 78945612300001.0, 78945612300001.0, 7.0]))
    assert attribution.paths(floats).equals(attribution.paths(whole))
    assert attribution.paths(floats)["person"].to_pylist()[0] == "78945612300001"
    parts = given.append_column("person", pa.array([0.5, 0.5, 0.5, 7.0]))
    with pytest.raises(ConfigError, match="person"):
        attribution.paths(parts)


def test_rows_without_an_id_are_rows_of_their_own() -> None:
    given = table(SMALL).append_column("id", pa.array(["x", None, "z", None]))
    told = attribution.paths(given, columns=Columns(id="id"))
    assert sorted(told["touch"].to_pylist(), key=str) == [None, None, "x"]


def test_without_a_value_each_conversion_is_worth_one() -> None:
    found = attribution.credit(table(SMALL).drop("value"), "linear")
    assert found["credit"].to_pylist() == [Decimal("0.50"), Decimal("0.50")]


@pytest.mark.parametrize(
    "value",
    [
        pa.array([Decimal("45035996273704.97")]),
        pa.array([Decimal("70368744177664.125")]),
        pa.array([90071992547408]),
        pa.array([Decimal("9.995")], pa.decimal128(4, 3)),
        pa.array([Decimal("9.995")], pa.decimal256(60, 3)),
    ],
)
def test_decimals_and_whole_numbers_are_taken_as_they_are(value: pa.Array) -> None:
    given = table([("a", 1, "x", 1, 0.0)]).set_column(4, "value", value)
    (credit,) = attribution.credit(given, "last")["credit"].to_pylist()
    assert credit == Decimal(value[0].as_py()).quantize(Decimal("0.01"))


def test_where_each_conversion_is_worth_one_the_early_touchpoints_are_not_favoured() -> None:
    rows = [(f"p{n}", place, "abc"[place], int(place == 2), 1.0) for n in range(300) for place in range(3)]
    given = table(rows).drop("value")
    told = attribution.credit(given, "linear").group_by("channel").aggregate([("credit", "sum")]).to_pylist()
    assert [float(row["credit_sum"]) for row in told] == pytest.approx([100] * 3, abs=0.001)
    summed = attribution.credit_of_sums(attribution.sums(given, models=["linear"]))["credit"].to_pylist()
    assert [float(credit) for credit in summed] == pytest.approx([100] * 3, abs=0.001)
    assert attribution.credit(given, "linear", decimals=1)["credit"].type.scale == 1


@pytest.mark.parametrize("columns", [Columns(), Columns(id="id")])
def test_the_touchpoint_of_a_conversion_is_the_last_where_times_are_days(columns: Columns) -> None:
    rows = [("a", 0, "zeta", 0, 0.0), ("a", 0, "alpha", 1, 10.0), ("a", 0, "mail", 0, 0.0)]
    given = table(rows).append_column("id", pa.array(["3", "1", "2"]))
    for order in ([0, 1, 2], [2, 1, 0]):
        found = attribution.credit(given.take(order), ["last", "first"], columns=columns)
        told = {row["model"]: row["channel"] for row in found.to_pylist()}
        assert told["last"] == "alpha"
        assert told["first"] != "alpha"


@pytest.mark.parametrize("repeat", ["restart", "continue"])
def test_of_several_conversions_of_a_day_each_has_its_own_touchpoint_last(repeat: str) -> None:
    rows = [("a", 0, "zeta", 0, 0.0), ("a", 1, "search", 1, 20.0), ("a", 1, "email", 1, 10.0), ("a", 1, "ad", 0, 0.0)]
    for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
        given = table(rows).take(order)
        found = attribution.credit(given, "last", repeat=repeat).to_pylist()
        assert {row["channel"]: str(row["credit"]) for row in found} == {"search": "20.00", "email": "10.00"}
        assert all(row["touch"] == row["conversion"] for row in found)
        ways = attribution.paths(given, repeat=repeat).to_pylist()
        assert [row["channel"] for row in ways if row["value"] == Decimal(10)] == ["zeta", "ad", "email"]


def test_no_rows_give_no_rows() -> None:
    empty = table([])
    assert len(attribution.credit(empty, ALL)) == len(attribution.paths(empty)) == 0
    assert len(attribution.channel_effects(empty)) == 0
    assert len(attribution.credit(polars.DataFrame(schema=empty.column_names), ALL)) == 0, "no column has a type"


@pytest.mark.parametrize("state", ["stage", "stage_channel"])
def test_what_has_no_stage_is_at_a_stage_of_its_own_and_keeps_its_credit(state: str) -> None:
    rows = [("a", 1, "social", 0, 0.0), ("a", 2, "search", 0, 0.0), ("a", 3, None, 1, 9.0), ("b", 1, "search", 1, 5.0)]
    staged = table(rows).append_column("stage", pa.array(["decision", None, None, " "]))
    named = Columns(stage="stage")
    for model in (name for name in ALL if MODELS[name].learns):
        found = attribution.credit(staged, model, columns=named, markov_state=state)
        assert (pc.sum(found["weight"]).as_py(), pc.sum(found["credit"]).as_py()) == (2, 14), model
    effects = attribution.channel_effects(staged, "markov", columns=named, markov_state="stage")
    assert effects["state"].to_pylist() == ["decision", "unknown"]


@pytest.mark.parametrize(
    ("custom", "weights"),
    [
        ([1, 2, 3], ["0.166666667", "0.333333333", "0.500000000"]),
        ([1e-6, 1, 1], ["0.000000500", "0.499999750", "0.499999750"]),
        ({"discovery": 1, "consideration": 1 / 3, "decision": 1}, ["0.428571429", "0.142857143", "0.428571428"]),
    ],
)
def test_weights_of_ones_own_are_as_exact_as_they_are_told(custom: Any, weights: list[str]) -> None:
    rows = [("a", 1, "x", 0, 0.0), ("a", 2, "y", 0, 0.0), ("a", 3, "z", 1, 100.0)]
    staged = table(rows).append_column("stage", pa.array(["discovery", "consideration", "decision"]))
    found = attribution.credit(staged, "custom", columns=Columns(stage="stage"), custom=custom)
    assert [f"{weight:f}" for weight in found["weight"].to_pylist()] == weights


def test_weights_of_ones_own_hold_on_the_longest_journeys() -> None:
    many = 200_000
    rows = {
        "person": ["a"] * many,
        "time": [START] * many,
        "channel": ["x"] * many,
        "conversion": [0] * (many - 1) + [1],
        "value": [0.0] * (many - 1) + [9e9],
    }
    for custom in ([1, 1, 1], [1e-3, 1, 9e-5]):
        found = attribution.credit(pa.table(rows), "custom", custom=custom, max_touches=many)
        first, last = (found["weight"][place].as_py() for place in (0, len(found) - 1))
        assert pc.sum(found["credit"]).as_py() == 9 * 10**9
        assert (float(first), float(last)) == pytest.approx([custom[n] / sum(custom) for n in (0, 2)], rel=0.01)


def test_a_view_weighs_just_the_part_that_is_told() -> None:
    rows = table([("a", 1, "x", 0, 0.0), ("a", 2, "y", 0, 0.0), ("a", 3, None, 1, 100.0)])
    rows = rows.append_column("how", pa.array(["view", "click", None]))
    for views, weight in ((1 / 3, "0.250000000"), (0.00125, "0.001248439")):
        found = attribution.credit(rows, "linear", columns=Columns(kind="how"), views=views)
        assert str(found["weight"][0].as_py()) == weight


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
        (table(SMALL).set_column(1, "time", pa.array([1772323200] * 4)), {}, "'time' holds numbers"),
        (table(SMALL).set_column(1, "time", pa.nulls(4, pa.timestamp("us"))), {}, "4 rows have no time.* row 0"),
        (TIMELESS, {}, "row 2 has no time"),
        (table(SMALL).set_column(1, "time", pa.array([10**15] * 4, pa.timestamp("s"))), {}, "'time' .* out of bounds"),
        (table([*SMALL, ("a", 1, None, 1, float("nan"))]), {}, "nan in row 4, .* too great, or no number"),
        (table(SMALL).set_column(3, "conversion", pa.array([0.0, 1.0, float("nan"), 0.0])), {}, "NaN.* 1 rows.* row 2"),
        (table(SMALL).set_column(3, "conversion", pa.array(["yes"] * 4)), {}, "'conversion' cannot be read.*'yes'"),
        (table([("a", 1, None, 1, 1e18)]), {}, "too great, or no number"),
        (table([("a", 1, None, 1, 1.0)]).set_column(4, "value", pa.array([2**63 - 1])), {}, "too great, or no number"),
        (table(SMALL), {"model": "luck"}, "luck"),
        (table(SMALL), {"decimals": 9}, "decimals"),
        (table(SMALL), {"columns": Columns(value="sum")}, "no column 'sum'"),
        ([1, 2], {}, "a list is no table"),
        (polars.Series([1, 2]), {}, "a Series is no table"),
        (polars.DataFrame({"person": [1]}, {"person": polars.Int128}), {}, "the table cannot be read: .*"),
        ("nowhere.parquet", {}, r"no file nowhere\.parquet"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(given: Any, options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        attribution.credit(given, **options)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"lookback_day": 3}, "lookback_day.*Did you mean 'lookback_days'"),
        ({"lookback_days": float("inf")}, "lookback_days = inf"),
        ({"lookback_days": 1e9}, "lookback_days"),
        ({"lookback_days": "30"}, "lookback_days = '30'"),
        ({"lookback": {"email": float("inf")}}, "lookback of email"),
        ({"lookback": 5}, "lookback = 5 is no table"),
        ({"half_life_days": float("nan")}, "half_life_days"),
        ({"max_touches": 1.5}, "max_touches = 1.5"),
        ({"decimals": 1.5}, "decimals = 1.5"),
        ({"decimals": "2"}, "decimals = '2'"),
        ({"threads": -1}, "threads = -1"),
        ({"memory_limit": "abc"}, "memory_limit = 'abc'"),
        ({"temp_folder": 5}, "temp_folder = 5"),
        ({"repeat": "xx"}, "no repeat 'xx'.*restart, continue"),
        ({"views": True}, "views = True"),
        ({"skip": None}, "skip = None"),
        ({"skip": [1]}, "skip: 1 names no"),
        ({"custom": ["a", "b", "c"], "model": "custom"}, "are no weights"),
        ({"custom": "abc"}, "are no weights"),
        ({"columns": {"person": "person"}}, "names no columns"),
        ({"model": 5}, "models = 5"),
        ({"models": ["first"]}, "`model`"),
        ({"as_of": 5}, "as_of would change nothing"),
        ({"conversions": ["sign_up"]}, "conversions would change nothing"),
        ({"share_out": False}, "share_out would change nothing"),
        ({"skip": ["campaign:Brand*"]}, "campaign of touchpoints"),
        ({"views": 0.25}, "views would change nothing.*kind of touchpoints.*Columns"),
        ({"views": "exclude"}, "views would change nothing"),
        ({"markov_state": "stage_channel"}, "markov_state would change nothing.*stage of touchpoints.*Columns"),
        ({"model": "custom", "custom": {"decision": 1}}, "custom would change nothing"),
        ({"lookback": {"kind:view": 3}}, "kind of touchpoints.*Columns"),
        ({"holdouts": {"name": "x"}}, "no list of tests"),
    ],
)
def test_options_that_cannot_be_or_would_do_nothing_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        attribution.credit(table(SMALL), **options)
    assert re.search(told, f"{caught.value}: {caught.value.remedy}")


def test_effects_are_of_models_that_learn() -> None:
    with pytest.raises(ConfigError, match="'linear' learns nothing"):
        attribution.channel_effects(table(SMALL), "linear")
    with pytest.raises(ConfigError, match="learns nothing"):
        attribution.channel_effects(table(SMALL), ["markov"])  # type: ignore[arg-type]


def test_a_temporary_folder_may_be_told_as_text(tmp_path: Path) -> None:
    expected = attribution.credit(table(SMALL), "last")
    assert attribution.credit(table(SMALL), "last", temp_folder=str(tmp_path / "spill")).equals(expected)


def test_hold_out_tests_in_money_are_in_the_values_of_the_table() -> None:
    rows = [(f"p{n}", n % 9 + place / 9, ("ad", "poster")[place], place, 10.0) for n in range(90) for place in range(2)]
    found: dict[str, Any] = {"name": "spring", "touches": "ad", "from": "2026-03-01", "to": "2026-03-31", "error": 0.01}
    for decimals in (2, 3):
        credit = attribution.credit(table(rows), "linear", holdouts=[{**found, "net": 90}], decimals=decimals)
        sums = credit.group_by("channel").aggregate([("credit", "sum")]).to_pylist()
        told = {row["channel"]: float(row["credit_sum"]) for row in sums}
        assert told == pytest.approx({"ad": 90, "poster": 450, None: 360}, abs=0.5)
        [test] = json.loads(credit.schema.metadata[b"holdouts"])["linear"]
        assert test == {"name": "spring", "credited": 450, "tested": 90, "error": 0.01, "factor": 0.2}
    with pytest.raises(ConfigError, match="names a currency"):
        attribution.credit(table(rows), "linear", holdouts=[{**found, "net": 90, "currency": "EUR"}])
    with pytest.raises(ConfigError, match="surface of touchpoints"):
        attribution.credit(table(rows), holdouts=[{**found, "touches": "surface:live", "net": 90}])


def test_hold_out_tests_of_successive_months_count_together_and_one_that_repeats_days_is_refused() -> None:
    rows = [(f"p{n}", n % 9 + place / 9, ("ad", "poster")[place], place, 10.0) for n in range(90) for place in range(2)]
    found: dict[str, Any] = {"touches": "ad", "from": "2026-03-01", "to": "2026-03-05", "error": 0.01}
    first, second = {**found, "name": "a", "conversions": 0}, {**found, "name": "b", "conversions": 0}
    second |= {"from": "2026-03-06", "to": "2026-03-31"}

    def of_ad(*tests: dict[str, Any]) -> float:
        credit = attribution.credit(table(rows), "linear", holdouts=tests)
        return sum(float(row["credit"]) for row in credit.to_pylist() if row["channel"] == "ad")

    alone, both = (
        of_ad({**first, "conversions": 25, "error": 5}),
        of_ad({**first, "conversions": 25, "error": 5}, second),
    )
    assert (both < 1, alone > 300) == (True, True)
    with pytest.raises(ConfigError, match="'b' would change nothing, since an earlier one has its touchpoints"):
        of_ad(first, {**second, "from": "2026-03-05"})


def test_a_hold_out_test_that_changes_nothing_is_warned_of_and_the_table_tells_it() -> None:
    rows = [("p", 1, "ad", 0, 0), ("p", 2, None, 1, 10.0)]
    found = {"name": "spring", "from": "2026-03-01", "to": "2026-03-31", "conversions": 3, "error": 1}
    of_others, of_other_days = {**found, "touches": "ad*"}, {**found, "touches": "email"}
    of_others |= {"name": "winter", "from": "2025-12-01", "to": "2025-12-31"}
    with pytest.warns(UserWarning, match="changes nothing under 'last'") as warned:
        credit = attribution.credit(table(rows), "last", holdouts=[of_others, of_other_days])
    assert [str(each.message).split("'")[1] for each in warned] == ["winter", "spring"]
    assert {each.filename for each in warned} == {__file__}
    assert [test["factor"] for test in json.loads(credit.schema.metadata[b"holdouts"])["last"]] == [1, 1]
    assert attribution.credit(table(rows), "last").equals(credit)


def test_money_of_many_places_is_held_against_a_test() -> None:
    rows = [("p", place / 9, ("ad", "poster")[place], place, 2e7) for place in range(2)]
    found = {"name": "x", "touches": "ad", "from": "2026-03-01", "to": "2026-03-31", "net": 5e6, "error": 1.0}
    credit = attribution.credit(table(rows), "linear", holdouts=[found], decimals=6)
    told = {row["channel"]: float(row["credit"]) for row in credit.to_pylist()}
    assert told == pytest.approx({"ad": 5e6, "poster": 1e7, None: 5e6}, rel=1e-3)


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    (tmp_path / "clicks.parquet").write_text("person,time\n")
    with pytest.raises(ConfigError, match=r"clicks\.parquet is no Parquet"):
        attribution.paths(tmp_path / "clicks.parquet")


def test_files_of_a_folder_are_one_table_whatever_columns_each_has(tmp_path: Path) -> None:
    rows = table([("a", 1, "x", 0, 0.0), ("a", 2, "y", 0, 0.0), ("a", 3, None, 1, 100.0)])
    whole = attribution.credit(rows, "linear")
    for day, part in (("1", rows.slice(0, 2).drop_columns("value")), ("2", rows.slice(2))):
        (tmp_path / f"day={day}").mkdir()
        pq.write_table(part, tmp_path / f"day={day}" / "part-0.parquet")
    (tmp_path / "_SUCCESS").touch()
    assert attribution.credit(tmp_path, "linear").equals(whole)
    assert set(attribution.paths(tmp_path, columns=Columns(channel="day"))["channel"].to_pylist()) == {"1", "2"}
    pq.write_table(pa.table({"person": [pa.scalar(1.5)]}), tmp_path / "odd.parquet")
    with pytest.raises(ConfigError, match="one column in several types"):
        attribution.paths(tmp_path)
    (tmp_path / "none").mkdir()
    with pytest.raises(ConfigError, match="no Parquet file in"):
        attribution.paths(tmp_path / "none")


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
    """Nor does it matter what is told twice, or that a channel is named which is on nobody's journey."""
    given = table(rows).append_column("id", pa.array([f"r{n:02}" for n in range(len(rows))]))
    named = Columns(id="id")
    found = attribution.credit(given, [*ALL, "custom"], columns=named, custom=[2, 0, 1])
    _check_sums(found, rows)
    nobody_s = table([(None, 5, "poster", 0, 0.0)]).append_column("id", pa.array(["nobody's"]))
    more = pa.concat_tables([given, given.slice(0, len(rows) // 2), nobody_s])
    order = list(range(len(more)))
    random.shuffle(order)
    assert attribution.credit(more.take(order), [*ALL, "custom"], columns=named, custom=[2, 0, 1]).equals(found)


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


# --- paths as texts -------------------------------------------------------------------------------------------------

MAIL = pa.table({"path": ["ga", "mail", "ga > mail"], "conversions": [2, 1, 1], "others": [1, 0, 0]})


def test_paths_as_texts_are_the_worked_example() -> None:
    found = attribution.credit_of_paths(MAIL).to_pydict()
    assert found["channel"] == ["ga", "mail"]
    assert found["effect"] == pytest.approx([0.75, 0.5])
    assert found["markov"] == pytest.approx([2.4, 1.6])
    assert (found["first"], found["last"], found["linear"]) == ([3, 1], [2, 2], [2.5, 1.5])


def test_paths_as_texts_give_what_the_same_journeys_give_as_rows() -> None:
    paths = ["a > b > a", "b", "c>b", "a > b > a", "c > c"]
    won, lost = [1, 0, 2, 1, 1], [0, 3, 1, 1, 0]
    texts = pa.table({"path": paths, "conversions": won, "others": lost, "value": [10.0, 0, 5, 20, 1]})
    rows = [
        (f"{n}/{times}", place, channel.strip(), int(times < w and place == path.count(">")), 1.0)
        for n, (path, w, k) in enumerate(zip(paths, won, lost, strict=True))
        for times in range(w + k)
        for place, channel in enumerate(path.split(">"))
    ]
    for order in (1, 2, 3):
        found = attribution.credit_of_paths(texts, value="value", order=order)
        effects = attribution.channel_effects(table(rows), "markov", markov_order=order)
        assert found["effect"].to_pylist() == pytest.approx(effects["effect"].to_pylist())
    for model in ("first", "last", "linear", "shapley"):
        credit = attribution.credit(table(rows), model).group_by("channel").aggregate([("weight", "sum")])
        told = {row["channel"]: float(row["weight_sum"]) for row in credit.to_pylist()}
        own = dict(zip(found["channel"].to_pylist(), found[model].to_pylist(), strict=True))
        assert own == pytest.approx(told | {c: 0 for c in own if c not in told}, abs=1e-8)
        assert sum(found[f"{model}_value"].to_pylist()) == pytest.approx(36)


def test_rows_of_one_path_may_be_split_and_mixed() -> None:
    split = pa.table(
        {"path": ["ga > mail", "ga", "mail", "ga", "ga"], "conversions": [1, 1, 1, 1, 0], "others": [0, 0, 0, 0, 1]}
    )
    assert attribution.credit_of_paths(split).equals(attribution.credit_of_paths(MAIL))
    assert len(attribution.credit_of_paths(MAIL.slice(0, 0))) == 0


@pytest.mark.parametrize(
    ("given", "options", "told"),
    [
        (MAIL, {"path": "way"}, "no column 'way'"),
        (MAIL, {"order": 5}, "order = 5"),
        (MAIL, {"separator": ""}, "parts no path"),
        (MAIL.set_column(1, "conversions", pa.array([1, -1, 0])), {}, "below zero"),
        (MAIL.set_column(0, "path", pa.array([["ga"], ["ga"], ["mail", "ga"]])), {}, "'path' cannot be read"),
        (MAIL.set_column(1, "conversions", pa.array(["x", "y", "z"])), {}, "'conversions' cannot be read"),
        (MAIL.set_column(0, "path", pa.array(["ga >", "ga", ""])), {}, "without a name"),
        (MAIL.set_column(0, "path", pa.array(["ga", "ga", None])), {}, "gaps"),
    ],
)
def test_paths_that_cannot_be_read_are_refused_by_name(given: pa.Table, options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        attribution.credit_of_paths(given, **options)


@pytest.mark.parametrize("model", ["markov", "shapley_rate"])
def test_a_channel_that_is_skipped_on_every_journey_is_none(model: str) -> None:
    """Its steps leave no mark on what is counted, nor on the memory of the steps after them."""
    ways = [("search", "direct", "email", "social"), ("direct", "email", "email"), ("social", "direct", "search")]
    rows = [
        (f"p{n}", n % 7 + place / 10, channel, 0, 0.0) for n in range(60) for place, channel in enumerate(ways[n % 3])
    ]
    sold = [(f"p{n}", n % 7 + 1, None, 1, 5.0) for n in range(0, 60, 4)]
    skipped = attribution.channel_effects(table([*rows, *sold]), model, skip=["direct"], markov_order=3)
    never = attribution.channel_effects(
        table([row for row in [*rows, *sold] if row[2] != "direct"]), model, markov_order=3
    )
    assert skipped.to_pylist() == never.to_pylist()
    assert {row["channel"] for row in never.to_pylist()} == {"search", "email", "social"}
