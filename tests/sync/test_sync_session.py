"""Asking: what is tried again, what is not, and how tokens stay alive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from toy import KEYRING, Asked, Handler, PlayedClock, Reply, Server, Toy, served, source, workshop

from jalon.connectors.base import Connector, Request, Stop, Wait
from jalon.store import credentials, sources
from jalon.store.database import Store
from jalon.sync.halt import Halt, Halted
from jalon.sync.retry import PATIENCE, TRIES
from jalon.sync.session import SourceSession
from jalon.sync.source import Counts
from jalon.sync.tokens import LockedOut

ASK = Request("GET", "/orders")


@asynccontextmanager
async def session(
    store: Store, server: Server, clock: PlayedClock | None = None, halt: Halt | None = None, **settings: object
) -> AsyncIterator[SourceSession]:
    settings = settings or {"token": "access-token-0"}
    shop = workshop(store, clock)
    opened = SourceSession(source(server, **settings), shop, halt or Halt(shop.clock), Counts())
    try:
        yield opened
    finally:
        await opened.close()


def replies(*found: Reply) -> Handler:
    left = list(found)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


OK = Reply(body={"rows": []})


def error(name: str, **more: object) -> Reply:
    return Reply(body={"error": name, **more})


# --- trying again -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        error("wait"),
        error("throttled"),
        Reply(raw=b""),
        Reply(raw=b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n{}"),
        Reply(body=b"<html>bad gateway</html>", status=502),
        Reply(body=b"[" * 500 + b"]" * 500),
        Reply(body=b"7"),
        Reply(body=b'{"error": "never heard of"}'),
    ],
)
async def test_passing_trouble_is_waited_out(store: Store, trouble: Reply) -> None:
    clock = PlayedClock()
    async with served(replies(trouble, trouble, OK)) as server, session(store, server, clock) as asking:
        assert (await asking.ask(ASK)).data == {"rows": []}
        assert len(server.asked) == 3
    assert 0.5 <= sum(clock.slept) <= 10


async def test_trouble_that_does_not_pass_is_told_after_five_tries(store: Store) -> None:
    clock = PlayedClock()
    async with served(replies(error("wait", reason="overloaded"))) as server, session(store, server, clock) as asking:
        with pytest.raises(Wait, match="overloaded"):
            await asking.ask(ASK)
        assert len(server.asked) == TRIES
    assert clock.slept == sorted(clock.slept)
    assert len(clock.slept) == TRIES - 1


async def test_the_platforms_own_time_is_kept(store: Store) -> None:
    clock = PlayedClock()
    told = Reply(body={"error": "throttled"}, headers={"retry-after": "30"})
    async with served(replies(told, OK)) as server, session(store, server, clock) as asking:
        await asking.ask(ASK)
    assert 30 <= sum(clock.slept) <= 34


async def test_a_long_wait_is_left_to_another_run(store: Store) -> None:
    clock = PlayedClock()
    told = Reply(body={"error": "throttled"}, headers={"retry-after": str(PATIENCE * 2)})
    async with served(replies(told)) as server, session(store, server, clock) as asking:
        with pytest.raises(Wait) as caught:
            await asking.ask(ASK)
        assert (caught.value.seconds, len(server.asked), clock.slept) == (PATIENCE * 2, 1, [])


@pytest.mark.parametrize("name", ["stop", "skip", "split"])
async def test_other_faults_are_not_tried_again(store: Store, name: str) -> None:
    async with served(replies(error(name))) as server, session(store, server) as asking:
        with pytest.raises(Exception, match=name):
            await asking.ask(ASK)
        assert len(server.asked) == 1


async def test_what_must_not_be_sent_twice_is_not(store: Store) -> None:
    once = Request("POST", "/once", anonymous=True, idempotent=False)
    for trouble in (Reply(raw=b""), error("wait")):
        async with served(replies(trouble)) as server, session(store, server) as asking:
            with pytest.raises(Wait):
                await asking.ask(once)
            assert len(server.asked) == 1
    async with served(replies(error("throttled"), OK)) as server, session(store, server) as asking:
        await asking.ask(once)  # refused before anything was done
        assert len(server.asked) == 2


async def test_no_request_is_sent_once_the_run_must_end(store: Store) -> None:
    clock = PlayedClock()
    halt = Halt(clock, 10)
    slow = Reply(body={"error": "throttled"}, headers={"retry-after": "20"})
    async with served(replies(slow)) as server, session(store, server, clock, halt) as asking:
        with pytest.raises(Halted, match="deadline"):
            await asking.ask(ASK)
        assert clock.slept == []
        halt.stop()
        with pytest.raises(Halted, match="interrupted"):
            await asking.ask(ASK)
        assert len(server.asked) == 1


async def test_what_the_platform_says_is_cleaned(store: Store) -> None:
    told = error("stop", reason="bad token access-token-0\x1b[31m\nnext line, see https://x.example/y?sig=abc")
    async with served(replies(told)) as server, session(store, server) as asking:
        with pytest.raises(Stop) as caught:
            await asking.ask(ASK)
    assert caught.value.reason == str(caught.value) == "bad token *** [31m next line, see https://x.example/y?***"


async def test_a_wrong_clock_is_named_when_the_platform_refuses(store: Store) -> None:
    told = Reply(body={"error": "config"}, headers={"date": "Mon, 21 Sep 2026 13:00:00 GMT"})
    async with served(replies(told)) as server, session(store, server) as asking:
        with pytest.raises(Stop, match="clock is 4400 s ahead of the platform's"):
            await asking.ask(ASK)


# --- tokens -----------------------------------------------------------------------------------------------------------


class Rotating:
    """A platform whose refresh tokens are good once, as TikTok Shop's are."""

    def __init__(self, clock: PlayedClock, life: float = 1000.0) -> None:
        self.clock = clock
        self.life = life
        self.generation = 0
        self.refreshes = 0
        self.expires_at = 0.0
        self.forgiving = False
        self.lose_answers = 0
        self.on_refresh: Callable[[], None] = lambda: None

    @property
    def access(self) -> str:
        return f"access-token-{self.generation}"

    @property
    def refresh(self) -> str:
        return f"refresh-token-{self.generation}"

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/token":
            return self._rotate(asked.query["refresh_token"])
        if asked.headers.get("x-toy-token") != self.access or self.clock.now() >= self.expires_at:
            return error("renew", reason="token over")
        return OK

    def _rotate(self, given: str) -> Reply:
        self.refreshes += 1
        if given != self.refresh:
            return error("stop", reason="refresh token refused")
        self.generation += 1
        self.expires_at = self.clock.now() + self.life
        self.on_refresh()
        if self.lose_answers:
            self.lose_answers -= 1
            return Reply(raw=b"")
        return Reply(body={"access": self.access, "refresh": self.refresh, "expires_at": self.expires_at})


