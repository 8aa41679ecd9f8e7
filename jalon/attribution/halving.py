"""Powers of one half that are the same, to the last bit, on every engine.

Engines take `power` from the libraries they are built on, which differ in the last bit, and a weight that is rounded
down may then differ by one. Adding, multiplying and dividing floats is exactly defined (IEEE 754), and so is the power
of a whole number here.
"""

from __future__ import annotations

import math

import ibis

_TERMS = tuple((-math.log(2)) ** n / math.factorial(n) for n in range(17))
"""Of the series of 2^-x about 0; what is left out is below 2^-53 for x < 1."""


def halved(times: ibis.Value) -> ibis.Value:
    """Return 2^-times for times >= 0, to within a few units of the last place."""
    whole = times.floor().cast("float64")
    part = times - whole
    curve: ibis.Value = ibis.literal(_TERMS[-1])
    for term in reversed(_TERMS[:-1]):
        curve = curve * part + term
    return curve * ibis.literal(2.0) ** (-whole)
