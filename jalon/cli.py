"""The commands: words in, words out. What they do lives in the rooms; heavy imports happen inside commands.

stdout is data, stderr is talk; `command.EXITS` says what each exit status means.
"""

from __future__ import annotations

import gc
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from jalon import __version__, errors
from jalon.commands.common import DAY, DURATION, EXITS, at_work, run, speaking
from jalon.commands.console import Console, clean, table
from jalon.report.page.readers import LANGUAGES, ROLES
from jalon.store.arrow import stay_small

if TYPE_CHECKING:
    from jalon.workplace import Workplace


CUTS = ("channel", "platform", "content", "creator", "stage", "campaign", "product", "mode")
"""What credit can be compared by."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, epilog=EXITS)
@click.version_option(__version__, prog_name="jalon")
@click.option("-v", "--verbose", count=True, help="Log what happens to stderr; twice for more.")
def cli(verbose: int) -> None:
    """Social sales, from every platform to one journey.

    jalon polls and receives social platforms and shops, joins what they tell into journeys, and attributes purchases to
    touchpoints, content, creators and stages. Begin with `jalon demo`, or with `jalon init`.
    """
    from jalon.commands.logs import configure

    configure(verbose)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option(
    "--source", "sources", multiple=True, metavar="CONNECTOR", help="Add a table for this connector; may be repeated."
)
@speaking
def init(console: Console, folder: Path, sources: tuple[str, ...]) -> None:
    """Write jalon.toml and the installation key into FOLDER.

    Nothing that is there is replaced; a table that is asked for and missing is added at the end. The key makes persons'
    hashes and seals secrets: keep a copy in a safe place.

    \b
    jalon init shop --source tiktok_shop --source shopify
    """
    from jalon.commands.setup import begin

    made = begin(folder, sources)
    console.data(
        {"made": [str(path) for path in made]}, [f"made {path}" for path in made] or "nothing to do: all is there"
    )
    console.say("Next: put your sources into jalon.toml (docs/first-steps.md), then run `jalon doctor`.")


@cli.command()
@click.argument("sources", nargs=-1)
@click.option("--offline", is_flag=True, help="Ask no platform.")
@at_work
def doctor(console: Console, place: Workplace, sources: tuple[str, ...], offline: bool) -> int:
    """Look for what could make the next run fail.

    Checks configuration, key, store, facts, disk, clock, tokens, scopes and subscriptions of all SOURCES (or the named
    ones), and says what to do about each trouble. Exit status 1: something has failed.

    \b
    jalon doctor
    jalon doctor shopify
    jalon doctor --offline
    """
    from jalon.commands.doctor import examine

    findings = examine(place, place.config.pick(sources), offline=offline)
    marks = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
    lines = []
    for found in findings:
        lines.append(f"{marks[found.level]}  {found.name}: {clean(found.detail)}")
        lines += [f"      {clean(found.remedy[:1].upper() + found.remedy[1:])}"] if found.remedy else []
    console.data({"findings": [f._asdict() for f in findings]}, lines)
    return errors.PARTIAL if any(f.level == "fail" for f in findings) else errors.OK


@cli.command()
@click.argument("names", nargs=-1)
@speaking
def connectors(console: Console, names: tuple[str, ...]) -> int:
    """Show what each platform can give, and what it cannot.

    One row per installed connector, one column per kind of data: at which grain it comes. With NAMES of connectors, in
    words: after how long, how far back, and why what is missing is missing.

    \b
    jalon connectors
    jalon connectors instagram youtube
    """
    from jalon import registry
    from jalon.commands.matrix import LEGEND, capability_rows, details, matrix

    if names:
        lines = [line for name in names for line in (*details(name), "")][:-1]
        console.data({"capabilities": capability_rows(names)}, lines)
        return errors.OK
    found, broken = registry.loadable()
    header, rows = matrix(found)
    more = "`jalon connectors NAME` says after how long, how far back, and why what is missing is missing"
    console.data({"capabilities": capability_rows(found)}, [*table(header, rows), "", LEGEND, more])
    for error in broken:
        console.warn(str(error))
    return errors.PARTIAL if broken else errors.OK


@cli.command()
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
    whatever ended it.

    \b
    jalon sync
    jalon sync shopify --max-runtime 10m
    """
    from jalon.commands.running import run_sync

    return run_sync(console, place, place.config.pick(sources), max_runtime=max_runtime, normalize=not no_normalize)


@cli.command("import")
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


@cli.command()
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


@cli.command()
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


@cli.command()
@click.option("--host", help="Address to listen on (default: [serve] host).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default: [serve] port; 0: any free one).")
@at_work
def serve(console: Console, place: Workplace, host: str | None, port: int | None) -> int:
    """Receive webhooks until stopped.

    Prints the address of each source. A delivery is on disk before it is acknowledged; the next `sync` reads what it
    tells of. Put a TLS proxy in front, and set public_url so that `sync` subscribes.

    \b
    jalon serve --port 8737
    """
    from jalon.commands.serving import run_serve

    return run_serve(console, place, host or place.config.serve.host, place.config.serve.port if port is None else port)


