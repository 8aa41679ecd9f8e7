"""Who gets a place and for how long; what a stop and a kill leave behind."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from plain import PATH, Client, Heard, Start, ask, connected, head, post, sign

from jalon.store import deliveries
from jalon.store.database import Store


def keys(store: Store) -> set[str]:
    with store.read() as db:
        return {one.key for one in deliveries.unopened(db, "shop", 1_000_000)}


# --- deadlines (threat 9)


async def test_half_sent_requests_end_while_honest_senders_are_served(start: Start) -> None:
    receiver, port = await start(header_seconds=1.0, request_seconds=1.5)
    half_body = head(Content_Length=2000, X_Signature=sign(b""), X_Id="1") + b"half"
    async with AsyncExitStack() as stack:
        began = time.monotonic()
        rude = [await stack.enter_async_context(connected(port)) for _ in range(150)]
        for number, client in enumerate(rude):
            await client.send((b"", b"POST " + PATH.encode(), half_body)[number % 3])
        ends = [asyncio.create_task(client.ended()) for client in rude]
        taken = []
        while time.monotonic() - began < 1.0:
            asked = time.monotonic()
            assert (await ask(port, post(b"{}", id=str(asked)))).status == 200
            taken.append(time.monotonic() - asked)
        assert all(await asyncio.wait_for(asyncio.gather(*ends), 6))
        assert time.monotonic() - began < 6
    assert statistics.median(taken) < 0.05
    assert receiver.metrics.timed_out == 100
    assert receiver.metrics.answers["shop", 408] == 50


async def test_a_body_that_drips_is_cut_at_the_deadline(start: Start, store: Store) -> None:
    _, port = await start(request_seconds=0.6)
    async with connected(port) as client:
        began = time.monotonic()
        await client.send(head(Content_Length=1000, X_Signature="x", X_Id="1"))
        hearing = asyncio.create_task(client.hear())
        while not hearing.done():
            await client.send(b"x")
            await asyncio.sleep(0.05)
        assert (await hearing).status == 408
        assert time.monotonic() - began < 2
    assert keys(store) == set()


async def test_a_connection_that_waits_between_requests_is_kept(start: Start) -> None:
    _, port = await start(header_seconds=0.3, idle_seconds=4.0)
    async with connected(port) as client:
        assert (await client.ask(post(b"{}", id="1"))).status == 200
        await asyncio.sleep(1.6)
        assert (await client.ask(post(b"{}", id="2"))).status == 200
        began = time.monotonic()
        assert await asyncio.wait_for(client.ended(), 10)
        assert time.monotonic() - began > 2


async def test_a_second_request_that_stays_half_sent_is_ended(start: Start) -> None:
    _, port = await start(header_seconds=0.5)
    async with connected(port) as client:
        assert (await client.ask(post(b"{}", id="1"))).status == 200
        await client.send(b"POST /hooks/")
        assert await asyncio.wait_for(client.ended(), 5)


async def test_a_sender_that_hangs_up_disturbs_nobody(start: Start, store: Store) -> None:
    _, port = await start()
    for number in range(20):
        async with connected(port) as client:
            await client.send(post(b"{}", id=f"gone-{number}")[: 60 + 10 * number])
    assert (await ask(port, post(b"{}", id="here"))).status == 200
    assert "here" in keys(store)


# --- places


async def test_one_address_cannot_take_all_places(start: Start) -> None:
    receiver, port = await start(per_peer=3)
    async with AsyncExitStack() as stack:
        first = [await stack.enter_async_context(connected(port, "127.0.0.2")) for _ in range(3)]
        for client in first:
            assert (await client.ask(head("/health", "GET"))).status == 200
        await asyncio.sleep(0.05)
        held = [await stack.enter_async_context(connected(port, "127.0.0.2")) for _ in range(3)]
        await asyncio.sleep(0.05)
        async with connected(port, "127.0.0.2") as client:
            refused = await client.hear()
        assert (refused.status, refused.headers["retry-after"]) == (503, "30")
        async with connected(port, "127.0.0.3") as client:
            assert (await client.ask(post(b"{}", id="other"))).status == 200
        assert (await held[0].ask(post(b"{}", id="same"))).status == 200
    assert receiver.metrics.turned_away == 1


async def test_places_in_all_are_bounded_and_given_back(start: Start) -> None:
    _, port = await start(connections=5)
    async with AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(connected(port))
        await asyncio.sleep(0.05)
        async with connected(port) as client:
            assert (await client.hear()).status == 503
    await asyncio.sleep(0.05)
    assert (await ask(port, post(b"{}"))).status == 200


# --- stopping


async def test_stopping_answers_what_was_accepted(start: Start, store: Store) -> None:
    """Hazard 35: while a writer holds the store up, a stop waits for the group and answers it."""
    receiver, port = await start()
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(port)) for _ in range(10)]
        idle = await stack.enter_async_context(connected(port))
        holding = asyncio.create_task(asyncio.to_thread(store.write, lambda db: time.sleep(0.5)))
        await asyncio.sleep(0.1)
        asked = [asyncio.create_task(client.ask(post(b"{}", id=str(n)))) for n, client in enumerate(clients)]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await receiver.stop()
        assert time.monotonic() - began < 2
        assert [answer.status for answer in await asyncio.gather(*asked)] == [200] * 10
        assert await idle.ended()
        await holding
    assert keys(store) == {str(n) for n in range(10)}
    with pytest.raises(OSError, match="Connect call failed"):
        await ask(port, post(b"{}"))


async def test_a_body_on_its_way_is_waited_for(start: Start, store: Store) -> None:
    receiver, port = await start()
    async with connected(port) as client:
        whole = post(b"x" * 1000, id="late")
        await client.send(whole[:-500])
        await asyncio.sleep(0.1)
        stopping = asyncio.create_task(receiver.stop())
        await asyncio.sleep(0.1)
        answer = await client.ask(whole[-500:])
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        await stopping
    assert keys(store) == {"late"}


async def test_stopping_does_not_wait_for_half_sent_requests(start: Start) -> None:
    receiver, port = await start(stop_seconds=0.5)
    async with connected(port) as client:
        await client.send(head(Content_Length=100, X_Signature="x", X_Id="1"))
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await receiver.stop()
        assert time.monotonic() - began < 2
        assert await client.ended()


# --- a receiver in a process of its own

SERVER = """
import asyncio, signal, sys
from pathlib import Path
from plain import hook
from jalon.privacy import Keyring
from jalon.receive.receiver import Receiver, serve
from jalon.store.database import Store

