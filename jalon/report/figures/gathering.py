"""The figures that summary and page show, read from the marts into plain data.

Money is never added over currencies: every figure of money stands beside its currency, in minor units and as decimal
text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import ibis
from ibis.expr.types import Table

from jalon.attribution.card import read_card
from jalon.attribution.crediting import ORGANIC, UNKNOWN_BECAUSE
from jalon.attribution.engine import Engine
from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.models import MODELS
from jalon.attribution.modes import MODES
from jalon.attribution.refunds import WARNINGS
from jalon.attribution.sales import WHY
from jalon.report.figures import detail, recent
from jalon.report.figures.background import NOTHING_MORE, Background, by_source, silent
from jalon.report.figures.journey_map import by_preset, of_personas, of_segments
from jalon.report.figures.measured import counted
from jalon.report.figures.moves import after_sales, moved
from jalon.report.figures.products import lined, products
from jalon.report.marts import conversions, restated
from jalon.report.marts.amounts import booked
from jalon.report.marts.shapes import NONE
from jalon.report.marts.tables import MARTS
from jalon.report.people.told import told_of_people
from jalon.report.shown import not_learnt, shown
from jalon.report.words import decimal_text, moment

Row = dict[str, Any]
TOP = 12
"""How many of a cut are listed."""
RANKED = {"channel": 30, "content": TOP, "creator": TOP}
"""Cut of credit that is listed -> how many of it: of channels all that are usual, since models are compared by them."""
CUSTOMERS = ("new", "returning", "unknown")
BASES = ("observed", "modelled", "unknown")


def figures(marts: Path, attribution: Path, background: Background = NOTHING_MORE) -> Row:
    """Return all figures as JSON-able data. Raises `StoreError` if marts are missing."""
    card = read_card(attribution)
    with DuckDB() as engine:
        tables = {name: engine.results(marts / f"{name}.parquet") for name in MARTS}
        sold = tables["fct_orders"].filter(tables["fct_orders"].is_sale)
        all_booked = booked(tables["fct_orders"])
        currencies = _currencies(engine, tables["fct_orders"])
        last = recent.last_day(engine, sold, tables["dim_accounts"], background)
        return {
            "as_of": None if card["as_of"] is None else moment(card["as_of"]),
            "card": card,
            "models": _model_cards(card),
            "currencies": currencies,
            "period": _period(engine, sold),
            "headline": _revenue(engine, all_booked, (), currencies),
            "converted": _converted(engine, all_booked),
            "by_mode": _by_mode(engine, all_booked, currencies),
            "modes": _modes(engine, sold),
            "recent": recent.moved(engine, sold, tables["fct_refunds"], currencies, last),
            "by_customer": _by_customer(engine, all_booked, currencies),
            "by_platform": _by_platform(engine, all_booked, currencies, background),
            "coverage": _coverage(engine, tables["fct_attributed_revenue"], card, currencies),
            "unknown": _unknown(engine, tables["fct_attributed_revenue"], card, currencies),
            "organic": _organic(engine, tables["fct_attributed_revenue"], currencies),
            "not_learnt": not_learnt(card),
            "not_counted": _not_counted(engine, tables["fct_orders"], currencies),
            **_ranked(engine, tables, currencies),
            "products": products(engine, tables, currencies, TOP),
            "lined": lined(engine, tables["fct_orders"], tables["fct_order_lines"]),
            "beyond": [
                row for cut, most in RANKED.items() for row in detail.rest(engine, tables["rpt_credit"], cut, most)
            ],
            **detail.detailed(engine, tables, currencies, background, last),
            "conversions": conversions.counted(engine, tables["rpt_conversion_credit"]),
            "warnings": _warned(engine, tables["fct_orders"], currencies),
            "refunds_unmatched": _unmatched(engine, tables["fct_refunds"]),
            "map": _map(engine, tables, currencies),
            "segment_maps": of_segments(engine.dicts(tables["rpt_segment_map"])),
            "persona_maps": of_personas(engine.dicts(tables["rpt_persona_map"]), engine.dicts(tables["dim_personas"])),
            "moves": moved(engine, tables),
            "after_sales": after_sales(engine, tables["fct_touchpoints"]),
            **told_of_people(engine, tables),
            "measures": counted(engine, tables["fct_measures"]),
            "without_tag_clicks": _without_tag_clicks(engine, tables["fct_measures"], background),
            "restated": restated.told(engine, tables["rpt_restated"]),
            "sources": _sources(engine, tables["dim_accounts"], background.freshness),
            "gaps": by_source(background.gaps),
            "quarantine": background.quarantine,
        }


def _model_cards(card: Row) -> list[Row]:
    names = ("name", "title", "assumes", "formula", "taken_from")
    return [{name: getattr(MODELS[model], name) for name in names} for model in shown(card)]


def _currencies(engine: Engine, orders: Table) -> list[str]:
    """Return the currencies, the one with most sales first."""
    counted = orders.group_by("currency").agg(sales=orders.is_sale.cast("int64").sum())
    rows = engine.dicts(counted)
    return [row["currency"] for row in sorted(rows, key=lambda row: (-row["sales"], row["currency"]))]


def _with_money(rows: Iterable[Row], currencies: list[str], *names: str) -> list[Row]:
    """Put decimal text beside minor units, and order by currency, then by the first of the amounts."""
    with_money = [
        {**row, **{name: decimal_text(row[f"{name}_minor"], row["currency"]) for name in names}} for row in rows
    ]
    return sorted(with_money, key=lambda row: (currencies.index(row["currency"]), -row[f"{names[0]}_minor"], str(row)))


def _period(engine: Engine, sold: Table) -> Row:
    row = engine.dicts(sold.agg(first=sold.placed_date.min(), last=sold.placed_date.max()))[0]
    return {name: None if day is None else day.isoformat() for name, day in row.items()}


def _revenue(engine: Engine, rows: Table, by: tuple[str, ...], currencies: list[str]) -> list[Row]:
    """Return orders and money per group and currency, with the share of the currency's net.

    `rows` are what was booked: an order that was paid and then cancelled is no order, its money booked and taken back.
    """
    grouped = rows.group_by(*by, "currency").agg(
        orders=rows.order_uid.count(where=rows.is_sale),
        net_minor=rows.net_minor.sum(),
        booked_minor=rows.booked_minor.sum(),
        reversed_minor=rows.reversed_minor.sum(),
        refunded_minor=ibis.coalesce(rows.reversed_minor.sum(where=rows.is_sale), 0),
    )
    found = _with_money(engine.dicts(grouped), currencies, "net", "booked", "reversed")
    return _with_share(found)


def _converted(engine: Engine, rows: Table) -> Row | None:
    """Return what the orders bring in the currency that is converted to, and what of each has no rate; None: none is
    set, or nothing could be converted."""
    known = rows.filter(rows.converted_currency.notnull())
    summed = known.group_by(currency="converted_currency").agg(
        orders=known.order_uid.count(where=known.is_sale), net_minor=known.converted_net_minor.sum()
    )
    found = engine.dicts(summed)
    if not found:
        return None
    unknown = rows.filter(rows.converted_currency.isnull())
    lacking = unknown.group_by("currency").agg(
        orders=unknown.order_uid.count(where=unknown.is_sale), net_minor=unknown.net_minor.sum()
    )
    without = [_told(row) for row in engine.dicts(lacking.order_by("currency"))]
    return {**_told(found[0]), "without_rate": without}


def _told(row: Row) -> Row:
    return {**row, "net": decimal_text(row["net_minor"], row["currency"])}


def _by_platform(engine: Engine, rows: Table, currencies: list[str], background: Background) -> list[Row]:
    """Return revenue per platform, and whether refunds are told; what was taken back is None where nothing tells it."""
    untold = silent(background.gaps, "refunds", _sources_of(engine, rows))
    found = [
        {**row, "refunds_told": row["platform"] not in untold or row["refunded_minor"] != 0}
        for row in _revenue(engine, rows, ("platform",), currencies)
    ]
    unknown = {"reversed": None, "reversed_minor": None}
    return [row if row["refunds_told"] or row["reversed_minor"] else {**row, **unknown} for row in found]


def _sources_of(engine: Engine, rows: Table) -> dict[str, set[str]]:
    """Return which sources tell of each platform."""
    found: dict[str, set[str]] = {}
    for row in engine.dicts(rows.select("platform", "source").distinct()):
        found.setdefault(row["platform"], set()).add(row["source"])
    return found


def _by_mode(engine: Engine, rows: Table, currencies: list[str]) -> list[Row]:
    found = _revenue(engine, rows, ("selling_mode",), currencies)
    return sorted(found, key=lambda row: MODES.index(row["selling_mode"]))


def _without_tag_clicks(engine: Engine, measures: Table, background: Background) -> dict[str, str]:
    said = [gap for gap in background.gaps if gap.said]
    return silent(said, "tag_clicks", _sources_of(engine, measures))


def _modes(engine: Engine, sold: Table) -> list[Row]:
    """Return the orders of each selling mode, over all currencies, with their share."""
    rows = engine.dicts(sold.group_by("selling_mode").agg(orders=sold.order_uid.count()))
    whole = sum(row["orders"] for row in rows)
    shared = [{**row, "share": row["orders"] / whole} for row in rows]
    return sorted(shared, key=lambda row: MODES.index(row["selling_mode"]))


def _with_share(rows: list[Row]) -> list[Row]:
    """Add each row's share of its currency's net; None where the net is not above zero."""
    whole: dict[str, int] = {}
    for row in rows:
        whole[row["currency"]] = whole.get(row["currency"], 0) + row["net_minor"]
    return [
        {**row, "share": row["net_minor"] / whole[row["currency"]] if whole[row["currency"]] > 0 else None}
        for row in rows
    ]


def _one_model(attribution: Table, card: Row) -> Table:
    """Return the rows of one model: what is known is the same for all, but for what one leaves to nobody.

    `in_part`: the order has rows of another basis too, so that it is known so in part only.
    """
    models = sorted(card["models"], key=lambda name: MODELS[name].leaves)
    rows = attribution.filter(attribution.model == models[0])
    marked = rows.mutate(basis=ibis.ifelse(rows.basis == ORGANIC, "observed", rows.basis))
    bases = marked.group_by(whole="order_uid").agg(in_part=marked.basis.nunique() > 1)
    return marked.join(bases, marked.order_uid == bases.whole).drop("whole")


def _coverage(engine: Engine, attribution: Table, card: Row, currencies: list[str]) -> list[Row]:
    rows = _one_model(attribution, card)
    found = rows.group_by("basis", "currency").agg(
        orders=rows.order_uid.nunique(where=rows.is_sale),
        in_part=rows.order_uid.nunique(where=rows.is_sale & rows.in_part),
        net_minor=rows.net_minor.sum(),
    )
    shared = _with_share(_with_money(engine.dicts(_something(found)), currencies, "net"))
    return sorted(shared, key=lambda row: (currencies.index(row["currency"]), BASES.index(row["basis"])))


def _unknown(engine: Engine, attribution: Table, card: Row, currencies: list[str]) -> list[Row]:
    rows = _one_model(attribution, card)
    rows = rows.filter(rows.basis == "unknown")
    found = rows.group_by("reason", "currency").agg(
        orders=rows.order_uid.count(where=rows.is_sale),
        in_part=rows.order_uid.count(where=rows.is_sale & rows.in_part),
        net_minor=rows.net_minor.sum(),
    )
    return [
        {**row, "because": UNKNOWN_BECAUSE[row["reason"]]}
        for row in _with_money(engine.dicts(_something(found)), currencies, "net")
    ]


def _organic(engine: Engine, attribution: Table, currencies: list[str]) -> list[Row]:
    """Return per model that can tell what would have come anyway, and is credited to nobody."""
    rows = attribution.filter(attribution.basis == ORGANIC)
    found = rows.group_by("model", "currency").agg(
        orders=ibis.coalesce(rows.weight.sum(where=rows.is_sale), 0).cast("float64").round(2),
        net_minor=rows.net_minor.sum(),
    )
    return [{**row, "modelled_minor": 0} for row in _with_money(engine.dicts(found), currencies, "net")]


def _something(found: Table) -> Table:
    """Leave out what is of no order and no money: an order that was cancelled leaves such rows."""
    return found.filter((found.orders > 0) | (found.net_minor != 0))


def _by_customer(engine: Engine, rows: Table, currencies: list[str]) -> list[Row]:
    found = _revenue(engine, rows, ("customer",), currencies)
    return sorted(found, key=lambda row: (currencies.index(row["currency"]), CUSTOMERS.index(row["customer"])))


def _warned(engine: Engine, orders: Table, currencies: list[str]) -> list[Row]:
    """Return the sales whose net one should look at, by what is the matter."""
    doubtful = orders.filter(orders.net_warning.notnull())
    found = doubtful.group_by("net_warning", "currency").agg(
        orders=doubtful.order_uid.count(), net_minor=doubtful.net_minor.sum()
    )
    rows = _with_money(engine.dicts(found), currencies, "net")
    return [{**row, "because": WARNINGS[row["net_warning"]]} for row in rows]


def _unmatched(engine: Engine, refunds: Table) -> list[Row]:
    """Return per currency the refunds that come off nothing, since their order is not known."""
    alone = refunds.filter(refunds.order_uid.isnull() & (refunds.state == "succeeded") & (refunds.goods_minor != 0))
    found = alone.group_by("currency").agg(refunds=alone.refund_uid.count(), goods_minor=alone.goods_minor.sum())
    rows = engine.dicts(found.order_by("currency"))
    return [{**row, "goods": decimal_text(row["goods_minor"], row["currency"])} for row in rows]


def _not_counted(engine: Engine, orders: Table, currencies: list[str]) -> list[Row]:
    aside = orders.filter(~orders.is_counted)
    found = aside.group_by("counted_because", "currency").agg(
        orders=aside.order_uid.count(), goods_minor=aside.goods_minor.sum()
    )
    rows = _with_money(engine.dicts(found), currencies, "goods")
    return [{**row, "because": WHY[row["counted_because"]]} for row in rows]


def _ranked(engine: Engine, tables: Mapping[str, Table], currencies: list[str]) -> dict[str, list[Row]]:
    """Return the list of each cut, with what stands beside its rows."""
    credit = tables["rpt_credit"]
    return {
        f"by_{cut}": detail.beside(engine, tables, cut, _top(engine, credit, cut, currencies, most))
        for cut, most in RANKED.items()
    }


def _top(engine: Engine, totals: Table, cut: str, currencies: list[str], most: int) -> list[Row]:
    """Return the first `most` of each model and currency; the row without id is what names none."""
    own = totals.filter(totals.cut == cut)
    ends = [f"{name}{end}" for name in ("orders", "net") for end in ("", "_low", "_high")]
    money = [*(name for name in ends if name.startswith("net")), "modelled"]
    found = own.select(
        "model", "currency", "title", "too_few", "alike", *(f"{name}_minor" for name in money),
        **{name: own[name].cast("float64").round(2) for name in ends if name.startswith("orders")},
        id=own.value.nullif(NONE),
    )  # fmt: skip
    rank = ibis.row_number().over(
        group_by=[found.model, found.currency, found.id.isnull()], order_by=[found.net_minor.desc(), found.id]
    )
    ranked = found.mutate(rank=rank)
    rows = engine.dicts(ranked.filter(ranked["rank"] < most).drop("rank"))
    return _with_money(rows, currencies, *money)


def _map(engine: Engine, tables: Mapping[str, Table], currencies: list[str]) -> Row:
    """Return per stage model its stages, its channels in order, the cells and the credit in them."""
    cells = engine.dicts(tables["rpt_journey_map"])
    credit = _with_money(engine.dicts(tables["rpt_journey_credit"]), currencies, "net", "modelled")
    for row in credit:
        row["orders"] = round(float(row["orders"]), 2)
    return by_preset(cells, credit)


def _sources(engine: Engine, accounts: Table, freshness: Mapping[str, str]) -> list[Row]:
    """Return per source when the newest of its records was observed."""
    known = accounts.filter(accounts.newest_at.notnull())
    found = {row["source"]: row["newest_at"] for row in engine.dicts(known.select("source", "newest_at"))}
    names = sorted(set(found) | set(freshness))
    return [
        {"source": name, "newest": moment(found[name]) if name in found else None, "read_to": freshness.get(name)}
        for name in names
    ]
