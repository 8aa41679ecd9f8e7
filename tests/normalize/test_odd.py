"""Records of any shape, of every connector: each becomes facts, or is unfit by a reason that names what is wrong."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon import registry
from jalon.normalize.vocabulary import Unfit
from jalon.store.facts import columns_of
from jalon.testing.samples import stored
from tests import golden
from tests.normalize.odd import JSON, ODD, Path, changed, places

SAMPLES = {name: [*map(stored, golden.samples(name))] for name in registry.names()}
POOR = {"unexpected_shape", "normalizer_error"}
"""Reasons by which nobody learns which field it was."""


@pytest.mark.parametrize("name", registry.names())
@given(data=st.data())
def test_a_spoilt_record_is_never_an_error_of_its_normalizer(name: str, data: st.DataObject) -> None:
    """In quarantine an error of the normalizer would be `normalizer_error`, which says nothing of the record."""
    raw, context = data.draw(st.sampled_from(SAMPLES[name]))
    body = raw.body
    for _ in range(data.draw(st.integers(1, 3))):
        if at := [*places(body)]:
            where, value = data.draw(st.sampled_from(at)), data.draw(st.sampled_from([*ODD, ...]) | JSON)
            body = without(body, where) if value is ... else changed(body, where, value)
    try:
        columns_of(registry.normalizer_of(registry.connector(name))(raw._replace(body=body), context))
    except Unfit as unfit:
        assert unfit.reason not in POOR, unfit.detail  # noqa: PT017 (facts are as welcome)


def without(body: Any, path: Path) -> Any:
    """Return a copy of a record without what is at a place."""
    body = copy.deepcopy(body)
    holder = body
    for name in path[:-1]:
        holder = holder[name]
    del holder[path[-1]]
    return body
