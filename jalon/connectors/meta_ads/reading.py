"""Read a day of Meta's figures: at once where the platform lets us, by report where that is too much, else in parts.

A question that is too big is never asked again as it is. For the account, then for each of its campaigns, ad sets and
ads that had figures on the day:

    at once    GET /{node}/insights, page by page
        │ too big
    by report  POST /{node}/insights, then GET /{report_run_id} until it is done, then its pages
        │ failed, or skipped, twice; or too big; or not done in time
    in parts   the same for each node one level below
        │ there is none below: an ad, or, by product, a campaign
    by field   the fields apart, put together to whole rows (`by_field`)
        │ one field is too much
    left out   with a reason

A report takes up to an hour: the window is put off meanwhile, and its cursor holds what is left to read (`Place`), so
that another run, or another machine, goes on with the report that was begun.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Batch, Record, Session, Skipped, Split, Window
from jalon.connectors.days import zone_of
from jalon.connectors.faults import Gone
from jalon.connectors.graph_api.asking import get, page_of, post
from jalon.connectors.graph_api.faults import unshown
from jalon.connectors.meta_ads import by_field, insights
from jalon.connectors.wire import decode, encode

SOON = 20.0
"""Seconds until a report that is not done is looked at again."""
OVERDUE = 3 * 3600.0
"""Seconds after which a report is not waited for any more: it takes up to an hour."""
TRIES = 2
"""Reports of one node: some fail without a reason, and are done the next time."""

LEVELS = ("account", "campaign", "adset", "ad")

# https://developers.facebook.com/docs/marketing-api/insights/best-practices#asynchronous
DONE, FAILED = frozenset({"Job Completed"}), frozenset({"Job Failed", "Job Skipped"})
WHOLE = 100
"""`async_percent_completion` of a report that is done: its status alone is early."""


class Node(NamedTuple):
    """What is still to be read: an account, campaign, ad set or ad, at once or by its n-th report."""

    id: str
    level: str = LEVELS[0]
    report: int = 0
    """0: at once."""


class Place(NamedTuple):
    """How far the reading of a day is: the nodes left, the report that is being made, the page of the first of them."""

    left: tuple[Node, ...]
    run: str = ""
    begun: float = 0.0
    after: str = ""

    def cursor(self) -> str | None:
        """Return the place as text; None at the end."""
        told = [[*map(list, self.left)], self.run, self.begun, self.after]
        return encode(told).decode() if self.left else None

    def next(self) -> Place:
        """Return the place behind the first node."""
        return Place(self.left[1:])

    def is_first(self) -> bool:
        """Say whether nothing of the day has been read yet."""
        return self.left[0].level == LEVELS[0] and not self.after


def place_of(cursor: str) -> Place:
    """Return the place that a cursor stands for."""
    left, run, begun, after = decode(cursor.encode())
    return Place(tuple(Node(*node) for node in left), run, begun, after)


async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the figures of a window's day, page by page; put off while a report is made."""
    place = place_of(window.cursor) if window.cursor else Place((Node(f"act_{session.account['shop_id']}"),))
    reading = Reading(session, window, place)
    while place.left:
        batch, place = await reading.step(place)
        yield batch if place.left else replace(batch, records=[*batch.records, *reading.gone()])
        if batch.later is not None:
            return


