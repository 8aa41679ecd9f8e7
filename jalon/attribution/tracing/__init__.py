"""Touchpoints that name only a network, traced to the content that people are likely to have come from.

`trace` is all that the rest of the engine needs to know. Credit stays with the touchpoint, by channel observed as ever;
what is told here is which content that touchpoint is likely to have come by. It is a model's opinion and labelled so,
and the part that no counted click explains stays unknown.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.crediting import BILLION
from jalon.attribution.engine import Engine
from jalon.attribution.options import Options
from jalon.attribution.sharing.gathering import Facts
from jalon.attribution.tracing.gathering import gather
from jalon.attribution.tracing.naming import Channel, counts, shares, solved

DIGITS = 3
"""Of the figures that are told."""
ROWS = {
    **{"order_uid": "string", "touch_uid": "string", "estimate_uid": "string"},
    **{"source": "string", "content_id": "string", "creator_id": "string"},
    **{"share": "float64", "low": "float64", "high": "float64"},
}
CONTENTS = {
    **{
        "estimate_uid": "string",
        "channel": "string",
        "source": "string",
        "content_id": "string",
        "creator_id": "string",
        "metric": "string",
    },
    **{"steps": "float64", "steps_low": "float64", "steps_high": "float64", "alike": "array<string>"},
}
_COUNTS = {name: kind for name, kind in CONTENTS.items() if name not in ("estimate_uid", "creator_id")}
_SHARES = {
    **{"channel": "string", "day": "int64", "basket": "int64", "source": "string", "content_id": "string"},
    **{"share": "int64", "low": "int64", "high": "int64"},
}


class Traced(NamedTuple):
    """`rows`: `ROWS`, a row per step that was traced and content. `contents`: `CONTENTS`.

    `told`: channel -> `steps` that name no content, how many of them were `traced`, to how many `contents`, and the
    `spread` of the counts (1: the model fits).
    """

    rows: Table
    contents: Table
    told: dict[str, dict[str, float]]


def trace(engine: Engine, facts: Facts, steps: Table, options: Options) -> Traced:
    """Trace the steps that name only a network; tables are empty where there is nothing to go by."""
    if not options.share_out:
        return Traced(engine.take("traced", None, ROWS), engine.take("traced_contents", None, CONTENTS), {})
    found, untold = gather(engine, facts, steps)
    channels = list(solved(found))
    given = engine.take("traced_shares", _joined([shares(each) for each in channels]), _SHARES)
    contents = engine.take("traced_counts", _joined([counts(each) for each in channels]), _COUNTS)
    made = facts.contents.group_by("source", "content_id").agg(creator_id=facts.contents.creator_id.max())
    named = contents.left_join(made, ["source", "content_id"])
    named = engine.keep("traced_contents", named.mutate(estimate_uid=_uid(named)).select(*CONTENTS))
    by_day = [each.name for each in channels if each.by_day]
    untold = untold.mutate(basket=ibis.ifelse(untold.channel.isin(by_day), 0, untold.basket)) if by_day else untold
    joined = untold.join(given, ["channel", "day", "basket"])
    joined = joined.join(named.select("channel", "content_id", "estimate_uid", "creator_id"), ["channel", "content_id"])
    rows = joined.mutate(**{name: joined[name].cast("float64") / BILLION for name in ("share", "low", "high")})
    return Traced(
        engine.keep("traced", rows.select(*ROWS)),
        named,
        {each.name: _figures(each) for each in channels},
    )


def _uid(contents: Table) -> ibis.Value:
    """Return what names a content of a channel among all that steps are traced to."""
    return contents.channel + ":traced/" + contents.content_id


def _joined(tables: list[pa.Table]) -> pa.Table | None:
    return pa.concat_tables(tables) if tables else None


def _figures(channel: Channel) -> dict[str, float]:
    found = channel.solved
    figures = {
        "steps": sum(channel.cells["steps"].to_pylist()),
        "traced": found.drawn.mean.sum(),
        "contents": len(set(found.content)),
        "spread": found.spread,
    }
    return {name: round(float(value), DIGITS) for name, value in figures.items()}
