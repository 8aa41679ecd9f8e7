"""Reading a PrestaShop shop: what changed in a window, in the order of change.

The webservice tells no total and continues only by an offset, which shifts when an order is changed and leaves the
window. So a window is not continued by an offset but by a key: from the time of change of the last row on, or, where a
whole page was changed within one second (an import, a bulk change of states), by that second and the last row's id.
What is read twice so is known to the inbox. A page with fewer rows than asked is the last one.

A page is a list of ids first; the shop reads their rows one after the other behind that. A row that is changed in
between tells a time behind the window's end, and not where it stood in the list: so places are taken from the others.

`date=1` is needed for filters and sorts by dates; an interval includes both its ends.
https://devdocs.prestashop-project.org/8/webservice/cheat-sheet/
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jalon.connectors.base import Answer, Batch, Record, Request, Session, Wait, Window
from jalon.connectors.local_clock import local_span, next_second
from jalon.connectors.prestashop import records
from jalon.connectors.prestashop.faults import value_of
from jalon.connectors.prestashop.records import Row, Tables, identity, listed, pointer

PAGE = 100
LAST_ID = 2_147_483_647
RESOURCES = {"orders": "orders", "order_slips": "order_slip", "products": "products"}
"""Stream -> name of its resource in the address."""
DISPLAY = {
    "orders": f"[{records.ORDER_FIELDS},order_rows[{records.ROW_FIELDS}]]".replace(" ", ","),
    "order_slips": f"[{records.SLIP_FIELDS}]".replace(" ", ","),
    "products": f"[{records.PRODUCT_FIELDS}]".replace(" ", ","),
}


class Place(NamedTuple):
    """Where the reading of a window stands: from which local time on; with `after`, at that second behind an id."""

    since: str
    after: int | None = None

    def __str__(self) -> str:
        return self.since if self.after is None else f"{self.since}#{self.after}"


def place_of(cursor: str) -> Place:
    """Return the place that a cursor names."""
    since, mark, after = cursor.partition("#")
    return Place(since, int(after) if mark else None)


async def pull(session: Session, window: Window, zone: ZoneInfo) -> AsyncIterator[Batch]:
    """Yield the pages of a window of one of the streams."""
    stream = window.stream.name
    first, last = local_span(window.low.timestamp(), window.high.timestamp(), zone)
    place: Place | None = place_of(window.cursor) if window.cursor else Place(first)
    while place is not None:
        rows = await _page(session, stream, place, last)
        following = _following(place, rows, last)
        batch = await _WHOLE[stream](session, rows, zone)
        yield Batch(batch, str(following) if following else None)
        place = following


async def _page(session: Session, stream: str, place: Place, last: str) -> list[Row]:
    query = {"date": "1", "display": DISPLAY[stream], "limit": f"0,{PAGE}"}
    if place.after is None:
        query |= {"filter[date_upd]": f"[{place.since},{last}]", "sort": "[date_upd_ASC,id_ASC]"}
    else:
        query |= {
            "filter[date_upd]": f"[{place.since},{place.since}]",
            "filter[id]": f"[{place.after + 1},{LAST_ID}]",
            "sort": "[id_ASC]",
        }
    return await rows_of(session, RESOURCES[stream], query)


def _following(place: Place, rows: Sequence[Row], last: str) -> Place | None:
    """Return where the next page begins; None at the end of the window."""
    if len(rows) < PAGE:
        if place.after is None or place.since >= last:
            return None
        return Place(next_second(place.since))
    if place.after is not None:
        return Place(place.since, int(identity(rows[-1])))
    still = [row for row in rows if str(row.get("date_upd")) <= last]
    if not still:
        raise Wait("all rows of a page were changed while it was read")
    second = str(still[-1].get("date_upd"))
    if second == str(still[0].get("date_upd")):
        return Place(second, int(identity(still[-1])))
    if second <= place.since:
        raise Wait("the shop does not sort by the time of change")
    return Place(second)


async def rows_of(session: Session, resource: str, query: Mapping[str, str]) -> list[Row]:
    """Return the rows of a resource. An empty list comes as `[]`, without the name that a full one has."""
    asked = {"output_format": "JSON", **query, **_of_shop(resource, session.settings.shop)}
    return _rows(await session.ask(Request("GET", f"/api/{resource}", asked)))


def _of_shop(resource: str, shop: int | None) -> dict[str, str]:
    """Return what asks for one shop of several. Those that share orders list all of them, whichever is asked."""
    if shop is None:
        return {}
    return {"id_shop": str(shop), **({"filter[id_shop]": f"[{shop}]"} if resource == "orders" else {})}


def _rows(answer: Answer) -> list[Row]:
    value: Any = value_of(answer)
    if value == []:
        return []
    lists = list(value.values()) if isinstance(value, dict) else []
    if len(lists) != 1 or not isinstance(lists[0], list | dict):
        raise Wait("the shop answers with something that is no list")
    rows = listed(lists[0])
    if isinstance(lists[0], list) and len(rows) < len(lists[0]):
        raise Wait("the shop's list holds something that is no object")
    return rows


async def of_ids(session: Session, resource: str, field: str, ids: Iterable[str], display: str) -> list[Row]:
    """Return the rows of a resource whose `field` is one of some ids; nothing is asked for none."""
    wanted = sorted(set(ids), key=int)
    if not wanted:
        return []
    return await rows_of(session, resource, {"display": display, f"filter[{field}]": f"[{'|'.join(wanted)}]"})


# --- whole objects --------------------------------------------------------------------------------------------------


async def _orders(session: Session, rows: Sequence[Row], zone: ZoneInfo) -> list[Record]:
    """Return orders with currency, states, vouchers and customer, read for all of a page at once, where the key may."""
    ids = [identity(row) for row in rows]
    histories = await _beside(session, "order_histories", ids, "[id,id_order,id_order_state,date_add]")
    rules = await _beside(session, "order_cart_rules", ids, "full")  # `deleted` is not known to all versions
    emails = await _emails(session, rows)
    tables = await tables_of(session, _pointed(rows, "id_currency"), _states(rows, histories))
    place = records.site(session.settings.url, session.settings.shop)
    return [
        records.order_record(
            row,
            records.Beside(
                *([row for row in found if pointer(row, "id_order") == number] for found in (histories, rules))
            ),
            emails.get(pointer(row, "id_customer") or ""),
            tables,
            zone,
            place,
        )
        for number, row in zip(ids, rows, strict=True)
    ]


async def _beside(session: Session, resource: str, orders: Sequence[str], display: str) -> list[Row]:
    """Return the rows of a resource that belong to some orders; none where the key may not read it."""
    return await of_ids(session, resource, "id_order", orders, display) if may(session, resource) else []


async def _emails(session: Session, rows: Sequence[Row]) -> dict[str, str]:
    if not may(session, "customers"):
        return {}
    found = await of_ids(session, "customers", "id", _pointed(rows, "id_customer"), "[id,email]")
    return {identity(row): str(row["email"]) for row in found if row.get("email")}


def _pointed(rows: Iterable[Row], name: str) -> set[str]:
    return {found for row in rows if (found := pointer(row, name))}


def _states(rows: Iterable[Row], histories: Iterable[Row]) -> set[str]:
    return _pointed(rows, "current_state") | _pointed(histories, "id_order_state")


async def _slips(session: Session, rows: Sequence[Row], zone: ZoneInfo) -> list[Record]:
    """Return slips with what they need of their orders. A list holds those of all shops, which their orders tell."""
    display = "[id,id_currency,total_products,total_products_wt]"
    found = await of_ids(session, "orders", "id", _pointed(rows, "id_order"), display)
    orders = {identity(row): row for row in found}
    tables = await tables_of(session, _pointed(found, "id_currency"), set())
    mine = [row for row in rows if session.settings.shop is None or pointer(row, "id_order") in orders]
    return [records.slip_record(row, orders.get(pointer(row, "id_order") or ""), tables, zone) for row in mine]


async def _products(session: Session, rows: Sequence[Row], zone: ZoneInfo) -> list[Record]:
    ids = [identity(row) for row in rows]
    found: list[Row] = []
    if may(session, "combinations"):
        found = await of_ids(session, "combinations", "id_product", ids, "[id,id_product,reference,price]")
    return [
        records.product_record(row, [each for each in found if pointer(each, "id_product") == number], zone)
        for number, row in zip(ids, rows, strict=True)
    ]


_WHOLE = {"orders": _orders, "order_slips": _slips, "products": _products}


# --- what orders point to -------------------------------------------------------------------------------------------


def may(session: Session, resource: str) -> bool:
    """Say whether the key may read a resource that orders do without, as far as the greeting learned."""
    granted = session.account.get("may")
    return granted is None or resource in granted.split()


async def tables_of(session: Session, currencies: set[str], states: set[str]) -> Tables:
    """Return currencies and states, as the greeting learned them; asked anew where something new is pointed to."""
    known = tables_in(session.account)
    if currencies <= known.currencies.keys() and states <= known.states.keys():
        return known
    return await read_tables(session)


async def read_tables(session: Session) -> Tables:
    """Ask for all currencies and order states."""
    currencies = await rows_of(session, "currencies", {"display": "[id,iso_code,conversion_rate]"})
    states = await rows_of(session, "order_states", {"display": "[id,paid,logable,template]"})
    return Tables(
        {identity(row): _word(row.get("iso_code")) for row in currencies},
        {identity(row): {**row, "template": records.one_text(row.get("template"))} for row in states},
    )


def tables_in(account: Mapping[str, str]) -> Tables:
    """Return the tables that stand in an account."""
    currencies = dict(pair.split("=") for pair in account.get("currencies", "").split())
    states = {}
    for text in account.get("states", "").split():
        number, paid, logable, template = text.split("/")
        states[number] = {"id": number, "paid": paid, "logable": logable, "template": template}
    return Tables(currencies, states)


def as_account(tables: Tables) -> dict[str, str]:
    """Return the tables as they stand in an account."""
    states = (
        f"{number}/{_flag(row, 'paid')}/{_flag(row, 'logable')}/{_word(row.get('template'))}"
        for number, row in tables.states.items()
    )
    return {
        "currencies": " ".join(f"{number}={code}" for number, code in tables.currencies.items()),
        "states": " ".join(states),
    }


def _flag(row: Row, name: str) -> str:
    return "1" if str(row.get(name)) == "1" else "0"


def _word(template: Any) -> str:
    return "".join(sign for sign in str(template or "") if sign.isalnum() or sign in "_-")
