"""What events of the generic webhook mean: what `jalon.normalize.shapes` says of records that own channels tell.

The same event delivered twice, or in two deliveries, is one record: it is known by the fields that its shape names, or
by all that it says. Its version is `updated_at`, else the event's own `timestamp`, never the time of a try.
"""

from __future__ import annotations

from jalon.normalize.shapes import facts
from jalon.normalize.vocabulary import Context, Fact, Raw


def normalize(raw: Raw, context: Context) -> list[Fact]:
    """Return the facts in an event. Raises `Unfit`."""
    return facts(raw, context)
