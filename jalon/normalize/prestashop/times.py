"""Times that PrestaShop writes by the shop's own clock, without a zone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from jalon.normalize.fields import Row, text
from jalon.normalize.times import instant_from_local
from jalon.normalize.vocabulary import Instant

NEVER = "0000-00-00"


def instant(row: Row, name: str, zone: ZoneInfo, after: Instant | None = None) -> Instant | None:
    """Return a time, by `instant_from_local`; None where there is none yet. Raises `Unfit`."""
    written = text(row, name)
    if written is None or written.startswith(NEVER):
        return None
    return instant_from_local(written, zone, after)
