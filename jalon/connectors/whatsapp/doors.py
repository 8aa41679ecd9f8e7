"""What of WhatsApp's deliveries may come in: the streams with their doors, all fed by deliveries; nothing is polled.

Nothing that a person has written comes in: no text, caption, media, location or shared contact, and no name. A phone
number is brought into E.164 and hashed as `phone`, like that of a shop's customer; a business-scoped user id is hashed
as `whatsapp_user`, the id of a click as `click_id` or `ctwa_clid`.

Which id and time survive a redelivery:

| stream | key | version |
| --- | --- | --- |
| messages | the message's id (wamid) | its time, which is in the signed body |
| clicks | digest of what is told, since clicks have no id: `deliveries.click_key` | its time |
| inferred_events | wamid / name of the event | its time |
"""

from __future__ import annotations

from typing import Any

from jalon.connectors.base import Stream
from jalon.connectors.door import Hasher, each, fields, link, person
from jalon.connectors.whatsapp.phones import e164


def phone(value: Any, hasher: Hasher) -> str | None:
    """Replace a phone number, as WhatsApp writes it, by the keyed hash of its E.164 form; None where it is none."""
    number = e164(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
    return hasher("phone", number) if number else None


_USER = person("whatsapp_user")
_PRODUCT = fields("catalog_id product_retailer_id")

MESSAGE = fields(
    "id timestamp type phone_number_id",
    **{"from": phone},
    from_user_id=_USER,
    contact=fields("", wa_id=phone, user_id=_USER),
    context=fields("", referred_product=_PRODUCT),
    referral=fields("source_type source_id", source_url=link, ctwa_clid=person("ctwa_clid")),
    order=fields("catalog_id", product_items=each("product_retailer_id quantity item_price currency")),
    system=fields(
        "type",
        wa_id=phone,
        new_wa_id=phone,
        customer=phone,
        user_id=_USER,
        previous_user_id=_USER,
    ),
)

CLICK = fields("action_type timestamp phone_number_id click_component product_id", click_id=person("click_id"))

INFERRED = fields(
    "id event_name timestamp phone_number_id",
    ctwa_clid=person("ctwa_clid"),
    custom_data=fields("currency value"),
)

STREAMS = (
    Stream(name="messages", door=MESSAGE, grain="keyed"),
    Stream(name="clicks", door=CLICK, grain="keyed"),
    Stream(name="inferred_events", door=INFERRED, grain="keyed"),
)
