"""What the meanings of TikTok for Business' records share: counts, by what they were counted, days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from jalon.normalize.fields import Row, count, needed, text
from jalon.normalize.measures import Figure
from jalon.normalize.vocabulary import Unfit

PLATFORM = "tiktok_business"


def counts(row: Row, names: dict[str, str]) -> Iterator[Figure]:
    """Yield the counts that are there."""
    for name, metric in names.items():
        if row.get(name) not in (None, ""):
            yield Figure(metric, count(row[name], name))


def definition(body: Row, rule: str) -> str:
    """Return the API version and what was counted by it."""
    return f"{text(body, 'api') or 'unknown version'} {rule}"


def day_in(body: Row, name: str) -> date:
    """Return a day. Raises `Unfit('impossible_date')`."""
    try:
        found = date.fromisoformat(needed(body, name)[:10])
    except ValueError:
        raise Unfit("impossible_date", f"{str(body[name])[:40]!r} is no day") from None
    if not 2000 <= found.year < 2100:
        raise Unfit("impossible_date", f"{found} is not between 2000 and 2100")
    return found
