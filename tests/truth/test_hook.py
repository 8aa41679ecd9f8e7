"""A sender of signed events: what it tells is held once, however often, late and mixed up it comes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jalon.commands.demo import write_workplace
from jalon.commands.serving import receiver_of
from jalon.config import load
from jalon.receive.hooks import path_of
from jalon.sandbox.hook import HookPart
from jalon.store import deliveries
from tests.truth.life import NEWEST
from tests.truth.stage import Stage, staged


def part_of(stage: Stage) -> HookPart:
    part = stage.sandbox.parts["hook"]
    assert isinstance(part, HookPart)
    return part


def newest(stage: Stage, kind: str, columns: str) -> list[tuple[Any, ...]]:
    query = NEWEST.format(files=f"{stage.place.store.facts}/{kind}/*.parquet")
    return duckdb.sql(f"SELECT {columns} FROM ({query})").fetchall()


async def test_what_was_told_is_held_once(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=("hook",)) as stage:
        part, begun = part_of(stage), stage.sandbox.clock.now()
        part.deliver_to(stage.place.address("hook") or "")
        stage.sandbox.faults.set({"hook_duplicate": 0.3, "hook_delay": 0.3, "hook_reorder": 0.5})
        for _ in range(4):
            await stage.pass_days(1)
            await stage.sync()
        stage.sandbox.faults.set({})
        await stage.pass_days(3)
        await stage.post(stage.posted)
        await stage.sync()
        stage.derive()

        assert all(each.status == 200 for each in stage.sandbox.deliverer.attempts)
        truth = part.truth(stage.sandbox.clock.now())
        told = {name: [row for row in rows if row.get("at", begun + 1) > begun] for name, rows in truth.items()}
        orders = newest(stage, "orders", "order_id, total, tax, goods, person IS NOT NULL")
        wanted = {
            (s["order_id"], s["total"], s["tax"], s["total"] - s["tax"], bool(s["shopper"])) for s in told["receipts"]
        }
        assert wanted
        assert Counter(orders) == Counter(wanted)
        back = Counter((r["order_id"], r["total"], r["tax"]) for r in told["refunds"])
        assert Counter(newest(stage, "refunds", "order_id, total, tax")) == back
        assert back
        answers = {f"survey|csat|{row['id']}": row["score"] for row in truth["answers"]}
        held = dict(newest(stage, "answers", "key, score"))
        assert held
        assert held.items() <= answers.items()
        cards = newest(stage, "identities", '"left", "right"')
        assert len(cards) == len({s["shopper"] for s in told["receipts"] if s["shopper"]})


async def test_while_a_secret_is_rotated_nothing_is_refused(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=("hook",)) as stage:
        part, old = part_of(stage), part_of(stage).secret
        part.deliver_to(stage.place.address("hook") or "")
        part.rotate()
        await stage.pass_days(1)
        settings = {"hook": {"connector": "hook", "secrets": {"secret": part.secret, "secret_old": old}}}
        stage.place.config = load(write_workplace(tmp_path, settings))
        receiver = receiver_of(stage.place)
        port, _ = await receiver.start("127.0.0.1", 0)
        address = stage.place.address("hook")
        assert address is None
        part.deliver_to(f"http://127.0.0.1:{port}{path_of('hook', stage.place.keyring.hook_token('hook'))}")
        await stage.pass_days(1)
        await receiver.stop()
        statuses = {each.status for each in stage.sandbox.deliverer.attempts}
        assert statuses == {200}
        assert len(stage.sandbox.deliverer.attempts) > 2


@pytest.mark.parametrize("late", [-301, 301])
async def test_a_captured_delivery_is_no_good_later(tmp_path: Path, late: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged(tmp_path, {}, parts=("hook",)) as stage:
        part = part_of(stage)
        part.deliver_to(stage.place.address("hook") or "")
        real = stage.sandbox.clock.real()
        monkeypatch.setattr(stage.sandbox.clock, "_real", lambda: real + late)
        await stage.pass_days(1)
        assert {each.status for each in stage.sandbox.deliverer.attempts} == {401}
        with stage.place.store.read() as db:
            assert deliveries.counts(db) == []
