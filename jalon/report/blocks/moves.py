"""How people move, for reading."""

from __future__ import annotations

from jalon.report.blocks.block import Row
from jalon.report.blocks.journey_map import HEATS
from jalon.report.language import Language
from jalon.report.moves import arranged


def prepared(told: Row, say: Language) -> Row:
    """Return per stage model what people did next, how long it took, where they stopped."""
    moves = {preset: arranged(preset, one, HEATS, say) for preset, one in told["moves"].items()}
    return {"moves": {preset: {**one, "says": _says(one, say)} for preset, one in moves.items()}}


def _says(one: Row, say: Language) -> str:
    """Return what to read from the moves of one stage model: the way of most people, and where most stop."""
    said = []
    if one["times"]:
        way = max(one["times"], key=lambda row: row["persons"])
        said.append(
            say._(
                "Of %(persons)s at %(start)s, %(share)s come to %(end)s in time, half of all after: %(time)s.",
                persons=say.persons(way["persons"]),
                start=way["start"],
                end=way["end"],
                share=say.percent(way["share_in_window"]),
                time=way["after_50"],
            )
        )
    if one["ended"]:
        most = max(one["ended"], key=lambda row: row["journeys"])
        said.append(
            say._(
                "Of journeys that ended without a sale, most (%(share)s) got to %(stage)s.",
                share=say.percent(most["share"]),
                stage=most["stage"],
            )
        )
    return " ".join(said)
