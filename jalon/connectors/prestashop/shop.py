"""The shop itself: what is known about it, which of its resources the key may read, and what `doctor` looks at."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jalon.connectors.base import Fault, Finding, Session, Skip, Stop
from jalon.connectors.prestashop import records
from jalon.connectors.prestashop.reading import as_account, read_tables, rows_of
from jalon.connectors.prestashop.records import Row

BESIDE = {
    "order_histories": "when an order was paid is told by its invoice alone",
    "order_cart_rules": "vouchers for free shipping are taken off the goods",
    "customers": "customers are known by their number alone, and not joined with other shops",
    "combinations": "products are known without their combinations",
}
"""Resource that orders and products do without -> what is missing then."""
STREAMS = {"orders": "orders", "order_slip": "refunds", "products": "products"}
ZONE, CURRENCY = "PS_TIMEZONE", "PS_CURRENCY_DEFAULT"
"""Names in the shop's configuration."""
ONE = re.compile(r"1(\.0*)?", re.ASCII)
TELL = "Set `timezone` to the zone of the shop (International > Localization), such as Europe/Paris."


async def greet(session: Session, rows: Mapping[str, str]) -> Mapping[str, str]:
    """Return what must be known of the shop; `rows` are rows that its normalizer looks up. Raises `Stop`."""
    told_of_it = await _configuration(session)
    zone = told_of_it.get(ZONE, "") if _is_zone(told_of_it.get(ZONE, "")) else None
    if zone is None and "timezone" not in session.settings.model_fields_set:
        raise Stop("the shop writes times without a zone, and does not tell its zone to this key", TELL)
    tables = await read_tables(session)
    granted = [resource for resource in BESIDE if await _refusal(session, resource) is None]
    main = await _default_currency(session, told_of_it.get(CURRENCY, ""))
    told = {
        "shop_id": records.site(session.settings.url, session.settings.shop),
        "zone": zone or "",
        "currency": main or "",
        "may": " ".join(granted) or "nothing beside",
        **as_account(tables),
        **rows,
    }
    return {name: value for name, value in told.items() if value}


async def _configuration(session: Session) -> dict[str, str]:
    """Return zone and currency out of the shop's configuration, where the key may read it; the first of each counts."""
    query = {"display": "[id,name,value]", "filter[name]": f"[{ZONE}|{CURRENCY}]"}
    try:
        found = await rows_of(session, "configurations", query)
    except (Skip, Stop):
        return {}
    return {str(row.get("name")): str(row.get("value")) for row in reversed(found)}


def _is_zone(name: str) -> bool:
    try:
        return bool(name) and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError):
        return False


async def _default_currency(session: Session, said: str) -> str | None:
    """Return the currency in which products are priced: the one with the number that the shop says, or which alone is
    worth one of itself; one that was added without its rate is too.
    """
    rows: list[Row] = await rows_of(session, "currencies", {"display": "[id,iso_code,conversion_rate]"})
    of_number = [row for row in rows if str(row.get("id")) == said]
    main = of_number or [row for row in rows if ONE.fullmatch(str(row.get("conversion_rate")))]
    return str(main[0].get("iso_code")) if len(main) == 1 else None


async def _refusal(session: Session, resource: str) -> Fault | None:
    """Return why a resource cannot be read; None if it can."""
    try:
        await rows_of(session, resource, {"display": "[id]", "limit": "1"})
    except (Skip, Stop) as fault:
        return fault
    return None


def zone_of(session: Session) -> ZoneInfo:
    """Return the zone that the shop's times are written in: as the engine takes it for days. Raises `Stop`."""
    settings = session.settings
    named = "timezone" in settings.model_fields_set
    name = settings.timezone if named else session.account.get("zone") or settings.timezone
    if not _is_zone(name):
        raise Stop(f"{name!r} is no time zone", TELL)
    return ZoneInfo(name)


# --- doctor ---------------------------------------------------------------------------------------------------------


async def examine(session: Session) -> AsyncIterator[Finding]:
    """Yield what `doctor` finds: the shop, its zone, and what its key may read."""
    account = await greet(session, {})
    yield Finding("shop", "ok", f"{account['shop_id']}, priced in {account.get('currency', 'an unknown currency')}")
    yield _clock(session, account.get("zone"))
    for resource, what in {**STREAMS, **BESIDE}.items():
        yield await _readable(session, resource, what)


def _clock(session: Session, theirs: str | None) -> Finding:
    """Compare zones: all times of the shop are read in this one, so that another is a fault of hours."""
    settings = session.settings
    ours = settings.timezone if "timezone" in settings.model_fields_set else theirs
    if theirs and ours != theirs:
        return Finding(
            "time zone", "fail", f"the settings say {ours}, the shop {theirs}", f'Set `timezone = "{theirs}"`.'
        )
    if not theirs:
        remedy = "Compare it with the shop's localization, or let the key read `configurations`."
        return Finding("time zone", "ok", f"{ours}, as the settings say; the shop does not tell. {remedy}")
    return Finding("time zone", "ok", str(ours))


async def _readable(session: Session, resource: str, what: str) -> Finding:
    fault = await _refusal(session, resource)
    if fault is None:
        return Finding(resource, "ok", "may be read")
    level: Literal["fail", "warn"] = "fail" if resource == "orders" else "warn"
    meaning = fault.reason if resource in STREAMS else f"{fault.reason}: {what}"
    return Finding(resource, level, meaning, fault.remedy if isinstance(fault, Stop) else "")
