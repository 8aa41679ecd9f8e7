"""What a browser tells of a visit, and which of it may be stored.

    {"sent_at": 1764000000000, "events": [{"id": "…", "type": "page_view", "at": 1764000000000, "consent": true,
     "visitor": "…", "click": "…", "url": "https://…", "referrer": "https://…", "product": "…", "order": "…"}]}

Times are milliseconds of the browser's clock, and only the difference between them is used: what happened so long
before it was sent happened so long before it was received. A browser can hold no secret, so whoever knows the address
may tell anything; nothing that is told here makes an order, a sum or a click.

An event is known by its own id, and its first telling holds: a copy that is sent later changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jalon.connectors.base import Delivery, Erasure, Opened, Record, Undelivered
from jalon.connectors.site import clicks
from jalon.connectors.wire import Malformed, decode

STREAM = "events"
TYPES = ("page_view", "product_view", "add_to_cart", "checkout", "purchase")
WITHDRAWN = "withdrawn"
"""Type of the event by which a visitor takes the consent back; what is held of the visitor is erased."""
MOST_EVENTS = 50
LONGEST_BATCH = 64 * 1024
LATEST = 86_400_000
"""Milliseconds that an event may have waited in the browser; what claims to be older is taken as so old."""
_ID = re.compile(r"[A-Za-z0-9._:-]{8,64}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,100}", re.ASCII)
"""Ids of products and orders, also as a path."""
_LONGEST_ADDRESS = 2000
_OWN_CLICK = re.compile(r"(?i)(?<=[?&])jclid=[^&#]*&?")

Resolve = Callable[[str], Mapping[str, Any] | None]
"""Click id -> the click as `clicks.told` has it; None: not ours, or too old to be claimed."""


class Senseless(ValueError):
    """A body that is no batch of events."""


@dataclass(slots=True)
class Admitted:
    """What of a batch may be stored, and why the rest may not."""

    events: list[dict[str, Any]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    sent_at: int = 0

    @property
    def withdrawals(self) -> int:
        return sum(event["type"] == WITHDRAWN for event in self.events)


def admit(
    body: bytes, *, consent_required: bool, shop: str | None, resolve: Resolve, objects: bool = False
) -> Admitted:
    """Read a batch and keep what may be stored of it. Raises `Senseless`; a single bad event is only dropped.

    Of a visitor who `objects` to being followed nothing is kept but that a consent is taken back.
    """
    try:
        told = decode(body)
    except Malformed:
        raise Senseless("the body is no JSON") from None
    events = told.get("events") if isinstance(told, dict) else None
    if not isinstance(events, list) or len(events) > MOST_EVENTS or type(told.get("sent_at")) is not int:
        raise Senseless("the body is no batch of events")
    found = Admitted(sent_at=told["sent_at"])
    for event in events:
        why = _refusal(event, consent_required, shop, objects)
        if why:
            found.dropped[why] += 1
        else:
            found.events.append(_kept(event, shop, resolve))
    return found


def _refusal(event: Any, consent_required: bool, shop: str | None, objects: bool) -> str:
    """Say why an event may not be stored; empty: it may."""
    if not isinstance(event, dict) or not _is(event.get("id"), _ID) or not _is(event.get("visitor"), _ID):
        return "malformed"
    if event.get("type") == WITHDRAWN:
        return ""
    if objects:
        return "do_not_track"
    if event.get("consent") is not True and (consent_required or event.get("consent") is not None):
        return "no_consent"
    if event.get("type") not in TYPES or type(event.get("at")) is not int:
        return "malformed"
    if event["type"] == "purchase":
        return "malformed" if not _is(event.get("order"), _NAME) else "" if shop else "no_shop"
    return ""


def _kept(event: Mapping[str, Any], shop: str | None, resolve: Resolve) -> dict[str, Any]:
    """Return what of an event is stored: fields that have a meaning here, in their shape."""
    kept: dict[str, Any] = {"id": event["id"], "type": event["type"], "visitor": event["visitor"]}
    if event["type"] == WITHDRAWN:
        return kept
    kept["at"] = event["at"]
    kept |= {name: found for name in ("url", "referrer") if (found := _address(event.get(name)))}
    if _is(event.get("product"), _NAME):
        kept["product"] = event["product"]
    if event["type"] == "purchase":
        kept |= {"shop": shop, "order": event["order"]}
    click = event.get("click")
    if isinstance(click, str) and (clicked := resolve(click)):
        kept["clicked"] = dict(clicked)
    return kept


def _is(value: Any, shape: re.Pattern[str]) -> bool:
    return isinstance(value, str) and shape.fullmatch(value) is not None


def _address(value: Any) -> str | None:
    """Return an address without the id of an own click: only a click that was proven counts as one."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ADDRESS:
        return None
    return _OWN_CLICK.sub("", value).rstrip("?&")


# --- what was stored, opened ----------------------------------------------------------------------------------------


def opened(delivery: Delivery, visits: bool) -> Opened:
    """Return the records in a stored batch, and whom it orders to forget. Raises `Undelivered`."""
    try:
        told = decode(delivery.body)
        return Opened(
            "events",
            records=[one for event in told["events"] for one in _records(event, told["sent_at"], delivery, visits)],
            erasures=list(_erasures(told["events"])),
        )
    except (Malformed, LookupError, TypeError) as error:
        raise Undelivered(f"the batch is not as the receiver stores it ({type(error).__name__})") from None


def _records(event: Mapping[str, Any], sent_at: int, delivery: Delivery, visits: bool) -> Iterator[Record]:
    if event["type"] == WITHDRAWN:
        return
    received = round(delivery.received_at * 1_000_000)
    waited = min(max(sent_at - event["at"], 0), LATEST)
    clicked = event.get("clicked")
    body = {name: value for name, value in event.items() if name not in ("at", "clicked")}
    body |= {"at": received - waited * 1000, "visit": visits and not clicked}
    if clicked:
        body |= {"click": clicked["click"], "click_key": clicks.key_of(clicked["click"])}
        yield clicks.claimed(clicked, event["visitor"], received)
    yield Record(event["id"], clicks.MOST_RECENT - received, body, STREAM)


def _erasures(events: list[Mapping[str, Any]]) -> Iterator[Erasure]:
    visitors = dict.fromkeys(event["visitor"] for event in events if event["type"] == WITHDRAWN)
    if visitors:
        yield Erasure(tuple(("visitor", one) for one in visitors), request="consent withdrawn")
