"""One run of the attribution engine: facts in, tables out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from ibis.expr.types import Table

from jalon.attribution import drop_offs, journeys, modes, stage_times, touches, transitions
from jalon.attribution.card import FORM, write_card
from jalon.attribution.codes import BEFORE
from jalon.attribution.conversions import converted
from jalon.attribution.crediting import credit
from jalon.attribution.current import current
from jalon.attribution.echoes import told_once
from jalon.attribution.engine import Engine
from jalon.attribution.engines import opened
from jalon.attribution.learning import learn_within
from jalon.attribution.namesakes import numbers
from jalon.attribution.options import Options
from jalon.attribution.persons import claims, links, people, with_buyers
from jalon.attribution.publish import published
from jalon.attribution.sales import sales
from jalon.attribution.sharing.gathering import Facts
from jalon.attribution.stages import RULES, read_rules, with_stage
from jalon.attribution.tally import Counted, tally
from jalon.attribution.tracing import trace
from jalon.attribution.windows import USUAL
from jalon.progress import Progress, silent

INSTANTS = (
    "placed_at",
    "converted_at",
    "paid_at",
    "cancelled_at",
    "previous_at",
    "observed_at",
    "occurred_at",
    "had_at",
)
_OF_PERSONS = ("orders", "order_links", "refunds", "touchpoints", "identities", "order_contents", "order_lines")
_OF_CONTENT = ("measures", "contents", "products")
FACTS = (*_OF_PERSONS, *_OF_CONTENT)
"""Kinds of facts that a run reads."""

STEPS = (
    "sales and people",
    "touchpoints",
    "journeys",
    "moves between stages",
    "what models learn",
    "credit",
    "likely contents of visits",
    "other conversions",
)
"""What a run does, in this order."""
IN_ORDER: dict[str, tuple[str, ...]] = {
    "sales": ("order_uid",),
    "people": ("identifier",),
    "touches": ("touch_uid",),
    "steps": ("order_uid", "position"),
    "open_steps": ("journey_id", "position"),
    "transitions": transitions.KEY,
    "stage_times": stage_times.KEY,
    "drop_offs": drop_offs.KEY,
    "effects": ("model", "state"),
    "credit": ("order_uid", "model", "position"),
    "modelled": ("touch_uid",),
    "shared": ("order_uid", "touch_uid"),
    "traced": ("order_uid", "touch_uid", "source", "content_id"),
    "traced_contents": ("channel", "content_id"),
    "conversions": ("conversion", "conversion_uid"),
    "conversion_credit": ("conversion", "conversion_uid", "model", "position"),
}
"""Table that a run writes -> the columns by which its rows are in order."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run wrote: `rows` per table, and figures about it."""

    folder: Path
    rows: dict[str, int] = field(default_factory=dict)
    touches_cut: int = 0
    """Steps of journeys left out because of `Options.max_touches`."""
    identifiers_set_aside: int = 0
    set_aside: dict[str, int] = field(default_factory=dict)
    """Reason of `guards.REASONS` -> identifiers that were set aside, or lost links, for it."""
    possible_duplicates: int = 0
    claims_unmatched: int = 0
    """Sales that a network claims of an order that is not among the facts: their click stands on the way to nothing."""
    refunds_unmatched: dict[str, int] = field(default_factory=dict)
    """Source -> refunds of orders that are not among the facts: they come off nothing."""
    lines_unmatched: dict[str, int] = field(default_factory=dict)
    """Source -> lines of orders that are not among the facts."""
    net_warnings: dict[str, int] = field(default_factory=dict)
    """Code of `refunds.WARNINGS` -> sales whose net one should look at."""
    late_by_the_clock: int = 0
    """Steps of journeys that are dated after their order, by `Options.clock_skew_seconds` at most."""
    dated_ahead: int = 0
    """Touchpoints that are dated a day or more after they were observed: a clock is wrong."""
    told_of_other_days: dict[str, int] = field(default_factory=dict)
    """Source -> orders that were told again as placed a day or more apart: numbers that begin anew lose sales."""
    patterns_unmet: list[str] = field(default_factory=list)
    """Patterns of the options that no touchpoint fits."""
    sharing: dict[str, float] = field(default_factory=dict)
    """What the share-out learned (`sharing._told`); empty where nothing was shared out."""
    tracing: dict[str, dict[str, float]] = field(default_factory=dict)
    """Channel -> how many steps that name only the network were traced to content (`tracing.Traced.told`)."""
    tests: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Model -> what hold-out tests say of it: credited, tested, and the factor between them."""
    learnt: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Model that learns -> what its effects rest on: journeys, base rate, order, how well orders tell the unseen."""
    stood: bool = False
    """The tables stood already: nothing was written."""


_FIGURES = tuple(each.name for each in fields(Result) if each.name not in ("folder", "tests", "stood"))
"""Fields of a result that the card tells by their own names."""


def attribute(facts: Path, out: Path, options: Options | None = None, progress: Progress = silent) -> Result:
    """Read the facts in `facts` and write the attribution tables into `out`.

    Tables: `sales`, `people`, `touches`, `steps`, `open_steps`, `effects`, `credit`, `modelled`, `shared`, `traced`,
    `traced_contents`, `transitions`, `stage_times`, `drop_offs`, `conversions`, `conversion_credit` (one Parquet file
    each) and `run.json`, which says with which options. The same facts and options give the same bytes. `progress` is
    told each of `STEPS`. Raises `StoreError` if a file cannot be read or written.
    """
    options = options or Options()
    with opened(options) as engine, published(out) as making:
        result = _run(engine, facts, making, options, lambda step: progress(step, STEPS.index(step), len(STEPS)))
        write_card(making, _card(options, result))
    return replace(result, folder=out)


