"""A tiny platform: orders with lines and a buyer, and what they mean. For tests of what is done with any platform."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from jalon.normalize.money import minor
from jalon.normalize.times import instant_from_unix, local_date
from jalon.normalize.vocabulary import Context, Fact, Identity, Instant, Order, OrderLine, Raw, Unfit
from jalon.store import inbox, schema
from jalon.store.database import Store
from jalon.store.derive import Derived, derive
from jalon.store.meaning import Origin

START = 1_780_000_000
SEEN = Instant(START * 1_000_000)


def normalize(raw: Raw, context: Context) -> Iterator[Fact]:
    """Say what an order means."""
    if raw.stream != "orders":
        raise Unfit("unknown_stream", f"there is no stream {raw.stream}")
    body: dict[str, Any] = raw.body
    at = instant_from_unix(body["at"])
    day = local_date(at, context.zone)
    currency = body.get("currency", "EUR")
    goods = minor(body["goods"], currency)
    buyer = body.get("buyer")
    head = (raw.source, raw.key, raw.version, raw.observed_at, raw.inbox_id)
    yield Order(
        *head, "tiny", raw.key, at, day, at, None, "paid", "done", "sale", currency, goods, 0, goods, 0, 0, goods,
        None, None, buyer, "linked", "site", None, (), None, "none",
    )  # fmt: skip
    for number, sku in enumerate(body.get("skus", ())):
        line = f"{raw.key}/{number}"
        yield OrderLine(
            raw.source, line, *head[2:], "tiny", raw.key, line, None, sku, None, 1,
            currency, goods, 0, goods, 0, None, False,
        )  # fmt: skip
    if buyer and body.get("email"):
        yield Identity(raw.source, f"{buyer} {body['email']}", *head[2:], buyer, body["email"], "same order")


def order(number: int, **fields: Any) -> tuple[str, int, bytes]:
    """Return an inbox row of an order."""
    body = {"at": START + number, "goods": f"{number % 50}.50", "skus": ["a", f"sku{number % 3}"], **fields}
    return str(number), 0, orjson.dumps(body)


def append(
    store: Store, rows: Sequence[tuple[str, int, bytes]], *, source: str = "shop", stream: str = "orders"
) -> None:
    store.write(lambda db: inbox.append(db, source, stream, SEEN, rows))


def origin(zone: str = "Europe/Paris", **account: str) -> Origin:
    return Origin("tiny", Context(ZoneInfo(zone), account))


def derived(
    store: Store, normalizer: Any = normalize, origins: Mapping[str, Origin] | None = None, **how: Any
) -> Derived:
    """Derive with the tiny platform's meaning, for a source called shop."""
    return derive(store, {"tiny": normalizer}, {"shop": origin()} if origins is None else origins, **how)


def files(store: Store) -> dict[str, str]:
    """Return the digest of every file under facts, by its path."""
    found = sorted(path for path in store.facts.rglob("*") if path.is_file())
    return {str(path.relative_to(store.facts)): sha256(path.read_bytes()).hexdigest() for path in found}


def table(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Return all facts of a kind as dictionaries, read by pyarrow."""
    import pyarrow.parquet as pq

    from jalon.store.facts import open_facts

    return [row for path in open_facts(folder)[kind] for row in pq.read_table(path).to_pylist()]


@contextmanager
def fresh() -> Iterator[Store]:
    """Open one more empty store."""
    with TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        yield store


def database() -> sqlite3.Connection:
    """Return an empty database in memory, in a transaction."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("BEGIN")
    schema.migrate(db)
    return db
