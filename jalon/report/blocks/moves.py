"""How people move, for reading."""

from __future__ import annotations

from jalon.report.blocks.block import Row
from jalon.report.blocks.journey_map import HEATS
from jalon.report.language import Language
from jalon.report.moves import arranged


def prepared(told: Row, say: Language) -> Row:
    """Return per stage model what people did next, how long it took, where they stopped."""
    return {"moves": {preset: arranged(preset, one, HEATS, say) for preset, one in told["moves"].items()}}
