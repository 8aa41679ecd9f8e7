"""Conversions beyond the order, as a mart and as figures: counts and values of the user's own, apart from revenue."""

from __future__ import annotations

from typing import Any

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.report.marts.shapes import (
    CHANNEL,
    CONTENT,
    CREATOR,
    CREDITED_TO,
    MODEL,
    NONE,
    PERSON,
    PRODUCT,
    STAGE,
    Column,
    Mart,
)

RPT_CONVERSION_CREDIT = Mart(
    "rpt_conversion_credit",
    "One row per conversion that is no order, model and touchpoint that the model credits: first purchases, sign-ups, "
    "carts, as `conversions` names them. Of each conversion and model the weights sum to 1. Choose one conversion and "
    "one model, then sum; never add it to revenue.",
    ("conversion", "conversion_uid", "model", "step"),
    (
        Column("conversion", "text", "What it is: first_purchase, sign_up, add_to_cart, ..."),
        Column("conversion_uid", "text", "The touchpoint that it is, or the order of a first purchase"),
        Column("converted_at", "instant", "When it happened", "UTC"),
        PERSON,
        MODEL,
        Column("step", "integer", "Place on the journey, from 1; 0: no touchpoint is known", "steps"),
        *CREDITED_TO,
        Column("basis", "text", "observed, modelled, organic or unknown"),
        Column("reason", "text", "Why nobody is credited"),
        Column("weight", "decimal", "Share of the conversion: its count", "of 1"),
        Column("value", "decimal", "Share of what `conversion_values` says it is worth", "no currency"),
        CHANNEL,
        STAGE,
        CONTENT,
        CREATOR,
        PRODUCT,
        Column("campaign", "text", "Campaign of the touchpoint"),
    ),
)


def counted(engine: Engine, mart: Table) -> list[dict[str, Any]]:
    """Return conversions and their value per conversion, model and channel, the most first; None: nobody."""
    found = mart.group_by("conversion", "model", "channel").agg(
        conversions=mart.weight.sum().cast("float64"), value=mart.value.sum().cast("decimal(18, 2)")
    )
    in_order = found.order_by("conversion", "model", ibis.desc("conversions"), "channel")
    return [
        {
            **row,
            "channel": None if row["channel"] == NONE else row["channel"],
            "conversions": round(row["conversions"], 2),
            "value": str(row["value"]),
        }
        for row in engine.dicts(in_order)
    ]
