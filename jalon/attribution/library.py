"""The engine for any table of touchpoints and conversions: no store, no facts, no configuration.

A table has one row per thing that happened to one person at one time. A row with a channel is a touchpoint; a row
whose conversion is neither zero nor false is a conversion; a row may be both, and then the touchpoint is the last one
before the conversion. Options are those of `jalon.attribution.options.Options`.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution import holdouts, journeys
from jalon.attribution.adding import table_of
from jalon.attribution.crediting import for_model, observed
from jalon.attribution.effects.learning import EFFECTS, Learnt, material
from jalon.attribution.effects.states import CHANNEL
from jalon.attribution.engine import Engine
from jalon.attribution.engines import opened
from jalon.attribution.groups import group
from jalon.attribution.learning import learn_within
from jalon.attribution.library_options import options_of, tested
from jalon.attribution.models import MODELS
from jalon.attribution.options import Options
from jalon.attribution.reading import SALES, TOUCHES, Columns, read
from jalon.attribution.windows import windows
from jalon.errors import ConfigError

_Tests = dict[str, list[dict[str, Any]]]
"""Model -> of each hold-out test what became of it (`holdouts.Calibrated`)."""


class _Ready(NamedTuple):
    engine: Engine
    sales: Table
    found: journeys.Journeys
    columns: Columns
    valued: bool
    decimals: int
    options: Options


def paths(table: Any, *, columns: Columns | None = None, decimals: int | None = None, **options: Any) -> pa.Table:
    """Return the steps of all journeys, those that led to no conversion among them.

    Columns: `path`, `person`, `position` (from 1), `touches` (of the path), `touch`, `channel`, `time`, `conversion`
    (null: it led to none) and `value`. `touch` and `conversion` are rows of the table, by its `id` column or by number
    from 0. Raises `ConfigError` for a table that cannot be read or an option that cannot be.
    """
    with _ready(table, columns, decimals, options) as ready:
        led = ready.found.steps.select("order_uid", "person", "position", "touches", "touch_uid", path="order_uid")
        left = ready.found.open_steps.select("person", "position", "touches", "touch_uid", path="journey_id")
        steps = led.union(left.mutate(order_uid=ibis.null("string")).select(*led.columns))
        told = _named(steps, ready).select(
            "path", "person", "position", "touches", "touch", "channel", "time", "conversion", "value"
        )
        return _shaped(ready.engine.rows(told.order_by("path", "position")), ready)


def credit(
    table: Any,
    model: str | Sequence[str] = "markov",
    *,
    columns: Columns | None = None,
    decimals: int | None = None,
    **options: Any,
) -> pa.Table:
    """Return what each touchpoint is credited of each conversion's value, by one model or several.

    Columns: `model`, `conversion`, `person`, `converted_at`, `position` (from 1), `touch`, `channel`, `time`, `weight`
    (decimal; of a conversion they sum to 1) and `credit` (decimal with `decimals` places, of a conversion they sum to
    its value; None: two, or six where the table has no values and each conversion is worth 1). A conversion that no
    touchpoint led to has one row, without touch and channel. `touch` and `conversion` are rows of the table, by its
    `id` column or by number from 0. Where there are `holdouts`, the metadata of the table's schema tells what became of
    them, as JSON under `holdouts`: by model, of each test what its touchpoints were `credited`, what was `tested`, and
    the `factor`; one that changes nothing is warned of (`UserWarning`).

    Raises `ConfigError` for a table that cannot be read, an unknown model, or an option that cannot be.
    """
    models = _models(model, options)
    with _ready(table, columns, decimals, {**options, "models": models}) as ready:
        given, tests = _credited(ready, _learnt(ready))
        told = _named(given.mutate(person=ibis.null("string")), ready).select(
            "model", "conversion", "person", "converted_at", "position", "touch", "channel", "time", "weight",
            "order_uid", credit="amount",
        )  # fmt: skip
        in_order = told.order_by("model", "converted_at", "order_uid", "position").drop("order_uid")
        rows = _shaped(ready.engine.rows(in_order), ready)
    return _with_tests(rows, tests)


def channel_effects(table: Any, model: str = "markov", *, columns: Columns | None = None, **options: Any) -> pa.Table:
    """Return what a model that learns found: rows as `effects.learning.EFFECTS`, by model and state.

    The metadata of the table's schema tells, as JSON under `learnt`, what it rests on. Raises `ConfigError` as `credit`
    does.
    """
    models = _models(model, options)
    if not isinstance(model, str) or (model in MODELS and not MODELS[model].learns):
        learners = ", ".join(name for name, card in MODELS.items() if card.learns)
        raise ConfigError(f"the model {model!r} learns nothing from journeys", f"Such as do are {learners}.")
    with _ready(table, columns, 0, {**options, "models": models}) as ready:
        found = _learnt(ready)
        rows = ready.engine.rows(found.effects.order_by("model", "state"))
        return rows.replace_schema_metadata({"learnt": json.dumps(found.told.get(model, {}))})


def sums(table: Any, *, columns: Columns | None = None, decimals: int | None = None, **options: Any) -> pa.Table:
    """Return what models that learn hear of the journeys, and what rules credit, as sums that add up (`adding.SUMS`).

    Journeys are told by `options`, and the rules are those of `models`. Raises `ConfigError` as `credit` does, for
    `holdouts` and `model_lookback`, under which credit and journeys are no sums over persons, and for `markov_state`.
    """
    with _ready(table, columns, decimals, options) as ready:
        chosen = ready.options
        other_state = chosen.markov_state != CHANNEL
        unfit = {"holdouts": chosen.holdouts, "model_lookback": chosen.model_lookback, "markov_state": other_state}
        if named := [name for name, given in unfit.items() if given]:
            raise ConfigError(f"sums cannot be counted with {', '.join(named)}", "Leave it out, or call `credit`.")
        rules = tuple(name for name in MODELS if name in chosen.models and not MODELS[name].learns)
        heard = material(ready.engine, ready.found)
        return table_of(heard, _by_group(ready, rules), ready.decimals, _counted_by(ready, rules))


_SUMS = 4
"""Number of the form of sums: to be raised where the same options would count something else than before."""
_SUMMED = "decimal(38, 0)"
_DECIDE = (
    "lookback_days",
    "lookback",
    "views",
    "skip",
    "repeat",
    "max_touches",
    "not_credited",
    "half_life_days",
    "custom",
)
"""Options that sums depend on."""


def _counted_by(ready: _Ready, rules: tuple[str, ...]) -> str:
    """Return all that two tables must have been counted by alike, so that their sums add up."""
    told = ready.options.decisive()
    columns = [ready.valued, ready.columns.stage is not None, ready.columns.kind is not None]
    return json.dumps([_SUMS, rules, columns, [told[name] for name in _DECIDE]], default=_plain)


def _plain(value: Any) -> Any:
    """Return a number of numpy as one of Python."""
    return value.item() if hasattr(value, "item") else str(value)


def _by_group(ready: _Ready, rules: tuple[str, ...]) -> pa.Table:
    """Return what rules credit, by `model`, `channel` and group of persons (`part`).

    Who bought and is not known belongs to a group by the name of the row, where it has one, else by time and value: it
    is the same in whatever table it is told.
    """
    if not rules:
        rows = ready.engine.take("credited", None, {"model": "string", "channel": "string", "part": "int64"})
        return ready.engine.rows(rows.mutate(credit=ibis.null(_SUMMED)))
    rules_alone = ready._replace(options=ready.options.of_models(rules))
    rows, _ = _credited(rules_alone, Learnt(ready.engine.take("effects", None, EFFECTS), {}))
    sales = ready.sales
    row = sales.name if ready.columns.id else ibis.null("string")
    alone = sales.placed_at.cast("string") + "/" + sales.net.cast("string")
    buyers = sales.select("order_uid", buyer=ibis.coalesce(sales.person, row, alone))
    met = ready.found.touches.select("touch_uid", "channel")
    told = rows.join(buyers, "order_uid").left_join(met, "touch_uid")
    told = told.mutate(part=group(told.buyer))
    return ready.engine.rows(told.group_by("model", "channel", "part").agg(credit=told.amount.sum().cast(_SUMMED)))


def _credited(ready: _Ready, learnt: Learnt) -> tuple[Table, _Tests]:
    """Return the credit rows of every conversion, those that nothing led to among them; and of hold-out tests what
    became of them."""
    found, options = ready.found, ready.options
    sold = ready.sales.select("order_uid", "placed_at", "booked", "net", "currency", "is_sale")
    rows, tests = observed(ready.engine, found, found.touches, sold, learnt, options)
    alone = [(sold.anti_join(found.seen[each.days].steps, "order_uid"), each.models) for each in windows(options)]
    nobodys = [_nobody(orders, name) for orders, models in alone for name in models]
    asked = holdouts.read(options.holdouts)
    became = {
        model: [_in_values(test, told, ready.decimals) for test, told in zip(asked, of_model, strict=True)]
        for model, of_model in tests.items()
    }
    return ibis.union(*rows.values(), *nobodys), became


def _in_values(test: holdouts.Holdout, told: dict[str, Any], decimals: int) -> dict[str, Any]:
    """Return what became of a hold-out test with its money, if it is of money, as the table has it."""
    unit = 1 if test.currency is None else 10**decimals
    return {**told, **{name: told[name] / unit for name in ("credited", "tested", "error")}}


def _with_tests(rows: pa.Table, tests: _Tests) -> pa.Table:
    """Put what became of hold-out tests into the table's metadata, and warn of those that changed nothing."""
    for model, told in tests.items():
        for test in told:
            if test["credited"] <= 0:
                text = f"hold-out test {test['name']!r} changes nothing under {model!r}: no conversion of its days is "
                warnings.warn(f"{text}credited to a touchpoint that it names", stacklevel=3)
    return rows.replace_schema_metadata({"holdouts": json.dumps(tests)}) if tests else rows


