"""The ledger of a place of files: one JSON object that readers may use to find the files, written last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from jalon.report.delivery.ledger import Ledger, entry_of
from jalon.report.delivery.targets.base import Load


class Manifest(NamedTuple):
    """The tables with their files: name of a table -> path below the place."""

    ledger: Ledger
    files: Mapping[str, str]


EMPTY = Manifest({}, {})


def told(load: Load, files: Mapping[str, str]) -> bytes:
    """Return a load as a manifest."""
    tables = {name: {"file": files[name], **entry._asdict()} for name, entry in load.ledger.items()}
    return json.dumps({"delivered_at": load.at.isoformat(), "tables": tables}, indent=1).encode()


def understood(text: bytes | None) -> Manifest:
    """Read a manifest; of none, or of one that is not whole, nothing is held, and all is sent again."""
    try:
        tables = json.loads(text or b"{}").get("tables", {})
        return Manifest(
            {name: entry_of(table) for name, table in tables.items()},
            {name: str(table["file"]) for name, table in tables.items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return EMPTY
