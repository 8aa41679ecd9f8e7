"""The domains of made-up addresses that connectors of other distributions declare, as they declare them.

The shops' connectors need them before an order passes the door: an address that was hashed is no address any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

GROUP = "jalon.connectors"
OURS = "jalon"


@cache
def aliases() -> Mapping[str, str]:
    """Return domain -> name of the connector that declares it; of two that declare one, the first by name has it.

    A connector that cannot be loaded declares none: where it is used, it is refused anyway.
    """
    found: dict[str, str] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if entry.dist is None or entry.dist.name != OURS:
            for domain in _declared(entry):
                found.setdefault(domain, entry.name)
    return found


def _declared(entry: EntryPoint) -> tuple[str, ...]:
    try:
        return tuple(entry.load().aliases)
    except Exception:
        return ()
