"""From a request's bytes to the acknowledgement: what is stored, what is refused, what is said."""

from __future__ import annotations

import asyncio
import gzip
import logging
import os
import resource
import sqlite3
import time
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain import OLD_SECRET, PATH, SECRET, TOKEN, Plain, Start, ask, connected, head, hook, post, sign

from jalon.connectors.base import Delivery
from jalon.privacy import Keyring
from jalon.receive.hooks import path_of
from jalon.receive.receiver import Receiver
from jalon.store import deliveries, refusals
from jalon.store.database import Store
from jalon.store.envelope import Sealer


def waiting(store: Store, source: str = "shop") -> list[deliveries.Unopened]:
    with store.read() as db:
        return deliveries.unopened(db, source, 100_000)


def stored_bodies(store: Store, source: str = "shop") -> list[bytes]:
    sealer = Sealer(Keyring(bytes(32)))
    return [sealer.unseal(source, one.key, one.sealed).body for one in waiting(store, source)]


# --- what is acknowledged is stored


async def test_an_acknowledged_delivery_is_stored_as_it_came(start: Start, store: Store) -> None:
    _, port = await start()
    body = '{"näme": "\\u0000"}'.encode() + b"\xff\x00"
    before = time.time()
    answer = await ask(port, post(body, id="d-1", X_Topic="orders/create", Content_Type="application/json"))
    assert (answer.status, answer.body) == (200, b"")
    (one,) = waiting(store)
    assert (one.source, one.key) == ("shop", "d-1")
    assert before <= one.received_at <= time.time()
    opened = Sealer(Keyring(bytes(32))).unseal("shop", "d-1", one.sealed)
    assert opened.body == body
    assert opened.headers["x-topic"] == "orders/create"


async def test_nothing_of_a_delivery_is_stored_in_clear(start: Start, store: Store) -> None:
    """Threat 24: a canary in body and headers is nowhere in the folder."""
    _, port = await start()
    await ask(port, post(b'{"email": "canary-body@example.org"}', X_Customer="canary-header"))
    left = b"".join(path.read_bytes() for path in store.folder.rglob("*") if path.is_file())
    assert b"canary" not in left


async def test_many_at_once_are_all_stored_and_share_commits(start: Start, store: Store) -> None:
    receiver, port = await start()

    async def sender(name: int) -> list[int]:
        async with connected(port) as client:
            return [(await client.ask(post(b"body %d" % n, id=f"{name}-{n}"))).status for n in range(40)]

    answers = await asyncio.gather(*(sender(name) for name in range(16)))
    assert {status for statuses in answers for status in statuses} == {200}
    assert {one.key for one in waiting(store)} == {f"{name}-{n}" for name in range(16) for n in range(40)}
    assert receiver.metrics.groups < 640


async def test_a_delivery_that_comes_again_is_acknowledged_again(start: Start, store: Store) -> None:
    _, port = await start()
    for _ in range(3):
        assert (await ask(port, post(b"{}", id="same"))).status == 200
    for one in waiting(store):
        store.write(lambda db, id=one.id: deliveries.opened(db, id, "opened"))
    assert (await ask(port, post(b"{}", id="same"))).status == 200
    assert [one.repeated for one in waiting(store)] == [True]


async def test_requests_sent_ahead_are_answered_in_order(start: Start, store: Store) -> None:
    _, port = await start()
    async with connected(port) as client:
        await client.send(b"".join(post(b"{}", id=str(n)) for n in range(5)))
        assert [(await client.hear()).status for _ in range(5)] == [200] * 5
        assert [one.key for one in waiting(store)] == list("01234")


@pytest.mark.parametrize("size", [0, 1, 70_000, 1024 * 1024])
async def test_bodies_up_to_the_limit_arrive_whole(start: Start, store: Store, size: int) -> None:
    _, port = await start()
    body = os.urandom(size)
    assert (await ask(port, post(body))).status == 200
    assert stored_bodies(store) == [body]


async def test_a_body_in_chunks_arrives_whole(start: Start, store: Store) -> None:
    _, port = await start()
    body = os.urandom(5000)
    data = head(Transfer_Encoding="chunked", X_Signature=sign(body), X_Id="c")
    data += (
        b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:17], body[17:4000], body[4000:])) + b"0\r\n\r\n"
    )
    async with connected(port) as client:
        for start_at in range(0, len(data), 1000):
            await client.send(data[start_at : start_at + 1000])
            await asyncio.sleep(0.01)
        assert (await client.hear()).status == 200
        assert stored_bodies(store) == [body]


