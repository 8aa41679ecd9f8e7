"""Making the marts of measures: what is measured in each stage, and what the models of purchases have learnt."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from ibis.expr.types import Table

from jalon.report.marts.base import Base
from jalon.report.marts.taken import taken
from jalon.report.people import bg_nbd, gamma_gamma
from jalon.report.people.figure_rows import Figure
from jalon.report.people.fitting import Fit
from jalon.report.people.measure_list import MEASURES
from jalon.report.people.of_orders import of_orders, of_platforms, of_stages, of_surveys, of_touches
from jalon.report.people.of_persons import of_models, of_persons, of_segments, of_worth
from jalon.report.people.person_tables import RPT_PURCHASE_MODELS, RPT_STAGE_MEASURES

Row = dict[str, Any]
_PLACES = {name: place for place, name in enumerate(MEASURES)}


def stage_measures(base: Base) -> Table:
    """Return what is measured in each stage."""
    found = chain(
        of_persons(base), of_models(base), of_segments(base), of_worth(base.customers),
        of_orders(base), of_touches(base), of_stages(base), of_platforms(base), of_surveys(base),
    )  # fmt: skip
    return taken(base.engine, RPT_STAGE_MEASURES, map(_row, found))


def _row(figure: Figure) -> Row:
    measure = MEASURES[figure.measure]
    return {
        "stage": figure.stage or measure.stage,
        "measure": measure.name,
        "member": figure.member,
        "title": measure.title,
        **{"value": figure.found.value, "low": figure.found.low, "high": figure.found.high, "n": figure.found.n},
        "unit": figure.currency if measure.unit == "currency" else measure.unit,
        "better": measure.better or None,
        "definition": measure.definition,
        "because": figure.because,
        "position": _PLACES[measure.name],
    }


def purchase_models(base: Base) -> Table:
    """Return the parameters of the models, with their errors."""
    bought = base.customers.bought.fit
    rows = list(_parameters("bg_nbd", "", bg_nbd.NAMES, bought)) if bought else []
    for value in base.customers.worth:
        if value.fit:
            rows += _parameters("gamma_gamma", value.currency, gamma_gamma.NAMES, value.fit)
    return taken(base.engine, RPT_PURCHASE_MODELS, rows)


def _parameters(model: str, currency: str, names: tuple[str, ...], fit: Fit) -> Iterator[Row]:
    for name, value, error in zip(names, fit.parameters, fit.errors, strict=True):
        yield {
            **{"model": model, "currency": currency, "parameter": name},
            **{"value": float(value), "standard_error": float(error)},
            **{"buyers": fit.observations, "log_likelihood": fit.log_likelihood},
        }
