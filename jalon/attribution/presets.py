"""Stage models that users arrive with: each groups the canonical stages under names of its own."""

from __future__ import annotations

from typing import NamedTuple

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.stages import STAGES, UNKNOWN

REPEAT = "repeat_purchase"
"""The part of loyalty that is a purchase; a preset may have a stage of its own for it."""
MEMBERS = (*STAGES, REPEAT)
PRESET_STAGES = {"member": "string", "preset": "string", "stage": "string", "stage_position": "int64"}


class PresetStage(NamedTuple):
    """A stage of a preset: its names and the canonical stages in it."""

    id: str
    english: str
    french: str
    members: tuple[str, ...]


PRESETS: dict[str, tuple[PresetStage, ...]] = {
    "canonical": (
        PresetStage("awareness", "Awareness", "Prise de conscience", ("awareness",)),
        PresetStage("discovery", "Discovery", "Découverte", ("discovery",)),
        PresetStage("consideration", "Consideration", "Considération", ("consideration",)),
        PresetStage("decision", "Decision", "Décision", ("decision",)),
        PresetStage("purchase", "Purchase", "Achat", ("purchase",)),
        PresetStage("service", "Service", "Service / SAV", ("service",)),
        PresetStage("loyalty", "Loyalty", "Fidélisation", ("loyalty", REPEAT)),
        PresetStage("advocacy", "Advocacy", "Recommandation", ("advocacy",)),
    ),
    "five-phases": (
        PresetStage("discovery", "Discovery", "Découverte", ("awareness", "discovery")),
        PresetStage("consideration", "Consideration", "Considération", ("consideration", "decision")),
        PresetStage("purchase", "Purchase", "Achat", ("purchase", REPEAT)),
        PresetStage("service", "Service", "Service", ("service",)),
        PresetStage("advocacy", "Advocacy", "Recommandation", ("loyalty", "advocacy")),
    ),
    "six-steps": (
        PresetStage("discovery", "Discovery", "Découverte", ("awareness", "discovery")),
        PresetStage("consideration", "Consideration", "Considération", ("consideration",)),
        PresetStage("decision", "Decision", "Décision", ("decision",)),
        PresetStage("purchase", "Purchase", "Achat", ("purchase",)),
        PresetStage("service", "After-sales service", "Service après-vente", ("service",)),
        PresetStage("loyalty", "Loyalty", "Fidélisation", ("loyalty", REPEAT, "advocacy")),
    ),
    "classic": (
        PresetStage("awareness", "Awareness", "Prise de conscience", ("awareness",)),
        PresetStage("discovery", "Discovery", "Découverte", ("discovery", "consideration", "decision")),
        PresetStage("purchase", "Purchase", "Achat", ("purchase", REPEAT)),
        PresetStage("use", "Use", "Utilisation", ("service",)),
        PresetStage("after", "After the purchase", "Post-achat", ("loyalty", "advocacy")),
    ),
    "lifecycle": (
        PresetStage("discovery", "Discovery", "Découverte", ("awareness", "discovery")),
        PresetStage("activation", "Activation", "Activation", ("consideration", "decision")),
        PresetStage("first_purchase", "First purchase", "Premier achat", ("purchase",)),
        PresetStage("repeat_purchase", "Repeat purchase", "Ré-achat", (REPEAT,)),
        PresetStage("loyalty", "Loyalty", "Fidélisation", ("service", "loyalty", "advocacy")),
    ),
}
"""Name -> its stages in order. Every member stands in exactly one stage of each preset."""


def member_of(touches: Table) -> ibis.Value:
    """Return what of `MEMBERS` a row is in that has `stage` and `kind`."""
    repeat = (touches.stage == "loyalty") & (touches.kind == "purchase")
    return ibis.ifelse(repeat, REPEAT, touches.stage)


def preset_stages(engine: Engine, *presets: str) -> Table:
    """Take, as `PRESET_STAGES`, in which stage of some presets each member is; what is none is in the last, unknown."""
    rows = [
        (member, preset, stage.id, place)
        for preset in presets
        for place, stage in enumerate((*PRESETS[preset], PresetStage(UNKNOWN, "", "", (UNKNOWN,))))
        for member in stage.members
    ]
    columns = zip(PRESET_STAGES, zip(*rows, strict=True), strict=True)
    return engine.take("preset_stages", pa.table({name: list(values) for name, values in columns}), PRESET_STAGES)


def in_presets(rows: Table, stages: Table) -> Table:
    """Put rows that have `stage` and `kind` into the `preset_stages` that were taken: once for each preset."""
    member = member_of(rows)
    named = rows.mutate(member=ibis.ifelse(member.isin(MEMBERS), member, UNKNOWN)).drop("stage")
    return named.join(stages, "member").drop("member")
