"""How people move, counted over again in plain Python, from the touchpoints and steps that a run wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction
from itertools import combinations, groupby
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jalon.attribution.presets import PRESETS

Row = dict[str, Any]
CUTS = ("all", "channel", "selling_mode")
_NEAR = ("unknown", "purchase", "service", "loyalty", "advocacy", "awareness", "discovery", "consideration", "decision")
_MINUTE = 60_000_000


def rows(folder: Path, table: str) -> list[Row]:
    found: list[Row] = pq.read_table(folder / f"{table}.parquet").to_pylist()
    return found


def micros(instant: datetime) -> int:
    return round(instant.timestamp() * 1_000_000)


def until(folder: Path) -> int:
    touches, sales = rows(folder, "touches"), rows(folder, "sales")
    happened = [micros(row["occurred_at"]) for row in touches] + [micros(row["placed_at"]) for row in sales]
    return min(max(happened), max(micros(row["observed_at"]) for row in [*touches, *sales]))


def ways(folder: Path) -> Iterator[list[Row]]:
    """Yield each person's touchpoints that have a stage, in order."""
    known = [
        row for row in rows(folder, "touches") if row["is_counted"] and row["person"] and row["stage"] != "unknown"
    ]
    known.sort(key=lambda row: (row["person"], row["occurred_at"], row["touch_uid"]))
    for _, own in groupby(known, key=lambda row: row["person"]):
        yield list(own)


def stage_of(preset: str, row: Row) -> str:
    repeat = row["stage"] == "loyalty" and row.get("kind") == "purchase"
    member = "repeat_purchase" if repeat else row["stage"]
    return next((stage.id for stage in PRESETS[preset] if member in stage.members), "unknown")


def transitions(folder: Path, lookback: int) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Return (preset, cut, value, from, to) -> touchpoints, persons, persons in `from`."""
    over = until(folder) - lookback
    times: Counter[tuple[str, ...]] = Counter()
    went: dict[tuple[str, ...], set[str]] = {}
    were: dict[tuple[str, ...], set[str]] = {}
    for way in ways(folder):
        for row, onward in zip(way, [*way[1:], None], strict=True):
            for preset in PRESETS:
                ended = "not_yet" if micros(row["occurred_at"]) >= over else "nowhere"
                there = stage_of(preset, onward) if onward else ended
                for cut in CUTS:
                    start = (preset, cut, row.get(cut, ""), stage_of(preset, row))
                    times[(*start, there)] += 1
                    went.setdefault((*start, there), set()).add(row["person"])
                    were.setdefault(start, set()).add(row["person"])
    return {key: (count, len(went[key]), len(were[key[:-1]])) for key, count in times.items()}


def stage_times(folder: Path, lookback: int) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """Return (preset, from, to) -> persons, reached, quartiles in minutes, share within the window."""
    end = until(folder)
    found: dict[tuple[str, ...], tuple[Any, ...]] = {}
    firsts: list[dict[tuple[str, str], int]] = []
    for way in ways(folder):
        first: dict[tuple[str, str], int] = {}
        for row in way:
            for preset in PRESETS:
                first.setdefault((preset, stage_of(preset, row)), micros(row["occurred_at"]))
        firsts.append(first)
    for preset, stages in PRESETS.items():
        for start, stop in combinations(stages, 2):
            took = []
            for first in firsts:
                begun, ended = first.get((preset, start.id)), first.get((preset, stop.id))
                if begun is not None and (ended is None or ended >= begun):
                    minutes = max((end if ended is None else ended) - begun, 0) // _MINUTE
                    took.append((minutes if minutes < 2880 else minutes // 60 * 60, ended is not None))
            if took:
                found[preset, start.id, stop.id] = _curve(took, lookback // _MINUTE)
    return found


def _curve(took: list[tuple[int, bool]], window: int) -> tuple[Any, ...]:
    """The product-limit estimate in exact fractions."""
    left, quartiles, within = Fraction(1), dict.fromkeys((25, 50, 75)), Fraction(0)
    for minutes in sorted({minutes for minutes, there in took if there}):
        at_risk = sum(other >= minutes for other, _ in took)
        left *= 1 - Fraction(sum(there and other == minutes for other, there in took), at_risk)
        for part in quartiles:
            if quartiles[part] is None and left <= 1 - Fraction(part, 100):
                quartiles[part] = minutes
        if minutes <= window:
            within = 1 - left
    return len(took), sum(there for _, there in took), *quartiles.values(), round(float(within), 6)


def drop_offs(folder: Path, lookback: int) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Return (preset, cut, value, stage, state) -> journeys, touchpoints, how often the person came back."""
    over = until(folder) - lookback
    touches = {row["touch_uid"]: row for row in rows(folder, "touches")}
    seen: dict[str, int] = {}
    for touch in touches.values():
        if touch["person"]:
            seen[touch["person"]] = max(seen.get(touch["person"], 0), micros(touch["occurred_at"]))
    steps = sorted(rows(folder, "open_steps"), key=lambda row: (row["journey_id"], row["position"]))
    found: dict[tuple[str, ...], list[int]] = {}
    for _, grouped in groupby(steps, key=lambda row: row["journey_id"]):
        own = list(grouped)
        for key in _ended(own, [touches[step["touch_uid"]] for step in own], over):
            figures = found.setdefault(key, [0, 0, 0])
            back = seen[own[-1]["person"]] > micros(own[-1]["had_at"])
            figures[:] = figures[0] + 1, figures[1] + len(own), figures[2] + back
    return {key: tuple(figures) for key, figures in found.items()}  # type: ignore[misc]


def _ended(steps: list[Row], met: list[Row], over: int) -> Iterable[tuple[str, ...]]:
    reached = max((row["stage"] for row in met), key=_NEAR.index)
    modes = ("communication", "linked", "native")
    values = {
        "all": "",
        "channel": met[-1]["channel"],
        "selling_mode": max((row["selling_mode"] for row in met), key=modes.index),
    }
    state = "over" if micros(steps[-1]["had_at"]) < over else "open"
    for preset in PRESETS:
        for cut, value in values.items():
            yield preset, cut, value, stage_of(preset, {"stage": reached}), state
