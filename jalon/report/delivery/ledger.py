"""What a destination holds, kept beside the tables: by it a second delivery knows that it has nothing to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

NAME = "_jalon_delivery"
"""Of the ledger: a table in a database, a JSON file in a folder."""


class Entry(NamedTuple):
    """One table as it was delivered: column -> type, in order; the fingerprint is of content and shape."""

    fingerprint: str
    rows: int
    columns: Mapping[str, str]
    primary_key: tuple[str, ...]


Ledger = Mapping[str, Entry]
"""Name of a table -> how it was delivered."""


def written(entry: Entry) -> str:
    """Return an entry as JSON, the form in which databases keep it."""
    return json.dumps(entry._asdict())


def read(text: str) -> Entry:
    """Read what `written` wrote."""
    return entry_of(json.loads(text))


def entry_of(told: Mapping[str, Any]) -> Entry:
    """Return an entry from its JSON object; what it does not know is passed over."""
    return Entry(told["fingerprint"], told["rows"], dict(told["columns"]), tuple(told["primary_key"]))
