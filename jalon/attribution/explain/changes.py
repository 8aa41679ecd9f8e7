"""What has changed since an earlier day: facts that are new or restated, and credit that has moved, with the reason.

Two runs are compared, one of them as of the earlier day. What it knew are the revisions that had been observed by then,
so that a fact is new, restated or taken back by comparing what held then with what holds now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ibis.expr.types import Table

from jalon.attribution.explain.currencies import currencies, listed
from jalon.attribution.explain.moves import moves
from jalon.attribution.explain.subjects import Subject
from jalon.attribution.explain.tables import REVISION, Row, Tables

REASONS = {
    "order_new": "the order was not known then",
    "sale_begun": "the order was known then, but no sale yet",
    "sale_ended": "the order is no sale any more",
    "money": "its net is another: refunds, or corrections",
    "steps": "its journey is another: touchpoints came to be known, moved, or were joined with the buyer",
    "effects": "the same journey and money: what the model learnt from all journeys has changed",
}
"""Reason code -> why an order's credit has moved."""
_MOST = 20
"""So many facts are listed, and of each currency so many orders and touchpoints; the counts are of all."""
_HEADER = ("source", "key", *REVISION, "removed")
_KINDS = ("orders", "order_lines", "refunds", "order_contents", "order_links", "touchpoints", "contents", "identities")


class _Runs(NamedTuple):
    """What a run knew then, and what one knows now."""

    then: Tables
    now: Tables


def changes(then: Tables, now: Tables, subject: Subject, model: str) -> Row:
    """Return `as_of` (then), `facts` (new, restated, taken back), `moved` (credit by model) and `orders` (whose credit
    under `model` has moved, and why). Of an order or a customer also `touches` (touchpoints whose credit under `model`
    has moved). Also what options of the two runs differ."""
    runs = _Runs(then, now)
    before, after = (_credit(tables, subject) for tables in runs)
    facts = list(_facts(runs, subject))
    orders = list(_orders(runs, before, after, model))
    touches = moves(then, now, _orders_of_both(runs, subject), model)
    in_order = currencies(now.engine, now["sales"])
    return {
        "as_of": then.card["as_of"],
        "options": _options(then.card, now.card),
        "facts": facts[:_MOST],
        "facts_changed": len(facts),
        "moved": _moved(before, after),
        "orders": listed(orders, _MOST, in_order, _by),
        "orders_moved": len(orders),
        "touches": listed(touches, _MOST, in_order, _by),
        "touches_moved": len(touches),
    }


def _by(row: Row) -> int:
    """Return by how much credit has moved."""
    return abs(int(row["after"] - row["before"]))


def _options(then: Mapping[str, Any], now: Mapping[str, Any]) -> Row:
    """Return the options under which the two runs differ: what was found is no option."""
    found = {"as_of", "rows", "learnt", "sharing", "touches_cut", "identifiers_set_aside"}
    found.add("possible_duplicates")
    return {name: [then.get(name), now[name]] for name in now if name not in found and then.get(name) != now[name]}


# --- credit

Credit = dict[tuple[str, str, str], tuple[int, float]]
"""(model, order, currency) -> net and weight."""


def _credit(tables: Tables, subject: Subject) -> Credit:
    """Return the credit of the subject; of an order or a customer, all that its orders are credited with."""
    rows = _own_credit(tables, subject)
    summed = rows.group_by("model", "order_uid", "currency").agg(
        net=rows.net.sum(), weight=rows.weight.sum().cast("float64")
    )
    rows_of = tables.engine.dicts(summed)
    return {(row["model"], row["order_uid"], row["currency"]): (row["net"], row["weight"]) for row in rows_of}


def _own_credit(tables: Tables, subject: Subject) -> Table:
    if subject.kind in ("content", "creator"):
        return tables.credited.filter(tables.credited[f"{subject.kind}_id"] == subject.id)
    return tables["credit"].filter(lambda t: t.order_uid.isin(_own_orders(tables, subject)))


def _own_orders(tables: Tables, subject: Subject) -> list[str]:
    if subject.kind == "order":
        return [subject.id]
    sales = tables["sales"]
    return [row["order_uid"] for row in tables.rows(sales.filter(sales.person == subject.id), ("order_uid",))]


def _orders_of_both(runs: _Runs, subject: Subject) -> list[str]:
    """Return the orders that are the subject's own in either run; those of a content or creator are not."""
    if subject.kind in ("content", "creator"):
        return []
    return sorted({uid for tables in runs for uid in _own_orders(tables, subject)})


def _moved(before: Credit, after: Credit) -> list[Row]:
    """Return the sums of each model and currency, then and now."""
    sums: dict[tuple[str, str], list[int]] = {}
    for place, credit in enumerate((before, after)):
        for (model, _, currency), (net, _) in credit.items():
            sums.setdefault((model, currency), [0, 0])[place] += net
    return [
        {"model": model, "currency": currency, "before": then, "after": now}
        for (model, currency), (then, now) in sorted(sums.items())
    ]


def _orders(runs: _Runs, before: Credit, after: Credit, model: str) -> Iterator[Row]:
    """Yield the orders whose credit under a model has moved, with the reasons."""
    nothing = (0, 0.0)
    keys = [key for key in sorted({*before, *after}) if key[0] == model]
    keys = [key for key in keys if before.get(key, nothing) != after.get(key, nothing)]
    uids = [uid for _, uid, _ in keys]
    sales, steps = [_sales(tables, uids) for tables in runs], [_steps(tables, uids) for tables in runs]
    for key in keys:
        _, uid, currency = key
        why = _reasons(sales[0].get(uid), sales[1].get(uid), steps[0].get(uid, ()), steps[1].get(uid, ()))
        told = {"order_uid": uid, "currency": currency, "reasons": [{"code": c, "because": REASONS[c]} for c in why]}
        yield {**told, "before": before.get(key, nothing)[0], "after": after.get(key, nothing)[0]}


