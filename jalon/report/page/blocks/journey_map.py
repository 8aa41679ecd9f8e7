"""The journey map for reading: rows of cells, each with its shade and its credit per model and currency.

Credit and targets are everybody's: the maps of segments and personas have none.
"""

from __future__ import annotations

from collections.abc import Iterable

from jalon.attribution.stages import UNKNOWN
from jalon.report.marts.channel_places import GROUPS
from jalon.report.page.blocks.block import Row
from jalon.report.page.blocks.friction import FRICTION, Mark, marks
from jalon.report.page.blocks.map_views import EVERYBODY, views
from jalon.report.page.blocks.shades import shade
from jalon.report.page.blocks.targets import in_cells
from jalon.report.page.language import Language
from jalon.report.words import decimal_text

GROUP_TITLES = dict(zip(GROUPS, ("Your own places", "Networks", "Other ways"), strict=True))


def prepared(told: Row, say: Language) -> Row:
    """Return the maps that can be chosen, and per stage model each arranged for reading, with what to read from it."""
    wanted = in_cells(told["targets"], say)
    chosen = views(told, say)
    maps = {
        preset: [
            {
                **{"id": view.id, "title": view.title, "note": view.note, "is_whole": view.id == EVERYBODY},
                **_map(view.maps[preset], wanted.get(preset, {}) if view.id == EVERYBODY else {}, say),
            }
            for view in chosen
        ]
        for preset in told["map"]
    }
    return {"views": chosen, "maps": maps}


def _map(one: Row, wanted: dict[str, list[Row]], say: Language) -> Row:
    most = max((cell["touchpoints"] for cell in one["cells"].values()), default=0)
    last = [stage["id"] for stage in one["stages"] if stage["id"] != UNKNOWN][-1]
    credit: dict[str, list[Row]] = {}
    for row in one["credit"]:
        credit.setdefault(f"{row['channel']}/{row['stage']}", []).append(row)
    marked = {place: _told(mark, say) for place, mark in marks(one).items()}

    def told(channel: Row) -> Row:
        places = [(stage["id"], f"{channel['id']}/{stage['id']}") for stage in one["stages"]]
        cells = [
            {**_shaded(one["cells"].get(place), most, ends=stage == last), "credit": credit.get(place, []),
             "mark": marked.get(place), "wanted": wanted.get(place, [])}
            for stage, place in places
        ]  # fmt: skip
        total = _summed(row for cell in cells for row in cell["credit"])
        return {**channel, "group_title": GROUP_TITLES[channel["group"]], "cells": cells, "credit": total}

    rows = [told(channel) for channel in one["channels"]]
    return {"stages": one["stages"], "rows": rows, "says": _says(one, list(marked.values()), say)}


def _told(mark: Mark, say: Language) -> Row:
    """Return a mark in words: an icon and a word for the cell, and why it is there."""
    is_friction = mark.kind == FRICTION
    why = say._(
        "%(low)s to %(high)s go further (99 %% interval), %(usual)s of all at this stage",
        low=say.percent(mark.low),
        high=say.percent(mark.high),
        usual=say.percent(mark.usual),
    )
    word = say._("friction") if is_friction else say._("delight")
    return {"kind": mark.kind, "icon": "\u25bc" if is_friction else "\u25b2", "word": word, "why": why}


def _says(one: Row, marked: list[Row], say: Language) -> str:
    """Return the sentence of a map: where most touchpoints are, and how many cells stand out."""
    if not one["cells"]:
        return ""
    whole = sum(cell["touchpoints"] for cell in one["cells"].values())
    busiest = max(one["cells"].values(), key=lambda cell: (cell["touchpoints"], cell["channel"], cell["stage"]))
    names = {stage["id"]: say.stage(stage) for stage in one["stages"]}
    said = say._(
        "Of %(touchpoints)s, the most (%(share)s) were met by %(channel)s at the stage %(stage)s.",
        touchpoints=say.ngettext("%(number)s touchpoint", "%(number)s touchpoints", whole),
        share=say.percent(busiest["touchpoints"] / whole),
        channel=say.label(busiest["channel"]),
        stage=names[busiest["stage"]],
    )
    if not marked:
        return said
    frictions = sum(mark["kind"] == FRICTION for mark in marked)
    return f"{said} " + say._(
        "Persons clearly go on less than usual from %(frictions)s, more than usual from %(delights)s.",
        frictions=say.ngettext("%(number)s cell", "%(number)s cells", frictions),
        delights=say.ngettext("%(number)s cell", "%(number)s cells", len(marked) - frictions),
    )


def _shaded(cell: Row | None, most: int, *, ends: bool) -> Row:
    """Return a cell with its shade, `most` touchpoints the darkest; from where journeys end (`ends`) nobody goes on."""
    if cell is None:
        return {"heat": 0, "touchpoints": 0, "persons": 0}
    return {
        "heat": shade(cell["touchpoints"] / most),
        "touchpoints": cell["touchpoints"],
        "persons": cell["persons"],
        "onward": None if ends or not cell["persons"] else cell["persons_onward"] / cell["persons"],
    }


def _summed(rows: Iterable[Row]) -> list[Row]:
    """Add credit up per model and currency."""
    sums: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        own = sums.setdefault((row["model"], row["currency"]), [0, 0])
        own[0] += row["net_minor"]
        own[1] += row["modelled_minor"]
    return [
        {"model": model, "currency": currency, "net": decimal_text(net, currency), "modelled_minor": modelled}
        for (model, currency), (net, modelled) in sums.items()
    ]
