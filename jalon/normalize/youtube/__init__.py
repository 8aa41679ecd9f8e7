"""What YouTube's records mean. Which id makes a fact the same fact again:

| fact | key | version |
| --- | --- | --- |
| content | video id | 0: the later reading holds |
| counter of a video | video id / lifetime / metric / Pacific day of the reading | 0 |
| measure of a day | video id (or `channel`) / metric / day | 0 from Analytics, else the report's creation |
| affiliate measure | `affiliate` / merchant account / video or offer / metric / day | 0 |
| tag | video id / offer id | 0 |

There is no event and no person in any of them. A notice of the hub only makes a video be read, so all of this is the
same by push and by poll.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jalon.normalize.records import facts_of
from jalon.normalize.vocabulary import Context, Fact, Raw
from jalon.normalize.youtube import affiliate, figures, videos

STREAMS: dict[str, Callable[[Raw, Context], list[Fact]]] = {
    "videos": videos.video,
    **dict.fromkeys(figures.ANALYTICS, figures.analytics),
    "reports": figures.report,
    "affiliate_contents": affiliate.content,
    "affiliate_products": affiliate.product,
}


def normalize(raw: Raw, context: Context) -> Iterable[Fact]:
    """Return the facts in one record. Raises `Unfit` with a reason code for what cannot become facts."""
    return facts_of(raw, context, STREAMS, "YouTube")
