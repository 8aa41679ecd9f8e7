"""Records that make no sense: held with their reason, shown, tried again; the rest is taken, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jalon import errors
from tests.cli.played import DAY, Desk, Played
from tests.cli.proxy import Proxy, each_object

Change = Callable[[dict[str, Any]], None]


class Liar:
    """The played shop with a server before it that changes one order on its way."""

    def __init__(self, desk: Desk, proxy: Proxy, order: str) -> None:
        self.desk = desk
        self.order = order
        self._proxy = proxy

    def changing(self, change: Change) -> None:
        """Change every object of the order's id from now on."""
        gid = f"gid://shopify/Order/{self.order}"

        def spoil(answer: Any) -> None:
            for each in each_object(answer):
                if each.get("id") == gid:
                    change(each)

        self._proxy.spoil = spoil

    def honest(self) -> None:
        self._proxy.spoil = lambda _: None


@pytest.fixture
def liar(desk: Desk, played: Played, lived: Desk) -> Iterator[Liar]:
    target = played.sandbox.addresses["shopify.api"]
    proxy = Proxy(target, lambda _: None)
    address = played.run(proxy.__aenter__())
    desk.edit(target, address)
    order = min(order for source, order in lived.orders() if source == "shopify")
    yield Liar(desk, proxy, order)
    played.run(proxy.__aexit__())


def unknown_currency(order: dict[str, Any]) -> None:
    for each in each_object(order):
        if "currencyCode" in each:
            each["currencyCode"] = "ZZQ"
    order["currencyCode"] = "ZZQ"


def impossible_date(order: dict[str, Any]) -> None:
    order["createdAt"] = "2026-02-31T10:00:00Z"


def negative_quantity(order: dict[str, Any]) -> None:
    for each in each_object(order.get("lineItems", {})):
        if "quantity" in each:
            each["quantity"] = -2


@pytest.mark.parametrize(
    ("change", "reason", "said"),
    [
        (unknown_currency, "unknown_currency", "ZZQ"),
        (impossible_date, "impossible_date", "2026-02-31"),
        (negative_quantity, "negative_quantity", "-2"),
    ],
)
def test_an_order_that_makes_no_sense_waits_and_the_rest_is_taken(
    liar: Liar, lived: Desk, change: Change, reason: str, said: str
) -> None:
    desk = liar.desk
    liar.changing(change)
    synced = desk("sync", "shopify", "--json")
    assert synced.status == errors.PARTIAL
    assert synced.data["facts"]["quarantined"] == 1
    assert "1 of the records read are in quarantine: `jalon quarantine list` says why" in synced.err
    others = {(source, order) for source, order in lived.orders() if source == "shopify" and order != liar.order}
    assert desk.orders() == others

    (entry,) = desk("quarantine", "list", "--json").data["entries"]
    assert (entry["source"], entry["stream"], entry["reason"]) == ("shopify", "orders", reason)
    assert liar.order in entry["key"]
    assert said in entry["detail"]
    assert f" {reason} " in desk("quarantine", "list", "--source", "shopify").out
    shown = desk("quarantine", "show", str(entry["id"]))
    assert said in shown.out
    assert desk("quarantine", "show", str(entry["id"]), "--json").data["entry"]["payload"]

    still = desk("quarantine", "replay", "--json")
    assert (still.status, still.data["still_open"]) == (errors.PARTIAL, [entry["id"]])

    liar.honest()
    today, before = (time.strftime("%Y-%m-%d", time.gmtime(time.time() - days * DAY)) for days in (0, 20))
    assert desk("backfill", "shopify", "--from", before, "--to", today).status == errors.OK
    assert desk.orders() == others | {("shopify", liar.order)}
    assert desk("quarantine", "list", "--json").data["entries"] == []


def test_a_replay_closes_what_a_mended_mapping_can_read(desk: Desk, played: Played, lived: Desk) -> None:
    """A mapping is mended by an update of jalon; here its installation key first lacks a connector, then has it."""
    assert desk("sync", "shopify", "--no-normalize").status == errors.OK
    whole = desk.config.read_text()
    desk.config.write_text(whole.partition("[sources.shopify]")[0])
    held = desk("normalize", "--json")
    assert held.status == errors.PARTIAL
    reasons = {entry["reason"] for entry in desk("quarantine", "list", "--json").data["entries"]}
    assert reasons == {"unknown_source"}
    desk.config.write_text(whole)
    replayed = desk("quarantine", "replay", "--json")
    assert replayed.status == errors.OK
    assert len(replayed.data["closed"]) == held.data["facts"]["quarantined"]
    assert desk.orders() == {pair for pair in lived.orders() if pair[0] == "shopify"}


def test_an_entry_that_is_not_there_is_said(desk: Desk) -> None:
    for words in (("show", "77"), ("replay", "77")):
        said = desk("quarantine", *words)
        assert said.status == errors.USAGE
        assert "77" in said.err
        assert "`jalon quarantine list`" in said.err


# --- bodies


def test_answers_that_are_no_json_are_asked_for_again(desk: Desk, played: Played, lived: Desk) -> None:
    played.inside(lambda sandbox: sandbox.faults.set({"malformed": 0.3, "truncated": 0.2}))
    assert desk("sync").status in (errors.OK, errors.PARTIAL)
    assert played.sandbox.struck
    played.mended()
    desk.settled()
    assert desk.orders() == lived.orders()


def test_a_platform_that_talks_nonsense_throughout_is_named(desk: Desk, played: Played, lived: Desk) -> None:
    def nonsense(sandbox: Any) -> None:
        sandbox.faults.set({"malformed": 1.0})
        sandbox.faults.in_a_row = 1_000_000

    played.inside(nonsense)
    try:
        said = desk("sync", "--json", "--max-runtime", "3s")
    finally:
        played.inside(lambda sandbox: setattr(sandbox.faults, "in_a_row", 2))
    assert said.status in (errors.PARTIAL, errors.BUDGET)
    for source in said.data["sources"]:
        assert source["message"].startswith(f"{source['source']}: ")
        assert source["remedy"]
    played.mended()
    desk.settled()
    assert desk.orders() == lived.orders()
