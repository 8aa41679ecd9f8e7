"""The semantic layer: what orders, credit and touchpoints can be measured by and cut by."""

from __future__ import annotations

from typing import Any


def _semantic(name: str, mart: str, about: str, time: str, parts: dict[str, Any]) -> dict[str, Any]:
    defaults = {"agg_time_dimension": time}
    return {"name": name, "description": about, "model": f"ref('{mart}')", "defaults": defaults, **parts}


def _entities(primary: str, expr: str, **foreign: str) -> list[dict[str, Any]]:
    others = [{"name": name, "type": "foreign", "expr": column} for name, column in foreign.items()]
    return [{"name": primary, "type": "primary", "expr": expr}, *others]


def _dimensions(time: str, *names: str) -> list[dict[str, Any]]:
    day = {"name": time, "type": "time", "type_params": {"time_granularity": "day"}}
    return [day, *({"name": name, "type": "categorical"} for name in names)]


def _sum(name: str, expr: str, about: str) -> dict[str, Any]:
    return {"name": name, "agg": "sum", "expr": expr, "description": about}


SEMANTIC_MODELS = [
    _semantic(
        "orders", "fct_orders", "Orders that are revenue. Amounts: one currency at a time.", "placed_date",
        {
            "entities": _entities("order_uid", "order_uid", person="person", channel="channel"),
            "dimensions": _dimensions("placed_date", "currency", "platform", "selling_mode", "customer"),
            "measures": [
                _sum("order_count", "case when is_sale then 1 else 0 end", "Orders that are revenue"),
                _sum("net_amount", "case when is_sale then net else 0 end", "Net revenue"),
            ],
        },
    ),
    _semantic(
        "attributed_revenue", "fct_attributed_revenue", "Credit. Choose one model and one currency.", "placed_date",
        {
            "entities": _entities(
                "credit", "order_uid || '/' || model || '/' || step",
                order_uid="order_uid", content_id="content_id", creator_id="creator_id", product_id="product_id",
                channel="channel",
            ),
            "dimensions": _dimensions("placed_date", "model", "currency", "basis", "stage", "selling_mode", "campaign"),
            "measures": [
                _sum("credited_amount", "net", "Net revenue credited"),
                _sum("credited_orders", "case when is_sale then weight else 0 end", "Orders credited, in shares"),
            ],
        },
    ),
    _semantic(
        "touchpoints", "fct_touchpoints", "What happened to persons.", "occurred_date",
        {
            "entities": _entities(
                "touch_uid", "touch_uid", person="person", content_id="content_id", creator_id="creator_id",
                product_id="product_id", channel="channel",
            ),
            "dimensions": _dimensions("occurred_date", "kind", "stage", "surface", "selling_mode", "platform"),
            "measures": [_sum("touchpoint_count", "case when is_counted then 1 else 0 end", "Touchpoints")],
        },
    ),
]  # fmt: skip


def _simple(name: str, label: str, measure: str, about: str) -> dict[str, Any]:
    return {
        **{"name": name, "label": label, "description": about},
        **{"type": "simple", "type_params": {"measure": {"name": measure}}},
    }


METRICS = [
    _simple("orders_sold", "Orders", "order_count", "Orders that are revenue."),
    _simple("net_revenue", "Net revenue", "net_amount", "Goods money less refunds; group by currency."),
    _simple("credited_revenue", "Credited revenue", "credited_amount", "Group by model and currency."),
    _simple("credited_order_shares", "Credited orders", "credited_orders", "In shares of orders; group by model."),
    _simple("touchpoints_met", "Touchpoints", "touchpoint_count", "Touchpoints of known and unknown persons."),
    {
        "name": "average_order_value",
        "label": "Average order value",
        "description": "Net revenue per order; group by currency.",
        "type": "ratio",
        "type_params": {"numerator": {"name": "net_revenue"}, "denominator": {"name": "orders_sold"}},
    },
]
