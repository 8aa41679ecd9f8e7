"""Wanted against lived: what jalon.toml asks of cells of the journey map and of measures, beside what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NamedTuple

from ibis.expr.types import Table

from jalon.attribution.presets import PRESETS
from jalon.errors import ConfigError
from jalon.normalize.channels import CHANNELS
from jalon.normalize.money import EXPONENTS
from jalon.report.marts.base import Base
from jalon.report.marts.shapes import NONE
from jalon.report.marts.taken import taken
from jalon.report.people import intervals
from jalon.report.people.figure_rows import of_row
from jalon.report.people.intervals import Estimate
from jalon.report.people.measure_list import MEASURES
from jalon.report.people.person_tables import RPT_TARGETS
from jalon.report.people.settings import Target
from jalon.report.shown import preferred, shown

Row = dict[str, Any]
CANONICAL = "canonical"


class Lived(NamedTuple):
    """What was measured, in which unit, which way is better, and of which member."""

    found: Estimate
    unit: str
    better: str = "more"
    member: str = ""


def _onward(cell: Row) -> Estimate:
    return intervals.share(cell["persons_onward"], cell["persons"])


COUNTED: dict[str, tuple[str, Callable[[Row], Estimate]]] = {
    "touchpoints": ("touchpoints", lambda cell: Estimate(cell["touchpoints"], None, None, cell["touchpoints"])),
    "persons": ("persons", lambda cell: Estimate(cell["persons"], None, None, cell["persons"])),
    "onward": ("of 1", _onward),
}
"""Measure of a cell -> its unit, and how it is read."""
CREDITED = ("orders", "net")
"""Measures of a cell that are credited: by a model, in a currency."""
CELLS = (*COUNTED, *CREDITED)


def checked(target: Target) -> None:
    """Refuse a target of what does not exist. Raises `ValueError` that says what does."""
    if target.preset not in PRESETS:
        raise ValueError(f"preset {target.preset!r} is not known; known are: {', '.join(PRESETS)}")
    stages = [stage.id for stage in PRESETS[target.preset]]
    if target.stage not in stages:
        raise ValueError(f"{target.preset} has no stage {target.stage!r}; it has: {', '.join(stages)}")
    if target.channel and target.channel not in CHANNELS:
        near = get_close_matches(target.channel.lower(), CHANNELS)
        what = f"did you mean {' or '.join(near)}?" if near else f"channels are: {', '.join(CHANNELS)}"
        raise ValueError(f"there is no channel {target.channel!r}; {what}")
    known = CELLS if target.channel else _measures(target)
    if target.measure not in known:
        of = "a cell" if target.channel else f"the stage {target.stage}"
        raise ValueError(f"{target.measure!r} is no measure of {of}; measures are: {', '.join(known)}")
    if target.currency and target.currency not in EXPONENTS:
        raise ValueError(f"{target.currency!r} is no currency")


def asked(target: Target) -> Target:
    """Return a target as what it is for: without its number, and what its measure does not ask for.

    Of a default in one of two (the model, the currency), only the marts know that they are the same.
    """
    unasked: dict[str, Any] = {"target": 0.0}
    if target.channel:
        unasked |= {"member": ""} | ({} if target.measure in CREDITED else {"model": "", "currency": ""})
    return target.model_copy(update=unasked)


def _measures(target: Target) -> list[str]:
    """Return the measures of a canonical stage that a target can be set for."""
    own = [each.name for each in MEASURES.values() if each.stage in ("", target.stage) and each.better]
    return own if target.preset == CANONICAL else []


def targets(base: Base) -> Table:
    """Return each target beside what was measured. Raises `ConfigError` where one is of nothing that exists."""
    wanted = base.known.wanted.targets
    rows = _Measured(base).rows(wanted) if wanted else []
    return taken(base.engine, RPT_TARGETS, _once(rows))


def _once(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield each row, refusing a second target for one thing."""
    seen = set()
    for position, row in enumerate(rows):
        key = tuple(row[name] for name in RPT_TARGETS.primary_key)
        if key in seen:
            named = ", ".join(str(part) for part in key if part not in ("", NONE))
            raise ConfigError(f"there are two targets for {named}", "Keep one of them.")
        seen.add(key)
        yield {**row, "position": position}


