"""The door: what of a record may come in, and in which form. Declared per stream, closed by default.

    ORDER = fields(
        "id status create_time",
        user_id=person("tiktok_user"),
        payment=fields("currency sub_total"),
        line_items=each("id sku_id"),
    )

A field that is not named is dropped before anything is stored. `person` fields are replaced by a keyed hash,
`link` fields lose user-info, fragments and every query parameter that is not about where the visit came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from jalon.added_channels import click_ids
from jalon.connectors.calling_codes import CALLING_CODES
from jalon.identifiers import of_country

Hasher = Callable[[str, str], str | None]
"""(kind of identifier, clear value) -> keyed hash; None where the value names nobody."""

Rule = Callable[[Any, Hasher], Any]
Door = Callable[[Any, Hasher], Any]

MARKS = frozenset(
    {"utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "utm_id", "ref", "variant", "cart_origin"}
)
CLICK_IDS = frozenset(
    {
        "click_id", "ctwa_clid", "epik", "fbclid", "gclid", "igsh", "igshid", "jclid", "li_fat_id", "msclkid", "sccid",
        "sclid", "ttclid", "twclid",
    }
)  # fmt: skip
"""Query parameters that name one click of one person: kept as a keyed hash, which joins and proves the platform. Their
names come in any case (`ScCid`), their values are told apart by it."""
SHARED_IDS = frozenset({"gbraid", "wbraid"})
"""Click ids that stand for many clicks at once: that there was one is kept, and nothing by which to join it."""


def person(kind: str) -> Rule:
    """Replace an identifier of a person by its keyed hash; what is empty, or names nobody, is None.

    Raises `ValueError` for a kind that is no word: under "e-mail" nobody would be found who is an "email" elsewhere.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", kind):
        raise ValueError(f"the kind of identifier {kind!r} must be called by small letters, digits and _")

    def rule(value: Any, hasher: Hasher) -> Any:
        return hasher(kind, str(value)) if value not in (None, "") else None

    return rule


def phone(value: Any, country: Any, hasher: Hasher) -> str | None:
    """Replace a phone number by its keyed hash; `country` (ISO 3166-1) is that of one which tells none."""
    if value in (None, ""):
        return None
    code = CALLING_CODES.get(country.upper(), "") if isinstance(country, str) else ""
    return hasher("phone", of_country(str(value), code))


def link(value: Any, hasher: Hasher) -> Any:
    """Keep of an address its host, path and marks of origin."""
    if not isinstance(value, str) or not value:
        return None
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
        pairs = parse_qsl(parts.query, max_num_fields=100)
    except ValueError:
        return None
    kept = [mark for name, given in pairs if (mark := _mark(name, given, hasher)) is not None]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(kept), ""))


def _mark(name: str, value: str, hasher: Hasher) -> tuple[str, str] | None:
    """Return a query parameter as it may come in; None: not at all."""
    if name in MARKS:
        return name, value
    folded = name.lower()
    if folded in CLICK_IDS or folded in click_ids():
        hashed = hasher(folded, value)
        return None if hashed is None else (folded, hashed)
    return (folded, "1") if folded in SHARED_IDS else None


def fields(names: str, /, **rules: Rule) -> Door:
    """Keep the named fields of an object as they are, and those with a rule by their rule."""
    kept = tuple(names.split())
    ruled = tuple(rules.items())

    def door(value: Any, hasher: Hasher) -> Any:
        if not isinstance(value, dict):
            return None
        out = {name: value[name] for name in kept if name in value}
        for name, rule in ruled:
            if name in value:
                out[name] = rule(value[name], hasher)
        return out

    return door


def each(rule: Rule | str, /, **rules: Rule) -> Rule:
    """Apply a rule, or `fields(...)`, to each element of a list."""
    inner = fields(rule, **rules) if isinstance(rule, str) else rule

    def door(value: Any, hasher: Hasher) -> Any:
        return (
            [inner(item, hasher) for item in value]
            if isinstance(value, Iterable) and not isinstance(value, str | dict)
            else None
        )

    return door
