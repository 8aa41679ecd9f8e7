"""The shop itself: at which address its REST API answers, what is known about it, and what `doctor` looks at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from jalon.connectors.base import Fault, Finding, Request, Session, Skip, Stop
from jalon.connectors.woocommerce import subscriptions
from jalon.connectors.woocommerce.faults import ACTIVE, Closed, Missing, value_of
from jalon.connectors.woocommerce.reading import APART, rows_of
from jalon.connectors.woocommerce.records import site

PRETTY, PLAIN = "pretty", "plain"
"""How the site's addresses are written: `/wp-json/wc/v3/…`, or `/?rest_route=/wc/v3/…` where permalinks are plain."""


def routed(request: Request, route: str) -> Request:
    """Return a request to a REST route as the site takes it."""
    if route == PLAIN:
        return replace(request, path="/", query={"rest_route": request.path, **request.query})
    return replace(request, path=f"/wp-json{request.path}")


async def greet(session: Session, tables: Mapping[str, str]) -> Mapping[str, str]:
    """Return what must be known of the shop; `tables` are rows that its normalizer looks up."""
    route, index = await _index(session)
    currency = value_of(await session.ask(routed(Request("GET", "/wc/v3/data/currencies/current"), route)))
    told = {
        "shop_id": site(str(index.get("url") or session.settings.url)),
        "name": str(index.get("name") or ""),
        "zone": _zone(index),
        "currency": str(currency.get("code") or ""),
        "route": route,
        "refunds": "" if await _names_refunds(session, route) else APART,
        **tables,
    }
    return {name: value for name, value in told.items() if value}


async def _index(session: Session) -> tuple[str, Mapping[str, Any]]:
    """Return how addresses are written here, and the index, which security plugins may hide. Raises `Stop`."""
    for route in (PRETTY, PLAIN):
        try:
            index = value_of(await session.ask(routed(Request("GET", "/"), route)))
        except Missing:
            continue
        except Closed:
            return route, {}
        if not isinstance(index, dict) or "wc/v3" not in index.get("namespaces", ()):
            raise Stop("the site has a REST API, but WooCommerce's is not in it", ACTIVE)
        return route, index
    raise Stop("the site answers neither at /wp-json/ nor at /?rest_route=/", ACTIVE)


async def _names_refunds(session: Session, route: str) -> bool:
    """Say whether orders name their refunds, by the newest of all; so it is believed where nothing tells otherwise.

    Version 9.0 and later list refunds of all orders. Shops were seen to leave them out of orders since:
    https://github.com/woocommerce/woocommerce/issues/65488.
    """
    newest = Request("GET", "/wc/v3/refunds", {"per_page": "1", "orderby": "id", "order": "desc"})
    try:
        for refund in rows_of(await session.ask(routed(newest, route))):
            parent = Request("GET", f"/wc/v3/orders/{int(refund['parent_id'])}")
            order = value_of(await session.ask(routed(parent, route)))
            return any(one["id"] == refund["id"] for one in order["refunds"])
    except (Fault, LookupError, TypeError, ValueError):
        pass
    return True


def _zone(index: Mapping[str, Any]) -> str:
    """Return the site's time zone; one that is set to a mere offset has whole hours or stays unknown."""
    if index.get("timezone_string"):
        return str(index["timezone_string"])
    try:
        hours = float(index.get("gmt_offset") or 0)
    except (TypeError, ValueError):
        return ""
    return f"Etc/GMT{-int(hours):+d}" if hours == int(hours) and hours and abs(hours) <= 12 else ""


# --- doctor ---------------------------------------------------------------------------------------------------------


async def examine(session: Session) -> AsyncIterator[Finding]:
    """Yield what `doctor` finds: the shop, what its key may read, and whether it delivers."""
    account = await greet(session, {})
    where = f"{account['shop_id']} in {account.get('zone', 'an unknown zone')}, {account.get('currency')}"
    yield Finding("shop", "ok", where)
    yield _addresses(account["route"])
    yield _clock(session.settings, account.get("zone", ""))
    for stream in ("orders", "products"):
        yield await _readable(session, stream)
    yield _refunds(account)
    yield await subscriptions.state(session)


def _addresses(route: str) -> Finding:
    if route == PRETTY:
        return Finding("permalinks", "ok", "/wp-json/")
    remedy = "Choose any other form of permalinks under Settings > Permalinks; webhooks and plugins rely on it."
    return Finding("permalinks", "warn", "plain: read through /?rest_route=", remedy)


def _clock(settings: Any, theirs: str) -> Finding:
    ours = settings.timezone
    if "timezone" in settings.model_fields_set and theirs and ours != theirs:
        remedy = f'Set `timezone = "{theirs}"`, so that days here are the days of the shop.'
        return Finding("time zone", "warn", f"the settings say {ours}, the shop {theirs}", remedy)
    if not theirs and "timezone" not in settings.model_fields_set:
        return Finding(
            "time zone", "warn", "the shop does not tell its zone", "Set `timezone`, or days are those of UTC."
        )
    return Finding("time zone", "ok", theirs or ours)


def _refunds(account: Mapping[str, str]) -> Finding:
    if account.get("refunds") != APART:
        return Finding("refunds", "ok", "orders name theirs")
    remedy = "Update WooCommerce, or look which plugin takes them out; until then each order costs a request more."
    return Finding("refunds", "warn", "orders do not name theirs: each is asked for them", remedy)


async def _readable(session: Session, stream: str) -> Finding:
    try:
        await session.ask(Request("GET", f"/wc/v3/{stream}", {"per_page": "1"}))
    except Skip as fault:
        return Finding(stream, "warn", fault.reason)
    except Stop as fault:
        return Finding(stream, "fail" if stream == "orders" else "warn", fault.reason, fault.remedy)
    except Fault as fault:
        return Finding(stream, "warn", fault.reason, "Run `jalon doctor` again.")
    return Finding(stream, "ok", "may be read")
