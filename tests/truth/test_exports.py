"""A history that is exported gives the same as one that is paged, through the engine and over HTTP."""

from __future__ import annotations

from pathlib import Path

from tests.truth.life import Held, finish, held
from tests.truth.stage import staged


async def read(folder: Path, bulk_above: int) -> tuple[Held, int]:
    """Read a played shop until its journeys are ready; return what is held, and how many files were fetched."""
    async with staged(folder, {"shopify": {"bulk_above": bulk_above}}, hooks=False) as stage:
        for _ in range(7):
            await stage.sync()
            stage.sandbox.clock.advance(86_400)
        await stage.sync()
        finish(stage.place)
        files = stage.sandbox.requests["shopify.storage 200"]
    return held(folder), files


async def test_exported_and_paged_orders_are_the_same(tmp_path: Path) -> None:
    paged, none = await read(tmp_path / "paged", 5000)
    exported, some = await read(tmp_path / "exported", 0)
    assert (none, some > 0) == (0, True)
    assert len(paged.sales()) > 20
    assert exported.sales() == paged.sales()
    assert paged.refunds()
    assert exported.refunds() == paged.refunds()
    assert paged.journeys()
    assert exported.journeys() == paged.journeys()
    assert exported.copies() == paged.copies()
