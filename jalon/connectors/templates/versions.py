"""When a record last changed, as the version that tells its revisions apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def version_of(changed: Any) -> int:
    """Return an ISO 8601 time in microseconds since the epoch; 0 where it is none: then the later reading holds."""
    try:
        at = datetime.fromisoformat(changed)
        return max(((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1), 0)
    except (TypeError, ValueError, OverflowError):
        return 0
