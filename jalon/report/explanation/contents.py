"""The explanation of a content or a creator as text."""

from __future__ import annotations

from collections.abc import Iterator

from jalon.report.explanation.wording import Row, alike, columns, cut, in_money, instant, span, times, weight
from jalon.report.words import count, decimal_text, label, money, plain


def lines(told: Row) -> Iterator[str]:
    """Yield why a content or a creator has its credit, as lines."""
    yield from _head(told)
    yield from _credit(told)
    yield from _estimates(told)
    yield from _traced(told)
    yield from _orders(told)
    yield from _contents(told)
    yield from _touches(told)
    yield from _measures(told)


def _head(told: Row) -> Iterator[str]:
    as_of = f", as known {instant(told['as_of'])}" if told["as_of"] else ""
    yield f"{label(told['kind'])} {plain(told['id'])}{as_of}"
    if told["kind"] == "creator":
        yield f"  {times(told['contents_known'], 'content')} known"
    elif not told["content"]:
        yield "  no source tells more of it than this id"
    for row in told.get("content", ()):
        yield f"  {cut(row['title'], 70) or 'without a title'}"
        maker = f" by {plain(row['creator_id'])}" if row["creator_id"] else ""
        posted = f", posted {instant(row['posted_at'])}" if row["posted_at"] else ""
        yield f"  {row['kind']} on {row['platform']} ({row['surface']}){maker}{posted}"
        yield f"  selling mode {row['selling_mode']}; told by {plain(row['source'])}, inbox row {row['inbox_id']}"


def _credit(told: Row) -> Iterator[str]:
    yield ""
    if not told["credit"]:
        yield "Credit: none, under any model"
        return
    yield "Credit by model (shares: of orders, summed up; interval: how far chance reaches, 90 %)"
    rows = [
        [
            *(row["model"], count(row["orders"]), weight(row["weight"]), in_money(row, "net"), _reach(row)),
            *(in_money(row, name) if row[name] else "" for name in ("modelled", "reversed")),
        ]
        for row in told["credit"]
    ]
    header = ("model", "orders", "shares", "net", "interval", "modelled", "taken back")
    yield from columns(header, rows, (1, 2, 3, 4, 5, 6))


def _reach(row: Row) -> str:
    low, high = (decimal_text(row[name], row["currency"]) for name in ("net_low", "net_high"))
    return f"{low} to {high}"


def _estimates(told: Row) -> Iterator[str]:
    """Say how sure the modelled part is."""
    if not told["estimates"]:
        return
    yield ""
    yield "Of orders without a path, by the counted clicks on its tags (modelled, 90 % interval)"
    for row in told["estimates"]:
        named = f"{plain(row['content_id'])}: " if told["kind"] == "creator" else ""
        yield f"  {named}{row['orders']:.1f} orders ({row['orders_low']:.1f} to {row['orders_high']:.1f})"
        yield from alike(row)


def _traced(told: Row) -> Iterator[str]:
    """Say how many visits that name only their network are likely to have come from it."""
    if not told["traced"]:
        return
    yield ""
    yield "Of visits on journeys that name only their network, by what was counted on the day (modelled, 90 % interval)"
    for row in told["traced"]:
        named = f"{plain(row['content_id'])}: " if told["kind"] == "creator" else ""
        reach = f"{row['steps_low']:.1f} to {row['steps_high']:.1f}"
        by = f"from {plain(row['channel'])}, by {label(row['metric']).lower()}"
        yield f"  {named}{row['steps']:.1f} visits ({reach}) {by}"
        yield from alike(row)


def _orders(told: Row) -> Iterator[str]:
    if not told["orders"]:
        return
    yield ""
    yield f"Orders with most credit under {told['model']}"
    rows = [
        [
            *(cut(row["order_uid"], 40), row["placed_at"][:10], f"{float(row['weight']):.1%}{_interval(row)}"),
            *(in_money(row, "net"), row["basis"]),
        ]
        for row in told["orders"]
    ]
    yield from columns(("order", "placed", "share", "net", "basis"), rows, (2, 3))


def _interval(row: Row) -> str:
    if row["share_low"] is None:
        return ""
    return f" ({row['share_low']:.0%} to {row['share_high']:.0%})"


def _contents(told: Row) -> Iterator[str]:
    if not told.get("contents"):
        return
    yield ""
    yield f"Contents with most credit under {told['model']}"
    rows = [
        [
            *(cut(row["content_id"], 24) or "none named", cut(row["title"], 32), weight(row["weight"])),
            *(in_money(row, "net"), in_money(row, "modelled") if row["modelled"] else ""),
        ]
        for row in told["contents"]
    ]
    yield from columns(("content", "title", "shares", "net", "of it modelled"), rows, (2, 3, 4))


def _touches(told: Row) -> Iterator[str]:
    yield ""
    if not told["touches"]:
        yield "Touchpoints: none is known of any person"
        return
    yield "Touchpoints by stage"
    rows = [
        [
            *(row["stage"], label(row["kind"]).lower(), row["channel"], count(row["touchpoints"])),
            *(count(row["persons"]), row["evidence"], span(row["first_at"], row["last_at"])),
        ]
        for row in told["touches"]
    ]
    yield from columns(("stage", "kind", "channel", "touches", "persons", "known by", "from, to"), rows, (3, 4))


def _measures(told: Row) -> Iterator[str]:
    if not told["measures"]:
        return
    yield ""
    yield "What the platforms count (of no person; never added to revenue)"
    rows = [
        [
            *(row["platform"], label(row["metric"]).lower(), f"per {row['grain']}", _total(row)),
            *(f"{row['final'] / row['rows']:.0%} final", span(row["first"], row["last"])),
        ]
        for row in told["measures"]
    ]
    yield from columns(("platform", "metric", "", "count", "", "days"), rows, (3,))


def _total(row: Row) -> str:
    """Return the sum; of a counter since the beginning, how it stood last; nothing where neither means anything."""
    value = row["newest"] if row["total"] is None else row["total"]
    if value is None:
        return "not to be added"
    return money(decimal_text(value, row["currency"]), row["currency"]) if row["currency"] else count(value)
