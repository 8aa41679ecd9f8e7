"""How far each model is from what really sold: `python -m tests.truth.model_errors [ORDERS [SEED...]]`.

A brand is played, jalon reads it over HTTP as it would the real platforms, and what is credited is held against the
contents that brought the sales. Two brands are played, which differ in when those buy who would have bought anyway: in
the hours after what they saw last, or at a moment of their own. Of each the web shop's orders are attributed three
times: by what the shop tells, which is the visits of who bought; with the site's log of visits, also of those who buy
nothing, beside it; and with a log that also holds the visits which the shop tells with orders.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import duckdb

from jalon.attribution.models import MODELS
from jalon.attribution.options import Options
from jalon.attribution.run import attribute
from jalon.config import load
from jalon.sandbox import site_log
from jalon.sandbox.clock import Clock
from jalon.sandbox.world import World
from jalon.workplace import Workplace
from tests.spine import SPINE
from tests.truth.life import brand, live_through, sync_once

CONTACT = {"shopify": {"customer_contact": True}}
LIVES = {"they buy after what they saw last": False, "they buy at a moment of their own": True}
"""What those do who would have bought anyway -> `unmoved` of the brand."""
TOLD: dict[str, dict[str, bool] | None] = {
    "the shop alone": None,
    "shop and site": {},
    "shop and site, which tells the shop's visits too": {"told_with_orders": True},
}
"""Who tells visits -> what the site's log holds; None: there is none."""
CHANNEL = "tiktok"
"""All of the brand's contents lead through it, and nothing else brings sales."""
CREDITED = """
    WITH parts AS (
        SELECT order_uid, touch_uid, content_id, share FROM '{folder}/traced.parquet'
        UNION ALL SELECT order_uid, touch_uid, NULL, 1 - sum(share) FROM '{folder}/traced.parquet' GROUP BY ALL
    )
    SELECT model, coalesce(t.channel, ''), coalesce(t.content_id, p.content_id, ''),
        sum(c.weight::DOUBLE * coalesce(p.share, 1))
    FROM '{folder}/credit.parquet' c JOIN '{folder}/sales.parquet' s USING (order_uid)
    LEFT JOIN (
        SELECT touch_uid, channel, content_id FROM '{folder}/touches.parquet'
        UNION ALL SELECT touch_uid, channel, content_id FROM '{folder}/modelled.parquet'
    ) t USING (touch_uid) LEFT JOIN parts p USING (order_uid, touch_uid)
    WHERE s.is_sale AND s.platform = '{platform}' GROUP BY ALL
"""
"""Credit by channel and content, of visits that were traced by their likely contents."""


class Error(NamedTuple):
    """Of a model: what is wrong over channels and over contents, each by the orders that contents brought, and what it
    leaves to nobody by the orders that nothing brought."""

    channels: float
    contents: float
    nobody: float


def errors(truth: dict[str, Any], folder: Path, platform: str) -> dict[str, Error]:
    """Return model -> error over the sales of a platform."""
    true: dict[str, float] = {}
    for sale in truth["sales"]:
        if sale["kind"] == "sale" and sale["net"] and sale["platform"] == platform:
            true[sale["content"] or ""] = true.get(sale["content"] or "", 0.0) + 1
    found: dict[str, list[tuple[str, str, float]]] = {}
    for model, *credit in duckdb.sql(CREDITED.format(folder=folder, platform=platform)).fetchall():
        found.setdefault(model, []).append(tuple(credit))
    return {model: _error(credited, true) for model, credited in sorted(found.items())}


def _error(credited: list[tuple[str, str, float]], true: dict[str, float]) -> Error:
    brought = sum(orders for content, orders in true.items() if content)
    channels, contents = _summed(credited, 0), _summed(credited, 1)
    nobody = channels.pop("", 0.0)
    return Error(
        _wrong(channels, {CHANNEL: brought}) / brought,
        _wrong(contents, true) / brought,
        nobody / max(true.get("", 0.0), 1.0),
    )


