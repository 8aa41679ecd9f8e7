"""Read the catalog: every product Pin with the merchant's own item id, which joins Pins to a shop's SKUs.

https://developers.pinterest.com/docs/api/v5/catalogs_product_group_pins-list

Products are listed by product group; the group that the platform makes of all of them is the one that is read. A
product Pin's figures by day cost a request each, so they are asked for where somebody clicked on it within 90 days.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from jalon.connectors.answers import Row, part, text
from jalon.connectors.base import Batch, Record, Request, Session, Skip, Skipped, Window
from jalon.connectors.pinterest.answers import bookmark, is_id, items, page
from jalon.connectors.pinterest.pins import PAGE, days_of

CATALOGS = "/catalogs"
GROUPS = "/catalogs/product_groups"
PRODUCTS = "/catalogs/product_groups/{}/products"
WHOLE = "ALL_PRODUCTS"
CLICKS = ("pin_click", "clickthrough")


class Group(NamedTuple):
    """A product group to read."""

    id: str
    catalog: str


async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the products of all retail catalogs; the cursor is `group|bookmark`."""
    groups, skipped = await _groups(session)
    known = [group.id for group in groups]
    first, _, mark = (window.cursor or "").partition("|")
    if first in known:
        groups, skipped = groups[known.index(first) :], []
    else:
        mark = ""
    if not groups:
        yield Batch(skipped=skipped)
        return
    for group, following in zip(groups, [*groups[1:], None], strict=True):
        async for batch in _products(session, group, mark, f"{following.id}|" if following else None):
            yield replace(batch, skipped=[*skipped, *batch.skipped])
            skipped = []
        mark = ""


async def _groups(session: Session) -> tuple[list[Group], list[Skipped]]:
    """Return the groups of all products, in an order that stays, and the catalogs that have none."""
    groups: list[Group] = []
    skipped: list[Skipped] = []
    for catalog in await _all(session, CATALOGS, {}):
        name = text(catalog.get("id"))
        if catalog.get("catalog_type") != "RETAIL" or not is_id(name):
            continue
        found = [group for group in await _all(session, GROUPS, {"catalog_id": name}) if _is_whole(group)]
        groups += [Group(text(group["id"]), name) for group in found]
        if not found:
            skipped.append(Skipped(name, "no_product_group", "the catalog has no group of all its products"))
    return sorted(groups, key=lambda group: (len(group.id), group.id)), skipped


def _is_whole(group: Row) -> bool:
    return group.get("type") == WHOLE and group.get("status") != "INACTIVE" and is_id(text(group.get("id")))


async def _all(session: Session, path: str, query: Mapping[str, str]) -> list[Row]:
    """Return the objects of all pages of a short list."""
    found: list[Row] = []
    seen: set[str] = set()
    mark: str | None = ""
    while mark is not None and mark not in seen:
        seen.add(mark)
        answer = await session.ask(Request("GET", path, page({**query, "page_size": PAGE}, mark)))
        found += items(answer)
        mark = bookmark(answer)
    return found


async def _products(session: Session, group: Group, mark: str | None, after: str | None) -> AsyncIterator[Batch]:
    """Yield the products of one group; one that has gone meanwhile is passed over."""
    query = {"page_size": PAGE, "pin_metrics": "true"}
    while mark is not None:
        try:
            answer = await session.ask(Request("GET", PRODUCTS.format(group.id), page(query, mark)))
        except Skip as refusal:
            if mark:
                raise
            yield Batch(cursor=after, skipped=[Skipped(group.id, "refused", refusal.reason)])
            return
        found, mark = items(answer), bookmark(answer)
        yield Batch(
            records=[_record(product, group.catalog) for product in found],
            cursor=f"{group.id}|{mark}" if mark else after,
            follow=days_of(part(product, "pin") for product in found if _is_clicked(part(product, "pin"))),
        )


def _record(product: Row, catalog: str) -> Record:
    return Record(text(part(product, "pin").get("id")), 0, {**product, "catalog_id": catalog})


def _is_clicked(pin: Row) -> bool:
    counted = part(part(pin, "pin_metrics"), "90d")
    return any(counted.get(name) for name in CLICKS)
