"""Amounts are read exactly, or refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.normalize.money import EXPONENTS, display_amount, exponent, from_millionths, minor, portion, rounded, shared
from jalon.normalize.vocabulary import Unfit

CODES = st.sampled_from(sorted(EXPONENTS))
AMOUNTS = st.integers(-(10**12), 10**12)


def written(amount: int, currency: str) -> str:
    """Return minor units as plain decimal text, by decimal arithmetic that `minor` does not use."""
    return format(Decimal(amount).scaleb(-EXPONENTS[currency]), "f")


def laid_out(amount: int, currency: str, thousands: str, mark: str) -> str:
    """Return minor units as a text for people."""
    whole, _, fraction = written(abs(amount), currency).partition(".")
    text = f"{int(whole):,}".replace(",", thousands)
    return ("-" if amount < 0 else "") + (f"{text}{mark}{fraction}" if fraction else text)


@given(AMOUNTS, CODES)
def test_what_is_written_is_read(amount: int, currency: str) -> None:
    assert minor(written(amount, currency), currency) == amount
    assert minor(Decimal(written(amount, currency)), currency) == amount


@given(st.integers(-(10**12), 10**12), CODES)
def test_whole_numbers_are_major_units(amount: int, currency: str) -> None:
    assert minor(amount, currency) == amount * 10 ** EXPONENTS[currency] == minor(str(amount), currency)


@given(st.integers(-(10**12), 10**12), CODES, st.integers(0, 9))
def test_zeros_beyond_the_minor_unit_change_nothing_and_digits_are_refused(
    amount: int, currency: str, digit: int
) -> None:
    text = written(amount, currency)
    longer = (text if "." in text else text + ".") + str(digit)
    if digit == 0:
        assert minor(longer, currency) == amount
    else:
        with pytest.raises(Unfit) as caught:
            minor(longer, currency)
        assert caught.value.reason == "bad_money"


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("27.98", "USD", 2798),
        ("13.5", "CAD", 1350),
        ("0.0", "EUR", 0),
        ("-2.50", "EUR", -250),
        ("-0.00", "EUR", 0),
        ("1234", "JPY", 1234),
        ("1234.00", "JPY", 1234),
        ("1.234", "KWD", 1234),
        ("007.10", "USD", 710),
        (12, "USD", 1200),
    ],
)
def test_plain_amounts(text: str | int, currency: str, expected: int) -> None:
    assert minor(text, currency) == expected


BAD_TEXTS = [
    "",
    " ",
    "1,234.00",
    "1_000",
    "1e3",
    "+5",
    ".5",
    "5.",
    "\u0663.\u0665",
    "\u00b2",
    "NaN",
    "--1",
    "1.2.3",
    "$5",
    "5\n",
]
BAD_VALUES = [
    None,
    1.5,
    True,
    [],
    Decimal("NaN"),
    Decimal("Infinity"),
    Decimal("1E+9000"),
    10**30,
    "9" * 30,
    "9" * 5000,
]


@pytest.mark.parametrize("bad", [*BAD_TEXTS, *BAD_VALUES])
def test_what_is_no_plain_amount_is_refused(bad: object) -> None:
    with pytest.raises(Unfit) as caught:
        minor(bad, "EUR")  # type: ignore[arg-type]
    assert caught.value.reason == "bad_money"


@pytest.mark.parametrize("currency", ["VND", "EUR", "KWD", "CLF"])
def test_more_than_anybody_pays_is_refused_by_every_reader(currency: str) -> None:
    """A table holds amounts below 10**14 of any currency, sums too: a single one must be far below that."""
    most, places = 10**12, EXPONENTS[currency]
    readers: list[Callable[[int], int]] = [
        lambda amount: minor(amount, currency),
        lambda amount: minor(f"{amount}.{'0' * places}" if places else str(amount), currency),
        lambda amount: minor(Decimal(amount), currency),
        lambda amount: minor(f"000{amount}", currency),
        lambda amount: rounded(str(amount), currency),
        lambda amount: display_amount(f"{amount:,}", currency),
        lambda amount: from_millionths(amount * 10**6, currency),
    ]
    for read in readers:
        assert read(most) == most * 10**places
        assert read(most - 1) == (most - 1) * 10**places
        for more in (most + 1, 4_006_381_333_931, 10**14):
            with pytest.raises(Unfit, match="too large") as caught:
                read(more)
            assert caught.value.reason == "bad_money"


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (minor, display_amount):
        with suppress(Unfit):
            assert isinstance(read(text, "USD"), int)


@pytest.mark.parametrize("code", ["", "usd", "XXX", "XAU", "EURO", None])
def test_a_currency_that_is_none_is_refused(code: str) -> None:
    for read in (lambda: minor("1.00", code), lambda: display_amount("1.00", code), lambda: exponent(code)):
        with pytest.raises(Unfit) as caught:
            read()
        assert caught.value.reason == "unknown_currency"


def test_exponents_of_unusual_currencies() -> None:
    found = {code: exponent(code) for code in ("JPY", "IDR", "BHD", "CLF", "HUF", "KRW", "UYW", "ISK")}
    assert found == {"JPY": 0, "IDR": 2, "BHD": 3, "CLF": 4, "HUF": 2, "KRW": 0, "UYW": 4, "ISK": 0}


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("$1,234.50", "USD", 123450),
        ("1.234,50 €", "EUR", 123450),
        ("1\u202f234,50\u00a0€", "EUR", 123450),
        ("CHF 1\u2019234.50", "CHF", 123450),
        ("Rp1.234", "IDR", 123400),
        ("Rp1.234.567", "IDR", 123456700),
        ("¥1,234", "JPY", 1234),
        ("₹1,23,456.70", "INR", 12345670),
        ("KWD 1,234.500", "KWD", 1234500),
        ("US$-5", "USD", -500),
        ("-£0.99", "GBP", -99),
        ("\u22125,00 €", "EUR", -500),
        ("27.98", "USD", 2798),
        ("1,5 €", "EUR", 150),
        ("฿1,000", "THB", 100000),
        ("125.000₫", "VND", 125000),
    ],
)
def test_amounts_for_people(text: str, currency: str, expected: int) -> None:
    assert display_amount(text, currency) == expected


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1.234", "KWD"),  # one dinar and 234 fils, or 1234 dinars
        ("1.2K", "USD"),
        ("1,2 jt", "IDR"),
        ("€5", "USD"),
        ("$.50", "USD"),
        ("5.", "USD"),
        ("12,34,5", "USD"),
        ("1,1,1", "USD"),
        ("1.234,567", "EUR"),
        ("0,123", "EUR"),
        ("1,234 567", "EUR"),
        ("1 2", "EUR"),
        ("$1.00 - $2.00", "USD"),
        ("free", "USD"),
        (None, "USD"),
    ],
)
def test_amounts_that_can_be_read_in_two_ways_or_none_are_refused(text: str, currency: str) -> None:
    with pytest.raises(Unfit) as caught:
        display_amount(text, currency)
    assert caught.value.reason == "bad_money"


@given(
    AMOUNTS,
    CODES.filter(lambda code: EXPONENTS[code] in (0, 2)),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("\u202f", ","), ("'", "."), ("\u2019", ".")]),
)
def test_every_way_of_laying_out_is_read_back(amount: int, currency: str, marks: tuple[str, str]) -> None:
    assert display_amount(laid_out(amount, currency, *marks), currency) == amount
    assert display_amount(f"{laid_out(amount, currency, *marks)} {currency}", currency) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("24.458333", "EUR", 2446),
        ("24.455", "EUR", 2446),
        ("-24.455", "EUR", -2446),
        ("29.350000", "EUR", 2935),
        ("1200.5", "JPY", 1201),
        ("1.2345", "KWD", 1235),
        (29.35, "EUR", 2935),
        (3, "EUR", 300),
    ],
)
def test_what_was_computed_too_finely_is_rounded_half_away_from_zero(
    amount: str | float, currency: str, units: int
) -> None:
    assert rounded(amount, currency) == units


@given(AMOUNTS, CODES)
def test_what_needs_no_rounding_is_read_as_it_stands(units: int, currency: str) -> None:
    text = written(units, currency)
    assert rounded(text, currency) == minor(text, currency) == units


@pytest.mark.parametrize("amount", ["", "1,20", "1e3", "free", None, True, float("nan"), float("inf"), "9" * 19, 1e-7])
def test_what_is_no_plain_amount_is_not_rounded(amount: Any) -> None:
    with pytest.raises(Unfit) as caught:
        rounded(amount, "EUR")
    assert caught.value.reason == "bad_money"


@given(st.integers(-(10**11), 10**11), CODES)
def test_millionths_are_read_back(units: int, currency: str) -> None:
    assert from_millionths(units * 10 ** (6 - EXPONENTS[currency]), currency) == units


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [(12_345_000, "EUR", 1234), (12_355_000, "EUR", 1236), (-5_000, "EUR", 0), (1_500_000, "JPY", 2)],
)
def test_halves_of_a_minor_unit_in_millionths_go_to_the_even_one(amount: int, currency: str, expected: int) -> None:
    assert from_millionths(amount, currency) == from_millionths(Decimal(amount), currency) == expected


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), max_size=8))
def test_shares_lose_nothing_and_are_fair(amount: int, weights: list[int]) -> None:
    shares = shared(amount, weights)
    assert len(shares) == len(weights)
    if sum(weights):
        assert sum(shares) == amount
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share - Decimal(amount) * weight / sum(weights)) < 1


@given(st.integers(0, 10**12), st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_portion_is_what_it_is_of_the_whole_to_half_a_unit(amount: int, part: int, other: int) -> None:
    found = portion(amount, part, part + other)
    assert abs(found * (part + other) - amount * part) * 2 <= part + other
    assert portion(part + other, part, part + other) == part
