"""Read files: those in a source's folder, or those that a person named.

    found ──▶ still changing ──▶ left for the next run
      │
      ├─────▶ known: same digest, same mark ──▶ nothing to do
      ├─────▶ refused: it is not what its table says ──▶ quarantine, until file or table changes
      ▼
    rows, some hundred at a time: record ─▶ door ─▶ would it become facts? ─▶ inbox, with the position, in one commit
      └─ a row that would not goes to quarantine, by file and line, and so does one that contradicts an earlier one

A run that ends in the midst of a file leaves the position behind, and the next one goes on there if the file is the
same: it only looks through the rows before, so as to know what has been told. A file that was changed is read anew:
rows that say the same as before are known, the others are newer revisions.
"""

from __future__ import annotations

import asyncio
import math
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from jalon.connectors.base import Sheet, Unusable
from jalon.errors import ConfigError, sentences
from jalon.store import files, quarantine, sources
from jalon.store.files import File
from jalon.sync.folder import NoFile, Place, listing, named, restless, stamp
from jalon.sync.halt import Halt
from jalon.sync.judge import Judge, short
from jalon.sync.pages import Pages
from jalon.sync.redact import REDACTOR
from jalon.sync.repeats import Repeats
from jalon.sync.rows import AT_ONCE, Row, rows_of
from jalon.sync.source import Source, SourceOutcome, Workshop

HOPELESS = 50
"""So many rows at the beginning of a file, and not one that can be taken: the file is not what its table says."""
BLOCK = 1 << 20


class Changed(Exception):
    """The file was changed while it was read."""


class Reading(NamedTuple):
    """A file being read."""

    place: Place
    sheet: Sheet
    known: File
    """What is known of it, as of now: position, bad rows, when its reading began."""


class Look(NamedTuple):
    """How a file would be read: its table, where each field comes from, and how its first rows would fare."""

    table: str
    fields: list[tuple[str, str]]
    rows: int
    bad: list[str]


