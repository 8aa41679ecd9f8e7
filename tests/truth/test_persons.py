"""Persons on the whole way: nothing of them in clear, and nothing at all once they were erased."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from jalon.commands.console import Console
from jalon.commands.reporting import Asked, run_report
from jalon.sandbox.world import Shopper
from jalon.store import erasure
from jalon.sync.engine import backfill_source
from jalon.workplace import Workplace
from tests.truth.stage import Stage, staged

CONTACT = {"shopify": {"customer_contact": True}}


def told(path: Path) -> bytes:
    """Return a file's bytes, and what a reader of Parquet sees."""
    found = path.read_bytes()
    return found + str(pq.read_table(path).to_pylist()).encode() if path.suffix == ".parquet" else found


def holding(place: Workplace, needles: Iterable[str]) -> dict[str, set[str]]:
    """Return the files of the store in which any of the texts is found: database, log, facts, marts, page, exports."""
    wanted = set(needles)
    files = [path for path in place.store.folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".sqlite", ".parquet"}
    found = {path: {one for one in wanted if one.encode() in content} for path in files if (content := told(path))}
    return {str(path.relative_to(place.store.folder)): names for path, names in found.items() if names}


def report(stage: Stage, capsys: pytest.CaptureFixture[str]) -> str:
    """Derive, attribute, make marts and page; return all that was said."""
    stage.derive()
    run_report(Console("report"), stage.place, Asked())
    said = capsys.readouterr()
    return said.out + said.err


def money(place: Workplace) -> list[tuple[Any, ...]]:
    """Return every order's state and money, and the credit of each model."""
    attribution = place.store.folder / "attribution"
    orders = duckdb.sql(f"SELECT order_uid, why, status, goods, net FROM '{attribution}/sales.parquet' ORDER BY ALL")
    credit = duckdb.sql(f"SELECT model, sum(net) FROM '{attribution}/credit.parquet' GROUP BY ALL ORDER BY ALL")
    return orders.fetchall() + credit.fetchall()


def clear_identifiers(shopper: Shopper) -> tuple[str, ...]:
    return shopper.email, shopper.phone, shopper.tiktok_user_id, shopper.shopify_customer_id


def pseudonyms(place: Workplace, shopper: Shopper) -> set[str]:
    """Return the hashes by which the shop's customer is known."""
    named = {"shopify_customer": shopper.shopify_customer_id, "email": shopper.email, "phone": shopper.phone}
    return {place.keyring.pseudonym(kind, value).partition(":")[2] for kind, value in named.items()}


def best_customer(stage: Stage) -> Shopper:
    """Return who bought most often in the shop so far."""
    now = stage.sandbox.clock.now()
    bought = Counter(s.shopper for s in stage.sandbox.world.sales if s.platform == "shopify" and s.placed_at < now)
    return stage.sandbox.world.shoppers[bought.most_common(1)[0][0]]


async def lived(stage: Stage) -> None:
    """Sync, let days pass, and sync what was delivered in them."""
    await stage.sync()
    for _ in range(3):
        await stage.pass_days(1)
        await stage.sync()


async def test_no_person_is_held_or_told_in_clear(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Threats 16, 17, 24: canaries stand in every personal and every secret field that the platforms answer with."""
    caplog.set_level("DEBUG", "jalon")
    async with staged(tmp_path, CONTACT) as stage:
        await lived(stage)
        await stage.post(stage.shop.request_data(best_customer(stage).shopify_customer_id))
        await stage.sync()
        said = report(stage, capsys) + caplog.text
        shoppers = stage.sandbox.world.shoppers.values()
        canaries = {"canary"}.union(*map(clear_identifiers, shoppers))
        assert stage.posted
        assert len(canaries) > 100
        assert holding(stage.place, canaries) == {}
        assert not [one for one in canaries if one in said]


async def test_an_erased_person_is_gone_for_good_and_no_cent_with_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Threats 2, 25, 27, 28: the platform's own signed order to erase, then all old deliveries and all pages again."""
    async with staged(tmp_path, CONTACT) as stage:
        place = stage.place
        await lived(stage)
        erased = best_customer(stage)
        hashes = pseudonyms(place, erased)
        await stage.post(stage.shop.request_data(erased.shopify_customer_id))
        await stage.sync()
        report(stage, capsys)
        before = money(place)
        held = holding(place, hashes)
        assert set().union(*held.values()) == hashes, "known by each identifier before"
        assert any(name.startswith("exports/") for name in held)

        await stage.post(stage.shop.redact(erased.shopify_customer_id))
        await stage.sync()
        stage.derive()
        assert holding(place, hashes) == {}, "gone with the derivation, before any report is made again"
        report(stage, capsys)
        assert holding(place, hashes) == {}
        assert money(place) == before

        await stage.post(stage.posted)
        await read_everything_again(stage)
        report(stage, capsys)
        assert holding(place, hashes) == {}
        assert money(place) == before
        with place.store.read() as db:
            proofs = erasure.erasures(db)
        assert all(proof.finished_at is not None for proof in proofs)
        assert proofs[0].counts["records"] > 0


async def read_everything_again(stage: Stage) -> None:
    """Open what was delivered, then read every page of the brand's life anew."""
    await stage.sync()
    today = datetime.fromtimestamp(stage.sandbox.clock.now(), UTC).date()
    for name in stage.place.config.sources:
        outcome = await backfill_source(
            stage.place.source(name), stage.workshop(), today - timedelta(days=30), today - timedelta(days=1)
        )
        assert outcome.state == "ok", outcome


async def test_an_order_to_erase_someone_unknown_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Threat 28: a customer who was never here is erased all the same, and everything stays."""
    async with staged(tmp_path, CONTACT, parts=("shopify",)) as stage:
        await stage.sync()
        report(stage, capsys)
        before = money(stage.place)
        stage.shop.redact("4711")
        await stage.pass_days(0)
        await stage.sync()
        report(stage, capsys)
        assert money(stage.place) == before
        with stage.place.store.read() as db:
            assert [one.scope for one in erasure.erasures(db, finished=True)] == ["person"]


async def test_a_shop_that_left_is_erased_and_the_other_platform_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Threat 28, `shop/redact`."""
    async with staged(tmp_path, CONTACT) as stage:
        await lived(stage)
        report(stage, capsys)
        before = money(stage.place)
        stage.shop.redact_shop()
        await stage.pass_days(0)
        await stage.sync()
        report(stage, capsys)
        orders = duckdb.sql(
            f"SELECT source, count(person), count(*) FROM '{stage.place.store.facts}/orders/*.parquet' GROUP BY source"
        ).fetchall()
        known = {source: persons for source, persons, _ in orders}
        assert known["shopify"] == 0
        assert known["tiktok_shop"] > 0
        assert [row[:5] for row in money(stage.place) if len(row) == 5] == [row for row in before if len(row) == 5]
