"""What a connector answers, held against the contract where it comes in.

A wrong answer is told by the method that gave it, and ends the source: asked again it would be the same. Nothing of the
answer itself is told, which may hold a secret or a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jalon.connectors.base import Batch, Stop

MAX_VERSION = 2**63 - 1
REMEDY = "report it to those who wrote the connector"


def answered(method: str, value: Any, kind: type, wanted: str) -> Any:
    """Return what a connector's `method` gave. Raises `Stop` if the contract has something of another kind there."""
    if isinstance(value, kind):
        return value
    raise broken(f"{method} gave {_kind(value)}, not {wanted}")


def account_of(found: Any) -> dict[str, str]:
    """Return what `greet` gave. Raises `Stop` for anything but texts by their names."""
    told = dict(answered("`greet`", found, Mapping, "a mapping of texts"))
    for name, value in told.items():
        answered("`greet`", value, str, f"a text for {name!r}")
    return told


def page_of(found: Any) -> Batch:
    """Return what `pull` or `fetch` yielded. Raises `Stop` for what is no `Batch` of records."""
    batch: Batch = answered("`pull` or `fetch`", found, Batch, "a Batch")
    if not isinstance(batch.records, Sequence):
        raise broken(f"`pull` or `fetch` gave a Batch whose records are {_kind(batch.records)}, not a list")
    return batch


def nameless(record: Any, body: Any) -> str | None:
    """Say which part of a record cannot be stored; None: all can."""
    if not isinstance(record.key, str):
        return f"its key is {_kind(record.key)}, not a text"
    if not record.key:
        return "its key is empty"
    if type(record.version) is not int or not 0 <= record.version <= MAX_VERSION:
        return f"its version ({_kind(record.version)}) is no whole number of microseconds, at least 0 and below 2^63"
    return "nothing of it passes the door of its stream: its body is no object" if body is None else None


def broken(wrong: str) -> Stop:
    """Return the refusal of a connector that does not keep the contract."""
    return Stop(f"its connector's {wrong}", REMEDY)


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"
