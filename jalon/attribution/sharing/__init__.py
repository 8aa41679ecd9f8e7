"""Credit where there is no path: in-app orders shared out over the content that could have led to them.

`share_out` is all that the rest of the engine needs to know. What it gives is a model's opinion and is labelled so; the
part of an order that no content's clicks explain stays unknown.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
import numpy as np
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.sharing.gathering import Facts, gather
from jalon.attribution.sharing.problem import Shares, shares

STAGE, KIND = "consideration", "tag_click"
"""What a modelled touch is taken for: somebody clicked a product's tag in a content."""
DIGITS = 6
"""Of the figures that are told."""
ROWS = {
    "order_uid": "string",
    "source": "string",
    "content_id": "string",
    "share": "float64",
    "low": "float64",
    "high": "float64",
}
CONTENTS = {
    "source": "string",
    "content_id": "string",
    "orders": "float64",
    "orders_low": "float64",
    "orders_high": "float64",
    "alike": "array<string>",
}
MODELLED = {
    "touch_uid": "string",
    "source": "string",
    "platform": "string",
    "channel": "string",
    "stage": "string",
    "kind": "string",
    "content_id": "string",
    "creator_id": "string",
    "orders": "float64",
    "orders_low": "float64",
    "orders_high": "float64",
    "alike": "array<string>",
}


class SharedOut(NamedTuple):
    """`touches`: one row per content that modelled credit goes to. `rows`: order_uid, touch_uid, share, low, high.

    `told`: what was learned; empty where nothing was shared out. See `_told`.
    """

    touches: Table
    rows: Table
    told: dict[str, float]


def share_out(engine: Engine, facts: Facts, unknown: Table) -> SharedOut:
    """Share the orders without a path out over content; both tables are empty where there is nothing to go by."""
    found = gather(engine, facts, unknown)
    given = shares(found) if found is not None else None
    rows = engine.take("shared_rows", given.rows if given else None, ROWS)
    contents = engine.take("shared_contents", given.contents if given else None, CONTENTS)
    touches = engine.keep("modelled", _touches(contents.semi_join(rows, ["source", "content_id"]), facts))
    named = touches.select("source", "content_id", "touch_uid")
    to = rows.join(named, ["source", "content_id"]).select("order_uid", "touch_uid", "share", "low", "high")
    return SharedOut(touches, engine.keep("shared", to), _told(given) if given else {})


def _told(given: Shares) -> dict[str, float]:
    """Return what was learned, for people to read.

    `delay_days`: the mean delay of orders that come by and by after a click; `by_and_by`: which share of those that a
    click brings does; `anyway`: which share of the orders that follow clicks would have come anyway, with its 90 %
    interval; `spread`: how much more the counts vary than chance alone would have them (1: the model fits).
    """
    anyway = given.known.anyway()
    low, high = np.quantile(anyway, [0.05, 0.95])
    figures = {
        "delay_days": given.known.delay.days,
        "by_and_by": given.known.slow.mean(),
        "anyway": anyway.mean(),
        "anyway_low": low,
        "anyway_high": high,
        "spread": given.spread,
    }
    return {name: round(float(value), DIGITS) for name, value in figures.items()}


def _touches(contents: Table, facts: Facts) -> Table:
    """Return the contents as something that credit can go to: with a name, a channel, a creator and a stage."""
    where = facts.sales.group_by("source").agg(platform=facts.sales.platform.max(), channel=facts.sales.channel.max())
    made = facts.contents.group_by("source", "content_id").agg(creator_id=facts.contents.creator_id.max())
    joined = contents.join(where, "source").left_join(made, ["source", "content_id"])
    return joined.select(
        "source", "platform", "channel", "content_id", "creator_id", "orders", "orders_low", "orders_high", "alike",
        touch_uid=joined.source + ":modelled/" + joined.content_id,
        stage=ibis.literal(STAGE),
        kind=ibis.literal(KIND),
    ).select(*MODELLED)  # fmt: skip
