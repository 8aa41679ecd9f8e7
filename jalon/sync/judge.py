"""Rows of a file, before they are stored: would each become facts? What would not is told by its file and line."""

from __future__ import annotations

from collections.abc import Sequence

from jalon.connectors.base import BY_CONTENT, Batch, Record, Sheet, Unusable
from jalon.connectors.wire import decode
from jalon.normalize.vocabulary import Context, Instant, Raw, Unfit
from jalon.registry import normalizer_of
from jalon.sync.pages import Page, Pages, Reject
from jalon.sync.redact import REDACTOR
from jalon.sync.repeats import Repeats
from jalon.sync.rows import Row
from jalon.sync.source import Source, zone_of

LONGEST_NAME = 150
"""Characters of a file's name in the key of its rows in quarantine."""


def short(name: str) -> str:
    """Return what of a file's name stands in quarantine: its end, which tells files apart."""
    return name[-LONGEST_NAME:]


class Judge:
    """Turns the rows of one source's files into pages for the inbox."""

    def __init__(self, source: Source, pages: Pages) -> None:
        self._source, self._pages = source.name, pages
        self._normalize = normalizer_of(source.connector)
        self._context = Context(zone_of(source, {}), {})

    def page(self, file: str, sheet: Sheet, chunk: Sequence[Row], repeats: Repeats) -> Page:
        """Return the rows as a page: those that can be taken, through the door, and the others with their reasons.

        `repeats` has met all rows of the file before these.
        """
        rows: list[tuple[str, int, bytes]] = []
        rejects: list[Reject] = []
        for row in chunk:
            try:
                if row.fault:
                    raise Unusable(*row.fault)
                rows.append(self._row(sheet, row, repeats))
            except (Unusable, Unfit) as why:
                rejects.append(self._reject(file, sheet, row, why))
        return Page({sheet.stream: rows} if rows else {}, rejects)

    def _row(self, sheet: Sheet, row: Row, repeats: Repeats) -> tuple[str, int, bytes]:
        """Return a row as the inbox wants it, once it is known to become facts. Raises `Unusable`, `Unfit`."""
        record = sheet.record(row.values)
        page = self._pages.prepare(Batch([record]), sheet.stream)
        if page.rejects:
            raise Unusable(page.rejects[0].reason, page.rejects[0].detail)
        key, version, body = page.rows[sheet.stream][0]
        raw = Raw(self._source, sheet.stream, key, version, Instant(0), 0, decode(body))
        for _ in self._normalize(raw, self._context):
            pass
        if record.key != BY_CONTENT:
            repeats.meet(key, version, body, row.line)
        return key, version, body

    def _reject(self, file: str, sheet: Sheet, row: Row, why: Unusable | Unfit) -> Reject:
        detail = REDACTOR.clean(f"{file}, line {row.line}: {why.detail}")
        body = Record(f"{short(file)}:{row.line}", 0, dict(row.values))
        return self._pages.reject(body, sheet.stream, (why.reason, detail))._replace(key=body.key)
