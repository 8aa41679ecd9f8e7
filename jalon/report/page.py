"""The report page: one HTML file that opens from a disk, asks the network for nothing and runs no script.

What can be switched (model, stage model, currency) is switched by radio buttons and style alone. The page's policy
allows its one style sheet, by hash, and nothing else; foreign texts are escaped, cut and kept from turning the writing
around.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jalon import __version__
from jalon.attribution.publish import replacing
from jalon.attribution.stages import UNKNOWN
from jalon.report.figures import Row
from jalon.report.moves import arranged
from jalon.report.summary import chosen_model
from jalon.report.words import count, decimal_text, label, money, orders, percent, plain, span, whole

TITLE = "Journey report"
HEATS = 8
"""Shades of the map, above none."""
GROUP_TITLES = {"1 own": "Your own places", "2 network": "Networks", "3 other": "Other ways"}


def write_page(told: Row, path: Path, stages: str = "canonical", names: Mapping[str, str] | None = None) -> Path:
    """Write the page for figures to `path` in one step and return it; the same figures give the same bytes.

    `stages` is the stage model shown first, `names` says what people call platforms and channels. Raises `StoreError`.
    """
    html = render(told, stages, names)
    with replacing(path) as new:
        new.write_text(html, encoding="utf-8")
    return path


def render(told: Row, stages: str = "canonical", names: Mapping[str, str] | None = None) -> str:
    """Return the page for figures as HTML. `names` says what people call platforms and channels."""
    environment = Environment(
        loader=PackageLoader("jalon.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(
        label=partial(label, names=names), count=count, percent=percent, plain=plain, orders=orders
    )
    environment.globals.update(amount=money, whole=whole, span=span, bar=_bar)
    models = [model["name"] for model in told["models"]]
    switches = {"m": models, "p": list(told["map"]), "c": [str(i) for i in range(len(told["currencies"]))]}
    style = environment.get_template("style.css").render(switches=switches, heats=range(1, HEATS + 1))
    return environment.get_template("page.html").render(
        told=told,
        style=Markup(style),  # noqa: S704 # made from this package's words and numbers alone
        policy=_policy(style),
        title=TITLE,
        version=__version__,
        chosen=chosen_model(told),
        stages=stages,
        coins={currency: number for number, currency in enumerate(told["currencies"])},
        maps={preset: _map(one) for preset, one in told["map"].items()},
        groups=GROUP_TITLES,
        moves={preset: arranged(preset, one, HEATS) for preset, one in told["moves"].items()},
        channels=_listed(told["by_channel"]),
        contents=_listed(told["by_content"]),
        creators=_listed(told["by_creator"]),
    )


def _policy(style: str) -> str:
    """Return the content security policy that allows this style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _bar(share: float | None) -> str:
    """Return a share of 1 as the width of a bar, of 100."""
    return f"{min(max(share or 0.0, 0.0), 1.0) * 100:.2f}"


def _map(one: Row) -> Row:
    """Arrange a map for reading: rows of cells, each with its shade and its credit per model and currency."""
    most = max((cell["touchpoints"] for cell in one["cells"].values()), default=0)
    last = [stage["id"] for stage in one["stages"] if stage["id"] != UNKNOWN][-1]
    credit: dict[str, list[Row]] = {}
    for row in one["credit"]:
        credit.setdefault(f"{row['channel']}/{row['stage']}", []).append(row)

    def told(channel: Row) -> Row:
        places = [(stage["id"], f"{channel['id']}/{stage['id']}") for stage in one["stages"]]
        cells = [
            _cell(one["cells"].get(place), most, credit.get(place, []), ends=stage == last) for stage, place in places
        ]
        return {**channel, "cells": cells, "credit": _summed(row for cell in cells for row in cell["credit"])}

    return {"stages": one["stages"], "rows": [told(channel) for channel in one["channels"]]}


def _cell(cell: Row | None, most: int, credit: list[Row], *, ends: bool) -> Row:
    """Return one cell; its shade grows with the square root of its touchpoints, so that small ones are seen too."""
    if cell is None:
        return {"heat": 0, "touchpoints": 0, "credit": credit}
    return {
        "heat": math.ceil(HEATS * math.sqrt(cell["touchpoints"] / most)),
        "touchpoints": cell["touchpoints"],
        "persons": cell["persons"],
        "onward": None if ends or not cell["persons"] else cell["persons_onward"] / cell["persons"],
        "credit": credit,
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


def _listed(rows: list[Row]) -> list[Row]:
    """Group credit by model and currency, with each row's share of the greatest."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["model"], row["currency"]), []).append(row)
    return [
        {
            "model": model,
            "currency": currency,
            "rows": _with_length([row for row in own if row["id"] is not None]),
            "rest": next((row for row in own if row["id"] is None), None),
        }
        for (model, currency), own in groups.items()
    ]


def _with_length(rows: list[Row]) -> list[Row]:
    most = max((row["net_minor"] for row in rows), default=0)
    return [{**row, "length": row["net_minor"] / most if most > 0 else None} for row in rows]
