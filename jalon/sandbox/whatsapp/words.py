"""What WhatsApp's webhooks say of an act, played: the value of a change, in the platform's own forms.

Own reading of the webhook reference of the Cloud API: messages, orders, system messages, click events. Numbers of carts
come as numbers here and as text there; seconds are text; everything that a person writes is a canary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jalon.sandbox.money import decimal
from jalon.sandbox.whatsapp.chats import AD, CATALOG, Act, new_number, user_id

Row = dict[str, Any]
NUMBER_ID = "106540352242922"
METADATA = {"display_phone_number": "15550783881", "phone_number_id": NUMBER_ID}


def value(act: Act) -> Row:
    """Return the value of the change that tells of an act."""
    about: Row = {"messaging_product": "whatsapp", "metadata": METADATA}
    if act.kind in ("click", "landing"):
        return about | {"user_actions": [_click(act)]}
    if act.kind == "inferred":
        return about | {"automatic_events": [_inferred(act)]}
    message = {**_from(act), "id": act.id, "timestamp": str(act.at), **_MESSAGES[act.kind](act)}
    if act.kind == "new_number":
        return about | {"messages": [message]}
    return about | {"contacts": [_contact(act)], "messages": [message]}


def receipt(act: Act) -> Row:
    """Return the value of a change that tells that a message of the business was read."""
    status = {"id": act.id[::-1], "status": "read", "timestamp": str(act.at), "recipient_id": act.wa_id}
    return {"messaging_product": "whatsapp", "metadata": METADATA, "statuses": [status]}


def echo(act: Act) -> Row:
    """Return the value of a change that tells what the business wrote on its own telephone."""
    said = {"from": "15550783881", "to": act.wa_id, "id": act.id[::-1], "timestamp": str(act.at), "type": "text"}
    return {
        "messaging_product": "whatsapp",
        "metadata": METADATA,
        "message_echoes": [said | {"text": {"body": "canary echo"}}],
    }


# --- persons ----------------------------------------------------------------------------------------------------------


def _from(act: Act) -> Row:
    named: Row = {}
    if act.names != "user":
        named["from"] = act.wa_id
    if act.names != "phone":
        named["from_user_id"] = act.user_id
    return named


def _contact(act: Act) -> Row:
    contact: Row = {"profile": {"name": f"canary {act.shopper.first_name} {act.shopper.last_name}"}}
    if act.names != "user":
        contact["wa_id"] = act.wa_id
    if act.names != "phone":
        contact["user_id"] = act.user_id
    return contact


# --- messages ---------------------------------------------------------------------------------------------------------


def _text(body: str) -> Row:
    return {"type": "text", "text": {"body": f"canary {body}"}}


def _ad(act: Act) -> Row:
    referral = {
        "source_url": "https://fb.me/3cr4Wqqkv",
        "source_id": AD,
        "source_type": "ad",
        "headline": "canary headline",
        "body": "canary body",
        "media_type": "image",
        "image_url": "https://scontent.example/canary.jpg",
        "ctwa_clid": f"Aff-{act.click}",
    }
    return _text("I saw your ad") | {"referral": referral}


def _question(act: Act) -> Row:
    product = {"catalog_id": CATALOG, "product_retailer_id": act.skus[0]}
    return _text("is it in stock?") | {"context": {"from": "15550783881", "id": act.id, "referred_product": product}}


def _cart(act: Act) -> Row:
    items = [
        {
            "product_retailer_id": sku,
            "quantity": quantity if number % 2 else str(quantity),
            "item_price": decimal(price, act.currency) if number % 2 else price // 100,
            "currency": act.currency,
        }
        for number, (sku, quantity, price) in enumerate(zip(act.skus, act.quantities, act.prices, strict=True))
    ]
    return {"type": "order", "order": {"catalog_id": CATALOG, "text": "canary, please", "product_items": items}}


def _new_number(act: Act) -> Row:
    fresh = new_number(act)
    system = {
        "body": f"User canary changed from {act.wa_id} to {fresh}",
        "type": "user_changed_number",
        "wa_id": fresh,
        "user_id": user_id(fresh),
        "previous_user_id": act.user_id,
    }
    return {"type": "system", "system": system}


_MESSAGES: dict[str, Callable[[Act], Row]] = {
    "ad": _ad,
    "question": _question,
    "cart": _cart,
    "chat": lambda act: _text(f"hello {act.at}"),
    "new_number": _new_number,
}

# --- clicks and guesses -----------------------------------------------------------------------------------------------


def _click(act: Act) -> Row:
    if act.kind == "landing":
        told = {"click_id": act.click}
        return {"action_type": "landing_page_view", "timestamp": str(act.at), "landing_page_view_data": told}
    told = {"click_component": "cta", "product_id": act.skus[0], "click_id": act.click, "tracking_token": "canary"}
    name = "marketing_messages_link_click"
    return {"action_type": name, "timestamp": str(act.at), f"{name}_data": told}


def _inferred(act: Act) -> Row:
    worth = {"currency": act.currency, "value": act.prices[0] / 100}
    return {
        "id": act.id,
        "event_name": "Purchase",
        "timestamp": str(act.at),
        "ctwa_clid": f"Aff-{act.click}",
        "custom_data": worth,
    }
