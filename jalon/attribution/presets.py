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


def member_of(touches: Table) -> ibis.Value:
    """Return what of `MEMBERS` a row is in that has `stage` and `kind`."""
    repeat = (touches.stage == "loyalty") & (touches.kind == "purchase")
    return ibis.ifelse(repeat, REPEAT, touches.stage)


def stage_in(member: ibis.Value, preset: str) -> ibis.Value:
    """Return the stage of a preset that a member is in; `unknown` for what is none."""
    chosen = [(member.isin(stage.members), stage.id) for stage in PRESETS[preset]]
    return ibis.cases(*chosen, else_=UNKNOWN)


def in_preset(touches: Table, preset: str) -> Table:
    """Add `preset`, `preset_stage` and `stage_position` to rows that have `stage` and `kind`."""
    staged = touches.mutate(preset=ibis.literal(preset), preset_stage=stage_in(member_of(touches), preset))
    return staged.mutate(stage_position=position_in(staged.preset_stage, preset))


def position_in(stage: ibis.Value, preset: str) -> ibis.Value:
    """Return the place of a preset's stage, from 0; what is none of them comes last."""
    places = [(stage == known.id, place) for place, known in enumerate(PRESETS[preset])]
    return ibis.cases(*places, else_=len(PRESETS[preset])).cast("int64")
