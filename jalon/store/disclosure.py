"""What is held about a person, written down for whoever must be told."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Collection, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from jalon.progress import Progress, silent
from jalon.store import facts, inbox, mentions
from jalon.store.database import Store
from jalon.store.trouble import system_trouble

SLICE = 500
"""Inbox rows read at a time."""


def disclose(
    store: Store,
    source: str,
    hashes: Collection[str],
    orders: Collection[str] = (),
    progress: Progress = silent,
) -> Path:
    """Write down, as JSON, every record of `source` that holds a person or one of the orders; return the file.

    `hashes` are pseudonyms ('email:…'). The file is `exports/disclosure-<source>-<digest>.json`, readable by its owner
    alone; the same question has the same name. Raises `StoreError` if the disk refuses.
    """
    wanted = mentions.hashes(" ".join(hashes).encode())
    ids = mentions.order_ids(orders)
    asked = blake2b(json.dumps([sorted(hashes), sorted(ids)]).encode(), digest_size=6).hexdigest()
    path = store.exports / f"disclosure-{slug(source)}-{asked}.json"
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(8)}.json.tmp")
    try:
        with facts.open_private(temporary) as file:
            _write(file, source, _records(every_row(store, progress), source, wanted, ids))
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise system_trouble(error, path) from error
        raise
    return path


def written(folder: Path) -> list[Path]:
    """Return the disclosures in a folder, those too that a killed process has left half-written."""
    return [*folder.glob("disclosure-*.json"), *folder.glob(".disclosure-*.json.tmp")]


def slug(source: str) -> str:
    """Return a source's name as part of a file name."""
    return re.sub(r"[^a-z0-9_]", "_", source.lower())[:60]


def every_row(store: Store, progress: Progress = silent) -> Iterator[inbox.Row]:
    """Yield the rows of the inbox, slice by slice, so that no reader keeps the log from being emptied for long."""
    with store.read() as db:
        last = inbox.last_id(db)
    for low in range(1, last + 1, SLICE):
        with store.read() as db:
            rows = list(inbox.rows(db, low, low + SLICE - 1))
        yield from rows
        progress("reading what was received", min(low + SLICE - 1, last), last)


def _records(rows: Iterable[inbox.Row], source: str, wanted: set[bytes], ids: frozenset[str]) -> Iterator[bytes]:
    for _, of, stream, key, version, observed_at, body in rows:
        if of == source and (wanted & mentions.hashes(body) or mentions.names_order(body, key, ids)):
            head = {"stream": stream, "key": key, "version": version, "observed_at": observed_at}
            yield json.dumps(head)[:-1].encode() + b', "body": ' + body + b"}"


def _write(file: BinaryIO, source: str, records: Iterator[bytes]) -> None:
    """Write one JSON object, record by record: a person may have many."""
    file.write(json.dumps({"source": source, "made_at": int(time.time())})[:-1].encode() + b', "records": [')
    separator = b"\n"
    for record in records:
        file.write(separator + record)
        separator = b",\n"
    file.write(b"\n]}\n")
