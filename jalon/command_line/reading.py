"""Words for what brings data in, derives facts from it, or takes it out again."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jalon.commands.common import DAY, DURATION, at_work, speaking
from jalon.commands.console import Console

if TYPE_CHECKING:
    from jalon.workplace import Workplace


@click.command()
@click.argument("sources", nargs=-1)
@click.option(
    "--max-runtime", type=DURATION, metavar="TIME", help="End after this long (90s, 15m, 2h); the next run goes on."
)
@click.option("--no-normalize", is_flag=True, help="Only read into the inbox.")
@at_work
def sync(
    console: Console, place: Workplace, sources: tuple[str, ...], max_runtime: timedelta | None, no_normalize: bool
) -> int:
    """Read what is new, and derive facts from it.

    From all SOURCES, or the named ones. Safe to run from cron at any time: it goes on where the last run ended,
    whatever ended it. Exit status 1: something is left for the next run, or what was read or delivered made no sense,
    or `serve` refused deliveries; it is named by source.

    \b
    jalon sync
    jalon sync shopify --max-runtime 10m
    """
    from jalon.commands.running import run_sync

    return run_sync(console, place, place.config.pick(sources), max_runtime=max_runtime, normalize=not no_normalize)


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", help="For which source (default: the only one that reads files).")
@click.option("--table", help="Read them by this table of jalon.toml, or by this template (default: by their names).")
@click.option("--dry-run", is_flag=True, help="Only say how their columns are read, and what of the first rows is bad.")
@click.option("--no-normalize", is_flag=True, help="Only read into the inbox.")
@at_work
def import_files(
    console: Console,
    place: Workplace,
    files: tuple[Path, ...],
    source: str | None,
    table: str | None,
    dry_run: bool,
    no_normalize: bool,
) -> int:
    """Read FILES: exports of tills, mailings, surveys, networks.

    CSV, JSON lines or Parquet. What was read before and has not changed is passed over; a bad row goes to quarantine
    with its file and line, the rest is taken. `jalon sync` does the same with what lies in the source's folder.

    \b
    jalon import receipts.csv --table till_orders --dry-run
    jalon import exports/*.csv --source own
    """
    from jalon.commands.running import run_import

    return run_import(console, place, files, source=source, table=table, dry_run=dry_run, normalize=not no_normalize)


@click.command()
@click.argument("name", required=False)
@click.option("--example", is_flag=True, help="Print nothing but a small file of the kind NAME.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the events that the connector `hook` takes.")
@speaking
def templates(console: Console, name: str | None, example: bool, schema: bool) -> None:
    """Show the templates for files, or the columns of NAME.

    A template says which column of an export is which field. What it does not know by itself is told in jalon.toml;
    the plain ones (orders, touchpoints, …) are also what the webhook takes, by their types.

    \b
    jalon templates
    jalon templates till_orders
    jalon templates till_orders --example > till_orders.csv
    jalon templates --schema > events.schema.json
    """
    from jalon.commands import templates as known

    if schema:
        console.data(*known.schema())
    elif name is None:
        console.data(*known.overview())
    else:
        console.data(*(known.example(name) if example else known.columns(name)))


@click.command()
@click.argument("sources", nargs=-1)
@click.option("--from", "first", type=DAY, required=True, help="First day (YYYY-MM-DD, in the account's zone).")
@click.option("--to", "last", type=DAY, required=True, help="Last day, included.")
@click.option(
    "--max-runtime", type=DURATION, metavar="TIME", help="End after this long; the same command goes on later."
)
@click.option("--dry-run", is_flag=True, help="Only estimate how much there is to ask.")
@at_work
def backfill(
    console: Console,
    place: Workplace,
    sources: tuple[str, ...],
    first: datetime,
    last: datetime,
    max_runtime: timedelta | None,
    dry_run: bool,
) -> int:
    """Read a span of the past again.

    Of all SOURCES, or the named ones. The same command goes on where an earlier one was cut off. Where `sync` stands
    does not move.

    \b
    jalon backfill shopify --from 2026-01-01 --to 2026-06-30 --dry-run
    """
    from jalon.commands.running import run_backfill

    if last < first:
        raise click.UsageError("--to is before --from")
    return run_backfill(
        console, place, place.config.pick(sources), first.date(), last.date(), max_runtime=max_runtime, dry_run=dry_run
    )


@click.command()
@click.option("--host", help="Address to listen on (default: [serve] host).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default: [serve] port; 0: any free one).")
@at_work
def serve(console: Console, place: Workplace, host: str | None, port: int | None) -> int:
    """Receive webhooks until stopped.

    Prints the address of each source. A delivery is on disk before it is acknowledged; the next `sync` reads what it
    tells of. Put a TLS proxy in front, and set public_url so that `sync` subscribes. What is refused, for want of a
    fitting signature above all, is counted: the next `sync` says how often and why, and so do `status` and `doctor`.

    \b
    jalon serve --port 8737
    """
    from jalon.commands.serving import run_serve

    return run_serve(console, place, host or place.config.serve.host, place.config.serve.port if port is None else port)


@click.command()
@click.option("--all", "everything", is_flag=True, help="Derive all facts anew from the inbox.")
@at_work
def normalize(console: Console, place: Workplace, everything: bool) -> int:
    """Derive facts from the inbox.

    Asks no platform; the same inbox gives the same files. `sync` does it too; this is for a mapping that has changed,
    or for files that were damaged (--all). Exit status 1: some records are in quarantine.
    """
    from jalon.commands.running import run_normalize

    return run_normalize(console, place, everything=everything)


@click.command("forget-source")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do it; without, it is only said what would go.")
@at_work
def forget_source(console: Console, place: Workplace, name: str, yes: bool) -> int:
    """Remove all that came from a source no longer used.

    NAME is a source that was taken out of jalon.toml. Its records, facts, cursors, tokens, deliveries, short links and
    runs go, and its money and counts with them; attribution and marts are removed, to be made anew. Without --yes it is
    only said how much that is. Killed in between, it is finished by the next `sync` or `normalize`.

    Only a person shall go? `jalon erase` does that, and platforms and visitors order it by themselves. Out of reach are
    copies written elsewhere, and backups.

    \b
    jalon forget-source old_shop
    jalon forget-source old_shop --yes && jalon report && jalon deliver
    """
    from jalon.commands.forgetting import run_forget

    return run_forget(console, place, name, yes=yes)
