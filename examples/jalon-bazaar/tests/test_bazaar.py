"""Bazaar keeps the promises of a connector, and its samples give the facts that lie beside them."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jalon_bazaar.connector import Bazaar, BazaarSettings

from jalon.connectors.base import Delivery, Undelivered
from jalon.normalize.channels import origin
from jalon.testing import Reply, broken, played, unlike

BAZAAR = Bazaar()
SETTINGS = BazaarSettings(connector="bazaar", url="https://bazaar.example", token="a-token", webhook_secret="a-secret")
BODY = b'{"order": "b1"}'
TODAY = datetime(2025, 11, 24, tzinfo=UTC)
ORDER = {"id": "b1", "changed": 1_763_900_000, "state": "paid", "buyer": "ada@shopper.example", "note": "ring twice"}


def signed(body: bytes, secret: bytes = b"a-secret") -> Delivery:
    signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return Delivery({"x-bazaar-signature": signature}, body, 0.0)


def test_it_keeps_the_promises() -> None:
    assert broken(BAZAAR, SETTINGS, [signed(BODY)]) == []


def test_its_samples_give_their_facts() -> None:
    assert unlike(BAZAAR, Path(__file__).parent / "samples") == []


def test_a_sync_reads_the_orders_and_hashes_who_bought() -> None:
    with played(BAZAAR, SETTINGS, {"/orders": {"orders": [ORDER], "total": 1, "more": False}}) as bazaar:
        assert bazaar.sync().state == "ok"
        assert bazaar.records("orders")["b1"]["state"] == "paid"
        assert "ada" not in str(bazaar.records("orders"))
        assert {request.headers["authorization"] for request in bazaar.asked} == {"Bearer a-token"}


def test_who_asks_too_often_waits_as_long_as_bazaar_says() -> None:
    answers = iter([Reply({}, 429, {"retry-after": "7"}), {"orders": [ORDER], "total": 1, "more": False}])
    with played(BAZAAR, SETTINGS, lambda request: next(answers)) as bazaar:
        before = bazaar.clock.time
        (page,) = bazaar.pull("orders", TODAY, TODAY + timedelta(days=1))
        assert bazaar.clock.time - before >= 7
    assert [record.key for record in page.records] == ["b1"]


def test_an_order_that_is_gone_is_told_and_the_others_are_read() -> None:
    with played(BAZAAR, SETTINGS, {"/orders/b1": ORDER}) as bazaar:
        gone, found = bazaar.fetch("orders", "b2", "b1")
    assert [skipped.reason for skipped in gone.skipped] == ["not_found"]
    assert [record.key for record in found.records] == ["b1"]


def test_a_signed_delivery_is_opened_and_any_other_refused() -> None:
    secrets = BAZAAR.secrets(SETTINGS)
    assert BAZAAR.verify(signed(BODY), SETTINGS, secrets)
    assert not BAZAAR.verify(signed(BODY, b"another"), SETTINGS, secrets)
    assert [tuple(ref)[:2] for ref in BAZAAR.open(signed(BODY), SETTINGS).refs] == [("orders", "b1")]


@pytest.mark.parametrize(
    ("landing", "referrer"),
    [
        ("https://shop.example/?bzclid=1", None),
        ("https://shop.example/?utm_source=bazaar_ads", None),
        ("https://shop.example/", "https://www.bazaar.example/window"),
    ],
)
def test_a_visit_from_bazaar_is_known_as_one(landing: str, referrer: str | None) -> None:
    assert origin(landing, referrer).channel == "bazaar"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"order": null}'])
def test_a_delivery_that_names_no_order_is_kept_with_a_reason(body: bytes) -> None:
    with pytest.raises(Undelivered):
        BAZAAR.open(signed(body), SETTINGS)
