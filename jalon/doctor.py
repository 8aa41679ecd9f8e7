"""What `jalon doctor` looks at: everything that could make tonight's run fail, with what to do about it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from jalon.connectors.base import Finding, Settings
from jalon.errors import JalonError
from jalon.workplace import Workplace

FREE_BYTES = 1 << 30
"""Below this much free disk, doctor warns."""
FIXED_SQLITE = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""Releases without the WAL-reset fault (docs/decisions/sqlite-writers.md): the first of its line, newest first."""


def examine(place: Workplace, sources: Mapping[str, Settings], *, offline: bool) -> list[Finding]:
    """Return all findings, the installation's first. Never raises for what it finds."""
    findings = list(_installation(place))
    if any(finding.level == "fail" for finding in findings):
        return findings
    findings += _store(place)
    if not offline:
        from jalon.running import examine_sources

        findings += examine_sources(place, sources)
    return findings


def _installation(place: Workplace) -> Iterator[Finding]:
    config = place.config
    yield Finding("configuration", "ok", f"{config.path.name}: {len(config.sources)} sources")
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


def _modes(folder: Path) -> Iterator[Finding]:
    path = folder / "jalon.key"
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding("key file", "warn", f"{path.name} can be read by others", f"Run `chmod 600 {path.name}`.")


def _store(place: Workplace) -> Iterator[Finding]:
    try:
        store = place.store
        wrong = store.check()
    except JalonError as error:
        yield Finding("store", "fail", error.message, error.remedy)
        return
    if wrong:
        yield Finding(
            "store",
            "fail",
            f"damaged: {wrong[0]}",
            "Restore the last backup of the store folder, then run `jalon sync`.",
        )
    else:
        yield Finding("store", "ok", str(store.folder))
    free = shutil.disk_usage(store.folder).free
    level, remedy = ("ok", "") if free > FREE_BYTES else ("warn", "Free some, before writes are refused.")
    yield Finding("disk", level, f"{free / 1e9:,.1f} GB free", remedy)  # type: ignore[arg-type]
    if not os.access(store.folder, os.W_OK):
        yield Finding("store", "fail", f"{store.folder} is read-only", "Give it to the user that runs jalon.")
    yield _sqlite()


def _sqlite() -> Finding:
    """Tell of the SQLite library; an affected one is safe under jalon's own writer lock, others' tools are not."""
    version = sqlite3.sqlite_version_info
    fixed = version >= FIXED_SQLITE[0] or any(version[:2] == line[:2] and version >= line for line in FIXED_SQLITE)
    if fixed:
        return Finding("sqlite", "ok", sqlite3.sqlite_version)
    return Finding(
        "sqlite", "ok", f"{sqlite3.sqlite_version}: has the WAL-reset fault, which jalon's writer lock rules out",
        "Do not write to the store with other tools while jalon runs.",
    )  # fmt: skip
