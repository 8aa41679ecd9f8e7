"""WhatsApp the whole way: signed deliveries, late, twice, out of order, become touchpoints of the shop's buyers."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jalon.attribution.options import Options
from jalon.attribution.run import attribute
from jalon.sandbox.graph_api.hooks import Subscription
from jalon.sync.doctor import examine
from tests.truth.stage import Stage, staged

PARTS = ("shopify", "whatsapp")
CONTACT = {"shopify": {"customer_contact": True}}
KINDS = {
    "ad": {"ad_click", "chat"},
    "question": {"question"},
    "click": {"tag_click"},
    "landing": {"visit"},
    "inferred": {"other"},
    "new_number": set(),
    "chat": {"chat"},
}
DAY = 86_400


async def lived(stage: Stage, *, faults: bool) -> list[dict[str, Any]]:
    """Live through four days and two in which late deliveries arrive; return what persons did since the beginning."""
    await stage.sync()
    part: Any = stage.sandbox.parts["whatsapp"]
    (known,) = part.hooks.subscriptions.values()
    part.hooks.subscriptions[known.object] = Subscription(
        known.object, known.address, tuple(sorted(part.hooks.offered))
    )
    began = stage.sandbox.clock.now()
    if faults:
        stage.sandbox.faults.set({"hook_duplicate": 0.3, "hook_reorder": 0.5, "hook_delay": 0.3, "5xx": 0.1})
    for _ in range(4):
        await stage.pass_days(1)
        await stage.sync()
    ended = stage.sandbox.clock.now()
    for _ in range(2):
        await stage.pass_days(1)
        await stage.sync()
    stage.derive()
    attribute(stage.place.store.facts, stage.place.store.folder / "attribution", Options())
    return [act for act in part.truth(ended)["acts"] if act["at"] > began]


def rows(stage: Stage, query: str) -> list[tuple[Any, ...]]:
    return duckdb.sql(query.format(out=stage.place.store.folder / "attribution")).fetchall()


def expected_cart(act: dict[str, Any]) -> set[tuple[str, str | None]]:
    products = set(act["skus"])
    return {("add_to_cart", sku) for sku in products} | {("checkout", act["skus"][0] if len(products) == 1 else None)}


@pytest.mark.parametrize("faults", [False, True])
async def test_what_persons_did_is_held_once_and_joined_with_what_they_bought(tmp_path: Path, faults: bool) -> None:
    async with staged(tmp_path, CONTACT, parts=PARTS) as stage:
        acts = await lived(stage, faults=faults)
        assert {act["kind"] for act in acts} >= {"ad", "question", "cart", "click", "chat"}
        touched = rows(stage, "SELECT kind, product_id, epoch_us(occurred_at)::BIGINT // 1000000, touch_uid, person "
                              "FROM '{out}/touches.parquet' WHERE platform = 'whatsapp'")  # fmt: skip
        ended = max(act["at"] for act in acts)
        found = {(kind, sku, at) for kind, sku, at, *_ in touched if at <= ended and kind != "chat"}
        assert found == {
            (kind, sku, act["at"])
            for act in acts
            for kind, sku in (
                expected_cart(act)
                if act["kind"] == "cart"
                else {(k, act["skus"][0] if k in ("question", "tag_click") else None) for k in KINDS[act["kind"]]}
            )
            if kind != "chat"
        }
        assert len({uid for *_, uid, _ in touched}) == len(touched), "nothing twice"
        check_persons(stage, acts, touched)
        assert not rows(stage, "SELECT 1 FROM '{out}/sales.parquet' WHERE platform = 'whatsapp'")


def check_persons(stage: Stage, acts: list[dict[str, Any]], touched: list[tuple[Any, ...]]) -> None:
    """Assert that whoever wrote under the number that the shop knows is the buyer, also under other names later."""
    bought = dict(rows(stage, "SELECT order_id, person FROM '{out}/sales.parquet' WHERE person IS NOT NULL"))
    now = stage.sandbox.clock.now()
    buyers: dict[str, set[str]] = defaultdict(set)
    for sale in stage.sandbox.world.sales:
        if sale.platform == "shopify" and sale.placed_at < now - 600 and sale.order_id in bought:
            buyers[sale.shopper].add(bought[sale.order_id])
    at = {act["at"]: act for act in acts if act["kind"] not in ("click", "landing", "inferred")}
    numbered = {act["shopper"] for act in at.values() if act["names"] != "user" and act["kind"] != "new_number"}
    joined = [
        (person, buyers[at[when]["shopper"]])
        for kind, _, when, _, person in touched
        if when in at and at[when]["shopper"] in numbered and buyers[at[when]["shopper"]]
    ]
    assert len(joined) > 5
    assert all({person} == persons for person, persons in joined)


async def test_a_chat_s_own_app_keeps_its_deliveries(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=("whatsapp",)) as stage:
        part: Any = stage.sandbox.parts["whatsapp"]
        elsewhere = Subscription("whatsapp_business_account", "https://chat.example/hook", ("messages",))
        part.hooks.subscriptions[elsewhere.object] = elsewhere
        outcomes = await stage.sync()
        assert part.hooks.subscriptions[elsewhere.object] == elsewhere
        assert "chat.example" in str([finding.detail for outcome in outcomes for finding in outcome.findings])


async def test_nothing_that_was_written_is_held(tmp_path: Path) -> None:
    async with staged(tmp_path, CONTACT, parts=PARTS) as stage:
        acts = await lived(stage, faults=False)
        shoppers = {act["shopper"] for act in acts}
        needles = [b"canary"] + [stage.sandbox.world.shoppers[one].phone[1:].encode() for one in shoppers]
        needles += [act["click"].encode() for act in acts]
        held = b"".join(path.read_bytes() for path in stage.place.store.folder.rglob("*") if path.is_file())
        assert len(held) > 10_000
        assert not [needle for needle in needles if needle in held]


async def levels(stage: Stage) -> set[str]:
    """Return how `doctor` finds the source; the clock that is played is another one than the wire's."""
    source = stage.place.source("whatsapp")
    return {finding.level for finding in await examine(source, stage.workshop()) if finding.name != "clock"}


async def test_doctor_says_how_the_account_stands(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=("whatsapp",)) as stage:
        source, part = stage.place.source("whatsapp"), stage.sandbox.parts["whatsapp"]
        before = {finding.name: finding.level for finding in await examine(source, stage.workshop())}
        assert (before["subscribed app"], before["fields"]) == ("fail", "fail")
        await stage.sync()
        assert await levels(stage) == {"ok"}
        part.number_state = "FLAGGED"
        after = {finding.name: finding.level for finding in await examine(source, stage.workshop())}
        assert after["number"] == "warn"
