"""Hold-out tests calibrate every model; what they take goes to nobody, and no other channel gains by it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from jalon.attribution.card import read_card
from jalon.attribution.holdouts import read
from jalon.attribution.intervals import NORMAL
from jalon.attribution.models import MODELS
from jalon.attribution.options import Options
from jalon.cli import cli
from jalon.commands.setup import begin
from jalon.errors import ConfigError
from jalon.normalize.vocabulary import Fact
from tests.attribution.advertised import facts
from tests.handmade import Run, order, touch

MARCH: dict[str, Any] = {"name": "spring", "touches": "ad", "from": "2026-03-01", "to": "2026-03-31"}
SURE = {"error": 0.01}


def two_channels() -> list[Fact]:
    """Ten orders of 1000, each with a touch of the ad and then of a poster."""
    found: list[Fact] = []
    for number in range(10):
        person = f"p{number}"
        found += [
            touch(f"a{number}", number + 1, person, channel="ad"),
            touch(f"b{number}", number + 1.5, person, channel="poster"),
            order(f"{number}", number + 2, 1000, person=person),
        ]
    return found


def by_channel(run: Run, model: str) -> dict[str, int]:
    """Return channel -> net; '' is nobody."""
    channels = {row["touch_uid"]: row["channel"] for row in run.rows("touches")}
    sums: dict[str, int] = {}
    for row in run.rows("credit", model=model):
        name = channels.get(row["touch_uid"], "")
        sums[name] = sums.get(name, 0) + row["net"]
    return sums


def test_what_a_test_did_not_find_is_nobodys(tmp_path: Path) -> None:
    run = Run(
        tmp_path, two_channels(), models=["linear", "first", "last"], holdouts=[{**MARCH, "conversions": 2, **SURE}]
    )
    assert by_channel(run, "linear") == {"ad": 2000, "poster": 5000, "": 3000}
    assert by_channel(run, "first") == {"ad": 2000, "": 8000}
    assert by_channel(run, "last") == {"poster": 10_000}
    left = [row for row in run.rows("credit", model="linear") if row["touch_uid"] is None]
    assert {(row["basis"], row["reason"], row["position"]) for row in left} == {("organic", "organic", 0)}
    for number in range(10):
        assert sum(run.credit(str(number), "linear").values()) == 1000


def test_a_test_that_found_more_takes_from_nobody_and_not_from_other_channels(tmp_path: Path) -> None:
    run = Run(tmp_path, two_channels(), models=["linear"], holdouts=[{**MARCH, "conversions": 8, **SURE}])
    assert by_channel(run, "linear") == {"ad": 5000, "poster": 5000}


def test_the_card_says_what_was_credited_and_found(tmp_path: Path) -> None:
    run = Run(tmp_path, two_channels(), models=["linear"], holdouts=[{**MARCH, "conversions": 2, "low": 1, "high": 3}])
    (told,) = read_card(run.folder)["holdouts"]["linear"]
    assert (told["name"], told["credited"], told["tested"]) == ("spring", 5, 2)
    assert told["error"] == pytest.approx(1 / NORMAL, abs=1e-3)
    sure = (5 * NORMAL) ** 2
    assert told["factor"] == pytest.approx((0.4 * sure + 1) / (sure + 1), abs=1e-4)


def test_orders_that_were_cancelled_are_no_conversions(tmp_path: Path) -> None:
    lost = [touch("c", 20, "c", channel="ad"), order("c", 21, 1000, person="c", status="cancelled")]
    run = Run(tmp_path, [*two_channels(), *lost], models=["linear"], holdouts=[{**MARCH, "conversions": 2, **SURE}])
    assert [row["credited"] for row in run.result.tests["linear"]] == [5]
    assert by_channel(run, "linear") == {"ad": 2000, "poster": 5000, "": 3000}


def test_an_unsure_test_changes_little_and_one_of_other_days_nothing(tmp_path: Path) -> None:
    unsure = Run(
        tmp_path / "a", two_channels(), models=["linear"], holdouts=[{**MARCH, "conversions": 0, "error": 100}]
    )
    assert 4900 < by_channel(unsure, "linear")["ad"] < 5000
    other = {**MARCH, "from": "2026-04-01", "to": "2026-04-30", "conversions": 0, **SURE}
    assert by_channel(Run(tmp_path / "b", two_channels(), models=["linear"], holdouts=[other]), "linear")["ad"] == 5000


def test_money_may_be_what_was_measured(tmp_path: Path) -> None:
    found = {**MARCH, "net": 25, "currency": "EUR", "error": 0.1}
    run = Run(tmp_path, two_channels(), models=["linear"], holdouts=[found])
    assert by_channel(run, "linear")["ad"] == pytest.approx(2500, abs=10)
    dollars = Run(tmp_path / "usd", two_channels(), models=["linear"], holdouts=[{**found, "currency": "USD"}])
    assert by_channel(dollars, "linear")["ad"] == 5000


APRIL = {**MARCH, "name": "april", "from": "2026-03-06", "to": "2026-03-31"}
EARLY = {**MARCH, "name": "march", "to": "2026-03-05"}


def test_tests_of_the_same_touchpoints_count_together_by_how_sure_they_are(tmp_path: Path) -> None:
    """Orders of the days 3 to 5, and 6 to 12 of March: 1.5 and 3.5 are credited."""
    both = [{**EARLY, "conversions": 1.5, "error": 1}, {**APRIL, "conversions": 0, "error": 0.5}]
    run = Run(tmp_path, two_channels(), models=["linear"], holdouts=both)
    first, second = run.result.tests["linear"]
    assert (first["credited"], second["credited"]) == (1.5, 3.5)
    sure = [1.5**2, 7.0**2]
    factor = (1 + 1 * sure[0] + 0 * sure[1]) / (1 + sum(sure))
    assert [first["factor"], second["factor"]] == pytest.approx([factor, factor], abs=1e-4)
    assert by_channel(run, "linear")["ad"] == pytest.approx(5000 * factor, abs=10)


def test_tests_that_agree_are_surer_together_than_each_and_their_order_is_of_no_account(tmp_path: Path) -> None:
    parts = [{**EARLY, "conversions": 0, "error": 1}, {**APRIL, "touches": " ad ", "conversions": 0, "error": 1}]
    asked = {"first": parts[:1], "second": parts[1:], "both": parts, "turned": parts[::-1]}
    left = {
        name: by_channel(Run(tmp_path / name, two_channels(), models=["linear"], holdouts=tests), "linear")["ad"]
        for name, tests in asked.items()
    }
    assert left["both"] < min(left["first"], left["second"])
    assert left["both"] == left["turned"]


def test_money_and_conversions_of_other_days_count_together(tmp_path: Path) -> None:
    both = [{**EARLY, "conversions": 0, **SURE}, {**APRIL, "net": 35, "currency": "EUR", "error": 0.1}]
    run = Run(tmp_path, two_channels(), models=["linear"], holdouts=both)
    assert [row["credited"] for row in run.result.tests["linear"]] == [1.5, 3500]
    sure = [150.0**2, 350.0**2]
    assert by_channel(run, "linear")["ad"] == pytest.approx(5000 * sure[1] / sum(sure), abs=10)


def test_a_test_on_days_of_an_earlier_one_counts_nothing(tmp_path: Path) -> None:
    once, again = {**MARCH, "conversions": 2, **SURE}, {**APRIL, "conversions": 0, **SURE}
    other = {**APRIL, "name": "poster", "touches": "poster", "conversions": 3.5, **SURE}
    run = Run(tmp_path, two_channels(), models=["linear"], holdouts=[once, again, other])
    assert [row["credited"] for row in run.result.tests["linear"]] == [5, 0, 3.5]
    assert [row["factor"] for row in run.result.tests["linear"]] == [0.4, 1, 1]
    assert by_channel(run, "linear") == {"ad": 2000, "poster": 5000, "": 3000}


@pytest.mark.parametrize("goods", [10**14, 2**53 - 2])
def test_money_of_the_greatest_orders_is_held_against_a_test(tmp_path: Path, goods: int) -> None:
    sold = [touch("a", 1, "p", channel="ad"), touch("b", 1.5, "p", channel="poster"), order("1", 2, goods, person="p")]
    found = {**MARCH, "net": goods / 400, "currency": "EUR", "error": goods / 1e9}
    run = Run(tmp_path, sold, models=["linear"], holdouts=[found])
    (told,) = run.result.tests["linear"]
    assert told["credited"] == pytest.approx(goods / 2, rel=1e-6)
    assert told["factor"] == pytest.approx(0.5, abs=1e-4)


def test_every_model_keeps_its_sums_and_other_channels_their_credit(tmp_path: Path) -> None:
    models = [name for name in MODELS if name != "custom"]
    plain = Run(tmp_path / "plain", facts(), models=models)
    run = Run(tmp_path / "tested", facts(), models=models, holdouts=[{**MARCH, "conversions": 10, "error": 1}])
    for model in models:
        before, after = by_channel(plain, model), by_channel(run, model)
        assert sum(before.values()) == sum(after.values())
        assert after["ad"] < before["ad"]
        assert after["poster"] == pytest.approx(before["poster"], abs=len(plain.rows("sales")))
    assert by_channel(plain, "last").get("", 0) < by_channel(run, "last")[""]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({**MARCH, "conversions": 1, "error": 1, "lift": 2}, "no key lift"),
        ({**MARCH, "error": 1}, "does not say what was brought"),
        ({**MARCH, "net": 5, "error": 1}, "does not say what was brought"),
        ({**MARCH, "conversions": 1}, "how sure"),
        ({**MARCH, "conversions": 1, "low": 1, "high": 1}, "how sure"),
        ({**MARCH, "conversions": 2, "low": 1, "high": 3, "error": 1}, "how sure it is twice"),
        ({**MARCH, "conversions": 2, "high": 3, "error": 1}, "how sure it is twice"),
        ({**MARCH, "conversions": 2, "low": 3, "high": 1}, "2, which is not between low = 3 and high = 1"),
        ({**MARCH, "net": 30, "currency": "EUR", "low": 1, "high": 5}, "net = 30, which is not between low = 1 and"),
        ({**MARCH, "to": "2026-02-01", "conversions": 1, "error": 1}, "ends before"),
        ({**MARCH, "from": "spring", "conversions": 1, "error": 1}, "is no day"),
        ({**MARCH, "conversions": "12", "error": 1}, "conversions = '12', which is no number"),
        ({**MARCH, "net": 1e308, "currency": "EUR", "error": 1}, "net = 1e[+]308 with .* of 1, which is too great"),
        ({**MARCH, "net": 5, "currency": "EUR", "error": 1e308}, "net = 5 with .* of 1e[+]308, which is too great"),
        ({**MARCH, "conversions": float("nan"), "error": 1}, "conversions = nan"),
        ({**MARCH, "conversions": 1, "error": float("inf")}, "error = inf"),
        ({**MARCH, "conversions": 1, "low": "1", "high": 3}, "low = '1'"),
        ({**MARCH, "to": datetime(2026, 12, 31, tzinfo=UTC), "conversions": 1, "error": 1}, "is an instant, no day"),
        ({**MARCH, "net": 1, "currency": "euro", "error": 1}, "names no currency: 'euro'"),
        ({**MARCH, "touches": "colour:red", "conversions": 1, "error": 1}, "names no touchpoints"),
    ],
)
def test_what_is_no_test_is_refused_by_name(row: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        Options(holdouts=[row])
    assert caught.value.remedy


def test_a_currency_may_be_written_small() -> None:
    (found,) = read([{**MARCH, "net": 3, "currency": "jpy", "error": 1}])
    assert (found.currency, found.lift) == ("JPY", 3)


def test_days_are_whole_days_of_utc() -> None:
    (found,) = read([{**MARCH, "conversions": 3, "error": 1}])
    assert found.until - found.since == 31 * 86_400_000_000


TOML = """
[attribution]
models = ["linear"]
prior_conversions = 7
model_error = 0.2
intent = ["direct", "search+campaign:Brand*"]

