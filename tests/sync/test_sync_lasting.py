"""Subscriptions that end by themselves, lists that tell no deletion, files behind credentials, days that are late."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from toy import Asked, PlayedClock, Reply, Server, Settings, Toy, served, workshop

from jalon.connectors.base import Batch, Deadline, Fault, Finding, Record, Session, Stop, Stream, Wait, Window
from jalon.connectors.door import fields
from jalon.store import deadlines
from jalon.store.database import Store
from jalon.sync.engine import sync_source
from jalon.sync.halt import Halt
from jalon.sync.retry import TRIES
from jalon.sync.session import SourceSession
from jalon.sync.source import Counts, Source

NOW = 1_790_000_000.0
DAY = 86_400
DOOR = fields("id gone")


def of(server: Server, toy: Toy, **settings: Any) -> Source:
    return Source("shop", toy, Settings(connector="toy", url=server.address, **settings))


def answered(asked: Asked) -> Reply:
    return Reply(body={"id": "shop-1"} if asked.path == "/shop" else {"rows": []})


# --- subscriptions ----------------------------------------------------------------------------------------------------


class Leased(Toy):
    """A toy whose subscription lasts ten days."""

    times: int = 0

    async def subscribe(self, session: Session, address: str) -> AsyncIterator[Finding | Deadline]:
        self.times += 1
        yield Deadline("lease", f"the lease of {address} ends", session.now() + 10 * DAY, warn=DAY)


async def days(store: Store, toy: Leased, *moments: float, address: str = "https://a.example") -> list[int]:
    """Sync at some days after the beginning; return how often the platform had been asked to subscribe by then."""
    found = []
    async with served(answered) as server:
        played = of(server, toy, token="access-token-0")
        for moment in moments:
            shop = workshop(store, PlayedClock(NOW + moment * DAY))
            shop.address = lambda _: address
            outcome = await sync_source(played, shop)
            assert outcome.state == "ok", outcome
            found.append(toy.times)
    return found


async def test_a_lease_is_renewed_when_a_fifth_of_it_is_left(store: Store) -> None:
    assert await days(store, Leased(), 0, 1, 7.9, 8.1, 9, 15, 16.2) == [1, 1, 1, 2, 2, 2, 3]
    with store.read() as db:
        (due,) = deadlines.noted(db, "shop", NOW + 26 * DAY)
    assert due.at == NOW + 26.2 * DAY


async def test_a_lease_of_another_address_is_none(store: Store) -> None:
    toy = Leased()
    assert await days(store, toy, 0, 1) == [1, 1]
    assert await days(store, toy, 2, 3, address="https://b.example") == [2, 2]


async def test_what_has_no_end_is_looked_after_in_each_run(store: Store) -> None:
    class Lasting(Leased):
        async def subscribe(self, session: Session, address: str) -> AsyncIterator[Finding | Deadline]:
            self.times += 1
            yield Finding("hooks", "ok", "are there")

    assert await days(store, Lasting(), 0, 1, 2) == [1, 2, 3]


# --- lists that tell no deletion --------------------------------------------------------------------------------------


class Remembering(Toy):
    """A toy that keeps what its windows knew."""

    def __init__(self, *streams: Stream) -> None:
        super().__init__(*streams)
        self.known: list[frozenset[str]] = []

    async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        self.known.append(window.known)
        yield Batch([Record("a", 0, {"id": "a"}), Record("b", 0, {"id": "b"})])


@pytest.mark.parametrize(("recalled", "known"), [(True, {"a", "b"}), (False, set())])
async def test_a_window_knows_what_is_held_where_the_stream_asks_for_it(
    store: Store, recalled: bool, known: set[str]
) -> None:
    toy = Remembering(Stream(name="posts", door=DOOR, grain="all", recalled=recalled))
    async with served(answered) as server:
        played = of(server, toy, token="access-token-0")
        for moment in (0, DAY):
            await sync_source(played, workshop(store, PlayedClock(NOW + moment)))
    assert toy.known == [frozenset(), known]


# --- days that are late -----------------------------------------------------------------------------------------------


class Late(Toy):
    """A toy that counts a day only two days after it, and says which days it was asked for in vain or not."""

    def __init__(self) -> None:
        super().__init__(
            Stream(name="days", door=DOOR, grain="day", lookback=timedelta(days=5), every=timedelta(hours=20))
        )
        self.read: list[int] = []

    async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        if session.now() < window.high.timestamp() + 2 * DAY:
            yield Batch(later=session.now() + 6 * 3600)
            return
        self.read.append(int(window.low.timestamp()))
        yield Batch()


async def test_a_day_that_is_late_holds_up_no_look_back(store: Store) -> None:
    toy = Late()
    async with served(answered) as server:
        played = of(server, toy, token="access-token-0")
        for day in range(4):
            await sync_source(played, workshop(store, PlayedClock(NOW + day * DAY)))
            again = set(toy.read)
            toy.read.clear()
    assert len(again) >= 3, "each run reads the days of late again, although the last two are never there"


# --- files behind credentials -----------------------------------------------------------------------------------------


class Signing(Toy):
    signed_files: ClassVar[bool] = True


async def read(
    store: Store, toy: Toy, replies: list[Reply], given: list[bytes] | None = None, **more: Any
) -> tuple[list[bytes] | Fault, Server]:
    """Read a file for which the platform has these answers, the last for good; return its lines, or the fault.

    `given` takes the lines in either case.
    """
    left = list(replies)
    given = [] if given is None else given

    def answer(asked: Asked) -> Reply:
        return (left.pop(0) if len(left) > 1 else left[0]) if asked.path == "/file" else _token(asked)

    async with served(answer) as server:
        clock = PlayedClock(NOW)
        session = SourceSession(of(server, toy, **more), workshop(store, clock), Halt(clock), Counts())
        try:
            async for line in session.lines(f"{server.address}/file?part=1"):
                given.append(line)
            return given, server
        except Fault as fault:
            return fault, server
        finally:
            await session.close()


def _token(asked: Asked) -> Reply:
    return Reply(body={"access": "access-token-1", "refresh": "refresh-token-1", "expires_at": NOW + DAY})


@pytest.mark.parametrize("toy", [Toy(), Signing()])
@pytest.mark.parametrize(
    "trouble", [Reply(503), Reply(500, b"later"), Reply(raw=b""), Reply(raw=b"HTTP/1.1 200 X\r\n")]
)
async def test_a_file_that_fails_before_its_first_line_is_asked_for_again_in_the_same_run(
    store: Store, toy: Toy, trouble: Reply
) -> None:
    found, server = await read(store, toy, [trouble, trouble, Reply(body=b"a\nb\n")], token="access-token-0")
    assert found == [b"a", b"b"]
    assert [asked.path for asked in server.asked].count("/file") == 3


def broken(text: bytes) -> Reply:
    """Return an answer whose connection breaks after this text."""
    return Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + text)


@pytest.mark.parametrize("toy", [Toy(), Signing()])
async def test_a_file_that_breaks_is_asked_for_again_and_gives_each_line_once(store: Store, toy: Toy) -> None:
    replies = [broken(b"a\nb\nc"), broken(b"a\n"), Reply(503), broken(b"a\nb\nc\nd"), Reply(body=b"a\nb\nc\nd\n")]
    found, server = await read(store, toy, replies, token="access-token-0")
    assert found == [b"a", b"b", b"c", b"d"]
    assert [asked.path for asked in server.asked].count("/file") == len(replies)


async def test_a_file_that_goes_on_breaking_is_left_to_the_next_run(store: Store) -> None:
    found, server = await read(store, Toy(), [broken(b"a\nb\n")])
    assert isinstance(found, Wait)
    assert len(server.asked) == TRIES


@pytest.mark.parametrize("other", [b"a\nx\nc\n", b"b\na\nc\n", b"a\n", b""])
async def test_a_file_that_is_another_one_after_it_broke_is_left_to_the_next_run(store: Store, other: bytes) -> None:
    given: list[bytes] = []
    found, server = await read(store, Toy(), [broken(b"a\nb\n"), Reply(body=other)], given)
    assert isinstance(found, Wait)
    assert given == [b"a", b"b"]
    assert len(server.asked) == 2


async def test_a_file_that_can_never_be_read_is_asked_for_once(store: Store) -> None:
    bomb = Reply(headers={"content-encoding": "gzip"}, body=gzip.compress(b"\n" * (4 << 20)))
    found, server = await read(store, Toy(), [bomb])
    assert isinstance(found, Wait)
    assert len(server.asked) == 1


async def test_whoever_stops_reading_a_file_ends_it(store: Store) -> None:
    async with served(lambda _: Reply(body=b"a\nb\nc\n")) as server:
        clock = PlayedClock(NOW)
        session = SourceSession(of(server, Toy()), workshop(store, clock), Halt(clock), Counts())
        lines = session.lines(f"{server.address}/file")
        assert await anext(lines) == b"a"
        await lines.aclose()
        await session.close()
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_a_file_that_is_not_given_is_not_asked_for_again(store: Store, status: int) -> None:
    found, server = await read(store, Toy(), [Reply(status)])
    assert isinstance(found, Fault)
    assert len(server.asked) == 1


async def test_a_file_is_asked_for_with_credentials_where_the_platform_wants_them(store: Store) -> None:
    found, server = await read(store, Signing(), [Reply(body=b"a\nb\n")], token="access-token-0")
    assert found == [b"a", b"b"]
    assert server.asked[-1].headers["x-toy-token"] == "access-token-0"
    assert server.asked[-1].query == {"part": "1"}


async def test_other_files_never_see_a_credential(store: Store) -> None:
    found, server = await read(store, Toy(), [Reply(body=b"a\n")], token="access-token-0")
    assert found == [b"a"]
    assert "x-toy-token" not in server.asked[-1].headers


async def test_a_file_is_asked_for_again_with_a_new_token(store: Store) -> None:
    refused = Reply(status=401, body={"error": "renew"})
    found, server = await read(store, Signing(), [refused, Reply(body=b"a\n")], token="t-0", refresh_token="r-0")
    assert found == [b"a"]
    assert [asked.path for asked in server.asked] == ["/file", "/token", "/file"]
    assert server.asked[-1].headers["x-toy-token"] == "access-token-1"


@pytest.mark.parametrize(("error", "kind"), [("stop", Stop), ("wait", Wait)])
async def test_a_refusal_of_a_file_is_judged_as_any_other(store: Store, error: str, kind: type[Fault]) -> None:
    found, _ = await read(store, Signing(), [Reply(status=403, body={"error": error})], token="access-token-0")
    assert type(found) is kind


async def test_a_file_that_is_none_is_asked_for_later(store: Store) -> None:
    found, _ = await read(store, Signing(), [Reply(status=500, body=b"<html>")], token="access-token-0")
    assert isinstance(found, Wait)
