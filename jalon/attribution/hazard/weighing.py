"""Weighing the steps of journeys by fitted rates, in whole numbers; what they leave belongs to nobody.

The share of a touchpoint in a sale is its part of the rate at the moment of the sale. The share of a sign of intent is
handed on to the causes before it, each by its part of the rate at which such signs came then; the rest of it, and the
baseline's share of the sale, is what would have come anyway. Rates come as whole numbers by channel and bin of age, so
that the engine adds and divides nothing but these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.hazard.counted import Unit, binned
from jalon.attribution.hazard.fitting import BINS, Rates
from jalon.attribution.leaving import PARTS, with_left
from jalon.attribution.money import divided

GREATEST = 2**40
"""The rates of a journey sum to less, so that a share of `PARTS` of them fits 64 bits."""
SALE = ""
"""Stands where the name of a sign would, for the rates of sales themselves."""


class Weights(NamedTuple):
    """Kept tables. `rates`: (`of`, `unit`, `bin`, `rate`) of sales and of signs; `own`: (`of`, `stratum`, `own`), the
    baselines; `orders`: (`order_uid`, `stratum`); `roles`: (`touch_uid`, `unit`, `causes`) of all touchpoints."""

    rates: Table
    own: Table
    orders: Table
    roles: Table
    window: int


def rate_tables(
    engine: Engine, units: list[Unit], fitted: Mapping[str, Rates], window: float, most: int
) -> tuple[Table, Table]:
    """Return `rates` and `own` as whole numbers; a journey has at most `most` steps."""
    rates, own = [], []
    for of, found in fitted.items():
        cells = found.per_cell(window)
        scale = GREATEST / (float(cells.max(initial=0.0)) * most + float(found.own.max()))
        rates.append(_rates(of, units, np.rint(cells * scale).astype(np.int64)))
        own.append(_own(of, np.rint(found.own * scale).astype(np.int64)))
    return (
        engine.take("incremental_rates", pa.concat_tables(rates), _RATES),
        engine.take("incremental_own", pa.concat_tables(own), _OWN),
    )


_RATES = {"of": "string", "unit": "string", "bin": "int64", "rate": "int64"}
_OWN = {"of": "string", "stratum": "int64", "own": "int64"}


def _rates(of: str, units: list[Unit], rate: np.ndarray) -> pa.Table:
    names = [unit.name for unit in units for _ in range(BINS)]
    columns = {
        "of": pa.array([of] * len(names), pa.string()),
        "unit": pa.array(names, pa.string()),
        "bin": pa.array(np.tile(np.arange(BINS), len(units)), pa.int64()),
        "rate": pa.array(rate, pa.int64()),
    }
    return pa.table(columns)


def _own(of: str, own: np.ndarray) -> pa.Table:
    strata = pa.array(np.arange(len(own)), pa.int64())
    return pa.table({"of": pa.array([of] * len(own), pa.string()), "stratum": strata, "own": pa.array(own, pa.int64())})


def weighed(engine: Engine, weights: Weights, features: Table) -> Table:
    """Return the steps that have points, and per order a row at place 0 with those that belong to nobody.

    Columns: those of `features`, and `points`, which sum to `PARTS` in every order.
    """
    steps = engine.keep("incremental_steps", _with_shares(features, weights))
    handed = _handed_on(engine, steps, weights)
    own = steps.filter(steps.causes).select("order_uid", "touch_uid", points="share")
    given = own.union(handed).group_by("order_uid", "touch_uid").agg(points=lambda t: t.points.sum())
    given = engine.keep("incremental_points", given.filter(given.points > 0))
    return with_left(features, given)


def _with_shares(features: Table, weights: Weights) -> Table:
    """Add to each step its share of the sale; steps that are neither causes nor signs are left out."""
    steps = features.select("order_uid", "touch_uid", "had_at", "placed_at").join(weights.roles, "touch_uid")
    steps = steps.filter(steps.unit.notnull()).join(weights.orders, "order_uid")
    steps = steps.mutate(of=ibis.literal(SALE), bin=binned(steps.placed_at - steps.had_at, weights.window))
    rated = steps.join(weights.rates, ["of", "unit", "bin"]).join(weights.own, ["of", "stratum"])
    whole = rated.rate.sum().over(group_by=rated.order_uid) + rated.own
    told = rated.mutate(whole=whole.cast("int64"))
    return told.mutate(share=divided(told.rate * PARTS, told.whole)).select(
        "order_uid", "touch_uid", "had_at", "unit", "causes", "stratum", "share"
    )


def _handed_on(engine: Engine, steps: Table, weights: Weights) -> Table:
    """Return (order_uid, touch_uid, points): what causes have of the shares of the signs that came after them."""
    signs = steps.filter(~steps.causes & (steps.share > 0))
    signs = signs.select("order_uid", "stratum", "share", of="unit", sign="touch_uid", shown_at="had_at")
    before = steps.select("order_uid", "touch_uid", "had_at", "unit", "causes")
    pairs = signs.join(before, "order_uid")
    pairs = pairs.filter((pairs.had_at <= pairs.shown_at) & (pairs.touch_uid != pairs.sign))
    pairs = pairs.mutate(bin=binned(pairs.shown_at - pairs.had_at, weights.window))
    rated = pairs.join(weights.rates, ["of", "unit", "bin"]).join(weights.own, ["of", "stratum"])
    whole = rated.rate.sum().over(group_by=[rated.order_uid, rated.sign]) + rated.own
    told = engine.keep("incremental_signs", rated.mutate(whole=whole.cast("int64")))
    handed = told.filter(told.causes)
    return handed.select("order_uid", "touch_uid", points=divided(handed.share * handed.rate, handed.whole))
