"""A receiver on loopback over a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from plain import Start, hook

from jalon.privacy import Keyring
from jalon.receive.limits import Limits
from jalon.receive.receiver import Receiver
from jalon.store.database import Store


@pytest.fixture
async def start(store: Store) -> AsyncIterator[Start]:
    """Start receivers with the limits given; they are stopped afterwards."""
    started: list[Receiver] = []

    async def one(hooks: dict[str, Any] | None = None, **limits: Any) -> tuple[Receiver, int]:
        receiver = Receiver(store, Keyring(bytes(32)), hooks or {"shop": hook()}, Limits(**limits))
        started.append(receiver)
        port, _ = await receiver.start("127.0.0.1", 0)
        return receiver, port

    yield one
    for receiver in started:
        await receiver.stop()
