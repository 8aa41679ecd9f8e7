"""Signatures are compared in constant time: whole, as bytes, and under every secret."""

from __future__ import annotations

import hmac
from typing import Any

import pytest

from jalon import registry
from jalon.connectors.base import Delivery
from tests.connectors import shopify_shop, tiktok_fakes

SECRETS = (b"the first secret", b"the second secret", b"the third secret")
SETTINGS: dict[str, Any] = {"shopify": shopify_shop.SETTINGS, "tiktok_shop": tiktok_fakes.settings()}


@pytest.mark.parametrize("name", sorted(SETTINGS))
@pytest.mark.parametrize("claimed", ["", "a", "f" * 64, "A" * 43 + "=", "é" * 64])
def test_every_secret_is_tried_by_a_comparison_that_tells_nothing(
    name: str, claimed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threat 4."""
    compared: list[tuple[object, object]] = []
    real = hmac.compare_digest

    def noted(left: Any, right: Any) -> bool:
        compared.append((left, right))
        return real(left, right)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    headers = {"authorization": claimed, "x-shopify-hmac-sha256": claimed}
    connector = registry.connector(name)
    assert not connector.verify(Delivery(headers, b"{}", 0.0), SETTINGS[name], SECRETS)
    assert len(compared) == len(SECRETS)
    assert all(isinstance(left, bytes) and isinstance(right, bytes) for left, right in compared)
