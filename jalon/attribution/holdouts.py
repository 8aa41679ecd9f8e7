"""Hold-out tests: what a channel brought where it was switched off for some, as calibration of every model.

A test says how many conversions (or how much net revenue) certain touchpoints brought in a span of time. What a model
credits them in that span is held against it, and their credit is multiplied by what the test found by what was
credited. The difference goes to nobody, or comes from what was nobody's: no other channel gains or loses by it.

A test has an error of its own. The factor leans on one, as if models were right on average and wrong by their whole as
a rule; of 663 advertising experiments the models' median error was about as large as the effect (Gordon, Moakler and
Zettelmeyer, Marketing Science 2023).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.intervals import NORMAL
from jalon.attribution.money import divided
from jalon.attribution.numbers import number
from jalon.attribution.patterns import check, fits
from jalon.errors import ConfigError
from jalon.normalize.times import SECOND

PARTS = 10_000
"""Factors are whole numbers of so many parts."""
MOST = 16.0
"""No factor is greater."""
SCALE = 2**27
"""Into so many points an order is shared out that a test is about."""
KEYS = ("name", "touches", "from", "to", "conversions", "net", "currency", "low", "high", "error")


class Holdout(NamedTuple):
    """A test. `touches`: pattern of what was held out; `since` to before `until` (microseconds, UTC); `lift`: what it
    brought, in conversions, or in minor units of `currency`; `error`: its standard error."""

    name: str
    touches: str
    since: int
    until: int
    lift: float
    error: float
    currency: str | None


def read(rows: Sequence[Mapping[str, Any] | Holdout], places: int | None = None) -> list[Holdout]:
    """Return the tests that settings tell. Raises `ConfigError` for what is none.

    `places`: money is told without a currency, in units of so many decimals, as the values of a table are.
    """
    if not isinstance(rows, Sequence) or not all(isinstance(row, (Mapping, Holdout)) for row in rows):
        raise ConfigError(f"holdouts = {rows!r} is no list of tests", "Give a list of tables, one for each test.")
    return [row if isinstance(row, Holdout) else _read(row, places) for row in rows]


def _read(row: Mapping[str, Any], places: int | None) -> Holdout:
    name = str(row.get("name") or "without a name")
    if strange := sorted(set(row) - set(KEYS)):
        raise _wrong(name, f"has no key {', '.join(strange)}", f"Known are: {', '.join(KEYS)}.")
    check([str(row.get("touches", ""))], f"holdouts: {name}: touches")
    since, until = _day(row, "from", name), _day(row, "to", name) + timedelta(days=1)
    if since >= until:
        raise _wrong(name, "ends before it begins", "Give the first and the last day, `from` and `to`.")
    unit = [key for key in ("conversions", "net") if key in row]
    if len(unit) != 1 or (places is None and ("net" in row) != ("currency" in row)):
        raise _wrong(name, "does not say what was brought", "Give `conversions`, or `net` and its `currency`.")
    currency, units = (None, 1) if unit == ["conversions"] else _money(row, name, places)
    lift, error = _number(row, unit[0], name), _error(row, unit[0], name)
    return Holdout(name, str(row["touches"]), _instant(since), _instant(until), lift * units, error * units, currency)


def _money(row: Mapping[str, Any], name: str, places: int | None) -> tuple[str, int]:
    """Return the currency and how many minor units its unit has; a table's values have none."""
    from jalon.normalize.money import EXPONENTS

    if places is not None:
        if row.get("currency"):
            raise _wrong(name, "names a currency, and a table has none", "Leave it out: net is in the table's values.")
        return "", 10**places
    currency = str(row["currency"]).strip().upper()
    if currency not in EXPONENTS:
        raise _wrong(name, f"names no currency: {row['currency']!r}", "Write its code of three letters, such as EUR.")
    return currency, 10 ** EXPONENTS[currency]


def _number(row: Mapping[str, Any], key: str, name: str) -> float:
    found = row[key]
    if not number(found):
        raise _wrong(name, f"has {key} = {found!r}, which is no number", "Give a finite one, without quotation marks.")
    return float(found)


def _error(row: Mapping[str, Any], lift: str, name: str) -> float:
    """Return the standard error, from an interval of 90 % about the `lift` where that is told."""
    if "error" in row and {"low", "high"} & set(row):
        raise _wrong(name, "tells how sure it is twice", "Give `low` and `high` (90 %), or `error`, and not both.")
    if {"low", "high"} <= set(row):
        low, found, high = (_number(row, key, name) for key in ("low", lift, "high"))
        if not low <= found <= high:
            said = f"has {lift} = {row[lift]!r}, which is not between low = {row['low']!r} and high = {row['high']!r}"
            raise _wrong(name, said, "Give the ends of the 90 % interval about it.")
        error = (high - low) / (2 * NORMAL)
    else:
        error = _number(row, "error", name) if "error" in row else 0
    if not error > 0:
        raise _wrong(name, "does not say how sure it is", "Give `low` and `high` (90 %), or `error` (standard error).")
    return error


def _day(row: Mapping[str, Any], key: str, name: str) -> date:
    found = row.get(key)
    if isinstance(found, datetime):
        raise _wrong(name, f"{key} = {found} is an instant, no day", "Write a day as 2026-03-01.")
    try:
        return found if isinstance(found, date) else date.fromisoformat(str(found))
    except ValueError as error:
        raise _wrong(name, f"{key} = {found!r} is no day", "Write a day as 2026-03-01.") from error


