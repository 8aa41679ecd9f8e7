"""The links in memory: where each code leads, made ready when it is read, so that a click only looks it up.

Nothing of a request takes part in where it leads. Links are read anew when their stamp in the store has moved, and what
they lead to is checked each time: a host that was taken out of `allowed_hosts` is not redirected to any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import NamedTuple

from jalon.connectors.site import clicks
from jalon.connectors.site.addresses import Misplaced, checked, destination
from jalon.errors import JalonError
from jalon.receive.seldom import Seldom
from jalon.store import links
from jalon.store.database import Store
from jalon.store.links import Link

LOOK_SECONDS = 1.0
"""How often it is asked whether links have changed."""


class Route(NamedTuple):
    """Where a link leads: `plain` without a click id, `before` and `after` around one; and what its clicks tell."""

    source: str
    code: str
    plain: bytes
    before: bytes
    after: bytes
    told: bytes
    is_open: bool
    """False: it was disabled, or its host is not allowed any more. Clicks of before can still be claimed."""


def marks(link: Link) -> dict[str, str]:
    """Return the campaign marks of a link: `instagram/story` is the source and, as its manner, the place in it."""
    source, _, place = link.placement.partition("/")
    return {
        "utm_source": source,
        "utm_medium": place or "link",
        "utm_campaign": link.campaign,
        "utm_content": link.content,
    }


def route(link: Link, allowed: Collection[str]) -> Route:
    """Make a link ready."""
    try:
        target, is_open = checked(link.target, allowed), not link.disabled
    except Misplaced:
        target, is_open = link.target, False
    leads = destination(target, marks(link))
    followed = clicks.Followed(link.code, leads.plain, link.content, link.product, link.placement, link.campaign)
    plain, before, after = (text.encode("ascii", "replace") for text in leads)
    return Route(link.source, link.code, plain, before, after, clicks.fragment(followed), is_open)


class Routes:
    """All links of the sources given, by code. `allowed`: the hosts that each source's links may lead to."""

    def __init__(self, store: Store, allowed: Mapping[str, Collection[str]], seldom: Seldom) -> None:
        self._store = store
        self._allowed = allowed
        self._seldom = seldom
        self._routes: dict[str, Route] = {}
        self._stamp = ""

    def find(self, text: str) -> Route | None:
        """Return the route of a code as it stands in an address, in whatever case."""
        found = self._routes.get(text)
        if found is None and (code := links.read_code(text)) is not None:
            found = self._routes.get(code)
        return found

    def load(self) -> None:
        """Read all links, if any has changed."""
        with self._store.read() as db:
            stamp = links.stamp(db)
            if stamp == self._stamp:
                return
            found = [link for link in links.all_of(db) if link.source in self._allowed]
        self._routes = {link.code: route(link, self._allowed[link.source]) for link in found}
        self._stamp = stamp

    async def watch(self) -> None:
        """Read links anew when they have changed, for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await asyncio.to_thread(self.load)
            except JalonError as error:
                self._seldom.error(f"links cannot be read: {error}")
