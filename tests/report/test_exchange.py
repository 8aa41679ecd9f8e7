"""Orders and credit in one currency, by the rates of a file."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.errors import ConfigError
from jalon.normalize.money import EXPONENTS
from jalon.report.figures.gathering import figures
from jalon.report.marts.base import Known
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.marts.rates import Exchange, Rate, exchange_of, read_rates
from jalon.report.page.language import language
from jalon.report.summary import lines
from tests.handmade import Run, order, refund, touch

RATES = """\
date,currency,rate,source
2026-03-01,USD,0.9,bank
2026-03-10,USD,0.8,bank
2026-03-05,JPY,0.006125,
2026-01-01,KWD,3.0001,books
"""
"""START of the tests' facts is 2026-03-01."""
RANDOM = random.Random(7)
CODES = ("EUR", "USD", "JPY", "KWD", "SEK")
MANY = [
    *(
        order(f"o{n}", n % 20, RANDOM.randrange(-(10**4), 10**7), person=f"p{n % 9}", currency=CODES[n % 5])
        for n in range(60)
    ),
    *(touch(f"t{n}", n % 20 - 0.3, f"p{n % 9}", channel=("search", "email", "social")[n % 3]) for n in range(70)),
    *(refund(f"o{n}", 25, 333, currency=CODES[n % 5]) for n in range(0, 60, 7)),
    order("void", 9, 700, person="p1", status="cancelled", currency="USD"),
]


def written(folder: Path, text: str = RATES) -> Path:
    (folder / "rates.csv").write_text(text, encoding="utf-8")
    return folder / "rates.csv"


def marts(folder: Path, facts: list[Any], exchange: Exchange | None) -> dict[str, list[dict[str, Any]]]:
    run = Run(folder, facts, models=["last", "linear"])
    build_marts(run.facts, run.folder, folder / "marts", MartOptions(), Known(exchange=exchange))
    names = ("fct_exchange_rates", "fct_orders", "fct_attributed_revenue")
    return {name: pq.read_table(folder / "marts" / f"{name}.parquet").to_pylist() for name in names}


def expected(minor: int, rate: Decimal, code: str) -> int:
    exact = minor * rate * Decimal(10) ** (2 - EXPONENTS[code])
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def test_each_order_is_converted_by_the_rate_of_its_day_and_its_credit_sums_to_it(tmp_path: Path) -> None:
    made = marts(tmp_path, MANY, read_rates(written(tmp_path), "EUR"))
    rates = {row["rate_uid"]: row for row in made["fct_exchange_rates"]}
    assert list(rates) == ["JPY/2026-03-05", "KWD/2026-01-01", "USD/2026-03-01", "USD/2026-03-10"]
    assert (rates["USD/2026-03-01"]["until_date"], rates["USD/2026-03-10"]["until_date"]) == (date(2026, 3, 10), None)
    assert [row["rate_source"] for row in rates.values()] == ["rates.csv", "books", "bank", "bank"]
    unconverted = 0
    for row in made["fct_orders"]:
        if row["currency"] == "SEK" or (row["currency"] == "JPY" and row["placed_date"] < date(2026, 3, 5)):
            assert row["converted_net"] is row["converted_currency"] is row["rate_uid"] is None
            unconverted += 1
            continue
        rate = Decimal(1) if row["currency"] == "EUR" else rates[row["rate_uid"]]["rate"]
        assert row["converted_currency"] == "EUR"
        assert row["converted_net_minor"] == expected(row["net_minor"], rate, row["currency"])
        assert row["converted_booked_minor"] == expected(row["booked_minor"], rate, row["currency"])
        assert row["converted_reversed_minor"] == row["converted_booked_minor"] - row["converted_net_minor"]
        assert row["converted_net"] == Decimal(row["converted_net_minor"]) / 100
        if row["rate_uid"]:
            found = rates[row["rate_uid"]]
            assert found["from_date"] <= row["placed_date"] < (found["until_date"] or date.max)
    assert 12 < unconverted < 18
    orders = {row["order_uid"]: row for row in made["fct_orders"]}
    for model in ("last", "linear"):
        for uid, one in orders.items():
            credit = [row for row in made["fct_attributed_revenue"] if (row["order_uid"], row["model"]) == (uid, model)]
            told = [row["converted_net_minor"] for row in credit]
            if one["converted_net_minor"] is None:
                assert set(told) <= {None}
            elif credit:
                assert sum(told) == one["converted_net_minor"]
                assert all(
                    abs(row["converted_net_minor"] - one["converted_net_minor"] * row["weight"]) < 1 for row in credit
                )
                assert {row["converted_currency"] for row in credit} == {"EUR"}


