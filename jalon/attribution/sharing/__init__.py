"""Credit where there is no path: in-app orders shared out over the content that could have led to them.

`share_out` is all that the rest of the engine needs to know. What it gives is a model's opinion and is labelled so; the
part of an order that no content's clicks explain stays unknown.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.sharing.problem import shares
from jalon.attribution.sharing.told import Facts, told

STAGE, KIND = "consideration", "tag_click"
"""What a modelled touch is taken for: somebody clicked a product's tag in a content."""
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

    `delay_ratio`: so much less orders come each further day after a click; `spread`: how much more the counts vary than
    chance alone would have them (1: the model fits). Both None where nothing was shared out.
    """

    touches: Table
    rows: Table
    delay_ratio: float | None = None
    spread: float | None = None


def share_out(engine: Engine, facts: Facts, unknown: Table) -> SharedOut:
    """Share the orders without a path out over content; both tables are empty where there is nothing to go by."""
    found = told(engine, facts, unknown)
    given = shares(found) if found is not None else None
    rows = engine.take("shared_rows", given.rows if given else None, ROWS)
    contents = engine.take("shared_contents", given.contents if given else None, CONTENTS)
    touches = engine.keep("modelled", _touches(contents.semi_join(rows, ["source", "content_id"]), facts))
    named = touches.select("source", "content_id", "touch_uid")
    to = rows.join(named, ["source", "content_id"]).select("order_uid", "touch_uid", "share", "low", "high")
    return SharedOut(
        touches, engine.keep("shared", to), given.ratio if given else None, given.spread if given else None
    )


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
