"""What `jalon doctor` says of settings that only later commands use: they refuse, or do nothing, tonight or never."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from jalon.connectors.base import Finding
from jalon.errors import JalonError
from jalon.workplace import Workplace

LAST = "models"
"""Looked at after the other keys of [attribution], since the model `custom` needs weights."""
RESTS_ON = {"conversion_values": "conversions"}
"""Key of [attribution] -> the key that must be well for it to be judged."""


def findings(place: Workplace) -> Iterator[Finding]:
    """Yield a finding for each setting with which `attribute`, `report` or `deliver` would go wrong."""
    yield from _attribution(place)
    yield from _targets(place)
    yield from _deliveries(place)


def _attribution(place: Workplace) -> Iterator[Finding]:
    """Give the options one more key at a time, so that each that is wrong is named."""
    from jalon.attribution.options import Options
    from jalon.commands.reporting import told_options

    told = told_options(place)
    good: dict[str, Any] = {}
    for name in sorted(told, key=lambda name: name == LAST):
        if RESTS_ON.get(name, name) not in {*good, name}:
            continue
        try:
            Options(**good, **{name: told[name]})
        except JalonError as error:
            yield Finding(f"[attribution] {name}", "fail", error.message, error.remedy)
        else:
            good[name] = told[name]
    yield from _words(good)


def _words(told: dict[str, Any]) -> Iterator[Finding]:
    """Warn of words in patterns that no touchpoint can ever fit."""
    from jalon.attribution.options import INTENT
    from jalon.normalize.channels import CHANNELS
    from jalon.normalize.vocabulary import Evidence, TouchKind

    known = {"channel": CHANNELS, "kind": get_args(TouchKind), "evidence": get_args(Evidence)}
    known[""] = (*dict.fromkeys((*CHANNELS, *known["kind"], *known["evidence"], *INTENT)),)
    for name in ("lookback", "skip", "intent"):
        for pattern in told.get(name, ()):
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
    from jalon.report.people.wanted import wanted

    try:
        wanted(place.config)
    except JalonError as error:
        key = "file" if place.config.targets.file and not error.message.startswith("[[") else "cells"
        yield Finding(f"[targets] {key}", "fail", error.message, error.remedy)


def _deliveries(place: Workplace) -> Iterator[Finding]:
    from jalon.report.delivery.parcels import chosen_names
    from jalon.report.marts.tables import MARTS

    for name, settings in place.config.deliveries.items():
        try:
            chosen_names(settings.tables, MARTS)
        except JalonError as error:
            yield Finding(f"[deliver.{name}] tables", "fail", error.message, error.remedy)
