"""Hold-out tests: what a channel brought where it was switched off for some, as calibration of every model.

A test says how many conversions (or how much net revenue) certain touchpoints brought in a span of time. What a model
credits them in that span is held against it, and their credit is multiplied by what the test found by what was
credited. The difference goes to nobody, or comes from what was nobody's: no other channel gains or loses by it.

A test has an error of its own. The factor leans on one, as if models were right on average and wrong by their whole as
a rule; of 663 advertising experiments the models' median error was about as large as the effect (Gordon, Moakler and
Zettelmeyer, Marketing Science 2023).

Tests of the same touchpoints on other days are independent estimates of one factor, and are pooled: each weighs by the
inverse of its variance, as one does (Cochran, The combination of estimates from different experiments, Biometrics 10
(1954) 101-129). Where days overlap the first test alone counts, since most often one test was told twice.
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
MOST_FOUND = 2**53
"""No test found so much, in conversions or minor units."""
SUREST = 1e9
"""What was credited is no more standard errors of a test than this."""
_MILLION = 2**20
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
    if max(abs(lift), error) * units >= MOST_FOUND:
        said = f"found {unit[0]} = {row[unit[0]]!r} with a standard error of {error:g}, which is too great"
        raise _wrong(name, said, f"Correct it: both are below {MOST_FOUND // units:,}.")
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


def repeated(holdouts: Sequence[Holdout]) -> list[bool]:
    """Say of each test whether an earlier one that counts has the same touchpoints and some of its days."""
    counting: list[Holdout] = []
    found = []
    for test in holdouts:
        again = any(
            _words(one) == _words(test) and one.since < test.until and test.since < one.until for one in counting
        )
        found.append(again)
        counting += [] if again else [test]
    return found


def _words(test: Holdout) -> frozenset[str]:
    return frozenset(word.strip() for word in test.touches.split("+"))


class Calibrated(NamedTuple):
    """`weighted`: the steps with their new points. `told`: per test what was `credited`, `tested`, and the `factor`
    that it and the other tests of its touchpoints say."""

    weighted: Table
    told: list[dict[str, Any]]


def calibrated(engine: Engine, weighted: Table, touches: Table, sold: Table, holdouts: list[Holdout]) -> Calibrated:
    """Return the steps of orders with the points of what was tested multiplied; `weighted` is kept, with `points`."""
    kinds = list(dict.fromkeys(map(_words, holdouts)))
    places = [kinds.index(_words(test)) for test in holdouts]
    marks = [(fits(touches, holdouts[places.index(kind)].touches), kind) for kind in range(len(kinds))]
    marked = touches.select("touch_uid", test=ibis.cases(*marks).cast("int64"))
    steps = engine.keep("weighted_and_tested", _scaled(weighted.left_join(marked, "touch_uid").drop("touch_uid_right")))
    credited = _credited(engine, steps, sold, holdouts, places)
    found = [0.0 if again else credit for again, credit in zip(repeated(holdouts), credited, strict=True)]
    pooled: list[list[tuple[Holdout, float]]] = [[] for _ in kinds]
    for kind, test, credit in zip(places, holdouts, found, strict=True):
        pooled[kind].append((test, credit))
    factors = [round(_factor(tests), 4) for tests in pooled]
    told = [_told(test, credit, factors[kind]) for kind, test, credit in zip(places, holdouts, found, strict=True)]
    parts = [round(factor * PARTS) for factor in factors]
    return Calibrated(engine.keep("weighted_by_tests", _multiplied(steps, parts).select(*weighted.columns)), told)


def _scaled(steps: Table) -> Table:
    """Add `scaled`, the points in parts of `SCALE`, and whether the order is one that a test is about."""
    by_order = {"group_by": steps.order_uid}
    whole = steps.points.sum().over(**by_order).cast("int64")
    about = steps.test.notnull().cast("int64").sum().over(**by_order)
    return steps.mutate(scaled=divided(steps.points * SCALE, whole), about=about > 0)


def _credited(engine: Engine, steps: Table, sold: Table, holdouts: list[Holdout], places: list[int]) -> list[float]:
    """Return what was credited to each test's touchpoints in its span, in the unit of the test; `places`: which `test`
    of the steps are a test's.

    An order that was cancelled after it had been paid has steps, but is no conversion.
    """
    tested = steps.filter(steps.test.notnull()).select("order_uid", "test", "scaled")
    rows = tested.join(sold.select("order_uid", "placed_at", "net", "currency", "is_sale"), "order_uid")
    spans = [
        (rows.test == place)
        & (rows.placed_at >= test.since)
        & (rows.placed_at < test.until)
        & (ibis.literal(True) if test.currency is None else rows.currency == test.currency)
        for place, test in zip(places, holdouts, strict=True)
    ]
    money = _part(rows.net, divided(rows.scaled, ibis.literal(SCALE // _MILLION, "int64")))
    sales = ibis.ifelse(rows.is_sale, rows.scaled, 0)
    worth = [sales if test.currency is None else money for test in holdouts]
    sums = {f"of_{n}": ibis.ifelse(span, worth[n], 0).sum() for n, span in enumerate(spans)}
    found = engine.dicts(rows.agg(**sums))[0]
    units = [SCALE if test.currency is None else 1 for test in holdouts]
    return [(found[f"of_{n}"] or 0) / unit for n, unit in enumerate(units)]


def _part(amount: ibis.Value, part: ibis.Value) -> ibis.Value:
    """Return an amount below 2**53 times a part of `_MILLION`, rounded towards zero: with amount = a million + b it is
    a part + (b part) / million, without overflow."""
    million = ibis.literal(_MILLION, "int64")
    return divided(amount, million) * part + divided(amount % million * part, million)


def _factor(tests: Sequence[tuple[Holdout, float]]) -> float:
    """Return by what touchpoints are multiplied: the mean of one and of the ratio of found to credited of each test,
    weighed by how sure it is."""
    known = [(test.lift / credit, min(credit / test.error, SUREST) ** 2) for test, credit in tests if credit > 0]
    weights = 1 + sum(sure for _, sure in known)
    return min(max((1 + sum(ratio * sure for ratio, sure in known)) / weights, 0.0), MOST)


def _told(test: Holdout, credited: float, factor: float) -> dict[str, Any]:
    """Return what is credited and tested, and the factor; a test without credit has no part in it."""
    return {
        "name": test.name,
        "credited": round(credited, 3),
        "tested": test.lift,
        "error": round(test.error, 3),
        "factor": factor if credited > 0 else 1.0,
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
