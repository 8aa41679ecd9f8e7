"""What a verified delivery holds: one event or several, each a record of a shape.

A type that is not known goes to quarantine by itself, and so does a record that means nothing: the others of the
delivery are taken.
"""

from __future__ import annotations

import re
from typing import Any

from jalon.connectors.base import BY_CONTENT, Delivery, Opened, Record, Undelivered
from jalon.connectors.templates.fields import key_of
from jalon.connectors.templates.shapes import TYPES
from jalon.connectors.templates.versions import version_of
from jalon.connectors.wire import Malformed, decode

MOST = 10_000
"""Events in one delivery."""
_TYPE = re.compile(r"[A-Za-z0-9_.]{1,60}", re.ASCII)


def open_events(delivery: Delivery) -> Opened:
    """Return the records in a delivery. Raises `Undelivered` where it is no event and no list of events."""
    try:
        body = decode(delivery.body)
    except Malformed as error:
        raise Undelivered(f"the body is {error}") from None
    events = body if isinstance(body, list) else [body]
    if len(events) > MOST or not all(isinstance(event, dict) for event in events):
        raise Undelivered(f"the body is neither an event nor a list of at most {MOST} events")
    return Opened(_topic(events), records=[_record(event) for event in events])


def _topic(events: list[dict[str, Any]]) -> str:
    types = sorted({_type(event) for event in events})
    return ", ".join(types[:5]) or "nothing"


def _type(event: dict[str, Any]) -> str:
    told = event.get("type")
    return told if isinstance(told, str) and _TYPE.fullmatch(told) else "unknown"


def _record(event: dict[str, Any]) -> Record:
    """Return an event as a record; where it is of no known type, as one that no stream takes."""
    shape, data = TYPES.get(_type(event)), event.get("data")
    if shape is None or not isinstance(data, dict):
        return Record(BY_CONTENT, 0, event, _type(event) if shape is None else f"{shape.name} without data")
    version = version_of(data.get("updated_at")) or version_of(event.get("timestamp"))
    return Record(key_of(shape, data) or BY_CONTENT, version, data, shape.name)
