"""A row of the registry: a model and its card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import ibis
from ibis.expr.types import Table

Points = Callable[[Table, Mapping[str, float]], ibis.Value]
"""Gives each step of a journey whole numbers: see `points`."""
COMMON = "common practice; every open implementation read agrees"


class Model(NamedTuple):
    """A model and its card."""

    name: str
    title: str
    assumes: str
    formula: str
    taken_from: str
    points: Points
    learns: bool = False
    """Whether it weighs by what its channels did in all journeys, and not by this journey alone."""
    leaves: bool = False
    """Whether it may leave a part of an order to nobody although the way to it is known."""
    parameters: tuple[str, ...] = ()
    """Names of the options that it obeys."""
