"""Whom and which orders a body names: read off its bytes where that is enough, for there are millions of them.

A person stands in it as a pseudonym, `kind:hash`, wherever the platform named one. An order is named by a field that is
called after it, or by a path of its own ('.../Order/17').
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import orjson

_HASHES = re.compile(rb":([0-9a-f]{32})")
_HASHES_IN_ADDRESSES = re.compile(rb"%3A([0-9a-f]{32})")
"""The hash of a `kind:hash` pseudonym. Two patterns, since one that begins with a literal is four times as fast."""
_PSEUDONYM = re.compile(r"[A-Za-z0-9_.-]+(?::|%3A)([0-9a-f]{32})")
_ORDER_FIELD = re.compile(r"orders?(ids?|numbers?|nos?|keys?|names?|ref(erence)?s?)?$")
"""Names of fields, in small letters without `_`, that hold orders or their ids: `order`, `id_order`, `order_ids`."""
_OWN = frozenset(("id", "number", "name", "key", "reference"))
"""Fields of an order within another record that tell which one it is."""
_ITS_ORDER = frozenset(("order", "orderid", "idorder", "ordernumber"))
"""Fields by which a record that is no order says to which one it belongs."""
_FEW = 24
"""Up to so many ids it is faster to look for each first than to take the body apart at once."""


# --- persons ----------------------------------------------------------------------------------------------------------


def hashes(data: bytes) -> set[bytes]:
    """Return the hash (hex) of every pseudonym in some text."""
    found = set(_HASHES.findall(data))
    return found.union(_HASHES_IN_ADDRESSES.findall(data)) if b"%3A" in data else found


def pseudonyms(data: bytes) -> set[str]:
    """Return every pseudonym (`kind:hash`) in some text."""
    return {match[0].replace("%3A", ":") for match in _PSEUDONYM.finditer(data.decode("utf-8", "replace"))}


def cut(body: bytes, doomed: set[bytes]) -> bytes:
    """Return a body without the pseudonyms of these hashes: null where one was the value, empty within a text."""
    gone = {one.decode() for one in doomed}
    try:
        return orjson.dumps(_without(orjson.loads(body), gone))
    except orjson.JSONDecodeError:
        return cut_text(body.decode("utf-8", "replace"), gone).encode()


def _without(value: Any, gone: set[str]) -> Any:
    if isinstance(value, dict):
        return {cut_text(name, gone): _without(inner, gone) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, gone) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _PSEUDONYM.fullmatch(value)
    return None if whole and whole[1] in gone else cut_text(value, gone)


def cut_text(text: str, gone: set[str]) -> str:
    """Return a text without the pseudonyms of these hashes."""
    return _PSEUDONYM.sub(lambda match: "" if match[1] in gone else match[0], text)


# --- orders -----------------------------------------------------------------------------------------------------------


def order_ids(orders: Iterable[str]) -> frozenset[str]:
    """Return order ids without the path that some platforms write before them."""
    return frozenset(order.rsplit("/", 1)[-1] for order in orders)


def names_order(body: bytes, key: str, wanted: frozenset[str]) -> bool:
    """Say whether a record is one of these orders, or names one in a field that is called after an order.

    Ids of small shops are small numbers: a quantity, a product's id or another kind of record's key are none of them.
    """
    if not wanted:
        return False
    if key not in wanted and len(wanted) <= _FEW and not any(one.encode() in body for one in wanted):
        return False
    try:
        return (key in wanted and not _is_of_another(body, wanted)) or not wanted.isdisjoint(named_orders(body))
    except orjson.JSONDecodeError:
        return key in wanted or any(one.encode() in body for one in wanted)


def _is_of_another(body: bytes, wanted: frozenset[str]) -> bool:
    """Say whether a record, such as a credit slip's, tells that it belongs to an order that is none of these."""
    ids = its_order(body)
    return bool(ids) and wanted.isdisjoint(ids)


def its_order(body: bytes) -> list[str]:
    """Return the ids of the order that a record says it belongs to, none as a rule. Raises `orjson.JSONDecodeError`."""
    record = orjson.loads(body) if b"order" in body.lower() else None
    if not isinstance(record, dict):
        return []
    told = [value for name, value in record.items() if _squeezed(name) in _ITS_ORDER]
    return [str(one.get("id") if isinstance(one, dict) else one).rsplit("/", 1)[-1] for one in told if one]


def named_orders(body: bytes) -> list[str]:
    """Return the ids in a body of which a field's name, or their own path ('.../Order/17'), says that they are orders'.

    Raises `orjson.JSONDecodeError`.
    """
    found: list[str] = []
    if b"order" in body.lower():
        _gather_orders(orjson.loads(body), found, is_order=False)
    return found


def _gather_orders(value: Any, found: list[str], *, is_order: bool) -> None:
    """Add the ids of orders to `found`; `is_order`: the value stands in a field that is called after an order."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _gather_orders(inner, found, is_order=_is_of_order(name) or (is_order and name.lower() in _OWN))
    elif isinstance(value, list):
        for inner in value:
            _gather_orders(inner, found, is_order=is_order)
    elif isinstance(value, str) and "/" in value:  # a path says itself whose id it ends with
        *_, whose, last = value.split("/")
        if "order" in whose.lower():
            found.append(last)
    elif is_order:
        found.append(str(value))


@lru_cache(maxsize=4096)
def _is_of_order(name: str) -> bool:
    return _ORDER_FIELD.search(_squeezed(name)) is not None


def _squeezed(name: str) -> str:
    return name.lower().replace("_", "")


def names_source(body: bytes, source: str) -> bool:
    """Say whether the name of a source is the value of a field."""
    return b":" + orjson.dumps(source) in body
