"""The tables of a run and the facts beneath them, opened when they are first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import ibis
from ibis.expr.types import Table

from jalon.attribution.card import read_whole
from jalon.attribution.crediting import BILLION
from jalon.attribution.current import newest
from jalon.attribution.engine import Engine
from jalon.attribution.namesakes import NAMED, Numbers, numbers
from jalon.attribution.tracing.parts import parts
from jalon.errors import ConfigError

Row = dict[str, Any]
REVISION = ("version", "observed_at", "inbox_id")
CUTS = ("channel", "stage", "platform", "selling_mode", "content_id", "creator_id", "product_id", "campaign", "kind")
"""What a credited touchpoint is told by."""


class Tables:
    """What one run wrote, and the facts as it knew them. Raises `StoreError` if there was no run."""

    def __init__(self, engine: Engine, facts: Path, folder: Path) -> None:
        self.engine = engine
        self.facts = facts
        self.folder = folder
        self.card = read_whole(folder)

    def __getitem__(self, name: str) -> Table:
        return self.engine.results(self.folder / f"{name}.parquet")

    def fact(self, kind: str, **where: Sequence[str]) -> Table:
        """Return the facts of a kind that hold; with `where`, those that have one of some values in a column.

        Which revision is the newest is asked for these facts alone. Orders are looked for by the numbers that facts
        tell, and named as the run names them (`namesakes`).
        """
        return self.named(kind, _fitting(newest(self.revisions(kind, **where), self.card["as_of"]), where))

    def naming(self, uid: str | None) -> Row | None:
        """Return the touchpoint or identity `source:key` that says whose an order is, with the person that it names."""
        if uid is None:
            return None
        source, _, key = uid.partition(":")
        touched, stated = (self.fact(kind, source=(source,), key=(key,)) for kind in ("touchpoints", "identities"))
        touched = touched.filter(touched.order_id.notnull()).rename(identifier="person")
        for held in (touched, stated.rename(identifier="left")):
            for row in self.rows(held, ("identifier", "evidence", *REVISION)):
                return {"fact": uid, **row}
        return None

    def revisions(self, kind: str, **where: Sequence[str]) -> Table:
        """Return all revisions of the facts of which any had one of some values in a column."""
        held = self.engine.facts(self.facts, kind)
        if not where:
            return held
        return held.semi_join(_fitting(held, where).select("source", "key").distinct(), ["source", "key"])

    def named(self, kind: str, facts: Table) -> Table:
        """Name the orders in facts of a kind as the run names them."""
        return self.numbers.told(kind, facts).select(*facts.columns) if kind in ("orders", *NAMED) else facts

    def numbers_of(self, uids: Iterable[str]) -> list[str]:
        """Return the numbers by which facts tell of orders, sorted."""
        wanted = set(uids)
        told = {uid: number for uid, number in self._numbers_apart if uid in wanted}
        return sorted({told.get(uid, uid.partition(":")[2]) for uid in wanted})

    def uids_of(self, number: str) -> list[str]:
        """Return the orders that one number, with or without its source before it, stands for, where it is several."""
        return [uid for uid, told in self._numbers_apart if number in (told, f"{uid.partition(':')[0]}:{told}")]

    @cached_property
    def _numbers_apart(self) -> list[tuple[str, str]]:
        """Return (order, number) of the orders that share their number with another."""
        orders = self.numbers.orders
        if orders is None:
            return []
        rows = self.rows(orders.filter(orders.order_id != orders.number), ("source", "order_id", "number"), "order_id")
        return [(f"{row['source']}:{row['order_id']}", row["number"]) for row in rows]

    @cached_property
    def numbers(self) -> Numbers:
        """Return which orders the numbers mean that facts tell."""
        return numbers(self.engine, newest(self.engine.facts(self.facts, "orders"), self.card["as_of"]))

    def rows(self, table: Table, names: Sequence[str], *order: Any) -> list[Row]:
        """Return columns of a small table as Python rows, in order."""
        return self.engine.dicts(table.order_by(list(order or names[:1])).select(*names))

    def model(self, name: str | None) -> str:
        """Return the model that is meant. Raises `ConfigError` if the run has not computed it."""
        known: list[str] = self.card["models"]
        if name is not None and name not in known:
            raise ConfigError(
                f"the model {name!r} was not computed",
                f"Computed were {', '.join(known)}. Name it in `models` under [attribution], then `jalon attribute`.",
            )
        return name or known[0]

    @property
    def lookback_days(self) -> float:
        return float(self.card["lookback_days"])

    @cached_property
    def makers(self) -> Table:
        """Return (known_id, title, maker) of every content that a source tells."""
        contents = self.fact("contents")
        return contents.group_by(known_id="content_id").agg(title=contents.title.max(), maker=contents.creator_id.max())

    @cached_property
    def places(self) -> Table:
        """Return what credit can be given to, observed touchpoints and modelled contents: `place_uid`, `CUTS`.

        Where a touchpoint names no creator, the content's is meant.
        """
        modelled = self["modelled"]
        missing = {name: ibis.null("string") for name in CUTS if name not in modelled.columns}
        told = modelled.mutate(**missing).select(*CUTS, place_uid="touch_uid")
        both = self["touches"].select(*CUTS, place_uid="touch_uid").union(told)
        joined = both.left_join(self.makers, both.content_id == self.makers.known_id)
        return joined.mutate(creator_id=ibis.coalesce(joined.creator_id, joined.maker)).drop("known_id", "maker")

    @cached_property
    def credited(self) -> Table:
        """Return the credit rows that belong to somebody, with what they are told by, and with their order.

        Credit of steps that were traced stands there twice: as it is, with no content, and parted by likely contents.
        `low` and `high`, where modelled: the ends of the share of the order.
        """
        credit, sales, shared = self["credit"], self["sales"], self["shared"]
        rows = credit.join(self.places, credit.touch_uid == self.places.place_uid)
        rows = rows.join(sales.select("order_uid", "is_sale", "placed_at", "person"), "order_uid")
        ends = shared.select("order_uid", "touch_uid", "low", "high")
        own = rows.left_join(ends, ["order_uid", "touch_uid"]).drop("order_uid_right", "touch_uid_right")
        return own.union(self._traced(rows).select(*own.columns))

    def _traced(self, rows: Table) -> Table:
        """Return the parts that likely contents have of credit, under what names the estimate."""
        billionths = (rows.weight.cast("float64") * BILLION).round().cast("int64")
        told = parts(rows.drop("title").mutate(points=billionths), self["traced"], ("points", "amount", "net"))
        titled = told.left_join(self.makers, told.content_id == self.makers.known_id)
        weight = rows.weight.type()
        return titled.mutate(
            basis=ibis.literal("modelled"),
            touch_uid=titled.estimate_uid,
            place_uid=titled.estimate_uid,
            creator_id=ibis.coalesce(titled.creator_id, titled.maker),
            weight=(titled.points / BILLION).cast(weight),
            reversed=titled.amount - titled.net,
            **{end: titled.weight.cast("float64") * titled[end] for end in ("low", "high")},
        )


def _fitting(table: Table, where: Mapping[str, Sequence[str]]) -> Table:
    """Return the rows that have one of some values in each of some columns."""
    return table.filter([table[name].isin(tuple(values)) for name, values in where.items()]) if where else table
