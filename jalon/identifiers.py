"""Identifiers of persons as people write them: which of them name nobody, and whose country a phone number is of.

A till asks for a telephone number, and whoever has none to give types `-`, `n/a` or `0000000000`. Taken as identifiers,
these would make one person of all who did. So would a national number: `06 12 34 56 78` is somebody in France and
somebody else in the Netherlands.
"""

from __future__ import annotations

import re
from collections.abc import Collection

SHORTEST = 7
"""Digits of the shortest number that somebody can be called by from elsewhere."""
_NOT_DIGITS = re.compile(r"\D+")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_NOBODY = frozenset({"", "n/a", "n.a.", "none", "null", "unknown"})
_MARKS = "0 -\u2013\u2014_./\\?*#"
"""What people fill a field with that must not be empty."""
_KEEPS_ZERO = frozenset({"39", "225", "242", "378"})
"""Calling codes of countries in which the 0 that a number begins with is part of it: Italy, Côte d'Ivoire, Congo, San
Marino. https://www.itu.int/en/ITU-T/inr/nnp/Pages/default.aspx"""
_NATIONAL = 9
"""Digits that must follow a calling code for a number without `+` to be taken for one that begins with it."""


def names_nobody(kind: str, value: str) -> bool:
    """Say whether an identifier, as it is written, is one that people give in place of their own."""
    text = value.strip()
    if kind == "email":
        return _EMAIL.fullmatch(text) is None
    if kind == "phone":
        digits = digits_of(text)
        return len(digits) < SHORTEST or len(set(digits[-SHORTEST:])) == 1
    return not text.strip(_MARKS) or text.lower() in _NOBODY


def digits_of(number: str) -> str:
    """Return the digits of a phone number."""
    return _NOT_DIGITS.sub("", number)


def is_international(number: str) -> bool:
    """Say whether a phone number tells its country: it begins with `+` or `00`, and then with a calling code."""
    text, digits = number.strip().lstrip("( "), digits_of(number)
    told = digits if text.startswith("+") else digits[2:] if digits.startswith("00") else ""
    return told[:1] not in ("", "0")


def without_country(number: str, calling_codes: Collection[str]) -> list[str]:
    """Return how a phone number that tells its country is written where that is left out: without `+`, and without the
    calling code, which is one of these; of any other number nothing."""
    if not is_international(number):
        return []
    digits = digits_of(number).lstrip("0")
    codes = [code for code in calling_codes if code and digits.startswith(code)]
    return [digits, *(digits.removeprefix(code) for code in codes)]


def of_country(number: str, calling_code: str) -> str:
    """Return a phone number that tells no country as one of the country with this calling code.

    Unchanged is one that tells its country or names nobody, and any where the code is empty.
    """
    if not calling_code or is_international(number) or names_nobody("phone", number):
        return number
    digits = digits_of(number)
    if digits.startswith("0") and calling_code not in _KEEPS_ZERO:
        return f"+{calling_code}{digits[1:]}"
    if digits.startswith(calling_code) and len(digits) >= len(calling_code) + _NATIONAL:
        return f"+{digits}"
    return f"+{calling_code}{digits}"
