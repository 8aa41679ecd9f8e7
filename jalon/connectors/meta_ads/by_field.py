"""Read what is too much even for one node and one day: its fields apart, put together again to whole rows.

A part of the figures is no record: what was not asked for would look like what was not counted. So either all parts are
read, in one go, or the node is left out.
"""

from __future__ import annotations

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Session
from jalon.connectors.graph_api.asking import get, page_of
from jalon.connectors.meta_ads.insights import CUTS, product_id

LISTED = ("actions", "action_values", "outbound_clicks", "converted_product_")
"""Beginnings of the fields that hold a list for each row: the heavy ones."""
SHARED = ("account_currency",)


def questions(stream: str, whole: dict[str, str]) -> list[dict[str, str]]:
    """Return questions that together ask for all fields: each heavy one by itself, with the ids of its row."""
    fields = whole["fields"].split(",")
    ids = [name for name in fields if name in (*CUTS[stream].key, *SHARED)]
    heavy = [name for name in fields if name.startswith(LISTED)]
    light = [name for name in fields if name not in heavy]
    return [{**whole, "fields": ",".join(part)} for part in (light, *([*ids, name] for name in heavy))]


async def read(session: Session, node: str, stream: str, whole: dict[str, str]) -> list[Row]:
    """Return the rows of a node, each with all fields. Raises `Split` where one field is too much by itself."""
    found: dict[tuple[str, ...], Row] = {}
    for question in questions(stream, whole):
        for row in await _all(session, node, question):
            key = tuple(product_id(text(row.get(name))) for name in CUTS[stream].key)
            found.setdefault(key, {}).update(row)
    return list(found.values())


async def _all(session: Session, node: str, question: dict[str, str]) -> list[Row]:
    rows: list[Row] = []
    after: str | None = ""
    while after is not None:
        query = {**question, "after": after} if after else question
        page = page_of((await session.ask(get(session.settings, f"{node}/insights", query))).data)
        rows += page.rows
        after = page.after
    return rows
