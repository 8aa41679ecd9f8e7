"""Words for platforms that are only played."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from jalon.commands.common import speaking
from jalon.commands.console import Console


@click.command()
@click.option("--seed", default=1, show_default=True, help="The same seed is the same brand.")
@click.option("--orders", default=400, show_default=True, type=click.IntRange(1), help="About how many orders.")
@click.option("--days", default=60, show_default=True, type=click.IntRange(1), help="Days of history.")
@click.option(
    "--port",
    default=8700,
    show_default=True,
    type=click.IntRange(0, 65000),
    help="First of the ports; 0: any free ones.",
)
@click.option(
    "--fault", "faults", multiple=True, metavar="NAME", help="Switch a fault on (`all` for every one); may be repeated."
)
@click.option("--truth", type=click.Path(path_type=Path, dir_okay=False), help="Write here what really happened.")
@click.option(
    "--write-config",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a jalon.toml and secrets for it into this folder.",
)
@speaking
def sandbox(console: Console, **options: Any) -> int:
    """Play the platforms on loopback until stopped.

    Behind them stands a simulated brand whose truth is known. Its clock and faults can be set while it plays: POST
    /clock and /faults at the control address.

    \b
    jalon sandbox --write-config played --port 0
    cd played && jalon sync
    """
    from jalon.commands.demo import run_sandbox

    return run_sandbox(console, **options)


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="demo-out",
    show_default=True,
    help="Where everything goes.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed is the same brand.")
@click.option("--orders", default=400, show_default=True, type=click.IntRange(1), help="About how many orders.")
@speaking
def demo(console: Console, out: Path, seed: int, orders: int) -> int:
    """Go the whole way once, with played platforms.

    Sandbox, sync over HTTP, webhooks, facts, attribution, marts and a report page. Needs no account, key or server.
    Leaves a folder to look around in: status, report, explain, compare, deliver and all else that asks no platform.

    The platforms are played while the demo runs, no longer: `sync`, `backfill` and `doctor` (but for --offline) find
    nobody there afterwards. `jalon sandbox --write-config FOLDER` plays platforms until it is stopped, for these too.
    """
    from jalon.commands.demo import run_demo

    return run_demo(console, out, seed=seed, orders=orders)
