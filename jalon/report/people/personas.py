"""Declared personas: which persons fit the rules of jalon.toml, and what is said of such a group."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import ibis
from ibis.expr.types import Table

from jalon.report.marts.shapes import NONE
from jalon.report.people.settings import Condition, Persona

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda column, values: column.isin(values),
}
"""Operator -> what it asks of a column."""
FEWEST_SHOWN = 5
"""Persons below which nothing of a group is shown: a smaller one would tell of single persons."""


def with_persona(customers: Table, personas: Mapping[str, Persona]) -> Table:
    """Add the `persona` of each person: the first whose conditions all hold, else `NONE`."""
    fitting = [(_fits(customers, persona), name) for name, persona in personas.items()]
    found = ibis.cases(*fitting, else_=NONE) if fitting else ibis.literal(NONE)
    return customers.mutate(persona=found)


def _fits(customers: Table, persona: Persona) -> ibis.Value:
    return reduce(operator.and_, (_holds(customers, condition) for condition in persona.where))


def _holds(customers: Table, condition: Condition) -> ibis.Value:
    value = list(condition.values) if condition.op == "in" else condition.value
    return ibis.coalesce(COMPARE[condition.op](customers[condition.column], value), False)


def rule(persona: Persona) -> str:
    """Return the conditions as text: 'purchases >= 3 and main_channel = email'."""
    return " and ".join(map(repr, persona.where))
