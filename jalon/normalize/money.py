"""Amounts of money: from the text that platforms write to whole minor units, exactly or not at all.

Two readers, since platforms write two things. `minor` reads plain decimal text, as machines exchange it.
`display_amount` reads what was laid out for people of some country; where two readings are possible it refuses rather
than guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from typing import Any

from jalon.normalize.vocabulary import Unfit

MAX_DIGITS = 18
"""So that every number fits a signed 64-bit integer."""
MAX_WHOLE = 12
"""Digits of the most that one amount may be: 10 to the power of these, of its currency and not of its minor unit.

Even of a currency of which a dollar is 25,000 (VND) or 90,000 (LBP) that is more than ten million dollars, for one
price, order, refund or day of an ad. A barcode (EAN) in a column of prices or of quantities is more, and so refused
where it can still be named. Tables hold a hundred times as much (`decimal(18, 4)`), so that sums of amounts fit too.
"""
_WIDE = Context(prec=60)

# --- currencies -----------------------------------------------------------------------------------------------------
#
# ISO 4217, list one (active codes with a minor unit), https://www.six-group.com/en/products-services/financial-information/data-standards.html
# Codes without a minor unit (gold, special drawing rights, tests) are no prices and are left out. Codes withdrawn since
# 2020 stay, because orders of that time are still read, and so do those that shops may still name: the rows of ISO 4217
# list three (withdrawn codes; their minor units are those of list one of their time) that are in the enum
# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/CurrencyCode, and its JEP and KID, which ISO has not: the
# pound of Jersey and the dollar of Kiribati are parted as GBP and AUD, to which they are equal. USDC is no currency.

_CODES_BY_EXPONENT = {
    0: "BIF BYR CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
        COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
        INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
        MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
        STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
        ANG BGN CUC HRK LTL LVL SLL STD VEF ZWL
        JEP KID
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS: dict[str, int] = {code: places for places, codes in _CODES_BY_EXPONENT.items() for code in codes.split()}
"""ISO 4217 code -> decimal places of its minor unit."""


def exponent(currency: str) -> int:
    """Return how many decimal places the currency's minor unit has. Raises `Unfit('unknown_currency')`."""
    places = EXPONENTS.get(currency)
    if places is None:
        raise Unfit("unknown_currency", f"{str(currency)[:20]!r} is no active ISO 4217 code")
    return places


# --- plain decimals -------------------------------------------------------------------------------------------------

_PLAIN = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?", re.ASCII)


def minor(amount: str | int | Decimal, currency: str) -> int:
    """Return a plain decimal amount ('27.98', '13.5', '-2', 7) in minor units of `currency`.

    Decimal places beyond the currency's are taken only if they are zeros. Raises `Unfit`: `unknown_currency`, or
    `bad_money` for everything that is not a plain decimal (separators of thousands, exponents, floats, nothing).
    """
    places = EXPONENTS.get(currency)
    if places and type(amount) is str:
        whole, _, fraction = amount.partition(".")
        digits = whole + fraction
        if len(fraction) == places and digits.isdecimal() and digits.isascii() and 0 < len(whole) <= MAX_WHOLE:
            return int(digits)
    return _minor(amount, currency)


def _minor(amount: object, currency: str) -> int:
    """Read every plain decimal, the frequent form included."""
    places = exponent(currency)
    match = _PLAIN.fullmatch(_plain(amount))
    if match is None:
        raise Unfit("bad_money", f"{str(amount)[:40]!r} is no plain decimal amount")
    sign, whole, fraction = match.groups()
    return _scaled(sign, whole, fraction or "", places, amount)


def _plain(amount: object) -> str:
    """Return the amount as plain text; what cannot be exact becomes the empty text, which is refused."""
    if isinstance(amount, str):
        return amount
    if isinstance(amount, int) and not isinstance(amount, bool):
        return str(amount) if amount.bit_length() < 64 else ""
    if isinstance(amount, Decimal) and amount.is_finite() and abs(amount.adjusted()) <= MAX_DIGITS:
        return format(amount, "f")
    return ""


def _scaled(sign: str, whole: str, fraction: str, places: int, amount: object) -> int:
    """Return the minor units of a number taken apart, or refuse what would lose digits."""
    if fraction[places:].strip("0"):
        raise Unfit("bad_money", f"{str(amount)[:40]!r} has more than {places} decimal places")
    digits = whole.lstrip("0") + fraction[:places].ljust(places, "0") or "0"
    if len(digits) > MAX_DIGITS:  # before it is made a number: what is long enough cannot be
        raise _too_large(amount)
    return within(-int(digits) if sign else int(digits), places)


def within(units: int, places: int) -> int:
    """Return minor units of a currency with so many decimal places. Raises `Unfit('bad_money')` beyond `MAX_WHOLE`."""
    if abs(units) > 10 ** (MAX_WHOLE + places):
        raise _too_large(Decimal(units).scaleb(-places))
    return units


def _too_large(amount: object) -> Unfit:
    return Unfit("bad_money", f"{str(amount)[:40]!r} is too large an amount")


def from_millionths(amount: int | Decimal, currency: str) -> int:
    """Return millionths of a currency in minor units, halves to the even one.

    Raises `Unfit`: `unknown_currency`, or `bad_money` for what is too large.
    """
    places = exponent(currency)
    return within(int(_WIDE.scaleb(Decimal(amount), places - 6).to_integral_value(ROUND_HALF_EVEN)), places)


