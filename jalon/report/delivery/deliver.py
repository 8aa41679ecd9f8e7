"""One delivery: what a destination holds is held against what it should hold, and the difference is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from jalon.errors import JalonError
from jalon.report.delivery.changes import Change, changes
from jalon.report.delivery.ledger import Ledger
from jalon.report.delivery.parcels import Parcel, parcels
from jalon.report.delivery.settings import Delivery
from jalon.report.delivery.targets import target
from jalon.report.delivery.targets.base import Load, Progress
from jalon.report.marts.shapes import Mart


class SchemaChange(JalonError):
    """What readers rely on would change, and nobody has allowed it."""


class Delivered(NamedTuple):
    """What was done (or would be): rows of the tables sent, tables that were the same, removed, changed in shape."""

    sent: Mapping[str, int]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    changes: tuple[Change, ...]


def deliver(
    settings: Delivery,
    folder: Path,
    marts: Mapping[str, Mart],
    progress: Progress,
    *,
    allow_schema_change: bool = False,
    dry_run: bool = False,
) -> Delivered:
    """Bring a destination to what the marts of a folder hold; delivered twice is delivered once.

    Raises `SchemaChange` where a column or table that was delivered is gone or of another type, unless allowed; other
    `JalonError`s where the destination cannot be reached or refuses. It is then as it was before.
    """
    place = target(settings)
    sendable = parcels(folder, marts, settings.tables, place.dialect)
    with place as open_place:
        held = open_place.held()
        done = _difference(held, sendable)
        breaking = frozenset(change.table for change in done.changes if change.breaks)
        if breaking and not (allow_schema_change or dry_run):
            raise _refusal(done.changes)
        if not dry_run and (done.sent or done.removed):
            changed = [parcel for parcel in sendable if parcel.mart.name in done.sent]
            open_place.put(Load(sendable, changed, breaking, done.removed, datetime.now(UTC), progress))
    return done


def _difference(held: Ledger, sendable: list[Parcel]) -> Delivered:
    wanted = {parcel.mart.name: parcel.entry for parcel in sendable}
    same = tuple(name for name in wanted if name in held and held[name].fingerprint == wanted[name].fingerprint)
    sent = {name: entry.rows for name, entry in wanted.items() if name not in same}
    removed = tuple(name for name in held if name not in wanted)
    return Delivered(sent, same, removed, tuple(changes(held, wanted)))


def _refusal(found: tuple[Change, ...]) -> SchemaChange:
    words = "; ".join(change.words for change in found if change.breaks)
    remedy = "Adapt the queries that use it, then run `jalon deliver` with --allow-schema-change once."
    return SchemaChange(f"the shape of what is delivered has changed, nothing was sent: {words}", remedy)


def reach(settings: Delivery) -> int:
    """Return how many tables a destination holds, which shows that it can be reached. Raises `JalonError`."""
    with target(settings) as place:
        return len(place.held())
