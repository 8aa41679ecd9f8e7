"""What Instagram's deliveries mean: messages as events of a person, and the last figures of a story.

https://developers.facebook.com/docs/instagram-platform/webhooks. One app has one address for all of its accounts, so a
delivery may tell of others than the source's: those updates are counted in a notice and left.
"""

from __future__ import annotations

from collections.abc import Iterable

from jalon.connectors.base import Deadline, Delivery, Notice, Opened, Record, Undelivered
from jalon.connectors.graph_api import messaging
from jalon.connectors.graph_api.asking import text
from jalon.connectors.graph_api.deliveries import Change, Envelope, envelope, is_stale
from jalon.connectors.instagram.reading import story_key

OBJECT = "instagram"
STORY = "story_insights"


def open_delivery(delivery: Delivery, account: str | None) -> Opened:
    """Say what a verified delivery means. Raises `Undelivered` if it is none of Instagram's."""
    found = envelope(delivery)
    if found.object != OBJECT:
        raise Undelivered(f"it is about an object of another kind than {OBJECT!r}")
    ours, elsewhere = _of(found, account)
    stories = [change for change in ours.changes if change.field == STORY]
    records = [*map(_story, stories), *_messages(ours)]
    notices = [Notice("mismatch", f"{elsewhere} updates were about other accounts than {account}")] if elsewhere else []
    return Opened(
        topic=_topic(found),
        known=bool(records or ours.messages or elsewhere),
        stale=is_stale(found, delivery.received_at),
        records=records,
        notices=notices,
        deadlines=[Deadline(story_key(record.key), "", 0.0) for record in records if record.stream == STORY],
    )


def _of(found: Envelope, account: str | None) -> tuple[Envelope, int]:
    """Return what is about the account (None: whichever), and how many updates are not."""
    messages = [each for each in found.messages if account in (None, each.account)]
    changes = [each for each in found.changes if account in (None, each.account)]
    elsewhere = len(found.messages) + len(found.changes) - len(messages) - len(changes)
    return found._replace(messages=messages, changes=changes), elsewhere


def _messages(found: Envelope) -> Iterable[Record]:
    told = (messaging.record(message, "messages") for message in found.messages)
    return [record for record in told if record is not None]


def _story(change: Change) -> Record:
    """Return the last figures of a story. Raises `Undelivered` if they name none."""
    story = text(change.value.get("media_id"))
    if not story or change.at is None:
        raise Undelivered("story_insights names no media or no time")
    body = {"media_id": story, "read_at": change.at // 1_000_000, "api": "webhook", "value": change.value}
    return Record(story, change.at, body, STORY)


def _topic(found: Envelope) -> str:
    """Return what a delivery is about, for people: the fields of its updates."""
    kinds = {messaging.kind_of(message.event) or "other messaging" for message in found.messages}
    return ", ".join(sorted(kinds | {change.field for change in found.changes}))[:80] or "empty"
