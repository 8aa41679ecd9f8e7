"""Stage models that users arrive with: each groups the canonical stages under names of its own."""

from __future__ import annotations

from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution.stages import STAGES, UNKNOWN

REPEAT = "repeat_purchase"
"""The part of loyalty that is a purchase; a preset may have a stage of its own for it."""
MEMBERS = (*STAGES, REPEAT)


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


def in_preset(touches: Table, preset: str) -> Table:
    """Add `preset`, `preset_stage` and `stage_position` to rows that have `stage` and `kind`."""
    stages = PRESETS[preset]
    repeat = (touches.stage == "loyalty") & (touches.kind == "purchase")
    member = ibis.ifelse(repeat, REPEAT, touches.stage)
    chosen = [(member.isin(stage.members), stage.id) for stage in stages]
    places = [(member.isin(stage.members), position) for position, stage in enumerate(stages)]
    return touches.mutate(
        preset=ibis.literal(preset),
        preset_stage=ibis.cases(*chosen, else_=UNKNOWN),
        stage_position=ibis.cases(*places, else_=len(stages)).cast("int64"),
    )