def _learnt(ready: _Ready) -> Learnt:
    return learn_within(ready.engine, ready.found, ready.options)


def _models(model: Any, options: dict[str, Any]) -> Any:
    """Return the models that are asked for, as an option."""
    if "models" in options:
        raise ConfigError("models is no option where `model` is told", 'Write model = ["first", "last"].')
    return (model,) if isinstance(model, str) else model


@contextmanager
def _ready(table: Any, columns: Columns | None, decimals: int | None, options: dict[str, Any]) -> Iterator[_Ready]:
    """Read a table and make journeys of it."""
    named = Columns() if columns is None else columns
    chosen = options_of(options, named)
    given = read(table, named, decimals)
    chosen = replace(chosen, holdouts=tested(options, named, given.decimals))
    with opened(chosen) as engine:
        touches = engine.take("touches", given.touches, TOUCHES)
        sales = _with_previous(engine.take("conversions", given.sales, SALES))
        sales = engine.keep("sales", sales)
        touches = engine.keep("touches_with_history", _with_history(touches, sales))
        found = journeys.journeys(engine, touches, sales, chosen)
        # What is a conversion too belongs to it, but no platform had to state it: it teaches like any other.
        found = found._replace(touches=touches.mutate(sale_uid=ibis.null("string")))
        yield _Ready(engine, sales, found, named, given.valued, given.decimals, chosen)