START = {"refresh_token": "refresh-token-0"}


async def test_one_refresh_serves_all_who_wait(store: Store) -> None:
    platform = Rotating(clock := PlayedClock())
    async with served(platform) as server, session(store, server, clock, **START) as asking:
        await asyncio.gather(*(asking.ask(ASK) for _ in range(20)))
    assert platform.refreshes == 1


async def test_a_token_is_renewed_before_it_ends(store: Store) -> None:
    platform = Rotating(clock := PlayedClock())
    async with served(platform) as server, session(store, server, clock, **START) as asking:
        await asking.ask(ASK)
        clock.time += 790
        await asking.ask(ASK)
        assert platform.refreshes == 1
        clock.time += 20
        await asking.ask(ASK)
        assert platform.refreshes == 2
        assert not any(
            asked.path == "/orders" and asked.headers["x-toy-token"] == "access-token-0" for asked in server.asked
        )


async def test_a_token_that_dies_early_is_renewed_once_and_the_question_put_again(store: Store) -> None:
    platform = Rotating(clock := PlayedClock())
    async with served(platform) as server, session(store, server, clock, **START) as asking:
        await asking.ask(ASK)
        platform.expires_at = 0
        await asyncio.gather(*(asking.ask(ASK) for _ in range(8)))
    assert platform.refreshes == 2


async def test_the_next_run_goes_on_with_the_rotated_tokens(store: Store) -> None:
    platform = Rotating(clock := PlayedClock())
    async with served(platform) as server:
        for _ in range(3):
            async with session(store, server, clock, **START) as asking:
                await asking.ask(ASK)
            clock.time += 900
    assert platform.refreshes == 3
    with store.read() as db:
        held = credentials.load(db, "shop")
    assert held is not None
    assert held.generation == 3
    assert b"token-3" not in held.sealed
    assert b"token-3" in KEYRING.unseal(held.sealed, b"token/shop")


async def test_a_new_token_in_the_settings_wins(store: Store) -> None:
    platform = Rotating(clock := PlayedClock())
    async with served(platform) as server:
        async with session(store, server, clock, **START) as asking:
            await asking.ask(ASK)
        platform.generation = 40
        async with session(store, server, clock, refresh_token="refresh-token-40") as asking:
            await asking.ask(ASK)
    assert platform.generation == 41


async def test_a_refresh_that_fails_ahead_of_time_does_not_matter_yet(store: Store) -> None:
    platform = Rotating(clock := PlayedClock())
    async with served(platform) as server, session(store, server, clock, **START) as asking:
        await asking.ask(ASK)
        clock.time += 900
        broken = platform.__class__._rotate
        platform._rotate = lambda given: error("wait")  # type: ignore[method-assign]
        assert (await asking.ask(ASK)).data == {"rows": []}
        platform._rotate = broken.__get__(platform)  # type: ignore[method-assign]
        clock.time += 99
        assert (await asking.ask(ASK)).data == {"rows": []}