def _summed(credited: list[tuple[str, str, float]], column: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in credited:
        found[str(row[column])] = found.get(str(row[column]), 0.0) + row[2]
    return found


def _wrong(credited: dict[str, float], true: dict[str, float]) -> float:
    named = (credited.keys() | true.keys()) - {""}
    return sum(abs(credited.get(name, 0.0) - true.get(name, 0.0)) for name in named)


# --- played -----------------------------------------------------------------------------------------------------------


class Played(NamedTuple):
    """A brand that was played and read: the truth, and where what is held of it lies."""

    world: World
    truth: dict[str, Any]
    folder: Path


async def played(world: World, folder: Path, parts: tuple[str, ...] = SPINE) -> Played:
    """Play a brand, and read what its platforms tell."""
    return Played(world, await live_through(folder, world, faults={}, parts=parts, settings=CONTACT), folder)


async def read_log(brand: Played, **which: bool) -> None:
    """Let the site export its log of visits, and jalon read it."""
    config, now = brand.folder / "jalon.toml", float(brand.world.horizon)
    site_log.configure(config)
    site_log.drop(brand.world, brand.folder / "site-log", now, **which)
    with Workplace(load(config)) as place:
        (outcome,) = await sync_once(place, Clock(now, frozen=True), [site_log.SOURCE])
        assert outcome.state == "ok", outcome
        place.derive()


def attributed(brand: Played, models: tuple[str, ...]) -> Path:
    """Attribute what is held, and return the folder of the tables."""
    (store,) = (found.parent for found in brand.folder.rglob("facts") if found.is_dir())
    attribute(store / "facts", store / "models", Options(models=models))
    return store / "models"


def untold(brand: Played) -> float:
    """Return the share of the orders that contents brought whose content is told by no visit before them."""
    clicks = [each for each in brand.world.exposures if each.clicked and brand.world.links[each.content] != "untagged"]
    told: dict[tuple[str, str | None], int] = {}
    for each in clicks:
        told[each.shopper, each.content] = min(each.at, told.get((each.shopper, each.content), each.at))
    brought = [s for s in brand.world.sales if s.platform == "shopify" and s.kind == "sale" and s.content]
    seen = [s for s in brought if told.get((s.shopper, s.content), s.placed_at) < s.placed_at]
    return 1 - len(seen) / len(brought)


class Life(NamedTuple):
    """What was found in one life of one seed: the errors of all models by who tells visits, and which share of the
    orders has a content that nobody tells."""

    errors: dict[str, dict[str, Error]]
    untold: float


async def measured(orders: int, seed: int, *, unmoved: bool, folder: Path) -> Life:
    """Play a brand, and return what each model errs."""
    models = tuple(name for name in MODELS if name != "custom")
    lived = await played(brand(seed=seed, orders=orders, days=60, unmoved=unmoved), folder)
    found = {}
    for told, which in TOLD.items():
        if which is not None:
            await read_log(lived, **which)
        found[told] = errors(lived.truth, attributed(lived, models), "shopify")
    return Life(found, untold(lived))


# --- told -------------------------------------------------------------------------------------------------------------


def main(words: list[str]) -> None:
    """Print the tables, the mean over seeds."""
    orders, seeds = int(words[0]) if words else 3000, [int(word) for word in words[1:]] or [1, 2, 3]
    found: dict[str, list[Life]] = {life: [] for life in LIVES}
    for seed in seeds:
        for life, unmoved in LIVES.items():
            with tempfile.TemporaryDirectory() as name:
                found[life].append(asyncio.run(measured(orders, seed, unmoved=unmoved, folder=Path(name))))
    sys.stdout.write("\n".join(line for life, runs in found.items() for line in _table(life, runs)) + "\n")


def _table(life: str, runs: list[Life]) -> Iterator[str]:
    """Yield the table of the web shop's orders: errors over channels, over contents, and what nobody has."""
    yield f"| {life} | " + " | ".join(TOLD) + " |"
    yield "| --- |" + " --- |" * len(TOLD)
    for model in runs[0].errors[next(iter(TOLD))]:
        yield f"| `{model}` | " + " | ".join(_cell([run.errors[told][model] for run in runs]) for told in TOLD) + " |"
    yield f"Content told by no visit: {mean(run.untold for run in runs):.2f}\n"


def _cell(runs: list[Error]) -> str:
    return " · ".join(f"{mean(figures):.2f}" for figures in zip(*runs, strict=True))


if __name__ == "__main__":
    main(sys.argv[1:])
