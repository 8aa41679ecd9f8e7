"""Deliveries that `jalon serve` refused: who runs `sync`, `status` or `doctor` is told, and what to do about it."""

from __future__ import annotations

import time

from jalon import errors
from jalon.store import deliveries, refusals
from jalon.store.database import Store
from tests.cli.played import Desk

REFUSED = "they are not signed, or not with a secret of this source"


def test_it_is_told_until_a_later_one_is_taken(copied: Desk) -> None:
    refused_at = time.time() - 60
    with Store.open(copied.folder / "data") as store:
        store.write(refusals.adding([refusals.Refused("shopify", "unsigned", 12, refused_at)]))
    said = copied("status")
    assert "shopify: 12 deliveries were refused within a week, last at 20" in said.out
    assert f"{REFUSED}. Compare the secret in jalon.toml" in said.out
    assert [row["times"] for row in copied("status", "--json").data["refused"]] == [12]
    [found] = [each for each in copied("doctor", "--json").data["findings"] if each["name"] == "shopify: deliveries"]
    assert (found["level"], found["detail"]) == (
        "warn",
        f"12 were refused within a week, none was taken since: {REFUSED}",
    )
    said = copied("sync", "shopify")
    assert said.status == errors.PARTIAL
    assert "12: they are not signed" in said.err
    assert copied("sync", "shopify").status == errors.OK

    with Store.open(copied.folder / "data") as store:
        row = deliveries.Row("shopify", "d1", refused_at + 1, b"digest", b"sealed")
        store.write(lambda db: deliveries.add(db, [row]))
        store.write(lambda db: deliveries.opened(db, 1, "opened"))
    assert "; a later one was taken" in copied("status").out
    names = [each["name"] for each in copied("doctor", "--json").data["findings"]]
    assert "shopify: deliveries" not in names