def test_the_summary_says_what_all_of_it_is_and_what_has_no_rate(tmp_path: Path) -> None:
    facts = [order("e", 1, 1000), order("u", 2, 500, currency="USD"), order("s", 3, 70, currency="SEK")]
    run = Run(tmp_path, facts, models=["last"])
    known = Known(exchange=read_rates(written(tmp_path), "EUR"))
    build_marts(run.facts, run.folder, tmp_path / "marts", MartOptions(csv=False), known)
    told = figures(tmp_path / "marts", run.folder)
    assert told["converted"] == {
        **{"currency": "EUR", "orders": 2, "net_minor": 1450, "net": "14.50"},
        "without_rate": [{"currency": "SEK", "orders": 1, "net_minor": 70, "net": "0.70"}],
    }
    said = [line.replace("\u202f", " ").replace("\xa0", " ") for line in lines(told, language("en"))]
    assert "In one currency: €14.50 from 2 orders, by the rates of their days" in said
    assert "No rate is known for 1 order of SEK 0.70" in said


def test_without_a_currency_nothing_is_converted_and_nothing_else_changes(tmp_path: Path) -> None:
    without = marts(tmp_path / "a", MANY[:20], None)
    with_own = marts(tmp_path / "b", MANY[:20], Exchange("EUR", ()))
    assert without["fct_exchange_rates"] == with_own["fct_exchange_rates"] == []
    assert {row["converted_net"] for row in without["fct_orders"]} == {None}
    assert {row["currency"] for row in with_own["fct_orders"] if row["converted_net"] is not None} == {"EUR"}
    for name in ("fct_orders", "fct_attributed_revenue"):
        both = [
            [{k: v for k, v in row.items() if "converted" not in k} for row in made[name]]
            for made in (without, with_own)
        ]
        assert both[0] == both[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the column 'date' is missing"),
        ("date,currency\n", "the column 'rate' is missing"),
        ("date,currency,rate,per\n", "there is no column 'per'"),
        ("date,currency,rate\n1.3.2026,USD,1\n", "rates.csv:2: '1.3.2026' is no date"),
        ("date,currency,rate\n2026-03-01,USS,1\n", "rates.csv:2: 'USS' is no currency"),
        ("date,currency,rate\n2026-03-01,EUR,1\n", "'EUR' is the report's own currency"),
        ("date,currency,rate\n2026-03-01,USD,0\n", "'0' is no rate"),
        ("date,currency,rate\n2026-03-01,USD,-1\n", "'-1' is no rate"),
        ("date,currency,rate\n2026-03-01,USD,nan\n", "'nan' is no rate"),
        ("date,currency,rate\n2026-03-01,USD,0,9\n", "more cells than columns"),
        (
            "date,currency,rate\n2026-03-01,USD,1\n2026-03-01,USD,2\n",
            "rates.csv:3: USD has a rate of 2026-03-01 already",
        ),
    ],
)
def test_a_row_that_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_rates(written(tmp_path, text), "EUR")
    assert said in refused.value.message
    assert refused.value.remedy


def test_settings_that_would_do_nothing_or_lead_nowhere_are_refused(tmp_path: Path) -> None:
    def configured(**report: Any) -> Any:
        return SimpleNamespace(report=SimpleNamespace(**{"currency": None, "rates": None, **report}), folder=tmp_path)

    assert exchange_of(configured()) is None
    assert exchange_of(configured(currency="EUR")) == Exchange("EUR", ())
    for report, said in (
        ({"rates": Path("rates.csv")}, "would change nothing"),
        ({"currency": "EUX"}, "no currency 'EUX'"),
        ({"currency": "EUR", "rates": Path("none.csv")}, "cannot be read"),
    ):
        with pytest.raises(ConfigError, match=said):
            exchange_of(configured(**report))


def test_a_spreadsheet_in_french_is_read_with_its_decimal_commas(tmp_path: Path) -> None:
    text = "\ufeffdate;currency;rate;source\n2026-03-01;USD;0,9;Banque de France\n"
    assert read_rates(written(tmp_path, text), "EUR").rates == (
        Rate("USD", date(2026, 3, 1), None, Decimal("0.9"), "Banque de France"),
    )


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["USD", "SEK"]), st.integers(0, 400)), st.decimals("0.001", "1000", places=4)
    )
)
def test_every_day_from_the_first_on_has_one_rate(told: dict[tuple[str, int], Decimal]) -> None:
    start = date(2026, 1, 1)
    rows = [f"{start + timedelta(days=n)},{code},{rate}" for (code, n), rate in told.items()]
    with TemporaryDirectory() as folder:
        rates = read_rates(written(Path(folder), "\n".join(["date,currency,rate", *rows])), "EUR").rates
    for code in ("USD", "SEK"):
        days = sorted(n for of, n in told if of == code)
        for n in (*days, *(n + 1 for n in days)):
            on = start + timedelta(days=n)
            fitting = [each for each in rates if each.currency == code and each.since <= on < (each.until or date.max)]
            latest = max(day for day in days if day <= n)
            assert [each.rate for each in fitting] == [told[code, latest]]
