"""Words for people: amounts, shares, names and texts that come from elsewhere, as page and terminal show them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime

from jalon.normalize.money import EXPONENTS

NO_BREAK = "\u202f"
"""Narrow space that does not break."""

_LABELS = {
    "site": "Web site",
    "shop": "Physical shop",
    "forum": "Forums",
    "email": "E-mail",
    "mobile": "Mobile app",
    "direct": "Direct",
    "referral": "Other sites",
    "": "not named",
}


def label(name: str | None, names: Mapping[str, str] | None = None) -> str:
    """Return a name for reading: tag_click -> Tag click. `names` says what people call platforms and channels."""
    name = name or ""
    words = plain(name).replace("_", " ").replace("-", " ")
    return _LABELS.get(name) or (names or {}).get(name) or words[:1].upper() + words[1:]


def money(amount: str, currency: str) -> str:
    """Return decimal text with its thousands apart and its currency: '1234.50', EUR -> '1 234.50 EUR'."""
    sign, digits = ("\u2212", amount[1:]) if amount.startswith("-") else ("", amount)
    whole, point, fraction = digits.partition(".")
    grouped = f"{int(whole):,}".replace(",", NO_BREAK)
    return f"{sign}{grouped}{point}{fraction}{NO_BREAK}{currency}"


def decimal_text(minor: int, currency: str) -> str:
    """Return minor units as plain decimal text: 1234, EUR -> '12.34'."""
    places = EXPONENTS.get(currency, 0)
    digits = f"{abs(minor):0{places + 1}d}"
    whole, fraction = (digits[:-places], digits[-places:]) if places else (digits, "")
    return f"{'-' if minor < 0 else ''}{whole}{'.' if fraction else ''}{fraction}"


def moment(instant: int) -> str:
    """Return microseconds since the epoch to the minute, UTC."""
    return datetime.fromtimestamp(instant / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")


def count(number: float) -> str:
    """Return a count with its thousands apart; fractions only where it is small."""
    text = f"{number:,.0f}" if number == int(number) or number >= 100 else f"{number:,.1f}"
    return text.replace(",", NO_BREAK)


def orders(number: float) -> str:
    """Return how many orders, in words: '1 order', '2.5 orders'."""
    shown = count(number).removesuffix(".0")
    return f"{shown} {'order' if shown == '1' else 'orders'}"


def percent(share: float | None) -> str:
    """Return a share as per cent; a dash where there is none."""
    if share is None:
        return "\u2013"
    return f"{share * 100:.0f}{NO_BREAK}%" if share >= 0.1 or share <= 0 else f"{share * 100:.1f}{NO_BREAK}%"


def plain(text: str, most: int = 120) -> str:
    """Return a foreign text on one line, cut to `most`, without what could steer a terminal or turn writing around."""
    spaced = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text[: most * 4] if _is_harmless(c))
    kept = " ".join("".join(spaced).split())
    return kept if len(kept) <= most else kept[: most - 1] + "\u2026"


def _is_harmless(character: str) -> bool:
    """Refuse format characters, all but the joiners that scripts and emoji need, and lone surrogates."""
    return unicodedata.category(character) not in ("Cf", "Cs") or character in "\u200c\u200d"