class Reading:
    """The reading of one day of one stream."""

    def __init__(self, session: Session, window: Window, place: Place) -> None:
        self._session = session
        self._stream = window.stream.name
        self._day: date = window.low.astimezone(zone_of(session)).date()
        self._question = insights.question(session, self._stream, self._day)
        self._said = insights.stamp(session, self._day)
        self._left = set(window.known)
        """Keys of the day that were told before, and not by now."""
        self._is_whole = place.is_first()
        """All of the day is read in one go, so that what is not told is not there."""

    def gone(self) -> list[Record]:
        """Return what had figures when the day was read before, and has none any more: none where parts are unread."""
        return [insights.gone(key) for key in sorted(self._left)] if self._is_whole else []

    async def step(self, place: Place) -> tuple[Batch, Place]:
        """Read one page, or bring the report behind it on; return it and the place behind it.

        Raises `Stop` where the ad account itself is gone. Below it, what is gone is left out by name.
        """
        try:
            return await self._step(place)
        except Gone as fault:
            node = place.left[0]
            if place.run:
                return await self._again(place)
            if node.level == LEVELS[0]:
                raise unshown(fault) from None
            place, self._is_whole = place.next(), False
            skipped = Skipped(f"{self._day}/{node.level}/{node.id}", "gone", fault.reason)
            return Batch(skipped=[skipped], cursor=place.cursor()), place

    async def _step(self, place: Place) -> tuple[Batch, Place]:
        try:
            if place.left[0].report and not place.after:
                return await self._report(place)
            return await self._page(place)
        except Split as fault:
            return await self._smaller(place, fault.reason)

    # --- pages

    async def _page(self, place: Place) -> tuple[Batch, Place]:
        node = place.left[0]
        query = self._question if not place.run else {"limit": insights.ROWS}
        query = {**query, "after": place.after} if place.after else query
        asked = get(self._session.settings, f"{place.run or node.id}/insights", query)
        page = page_of((await self._session.ask(asked)).data)
        place = place._replace(after=page.after) if page.after else place.next()
        return Batch(records=self._records(page.rows), cursor=place.cursor()), place

    def _records(self, rows: list[Row]) -> list[Record]:
        products: list[Record] = []
        if self._stream == "products":
            rows = [row for row in rows if insights.is_about_a_product(row)]
            products = [insights.named(row) for row in rows]
        records = [insights.record(self._stream, row, self._said) for row in rows]
        self._left.difference_update(record.key for record in records)
        self._is_whole &= all(record.key for record in records)
        return [*records, *products]

    # --- reports

    async def _report(self, place: Place) -> tuple[Batch, Place]:
        """Begin a report, or look at the one that was begun."""
        if not place.run:
            place = place._replace(run=await self._begin(place.left[0]), begun=self._session.now())
            return self._later(place)
        state = await self._state(place.run)
        if state == "done":
            return await self._page(place)
        if state == "failed" or self._session.now() - place.begun > OVERDUE:
            return await self._again(place)
        return self._later(place)

    async def _begin(self, node: Node) -> str:
        asked = post(self._session.settings, f"{node.id}/insights", self._question)
        run = text((await self._session.ask(asked)).data.get("report_run_id"))
        if not run:
            raise Split("the platform began no report")
        return run

    async def _state(self, run: str) -> str:
        """Return done, failed or waiting. A report that is gone has failed."""
        wanted = {"fields": "async_status,async_percent_completion"}
        try:
            data: Any = (await self._session.ask(get(self._session.settings, run, wanted))).data
        except Gone:
            return "failed"
        if data.get("async_status") in FAILED:
            return "failed"
        done = data.get("async_status") in DONE and data.get("async_percent_completion") == WHOLE
        return "done" if done else "waiting"

    def _later(self, place: Place) -> tuple[Batch, Place]:
        return Batch(cursor=place.cursor(), later=self._session.now() + SOON), place

    async def _again(self, place: Place) -> tuple[Batch, Place]:
        """Let a report be made once more; one that failed as often as that is asked for in parts."""
        node = place.left[0]
        if node.report < TRIES:
            again = (node._replace(report=node.report + 1), *place.left[1:])
            return Batch(cursor=(place := Place(again)).cursor()), place
        return await self._smaller(place, "its report failed")

    # --- parts

    async def _smaller(self, place: Place, reason: str) -> tuple[Batch, Place]:
        """Go on where a node is too much: by report first, then by the nodes below, at last by its fields."""
        node, rest = place.left[0], place.left[1:]
        if not node.report:
            place = Place((node._replace(report=1), *rest))
            return Batch(cursor=place.cursor()), place
        below = await self._below(node)
        place = Place((*below, *rest))
        batch = Batch() if below else await self._by_field(node, reason)
        return replace(batch, cursor=place.cursor()), place

    async def _by_field(self, node: Node, reason: str) -> Batch:
        """Return the figures of a node whose fields were asked for apart; where that is too much too, say so."""
        try:
            rows = await by_field.read(self._session, node.id, self._stream, self._question)
        except Split:
            self._is_whole = False
            return Batch(skipped=[Skipped(f"{self._day}/{node.level}/{node.id}", "too_large", reason)])
        return Batch(records=self._records(rows))

    async def _below(self, node: Node) -> list[Node]:
        """Return the nodes one level below that had figures on the day; none where that cannot be told either.

        What is counted by campaign is not asked for below: parts of one campaign would each claim to be its row.
        """
        number = LEVELS.index(node.level) + 1
        if number > LEVELS.index(insights.CUTS[self._stream].level):
            return []
        level, name = LEVELS[number], f"{LEVELS[number]}_id"
        query = insights.listing(self._session, self._day, level, name)
        found: list[str] = []
        after: str | None = ""
        while after is not None:
            asked = get(self._session.settings, f"{node.id}/insights", {**query, "after": after} if after else query)
            try:
                page = page_of((await self._session.ask(asked)).data)
            except Split:
                return []
            found += [text(row.get(name)) for row in page.rows]
            after = page.after
        return [Node(each, level) for each in dict.fromkeys(found) if each]