async def test_who_asks_before_sending_is_told_to_go_on(start: Start) -> None:
    _, port = await start()
    async with connected(port) as client:
        await client.send(head(Content_Length=2, X_Signature=sign(b"{}"), X_Id="1", Expect="100-continue"))
        assert (await client.hear()).status == 100
        assert (await client.ask(b"{}")).status == 200


# --- what is refused


@pytest.mark.parametrize(
    "path",
    [
        "/", "/hooks", "/hooks/shop", f"/hooks/shop/{TOKEN[:-1]}", f"/hooks/shop/{TOKEN}/", f"/hooks/other/{TOKEN}",
        f"/hooks/shop/{TOKEN.upper()}", "/hooks/shop/", "/hooks//", f"//hooks/shop/{TOKEN}", "/hooks/shop/%00\xff",
        "/metrics", "*",
    ],
)  # fmt: skip
async def test_there_is_nothing_at_any_other_address(start: Start, store: Store, path: str) -> None:
    receiver, port = await start()
    assert (await ask(port, post(b"{}", path=path))).status in (400, 404)
    assert waiting(store) == []
    assert all(source == "" for source, _ in receiver.metrics.answers)


async def test_a_query_behind_the_address_does_no_harm(start: Start) -> None:
    _, port = await start()
    assert (await ask(port, post(b"{}", path=f"{PATH}?x=/../"))).status == 200


async def test_one_sources_address_takes_no_other_sources_deliveries(start: Start, store: Store) -> None:
    """Threat 3: the tenant comes from the path; what another secret signed is refused there."""
    other = "f" * 32
    _, port = await start({"shop": hook(), "other": hook(secrets=(b"another",), token=other)})
    assert (await ask(port, post(b"{}", path=path_of("other", other)))).status == 401
    assert (await ask(port, post(b"{}", path=path_of("other", TOKEN)))).status == 404
    assert waiting(store, "other") == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
async def test_other_methods_are_refused(start: Start, method: str) -> None:
    _, port = await start()
    async with connected(port) as client:
        await client.send(head(PATH, method))
        answer = await client.hear(bodiless=method == "HEAD")
        assert answer.status in (405, 400)
        assert answer.status == 400 or answer.headers["allow"] == "POST"
        assert await client.ended()


async def test_each_flipped_bit_is_refused(start: Start, store: Store) -> None:
    """Threat 1, over the wire: one bit of body or signature changed."""
    _, port = await start()
    body = b'{"id": 17}'
    signature = sign(body)
    for position in range(len(body)):
        forged = bytearray(body)
        forged[position] ^= 1
        assert (await ask(port, post(bytes(forged), X_Signature=signature))).status == 401
    for position in range(0, len(signature), 7):
        wrong = signature[:position] + ("0" if signature[position] != "0" else "1") + signature[position + 1 :]
        assert (await ask(port, post(body, X_Signature=wrong))).status == 401
    assert waiting(store) == []


@pytest.mark.parametrize("signature", [None, "", "é" * 64, "\udcff" * 64, "x" * 8000])
async def test_strange_signatures_are_refused(start: Start, store: Store, signature: str | None) -> None:
    _, port = await start()
    assert (await ask(port, post(b"{}", X_Signature=signature))).status == 401
    assert waiting(store) == []


async def test_without_a_secret_everything_is_refused(start: Start) -> None:
    _, port = await start({"shop": hook(secrets=())})
    assert (await ask(port, post(b"{}", secret=b""))).status == 401


async def test_what_was_refused_is_counted_by_reason_and_nothing_of_it_is_kept(start: Start, store: Store) -> None:
    receiver, port = await start(body=1000)
    await ask(port, post(b"canary", secret=b"another"))
    await ask(port, post(b"canary", secret=b""))
    await ask(port, post(b"canary" * 500))
    await ask(port, head(Content_Length=2, Content_Encoding="gzip") + b"{}")
    await ask(port, post(b"taken"))
    for data in (head(PATH + "x", Content_Length=0), head(method="PUT", Content_Length=0)):
        await ask(port, data)
    await receiver.stop()
    with store.read() as db:
        found = refusals.lately(db, time.time())
    assert [(one.source, one.reason, one.times) for one in found] == [
        ("shop", "encoded", 1),
        ("shop", "too_large", 1),
        ("shop", "unsigned", 2),
    ]
    assert all(one.taken_since for one in found)
    assert b"canary" not in b"".join(path.read_bytes() for path in store.folder.rglob("*") if path.is_file())


