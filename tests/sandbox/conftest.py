"""A small brand, and the played TikTok Shop over it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from seller import Seller

from jalon.sandbox.brand import NOW, generate
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.server import Sandbox
from jalon.sandbox.world import World


@pytest.fixture(scope="session")
def world() -> World:
    return generate(7, orders=600)


@pytest.fixture
async def sandbox(world: World) -> AsyncIterator[Sandbox]:
    """The TikTok Shop part alone, its clock frozen at the world's present, deliveries by hand."""
    clock = Clock(NOW, frozen=True)
    async with Sandbox(world, clock, Faults(7, hang=1.0), parts=["tiktok_shop"], deliver=False) as running:
        yield running


@pytest.fixture
async def seller(sandbox: Sandbox) -> AsyncIterator[Seller]:
    """An app that holds a fresh access token."""
    app = Seller(sandbox)
    await app.refresh()
    yield app
    await app.client.aclose()
