"""Who is told of the visits of those who buy nothing, too, can say what would have come anyway; and says it better
than the last touch does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.truth.life import brand
from tests.truth.model_errors import attributed, errors, played, read_log


@pytest.mark.parametrize(("unmoved", "at_most"), [(False, 0.85), (True, 0.5)])
async def test_the_default_errs_less_than_last_touch_once_the_site_tells_all_visits(
    tmp_path: Path, unmoved: bool, at_most: float
) -> None:
    """Over channels, of a small brand that sells on the web alone."""
    world = brand(seed=1, orders=300, days=60, unmoved=unmoved, web_share=1.0)
    lived = await played(world, tmp_path, ("shopify",))
    assert errors(lived.truth, attributed(lived, ("incremental",)), "shopify")["incremental"].nobody > 1, "not learnt"
    await read_log(lived)
    found = errors(lived.truth, attributed(lived, ("incremental", "last")), "shopify")
    assert found["incremental"].channels < at_most * found["last"].channels
    assert found["incremental"].nobody > 0.3
    assert found["last"].nobody == 0
