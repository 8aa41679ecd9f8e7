"""The shape of the operational store, as data, and the one way it is made and changed.

Changes are additive: new tables, new columns with a default, new indexes. So an older jalon goes on working with a file
that a newer one of the same generation has touched, and a migration may happen while `serve` runs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jalon.lean import without

APPLICATION_ID = 0x6A616C6E
"""'jaln': tells a jalon store from any other SQLite file (PRAGMA application_id)."""
GENERATION = 1
"""Changes that older versions cannot live with raise this; they refuse the file then."""
VERSION = GENERATION * 1000 + 6
"""PRAGMA user_version: generation and, below it, additive steps."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns (strict types), key, what may be null, defaults, indexes."""

    columns: Mapping[str, type]
    pk: str | tuple[str, ...]
    null: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()


TABLES: dict[str, Table] = {
    # Every distinct revision of every record, as received. The index answers "what is the newest?" by itself.
    "inbox": Table(
        {
            "id": int, "source": str, "stream": str, "key": str, "version": int, "observed_at": int,
            "digest": bytes, "body": bytes,
        },
        "id",
        indexes=(("source", "stream", "key", "version", "id", "digest"),),
    ),
    # How far each stream is planned, and when it was last looked back over.
    "streams": Table(
        {"source": str, "stream": str, "planned_until": int, "looked_back": float},
        ("source", "stream"),
        null=("planned_until",),
        defaults={"looked_back": 0.0},
    ),
    # Spans still to be read; those of a back-fill stay, marked done, until the whole back-fill is.
    "windows": Table(
        {
            "id": int, "source": str, "stream": str, "low": int, "high": int, "cursor": str, "seen": int, "total": int,
            "passes": int, "not_before": float, "backfill": str, "note": str, "done": int,
        },
        "id",
        null=("cursor", "total"),
        defaults={"seen": 0, "passes": 0, "not_before": 0.0, "backfill": "", "note": "", "done": 0},
        unique=(("source", "stream", "backfill", "low", "high"),),
    ),
    # Objects to read by key.
    "fetches": Table(
        {"source": str, "stream": str, "key": str, "stamp": int, "attempts": int, "not_before": float, "note": str},
        ("source", "stream", "key"),
        defaults={"stamp": 0, "attempts": 0, "not_before": 0.0, "note": ""},
        indexes=(("source", "stream", "not_before"),),
    ),
    # Verified webhooks; `sealed` is emptied once opened.
    "deliveries": Table(
        {
            "id": int, "source": str, "key": str, "received_at": float, "digest": bytes, "sealed": bytes,
            "state": str, "topic": str, "note": str,
        },
        "id",
        null=("sealed",),
        defaults={"state": "new", "topic": "", "note": ""},
        indexes=(("state", "source", "id"),),
    ),
    # What was delivered and opened: recognises a delivery, and a body, that comes again.
    "delivered": Table(
        {"source": str, "key": str, "digest": bytes, "received_at": float, "delivery": int},
        ("source", "key"),
        indexes=(("digest", "source"), ("delivery",), ("received_at",)),
    ),
    # How many deliveries were refused at the door, by day (UTC), and how many of them a run has told of.
    "refusals": Table(
        {"source": str, "reason": str, "day": int, "times": int, "last_at": float, "told": int},
        ("source", "reason", "day"),
        defaults={"told": 0},
    ),
    # Rate budgets by account, shared by all processes.
    "budgets": Table(
        {
            "account": str, "level": float, "capacity": float, "rate": float, "at": float,
            "paused_until": float, "observed": int,
        },
        "account",
        defaults={"paused_until": 0.0, "observed": 0},
    ),
    # Refreshed tokens, sealed. `seed` is the fingerprint of the configured token that they descend from.
    "credentials": Table(
        {
            "source": str, "sealed": bytes, "seed": str, "generation": int, "access_expires_at": float,
            "refresh_expires_at": float,
        },
        "source",
        null=("access_expires_at", "refresh_expires_at"),
    ),
    # Small facts about a source, and what a person should know about it.
    "source_values": Table({"source": str, "name": str, "value": str}, ("source", "name")),
    "notices": Table(
        {"source": str, "kind": str, "detail": str, "first_at": float, "last_at": float, "times": int},
        ("source", "kind"),
    ),
    # What is lost at a known moment unless it is read, or done, before; from `warn` seconds before on it is named.
    "deadlines": Table(
        {"source": str, "key": str, "what": str, "at": float, "remedy": str, "warn": float},
        ("source", "key"),
        defaults={"remedy": "", "warn": 0.0},
    ),
    # Files that a source has read, or is reading: how far, and by which digest and mark they are known again.
    "files": Table(
        {
            "source": str, "name": str, "stamp": str, "digest": bytes, "mark": str, "position": int, "bad": int,
            "state": str, "note": str, "begun_at": float,
        },
        ("source", "name"),
        defaults={"position": 0, "bad": 0, "note": "", "begun_at": 0.0},
    ),
    # The brand's own short links; disabled rather than deleted, but with their source.
    "links": Table(
        {
            "code": str, "source": str, "target": str, "content": str, "product": str, "placement": str,
            "campaign": str, "created_at": float, "disabled": int,
        },
        "code",
        defaults={"disabled": 0},
        indexes=(("source", "created_at"),),
    ),
    # What ran, and how it ended.
    "runs": Table(
        {
            "id": int, "source": str, "command": str, "pid": int, "host": str, "started_at": float,
            "finished_at": float, "outcome": str, "counts": str,
        },
        "id",
        null=("finished_at",),
        defaults={"outcome": "", "counts": "{}"},
        indexes=(("finished_at",),),
    ),
    # What could not become facts, with its reason; `resolved` empty: still open.
    "quarantine": Table(
        {
            "id": int, "source": str, "stream": str, "key": str, "reason": str, "detail": str, "inbox_id": int,
            "payload": bytes, "sealed": int, "times": int, "first_at": float, "last_at": float, "resolved": str,
        },
        "id",
        null=("inbox_id", "payload"),
        defaults={"sealed": 0, "times": 1, "resolved": ""},
        indexes=(("source", "stream", "key", "reason"), ("inbox_id",)),
    ),
    # Which segments of the inbox are in the facts files: through which id, by which mapping, and as of which stamp. A
    # segment whose stamp has moved on since is derived again.
    "segments": Table(
        {
            "segment": int, "through": int, "sources": str, "mapping": str, "stamp": int, "derived": int, "files": str,
        },
        "segment",
        defaults={"through": 0, "sources": "[]", "mapping": "", "stamp": 0, "derived": 0, "files": ""},
    ),
    # Who was erased, told only by digests: kind is `hash`, `order` or `source`; an empty source means all of them.
    "tombstones": Table(
        {"id": int, "source": str, "kind": str, "value": str},
        "id",
        unique=(("source", "kind", "value"),),
    ),
    # Each erasure asked for and the proof that it was carried out; nothing in it tells who.
    "erasures": Table(
        {
            "id": int, "source": str, "request": str, "scope": str, "requested_at": float, "finished_at": float,
            "counts": str,
        },
        "id",
        null=("finished_at",),
        defaults={"counts": "{}"},
    ),
}  # fmt: skip


def migrate(db: sqlite3.Connection) -> None:
    """Bring the open transaction's database to `VERSION`: make what is missing, change nothing that is there."""
    with without("pandas", "numpy"):
        import sqlite_utils

    tables = sqlite_utils.Database(db, execute_plugins=False)
    for name, shape in TABLES.items():
        table = tables.table(name)
        if not table.exists():
            _create(table, shape)
        else:
            _extend(table, shape)
        for columns in shape.unique:
            table.create_index(columns, unique=True, if_not_exists=True)
        for columns in shape.indexes:
            table.create_index(columns, if_not_exists=True)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {VERSION}")


def _create(table: Any, shape: Table) -> None:
    required = set(shape.columns) - set(shape.null)
    table.create(dict(shape.columns), pk=shape.pk, not_null=required, defaults=dict(shape.defaults), strict=True)


def _extend(table: Any, shape: Table) -> None:
    for column in set(shape.columns) - set(table.columns_dict):
        table.add_column(column, shape.columns[column], not_null_default=shape.defaults.get(column))
