"""Deliveries that were refused at the door, counted: nothing else of them is kept.

The address of a source is unguessable, so that who sends to it without a fitting signature is hardly a stranger: most
often the platform signs with another secret than the source has, and nothing that it tells comes in. Counted is by
source, reason and day (UTC), so that no flood of them makes more than a few rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Literal, NamedTuple

from jalon.store.deliveries import KEEP_SECONDS
from jalon.store.group import Job

Reason = Literal["no_secret", "unsigned", "too_large", "encoded"]
WHY: dict[Reason, str] = {
    "no_secret": "there is no secret to verify them by",
    "unsigned": "they are not signed, or not with a secret of this source",
    "too_large": "they are larger than max_body in [serve] allows",
    "encoded": "their bodies are compressed, so that what was signed cannot be verified",
}
REMEDIES: dict[Reason, str] = {
    "no_secret": "Give the source the secret that the platform signs with, and start `jalon serve` anew.",
    "unsigned": "Compare the secret in jalon.toml with the one that the platform signs with; after a change start "
    "`jalon serve` anew.",
    "too_large": "Raise max_body, and start `jalon serve` anew.",
    "encoded": "Have the platform, or the proxy before `jalon serve`, pass them on as they are.",
}
SHOWN_SECONDS = 7 * 86400
"""How long refusals are told of."""
_DAY = 86400


class Refused(NamedTuple):
    """How many deliveries of a source were refused for a reason; `last_at`: the last of them (unix seconds)."""

    source: str
    reason: Reason
    times: int
    last_at: float


class Lately(NamedTuple):
    """What was refused of a source lately for one reason, and whether a later delivery of it was taken."""

    source: str
    reason: Reason
    times: int
    last_at: float
    taken_since: bool


def adding(refused: Iterable[Refused]) -> Job[None]:
    """Return the job that adds to the counts, and forgets those of long ago."""
    rows = [(one.source, one.reason, int(one.last_at // _DAY), one.times, one.last_at) for one in refused]
    oldest = max((row[-1] for row in rows), default=0.0) - KEEP_SECONDS

    def job(db: sqlite3.Connection) -> None:
        db.executemany(
            "INSERT INTO refusals (source, reason, day, times, last_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
            "SET times = times + excluded.times, last_at = max(last_at, excluded.last_at)",
            rows,
        )
        db.execute("DELETE FROM refusals WHERE last_at < ?", (oldest,))

    return job


def lately(db: sqlite3.Connection, now: float) -> list[Lately]:
    """Return what was refused in the last `SHOWN_SECONDS`, by source and reason."""
    rows = db.execute(
        "SELECT source, reason, times, last_at, EXISTS (SELECT 1 FROM deliveries "
        "WHERE deliveries.source = refused.source AND received_at > last_at) FROM ("
        "SELECT source, reason, sum(times) AS times, max(last_at) AS last_at FROM refusals WHERE last_at >= ? "
        "GROUP BY source, reason) AS refused ORDER BY source, reason",
        (now - SHOWN_SECONDS,),
    )
    return [Lately._make((*row[:-1], bool(row[-1]))) for row in rows]


def tell(db: sqlite3.Connection, source: str) -> list[Refused]:
    """Return what of a source was refused since this was last asked."""
    rows = db.execute(
        "SELECT source, reason, sum(times - told), max(last_at) FROM refusals WHERE source = ? AND times > told "
        "GROUP BY reason ORDER BY reason",
        (source,),
    ).fetchall()
    db.execute("UPDATE refusals SET told = times WHERE source = ?", (source,))
    return [Refused(*row) for row in rows]
