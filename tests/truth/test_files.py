"""The brand's own channels by file: what was sold, given back, answered, opened and paid is held once, and joins."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from jalon.attribution.options import Options
from jalon.attribution.run import attribute
from jalon.config import load
from jalon.sandbox import own_channels
from jalon.sandbox.brand import generate
from tests.truth.life import NEWEST
from tests.truth.stage import Stage, staged

CONTACT = {"shopify": {"customer_contact": True}}


def newest(stage: Stage, kind: str, columns: str) -> list[tuple[Any, ...]]:
    query = NEWEST.format(files=f"{stage.place.store.facts}/{kind}/*.parquet")
    return duckdb.sql(f"SELECT {columns} FROM ({query}) WHERE source = 'own'").fetchall()


async def lived(stage: Stage, folder: Path) -> None:
    """Let the channels export and jalon read, day by day, with an export that is cut off and comes again whole."""
    own_channels.configure(folder / "jalon.toml")
    stage.place.config = load(folder / "jalon.toml")
    for _ in range(3):
        own_channels.drop(stage.sandbox.world, folder / "drop", stage.sandbox.clock.now())
        await stage.sync()
        await stage.pass_days(1)
    own_channels.drop(stage.sandbox.world, folder / "drop", stage.sandbox.clock.now())
    await stage.sync()
    stage.derive()


async def test_own_channels_are_held_once_and_join_the_shop(tmp_path: Path) -> None:
    async with staged(tmp_path, CONTACT, parts=("shopify",)) as stage:
        await lived(stage, tmp_path)
        world, now, place = stage.sandbox.world, stage.sandbox.clock.now(), stage.place
        sold = [one for one in own_channels.receipts(world, ("1", "2")) if one.at <= now]
        check_tills(stage, sold, now)
        check_the_rest(stage, now)

        attribute(place.store.facts, place.store.folder / "attribution", Options())
        sales = pq.read_table(place.store.folder / "attribution/sales.parquet").to_pylist()
        of_person: dict[str, set[str]] = {}
        for sale in sales:
            if sale["person"]:
                of_person.setdefault(sale["person"], set()).add(sale["source"])
        buyers = {one.shopper.id for one in sold if one.shopper}
        in_both = {s.shopper for s in world.sales if s.platform == "shopify" and s.placed_at <= now} & buyers
        assert in_both
        assert sum(sources == {"own", "shopify"} for sources in of_person.values()) == len(in_both)
        credited = duckdb.sql(f"SELECT order_uid, touch_uid FROM '{place.store.folder}/attribution/credit.parquet'")
        ways = {(order.partition(":")[0], touch.partition("/")[0]) for order, touch in credited.fetchall() if touch}
        assert ("shopify", "own:event") in ways, "a mail on the way to an order"


async def test_a_publisher_is_credited_for_the_shops_order_until_the_network_takes_it_back(tmp_path: Path) -> None:
    """The network's claim is no revenue: it stands on the way to the shop's order, whose number it names."""

    def credited() -> tuple[dict[str, int], set[str]]:
        attribute(stage.place.store.facts, stage.place.store.folder / "attribution", Options())
        folder = stage.place.store.folder / "attribution"
        net = duckdb.sql(f"SELECT source, sum(net)::BIGINT FROM '{folder}/sales.parquet' GROUP BY ALL").fetchall()
        query = f"SELECT order_uid FROM '{folder}/credit.parquet' WHERE touch_uid = 'own:transaction/affiliate|t-1'"
        named = duckdb.sql(
            f"SELECT DISTINCT content_id, creator_id FROM '{folder}/touches.parquet' WHERE creator_id = 'pub-12'"
        )
        assert set(named.fetchall()) <= {(None, "pub-12")}, "a publisher is nobody's content"
        return {source: amount for source, amount in net if amount}, {row[0] for row in duckdb.sql(query).fetchall()}

    head = "transaction_id,order_ref,shop,date,publisher,status,amount,commission,currency,modified_date\n"
    async with staged(tmp_path, CONTACT, parts=("shopify",)) as stage:
        own_channels.configure(tmp_path / "jalon.toml")
        stage.place.config = load(tmp_path / "jalon.toml")
        now = stage.sandbox.clock.now()
        sale = next(
            sale
            for sale in stage.sandbox.world.sales
            if sale.platform == "shopify" and sale.kind == "sale" and sale.placed_at < now - 86_400
            and {change.kind for change in sale.changes} & {"paid"} and not any(c.goods for c in sale.changes)
        )  # fmt: skip
        at = datetime.fromtimestamp(sale.placed_at, UTC).isoformat()
        path = tmp_path / "drop" / "affiliate_transactions.csv"
        path.parent.mkdir()
        for status, changed in (("approved", "2026-11-20"), ("declined", "2026-11-21")):
            path.write_text(f"{head}t-1,{sale.order_id},shopify,{at},pub-12,{status},999.00,9.00,EUR,{changed}\n")
            os.utime(path, (time.time() - 60,) * 2)
            await stage.sync()
            stage.derive()
            net, orders = credited()
            assert set(net) == {"shopify"}, "what the network claims is not revenue"
            assert orders == ({f"shopify:{sale.order_id}"} if status == "approved" else set())


def check_tills(stage: Stage, sold: list[own_channels.Till], now: float) -> None:
    assert len(sold) > 15
    wanted = Counter((f"{s.till}/{s.number}", s.total, s.tax, s.total - s.tax, s.shopper is not None) for s in sold)
    assert Counter(newest(stage, "orders", "order_id, total, tax, goods, person IS NOT NULL")) == wanted
    back = Counter((f"{s.till}/{s.number}", s.total, s.tax) for s in sold if s.back and s.back <= now)
    assert Counter(newest(stage, "refunds", "order_id, total, tax")) == back
    assert back


def check_the_rest(stage: Stage, now: float) -> None:
    world, pseudonym = stage.sandbox.world, stage.place.keyring.pseudonym
    answers = Counter(
        (f"survey|nps|{a.id}", a.score, pseudonym("email", a.shopper.email))
        for a in own_channels.answers(world, "nps")
        if a.at <= now
    )
    assert Counter(newest(stage, "answers", "key, score, person")) == answers
    assert answers
    spent = Counter((c.campaign, c.day, c.spend) for c in own_channels.costs(world, now))
    held = newest(stage, "measures", "campaign_id, start_date::TEXT, value, metric")
    assert Counter(row[:3] for row in held if row[3] == "spend") == spent
    mails = Counter((o.at, pseudonym("email", o.shopper.email)) for o in own_channels.openings(world) if o.at <= now)
    touches = newest(stage, "touchpoints", "epoch(occurred_at)::BIGINT, person, key")
    assert Counter(row[:2] for row in touches if row[2].startswith("event/")) == mails
    assert mails


async def test_no_person_of_a_file_is_held_in_clear(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=()) as stage:
        await lived(stage, tmp_path)
        people = stage.sandbox.world.shoppers.values()
        needles = [*(s.email for s in people), *(own_channels.loyalty(s) for s in people), "canary", "Élodie"]
        needles += [f"0{s.phone.removeprefix('+33')}" for s in people]
        for path in stage.place.store.folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                if path.suffix == ".parquet":
                    content += json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False).encode()
                assert not [one for one in needles if one.encode() in content.lower() or one.encode() in content], path


def test_an_export_is_written_only_where_something_is_new(tmp_path: Path) -> None:
    world = generate(5, orders=60, days=14, horizon_days=4)
    now = world.horizon - 2 * own_channels.DAY
    first = own_channels.drop(world, tmp_path, now)
    assert len(first) >= 5
    assert own_channels.drop(world, tmp_path, now) == []
    before = (tmp_path / first[0].name).read_bytes()
    own_channels.drop(world, tmp_path, now + own_channels.DAY)
    assert (tmp_path / first[0].name).read_bytes().startswith(before), "an export grows at its end"
