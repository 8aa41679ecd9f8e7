"""The marts about persons, surveys and targets as data."""

from __future__ import annotations

from jalon.report.marts.shapes import CHANNEL, NONE, PRESET, Column, Mart, stage_key

RPT_SURVEYS = Mart(
    "rpt_surveys",
    "What answers to surveys say, with 90 % intervals: one row per survey, question, measure and choice. Choose one "
    "`question`: the empty one is all of them together.",
    ("survey", "question", "measure", "choice"),
    (
        Column("survey", "text", "ces, csat, nps, win_loss, review or other"),
        Column("question", "text", "The question; empty: all questions of the survey"),
        Column("measure", "text", "ces, csat, nps, rating, win_rate, or share: of the answers that chose `choice`"),
        Column("choice", "text", "The code that was chosen, in small letters; empty: the measure is of all answers"),
        Column("value", "decimal", "The figure; empty: no answer is of the scale", "`unit`"),
        Column("low", "decimal", "Lower end of its 90 % interval; empty: one answer has none", "`unit`"),
        Column("high", "decimal", "Upper end of its 90 % interval", "`unit`"),
        Column("unit", "text", "What the figure is counted in"),
        Column("answers", "integer", "Answers that it rests on", "answers"),
        Column("left_out", "integer", "Answers on a scale that the figure is not defined on: not counted", "answers"),
    ),
)

RPT_STAGE_MEASURES = Mart(
    "rpt_stage_measures",
    "What is measured in each stage: one row per stage, measure and member, with 90 % intervals where chance plays a "
    "part. Where there is no value, `because` says why; it is never zero.",
    ("stage", "measure", "member"),
    (
        Column("stage", "text", "Canonical stage that the measure belongs to", references="dim_stages"),
        Column("measure", "text", "nps, csat, repeat_rate, order_value, ..."),
        Column("member", "text", "Of what, if several: a platform, platform:source, segment or currency; else empty"),
        Column("title", "text", "What people call the measure"),
        Column("value", "decimal", "The figure; empty: `because` says why", "`unit`"),
        Column("low", "decimal", "Lower end of its 90 % interval; empty: counted, or not known", "`unit`"),
        Column("high", "decimal", "Upper end of its 90 % interval", "`unit`"),
        Column("n", "integer", "Persons, orders, answers or counts that it rests on"),
        Column("unit", "text", "of 1, persons, days, points, purchases or an ISO 4217 code"),
        Column("better", "text", "more or less: which way is better; empty: neither"),
        Column("definition", "text", "What is counted, of what"),
        Column("because", "text", "Why there is no value"),
        Column("position", "integer", "Order of the measures, from 0"),
    ),
)

RPT_PURCHASE_MODELS = Mart(
    "rpt_purchase_models",
    "What next purchases and lifetime value rest on: one row per model, currency and parameter. Empty where nothing "
    "could be fitted; rpt_stage_measures says why.",
    ("model", "currency", "parameter"),
    (
        Column("model", "text", "bg_nbd: how often buyers come again; gamma_gamma: what a purchase of theirs is worth"),
        Column("currency", "text", "Of gamma_gamma: the currency; of bg_nbd empty, it is of all"),
        Column("parameter", "text", "r, alpha, a and b; or p, q and gamma"),
        Column("value", "decimal", "By maximum likelihood", "alpha: weeks; gamma: minor units of `currency`"),
        Column("standard_error", "decimal", "How unsure it is", "as `value`"),
        Column("buyers", "integer", "Buyers that it was learnt from", "persons"),
        Column("log_likelihood", "decimal", "Of all of them"),
    ),
)

RPT_PERSONA_MAP = Mart(
    "rpt_persona_map",
    "The journey map of each declared persona: one row per stage model, stage, channel and persona. Choose one "
    "`preset` and one `persona`, then read. Of fewer than five persons nothing is told: a persona of so few has no "
    "row, a cell of so few no counts.",
    ("preset", "stage", "channel", "persona"),
    (
        PRESET,
        Column("stage", "text", "Stage of that model"),
        CHANNEL,
        stage_key(),
        Column("persona", "text", "The persona of jalon.toml", references="dim_personas"),
        Column("stage_position", "integer", "Order of the stages, from 0"),
        Column("touchpoints", "integer", "Touchpoints in the cell; empty: `too_few`", "touchpoints"),
        Column("persons", "integer", "Persons in the cell; empty: `too_few`", "persons"),
        Column(
            "persons_onward",
            "integer",
            "Those of them who were in a later stage afterwards, as in rpt_journey_map; empty: `too_few`",
            "persons",
        ),
        Column("too_few", "boolean", "Fewer than five persons were in the cell: its counts are not told"),
    ),
)

RPT_TARGETS = Mart(
    "rpt_targets",
    "Wanted against lived: one row per target of jalon.toml or its file, beside what was measured.",
    ("preset", "stage", "channel", "measure", "member"),
    (
        PRESET,
        Column("stage", "text", "Stage of that model"),
        Column("channel", "text", f"Channel of the cell; {NONE}: it is a measure of the stage", "", "dim_channels"),
        stage_key(),
        Column("measure", "text", "touchpoints, persons, onward, orders or net of a cell; or a measure of the stage"),
        Column("member", "text", "Of what, where there are several: a model and currency, a platform, ...; else empty"),
        Column("target", "decimal", "What is wanted", "`unit`"),
        Column("lived", "decimal", "What was measured; empty: nothing was", "`unit`"),
        Column("low", "decimal", "Lower end of its 90 % interval; empty: none is told", "`unit`"),
        Column("high", "decimal", "Upper end of its 90 % interval", "`unit`"),
        Column("gap", "decimal", "`lived` less `target`", "`unit`"),
        Column(
            "gap_share",
            "decimal",
            "`gap` as a share of the target's size, with the sign of `gap`; empty: that is zero",
            "of 1",
        ),
        Column("unit", "text", "What both are counted in"),
        Column("better", "text", "more or less: which way is better"),
        Column("is_met", "boolean", "What was measured is as wanted, or better; empty: nothing was measured"),
        Column("is_clear", "boolean", "The interval lies wholly on one side of the target; empty: it has none"),
        Column("position", "integer", "Place in the list of targets, from 0"),
    ),
)
