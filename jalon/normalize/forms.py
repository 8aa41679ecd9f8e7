"""Read a record that own channels tell (`docs/connectors/hook.md` lists the shapes), strictly and without quoting it.

What files and the hook tell has one meaning, said in `form_sales` and `form_events`. Every refusal names the field and
what it must be, never its value: a shifted column puts anything anywhere.

Identity of facts, within a source: what has a number by the platform that gave it and the number, an order's with its
till, an answer's with its survey, since every system counts from 1; what has none by the record's own key, a digest of
all that it tells. It is read from the record and not from its key, so that records which were stored under keys of
another form are the same facts. A record's version is when it was last changed, where that is told; of two revisions
without, the one that was read later holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from jalon.normalize.channels import CHANNELS
from jalon.normalize.fields import count
from jalon.normalize.money import MAX_DIGITS, MAX_WHOLE, exponent, minor, within
from jalon.normalize.records import head, joined, one_person
from jalon.normalize.times import SECOND, day_bounds, instant_from_iso, local_date
from jalon.normalize.vocabulary import Context, Identity, Instant, Raw, Unfit

MISPLACED = "\0"
"""What the door leaves of a field that held something of another kind."""
PERSONS = ("email", "phone", "loyalty", "customer")
"""Fields that name a person, what joins widest first: the first that is there is the record's person."""


class Moment(NamedTuple):
    """An instant and its local day; `is_day`: only the day was told, and its last second stands for it."""

    at: Instant
    day: date
    is_day: bool


