"""What WhatsApp's deliveries mean: touchpoints of persons who write, ask, fill a cart or click; who is the same person.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages. Which id makes a
fact the same fact again; all of them survive a redelivery, in whatever company it comes:

| fact | key | version |
| --- | --- | --- |
| question, checkout, reaction | message id / what it is | time of the message |
| product put in a cart | message id / cart / SKU | time of the message |
| click on an ad or post that began a chat | message id / referral | time of the message |
| chat | person / local day / chat | what is left of the day: the first message stands, in whatever order they come |
| click on a marketing message | digest of the click | its time |
| inferred event | message id / name of the event | its time |
| identity | the two hashes | time of the message |
| product | SKU | 0 |

An `order` is a cart that somebody sent, not a purchase: it gives `add_to_cart` and `checkout`, never an order, and its
prices count nowhere. What Meta infers from a chat (`automatic_events`, "Purchase") is a guess: a touchpoint of the kind
`other`, never an order or a purchase either.

A person is the business-scoped user id where there is one, else the phone number; wherever both are told they are
linked. A click on a marketing message names nobody: its click id does, which also lies in the address of the page that
it leads to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from jalon.normalize import channels
from jalon.normalize.fields import Row, inner, needed, objects, text
from jalon.normalize.records import facts_of, head, one_person
from jalon.normalize.times import day_bounds, instant_from_unix, local_date
from jalon.normalize.vocabulary import (
    Context,
    Fact,
    Identity,
    Instant,
    Product,
    Raw,
    TouchKind,
    Touchpoint,
    Unfit,
)

PLATFORM = "whatsapp"
CHANNEL = "messaging"

# https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages#type
WORDLESS: dict[str, TouchKind | None] = {"reaction": "engagement", "system": None, "edit": None, "revoke": None}
"""Types of message that are no chat, and the touchpoint that they are; None: none, since nobody writes anew."""

# https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/text#referral
REFERRALS: dict[str, TouchKind] = {"ad": "ad_click", "post": "content_click"}
META = frozenset({"facebook", "instagram"})
"""Channels on which an ad or post can stand that a chat begins from."""

# https://developers.facebook.com/documentation/business-messaging/whatsapp/marketing-messages/track-click-events
ACTIONS: dict[str, TouchKind] = {"marketing_messages_link_click": "content_click", "landing_page_view": "visit"}


def normalize(raw: Raw, context: Context) -> Iterable[Fact]:
    """Return the facts in one record. Raises `Unfit` with a reason code for what cannot become facts."""
    return facts_of(raw, context, STREAMS, "WhatsApp")


class Act(NamedTuple):
    """Something that a person did in a chat, or on the way there."""

    raw: Raw
    context: Context
    at: Instant
    person: str | None

    def touch(self, key: str, kind: TouchKind, product: str | None = None) -> Touchpoint:
        """Return it as a touchpoint in the chat."""
        return Touchpoint(
            *head(self.raw, key),
            platform=PLATFORM,
            occurred_at=self.at,
            occurred_date=local_date(self.at, self.context.zone),
            time_is_bound=False,
            kind=kind,
            channel=CHANNEL,
            surface="message",
            person=self.person,
            product_id=product,
            evidence="platform_row",
            selling_mode="communication",
        )


# --- messages ---------------------------------------------------------------------------------------------------------


def _message(raw: Raw, context: Context) -> list[Fact]:
    """Return what a message says: who it is from, what led to it, and what it is."""
    body = raw.body
    if text(body, "type") == "system":
        return [*_changed(raw)]
    who = _identifiers(body)
    if not who:
        raise Unfit("missing_field", "neither 'from_user_id' nor 'from' tells who wrote")
    act = Act(raw, context, instant_from_unix(needed(body, "timestamp")), who[0])
    return [*one_person(raw, who, "message"), *_led(act), *_written(act)]


def _written(act: Act) -> Iterator[Fact]:
    """Yield what a message is: a cart, a question about a product, a reaction, or chat."""
    body = act.raw.body
    message, kind = needed(body, "id"), text(body, "type") or "unknown"
    asked = inner(inner(body, "context"), "referred_product")
    if kind == "order":
        yield from _cart(act)
    elif sku := text(asked, "product_retailer_id"):
        yield act.touch(f"{message}/question", "question", sku)
        yield _product(act.raw, sku)
    elif kind not in WORDLESS:
        yield _chat(act)
    elif (other := WORDLESS[kind]) is not None:
        yield act.touch(f"{message}/{other}", other)


def _cart(act: Act) -> Iterator[Fact]:
    """Yield the products of a cart, each once however many pieces, and that it was sent."""
    body = act.raw.body
    message, items = needed(body, "id"), objects(inner(body, "order"), "product_items")
    skus = list(dict.fromkeys(needed(item, "product_retailer_id") for item in items))
    for sku in skus:
        yield act.touch(f"{message}/cart/{sku}", "add_to_cart", sku)
        yield _product(act.raw, sku)
    yield act.touch(f"{message}/checkout", "checkout", skus[0] if len(skus) == 1 else None)


def _chat(act: Act) -> Touchpoint:
    """Return that a person chatted on a day, at the first message: who writes in ten lines is not ten times there."""
    found = act.touch("", "chat")
    left = day_bounds(found.occurred_date, act.context.zone)[1] - found.occurred_at
    return found._replace(key=f"{found.person}/{found.occurred_date}/chat", version=left)


def _led(act: Act) -> Iterator[Fact]:
    """Yield the click on the ad or post that a chat began from: before its first message; when, is not told."""
    body = act.raw.body
    referral = inner(body, "referral")
    source, click = text(referral, "source_id"), text(referral, "ctwa_clid")
    if not source and not click:
        return
    kind = REFERRALS.get(text(referral, "source_type") or "", "content_click")
    is_ad = kind == "ad_click"
    yield act.touch(f"{needed(body, 'id')}/referral", kind)._replace(
        time_is_bound=True,
        channel=_placed(text(referral, "source_url")),
        surface=None,
        content_id=None if is_ad else source,
        campaign=source if is_ad else None,
        evidence="click_id" if click else "platform_row",
    )
    if click and act.person:
        yield from one_person(act.raw, (act.person, click), "click_id")


def _placed(address: str | None) -> str:
    """Return the channel on which an ad or post stands, by its address; Facebook's short links serve both."""
    channel = channels.origin(None, address).channel
    return channel if channel in META else "facebook"


