"""Wanted against lived, for reading: each target beside what was measured, and the gap."""

from __future__ import annotations

from jalon.attribution.presets import PRESETS
from jalon.report.page.blocks.block import Row
from jalon.report.page.blocks.measures import written
from jalon.report.page.language import MINUS, Language
from jalon.report.people.measure_list import MEASURES

CELLS = {
    "touchpoints": "Touchpoints",
    "persons": "Persons",
    "onward": "Go further",
    "orders": "Orders credited",
    "net": "Revenue credited",
}
"""Measure of a cell -> what people call it."""


def prepared(told: Row, say: Language) -> Row | None:
    """Return the targets in their order, and how many are met."""
    if not told["targets"]:
        return None
    return {"rows": [_target(row, say) for row in told["targets"]], "says": _says(told["targets"], say)}


def _target(row: Row, say: Language) -> Row:
    stage = next(stage for stage in PRESETS[row["preset"]] if stage.id == row["stage"])
    lived = row["lived"]
    return {
        "stage": say.stage({"english": stage.english, "french": stage.french}),
        "channel": say.label(row["channel"]) if row["channel"] else "",
        "measure": say.known(CELLS.get(row["measure"]) or MEASURES[row["measure"]].title),
        "member": "" if row["member"] == row["unit"] else row["member"],
        "target": written(row["target"], row["unit"], say),
        "lived": None if lived is None else written(lived, row["unit"], say),
        "gap": None if lived is None else _signed(row["gap"], row["unit"], say),
        "is_met": row["is_met"],
        "is_clear": row["is_clear"],
        "less": row["better"] == "less",
    }


def _signed(gap: float, unit: str, say: Language) -> str:
    """Return a gap with its sign; of shares in points of a hundredth."""
    if unit == "of 1":
        size = say._("%(number)s points", number=say.count(round(abs(gap) * 100, 1)))
    else:
        size = written(abs(gap), unit, say)
    return f"{'+' if gap >= 0 else MINUS}{size}"


def in_cells(targets: list[Row], say: Language) -> dict[str, dict[str, list[Row]]]:
    """Return per stage model and cell of the map (`channel/stage`) what is wanted there, and whether it is met."""
    found: dict[str, dict[str, list[Row]]] = {}
    for row in targets:
        if row["channel"]:
            cells = found.setdefault(row["preset"], {}).setdefault(f"{row['channel']}/{row['stage']}", [])
            cells.append({"says": _wanted(row, say), "is_met": row["is_met"]})
    return found


def _wanted(row: Row, say: Language) -> str:
    target = written(row["target"], row["unit"], say)
    if row["measure"] in ("touchpoints", "persons", "orders"):
        target = f"{target} {say.known(CELLS[row['measure']]).lower()}"
    return (
        say._("wanted %(target)s: met", target=target)
        if row["is_met"]
        else say._("wanted %(target)s: missed", target=target)
    )


def met(rows: list[Row], say: Language) -> str:
    """Say how many targets are met, and for how many nothing was measured."""
    own = sum(bool(row["is_met"]) for row in rows)
    said = say._("Targets met: %(met)s of %(targets)s.", met=say.count(own), targets=say.count(len(rows)))
    if unknown := sum(row["is_met"] is None for row in rows):
        said += " " + say.ngettext("%(number)s was not measured.", "%(number)s were not measured.", unknown)
    return said


def _says(rows: list[Row], say: Language) -> str:
    missed = sum(row["is_met"] is False and bool(row["is_clear"]) for row in rows)
    said = met(rows, say)
    if missed:
        said += " " + say.ngettext("%(number)s is clearly missed.", "%(number)s are clearly missed.", missed)
    return said
