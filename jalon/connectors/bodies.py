"""What is in the body of a delivery of JSON, once it is known who signed it."""

from __future__ import annotations

from typing import Any

from jalon.connectors.base import Undelivered
from jalon.connectors.wire import Malformed, decode


def object_in(body: bytes) -> dict[str, Any]:
    """Return the object that a body is. Raises `Undelivered` for anything else."""
    try:
        found = decode(body)
    except Malformed as error:
        raise Undelivered(f"the body is {error}") from None
    if not isinstance(found, dict):
        raise Undelivered("the body is no JSON object")
    return found
