"""How far each model is from what really sold: `python -m tests.truth.model_errors [ORDERS [SEED...]]`.

A brand is played, jalon reads it over HTTP as it would the real platforms, and every model's credit by content is held
against the contents that brought the sales. The error of a model is the sum over contents of |credited - true| orders,
by the orders that contents truly brought; `anyway` is what the model leaves to nobody or to touchpoints without a
content, by the orders that came by no content.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import duckdb

from jalon.attribution.models import MODELS
from jalon.attribution.options import Options
from jalon.attribution.run import attribute
from tests.truth.life import live

CREDITED = """
    SELECT model, coalesce(content_id, '') AS content, sum(c.weight)::DOUBLE AS orders
    FROM '{folder}/credit.parquet' c JOIN '{folder}/sales.parquet' s USING (order_uid)
    LEFT JOIN (
        SELECT touch_uid, content_id FROM '{folder}/touches.parquet'
        UNION ALL SELECT touch_uid, content_id FROM '{folder}/modelled.parquet'
    ) USING (touch_uid)
    WHERE s.is_sale AND s.platform IN {platforms} GROUP BY ALL
"""


class Error(NamedTuple):
    """Of a model: what is wrong over contents by what is true, and what it leaves to no content by what should be."""

    contents: float
    anyway: float


def errors(truth: dict[str, Any], folder: Path, platforms: Iterable[str]) -> dict[str, Error]:
    """Return model -> error over the sales of some platforms."""
    sold = [sale for sale in truth["sales"] if sale["kind"] == "sale" and sale["net"] and sale["platform"] in platforms]
    true: dict[str, float] = {}
    for sale in sold:
        true[sale["content"] or ""] = true.get(sale["content"] or "", 0.0) + 1
    listed = "(" + ", ".join(f"'{platform}'" for platform in platforms) + ")"
    found: dict[str, dict[str, float]] = {}
    for model, content, orders in duckdb.sql(CREDITED.format(folder=folder, platforms=listed)).fetchall():
        found.setdefault(model, {})[content] = orders
    return {model: _error(credited, true) for model, credited in found.items()}


def _error(credited: dict[str, float], true: dict[str, float]) -> Error:
    contents = (credited.keys() | true.keys()) - {""}
    wrong = sum(abs(credited.get(each, 0.0) - true.get(each, 0.0)) for each in contents)
    brought = sum(true.get(each, 0.0) for each in contents)
    return Error(wrong / brought, credited.get("", 0.0) / max(true.get("", 0.0), 1.0))


async def played(orders: int, seed: int, folder: Path) -> tuple[dict[str, Any], Path]:
    """Play a brand, read it, attribute it by every model, and return the truth and the folder of the tables."""
    truth = await live(folder, seed=seed, orders=orders, days=60, faults={})
    out = folder / "all-models"
    models = tuple(name for name in MODELS if name != "custom")
    (store,) = (found.parent for found in folder.rglob("facts") if found.is_dir())
    attribute(store / "facts", out, Options(models=models))
    return truth, out


def main(words: list[str]) -> None:
    """Print a table of errors, the mean over seeds."""
    orders, seeds = int(words[0]) if words else 3000, [int(word) for word in words[1:]] or [1, 2, 3]
    ways = {"all": ("tiktok_shop", "shopify"), "in the app": ("tiktok_shop",), "web shop": ("shopify",)}
    found: dict[str, dict[str, list[Error]]] = {}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as name:
            truth, folder = asyncio.run(played(orders, seed, Path(name)))
            for way, platforms in ways.items():
                for model, error in errors(truth, folder, platforms).items():
                    found.setdefault(model, {}).setdefault(way, []).append(error)
    lines = ["| model | " + " | ".join(f"{way} | left to none" for way in ways) + " |"]
    lines.append("| --- |" + " --- |" * 2 * len(ways))
    for model, by_way in found.items():
        cells = (f"{mean(e.contents for e in own):.2f} | {mean(e.anyway for e in own):.2f}" for own in by_way.values())
        lines.append(f"| `{model}` | " + " | ".join(cells) + " |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