@cli.command()
@click.option("--all", "everything", is_flag=True, help="Derive all facts anew from the inbox.")
@at_work
def normalize(console: Console, place: Workplace, everything: bool) -> int:
    """Derive facts from the inbox.

    Asks no platform; the same inbox gives the same files. `sync` does it too; this is for a mapping that has changed,
    or for files that were damaged (--all). Exit status 1: some records are in quarantine.
    """
    from jalon.commands.running import run_normalize

    return run_normalize(console, place, everything=everything)


@cli.command("forget-source")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do it; without, it is only said what would go.")
@at_work
def forget_source(console: Console, place: Workplace, name: str, yes: bool) -> int:
    """Remove all that came from a source no longer used.

    NAME is a source that was taken out of jalon.toml. Its records, facts, cursors, tokens, deliveries, short links and
    runs go, and its money and counts with them; attribution and marts are removed, to be made anew. Without --yes it is
    only said how much that is. Killed in between, it is finished by the next `sync` or `normalize`.

    Only persons shall go? That is an erasure, which platforms and visitors order by themselves. Out of reach are copies
    written elsewhere, and backups.

    \b
    jalon forget-source old_shop
    jalon forget-source old_shop --yes && jalon report && jalon deliver
    """
    from jalon.commands.forgetting import run_forget

    return run_forget(console, place, name, yes=yes)


@cli.group()
def links() -> None:
    """Own short links: each click is told one by one."""


@links.command("add")
@click.argument("url")
@click.option(
    "--placement", required=True, help="Where it will stand: `instagram/story`, `youtube`, `email`, `shop/qr`."
)
@click.option("--content", default="", help="Id of the content it stands in, as its platform has it.")
@click.option("--product", default="", help="Id of the product it is about, as the shop has it.")
@click.option("--campaign", default="", help="Name of the campaign.")
@click.option("--source", help="Of which source (default: the only one of own links).")
@at_work
def links_add(console: Console, place: Workplace, url: str, source: str | None, **names: str) -> int:
    """Make a short link to URL.

    The same words give the same link again. `jalon serve` answers it within a second or two.

    \b
    jalon links add https://shop.example.com/products/lamp --placement instagram/story --content 17912345 --product 8001
    """
    from jalon.commands.links import run_add

    return run_add(console, place, url, source, names)


@links.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--source", help="Of which source (default: the only one of own links).")
@at_work
def links_import(console: Console, place: Workplace, file: Path, source: str | None) -> int:
    """Make the links of FILE, a CSV.

    Its columns are url and placement, and if there are any content, product, campaign. Reading it again changes
    nothing. Exit status 1: some lines are no links; they are named, the others are made.

    \b
    jalon links import links.csv
    """
    from jalon.commands.links import run_import

    return run_import(console, place, file, source)


@links.command("list")
@click.option("--source", help="Only this source.")
@at_work
def links_list(console: Console, place: Workplace, source: str | None) -> None:
    """List all links, the oldest first."""
    from jalon.commands.links import run_list

    run_list(console, place, source)


@links.command("qr")
@click.argument("code")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write: .svg or .png."
)
@at_work
def links_qr(console: Console, place: Workplace, code: str, out: Path) -> None:
    """Draw the link CODE as a QR code.

    \b
    jalon links qr 4fz0q8m2ck --out lamp.svg
    """
    from jalon.commands.links import run_draw

    run_draw(console, place, code, out)


@links.command("disable")
@click.argument("code")
@click.option("--undo", is_flag=True, help="Let it lead again.")
@at_work
def links_disable(console: Console, place: Workplace, code: str, undo: bool) -> None:
    """Let the link CODE lead nowhere any more.

    What was clicked before stays, and is still joined.
    """
    from jalon.commands.links import run_disable

    run_disable(console, place, code, undo=undo)


@cli.group()
def quarantine() -> None:
    """Records that could not become facts."""


@quarantine.command("list")
@click.option("--source", help="Only this source.")
@click.option("--reason", help="Only this reason code.")
@at_work
def quarantine_list(console: Console, place: Workplace, source: str | None, reason: str | None) -> None:
    """List open entries, newest first."""
    from jalon.commands import held

    entries = held.entries(place, source=source, reason=reason)
    header = ("id", "source", "stream", "key", "reason", "times", "detail")
    rows = [[str(entry[name]) for name in header] for entry in entries]
    console.data({"entries": entries}, table(header, rows) if rows else "nothing is in quarantine")
    if rows:
        console.say("`jalon quarantine replay` tries them again; `jalon quarantine close NUMBER` closes one by hand")


