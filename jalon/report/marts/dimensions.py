"""Making the dimensions: what is told of each member, and a row for every member that a mart names.

Facts name contents, products, creators and persons that no source tells of (yet). Each such key gets a row that says so
(`is_told`), and what names nothing points to the member `NONE`; so no join of a mart with a dimension loses a row.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.models import MODELS
from jalon.attribution.presets import PRESETS, PresetStage
from jalon.attribution.stages import UNKNOWN
from jalon.attribution.transitions import ENDS
from jalon.report.marts.base import Account, Base, Maker, with_amounts
from jalon.report.marts.channel_places import all_in_order, place
from jalon.report.marts.shapes import NONE, Column, Mart
from jalon.report.marts.tables import MARTS
from jalon.report.marts.taken import taken
from jalon.report.people.persona_marts import dim_personas
from jalon.report.words import label

NO_RULE = PresetStage(UNKNOWN, "No rule fits", "Sans étape", ())
NO_STAGE = PresetStage(NONE, "None: nobody is credited", "Aucune : personne n'est crédité", ())


def members(base: Base, dimension: Mart, *further: Table) -> Table:
    """Return and keep, as column `member`, every key of a dimension that a mart made so far refers to, and further."""
    named = [
        base.mart(mart.name).select(member=column.name).distinct()
        for mart in MARTS.values()
        for column in mart.foreign_keys
        if column.references == dimension.name
    ]
    return base.engine.keep("members", ibis.union(*named, *further, distinct=True))


def with_members(base: Base, dimension: Mart, stated: Table) -> Table:
    """Add the members that are named and not told of, and `NONE`; what is not known of them is empty, or False."""
    stated = stated.select(*dimension.names)
    none = base.engine.take(f"none_{dimension.name}", pa.table({"member": [NONE]}), {"member": "string"})
    named = members(base, dimension, none)
    untold = named.anti_join(stated, named.member == stated[dimension.key])
    rest = {each.name: _nothing(each, stated) for each in dimension.columns if each.name != dimension.key}
    return stated.union(untold.select(**{dimension.key: untold.member}, **rest).select(*dimension.names))


def _nothing(column: Column, table: Table) -> ibis.Value:
    dtype = table.schema()[column.name]
    return ibis.literal(False) if column.type == "boolean" else ibis.null(dtype)


def _customers(base: Base) -> Table:
    """Return all known persons."""
    found = base.customers.table.mutate(is_told=ibis.literal(True))
    exact = {"next_purchase_score": "decimal(10, 9)", "expected_purchases": "decimal(18, 4)"}
    return found.mutate(**{name: found[name].cast(kind) for name, kind in exact.items()})


def _content(base: Base) -> Table:
    """Return each content by the newest record of it; title and creator by any that tells them."""
    contents, tags = base.told["contents"], base.told["content_tags"]
    own = ibis.window(group_by=contents.content_id)
    ranked = contents.mutate(
        rank=ibis.row_number().over(
            group_by=contents.content_id, order_by=[contents.observed_at.desc(), contents.source, contents.key]
        ),
        told_by=contents.key.count().over(own),
        title=contents.title.max().over(own),
        creator_id=contents.creator_id.max().over(own),
        is_told=ibis.literal(True),
    )
    tagged = tags.group_by(tagged="content_id").agg(products=tags.product_id.nunique())
    joined = ranked.filter(ranked["rank"] == 0).left_join(tagged, ranked.content_id == tagged.tagged)
    return joined.mutate(products=ibis.coalesce(joined.products, 0))


def _creators(base: Base) -> Table:
    contents = base.told["contents"]
    made = contents.filter(contents.creator_id.notnull())
    return made.group_by("creator_id").agg(
        platform=made.platform.min(),
        contents=made.content_id.nunique(),
        first_posted_at=made.posted_at.min(),
        last_posted_at=made.posted_at.max(),
        is_told=ibis.literal(True),
    )


def _products(base: Base) -> Table:
    """Return products, their variants summed up; prices where all are in one currency."""
    variants = base.told["products"]
    found = variants.group_by("product_id").agg(
        source=variants.source.min(),
        platform=variants.platform.min(),
        title=variants.title.min(),
        sku=_only(variants.sku),
        status=_only(variants.status),
        variants=variants.variant_id.nunique(),
        currency=_only(variants.currency),
        price_low=variants.price.min(),
        price_high=variants.price.max(),
        is_told=ibis.literal(True),
        observed_at=variants.observed_at.max(),
    )
    prices = {
        name: ibis.ifelse(found.currency.notnull(), found[name], ibis.null("int64"))
        for name in ("price_low", "price_high")
    }
    return with_amounts(base, found.mutate(**prices), prices)


def _only(column: ibis.Value) -> ibis.Value:
    """Return the one value of a group; null where there are several."""
    return ibis.ifelse(column.min() == column.max(), column.min(), ibis.null("string"))


def _accounts(base: Base) -> Table:
    """Return the sources that jalon.toml names or records come from, each with its newest record."""
    tables = [base.made["sales"], base.made["touches"], *(base.told[kind] for kind in ("contents", "measures"))]
    seen = ibis.union(*(table.select("source", "platform", "observed_at") for table in tables))
    newest = seen.group_by("source").agg(platform=seen.platform.min(), newest_at=seen.observed_at.max())
    names = sorted(base.known.accounts)
    rows = pa.table(
        {"name": pa.array(names, pa.string()), **_columns((base.known.accounts[name] for name in names), Account)}
    )
    accounts = base.engine.take("accounts", rows, dict.fromkeys(("name", *Account._fields), "string"))
    both = newest.outer_join(accounts, newest.source == accounts.name)
    return both.mutate(source=ibis.coalesce(both.source, both.name), is_configured=both.name.notnull())


def _columns(rows: Iterable[tuple[Any, ...]], kind: type[Account]) -> dict[str, pa.Array]:
    given = list(rows)
    return {name: pa.array([row[n] for row in given], pa.string()) for n, name in enumerate(kind._fields)}


def _channels(base: Base) -> Table:
    met = {row["member"] for row in base.engine.dicts(members(base, MARTS["dim_channels"]))} - {NONE}
    rows = [
        {"channel": name, "title": label(name, base.known.names), "channel_group": place(name)[0][2:], "position": at}
        for at, name in enumerate(all_in_order(met))
    ]
    return taken(base.engine, MARTS["dim_channels"], rows)


def _stages(base: Base) -> Table:
    rows = [
        {
            "stage_key": stage.id if preset == "canonical" else f"{preset}/{stage.id}",
            "preset": preset,
            "stage": stage.id,
            "title_en": stage.english,
            "title_fr": stage.french,
            "position": min(at, len(stages)),
            "is_stage": at < len(stages),
        }
        for preset, stages in PRESETS.items()
        for at, stage in enumerate((*stages, NO_RULE, *ENDS, *([NO_STAGE] if preset == "canonical" else [])))
    ]
    return taken(base.engine, MARTS["dim_stages"], rows)


def _models(base: Base) -> Table:
    rows = [
        {
            **{"model": model.name, "title": model.title, "assumes": model.assumes, "formula": model.formula},
            **{"taken_from": model.taken_from, "learns": model.learns, "is_computed": model.name in base.models},
        }
        for model in MODELS.values()
    ]
    return taken(base.engine, MARTS["dim_models"], rows)


def _dates(base: Base) -> Table:
    """Return every day of the years that any mart names a day of."""
    named = members(base, MARTS["dim_dates"])
    (ends,) = base.engine.dicts(named.agg(first=named.member.min(), last=named.member.max()))
    if ends["first"] is None:
        return taken(base.engine, MARTS["dim_dates"], [])
    first, last = date(ends["first"].year, 1, 1), date(ends["last"].year, 12, 31)
    days = [_day(first + timedelta(days=n)) for n in range((last - first).days + 1)]
    return taken(base.engine, MARTS["dim_dates"], days)


def _day(day: date) -> dict[str, Any]:
    iso = day.isocalendar()
    return {
        "date_day": day,
        "calendar_year": day.year,
        "quarter_number": (day.month + 2) // 3,
        "month_number": day.month,
        "month_start": day.replace(day=1),
        "iso_year": iso.year,
        "iso_week": iso.week,
        "week_start": day - timedelta(days=iso.weekday - 1),
        "weekday_number": iso.weekday,
        "is_weekend": iso.weekday > 5,
    }


DIMENSIONS: dict[str, Maker] = {
    "dim_customers": _customers,
    "dim_personas": dim_personas,
    "dim_content": _content,
    "dim_creators": _creators,
    "dim_products": _products,
    "dim_accounts": _accounts,
    "dim_channels": _channels,
    "dim_stages": _stages,
    "dim_models": _models,
    "dim_dates": _dates,
}
"""Name of a dimension -> what makes what is told of its members."""
WHOLE = ("dim_stages", "dim_models", "dim_dates")
"""Dimensions that have all their members by themselves."""
