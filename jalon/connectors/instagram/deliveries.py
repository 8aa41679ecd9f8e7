"""What Instagram's deliveries mean: messages as events of a person, and the last figures of a story.

https://developers.facebook.com/docs/instagram-platform/webhooks. A story's last figures come once, when it vanishes,
with Facebook Login only.
"""

from __future__ import annotations

from dataclasses import replace

from jalon.connectors.answers import text
from jalon.connectors.base import Deadline, Delivery, Opened, Record, Undelivered
from jalon.connectors.graph_api import messaging
from jalon.connectors.graph_api.deliveries import Change, envelope_of, taken
from jalon.connectors.instagram.reading import story_key

OBJECT = "instagram"
STORY = "story_insights"


def open_delivery(delivery: Delivery, account: str | None) -> Opened:
    """Say what a verified delivery means. Raises `Undelivered` if it is none of Instagram's."""
    found = envelope_of(delivery, OBJECT)
    changes = [change for change in found.changes if account in (None, change.account)]
    stories = taken((change for change in changes if change.field == STORY), _story)
    said = messaging.opened(found, delivery.received_at, account, "messages", stories)
    return replace(said, deadlines=[Deadline(story_key(story.key), "", 0.0) for story in stories.records])


def _story(change: Change) -> Record:
    """Return the last figures of a story. Raises `Undelivered` if they name none."""
    story = text(change.value.get("media_id"))
    if not story or change.at is None:
        raise Undelivered("story_insights names no media or no time")
    body = {"media_id": story, "read_at": change.at // 1_000_000, "api": "webhook", "value": change.value}
    return Record(story, change.at, body, STORY)
