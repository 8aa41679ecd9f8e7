"""Between which touchpoints of an order credit has moved since an earlier day: before and after, in money."""

from __future__ import annotations

from collections.abc import Sequence

from jalon.attribution.crediting import UNKNOWN_BECAUSE
from jalon.attribution.explain.tables import Row, Tables

_TOLD = ("occurred_at", "kind", "channel", "content_id")
_Key = tuple[str, str, str]
"""(order, touchpoint or reason, currency)"""


def moves(then: Tables, now: Tables, uids: Sequence[str], model: str) -> list[Row]:
    """Return the touchpoints of orders whose net credit under a model is another, by order and touchpoint.

    `what` is `came` or `went` where only one of the runs credits it, else `changed`. Credit of nobody known has no
    `touch_uid`, and says why in `because`.
    """
    if not uids:
        return []
    before, after = (_credit(tables, uids, model) for tables in (then, now))
    differing = [key for key in {**before, **after} if _net(before.get(key)) != _net(after.get(key))]
    rows = [_row(key, before.get(key), after.get(key)) for key in differing]
    known = [row["touch_uid"] for row in rows if row["touch_uid"]]
    places = {**_places(then, known), **_places(now, known)}
    nowhere = dict.fromkeys(_TOLD)
    told = [{**row, **places.get(row["touch_uid"], nowhere)} for row in rows]
    return sorted(told, key=lambda row: (row["order_uid"], row["touch_uid"] or ""))


def _credit(tables: Tables, uids: Sequence[str], model: str) -> dict[_Key, Row]:
    credit = tables["credit"]
    own = credit.filter(credit.order_uid.isin(uids), credit.model == model)
    names = ("order_uid", "touch_uid", "reason", "basis", "net", "currency")
    found: dict[_Key, Row] = {}
    for row in tables.rows(own, names, "order_uid", "position"):
        key = (row["order_uid"], row["touch_uid"] or row["reason"] or "", row["currency"])
        found[key] = {**row, "net": row["net"] + _net(found.get(key))}
    return found


def _net(row: Row | None) -> int:
    return int(row["net"]) if row else 0


def _row(key: _Key, before: Row | None, after: Row | None) -> Row:
    row = after or before or {}
    return {
        "order_uid": key[0],
        "touch_uid": row["touch_uid"],
        "basis": row["basis"],
        "because": UNKNOWN_BECAUSE[row["reason"]] if row["reason"] else None,
        "currency": key[2],
        "what": "came" if before is None else "went" if after is None else "changed",
        "before": _net(before),
        "after": _net(after),
    }


def _places(tables: Tables, uids: Sequence[str]) -> dict[str, Row]:
    """Return what touchpoints and modelled contents are told by."""
    found: dict[str, Row] = {}
    for name in ("touches", "modelled"):
        held = tables[name]
        columns = [column for column in ("touch_uid", *_TOLD) if column in held.columns]
        for row in tables.rows(held.filter(held.touch_uid.isin(uids)), columns) if uids else ():
            found[row.pop("touch_uid")] = {**dict.fromkeys(_TOLD), **row}
    return found