def joined(facts: Path, options: Options | None = None) -> dict[str, str]:
    """Return identifier -> person of all identifiers that are linked; one that is set aside is left out."""
    with opened(options or Options()) as engine:
        persons = _known(engine, facts, options or Options()).persons
        rows = engine.dicts(persons.filter(persons.person.notnull()).select("identifier", "person"))
    return {row["identifier"]: row["person"] for row in rows}


def _run(engine: Engine, facts: Path, out: Path, options: Options, begin: Callable[[str], None]) -> Result:
    def write(**tables: Table) -> None:
        for name, table in tables.items():
            rows[name] = _write(engine, table, out, name)

    rows: dict[str, int] = {}
    ready = _prepared(engine, facts, options, begin)
    touched = ready.touches
    begin("journeys")
    found = journeys.journeys(engine, touched, ready.sales, options)
    steps, open_steps = found.steps, found.open_steps
    usual = found.seen[USUAL.days].steps
    sold = engine.keep("sales_with_mode", modes.with_mode(ready.sales, usual, touched))
    write(sales=sold, people=ready.people, touches=touched)
    write(steps=steps.drop("channel"), open_steps=open_steps.drop("code", *BEFORE))
    begin("moves between stages")
    write(**_moves(engine, touched, sold, open_steps, options))
    begin("what models learn")
    learnt = learn_within(engine, found, options)
    write(effects=learnt.effects)
    begin("credit")
    of_content = {kind: current(engine, facts, kind, options.as_of) for kind in _OF_CONTENT}
    heard = Facts(sold, touched, ready.lines, **of_content)
    credited = credit(engine, found, heard, learnt, options)
    write(credit=credited.rows, modelled=credited.shared.touches, shared=credited.shared.rows)
    begin("likely contents of visits")
    traced = trace(engine, heard, steps, options)
    write(traced=traced.rows, traced_contents=traced.contents)
    begin("other conversions")
    orders = engine.facts(facts, "orders")
    figures = tally(engine, Counted(steps, ready.people, sold, touched, ready.refunds, ready.lines, orders), options)
    beside = converted(engine, touched, sold, credited.rows, options)
    write(conversions=beside.conversions, conversion_credit=beside.credit)
    result = Result(out, rows, **figures, tests=credited.tests, learnt=learnt.told)
    return replace(result, sharing=credited.shared.told, tracing=traced.told)


def _moves(engine: Engine, touched: Table, sold: Table, open_steps: Table, options: Options) -> dict[str, Table]:
    """Return how people move between stages, by the names of the tables."""
    until = transitions.observed_until(engine, touched, sold)
    return {
        "transitions": transitions.transitions(engine, touched, until, options.window),
        "stage_times": stage_times.stage_times(engine, touched, until, options.window),
        "drop_offs": drop_offs.drop_offs(engine, open_steps, touched, until, options.window),
    }


class _Known(NamedTuple):
    """Facts of persons by kind, each order under one number; sales, who is stated to have placed them, and people."""

    found: dict[str, Table]
    sold: Table
    claimed: Table | None
    persons: Table


def _known(engine: Engine, facts: Path, options: Options) -> _Known:
    held = {kind: current(engine, facts, kind, options.as_of) for kind in _OF_PERSONS}
    named = numbers(engine, held["orders"])
    found = {kind: named.told(kind, table) for kind, table in held.items()}
    sold = sales(engine, found["orders"], found["order_links"], found["refunds"], options)
    told = found["touchpoints"], sold, found["identities"]
    claimed = claims(engine, *told)
    return _Known(found, sold, claimed, people(engine, links(*told), sold, claimed, options))


class _Prepared(NamedTuple):
    """What journeys are made of, and what else is told of orders."""

    sales: Table
    people: Table
    touches: Table
    lines: Table
    refunds: Table


def _prepared(engine: Engine, facts: Path, options: Options, begin: Callable[[str], None]) -> _Prepared:
    begin("sales and people")
    found, sold, claimed, persons = _known(engine, facts, options)
    sold = engine.keep("sales_of_persons", touches.with_prior_sales(with_buyers(sold, persons, claimed)))
    begin("touchpoints")
    stated = touches.stated(found["touchpoints"], sold, found["order_contents"], found["order_lines"])
    met = touches.with_persons_and_sales(touches.told(found["touchpoints"]).union(stated), sold, persons)
    met = engine.keep("touches_met", met)
    rules = RULES if options.stage_rules is None else read_rules(options.stage_rules)
    staged = with_stage(touches.with_history(met, sold), rules)
    touched = engine.keep("touches", told_once(staged, met, sold, options.same_visit_minutes))
    engine.drop("touches_met", "current_touchpoints")
    return _Prepared(sold, persons, touched, found["order_lines"], found["refunds"])


def _write(engine: Engine, table: Table, out: Path, name: str) -> int:
    instants = [column for column in INSTANTS if column in table.columns]
    return engine.write(table, out / f"{name}.parquet", [*IN_ORDER[name]], instants)


def _card(options: Options, result: Result) -> dict[str, Any]:
    """Return how the tables were made: the options, and the figures of the run."""
    return {
        "form": FORM,
        **options.decisive(),
        "holdouts": result.tests,
        **{name: getattr(result, name) for name in _FIGURES},
    }


def told_by(card: Mapping[str, Any], folder: Path) -> Result:
    """Return what the run told that left a card in a folder, whose tables still stand."""
    return Result(folder, **{name: card[name] for name in _FIGURES}, tests=card["holdouts"], stood=True)