def rounded(amount: str | float | Decimal, currency: str) -> int:
    """Return a plain decimal amount in minor units, halves away from zero ('24.458333' EUR is 2446).

    For shops that compute to more places than they charge. Raises `Unfit`: `unknown_currency`, `bad_money`.
    """
    places = exponent(currency)
    text = repr(amount) if type(amount) is float else _plain(amount)
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise Unfit("bad_money", f"{str(amount)[:40]!r} is no plain decimal amount")
    if len(match[2]) > MAX_DIGITS:
        raise _too_large(amount)
    return within(int(_WIDE.scaleb(_WIDE.create_decimal(text), places).to_integral_value(ROUND_HALF_UP)), places)


# --- parts of amounts -----------------------------------------------------------------------------------------------


def portion(amount: int, part: int, whole: int) -> int:
    """Return what of an amount falls to `part` of `whole`, halves up; nothing falls to a part of nothing."""
    return (2 * amount * part + whole) // (2 * whole) if whole else 0


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """Share minor units by weights so that none is lost; what does not divide goes to the largest remainders."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [divmod(amount * weight, whole) for weight in weights]
    shares = [part for part, _ in parts]
    first = sorted(range(len(parts)), key=lambda place: -parts[place][1])
    for place in first[: amount - sum(shares)]:
        shares[place] += 1
    return shares


# --- amounts laid out for people ------------------------------------------------------------------------------------
#
# Symbols by currency, for the countries in which social platforms sell. The code itself is always understood. A unit
# that is not listed is refused, since '1.2K' and '1,2 jt' look just like it.

_SYMBOLS = {
    "AED": "د.إ",
    "AUD": "$ A$ AU$",
    "BRL": "R$",
    "CAD": "$ C$ CA$",
    "CHF": "Fr. SFr.",
    "CZK": "Kč",
    "DKK": "kr kr.",
    "EUR": "€",
    "GBP": "£",
    "IDR": "Rp Rp.",
    "INR": "₹ Rs Rs.",
    "JPY": "¥ ¥ 円 JP¥",
    "KRW": "₩ 원",
    "MXN": "$ MX$ Mex$",
    "MYR": "RM",
    "NOK": "kr kr.",
    "NZD": "$ NZ$",
    "PHP": "₱ P",
    "PLN": "zł",
    "SAR": "ر.س",
    "SEK": "kr kr.",
    "SGD": "$ S$ SG$",
    "THB": "฿",
    "TRY": "₺ TL",
    "TWD": "$ NT$",
    "USD": "$ US$",
    "VND": "₫ đ",
}
_UNITS = {code: frozenset([code, "", *_SYMBOLS.get(code, "").split()]) for code in EXPONENTS}

_SPACED = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009'\u2019", " ") | {"\u2212": "-"})
_SEPARATOR = re.compile("[., ]")
_LAID_OUT = re.compile(r"(?P<before>[^0-9]*?)(?P<number>[0-9](?:[0-9., ]*[0-9])?)(?P<after>[^0-9]*)", re.ASCII)


def display_amount(text: str, currency: str) -> int:
    """Return an amount laid out for people ('$1,234.50', '1.234,50 €', 'Rp1.234') in minor units of `currency`.

    A lone separator before three last digits parts thousands, unless the currency has three decimal places: then it
    is ambiguous. Raises `Unfit`: `unknown_currency`, or `bad_money` for what is ambiguous, shortened ('1.2K') or in
    another currency.
    """
    places = exponent(currency)
    match = _LAID_OUT.fullmatch(text.translate(_SPACED).strip()) if isinstance(text, str) else None
    if match is None:
        raise _unreadable(text)
    sign, unit = _unit(match["before"], match["after"])
    parts = _parts(match["number"], places)
    if parts is None or unit not in _UNITS[currency]:
        raise _unreadable(text)
    return _scaled(sign, *parts, places, text)


def _unreadable(text: Any) -> Unfit:
    return Unfit("bad_money", f"{str(text)[:40]!r} cannot be read as an amount in only one way")


def _unit(before: str, after: str) -> tuple[str, str]:
    """Return the sign ('-' or none) and the unit written around a number."""
    before, after = before.strip(), after.strip()
    if before.endswith("-") or before.startswith("-"):
        return "-", before.strip("- ") + after
    return "", before + after


def _parts(number: str, places: int) -> tuple[str, str] | None:
    """Return (digits, decimal places) of a number with separators; None where it can be read in two ways or none."""
    marks = [mark for mark in number if mark in ".,"]
    last = max(number.rfind("."), number.rfind(","))
    if not marks:
        return _ungrouped(number, "")
    tail = number[last + 1 :]
    decimal = marks.count(marks[-1]) == 1 and (len(set(marks)) == 2 or " " in number or len(tail) != 3)
    if decimal:
        return _ungrouped(number[:last], tail)
    grouped = _ungrouped(number, "")
    if len(marks) > 1:
        return grouped
    if places == 3 and grouped:
        return None
    return grouped or _ungrouped(number[:last], tail)


def _ungrouped(whole: str, fraction: str) -> tuple[str, str] | None:
    """Return the digits of a well-grouped number and its decimal places; None if it is not well grouped."""
    first, *others = _SEPARATOR.split(whole)
    if len(set(_SEPARATOR.findall(whole))) > 1 or (not fraction.isdigit() and fraction):
        return None
    if others and not (_thousands(first, others) or _lakhs(first, others)):
        return None
    return first + "".join(others), fraction


def _thousands(first: str, others: list[str]) -> bool:
    """Say whether a number is parted as 1,234,567."""
    return 1 <= len(first) <= 3 and first[0] != "0" and all(len(group) == 3 for group in others)


def _lakhs(first: str, others: list[str]) -> bool:
    """Say whether a number is parted as 12,34,567."""
    return 1 <= len(first) <= 2 and first[0] != "0" and len(others[-1]) == 3 and all(len(g) == 2 for g in others[:-1])
