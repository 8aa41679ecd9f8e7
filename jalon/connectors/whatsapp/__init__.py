"""WhatsApp (Cloud API): carts, questions about products, clicks on ads and marketing messages, and who they are from.

https://developers.facebook.com/documentation/business-messaging/whatsapp. What is where: `doors` (streams, what of a
record comes in, identities), `phones` (numbers in E.164), `deliveries` (webhooks), `account` (account, doctor,
subscriptions). Nothing is polled: the platform keeps no list of what persons have written.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from jalon.connectors import base
from jalon.connectors.base import Batch, Capability, Delivery, Finding, Opened, Session, Stream, Window
from jalon.connectors.graph_api.connector import ReceivingGraphConnector
from jalon.connectors.graph_api.settings import Settings as GraphSettings
from jalon.connectors.whatsapp import account as whatsapp_account
from jalon.connectors.whatsapp.deliveries import open_delivery
from jalon.connectors.whatsapp.doors import STREAMS


class Settings(GraphSettings):
    """`[sources.NAME]` of a WhatsApp Business account."""

    business_account_id: str = Field(pattern=r"^[0-9]+$", examples=["102030405060708"])
    """The WhatsApp Business Account's id (WABA), from WhatsApp Manager."""


class WhatsApp(ReceivingGraphConnector):
    """The wire of the WhatsApp Cloud API."""

    name: ClassVar[str] = "whatsapp"
    title: ClassVar[str] = "WhatsApp"
    normalizer: ClassVar[str] = "jalon.normalize.whatsapp:normalize"
    settings: ClassVar[type[base.Settings]] = Settings
    documentation: ClassVar[str] = "https://developers.facebook.com/documentation/business-messaging/whatsapp"
    customer_kind: ClassVar[str] = "whatsapp_user"
    streams: ClassVar[tuple[Stream, ...]] = STREAMS
    starting_rate: ClassVar[float] = 1.0
    capabilities: ClassVar[tuple[Capability, ...]] = (
        Capability(
            "webhooks", "event", "seconds", "7 days", "all that there is; what was not delivered cannot be read"
        ),
        Capability(
            "journeys",
            "event",
            "seconds",
            "",
            "carts, questions about products, chats, and the ad or post that a chat began from; by phone and user id",
        ),
        Capability(
            "tag_clicks",
            "event",
            "seconds",
            "7 days after the message",
            "clicks on marketing messages with their product, in limited availability, without a person; single",
        ),
        Capability(
            "products", "event", "seconds", "", "only SKUs named in carts and questions, without title or price"
        ),
        Capability("native_orders", "none", note="an 'order' is a cart that was sent, not a purchase"),
        Capability("order_content", "none", note="there are no orders"),
        Capability("refunds", "none", note="there are no orders"),
        Capability("web_orders", "none", note="the shop has them: phone numbers join"),
        Capability("content", "none", note="messages are no content that many see"),
        Capability("product_tags", "none", note="messages are no content that many see"),
        Capability("measures", "none", note="the platform's analytics count messages and prices, not products"),
    )

    def account(self, settings: Any) -> str:
        """Name what the rate limit is counted by: the business account."""
        return f"whatsapp:{settings.business_account_id}"

    async def greet(self, session: Session) -> Mapping[str, str]:
        return await whatsapp_account.greet(session)

    async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        """Yield nothing: all streams are fed by deliveries."""
        yield Batch()

    def examine(self, session: Session) -> AsyncIterator[Finding]:
        return whatsapp_account.examine(session)

    def subscribe(self, session: Session, address: str) -> AsyncIterator[Finding]:
        return whatsapp_account.subscribe(session, address)

    def open(self, delivery: Delivery, settings: Any) -> Opened:
        return open_delivery(delivery, settings.business_account_id)