def _instant(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND


def _wrong(name: str, what: str, remedy: str) -> ConfigError:
    return ConfigError(f"the hold-out test {name!r} {what}", remedy)


class Calibrated(NamedTuple):
    """`weighted`: the steps with their new points. `told`: per test what was `credited`, `tested`, and the `factor`."""

    weighted: Table
    told: list[dict[str, Any]]


def calibrated(engine: Engine, weighted: Table, touches: Table, sold: Table, holdouts: list[Holdout]) -> Calibrated:
    """Return the steps of orders with the points of what was tested multiplied; `weighted` is kept, with `points`."""
    marks = [(fits(touches, test.touches), number) for number, test in enumerate(holdouts)]
    marked = touches.select("touch_uid", test=ibis.cases(*marks).cast("int64"))
    steps = engine.keep("weighted_and_tested", _scaled(weighted.left_join(marked, "touch_uid").drop("touch_uid_right")))
    credited = _credited(engine, steps, sold, holdouts)
    told = [_told(test, credit) for test, credit in zip(holdouts, credited, strict=True)]
    factors = [round(row["factor"] * PARTS) for row in told]
    return Calibrated(engine.keep("weighted_by_tests", _multiplied(steps, factors).select(*weighted.columns)), told)


def _scaled(steps: Table) -> Table:
    """Add `scaled`, the points in parts of `SCALE`, and whether the order is one that a test is about."""
    by_order = {"group_by": steps.order_uid}
    whole = steps.points.sum().over(**by_order).cast("int64")
    about = steps.test.notnull().cast("int64").sum().over(**by_order)
    return steps.mutate(scaled=divided(steps.points * SCALE, whole), about=about > 0)


def _credited(engine: Engine, steps: Table, sold: Table, holdouts: list[Holdout]) -> list[float]:
    """Return what was credited to each test's touchpoints in its span, in the unit of the test.

    An order that was cancelled after it had been paid has steps, but is no conversion.
    """
    tested = steps.filter(steps.test.notnull()).select("order_uid", "test", "scaled")
    rows = tested.join(sold.select("order_uid", "placed_at", "net", "currency", "is_sale"), "order_uid")
    spans = [
        (rows.test == number)
        & (rows.placed_at >= test.since)
        & (rows.placed_at < test.until)
        & (ibis.literal(True) if test.currency is None else rows.currency == test.currency)
        for number, test in enumerate(holdouts)
    ]
    money = divided(
        rows.net * divided(rows.scaled, ibis.literal(SCALE // 2**20, "int64")), ibis.literal(2**20, "int64")
    )
    sales = ibis.ifelse(rows.is_sale, rows.scaled, 0)
    worth = [sales if test.currency is None else money for test in holdouts]
    sums = {f"of_{n}": ibis.ifelse(span, worth[n], 0).sum() for n, span in enumerate(spans)}
    found = engine.dicts(rows.agg(**sums))[0]
    units = [SCALE if test.currency is None else 1 for test in holdouts]
    return [(found[f"of_{n}"] or 0) / unit for n, unit in enumerate(units)]


def _told(test: Holdout, credited: float) -> dict[str, Any]:
    """Return what is credited and tested, and the factor: their ratio and one, weighed by how sure the test is."""
    factor = 1.0
    if credited > 0:
        sure = (credited / test.error) ** 2
        factor = min(max((test.lift / credited * sure + 1) / (sure + 1), 0.0), MOST)
    return {
        "name": test.name,
        "credited": round(credited, 3),
        "tested": test.lift,
        "error": round(test.error, 3),
        "factor": round(factor, 4),
    }


def _multiplied(steps: Table, factors: list[int]) -> Table:
    """Multiply the points of what was tested; what that frees is nobody's, and what it takes was nobody's before."""
    untouched = steps.filter(~steps.about)
    about = steps.filter(steps.about)
    factor = ibis.cases(*((about.test == number, value) for number, value in enumerate(factors)))
    nobody, tested = about.touch_uid.isnull(), about.test.notnull()
    free = ibis.ifelse(nobody | tested, about.scaled, 0).sum().over(group_by=about.order_uid)
    wanted = ibis.ifelse(tested, divided(about.scaled * factor, ibis.literal(PARTS, "int64")), 0)
    asking = about.mutate(free=free.cast("int64"), wanted=wanted.cast("int64"))
    asking = asking.mutate(asked=asking.wanted.sum().over(group_by=asking.order_uid).cast("int64"))
    bounded = divided(asking.wanted * asking.free, ibis.greatest(asking.asked, 1))
    given = ibis.ifelse(asking.asked > asking.free, bounded, asking.wanted)
    points = ibis.ifelse(asking.test.notnull(), given, asking.scaled)
    new = asking.mutate(points=points.cast("int64"))
    left = _left(new).select(*steps.columns)
    kept = new.filter(new.touch_uid.notnull() & (new.points > 0)).select(*steps.columns)
    return untouched.union(kept).union(left)


def _left(steps: Table) -> Table:
    """Return per order what is nobody's, as a row at place 0."""
    given = ibis.ifelse(steps.test.notnull(), steps.points, 0)
    sums = steps.group_by("order_uid", "model").agg(free=steps.free.max(), given=given.sum())
    left = sums.mutate(points=(sums.free - sums.given).cast("int64")).drop("free", "given")
    zero = {name: ibis.literal(0, "int64") for name in ("position", "place") if name in steps.columns}
    none = {name: ibis.null(kind) for name, kind in steps.schema().items() if name not in (*left.columns, *zero)}
    return left.filter(left.points > 0).mutate(**{**none, **zero})