@quarantine.command("show")
@click.argument("number", type=int)
@at_work
def quarantine_show(console: Console, place: Workplace, number: int) -> None:
    """Show entry NUMBER with its raw payload."""
    from jalon.commands import held

    entry = held.entry(place, number)
    told = [f"{name}: {clean(str(value))}" for name, value in entry.items() if value is not None]
    console.data({"entry": entry}, told)


@quarantine.command("replay")
@click.argument("numbers", type=int, nargs=-1)
@at_work
def quarantine_replay(console: Console, place: Workplace, numbers: tuple[int, ...]) -> int:
    """Try entries again; what succeeds is closed.

    All open entries and deliveries that were not understood, or the entries with the NUMBERS. What was never received
    is read by the next `sync`. Exit status 1: some are still open.
    """
    from jalon.commands import held

    return held.replay(console, place, numbers)


@quarantine.command("close")
@click.argument("numbers", type=int, nargs=-1, required=True)
@at_work
def quarantine_close(console: Console, place: Workplace, numbers: tuple[int, ...]) -> int:
    """Close the entries NUMBERS by hand.

    For what was settled otherwise, as a file that was corrected under another name. Their payloads are dropped, and the
    same revision of the same record opens none again. Closing twice is harmless.

    \b
    jalon quarantine close 17 18
    """
    from jalon.commands import held

    return held.close(console, place, numbers)


@cli.command()
@click.option("--as-of", type=DAY, help="Use only what was known on this day.")
@click.option(
    "--engine",
    type=click.Choice(["duckdb", "spark"]),
    help="What computes: duckdb on this machine, spark on many (default: engine in [attribution]).",
)
@click.option("--anew", is_flag=True, help="Make the tables again, though nothing has changed since they were made.")
@at_work
def attribute(
    console: Console, place: Workplace, as_of: datetime | None, engine: Literal["duckdb", "spark"] | None, anew: bool
) -> int:
    """Join persons, build journeys, credit orders.

    Every counted order's net revenue is shared among the touchpoints of its journey, by each model, to the last minor
    unit. `report` does it too. Where no fact and no setting has changed since the last time, the tables stand. Both
    engines write the same rows; docs/engines.md says when to change.
    """
    from jalon.commands.reporting import run_attribute

    return run_attribute(console, place, as_of, engine, anew=anew)


@cli.command()
@click.option("--as-of", type=DAY, help="Use only what was known on this day.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for marts and page (default: marts/ in the store; of a past day, a folder of its own in there).",
)
@click.option(
    "--dbt",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write a dbt project over the marts into this folder: views, tests, a semantic layer, for dbt-duckdb.",
)
@click.option(
    "--since",
    type=DAY,
    help="Say what was restated since the report --as-of this day, which must be there (default: since the last one).",
)
@click.option(
    "--lang",
    type=click.Choice(list(LANGUAGES)),
    help="Language of page and summary (default: lang in [report], or en).",
)
@click.option(
    "--for",
    "role",
    type=click.Choice(list(ROLES)),
    help="Reader of the page: what matters to them comes first, what does not is left out (default: all of it).",
)
@at_work
def report(
    console: Console,
    place: Workplace,
    as_of: datetime | None,
    out: Path | None,
    dbt: Path | None,
    since: datetime | None,
    lang: str | None,
    role: str | None,
) -> int:
    """Attribute, write marts and page, print the summary.

    The marts are Parquet and CSV, a star schema with its dictionary beside (docs/tables.md); the page is one HTML file
    that needs nothing else. The same facts and options give the same files. Marts whose keys or money do not hold are
    not written: then it fails and says which.

    The page is for everybody, or for one reader: sales (where buyers come from and what they were after), content
    (which content serves which stage), management (the funnel, and what to look at first). It says what was restated:
    which days that were over when the last report was made it tells otherwise.

    \b
    jalon report
    jalon report --lang fr --for sales
    jalon report --as-of 2026-06-30 --out june
    jalon report --as-of 2026-06-30 && jalon report --since 2026-06-30
    jalon report --dbt warehouse && cd warehouse && dbt build --profiles-dir .
    """
    from jalon.commands.reporting import run_report

    return run_report(console, place, as_of, out, dbt, since, lang, role)