# --- who is who -------------------------------------------------------------------------------------------------------


def _identifiers(body: Row) -> list[str]:
    """Return the hashes that name the writer of a message, the business-scoped id first."""
    contact = inner(body, "contact")
    found = text(body, "from_user_id"), text(contact, "user_id"), text(body, "from"), text(contact, "wa_id")
    return list(dict.fromkeys(name for name in found if name))


def _changed(raw: Raw) -> Iterator[Identity]:
    """Yield that a person goes on under another number or another id: a new number always brings a new id with it.

    https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
    """
    body, system = raw.body, inner(raw.body, "system")
    names = (
        text(system, "user_id"),
        text(system, "wa_id") or text(system, "new_wa_id"),
        text(system, "previous_user_id"),
        text(body, "from_user_id"),
        text(system, "customer"),
        text(body, "from"),
    )
    found = list(dict.fromkeys(name for name in names if name))
    return one_person(raw, found, text(system, "type") or "system")


# --- clicks and guesses -----------------------------------------------------------------------------------------------


def _click(raw: Raw, context: Context) -> list[Fact]:
    """Return a click on a marketing message, or the visit that it led to."""
    body, sku = raw.body, text(raw.body, "product_id")
    kind = ACTIONS.get(text(body, "action_type") or "", "other")
    if kind == "content_click" and sku:
        kind = "tag_click"
    person = text(body, "click_id")
    act = Act(raw, context, instant_from_unix(needed(body, "timestamp")), person)
    touch = act.touch(raw.key, kind, sku)._replace(
        surface=None if kind == "visit" else "message",
        evidence="click_id" if person else "platform_row",
        selling_mode="linked",
    )
    return [touch, _product(raw, sku)] if sku else [touch]


def _inferred(raw: Raw, context: Context) -> list[Fact]:
    """Return what Meta guessed from a chat; its person is known by the click that the chat began with."""
    body = raw.body
    act = Act(raw, context, instant_from_unix(needed(body, "timestamp")), text(body, "ctwa_clid"))
    return [act.touch(raw.key, "other")]


# --- facts ------------------------------------------------------------------------------------------------------------


def _product(raw: Raw, sku: str) -> Product:
    """Return a product by its SKU, which is all that WhatsApp tells of it, and what joins it to the shop's."""
    return Product(
        *head(raw._replace(version=0), sku),
        platform=PLATFORM,
        product_id=sku,
        variant_id=sku,
        sku=sku,
    )


STREAMS: dict[str, Callable[[Raw, Context], list[Fact]]] = {
    "messages": _message,
    "clicks": _click,
    "inferred_events": _inferred,
}
