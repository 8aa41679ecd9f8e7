"""The additive hazard with an organic baseline: which sales would have come anyway, and what brought the others.

`find` counts, fits, says how sure and how good the fit is, and returns what weighs the journeys. Where too little is
known to tell what brings sales from what comes anyway it says so, and all credit stays unknown.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.hazard.counted import Counted, Unit, counted
from jalon.attribution.hazard.fitting import Fit, Floats, Rates, shares, watched_days
from jalon.attribution.hazard.judging import Judged, judged
from jalon.attribution.hazard.learning import half_lives, learned, prior
from jalon.attribution.hazard.roles import roles
from jalon.attribution.hazard.spread import Ends, interval, with_model_error
from jalon.attribution.hazard.watched import STRATA, journeys_of, steps_of, window_of
from jalon.attribution.hazard.weighing import SALE, Weights, rate_tables, weighed
from jalon.attribution.journeys import Journeys
from jalon.attribution.leaving import Found, Weigher, not_learnt, why_not
from jalon.attribution.options import Options

NAME = "incremental"
PLACES = 6


def find(engine: Engine, journeys: Journeys, options: Options) -> Found:
    """Return what the journeys tell of channels, signs of intent, and what comes by itself."""
    heard = counted(engine, journeys, options)
    if because := why_not(heard.journeys, heard.sales):
        return not_learnt(heard.journeys, heard.sales, because)
    weight = options.prior_conversions
    fitted = learned(heard.data, weight)
    by_chance = interval(heard.data, fitted.rates, prior(heard.data, weight))
    ends = with_model_error(by_chance, fitted.rates, options.model_error)
    signs = {name: learned(data, weight) for name, data in heard.signs.items()}
    base = {"journeys": heard.journeys, "conversions": heard.sales, "learnt": True}
    told = {**base, **_told(heard, fitted, signs, ends, judged(heard.data, weight, fitted.rates))}
    weights = _weights(engine, journeys, options, heard, {SALE: fitted, **signs})
    return Found(_effects(heard, fitted.rates, ends), told, Weigher(partial(weighed, engine, weights), "organic"))


def _weights(engine: Engine, journeys: Journeys, options: Options, heard: Counted, fitted: dict[str, Fit]) -> Weights:
    of_buyers = journeys._replace(open_steps=journeys.open_steps.semi_join(journeys.steps, "person"))
    sold = journeys_of(steps_of(of_buyers, options))
    orders = sold.filter(sold.sold_at.notnull()).select("stratum", order_uid="journey")
    role = roles(journeys.touches, options.intent)
    known = journeys.touches.select("touch_uid", unit=role.unit, causes=role.causes)
    kept = (engine.keep("incremental_orders", orders), engine.keep("incremental_roles", known))
    units, rates = _with_unheard(heard, fitted, _causes(engine, journeys.steps, kept[1]), options.prior_conversions)
    tables = rate_tables(engine, units, rates, heard.data.window, options.max_touches)
    return Weights(*tables, *kept, window_of(options))


def _causes(engine: Engine, steps: Table, known: Table) -> list[str]:
    """Return the channels that led to sales as causes, heard or not."""
    met = known.filter(known.causes & known.unit.notnull()).semi_join(steps, "touch_uid")
    names: list[str] = engine.rows(met.select("unit").distinct().order_by("unit"))["unit"].to_pylist()
    return names


def _with_unheard(
    heard: Counted, fitted: dict[str, Fit], causes: list[str], weight: float
) -> tuple[list[Unit], dict[str, Rates]]:
    """Add the causes of which none was heard, since orders alone state them: they have the mean that channels lean on.

    Without it the sales that they led to would be taken for such as would have come anyway.
    """
    rates = {name: each.rates for name, each in fitted.items()}
    taught = [number for number, unit in enumerate(heard.units) if unit.causes]
    names = sorted(set(causes) - {heard.units[number].name for number in taught})
    if not (names and taught):
        return heard.units, rates
    for of, each in rates.items():
        mean = prior(heard.data if of == SALE else heard.signs[of], weight).rates
        brings, fades = (np.full(len(names), column[taught[0]]) for column in (mean.brings, mean.fades))
        rates[of] = Rates(each.own, np.append(each.brings, brings), np.append(each.fades, fades))
    return [*heard.units, *(Unit(name, True) for name in names)], rates


def _effects(heard: Counted, rates: Rates, ends: Ends) -> dict[str, list[Any]]:
    own = np.flatnonzero(heard.data.causes)
    size = len(own)
    return {
        "channel": [heard.units[i].name for i in own],
        "effect": _rounded(rates.brings[own]),
        "low": _rounded(ends.low.brings[own]),
        "high": _rounded(ends.high.brings[own]),
        "half_life_days": _rounded(half_lives(rates)[own]),
        "steps": [int(heard.steps[i]) for i in own],
        "journeys": [int(heard.met[i]) for i in own],
        "base_rate": [round(heard.sales / heard.journeys, PLACES)] * size,
    }


def _told(heard: Counted, fitted: Fit, signs: dict[str, Fit], ends: Ends, judgement: Judged) -> dict[str, Any]:
    """Return what the card of the run says."""
    rates, data = fitted.rates, heard.data
    shared, days = shares(data, rates), watched_days(data)
    each = half_lives(rates)
    return {
        "groups": heard.groups,
        "converged": all(fit.converged for fit in (fitted, *signs.values())),
        "steps": len(fitted.gains),
        "organic_share": round(float(shared.own.sum() / data.many), PLACES),
        "baseline": {
            name: {
                "sales_per_day": round(float(rates.own[i]), 9),
                "low": round(float(ends.low.own[i]), 9),
                "high": round(float(ends.high.own[i]), 9),
                "sales": round(float(shared.own[i]), 1),
                "days": round(float(days[i])),
            }
            for i, name in enumerate(STRATA)
        },
        "signs": {
            unit.name: {
                "brings": round(float(rates.brings[i]), PLACES),
                "half_life_days": round(float(each[i]), PLACES),
                "sales": round(float(shared.channel[i]), 1),
                "led_to": _led_to(heard, signs[unit.name].rates, unit.name),
            }
            for i, unit in enumerate(heard.units)
            if not unit.causes
        },
        "held_out": judgement.told(heard.journeys, [unit.name for unit in heard.units]),
    }


def _led_to(heard: Counted, rates: Rates, sign: str) -> float | None:
    """Return the share of the signs that causes led to."""
    data = heard.signs[sign]
    shared = shares(data, rates)
    return round(float(shared.channel[data.causes].sum() / data.many), PLACES) if data.many else None


def _rounded(values: Floats) -> list[float]:
    return [round(float(value), 9) for value in values]