async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with Store.open(Path(sys.argv[1])) as store:
        receiver = Receiver(store, Keyring(bytes(32)), {"shop": hook()})
        await serve(receiver, "127.0.0.1", 0, None, stop, lambda port, _: print(port, flush=True))

asyncio.run(main())
"""


IMPORTER = """
import os, sys, time
from pathlib import Path
from jalon.store import inbox
from jalon.store.database import Store

store, page, until = Store.open(Path(sys.argv[1])), 0, time.monotonic() + 2.0
while time.monotonic() < until:
    rows = [(f"{page}-{n}", 1, os.urandom(1000)) for n in range(100)]
    store.write(lambda db: inbox.append(db, "shop", "orders", 1, rows))
    page += 1
print(page)
"""


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[subprocess.Popen[str], int]]:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder)], stdout=subprocess.PIPE, text=True, env=env
    ) as server:
        assert server.stdout is not None
        port = int(await asyncio.to_thread(server.stdout.readline))
        try:
            yield server, port
        finally:
            server.kill()


async def acknowledged(port: int, name: str, slowest: list[float]) -> set[str]:
    """Send deliveries until the connection ends; return the ids that were acknowledged."""
    sure: set[str] = set()
    try:
        async with connected(port) as client:
            for number in range(1_000_000):
                id, began = f"{name}-{number}", time.monotonic()
                answer: Heard = await client.ask(post(b"x" * 2000, id=id))
                if answer.status != 200:
                    break
                sure.add(id)
                slowest[0] = max(slowest[0], time.monotonic() - began)
    except ConnectionError:
        pass
    return sure


@pytest.mark.crash(number=5)
async def test_a_killed_receiver_has_lost_no_acknowledged_delivery(tmp_path: Path) -> None:
    """Killed five times, and on a busy machine as often as it takes for many to have been acknowledged."""
    sure: set[str] = set()
    for cycle in range(40):
        if cycle >= 5 and len(sure) > 500:
            break
        async with served(tmp_path) as (server, port):
            senders = [asyncio.create_task(acknowledged(port, f"{cycle}-{n}", [0.0])) for n in range(16)]
            await asyncio.sleep(0.2 + 0.1 * (cycle % 5))
            server.kill()
            sure.update(*await asyncio.gather(*senders))
    with Store.open(tmp_path) as store:
        assert len(sure) > 500
        assert sure <= keys(store)
        assert store.check() == []


async def test_a_terminated_receiver_ends_at_once_and_cleanly(tmp_path: Path) -> None:
    async with served(tmp_path) as (server, port):
        senders = [asyncio.create_task(acknowledged(port, str(n), [0.0])) for n in range(8)]
        await asyncio.sleep(0.4)
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.wait, 10) == 0
        assert time.monotonic() - began < 5
        sure = set().union(*await asyncio.gather(*senders))
    assert not (tmp_path / "jalon.sqlite-wal").exists()
    with Store.open(tmp_path) as store:
        assert sure
        assert sure <= keys(store)


async def test_answers_stay_quick_while_another_process_imports(tmp_path: Path) -> None:
    """Issue line 6 in small: an import takes the writer lock page after page; nobody waits 500 ms for an answer."""
    slowest = [0.0]
    async with served(tmp_path) as (server, port):
        process = subprocess.Popen([sys.executable, "-c", IMPORTER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        senders = [asyncio.create_task(acknowledged(port, str(n), slowest)) for n in range(8)]
        out, _ = await asyncio.to_thread(process.communicate)
        server.kill()
        sure = set().union(*await asyncio.gather(*senders))
    assert int(out) > 20
    assert len(sure) > 100
    assert slowest[0] < 0.5


async def test_a_client_that_speaks_byte_by_byte_is_understood(start: Start, store: Store) -> None:
    _, port = await start()
    async with connected(port) as client:
        for byte in post(b'{"id": 1}', id="slow"):
            await client.send(bytes([byte]))
        assert (await client.hear()).status == 200
        assert isinstance(client, Client)
    assert keys(store) == {"slow"}
