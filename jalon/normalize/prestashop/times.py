"""Times that PrestaShop writes by the shop's own clock, without a zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from jalon.normalize.fields import Row, text
from jalon.normalize.times import instant_from_iso
from jalon.normalize.vocabulary import Instant, Unfit

NEVER = "0000-00-00"


def instant(row: Row, name: str, zone: ZoneInfo, after: Instant | None = None) -> Instant | None:
    """Return a time; None where there is none yet. Raises `Unfit`.

    In the hour that the clock repeats, the first of the two readings is taken, but the second where the first would be
    before `after`.
    """
    written = text(row, name)
    if written is None or written.startswith(NEVER):
        return None
    try:
        local = datetime.fromisoformat(written).replace(tzinfo=zone)
    except ValueError:
        raise Unfit("impossible_date", f"{written[:40]!r} is no time") from None
    found = instant_from_iso(local.isoformat())
    if after is not None and found < after:
        return instant_from_iso(local.replace(fold=1).isoformat())
    return found
