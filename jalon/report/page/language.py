"""The languages of the page: sentences from gettext catalogs, numbers, days and money as the language has them.

A message is its English text. Beside it stand catalogs of the other languages, one for each part of the page, under
`locale/<language>/LC_MESSAGES/<part>.po`; they are merged when they are read, and nothing is compiled. Templates say
`{{ _("… %(name)s …", name=value) }}` and `{{ ngettext("%(number)s order", "%(number)s orders", n) }}`, Python says
`say._(…)` and `say.ngettext(…)` alike, or where names from outside are put in `say.rich(…)` and `say.rich_plural(…)`,
with the `Language` that it was given. A per cent sign of a message is written `%%`. What comes out of a table (a
reason, the name of a channel) is said by `say.known(text)` or `{{ text | known }}`; the table stands in `phrases`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import NumberPattern, get_currency_symbol, parse_pattern
from babel.support import Translations
from markupsafe import Markup, escape

from jalon.report.page.readers import LANGUAGES
from jalon.report.words import decimal_text, label

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d\+00:00| UTC)")
_DAY = 24 * 60
MINUS = "\u2212"
LEAST = Decimal("0.001")
"""The least share that is shown as itself."""


@dataclass(frozen=True, eq=False)
class Language:
    """One language: `name` stands in the page's `lang`, `names` are what people call platforms and channels."""

    name: str
    locale: Locale
    catalog: Translations
    names: Mapping[str, str]

    def _(self, message: str, **values: object) -> str:
        """Return a message in this language, with its values in it."""
        return self.catalog.gettext(message) % values

    def rich(self, message: str, **values: object) -> Markup:
        """Return a message that may hold elements, as HTML; what is put into it is escaped."""
        return Markup(self.catalog.gettext(message)) % values  # noqa: S704 # messages are this package's own

    def ngettext(self, one: str, many: str, number: float, **values: object) -> str:
        """Return a message about `number` things, written as `%(number)s`, in this language."""
        return self.either(one, many, number) % {"number": self.count(number), **values}

    def either(self, one: str, many: str, number: float) -> str:
        """Return which of two messages suits a number as it is shown: 1.5 is plural in English, not in French."""
        shown = _shown(number)
        exact = int(shown) if shown == int(shown) else shown  # to the rules of plurals, 1.0 is not 1
        return self.catalog.ngettext(one, many, 1 if self.locale.plural_form(exact) == "one" else 2)

    def rich_plural(self, one: str, many: str, number: float, **values: object) -> Markup:
        """Return a message about `number` things that may hold elements, as HTML."""
        return Markup(self.either(one, many, number)) % {"number": self.count(number), **values}  # noqa: S704

    def known(self, text: str) -> str:
        """Return a text that comes out of a table in this language; one that no catalog knows as it is."""
        return self.catalog.gettext(text) if text else text

    def label(self, name: str | None) -> str:
        """Return what people call a platform, channel, kind or metric, in this language."""
        return self.known(label(name, self.names))

    def foreign(self, text: str) -> Markup:
        """Return a text of a table as HTML; one that no catalog knows is marked as English."""
        said = self.known(text)
        is_english = said == text and self.name != "en"
        return Markup('<span lang="en">{}</span>').format(said) if is_english else escape(said)

    def stage(self, stage: Mapping[str, Any]) -> str:
        """Return the name of a stage that has both names."""
        return str(stage["french" if self.name == "fr" else "english"])

    def count(self, number: float) -> str:
        """Return a count; fractions only where it is small."""
        return _decimal(self.locale, _shown(number))

    def percent(self, share: float | None, *, signed: bool = False) -> str:
        """Return a share as per cent, with one place below ten; a dash where there is none.

        What is something is never shown as nothing: below the least that is shown it is said to be below.
        """
        if share is None:
            return "\u2013"
        shown = round(Decimal(str(share)), 2 if abs(share) >= 0.1 else 3)
        if share and not shown:
            return f"< {_percent(self.locale, LEAST)}" if share > 0 else f"> {_percent(self.locale, -LEAST)}"
        return ("+" if signed and shown > 0 else "") + _percent(self.locale, shown)

    def amount(self, amount: str, currency: str) -> str:
        """Return decimal text as money: '1234.50', EUR -> €1,234.50 or 1 234,50 €."""
        return _money(self.locale, amount, currency)

    def signed(self, minor: int, currency: str | None) -> str:
        """Return a difference with its sign: minor units of a currency as money, without one as a count."""
        said = self.amount(decimal_text(minor, currency), currency) if currency else self.count(minor)
        return f"+{said}" if minor > 0 else said

    def whole(self, amount: str) -> str:
        """Return an amount without fraction and currency, for where space is short."""
        return _decimal(self.locale, Decimal(round(float(amount))))

    def span(self, low: str, high: str) -> str:
        """Return a range of amounts, without their fractions."""
        return f"{self.whole(low)}\u2013{self.whole(high)}"

    def orders(self, number: float) -> str:
        """Return how many orders, in words."""
        return self.ngettext("%(number)s order", "%(number)s orders", number)

    def persons(self, number: float) -> str:
        """Return how many persons, in words."""
        return self.ngettext("%(number)s person", "%(number)s persons", number)

    def day(self, text: str) -> str:
        """Return an ISO day as the language writes it."""
        return _day(self.locale, text)

    def placed(self, first: str, last: str) -> str:
        """Return within which ISO days orders were placed, in words."""
        if first == last:
            return self._("Orders placed on %(day)s", day=self.day(first))
        return self._("Orders placed from %(first)s to %(last)s", first=self.day(first), last=self.day(last))

    def moment(self, text: str) -> str:
        """Return a minute of UTC as the language writes it; what is none as it is."""
        return _moment(self.locale, text) if _MOMENT.fullmatch(text) else text

    def duration(self, minutes: int | None) -> str:
        """Return how long something takes, in words: '40 min', '5 h', '3.5 days'."""
        if minutes is None:
            return self._("not reached")
        if minutes < 1:
            return self._("at once")
        if minutes < 60:
            return self._("%(number)s min", number=minutes)
        if minutes < 2 * _DAY:
            return self._("%(number)s h", number=minutes // 60)
        return self.days(round(minutes / _DAY, 1))

    def days(self, number: float) -> str:
        """Return how many days, in words."""
        return self.ngettext("%(number)s day", "%(number)s days", number)


def N_(message: str) -> str:  # noqa: N802 # gettext's own name for it
    """Mark a message of a table for its translation; it is said later, by `known`."""
    return message


def language(name: str, names: Mapping[str, str] | None = None) -> Language:
    """Return a language of `readers.LANGUAGES`, the same one for the same names."""
    return _spoken(name, tuple((names or {}).items()))


@lru_cache(maxsize=8)
def _spoken(name: str, names: tuple[tuple[str, str], ...]) -> Language:
    return Language(name, Locale.parse(LANGUAGES[name]), catalog(name), dict(names))


@lru_cache
def catalog(name: str) -> Translations:
    """Return the messages of a language, those of all parts; English has none but the texts themselves."""
    merged = Translations()
    for _, text in catalogs(name):
        compiled = io.BytesIO()
        write_mo(compiled, read_po(io.BytesIO(text)))
        compiled.seek(0)
        part = Translations(compiled)
        merged.merge(part)
        merged.plural = part.plural
    return merged


def catalogs(name: str) -> list[tuple[str, bytes]]:
    """Return the catalogs of a language as (part, text)."""
    folder = files("jalon.report.page") / "locale" / name / "LC_MESSAGES"
    if not folder.is_dir():
        return []
    found = sorted((file for file in folder.iterdir() if file.name.endswith(".po")), key=lambda file: file.name)
    return [(file.name.removesuffix(".po"), file.read_bytes()) for file in found]


@lru_cache(maxsize=50_000)
def _money(locale: Locale, amount: str, currency: str) -> str:
    places = len(amount.partition(".")[2])
    said = _money_pattern(locale, currency, places).apply(
        Decimal(amount), locale, currency=currency, currency_digits=False
    )
    return _signed(said)


@lru_cache
def _money_pattern(locale: Locale, currency: str, places: int) -> NumberPattern:
    """Return the pattern of amounts with their own number of places; a symbol of letters stands apart from digits."""
    pattern = locale.currency_formats["standard"].pattern.replace("0.00", "0." + "0" * places if places else "0")
    if get_currency_symbol(currency, locale=locale)[-1:].isalpha():
        pattern = pattern.replace("\u00a4#", "\u00a4\u00a0#")
    return parse_pattern(pattern)


@lru_cache(maxsize=50_000)
def _decimal(locale: Locale, number: Decimal) -> str:
    return _signed(locale.decimal_formats[None].apply(number, locale))


def _shown(number: float) -> Decimal:
    """Return a count rounded as it is shown."""
    return round(Decimal(str(number)), 0 if number == int(number) or abs(number) >= 100 else 1)


@lru_cache(maxsize=10_000)
def _percent(locale: Locale, share: Decimal) -> str:
    return _signed(locale.percent_formats[None].apply(share, locale, decimal_quantization=False))


def _signed(number: str) -> str:
    """Return a written number with a minus, which is as wide as a digit, where it has a hyphen."""
    return str(number).replace("-", MINUS)


@lru_cache(maxsize=10_000)
def _day(locale: Locale, text: str) -> str:
    return format_date(date.fromisoformat(text), locale=locale)


@lru_cache(maxsize=1000)
def _moment(locale: Locale, text: str) -> str:
    return f"{_day(locale, text[:10])} {text[11:16]} UTC"
