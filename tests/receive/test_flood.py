"""Anonymous traffic leaves nothing behind."""

from __future__ import annotations

import asyncio
import logging
import os
import time

import pytest
from plain import PATH, Start, ask, head, post

from jalon.receive.limits import MIB
from jalon.store import refusals
from jalon.store.database import Store


async def test_forged_bodies_fill_neither_disk_nor_log(
    start: Start, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Threat 31."""
    caplog.set_level(logging.DEBUG)
    receiver, port = await start()
    assert (await ask(port, post(b"honest"))).status == 200
    before = sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file())
    body = os.urandom(MIB)
    forged = head(PATH, Content_Length=MIB, X_Signature="0" * 64, X_Id="f") + body
    for _ in range(8):
        answers = await asyncio.gather(*(ask(port, forged) for _ in range(8)))
        assert {answer.status for answer in answers} == {401}
    after = sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file())
    assert after - before < 64 * 1024
    assert len(caplog.text) < 64 * 1024
    assert (await ask(port, post(b"honest", id="2"))).status == 200
    await receiver.stop()
    with store.read() as db:
        assert [(one.reason, one.times) for one in refusals.lately(db, time.time())] == [("unsigned", 64)]
        assert db.execute("SELECT count(*) FROM refusals").fetchone()[0] <= 2, "a row a day, midnight aside"