class _Measured:
    """What the marts say, by what targets name it by."""

    def __init__(self, base: Base) -> None:
        dicts = base.engine.dicts
        cells = dicts(base.mart("rpt_journey_map"))
        self.cells = {(row["preset"], row["stage"], row["channel"]): row for row in cells}
        self.measures = dicts(base.mart("rpt_stage_measures").order_by("stage", "measure", "member"))
        self.credit = dicts(base.mart("rpt_journey_credit"))
        self.models = tuple(base.models)
        self.model = preferred(shown(dict(base.card)))
        self.currency = _usual_currency(self.measures)

    def rows(self, wanted: tuple[Target, ...]) -> Iterator[Row]:
        """Yield a row per target; where it names no currency, in that of most orders."""
        for target in wanted:
            lived = self._lived(target)
            yield {
                **{"preset": target.preset, "stage": target.stage, "channel": target.channel or NONE},
                **{"measure": target.measure, "member": lived.member},
                **_compared(target.target, lived),
            }

    def _lived(self, target: Target) -> Lived:
        if not target.channel:
            return self._of_stage(target)
        if target.measure in CREDITED:
            return self._credited(target)
        unit, read = COUNTED[target.measure]
        nobody = {"touchpoints": 0, "persons": 0, "persons_onward": 0}
        return Lived(read(self.cells.get((target.preset, target.stage, target.channel), nobody)), unit)

    def _credited(self, target: Target) -> Lived:
        model, currency = target.model or self.model, target.currency or self.currency
        if model not in self.models:
            of = f"the target for {target.stage}, {target.channel}, {target.measure}"
            raise ConfigError(
                f"{of}: the model {model!r} was not computed",
                f"Computed are: {', '.join(self.models)}; name one of them.",
            )
        place = {**{name: getattr(target, name) for name in ("preset", "stage", "channel")}, "model": model}
        own = [row for row in self.credit if _is(row, place)]
        if target.measure == "orders":
            orders = sum((row["orders"] for row in own), Decimal(0))
            return Lived(Estimate(float(orders), None, None, len(own)), "orders", member=model)
        net = sum((row["net"] for row in own if row["currency"] == currency), Decimal(0))
        return Lived(Estimate(float(net), None, None, len(own)), currency, member=f"{model} {currency}")

    def _of_stage(self, target: Target) -> Lived:
        measure = MEASURES[target.measure]
        own = [row for row in self.measures if _is(row, {"measure": target.measure, "stage": target.stage})]
        usual = self.currency if measure.member == "currency" else own[0]["member"] if len(own) == 1 else ""
        member = target.member or target.currency or usual
        unit = member if measure.unit == "currency" else measure.unit
        for row in own:
            if row["member"] == member:
                return Lived(of_row(row, row["n"]), unit, measure.better, member)
        return Lived(Estimate(None, None, None, 0), unit, measure.better, member)


def _is(row: Row, place: Mapping[str, str]) -> bool:
    return all(row[name] == value for name, value in place.items())


def _usual_currency(measures: list[Row]) -> str:
    """Return the currency of most orders; empty where there are none."""
    own = [row for row in measures if row["measure"] == "order_value"]
    return max(own, key=lambda row: (row["n"], row["member"]))["member"] if own else ""


def _compared(target: float, lived: Lived) -> Row:
    value, low, high, _ = lived.found
    told: Row = {"target": target, "lived": value, "low": low, "high": high, "unit": lived.unit}
    told["better"] = lived.better
    if value is None:
        return told
    met = value >= target if lived.better == "more" else value <= target
    clear = None if low is None or high is None else not low <= target <= high
    gap = value - target
    share = gap / abs(target) if target else None
    return {**told, "gap": gap, "gap_share": share, "is_met": met, "is_clear": clear}
