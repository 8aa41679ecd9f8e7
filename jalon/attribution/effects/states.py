"""States: what the steps of a Markov chain are told apart by, the channel or something else.

`channel`: the channel. `stage`: the stage of the journey. `stage_channel`: both, as `stage/channel`. `content_group`:
each of the contents that were met most, as `platform/content id`; the others by where they were met, as
`channel/surface`, and what has neither by its channel.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.errors import ConfigError

CHANNEL = "channel"
STATES = (CHANNEL, "stage", "stage_channel", "content_group")
MOST = 50
"""So many contents are states of their own."""


def states(touches: Table, met: Table, state: str) -> Table:
    """Return `touch_uid` and `state` of touchpoints; `met` are the steps of journeys, by which contents are counted.

    Raises `ConfigError` for content groups of touchpoints that tell of no content.
    """
    if state == "stage_channel":
        told = touches.stage + "/" + touches.channel
    elif state == "content_group":
        return _groups(touches, met)
    else:
        told = touches[state]
    return touches.select("touch_uid", state=told)


def _groups(touches: Table, met: Table) -> Table:
    if "content_id" not in touches.columns:
        raise ConfigError(
            "markov_state = 'content_group' asks for content, of which this table tells nothing",
            f"Give one of {', '.join(STATES[:-1])}.",
        )
    named = touches.select(
        "touch_uid",
        content=touches.platform + "/" + touches.content_id,
        place=touches.channel + ibis.coalesce("/" + touches.surface, ""),
    )
    often = named.filter(named.content.notnull()).semi_join(met, "touch_uid").group_by("content").agg(n=ibis._.count())
    most = often.order_by(often.n.desc(), often.content).limit(MOST).select(most="content")
    found = named.left_join(most, named.content == most.most)
    return found.select("touch_uid", state=ibis.coalesce(found.most, found.place))