def _with_previous(sales: Table) -> Table:
    """Add what the engine asks of orders: all of these are sales, so none looks back beside them."""
    return sales.mutate(is_sale=True, booked=sales.net, currency=ibis.literal(""), previous_at=ibis.null("int64"))


def _with_history(touches: Table, sales: Table) -> Table:
    """Add `is_customer`: the person had converted before."""
    first = sales.group_by(buyer="person").agg(since=sales.placed_at.min())
    joined = touches.left_join(first, touches.person == first.buyer)
    return joined.mutate(is_customer=ibis.coalesce(joined.since < joined.occurred_at, False)).drop("buyer", "since")


def _nobody(alone: Table, model: str) -> Table:
    """Return the conversions that no touchpoint led to, as rows of credit."""
    return for_model(alone.mutate(reason=ibis.literal("nothing_known")), model)


def _named(rows: Table, ready: _Ready) -> Table:
    """Put in the table's own names and times of touchpoints and conversions."""
    met = ready.found.touches.select(met="touch_uid", touch="name", channel="channel", time="occurred_at")
    sold = ready.sales.select(
        sold="order_uid", conversion="name", buyer="person", converted_at="placed_at", value="net"
    )
    found = rows.left_join(met, rows.touch_uid == met.met)
    joined = found.left_join(sold, found.order_uid == sold.sold)
    return joined.mutate(person=ibis.coalesce(joined.person, joined.buyer))


def _shaped(rows: pa.Table, ready: _Ready) -> pa.Table:
    """Turn minor units into decimals, microseconds into times, and row numbers into numbers."""
    for place, name in enumerate(rows.column_names):
        column = rows.column(name)
        if name in ("value", "credit"):
            minor = column.cast(pa.decimal128(19, 0)).combine_chunks()
            column = pa.chunked_array([minor.view(pa.decimal128(19, ready.decimals))])
        elif name in ("time", "converted_at"):
            column = column.cast(pa.timestamp("us", "UTC"))
        elif name in ("touch", "conversion") and ready.columns.id is None:
            column = column.cast(pa.int64())
        rows = rows.set_column(place, name, column)
    return rows