async def test_a_refresh_that_came_to_nothing_is_tried_again_by_one_for_all(store: Store) -> None:
    platform = Rotating(clock := PlayedClock())
    rotate = platform._rotate
    troubles = [Reply(raw=b""), error("wait")]
    platform._rotate = lambda given: troubles.pop() if troubles else rotate(given)  # type: ignore[method-assign]
    async with served(platform) as server, session(store, server, clock, **START) as asking:
        await asyncio.gather(*(asking.ask(ASK) for _ in range(6)))
        assert sum(asked.path == "/token" for asked in server.asked) == 3


async def test_a_refresh_that_goes_on_failing_is_not_tried_by_everybody(store: Store) -> None:
    platform = Rotating(clock := PlayedClock())
    platform._rotate = lambda given: error("wait")  # type: ignore[method-assign]
    async with served(platform) as server, session(store, server, clock, **START) as asking:
        results = await asyncio.gather(*(asking.ask(ASK) for _ in range(6)), return_exceptions=True)
        assert len(server.asked) == 3
    assert all(isinstance(result, Wait) and "could not be renewed" in result.reason for result in results)


async def test_a_refresh_whose_answer_is_lost_for_good_says_what_happened(store: Store) -> None:
    platform = Rotating(clock := PlayedClock())
    platform.lose_answers = 1
    async with served(platform) as server, session(store, server, clock, **START) as asking:
        with pytest.raises(Stop, match=r"refresh token refused \(a refresh that began .* was cut off") as caught:
            await asking.ask(ASK)
    assert caught.value.kind == "auth"
    assert caught.value.remedy


async def test_a_refresh_that_is_refused_is_not_called_cut_off(store: Store) -> None:
    platform = Rotating(clock := PlayedClock())
    platform._rotate = lambda given: error("stop")  # type: ignore[method-assign]
    async with served(platform) as server:
        for _ in range(2):
            async with session(store, server, clock, **START) as asking:
                with pytest.raises(LockedOut) as caught:
                    await asking.ask(ASK)
                assert "cut off" not in caught.value.reason


async def test_the_new_pair_is_durable_before_it_is_used(store: Store) -> None:
    """A crash right after the refresh loses nothing: the pair in the store is already the new one."""
    platform = Rotating(clock := PlayedClock())
    stored: list[bool] = []

    def handler(asked: Asked) -> Reply:
        if asked.path == "/orders" and asked.headers.get("x-toy-token") == platform.access:
            with store.read() as db:
                held = credentials.load(db, "shop")
            stored.append(held is not None and platform.refresh.encode() in KEYRING.unseal(held.sealed, b"token/shop"))
        return platform(asked)

    async with served(handler) as server, session(store, server, clock, **START) as asking:
        await asking.ask(ASK)
    assert stored == [True]
    with store.read() as db:
        assert sources.get(db, "shop", "token_refresh_began") == ""


async def test_a_token_that_is_refused_even_when_new_stops_the_source(store: Store) -> None:
    def handler(asked: Asked) -> Reply:
        if asked.path == "/token":
            return Reply(body={"access": f"new-{len(asked.query)}", "refresh": "r"})
        return error("renew")

    async with served(handler) as server, session(store, server, **START) as asking:
        with pytest.raises(Stop) as caught:
            await asking.ask(ASK)
    assert caught.value.kind == "auth"


async def test_a_fixed_token_that_is_refused_stops_the_source(store: Store) -> None:
    class Fixed(Toy):
        renew = Connector.renew

    async with served(replies(error("renew"))) as server:
        shop = workshop(store)
        fixed = replace(source(server, token="fixed-token"), connector=Fixed())
        asking = SourceSession(fixed, shop, Halt(shop.clock), Counts())
        with pytest.raises(Stop, match="does not accept the access token"):
            await asking.ask(ASK)
        await asking.close()


# --- logs -------------------------------------------------------------------------------------------------------------


async def test_the_libraries_log_neither_addresses_nor_headers(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    asked = Request("GET", "/orders", {"secret": "s3cret-query"})
    async with served(replies(OK)) as server, session(store, server, token="s3cret-token") as asking:
        await asking.ask(asked)
    assert "s3cret" not in caplog.text
    assert "127.0.0.1" not in caplog.text


# --- once in a run ----------------------------------------------------------------------------------------------------


async def test_what_many_want_is_read_once_and_a_fault_is_not_kept(store: Store) -> None:
    async with served(replies(error("stop"), OK)) as server, session(store, server) as asking:

        async def wanted() -> object:
            return await asking.once("list", lambda: asking.ask(ASK))

        with pytest.raises(Stop):
            await wanted()
        found = await asyncio.gather(*(wanted() for _ in range(5)))
        assert len({id(each) for each in found}) == 1
        assert len(server.asked) == 2
