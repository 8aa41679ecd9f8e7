"""Why something has the credit that it has: an order, a content, a creator or a customer.

What is told is data that can become JSON: instants are ISO 8601 in UTC, days are ISO 8601, money is in minor units,
weights are decimal text.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.explain import contents, customers, orders
from jalon.attribution.explain.changes import changes
from jalon.attribution.explain.subjects import find
from jalon.attribution.explain.tables import Row, Tables

_TELLERS: dict[str, Callable[[Tables, str, str], Row]] = {
    "order": orders.told,
    "content": contents.told,
    "creator": contents.told_of_creator,
    "customer": customers.told,
}
"""What a subject can be -> what tells about it."""


def explain(facts: Path, attribution: Path, word: str, model: str | None = None, since: Path | None = None) -> Row:
    """Return all that decided about the credit of what `word` names, under `kind` which it is.

    `word` is an id of an order, a content, a creator or a customer (or of any identifier of theirs), alone or after
    `order:`, `content:`, `creator:`, `customer:`; of an order also `source:order id`. `model` is the one of which
    single credits are listed; the first of the run if none is named. `since` is the folder of a run as of an earlier
    day: then `since` tells what has changed from there. Raises `ConfigError` if nothing, or more than one thing, has
    that name, and `StoreError` if a file cannot be read.
    """
    with DuckDB() as engine, DuckDB() as beside:
        tables = Tables(engine, facts, attribution)
        chosen = tables.model(model)
        subject = find(tables, word)
        told = {"kind": subject.kind, "model": chosen, **_TELLERS[subject.kind](tables, subject.id, chosen)}
        if since is not None:
            told["since"] = changes(Tables(beside, facts, since), tables, subject, chosen)
    readable: Row = _readable(told)
    return readable


def _readable(value: Any, name: str = "") -> Any:
    """Turn instants, which are the integers under names that end in `_at` and `as_of`, into ISO 8601."""
    if isinstance(value, dict):
        return {key: _readable(part, key) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_readable(part, name) for part in value]
    if isinstance(value, int) and (name.endswith("_at") or name == "as_of"):
        return datetime.fromtimestamp(value / 1e6, UTC).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
