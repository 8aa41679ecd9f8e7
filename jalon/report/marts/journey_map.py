"""The journey map (*cartographie du parcours client*): stages across, channels down, in every stage model."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.presets import PRESETS, in_presets, preset_stages
from jalon.attribution.stages import AFTER_SALES

CELL = ("preset", "stage", "channel", "stage_position")


def cells(engine: Engine, touches: Table, by: tuple[str, ...] = ()) -> Table:
    """Return per cell how many touchpoints and persons were in it, and how many of these went on to a later stage.

    What comes of a sale is no going on (`AFTER_SALES`): a parcel is delivered without its buyer, and sources that tell
    of deliveries, returns or support would look as if their customers went further than those of others. With `by`,
    cells are told apart by these columns of the touchpoints too.
    """
    counted = touches.filter(touches.is_counted)
    kind = ibis.ifelse(counted.kind == "purchase", "purchase", "other")
    onward_at = ibis.ifelse(counted.kind.isin(AFTER_SALES), ibis.null("int64"), counted.occurred_at)
    named = counted.mutate(kind=kind, onward_at=onward_at)
    met = named.group_by("person", "stage", "kind", "channel", *by).agg(
        touchpoints=named.touch_uid.count(), first_at=named.occurred_at.min(), onward_at=named.onward_at.max()
    )
    met = engine.keep("map_met", met)
    return ibis.union(*(_cells_in(engine, met, preset, by) for preset in PRESETS))


def _cells_in(engine: Engine, met: Table, preset: str, by: tuple[str, ...]) -> Table:
    """Count one stage model's cells; `met` has a row per person, canonical stage and channel, and what is in `by`.

    One model after the other: a row per person of all at once would be many. Which it is is data, so that they have
    their SQL in common.
    """
    placed = in_presets(met, preset_stages(engine, preset))
    by_person = placed.group_by("person", *CELL, *by).agg(
        touchpoints=placed.touchpoints.sum(), first_at=placed.first_at.min(), onward_at=placed.onward_at.max()
    )
    by_person = engine.keep("map_by_person", by_person)
    later = _later(by_person.filter(by_person.person.notnull()))
    joined = by_person.left_join(later, ["person", "stage_position"])
    went_on = ibis.coalesce(joined.later_at >= joined.first_at, False)
    counted = joined.group_by(*CELL, *by).agg(
        touchpoints=joined.touchpoints.sum(),
        persons=joined.person.count(),
        persons_onward=went_on.cast("int64").sum(),
    )
    return engine.keep(f"map_{preset}", counted)


def _later(by_person: Table) -> Table:
    """Return (person, stage_position, later_at): when the person last went on to any later stage."""
    last = by_person.group_by("person", "stage_position").agg(onward_at=by_person.onward_at.max())
    after = ibis.window(group_by=last.person, order_by=last.stage_position.desc(), preceding=(None, 1))
    return last.select("person", "stage_position", later_at=last.onward_at.max().over(after))


def credited(engine: Engine, credit: Table, touches: Table, sales: Table) -> Table:
    """Return per cell, model and currency the shares of orders and the net revenue (minor units) credited."""
    where = touches.select(
        "touch_uid", "stage", "channel", kind=ibis.ifelse(touches.kind == "purchase", "purchase", "other")
    )
    rows = credit.join(where, "touch_uid").join(sales.select("order_uid", "is_sale"), "order_uid")
    small = rows.group_by("stage", "kind", "channel", "model", "currency").agg(
        orders=ibis.coalesce(rows.weight.sum(where=rows.is_sale), 0),
        net=rows.net.sum(),
        modelled=ibis.coalesce(rows.net.sum(where=rows.basis == "modelled"), 0),
    )
    small = engine.keep("map_credit", small)
    placed = in_presets(small, preset_stages(engine, *PRESETS))
    return placed.group_by("preset", "stage", "channel", "model", "currency").agg(
        orders=placed.orders.sum().cast("decimal(18, 9)"), net=placed.net.sum(), modelled=placed.modelled.sum()
    )
