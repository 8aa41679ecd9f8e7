"""Settings that only later commands use, who would refuse them tonight, or with which nothing is read: doctor finds
them, and what reads warns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any, get_args

from jalon.commands.console import Console
from jalon.connectors.base import Finding
from jalon.errors import JalonError, sentences
from jalon.workplace import Workplace

LAST = ("custom", "models")
"""Looked at after the other keys of [attribution], in this order: the model `custom` needs weights, and they it."""
BESIDE = {"custom": {"models": ("custom",)}}
"""Key of [attribution] -> what is settled beside it while it is judged."""
RESTS_ON = {"conversion_values": "conversions"}
"""Key of [attribution] -> the key that must be well for it to be judged."""


def findings(place: Workplace) -> Iterator[Finding]:
    """Yield a finding for each setting with which `attribute`, `report` or `deliver` goes wrong, or nothing is read."""
    yield from _days(place)
    yield from _attribution(place)
    yield from _targets(place)
    yield from _rates(place)
    yield from _deliveries(place)


def warn(console: Console, place: Workplace) -> None:
    """Tell all of them on stderr; nothing that reads is stopped by what only a later command will use."""
    found = [*findings(place)]
    for finding in found:
        console.warn(f"{finding.name}: {sentences(finding.detail, finding.remedy)}")
    if any(finding.level == "fail" for finding in found):
        console.warn("what is read is kept, but `attribute`, `report` or `deliver` will refuse these settings")


def _days(place: Workplace) -> Iterator[Finding]:
    """Warn of a first day that is still to come: what has a date is not read, and nothing else would say why."""
    today = datetime.now(UTC).date()
    for name, settings in place.config.sources.items():
        if settings.since and settings.since > today + timedelta(days=1):
            what = f"{settings.since} is still to come: what is older than that is not read"
            yield Finding(f"[sources.{name}] since", "warn", what, "Correct the day, or this machine's clock.")


def _attribution(place: Workplace) -> Iterator[Finding]:
    """Give the options one more key at a time, so that each that is wrong is named."""
    told_keys = place.config.attribution.model_fields_set
    if not told_keys:
        return
    from jalon.attribution.options import Options
    from jalon.commands.attributing import told_options

    given = {name: value for name, value in told_options(place).items() if name in told_keys}
    good: dict[str, Any] = {}
    for name in sorted(given, key=lambda name: LAST.index(name) if name in LAST else -1):
        if RESTS_ON.get(name, name) not in {*good, name}:
            continue
        try:
            Options(**{**good, **BESIDE.get(name, {}), name: given[name]})
        except JalonError as error:
            yield Finding(f"[attribution] {name}", "fail", error.message, error.remedy)
        else:
            good[name] = given[name]
    yield from _words(good)


def _words(options: dict[str, Any]) -> Iterator[Finding]:
    """Warn of words in patterns that no touchpoint can ever fit."""
    from jalon.attribution.options import INTENT
    from jalon.normalize.channels import CHANNELS
    from jalon.normalize.vocabulary import Evidence, TouchKind

    known = {"channel": CHANNELS, "kind": get_args(TouchKind), "evidence": get_args(Evidence)}
    known[""] = (*dict.fromkeys((*CHANNELS, *known["kind"], *known["evidence"], *INTENT)),)
    for name in ("lookback", "skip", "intent"):
        for pattern in options.get(name, ()):
            for word in pattern.split("+"):
                field, _, value = (part.strip() for part in word.rpartition(":"))
                if field in known and not _fits(value, known[field]):
                    near = get_close_matches(value, known[field], n=1)
                    remedy = f"Did you mean {near[0]!r}?" if near else "docs/attribution.md has the words."
                    what = f"{pattern!r} fits no touchpoint: there is no {field or 'channel or kind'} {value!r}"
                    yield Finding(f"[attribution] {name}", "warn", what, remedy)


def _fits(value: str, known: tuple[str, ...]) -> bool:
    return any(word.startswith(value[:-1]) for word in known) if value.endswith("*") else value in known


def _targets(place: Workplace) -> Iterator[Finding]:
    targets = place.config.targets
    if not targets.cells and targets.file is None:
        return
    from jalon.report.people.wanted import mistakes

    for error in mistakes(place.config):
        key = "file" if targets.file and not error.message.startswith("[[") else "cells"
        yield Finding(f"[targets] {key}", "fail", error.message, error.remedy)


def _rates(place: Workplace) -> Iterator[Finding]:
    if place.config.report.currency is None and place.config.report.rates is None:
        return
    from jalon.report.marts.rates import exchange_of

    try:
        exchange_of(place.config)
    except JalonError as error:
        yield Finding("[report] rates", "fail", error.message, error.remedy)


def _deliveries(place: Workplace) -> Iterator[Finding]:
    if not place.config.deliveries:
        return
    from jalon.report.delivery.parcels import chosen_names
    from jalon.report.marts.tables import MARTS

    for name, settings in place.config.deliveries.items():
        try:
            chosen_names(settings.tables, MARTS)
        except JalonError as error:
            yield Finding(f"[deliver.{name}] tables", "fail", error.message, error.remedy)
