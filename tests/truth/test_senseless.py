"""Deliveries that are signed and make no sense: answered, kept with a reason, and in nobody's way."""

from __future__ import annotations

import base64
import hmac
import json
import time
from pathlib import Path
from typing import Any

import aiohttp

from jalon.store import deliveries
from jalon.sync.inbound import open_deliveries
from tests.truth.stage import Stage, staged

BIG = 2**63
POISON: tuple[bytes, ...] = (
    b"",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"null",
    b"[]",
    b'"text"',
    b"NaN",
    b'{"id": Infinity}',
    b'{"id": 1e999}',
    b'{"id": 1, "id": 2}',
    b'{"id": "\\ud800"}',
    b'{"id": "\\u0000"}',
    b'{"id": %d}' % BIG,
    b'{"id": ' + b"9" * 5000 + b"}",
    b'{"type": 1, "shop_id": "1", "timestamp": 1e30, "data": {"order_id": {}, "order_status": []}}',
    b'{"type": 1, "data": {"order_id": "\\ud800", "order_status": "X"}}',
    b'{"type": 17, "timestamp": %d, "data": {"product_id": "1", "event": {"content_id": "2"}}}' % BIG,
    b'{"type": {"a": [[]]}, "data": NaN}',
    b"[" * 100_000,
    b'{"a":' * 1000 + b"1" + b"}" * 1000,
    b'{"customer": [], "orders_to_redact": {"1": 2}, "shop_domain": 3}',
    json.dumps({f"k{number}": number for number in range(60_000)}).encode(),
)
SLOW = 1.0
"""Seconds for all of them together, on a busy machine: none may take time that grows faster than its length."""


def signed(stage: Stage, source: str, body: bytes) -> dict[str, str]:
    """Return the headers of a delivery that its platform has signed."""
    given: Any = stage.place.config.sources[source]
    if source == "shopify":
        digest = hmac.digest(given.client_secret.get_secret_value().encode(), body, "sha256")
        names = {"Topic": "orders/updated", "Shop-Domain": given.shop, "Hmac-Sha256": base64.b64encode(digest).decode()}
        return {f"X-Shopify-{name}": value for name, value in names.items()}
    text = given.app_key.encode() + body
    return {"Authorization": hmac.digest(given.app_secret.get_secret_value().encode(), text, "sha256").hex()}


async def test_poison_is_acknowledged_kept_and_stops_nothing(tmp_path: Path) -> None:
    """Threats 11 and 12."""
    async with staged(tmp_path, {}) as stage:
        await stage.sync()
        async with aiohttp.ClientSession() as client:
            for source in stage.place.config.sources:
                address = stage.place.address(source)
                assert address is not None
                for body in POISON:
                    async with client.post(address, data=body, headers=signed(stage, source, body)) as answer:
                        assert answer.status == 200, body[:40]
        await stage.pass_days(1)
        began = time.process_time()
        for source in stage.place.config.sources:
            assert await opened_alone(stage, source) >= len(POISON)
        assert time.process_time() - began < SLOW
        await stage.sync()
        with stage.place.store.read() as db:
            counts = {(count.source, count.state): count.deliveries for count in deliveries.counts(db)}
        for source in stage.place.config.sources:
            # By the hour of the real day, what the played day brings is of a while ago or still to come.
            harmless = counts.get((source, "stale"), 0)
            assert counts.get((source, "opened"), 0) + harmless > 0, "what came after the poison was opened"
            kept = counts[source, "bad"] + counts.get((source, "unknown"), 0)
            assert kept + harmless >= len(POISON) - 2, "kept, but for one that names an order and one that names two"
            assert (source, "new") not in counts


async def opened_alone(stage: Stage, name: str) -> int:
    """Open what waits for one source, without reading what it names."""
    from jalon.sync.pages import Pages
    from jalon.sync.source import Counts

    source, shop, counts = stage.place.source(name), stage.workshop(), Counts()
    return await open_deliveries(source, shop, Pages(source, shop, counts), counts)