def _sales(tables: Tables, uids: Sequence[str]) -> dict[str, Row]:
    sales = tables["sales"]
    rows = tables.rows(sales.filter(sales.order_uid.isin(uids)), ("order_uid", "is_sale", "net")) if uids else []
    return {row["order_uid"]: row for row in rows}


def _steps(tables: Tables, uids: Sequence[str]) -> dict[str, list[str]]:
    steps = tables["steps"]
    own = steps.filter(steps.order_uid.isin(uids)) if uids else steps.limit(0)
    found: dict[str, list[str]] = {}
    for row in tables.rows(own, ("order_uid", "touch_uid"), "order_uid", "position"):
        found.setdefault(row["order_uid"], []).append(row["touch_uid"])
    return found


def _reasons(sold: Row | None, sells: Row | None, went: Sequence[str], goes: Sequence[str]) -> list[str]:
    if sold is None:
        return ["order_new"]
    if sells is None or (sold["is_sale"] and not sells["is_sale"]):
        return ["sale_ended"]
    if sells["is_sale"] and not sold["is_sale"]:
        return ["sale_begun"]
    told = [code for code, is_so in (("money", sold["net"] != sells["net"]), ("steps", went != goes)) if is_so]
    return told or ["effects"]


# --- facts


def _facts(runs: _Runs, subject: Subject) -> Iterator[Row]:
    """Yield the facts about the subject that are new, restated or taken back, the latest first."""
    found = [row for kind in _KINDS for row in _changed(runs, kind, _about(runs, kind, subject))]
    yield from sorted(found, key=lambda row: (-row["observed_at"], row["kind"], row["key"]))


def _about(runs: _Runs, kind: str, subject: Subject) -> Table | None:
    """Return all revisions of the facts of a kind that are about the subject."""
    now = runs.now
    if subject.kind in ("content", "creator"):
        if kind not in ("contents", "order_contents", "touchpoints"):
            return None
        return now.revisions(kind, **{f"{subject.kind}_id": (subject.id,)})
    if kind == "identities":
        known = _identifiers(runs, subject)
        held = now.revisions(kind)
        return held.filter(held.left.isin(known) | held.right.isin(known)) if known else None
    if kind == "touchpoints":
        return _touchpoints(runs, subject)
    uids = _orders_of_both(runs, subject)
    if kind == "contents" or not uids:
        return None
    held = now.named(kind, now.revisions(kind, order_id=now.numbers_of(uids)))
    return held.filter((held.source + ":" + held.order_id).isin(uids))


def _touchpoints(runs: _Runs, subject: Subject) -> Table | None:
    """Return what is on the journeys, then or now; of a customer, all that was met under any identifier."""
    uids = _orders_of_both(runs, subject)
    steps = {uid for tables in runs for own in _steps(tables, uids).values() for uid in own}
    held = runs.now.revisions("touchpoints")
    about = (held.source + ":" + held.key).isin(sorted(steps))
    known = _identifiers(runs, subject) if subject.kind == "customer" else []
    return held.filter(about | held.person.isin(known)) if known else held.filter(about) if steps else None


def _identifiers(runs: _Runs, subject: Subject) -> list[str]:
    """Return the identifiers of the customer, or of who placed the order, then and now."""
    found: set[str] = set()
    for tables in runs:
        person = subject.id if subject.kind == "customer" else _buyer(tables, subject.id)
        people = tables["people"]
        own = people.filter((people.person == person) | (people.identifier == person)) if person else people.limit(0)
        found.update(*([row["identifier"]] for row in tables.rows(own, ("identifier",))), [person] if person else [])
    return sorted(found)


def _buyer(tables: Tables, uid: str) -> str | None:
    sales = tables["sales"]
    rows = tables.rows(sales.filter(sales.order_uid == uid), ("person",))
    return rows[0]["person"] if rows else None


def _changed(runs: _Runs, kind: str, revisions: Table | None) -> Iterator[Row]:
    """Yield what holds otherwise than it did then."""
    if revisions is None:
        return
    by_key: dict[tuple[str, str], list[Row]] = {}
    for row in runs.now.engine.dicts(revisions):
        by_key.setdefault((row["source"], row["key"]), []).append(row)
    for (source, key), rows in by_key.items():
        before, after = (_newest(rows, tables.card["as_of"]) for tables in runs)
        if what := _what(before, after):
            last = after or max(rows, key=_age)
            yield {"kind": kind, "key": f"{source}:{key}", "what": what, **{name: last[name] for name in REVISION},
                   "fields": _differing(before, after) if before and after else {}}  # fmt: skip


def _age(row: Row) -> tuple[int, ...]:
    return tuple(row[name] for name in REVISION)


def _newest(rows: Sequence[Row], as_of: int | None) -> Row | None:
    """Return the revision that held at an instant; None where the fact was not known, or taken back."""
    known = [row for row in rows if as_of is None or row["observed_at"] <= as_of]
    newest = max(known, key=_age, default=None)
    return None if newest is None or newest["removed"] else newest


def _what(before: Row | None, after: Row | None) -> str | None:
    if before is None:
        return "new" if after else None
    if after is None:
        return "taken back"
    return "restated" if _differing(before, after) else None


def _differing(before: Row, after: Row) -> dict[str, list[Any]]:
    return {name: [before[name], after[name]] for name in after if name not in _HEADER and before[name] != after[name]}
