"""The sandbox as a whole: its ports, its control, its clock."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest
from seller import Seller

from jalon.sandbox.brand import NOW
from jalon.sandbox.clock import Clock
from jalon.sandbox.parts import PARTS, load
from jalon.sandbox.server import Sandbox, serve
from jalon.sandbox.world import World


def test_a_frozen_clock_stands_and_a_running_one_runs() -> None:
    real = [1000.0]
    frozen = Clock(50.0, frozen=True, real=lambda: real[0])
    running = Clock(50.0, real=lambda: real[0])
    plain = Clock(real=lambda: real[0])
    real[0] += 7
    assert (frozen.now(), running.now(), plain.now()) == (50.0, 57.0, 1007.0)
    frozen.advance(3)
    frozen.set(60)
    running.advance(3)
    assert (frozen.now(), running.now()) == (60.0, 60.0)
    assert frozen.wall() == 1017.0
    with pytest.raises(ValueError, match="back"):
        frozen.set(59)


async def test_control_moves_the_clock_and_switches_faults(sandbox: Sandbox) -> None:
    control = sandbox.addresses["control"]
    async with httpx.AsyncClient() as client:
        moved = (await client.post(f"{control}/clock", json={"advance": 60, "deliver": True})).json()
        assert moved == {"now": NOW + 60, "tries": 0}
        assert (await client.post(f"{control}/clock", json={"now": NOW + 90})).json()["now"] == NOW + 90
        assert (await client.post(f"{control}/clock", json={"now": NOW})).status_code == 400
        await client.post(f"{control}/faults", json={"names": {"slow": 0.5}})
        wrong = await client.post(f"{control}/faults", json={"names": {"slwo": 0.5}})
        assert wrong.status_code == 400
        assert "slwo" in wrong.json()["error"]
        state = (await client.get(f"{control}/state")).json()
    assert state["now"] == NOW + 90
    assert state["faults"] == {"slow": 0.5}
    assert state["addresses"] == sandbox.addresses


async def test_settings_name_where_each_host_is(sandbox: Sandbox) -> None:
    settings = sandbox.settings()["tiktok_shop"]
    assert settings["connector"] == "tiktok_shop"
    assert settings["api_url"] == sandbox.addresses["tiktok_shop.api"]
    assert settings["auth_url"] == sandbox.addresses["tiktok_shop.auth"] != settings["api_url"]
    assert set(settings["secrets"]) == {"app_secret", "refresh_token"}


async def test_serving_writes_the_truth_as_it_is_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    clock = Clock(NOW, frozen=True)
    async with serve(seed=2, orders=80, truth_file=path, clock=clock, parts=["tiktok_shop"]) as sandbox:
        before = json.loads(path.read_text())
        sandbox.clock.advance(5 * 86_400)
    after = json.loads(path.read_text())
    assert (before["now"], after["now"]) == (NOW, NOW + 5 * 86_400)
    assert len(after["sales"]) > len(before["sales"])


async def test_no_client_is_ahead_of_the_date_of_an_answer() -> None:
    """One that goes by real time is not, and none that lives in the played time, however far it was moved on."""
    async with serve(seed=2, orders=20, clock=Clock(NOW, frozen=True), parts=["tiktok_shop"]) as sandbox:
        for moment in (NOW, time.time() + 86_400):
            sandbox.clock.set(moment)
            began = int(time.time())
            async with httpx.AsyncClient() as client:
                answer = await client.get(sandbox.addresses["tiktok_shop.auth"])
            dated = parsedate_to_datetime(answer.headers["date"]).timestamp()
            assert max(began, int(moment)) <= dated <= max(time.time(), moment)


def test_a_part_that_is_not_played_is_named() -> None:
    with pytest.raises(ValueError, match=r"myspace.*tiktok_shop"):
        load("myspace")


def _free_ports(count: int) -> int:
    """Return the first of `count` neighbouring ports that nobody listens on."""
    for base in range(42_000, 60_000, count):
        with contextlib.ExitStack() as held:
            try:
                for port in range(base, base + count):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
        return base
    raise AssertionError("no free ports")


async def test_ports_are_fixed_where_asked_and_answers_are_counted(world: World) -> None:
    clock = Clock(NOW, frozen=True)
    base = _free_ports(3)
    async with Sandbox(world, clock, parts=["tiktok_shop"], base_port=base, latency=0.05) as sandbox:
        assert list(sandbox.addresses.values()) == [f"http://127.0.0.1:{base + n}" for n in range(3)]
        seller = Seller(sandbox)
        started = time.monotonic()
        await seller.refresh()
        await seller.send("GET", "/nowhere")
        assert time.monotonic() - started >= 0.1
        await seller.client.aclose()
        assert sandbox.requests == {"tiktok_shop.auth 200": 1, "tiktok_shop.api 404": 1}


async def test_deliveries_go_out_by_themselves_when_the_clock_moves(world: World) -> None:
    clock = Clock(NOW, frozen=True)
    async with Sandbox(world, clock, parts=["tiktok_shop"]) as sandbox:
        seller = Seller(sandbox)
        await seller.refresh()
        body = {"event_type": "ORDER_STATUS_CHANGE", "address": f"{sandbox.addresses['control']}/nowhere"}
        await seller.call("PUT", "/event/202309/webhooks", {}, body)
        clock.advance(86_400)
        async with asyncio.timeout(10):
            while not sandbox.deliverer.attempts:
                await asyncio.sleep(0.01)
        await seller.client.aclose()
        assert sandbox.deliverer.attempts[0].status == 404


async def test_all_parts_are_served_together(world: World) -> None:
    async with Sandbox(world, Clock(NOW, frozen=True)) as sandbox:
        settings = sandbox.settings()
        assert set(settings) == set(PARTS)
        for name, source in settings.items():
            assert source["connector"] == name
            assert all(isinstance(secret, str) and secret for secret in source["secrets"].values())
        assert len(set(sandbox.addresses.values())) == len(sandbox.addresses)
