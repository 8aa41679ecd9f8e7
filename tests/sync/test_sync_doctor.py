"""What `doctor` is told about a source."""

from __future__ import annotations

import pytest
from toy import Asked, PlayedClock, Reply, served, source, workshop

from jalon.connectors.base import Finding
from jalon.store.database import Store
from jalon.sync.doctor import examine

NOW = 1_790_000_000
THEN = "Mon, 21 Sep 2026 14:13:20 GMT"


async def findings(
    store: Store, *, left: float = 100 * 86_400, shop: Reply | None = None, late: float = 0.0
) -> list[Finding]:
    def handler(asked: Asked) -> Reply:
        if asked.path == "/token":
            return Reply(body={"access": "access-1", "refresh": "refresh-1", "refresh_expires_at": NOW + left})
        return shop or Reply(body={"id": "1"}, headers={"date": THEN})

    async with served(handler) as server:
        of = source(server, refresh_token="refresh-token-0")
        return await examine(of, workshop(store, PlayedClock(NOW + late)))


async def test_all_is_well(store: Store) -> None:
    found = await findings(store)
    assert [(one.name, one.level) for one in found] == [("shop", "ok"), ("token", "ok"), ("clock", "ok")]


@pytest.mark.parametrize(("left", "level"), [(20 * 86_400, "ok"), (13 * 86_400, "warn"), (-60, "fail")])
async def test_an_authorisation_that_ends_is_told_in_time(store: Store, left: float, level: str) -> None:
    [token] = [one for one in await findings(store, left=left) if one.name == "token"]
    assert token.level == level
    assert bool(token.remedy) == (level != "ok")


async def test_a_wrong_clock_is_told(store: Store) -> None:
    [clock] = [one for one in await findings(store, late=-600) if one.name == "clock"]
    assert (clock.level, clock.detail) == ("fail", "this machine's clock is 600 s behind the platform's")


async def test_a_refusal_is_a_finding(store: Store) -> None:
    refused = Reply(body={"error": "stop", "reason": "the shop is closed"})
    assert Finding("account", "fail", "the shop is closed", "do this") in await findings(store, shop=refused)


async def test_an_error_of_a_connector_is_a_finding_with_its_place_and_nothing_of_the_data(store: Store) -> None:
    (account,) = [one for one in await findings(store, shop=Reply(body={"canary": "x"})) if one.name == "account"]
    assert account.level == "fail"
    assert account.detail.startswith("KeyError in toy, line ")
    assert "canary" not in str(account)


async def test_a_secret_that_no_header_can_carry_is_named(store: Store) -> None:
    async with served(lambda _: Reply(body={"id": "1"})) as server:
        found = await examine(source(server, token="canary clé"), workshop(store, PlayedClock(NOW)))
    [account] = [one for one in found if one.name == "account"]
    assert account.level == "fail"
    assert "a header holds a forbidden character" in account.detail
    assert "stray characters" in account.remedy
    assert "canary" not in account.detail


async def test_what_nobody_foresaw_is_a_finding(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def greet(*_: object) -> None:
        raise ZeroDivisionError("canary")

    async with served(lambda _: Reply(body={"id": "1"})) as server:
        own = source(server, token="access-token-0")
        monkeypatch.setattr(type(own.connector), "greet", greet)
        found = await examine(own, workshop(store, PlayedClock(NOW)))
    assert [(one.name, one.level) for one in found] == [("account", "fail")]
    assert "ZeroDivisionError" in found[0].detail
    assert "canary" not in found[0].detail
