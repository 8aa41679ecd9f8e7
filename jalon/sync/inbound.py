"""Open what the receiver stored: records and refs into the store, notices to people, orders to erase carried out.

Everything that a delivery means is harmless when it happens twice, so a crash at any point only repeats it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from jalon.connectors.base import Delivery, Opened, Undelivered
from jalon.errors import ConfigError, way_to
from jalon.store import deadlines, deliveries, sources
from jalon.store.deliveries import State, Unopened
from jalon.store.envelope import Sealer
from jalon.sync.answered import answered
from jalon.sync.pages import Page, Pages
from jalon.sync.redact import REDACTOR, sayable
from jalon.sync.rights import act
from jalon.sync.source import Counts, Source, Workshop

log = logging.getLogger("jalon.sync")

BATCH = 200
"""Deliveries opened in one transaction: a fraction of a second in which the receiver waits for the writer."""


class Reading(NamedTuple):
    """An opened delivery, ready to be written."""

    id: int
    state: State
    note: str
    opened: Opened
    page: Page


async def open_deliveries(source: Source, shop: Workshop, pages: Pages, counts: Counts) -> int:
    """Open all deliveries of a source that nobody has opened; return how many."""
    total = 0
    while True:
        with shop.store.read() as db:
            rows = deliveries.unopened(db, source.name, BATCH)
        if not rows:
            return total
        readings = [_read(source, shop, pages, row) for row in rows]
        for reading in readings:
            await act(source, shop, reading.opened)
        await _write(source, shop, pages, readings, counts)
        counts.deliveries += len(rows)
        total += len(rows)


def _read(source: Source, shop: Workshop, pages: Pages, row: Unopened) -> Reading:
    try:
        clear = Sealer(shop.keyring).unseal(source.name, row.key, row.sealed)
        found = source.connector.open(Delivery(clear.headers, clear.body, row.received_at), source.settings)
        opened: Opened = answered("`open`", found, Opened, "an Opened")
        page = pages.prepare_records(opened.records)._replace(follow=pages.refs(opened.refs))
    except ConfigError:
        raise
    except Undelivered as error:
        return Reading(row.id, "bad", REDACTOR.clean(str(error)), Opened(""), Page({}, []))
    except Exception as error:  # a connector that stumbles over one delivery must not stop the others
        log.debug("%s: opening a delivery: %s by %s", source.name, type(error).__name__, way_to(error))
        return Reading(row.id, "bad", sayable(error), Opened(""), Page({}, []))
    if not opened.known:
        return Reading(row.id, "unknown", "", opened, page)
    note = "the same body came before" if row.repeated else ""
    return Reading(row.id, "stale" if opened.stale or row.repeated else "opened", note, opened, page)


async def _write(source: Source, shop: Workshop, pages: Pages, readings: Sequence[Reading], counts: Counts) -> None:
    name, now = source.name, shop.clock.now()

    def job(db: sqlite3.Connection) -> list[tuple[int, int]]:
        written = []
        for reading in readings:
            written.append(pages.write(db, reading.page, ""))
            deadlines.put(db, name, reading.opened.deadlines)
            for notice in reading.opened.notices:
                sources.notice(db, name, notice.kind, REDACTOR.clean(notice.detail), now)
            deliveries.opened(db, reading.id, reading.state, REDACTOR.clean(reading.opened.topic), reading.note)
        return written

    for reading, (new, known) in zip(readings, await shop.store.commit(job), strict=True):
        pages.count(reading.page, new, known)
        counts.refused += reading.state == "bad" or bool(reading.page.rejects)
        counts.unknown += reading.state == "unknown"