class FileReader:
    """Reads the files of one source."""

    def __init__(self, source: Source, shop: Workshop, halt: Halt, pages: Pages, outcome: SourceOutcome) -> None:
        self._source, self._shop, self._halt, self._pages = source, shop, halt, pages
        self._outcome = outcome
        self._judge = Judge(source, pages)
        folder = source.connector.folder(source.settings)
        self._root, self._quiet = (folder.path, folder.quiet) if folder else (None, 0.0)

    async def read_folder(self) -> None:
        """Read what is new in the folder. Raises `Stop` if it cannot be looked into, `Halted`."""
        if self._root is None:
            return
        places, strange = listing(self._root)
        if await self._calm_down(places):
            places, strange = listing(self._root)
        self._outcome.notes += strange
        nobodys = [place.name for place in places if not await self._read(place, None)]
        await self._tell("unread", _nobodys(nobodys))
        await self._let_go({place.name for place in places})

    async def read_named(self, paths: Iterable[Path], table: str | None) -> None:
        """Read files that a person named. Raises `ConfigError` for what cannot be, after the rest; `Halted`."""
        refused: list[ConfigError] = []
        for path in paths:
            try:
                await self._read_one(path, table)
            except ConfigError as error:
                refused.append(error)
        self._outcome.notes += [str(error) for error in refused[1:]]
        if refused:
            raise refused[0]

    async def _read_one(self, path: Path, table: str | None) -> None:
        place = _named(path)
        if await self._calm_down([place]):
            place = _named(path)
        known = self._known(place.name)
        if not await self._read(place, table):
            raise _nobodys_file(self._source.name, path)
        if known is not None and known == self._known(place.name):
            self._nothing_new(known)

    def look(self, path: Path, table: str | None) -> Look:
        """Return how a file that a person named would be read. Raises `Unusable`, `ConfigError`."""
        place = _named(path)
        sheet = self._source.connector.sheet(self._source.settings, place.name, table)
        if sheet is None:
            raise _nobodys_file(self._source.name, path)
        with place.open() as file:
            columns, rows = rows_of(file, sheet)
            chunk = _next(rows)
            columns = columns or tuple(dict.fromkeys(name for row in chunk for name in row.values))
            sheet.check(columns)
            with closing(Repeats()) as repeats:
                page = self._judge.page(place.name, sheet, chunk, repeats)
        return Look(sheet.table, sheet.explain(columns), len(chunk), [reject.detail for reject in page.rejects])

    # --- one file

    async def _read(self, place: Place, table: str | None) -> bool:
        """Bring a file in, if it is not known already; say whether it is anybody's."""
        self._halt.check()
        try:
            sheet = self._source.connector.sheet(self._source.settings, place.name, table)
            if sheet is None:
                return False
            if self._is_known(place, sheet):
                return True
            if restless([place], self._quiet):
                raise Changed
            with place.open() as file:
                await self._take(place, sheet, file)
        except Changed:
            self._outcome.notes.append(f"{place.name} is still being written; the next run reads it")
        except Unusable as unusable:
            await self._refuse(place, table, unusable)
        except (OSError, NoFile) as error:
            self._fail(f"{place.name} cannot be read: {_why(error)}", "let jalon's user read it")
        return True

    def _known(self, name: str) -> File | None:
        with self._shop.store.read() as db:
            return files.get(db, self._source.name, name)

    def _is_known(self, place: Place, sheet: Sheet) -> bool:
        known = self._known(place.name)
        return known is not None and known.mark == sheet.mark and self._is_stamped(place)

    async def _take(self, place: Place, sheet: Sheet, file: BinaryIO) -> None:
        now = stamp(os.fstat(file.fileno()))
        digest = await self._digest(file)
        known = self._known(place.name)
        is_same = known is not None and (known.digest, known.mark) == (digest, sheet.mark)
        if known is not None and is_same and known.state != "reading":
            same = known._replace(stamp=now)
            await self._shop.store.commit(lambda db: files.put(db, self._source.name, same))
            return
        if known is None or not is_same:
            known = File(place.name, now, digest, sheet.mark, 0, 0, "reading", "", self._shop.clock.now())
        await self._rows(Reading(place, sheet, known._replace(stamp=now)), file)

    async def _digest(self, file: BinaryIO) -> bytes:
        made = blake2b(digest_size=16)
        while block := await asyncio.to_thread(file.read, BLOCK):
            self._halt.check()
            made.update(block)
        file.seek(0)
        return made.digest()

    async def _rows(self, reading: Reading, file: BinaryIO) -> None:
        columns, rows = rows_of(file, reading.sheet)
        if columns:
            reading.sheet.check(columns)
        with closing(Repeats()) as repeats:
            await self._pass(reading, rows, repeats)
            while reading.known.state == "reading":
                self._halt.check()
                chunk = await asyncio.to_thread(_next, rows)
                if stamp(os.fstat(file.fileno())) != reading.known.stamp:
                    raise Changed
                reading = await self._commit(reading, chunk, repeats)
        if reading.known.bad:
            text = f"{reading.place.name}: {reading.known.bad} of {reading.known.position} rows are in quarantine"
            self._fail(text, "`jalon quarantine list` says why; mend the file or its table")

    # --- rows

    async def _pass(self, reading: Reading, rows: Iterator[Row], repeats: Repeats) -> None:
        """Look through the rows that an earlier run has brought in."""
        before = islice(rows, reading.known.position)
        for _ in range(0, reading.known.position, AT_ONCE):
            self._halt.check()
            chunk = await asyncio.to_thread(_next, before)
            self._judge.page(reading.place.name, reading.sheet, chunk, repeats)

    async def _commit(self, reading: Reading, chunk: list[Row], repeats: Repeats) -> Reading:
        """Bring rows in with the position behind them, in one transaction; the last close what was held."""
        page = self._judge.page(reading.place.name, reading.sheet, chunk, repeats)
        known, name = reading.known, self._source.name
        if not known.position and len(page.rejects) == len(chunk) >= HOPELESS:
            first = page.rejects[0]
            raise Unusable(first.reason, f"none of the first {len(chunk)} rows can be taken; {first.detail}")
        is_over = len(chunk) < AT_ONCE
        after = known._replace(
            position=known.position + len(chunk),
            bad=known.bad + len(page.rejects),
            state="read" if is_over else "reading",
        )

        def also(db: sqlite3.Connection) -> None:
            files.put(db, name, after)
            if is_over:
                files.resolve_old(db, name, short(known.name), known.begun_at)
                sources.clear_notice(db, name, _notice(known.name))

        await self._pages.commit(page, reading.sheet.stream, also)
        return reading._replace(known=after)

    # --- what does not go well

    async def _refuse(self, place: Place, table: str | None, why: Unusable) -> None:
        """Keep that a whole file cannot be taken; it is looked at again once it, or its table, has changed."""
        name, now = self._source.name, self._shop.clock.now()
        detail = REDACTOR.clean(f"{place.name}: {why.detail}")
        mark, stream = self._mark(place, table)
        refused = File(place.name, stamp(place.told), b"", mark, 0, 0, "refused", detail, now)

        def job(db: sqlite3.Connection) -> None:
            files.put(db, name, refused)
            files.resolve_old(db, name, short(place.name), now)
            quarantine.add(db, name, stream, short(place.name), why.reason, detail, at=now, payload=b"")
            sources.notice(db, name, _notice(place.name), sentences(detail, why.remedy), now)

        await self._shop.store.commit(job)
        self._outcome.counts.skipped += 1
        self._fail(f"refused {detail}", why.remedy or "mend the file or its table")

    async def _let_go(self, there: set[str]) -> None:
        """Close what is open of files that are no longer in the folder; should one come back, it is read anew."""
        name = self._source.name
        with self._shop.store.read() as db:
            known = files.listed(db, name)
        troubled = (file for file in known if file.bad or file.state == "refused")
        gone = [file.name for file in troubled if file.name not in there and not Path(file.name).is_absolute()]

        def job(db: sqlite3.Connection) -> None:
            for each in gone:
                files.forget(db, name, each)
                files.resolve_old(db, name, short(each), math.inf, "file gone")
                sources.clear_notice(db, name, _notice(each))

        if gone:
            await self._shop.store.commit(job)

    def _mark(self, place: Place, table: str | None) -> tuple[str, str]:
        try:
            sheet = self._source.connector.sheet(self._source.settings, place.name, table)
        except Unusable:
            sheet = None
        return (sheet.mark, sheet.stream) if sheet else ("", "")

    def _fail(self, text: str, remedy: str) -> None:
        """Say what a person should look at; the first of it stands in the run's message."""
        outcome = self._outcome
        outcome.notes.append(sentences(text, remedy))
        if outcome.state == "ok":
            outcome.state, outcome.message, outcome.remedy = "partial", f"{outcome.source}: {text}", remedy

    def _nothing_new(self, known: File) -> None:
        if known.state == "refused":
            self._fail(f"refused {known.note}", "mend the file or its table")
        else:
            self._outcome.notes.append(f"{known.name} has been read before and has not changed")

    async def _tell(self, kind: str, text: str) -> None:
        name, now = self._source.name, self._shop.clock.now()

        def job(db: sqlite3.Connection) -> None:
            if text:
                sources.notice(db, name, kind, text, now)
            else:
                sources.clear_notice(db, name, kind)

        await self._shop.store.commit(job)

    # --- files that are still being written

    async def _calm_down(self, places: Iterable[Place]) -> bool:
        """Wait once for files that have just been written; say whether there were any that nobody has read."""
        new = [place for place in places if not self._is_stamped(place)]
        seconds = restless(new, self._quiet)
        if not 0 < seconds <= self._shop.linger:
            return False
        await self._halt.sleep(seconds)
        return True

    def _is_stamped(self, place: Place) -> bool:
        known = self._known(place.name)
        return known is not None and known.state != "reading" and known.stamp == stamp(place.told)


def _named(path: Path) -> Place:
    try:
        return named(path)
    except (OSError, NoFile) as error:
        raise ConfigError(f"{path} cannot be read: {_why(error)}", "Name a file that is there.") from None


def _why(error: OSError | NoFile) -> str:
    return error.strerror or "" if isinstance(error, OSError) else str(error)


def _nobodys_file(source: str, path: Path) -> ConfigError:
    how = "Name its table or template with --table; `jalon templates` lists the templates."
    return ConfigError(f"no table of {source} fits {path.name}", how)


def _next(rows: Iterator[Row]) -> list[Row]:
    return list(islice(rows, AT_ONCE))


def _notice(name: str) -> str:
    return f"file {name}"


def _nobodys(names: list[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"{len(names)} files fit no table and are not read: {shown}"
