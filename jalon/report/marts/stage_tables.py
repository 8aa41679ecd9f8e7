"""The marts about stages as data: the journey map, what people do next, how long it takes, where journeys end."""

from __future__ import annotations

from jalon.report.marts.shapes import CHANNEL, CURRENCY, MODEL, NONE, PRESET, Column, Mart, day, money, stage_key

_CELL = (
    PRESET,
    Column("stage", "text", "Stage of that model"),
    CHANNEL,
    stage_key(),
)
_COUNTS = (
    Column("stage_position", "integer", "Order of the stages, from 0"),
    Column("touchpoints", "integer", "Touchpoints in the cell, of known and unknown persons", "touchpoints"),
    Column("persons", "integer", "Known persons in the cell", "persons"),
    Column(
        "persons_onward",
        "integer",
        "Those of them who were in a later stage then or afterwards, in any channel; deliveries, support, returns, "
        "refunds and surveys are no going on",
        "persons",
    ),
)

SEGMENTS = ("new", "returning", "unknown")
"""Whose touchpoint it was, by what the person had bought before it."""
_SEGMENT = Column("segment", "text", "new: had not bought before; returning: had; unknown: the person is not known")

FCT_JOURNEY_MAP = Mart(
    "fct_journey_map",
    "The journey map by month, segment and persona: one row per stage model, stage, channel and these. Choose one "
    "`preset`. Touchpoints may be added up; persons may not: rpt_journey_map has them. Cells may be of one person: "
    "guard it like the facts.",
    ("preset", "stage", "channel", "month_start", "segment", "persona"),
    (
        *_CELL,
        day("month_start", "First day of the month", "month in UTC"),
        _SEGMENT,
        Column("persona", "text", f"The persona of jalon.toml; {NONE}: none, or not known", references="dim_personas"),
        *_COUNTS,
    ),
)

RPT_JOURNEY_MAP = Mart(
    "rpt_journey_map",
    "The journey map: one row per stage model, stage and channel. Choose one `preset`, then read.",
    ("preset", "stage", "channel"),
    (*_CELL, *_COUNTS),
)

RPT_SEGMENT_MAP = Mart(
    "rpt_segment_map",
    "The journey map of new and of returning customers: one row per stage model, stage, channel and segment. Choose "
    "one `preset` and one `segment`, then read. Who bought meanwhile is a person of both.",
    ("preset", "stage", "channel", "segment"),
    (*_CELL, _SEGMENT, *_COUNTS),
)

RPT_JOURNEY_CREDIT = Mart(
    "rpt_journey_credit",
    "Credit in the cells of the journey map: one row per cell, model and currency. What is unknown lies in no cell.",
    ("preset", "stage", "channel", "model", "currency"),
    (
        *_CELL,
        MODEL,
        CURRENCY,
        Column("orders", "decimal", "Orders credited, in shares of orders", "orders"),
        *money("net", "Net revenue credited, observed and modelled"),
        *money("modelled", "What of it is modelled"),
    ),
)


def _cut(value: str) -> tuple[Column, Column]:
    return (
        Column("cut", "text", "By what: all, channel or selling_mode; cuts overlap, so choose one"),
        Column("value", "text", f"{value}; empty in the cut `all`"),
    )


FCT_STAGE_TRANSITIONS = Mart(
    "fct_stage_transitions",
    "What people do next: one row per stage model, cut, stage and what followed. Choose one `preset` and one `cut`, "
    "then read. Every touchpoint of a known person that has a stage is in one row of each.",
    ("preset", "cut", "value", "from_stage", "to_stage"),
    (
        PRESET,
        *_cut("Channel or selling mode of the touchpoint in `from_stage`"),
        Column("from_stage", "text", "Stage of that model"),
        Column(
            "to_stage",
            "text",
            "Stage of the person's next touchpoint, may be the same; nowhere: none followed in the look-back window; "
            "not_yet: none so far, but the window is not over",
        ),
        stage_key("from_stage_key", "`from_stage`"),
        stage_key("to_stage_key", "`to_stage`"),
        Column("from_position", "integer", "Order of the stages, from 0"),
        Column("to_position", "integer", "Order of the stages, from 0; last: what is no stage"),
        Column("touchpoints", "integer", "Touchpoints in `from_stage` that were followed so", "touchpoints"),
        Column("persons", "integer", "Persons who had such a touchpoint", "persons"),
        Column("persons_from", "integer", "Persons who were in `from_stage`", "persons"),
        Column("share", "decimal", "`persons` of `persons_from`; sums to more than 1 where people came again", "of 1"),
    ),
)

RPT_STAGE_TIMES = Mart(
    "rpt_stage_times",
    "How long the way from a stage to a later one takes, of everybody who was in the one before the other: one row per "
    "stage model and pair. Quartiles and share count people who are still on the way too (Kaplan and Meier).",
    ("preset", "from_stage", "to_stage"),
    (
        PRESET,
        Column("from_stage", "text", "Stage of that model"),
        Column("to_stage", "text", "A later stage of that model"),
        stage_key("from_stage_key", "`from_stage`"),
        stage_key("to_stage_key", "`to_stage`"),
        Column("from_position", "integer", "Order of the stages, from 0"),
        Column("to_position", "integer", "Order of the stages, from 0"),
        Column("persons", "integer", "Persons who were in `from_stage` before they were in `to_stage`", "persons"),
        Column("reached", "integer", "Those of them who have been in `to_stage` since", "persons"),
        *(
            Column(f"minutes_{part}", "integer", f"After so long {part} % are there; empty: not known to be", "minutes")
            for part in (25, 50, 75)
        ),
        Column("share_in_window", "decimal", "Share that gets there within the look-back window", "of 1"),
    ),
)

RPT_DROP_OFFS = Mart(
    "rpt_drop_offs",
    "Where journeys that led to no sale ended: one row per stage model, cut and stage. Choose one `preset` and one "
    "`cut`, then read. `state` tells those that are over from those that may still go on.",
    ("preset", "cut", "value", "stage", "state"),
    (
        PRESET,
        *_cut("Channel of the last touchpoint, or the strongest selling mode met"),
        Column("stage", "text", "The stage nearest to a purchase that the journey got to; unknown: no rule fits"),
        stage_key(),
        Column("state", "text", "over: it has paused for longer than the look-back window; open: it has not"),
        Column("stage_position", "integer", "Order of the stages, from 0"),
        Column("journeys", "integer", "Journeys", "journeys"),
        Column("touchpoints", "integer", "Touchpoints on them", "touchpoints"),
        Column("returned", "integer", "Journeys after which the person was seen again", "journeys"),
    ),
)