async def test_what_the_store_does_not_take_is_counted_later(
    start: Start, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("jalon.receive.refusals.GATHER_SECONDS", 0.01)
    receiver, port = await start({"shop": hook(secrets=())})

    async def broken(job: Any) -> None:
        raise OSError

    with monkeypatch.context() as while_broken:
        while_broken.setattr(store, "commit", broken)
        await ask(port, post(b"{}"))
        await asyncio.sleep(0.05)
    assert "cannot be stored" in caplog.text
    await ask(port, post(b"{}"))
    await receiver.stop()
    with store.read() as db:
        assert [(one.reason, one.times) for one in refusals.lately(db, time.time())] == [("no_secret", 2)]
        assert refusals.lately(db, time.time() + refusals.SHOWN_SECONDS + 60) == []


class Knocked(Plain):
    """Takes a body of `anybody there?` for a knock, and stumbles over another."""

    def is_knock(self, delivery: Delivery, settings: Any) -> bool:
        if delivery.body == b"stumble":
            raise ValueError(delivery.body)
        return delivery.body == b"anybody there?"


async def test_a_knock_is_answered_and_nothing_of_it_is_stored(
    start: Start, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    _, port = await start({"shop": hook(Knocked())})
    assert (await ask(port, head(Content_Length=14) + b"anybody there?")).status == 200
    assert (await ask(port, head(Content_Length=14) + b"anybody there.")).status == 401
    assert (await ask(port, head(Content_Length=7) + b"stumble")).status == 401
    assert waiting(store) == []
    assert "ValueError" in caplog.text
    assert "stumble" not in caplog.text


async def test_nobody_is_at_home_where_there_is_no_secret(start: Start) -> None:
    _, port = await start({"shop": hook(Knocked(), secrets=())})
    assert (await ask(port, head(Content_Length=14) + b"anybody there?")).status == 401


async def test_both_secrets_hold_while_one_replaces_the_other(start: Start, store: Store) -> None:
    """Threat 5."""
    receiver, port = await start({"shop": hook(secrets=(SECRET, OLD_SECRET))})
    assert (await ask(port, post(b"{}", id="new"))).status == 200
    assert (await ask(port, post(b"{}", id="old", secret=OLD_SECRET))).status == 200
    assert (await ask(port, post(b"{}", id="bad", secret=b"neither"))).status == 401
    assert [one.key for one in waiting(store)] == ["new", "old"]
    assert receiver.metrics.old_secret == {"shop": 1}


class Clumsy(Plain):
    """A third party's connector that stumbles over what it does not expect."""

    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        delivery.headers["x-signature"].encode("ascii")
        return super().verify(delivery, settings, secrets)

    def delivery_key(self, delivery: Delivery) -> str:
        return str(int(delivery.headers["x-id"]))


async def test_a_connector_that_stumbles_refuses_and_is_named(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    _, port = await start({"shop": hook(Clumsy())})
    assert (await ask(port, post(b"{}", X_Signature="é"))).status == 401
    assert (await ask(port, post(b"{}", id="17"))).status == 200
    assert "shop: verifying a delivery failed: UnicodeEncodeError" in caplog.text


@pytest.mark.parametrize("id", ["not a number", "1" * 301, None])
async def test_without_a_usable_id_the_body_is_the_key(start: Start, store: Store, id: str | None) -> None:
    _, port = await start({"shop": hook(Clumsy())})
    for _ in range(2):
        assert (await ask(port, post(b"{}", X_Id=id))).status == 200
    first, second = waiting(store)
    assert first.key == second.key
    assert first.key.startswith("body:")


async def test_a_body_declared_too_large_is_refused_unread(start: Start) -> None:
    """Threat 6: the head is enough."""
    _, port = await start()
    for size in (1024 * 1024 + 1, 10**9, 10**18):
        began = time.monotonic()
        assert (await ask(port, head(Content_Length=size))).status == 413
        assert time.monotonic() - began < 0.5


async def test_a_body_that_turns_out_too_large_is_refused(start: Start, store: Store) -> None:
    _, port = await start()
    async with connected(port) as client:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await client.send(head(Transfer_Encoding="chunked", X_Signature="x", X_Id="1"))
        part = b"x" * 65536
        try:
            for _ in range(16 * 40):
                await client.send(b"%x\r\n%s\r\n" % (len(part), part))
        except ConnectionError:
            pass
        assert (await client.hear()).status in (413, 0)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024
        assert waiting(store) == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "identity, gzip", "\xff"])
async def test_encoded_bodies_are_refused(start: Start, store: Store, encoding: str) -> None:
    """Threat 7: what is signed must be the bytes that were sent."""
    _, port = await start()
    body = gzip.compress(b"0" * 10_000_000)
    assert (await ask(port, post(body, Content_Encoding=encoding))).status == 415
    assert waiting(store) == []


async def test_an_identity_encoding_is_none(start: Start, store: Store) -> None:
    _, port = await start()
    body = gzip.compress(b"signed as it is")
    assert (await ask(port, post(body, Content_Encoding="Identity"))).status == 200
    assert stored_bodies(store) == [body]


HOSTILE = [
    b"\r\n\r\n", b"GARBAGE\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
    b"POST /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    head(Content_Length="-1"), head(Content_Length="1e3"), head(Content_Length="5, 6"),
    head(Content_Length="9" * 5000),
    head(Content_Length=2, Transfer_Encoding="chunked") + b"{}", head(Transfer_Encoding="chunked") + b"zz\r\n\r\n",
    head(Transfer_Encoding="gzip, chunked") + b"0\r\n\r\n", head(X="a" * 10_000),
    head(**{f"X{n}": "1" for n in range(200)}),
    head(X="\0"), b"POST " + PATH.encode() + b" HTTP/1.1\nHost: x\n\n", head(Upgrade="websocket", Connection="Upgrade"),
    b"POST " + PATH.encode() + b" HTTP/1.0\r\n\r\n", head(Expect="200-maybe", Content_Length=3) + b"abc",
]  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
async def test_malformed_requests_are_refused_and_not_logged(
    start: Start, store: Store, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    _, port = await start(request_seconds=0.5)
    async with connected(port) as client:
        await client.send(data)
        client.writer.write_eof()
        assert (await client.hear()).status in (0, 400, 401, 404, 408)
        assert (await ask(port, post(b"{}"))).status == 200
        assert len(waiting(store)) == 1
        assert "HTTP" not in caplog.text
        assert "Traceback" not in caplog.text


HEADER_NAMES = st.sampled_from([b"X-Signature", b"X-Id", b"X-Topic", b"Content-Type", b"Expect", b"Accept", b"X-\xe9"])
HEADER_BYTES = st.binary(max_size=60).filter(lambda value: not set(value) & set(b"\r\n"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(HEADER_NAMES, HEADER_BYTES), max_size=6), st.binary(max_size=50))
def test_any_bytes_in_any_header_are_answered(
    store: Store, caplog: pytest.LogCaptureFixture, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    async def scene() -> int:
        receiver = Receiver(store, Keyring(bytes(32)), {"shop": hook()})
        port, _ = await receiver.start("127.0.0.1", 0)
        lines = b"".join(b"%s: %s\r\n" % pair for pair in headers)
        top = b"POST %s HTTP/1.1\r\nContent-Length: %d\r\n" % (PATH.encode(), len(body))
        answer = await ask(port, top + lines + b"\r\n" + body)
        await receiver.stop()
        return answer.status

    caplog.clear()
    assert asyncio.run(scene()) in (400, 401)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


# --- when nothing can be stored


async def test_a_full_disk_is_answered_with_retry_later_and_heals(start: Start, store: Store) -> None:
    """Hazard 28."""
    receiver, port = await start()
    assert (await ask(port, post(b"{}", id="before"))).status == 200
    (pages,) = store.write(lambda db: db.execute("PRAGMA page_count").fetchone())
    store.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 1}").fetchone())
    refused = await ask(port, post(os.urandom(60_000), id="during"))
    assert (refused.status, refused.headers["retry-after"]) == (503, "30")
    store.write(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchone())
    assert (await ask(port, post(os.urandom(60_000), id="after"))).status == 200
    assert [one.key for one in waiting(store)] == ["before", "after"]
    assert receiver.metrics.unstored == 1


async def test_a_long_lock_is_answered_with_retry_later_and_heals(start: Start, store: Store) -> None:
    """Hazard 29: a writer that keeps the lock delays answers, and refuses them once it takes too long."""
    _, port = await start(store_seconds=0.5)

    def hold(db: sqlite3.Connection) -> None:
        time.sleep(1.2)

    holding = asyncio.create_task(asyncio.to_thread(store.write, hold))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    answers = await asyncio.gather(*(ask(port, post(b"{}", id=str(n))) for n in range(5)))
    assert {answer.status for answer in answers} == {503}
    assert 0.4 < time.monotonic() - began < 1.0
    assert (await ask(port, head("/health", "GET"))).status == 200
    await holding
    assert (await ask(port, post(b"{}", id="after"))).status == 200
    assert "after" in {one.key for one in waiting(store)}


async def test_a_short_lock_only_delays(start: Start, store: Store) -> None:
    _, port = await start()
    holding = asyncio.create_task(asyncio.to_thread(store.write, lambda db: time.sleep(0.4)))
    await asyncio.sleep(0.05)
    assert (await ask(port, post(b"{}"))).status == 200
    await holding


@pytest.mark.parametrize("limits", [{"queue": 3}, {"held": 300}], ids=["places", "bytes"])
async def test_the_queue_is_bounded(start: Start, store: Store, limits: dict[str, int]) -> None:
    receiver, port = await start(**limits)
    holding = asyncio.create_task(asyncio.to_thread(store.write, lambda db: time.sleep(0.6)))
    await asyncio.sleep(0.1)
    answers = await asyncio.gather(*(ask(port, post(b"{}", id=str(n))) for n in range(20)))
    statuses = [answer.status for answer in answers]
    assert set(statuses) == {200, 503}
    assert 0 < statuses.count(200) <= 4
    await holding
    assert len(waiting(store)) == statuses.count(200)
    assert receiver._intake.waiting == 0
    assert (await ask(port, post(b"{}", id="after"))).status == 200


async def test_a_store_that_stays_shut_is_not_complained_of_each_time(
    start: Start, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    receiver, port = await start()
    store.write(lambda db: db.execute("PRAGMA max_page_count = 1").fetchone())
    for number in range(6):
        assert (await ask(port, post(os.urandom(60_000), id=str(number)))).status == 503
    assert receiver.metrics.unstored == 6
    assert caplog.text.count("deliveries cannot be stored: the disk is full") == 1


# --- health and metrics


async def test_health_tells_no_detail(start: Start) -> None:
    _, port = await start()
    answer = await ask(port, head("/health", "GET"))
    assert (answer.status, answer.body) == (200, b"ok\n")
    assert (await ask(port, head("/health", "POST"))).status == 405


async def test_metrics_are_on_the_admin_port_alone(store: Store) -> None:
    receiver = Receiver(store, Keyring(bytes(32)), {"shop": hook()})
    port, admin = await receiver.start("127.0.0.1", 0, 0)
    assert admin is not None
    await ask(port, post(b"{}", id="canary"))
    await ask(port, post(b"{}", secret=b"wrong"))
    assert (await ask(port, head("/metrics", "GET"))).status == 404
    assert (await ask(admin, post(b"{}"))).status == 404
    answer = await ask(admin, head("/metrics", "GET"))
    lines = answer.body.decode().splitlines()
    assert 'jalon_answers_total{source="shop",status="200"} 1' in lines
    assert 'jalon_answers_total{source="shop",status="401"} 1' in lines
    assert "jalon_commits_total 1" in lines
    assert 'jalon_store_seconds_bucket{le="+Inf"} 1' in lines
    assert "canary" not in answer.body.decode()
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    await receiver.stop()


async def test_an_address_that_is_taken_is_named(start: Start, store: Store) -> None:
    _, port = await start()
    second = Receiver(store, Keyring(bytes(32)), {"shop": hook()})
    with pytest.raises(Exception, match=rf"cannot listen on 127.0.0.1:{port} .* another address"):
        await second.start("127.0.0.1", port)
    with pytest.raises(Exception, match=rf"cannot listen on 127.0.0.1:{port} .* Set metrics_port in \[serve\]"):
        await second.start("127.0.0.1", 0, port)
    await second.stop()