@cli.command()
@click.argument("names", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only say what would be sent, and which shapes have changed.")
@click.option(
    "--allow-schema-change", is_flag=True, help="Also where a column or table that was delivered is gone or retyped."
)
@at_work
def deliver(
    console: Console, place: Workplace, names: tuple[str, ...], dry_run: bool, allow_schema_change: bool
) -> int:
    """Send the marts to where BI reads them.

    To all destinations of jalon.toml ([deliver.NAME]), or those with the NAMES: Parquet, CSV or JSON lines in a folder
    or in object storage, one SQLite or DuckDB file, PostgreSQL, warehouses such as BigQuery or Snowflake
    (docs/delivery.md). Tells of the last `report`.

    Only tables that have changed are sent, so that it may run as often as you like. Readers see what was before or all
    that is new. A new column is added and told; what readers could break on is refused until it is allowed.

    \b
    jalon deliver --dry-run
    jalon deliver
    jalon deliver warehouse --allow-schema-change
    """
    from jalon.commands.delivering import run_deliver

    return run_deliver(console, place, names, allow_schema_change=allow_schema_change, dry_run=dry_run)


@cli.command()
@click.argument("subject")
@click.option("--model", help="List single credits by this model (default: the one that the report shows first).")
@click.option("--since", type=DAY, help="Also say what has changed since the end of this day.")
@at_work
def explain(console: Console, place: Workplace, subject: str, model: str | None, since: datetime | None) -> None:
    """Say why a SUBJECT has its credit.

    SUBJECT is an id of an order, a content, a creator or a customer (any identifier of theirs, an e-mail address too);
    what it is is found out. Where several things have one id, put `order:`, `content:`, `creator:` or `customer:`
    before it; an order may also be named `source:order id`. Tells of the last `attribute` or `report`.

    An order: its touchpoints with stage and rule, the window, each model's weights and credit, refunds, revisions. A
    content or creator: the credit of each model, how sure it is, the orders behind it, what people did with it, what
    the platform counts. A customer: which identifiers were joined and why, all they did in order, and what it led to.

    --since tells which facts came, were restated or taken back, whose credit moved by how much, and why.

    \b
    jalon explain 577901644120000069
    jalon explain content:7496178223933447527 --model markov
    jalon explain customer:jane@example.com --since 2026-06-30
    """
    from jalon.commands.explaining import explain_it

    explained, lines = explain_it(console, place, subject, model, since)
    console.data({explained["kind"]: explained}, lines)


@cli.command()
@click.argument("models", nargs=2)
@click.option("--by", type=click.Choice(CUTS), default=CUTS[0], show_default=True, help="What credit is compared by.")
@at_work
def compare(console: Console, place: Workplace, models: tuple[str, str], by: str) -> None:
    """Say where two MODELS disagree, and why.

    Net revenue of each channel (or other cut) under both, the difference, and the journeys that make it: how they begin
    and end, and the orders that count for most. Tells of the last `attribute` or `report`.

    \b
    jalon compare last markov
    jalon compare first last_non_direct --by creator
    """
    from jalon.commands.explaining import compare_them

    compared, lines = compare_them(console, place, *models, by)
    console.data({"comparison": compared}, lines)


@cli.command()
@at_work
def status(console: Console, place: Workplace) -> int:
    """Show where each source stands.

    The last run and how it ended, what is left to read and why it waits, notices of the platforms, quarantine.
    """
    from jalon.commands.status import overview

    data, lines = overview(place)
    console.data(data, lines)
    return errors.OK


@cli.command()
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


@cli.command()
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
    Leaves a folder in which every command works.
    """
    from jalon.commands.demo import run_demo

    return run_demo(console, out, seed=seed, orders=orders)


@cli.group()
def config() -> None:
    """The configuration in force."""


@config.command("show")
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@at_work
def config_show(console: Console, place: Workplace, origin: bool) -> None:
    """Print every setting in force; secrets as ***.

    Above jalon.toml stand JALON_STORE, JALON_PUBLIC_URL, JALON_HOST and JALON_PORT; --origin says which it was.
    """
    rows = list(place.config.rows())
    header = ("setting", "value", "origin") if origin else ("setting", "value")
    settings = [dict(zip(("setting", "value", "origin"), row, strict=True)) for row in rows]
    console.data({"settings": settings}, table(header, [row[: len(header)] for row in rows]))


FACTS_ONLY = frozenset({"sync", "backfill", "import", "normalize", "quarantine"})
"""Commands that write facts and then end, and so may load Arrow without its friends."""

SELDOM = (50_000, 20, 100)
"""When such a command looks for cycles: pages of records hold none, and looking there costs a tenth of its time."""

FIGURES_ONLY = frozenset({"attribute", "report", "explain", "compare"})
"""Commands that make figures and then end. They look for no cycles at all: expressions hold each other, but are as many
whatever the data (60 MiB more at the end of a report), and looking there costs a tenth of the time."""


def main() -> None:
    """Run the command line, in a process of its own."""
    # Threads of OpenBLAS wait by spinning: over small matrices that costs a hundred times the arithmetic.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = set(sys.argv[1:])
    if FACTS_ONLY & words:
        stay_small()
        gc.set_threshold(*SELDOM)
    elif FIGURES_ONLY & words:
        gc.disable()
    run(cli)