class Form:
    """One record being read."""

    def __init__(self, raw: Raw, context: Context, body: dict[str, Any] | None = None) -> None:
        self.raw, self.context = raw, context
        found = raw.body if body is None else body
        if type(found) is not dict:
            raise Unfit("bad_record", "the record is no object")
        self.body: dict[str, Any] = found
        self.version = raw.version

    def head(self, key: str) -> tuple[str, str, int, Instant, int]:
        """Return the header of a fact."""
        return head(self.raw, key)

    # --- texts

    def text(self, name: str) -> str | None:
        """Return an id, a name or a text; None where it is left out or empty."""
        value = self.body.get(name)
        if value is None or value == "":
            return None
        if type(value) is int:
            return str(value)
        if type(value) is not str or value == MISPLACED:
            raise Unfit("misplaced", f"{name} holds something else than it is for")
        return value

    def needed(self, name: str) -> str:
        """Return a text without which the record means nothing."""
        found = self.text(name)
        if found is None:
            raise Unfit("missing_field", f"{name} is missing")
        return found

    def word(self, name: str, words: tuple[str, ...], default: str | None = None) -> Any:
        """Return one of `words`; left out is the default, or refused where there is none."""
        found = self.text(name) or default
        if found not in words:
            raise Unfit("missing_field" if found is None else "unknown_word", f"{name} is none of {', '.join(words)}")
        return found

    def code(self, name: str) -> str | None:
        """Return a chosen code. Raises `Unfit('free_text')` for anything that a person may have written."""
        if self.body.get(name) == MISPLACED:
            raise Unfit("free_text", f"{name} is no code of letters and digits; text that persons write is not taken")
        return self.text(name)

    def channel(self, default: str | None = None) -> str:
        """Return a channel of the common table; left out it is the default, where that is one."""
        if self.text("channel") is None and default not in CHANNELS:
            raise Unfit("missing_field", "channel is missing")
        return str(self.word("channel", CHANNELS, default))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of ids."""
        value = self.body.get(name) or []
        if type(value) is not list or any(type(one) not in (str, int) or one == MISPLACED for one in value):
            raise Unfit("misplaced", f"{name} is no list of ids")
        return tuple(map(str, value))

    def forms(self, name: str) -> Iterator[Form]:
        """Yield what lies in a list of objects, each to be read on its own."""
        value = self.body.get(name) or []
        if type(value) is not list:
            raise Unfit("misplaced", f"{name} is no list of objects")
        for one in value:
            yield Form(self.raw, self.context, one)

    # --- numbers

    def currency(self) -> str:
        """Return the record's currency, once it is known to be one."""
        code = self.needed("currency")
        _told("currency", lambda: exponent(code))
        return code

    def money(self, name: str, currency: str) -> int | None:
        """Return an amount in minor units, with its sign; None where it is left out."""
        written = self.body.get(name)
        return None if written in (None, "") else _told(name, lambda: minor(written, currency))

    def amount(self, name: str, currency: str) -> int | None:
        """Return an amount that must not be negative."""
        units = self.money(name, currency)
        if units is not None and units < 0:
            raise Unfit("negative_amount", f"{name} is below zero")
        return units

    def product(self, name: str, units: int, times: int, currency: str) -> int:
        """Return an amount so many times, where that is still an amount that somebody may have paid."""
        return int(_told(name, lambda: within(units * times, exponent(currency))))

    def count(self, name: str) -> int | None:
        """Return a count; None where it is left out: unknown is not zero."""
        value = self.body.get(name)
        return None if value in (None, "") else _told(name, lambda: count(value, name))

    def integer(self, name: str) -> int | None:
        """Return a whole number with its sign; None where it is left out."""
        value = self.body.get(name)
        if value in (None, ""):
            return None
        if type(value) is str and value.removeprefix("-").isdecimal() and len(value) < MAX_DIGITS:
            return int(value)
        if type(value) is not int:
            raise Unfit("bad_number", f"{name} is no whole number")
        return value

    def flag(self, name: str) -> bool:
        """Return whether something is so; left out it is not."""
        value = self.body.get(name)
        if value not in (None, "", True, False):
            raise Unfit("misplaced", f"{name} is neither true nor false")
        return value is True

    # --- times

    def when(self, name: str) -> Moment | None:
        """Return a time; None where it is left out."""
        written = self.text(name)
        if written is None:
            return None
        zone = self.context.zone
        if len(written) == 10:
            day = self._day(name, written)
            return Moment(Instant(day_bounds(day, zone)[1] - SECOND), day, is_day=True)
        at = _told(name, lambda: instant_from_iso(written))
        return Moment(at, local_date(at, zone), is_day=False)

    def moment(self, name: str) -> Moment:
        """Return a time without which the record means nothing."""
        found = self.when(name)
        if found is None:
            raise Unfit("missing_field", f"{name} is missing")
        return found

    def day(self, name: str) -> date | None:
        """Return a day; None where it is left out."""
        written = self.text(name)
        return None if written is None else self._day(name, written)

    def _day(self, name: str, written: str) -> date:
        try:
            day = date.fromisoformat(written)
        except ValueError:
            raise Unfit("impossible_date", f"{name} is no day") from None
        if not 2000 <= day.year < 2100:
            raise Unfit("impossible_date", f"{name} is not between 2000 and 2100")
        return day

    # --- persons and orders

    def persons(self) -> list[str]:
        """Return the keyed hashes of the person, what joins widest first."""
        self.text("customer_of")
        return [found for name in PERSONS if (found := self.text(name))]

    def person(self) -> str | None:
        """Return the hash by which the record's person goes; None: nobody is known."""
        return next(iter(self.persons()), None)

    def identities(self, evidence: str) -> Iterator[Identity]:
        """Yield what the record states by naming a person in several ways."""
        return one_person(self.raw, self.persons(), evidence)

    def order_id(self) -> str:
        """Return the number of the order, which may be unique per till only."""
        till, number = self.text("till_id"), self.needed("order_id")
        return f"{till}/{number}" if till else number

    def order_key(self) -> str:
        """Return what names the order in its source: platforms, and their tills, count each for themselves."""
        till, number = self.text("till_id"), self.needed("order_id")
        return joined(self.needed("platform"), *([till] if till else []), number)

    def key(self, number: str, *within: str) -> str:
        """Return the record's key: its number, within what numbers are unique in; without one, that of the record."""
        told = self.text(number)
        return joined(*map(self.needed, within), told) if told else self.raw.key


def _told(name: str, read: Any) -> Any:
    """Read a value; a refusal names the field, and does not quote what stands in it."""
    try:
        return read()
    except Unfit as unfit:
        raise Unfit(unfit.reason, f"{name} {_MUST.get(unfit.reason, 'cannot be read')}") from None


_MUST = {
    "bad_money": f"is no plain decimal amount of its currency, such as 27.98, of {10**MAX_WHOLE:,} at most",
    "unknown_currency": "is no active ISO 4217 code",
    "negative_quantity": "is no count",
    "impossible_date": "is no ISO 8601 time with an offset between 2000 and 2100",
}
