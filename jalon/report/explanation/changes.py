"""What has changed since an earlier day, as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jalon.attribution.crediting import ORGANIC
from jalon.report.explanation.wording import Row, columns, cut, in_money, instant
from jalon.report.words import label, plain


def lines(told: Row, model: str) -> Iterator[str]:
    """Yield which facts and whose credit have changed, as lines."""
    yield ""
    yield f"What has changed since {instant(told['as_of'])}"
    for name, (before, after) in told["options"].items():
        yield f"  another option: {name} was {before}, is {after}; the runs are not quite comparable"
    yield from _facts(told)
    yield from _moved(told)
    yield from _orders(told, model)
    yield from _touches(told, model)


def _facts(told: Row) -> Iterator[str]:
    if not told["facts"]:
        yield "  no fact about it is new or another"
    for row in told["facts"]:
        seen = f"seen {instant(row['observed_at'])}, inbox row {row['inbox_id']}"
        yield f"  {label(row['kind']).lower()} {cut(row['key'], 50)}: {row['what']}, {seen}"
        for name, (before, after) in row["fields"].items():
            yield f"     {name}: {_value(before)} → {_value(after)}"
    if (more := told["facts_changed"] - len(told["facts"])) > 0:
        yield f"  and {more} more"


def _value(value: Any) -> str:
    return "nothing" if value is None else cut(str(value), 40)


def _moved(told: Row) -> Iterator[str]:
    rows = [
        [
            row["model"],
            *(in_money(row, name) for name in ("before", "after")),
            in_money({**row, "by": row["after"] - row["before"]}, "by"),
        ]
        for row in told["moved"]
    ]
    if rows:
        yield ""
        yield from columns(("credit by model", "then", "now", "difference"), rows, (1, 2, 3))


def _orders(told: Row, model: str) -> Iterator[str]:
    yield ""
    if not told["orders"]:
        whole = " as a whole" if told["touches"] else ""
        yield f"No order's credit has moved{whole} under {model}"
        return
    yield f"Orders whose credit has moved most under {model} ({told['orders_moved']} in all)"
    for row in told["orders"]:
        yield f"  {plain(row['order_uid'])}: {in_money(row, 'before')} → {in_money(row, 'after')}"
        for reason in row["reasons"]:
            yield f"     {reason['because']}"


def _touches(told: Row, model: str) -> Iterator[str]:
    if not told["touches"]:
        return
    yield ""
    yield f"Touchpoints whose credit has moved most under {model} ({told['touches_moved']} in all)"
    for row in told["touches"]:
        yield f"  {_place(row)}: {row['what']}, {in_money(row, 'before')} → {in_money(row, 'after')}"
        named = f"{cut(row['touch_uid'], 50)}, " if row["touch_uid"] else ""
        yield f"     {named}of order {plain(row['order_uid'])}"


def _place(row: Row) -> str:
    """Name a touchpoint by what happened where and when; or the content that is modelled; or why nobody is known."""
    if row["touch_uid"] is None:
        return f"{'nobody' if row['basis'] == ORGANIC else 'unknown'}, {row['because']}"
    if row["basis"] == "modelled":
        return f"content {plain(row['content_id'] or '')} (modelled)"
    return f"{(row['kind'] or '').replace('_', ' ')} on {plain(row['channel'] or '')}, {instant(row['occurred_at'])}"
