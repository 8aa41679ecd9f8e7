"""Signals that a process can answer, and one that stops it for a while."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from jalon.connectors.base import Settings
from tests.crash.lives import SOURCES, Undisturbed, served, serving
from tests.crash.played import Stream, answered, played
from tests.crash.process import Running, done
from tests.crash.stored import Stored

IN_FLIGHT = 2 * Settings.model_fields["in_flight"].default
"""Requests that two sources may have in flight."""


def polled(store: Path) -> set[tuple[object, ...]]:
    """Return source, stream, key and version of all in the inbox but what only deliveries bring."""
    return {row[:4] for row in Stored(store).revisions() if row[1] != "content_tags"}


async def test_sigterm_ends_a_sync_at_the_page(measured: Undisturbed, tmp_path: Path) -> None:
    folder = tmp_path / "place"
    async with played(folder) as sandbox:
        running = await Running.start(folder, "sync")
        await running.until(lambda: answered(sandbox) >= measured.requests // 3 and running.holds(*SOURCES))
        running.send(signal.SIGTERM)
        before = answered(sandbox)
        status, out = await running.end()
        assert status == 130, out + running.talk()
        assert answered(sandbox) - before <= IN_FLIGHT
        assert "interrupted" in out
        stored = Stored(folder / "data")
        stored.check_whole()
        assert stored.unfinished_runs() == set()
        assert set() < polled(stored.folder) < polled(measured.store)
        await done(folder, "sync")
        assert polled(stored.folder) == polled(measured.store)
        assert stored.left_over() == {}


async def test_sigterm_lets_a_receiver_answer_what_it_has(tmp_path: Path) -> None:
    folder = tmp_path / "place"
    async with played(folder) as sandbox:
        stream = Stream(sandbox)
        receiver, addresses = await serving(folder)
        sending = asyncio.create_task(stream.send(addresses))
        await receiver.until(lambda: stream.answers > 50)
        receiver.send(signal.SIGTERM)
        status, _ = await receiver.end()
        await sending
        assert status == 0, receiver.talk()
        stored = {stream.deliveries[number].key for number in stream.acknowledged}
        assert Stored(folder / "data").keys() == stored, "stored is acknowledged, and acknowledged is stored"
        await served(folder, stream)


@pytest.mark.parametrize(("words", "lock"), [(("normalize", "--all"), "derive"), (("attribute",), "attribute")])
async def test_sigterm_leaves_what_stood_there(words: tuple[str, ...], lock: str, place: Path) -> None:
    stored = Stored(place / "data")
    files, tables = stored.fact_files(), stored.attribution()
    running = await Running.start(place, *words)
    await running.until(lambda: running.holds(lock))
    running.send(signal.SIGTERM)
    status, out = await running.end()
    assert status == 130, out + running.talk()
    assert (stored.fact_files(), stored.attribution()) == (files, tables)
    stored.check_whole()


async def test_a_stopped_sync_keeps_its_source(measured: Undisturbed, tmp_path: Path) -> None:
    """A lease would have run out meanwhile. A kernel lock does not, so no second writer is there to come back to."""
    folder = tmp_path / "place"
    async with played(folder) as sandbox:
        running = await Running.start(folder, "sync")
        await running.until(lambda: answered(sandbox) >= measured.requests // 3 and running.holds("source-tiktok_shop"))
        running.send(signal.SIGSTOP)
        try:
            for _ in range(2):
                other = await Running.start(folder, "sync", "tiktok_shop", "--no-normalize")
                status, out = await other.end()
                assert status == 5, out + other.talk()
                assert f"process {running.pid}" in out + other.talk()
            await done(folder, "status")
        finally:
            running.send(signal.SIGCONT)
        status, out = await running.end()
        assert status == 0, out + running.talk()
        stored = Stored(folder / "data")
        assert polled(stored.folder) == polled(measured.store)
        assert stored.left_over() == {}
