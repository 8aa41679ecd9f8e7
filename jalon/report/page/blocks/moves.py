"""How people move, for reading."""

from __future__ import annotations

from jalon.report.figures.moves import arranged
from jalon.report.page.blocks.block import Row
from jalon.report.page.blocks.journey_map import HEATS
from jalon.report.page.charts.flows import Flow, flow
from jalon.report.page.charts.options import Chart
from jalon.report.page.language import Language


def prepared(told: Row, say: Language) -> Row:
    """Return per stage model what people did next, how long it took, where they stopped."""
    moves = {preset: arranged(preset, one, HEATS, say) for preset, one in told["moves"].items()}
    days = say.days(told["card"]["lookback_days"])
    drawn = {preset: _chart(one, told["moves"][preset]["next"], say) for preset, one in moves.items()}
    return {
        "moves": {
            preset: {**one, "says": _says(one, days, say), "chart": drawn[preset]} for preset, one in moves.items()
        }
    }


def _chart(one: Row, following: list[Row], say: Language) -> Chart | None:
    """Return the flow from stages to what came next; None where nobody moved."""
    names = {stage["id"]: say.stage(stage) for stage in one["stages"]}
    flows = [Flow(0, names[row["from_stage"]], names[row["to_stage"]], row["touchpoints"]) for row in following]
    label = say._("Touchpoints by stage to the left, and what followed them to the right")
    return flow(label, flows, others=say._("All others"), most=len(names)) if flows else None


def _says(one: Row, days: str, say: Language) -> str:
    """Return what to read from the moves of one stage model: the way of most people, and where most stop."""
    said = []
    if one["times"]:
        said.append(_way(max(one["times"], key=lambda row: row["persons"]), days, say))
    if one["ended"]:
        most = max(one["ended"], key=lambda row: row["journeys"])
        said.append(
            say._(
                "Of journeys that ended without a sale, the most (%(share)s) got to %(stage)s.",
                share=say.percent(most["share"]),
                stage=most["stage"],
            )
        )
    return " ".join(said)


def _way(row: Row, days: str, say: Language) -> str:
    """Say how many take the way that most persons are on, and how long half of all need, where half get there."""
    told = {
        "persons": say.persons(row["persons"]),
        "start": row["start"],
        "end": row["end"],
        "share": say.percent(row["share_in_window"]),
        "days": days,
    }
    if row["minutes_50"] is None:
        return say._("Of %(persons)s at %(start)s, %(share)s come to %(end)s within %(days)s.", **told)
    return say._(
        "Of %(persons)s at %(start)s, %(share)s come to %(end)s within %(days)s; half of all are there after %(time)s.",
        time=row["after_50"],
        **told,
    )
