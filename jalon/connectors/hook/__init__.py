"""Hook: a signed webhook for whatever has no connector of its own.

The sender follows Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks, version 1.0.0). A body is
one event `{"type": …, "timestamp": …, "data": {…}}` or a list of them; `type` names a shape of
`connectors.templates.shapes`, `data` is a record of it. jalon asks the sender nothing: what was not delivered is not
known, so the sender's retries are all there is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

from pydantic import Field, SecretStr, field_validator

from jalon.connectors import base
from jalon.connectors.base import Capability, Delivery, Finding, Opened, Session
from jalon.connectors.hook import signature
from jalon.connectors.hook.events import open_events
from jalon.connectors.templates.doors import streams
from jalon.connectors.unasked import UnaskedConnector

_NOW = "seconds"
_SENT = "what is delivered"


class HookSettings(base.Settings):
    """`[sources.NAME]` with connector = "hook"."""

    secret: SecretStr
    """What the sender signs with: `whsec_` and 24 to 64 random bytes in base64."""
    secret_old: SecretStr | None = None
    """The secret before a rotation, while the sender may still sign with it alone."""
    tolerance_seconds: int = Field(default=300, ge=10, le=3600)
    """How far a delivery's time may be from this machine's: what is older may be a replay."""

    @field_validator("secret", "secret_old")
    @classmethod
    def _is_a_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            signature.key_of(secret.get_secret_value())
        return secret


class Hook(UnaskedConnector):
    """Events of own channels, delivered and signed."""

    name = "hook"
    title = "Webhook"
    documentation = "https://www.standardwebhooks.com/"
    normalizer = "jalon.normalize.hook:normalize"
    settings = HookSettings
    streams: ClassVar = streams()
    capabilities: ClassVar = (
        Capability("content", "event", _NOW, _SENT),
        Capability("product_tags", "event", _NOW, _SENT, "the products of a content"),
        Capability("tag_clicks", "event", _NOW, _SENT, "as touchpoints of kind `tag_click`"),
        Capability("native_orders", "event", _NOW, _SENT, "orders of selling mode `native`"),
        Capability("order_content", "event", _NOW, _SENT, "what an affiliate network claims"),
        Capability("refunds", "event", _NOW, _SENT),
        Capability("web_orders", "event", _NOW, _SENT, "and those of tills, telephones, apps"),
        Capability("journeys", "event", _NOW, _SENT, "touchpoints join the orders of a person that both name"),
        Capability("measures", "aggregate", _NOW, _SENT, "figures of campaigns"),
        Capability("products", "event", _NOW, _SENT),
        Capability("webhooks", "event", _NOW, "the sender's retries", "nothing can be asked for later"),
    )

    unasked = ("a webhook's sender is not asked", "let it deliver again what is missing")

    def account(self, settings: HookSettings) -> str:
        """Name nothing in particular: nothing is asked, so no budget is shared."""
        return "hook"

    async def examine(self, session: Session) -> AsyncIterator[Finding]:
        """Say by which secrets deliveries are taken."""
        if session.settings.secret_old is None:
            yield Finding("secret", "ok", "deliveries are taken that it signed")
        else:
            remedy = "take secret_old out of jalon.toml once the sender signs with the new one"
            yield Finding("secret", "warn", "deliveries that the old secret signed are still taken", remedy)

    async def subscribe(self, session: Session, address: str) -> AsyncIterator[Finding]:
        """Say where the sender must deliver to: only its own settings can be told."""
        yield Finding("address", "ok", f"the sender delivers to {address}")

    def secrets(self, settings: HookSettings) -> tuple[bytes, ...]:
        """Return the keys of the secrets, the new one first."""
        held = (settings.secret, settings.secret_old)
        return tuple(signature.key_of(one.get_secret_value()) for one in held if one is not None)

    def verify(self, delivery: Delivery, settings: HookSettings, secrets: Sequence[bytes]) -> bool:
        """Say whether the delivery is of now and signed by one of the secrets."""
        return signature.verify(delivery, secrets, settings.tolerance_seconds)

    def delivery_key(self, delivery: Delivery) -> str:
        """Return the message's id, which is signed and stays the same however often it is sent."""
        return signature.delivery_key(delivery)

    def open(self, delivery: Delivery, settings: HookSettings) -> Opened:
        """Return the records in a delivery. Raises `Undelivered`."""
        return open_events(delivery)
