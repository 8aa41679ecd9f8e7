"""What `jalon doctor` looks at: everything that could make tonight's run fail, with what to do about it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jalon.commands import later_settings, printed
from jalon.commands.console import counted
from jalon.commands.delivering import reachable
from jalon.connectors.base import Finding, Settings
from jalon.errors import JalonError
from jalon.store.database import library_warning
from jalon.store.trouble import FREE, LITTLE
from jalon.workplace import Workplace

if TYPE_CHECKING:
    from jalon.attribution.aside import Aside
    from jalon.store.database import Store

SHARED = {
    "many_links": ("rightly, if it is a till or an app's own customer", "max_links"),
    "many_buyers": ("rightly, if it is a family's device or a shared mailbox", "max_buyers"),
    "large_person": ("rightly, if several people hung together", "max_person"),
}
"""Code of `guards.REASONS` -> when that is as it should be, and the setting to raise where it is not."""
FREE_BYTES = 1 << 30
"""Below this much free disk, doctor warns."""
CHANNELS = "channels"
RESTORE = "Restore the last backup of the store folder, then run `jalon sync`."


def examine(place: Workplace, sources: Mapping[str, Settings], *, offline: bool) -> list[Finding]:
    """Return all findings, the installation's first. Never raises for what it finds."""
    findings = list(_installation(place))
    if not _failed(findings):
        findings += _store(place)
    findings += _channels()
    well = not _failed(findings)
    if not _failed([finding for finding in findings if finding.name == CHANNELS]):
        findings += later_settings.findings(place)
    findings += _secrets(place, sources)
    if well:
        findings += printed.findings(place, sources)
    if well and not offline:
        findings += _sources(place, {name: own for name, own in sources.items() if name not in place.config.lacking})
        findings += reachable(place)
    return findings


def _failed(findings: list[Finding]) -> bool:
    return any(finding.level == "fail" for finding in findings)


def _installation(place: Workplace) -> Iterator[Finding]:
    config = place.config
    yield Finding("configuration", "ok", f"{config.path.name}: {counted(len(config.sources), 'source', 'sources')}")
    if not config.sources:
        yield Finding(
            "sources", "warn", "none is configured", "Add a [sources.NAME] table; `jalon init --source` shows one."
        )
    try:
        yield Finding("installation key", "ok", f"key {place.keyring.id}")
    except JalonError as error:
        yield Finding("installation key", "fail", error.message, error.remedy)
        return
    yield from _modes(config.folder)


def _channels() -> Iterator[Finding]:
    """Name the channels that other distributions add, if there are any."""
    from jalon.normalize.channel_additions import additions

    try:
        found = additions()
    except JalonError as error:
        yield Finding(CHANNELS, "fail", error.message, error.remedy)
        return
    if found:
        yield Finding(CHANNELS, "ok", "added: " + ", ".join(f"{added.rule.channel} ({added.home})" for added in found))


def _modes(folder: Path) -> Iterator[Finding]:
    path = folder / "jalon.key"
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding("key file", "warn", f"{path.name} can be read by others", f"Run `chmod 600 {path.name}`.")


def _secrets(place: Workplace, chosen: Mapping[str, Settings]) -> Iterator[Finding]:
    """Name every secret that cannot be had."""
    for name in chosen:
        for error in place.config.lacking.get(name, ()):
            yield Finding(f"{name}: secret", "fail", error.message, error.remedy)


def _store(place: Workplace) -> Iterator[Finding]:
    try:
        store = place.store
        wrong = store.check()
    except JalonError as error:
        yield Finding("store", "fail", error.message, error.remedy)
        return
    if wrong:
        yield Finding("store", "fail", f"damaged: {wrong[0]}", RESTORE)
    else:
        yield Finding("store", "ok", str(store.folder))
        yield from (_left(source, rows) for source, rows in place.left().items())
        yield from _refused(store)
    yield _facts(store)
    yield from _identity(store.attribution)
    yield _disk(store.folder)
    warning = library_warning()
    yield Finding("sqlite", "ok", warning or sqlite3.sqlite_version)


def _facts(store: Store) -> Finding:
    """Read all facts against their checksums, and see that they are all there."""
    from jalon.store import whole
    from jalon.store.facts import check_facts

    try:
        number = check_facts(store.facts)
        whole.check(store)
        return Finding("facts", "ok", f"{number} files, all whole")
    except JalonError as error:
        return Finding("facts", "fail", error.message, error.remedy)


def _refused(store: Store) -> Iterator[Finding]:
    """Name the sources of which the last that was delivered was refused."""
    from jalon.store import refusals

    with store.read() as db:
        found = refusals.lately(db, time.time())
    for one in found:
        if not one.taken_since:
            count = counted(one.times, "was refused", "were refused")
            detail = f"{count} within a week, none was taken since: {refusals.WHY[one.reason]}"
            yield Finding(f"{one.source}: deliveries", "warn", detail, refusals.REMEDIES[one.reason])


def _left(source: str, rows: int) -> Finding:
    """Say that a source's records count although it is not configured: if it was renamed, they count twice."""
    return Finding(
        "sources",
        "warn",
        f"{source} is not in jalon.toml, and its {counted(rows, 'record counts', 'records count')} on",
        f"Was it only renamed, give it its old name back: what both names tell counts twice. "
        f"`jalon forget-source {source}` removes all of it.",
    )


def _identity(attribution: Path) -> Iterator[Finding]:
    """Say what the last attribution kept from joining persons, and why."""
    from jalon.attribution import card

    try:
        if not card.set_aside(attribution):
            yield Finding("identity", "ok", "no identifier is set aside")
            return
        from jalon.attribution.aside import set_aside

        yield from map(_shared, set_aside(attribution))
    except JalonError as error:
        yield Finding("identity", "fail", error.message, error.remedy)


def _shared(aside: Aside) -> Finding:
    from jalon.attribution.guards import REASONS, SET_ASIDE

    what = f"{aside.identifiers:,} {aside.kind} {'identifier' if aside.identifiers == 1 else 'identifiers'}"
    done = "set aside" if aside.reason in SET_ASIDE else "cut off"
    rightly, setting = SHARED[aside.reason]
    remedy = (
        f"`jalon explain customer:{aside.example}` ({aside.links:,} links) shows what says so: {rightly}; "
        f"if it is one person, raise {setting} in [attribution]."
    )
    return Finding("identity", "warn", f"{' '.join(what.split())} {done}: {REASONS[aside.reason]}", remedy)


def _disk(folder: Path) -> Finding:
    if not os.access(folder, os.W_OK):
        return Finding("disk", "fail", f"{folder} is read-only", "Give it to the user that runs jalon.")
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:,.1f} GB free"
    if free < LITTLE:
        return Finding("disk", "fail", "no space is left", FREE)
    if free < FREE_BYTES:
        return Finding("disk", "warn", detail, "Free some, before writes are refused.")
    return Finding("disk", "ok", detail)


def _sources(place: Workplace, chosen: Mapping[str, Settings]) -> list[Finding]:
    """Ask each platform how the source stands; findings carry the source's name."""
    from jalon.sync import doctor
    from jalon.sync.source import Workshop

    async def work() -> list[list[Finding]]:
        shop = Workshop(place.store, place.keyring, address=place.address)
        return await asyncio.gather(*(doctor.examine(place.source(name), shop) for name in chosen))

    found = zip(chosen, asyncio.run(work()), strict=True)
    return [finding._replace(name=f"{name}: {finding.name}") for name, findings in found for finding in findings]