[[attribution.holdouts]]
name = "spring"
touches = "ad"
from = 2026-03-01
to = 2026-03-31
conversions = 2
low = 1
high = 3
"""


def test_a_test_that_calibrates_nothing_is_told(tmp_path: Path) -> None:
    begin(tmp_path, ())
    path = tmp_path / "jalon.toml"
    path.write_text(path.read_text() + TOML.replace('"ad"', '"adds"').replace("search+campaign", "seach+campaign"))
    told = CliRunner().invoke(cli, ["attribute", "--config", str(path)])
    assert told.exit_code == 0, told.output
    assert (
        "hold-out test 'spring' calibrates nothing, since its days credit its touchpoints nothing, or an earlier test "
        "has them: linear"
    ) in " ".join(told.output.split())
    for pattern in ("adds", "seach+campaign:Brand*", "direct"):
        assert f"no touchpoint fits {pattern!r}" in told.output


def test_tests_that_calibrate_nothing_are_told_one_by_one_though_they_have_one_name(tmp_path: Path) -> None:
    begin(tmp_path, ())
    path = tmp_path / "jalon.toml"
    path.write_text(path.read_text() + TOML + TOML[TOML.index("[[") :])
    told = CliRunner().invoke(cli, ["attribute", "--config", str(path)])
    assert " ".join(told.output.split()).count("'spring' calibrates nothing") == 2


def test_patterns_that_hold_by_default_need_not_occur(tmp_path: Path) -> None:
    run = Run(tmp_path, two_channels(), models=["linear"], holdouts=[{**MARCH, "conversions": 2, **SURE}])
    assert run.result.patterns_unmet == []


def test_what_jalon_toml_says_reaches_the_engine(tmp_path: Path) -> None:
    begin(tmp_path, ())
    path = tmp_path / "jalon.toml"
    path.write_text(path.read_text() + TOML)
    told = CliRunner().invoke(cli, ["attribute", "--config", str(path)])
    assert told.exit_code == 0, told.output
    card = read_card(tmp_path / "data" / "attribution")
    assert (card["prior_conversions"], card["model_error"]) == (7, 0.2)
    assert card["intent"] == ["direct", "search+campaign:Brand*"]
    assert card["holdouts"]["linear"][0]["name"] == "spring"
