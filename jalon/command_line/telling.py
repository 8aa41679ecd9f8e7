"""Words for what facts come to: credit, report, delivery, explanations."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from jalon.commands.common import DAY, at_work
from jalon.commands.console import Console
from jalon.report.page.readers import LANGUAGES, ROLES

if TYPE_CHECKING:
    from jalon.workplace import Workplace


CUTS = ("channel", "platform", "content", "creator", "stage", "campaign", "product", "mode")
"""What credit can be compared by."""


@click.command()
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
    from jalon.commands.attributing import run_attribute

    return run_attribute(console, place, as_of, engine, anew=anew)


@click.command()
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
    from jalon.commands.reporting import Asked, run_report

    return run_report(console, place, Asked(as_of, out, dbt, since, lang, role))


@click.command()
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


@click.command()
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


@click.command()
@click.argument("model")
@click.argument("other")
@click.option("--by", type=click.Choice(CUTS), default=CUTS[0], show_default=True, help="What credit is compared by.")
@at_work
def compare(console: Console, place: Workplace, model: str, other: str, by: str) -> None:
    """Say where one MODEL and an OTHER disagree, and why.

    Net revenue of each channel (or other cut) under both, the difference, and the journeys that make it: how they begin
    and end, and the orders that count for most. Tells of the last `attribute` or `report`.

    \b
    jalon compare last markov
    jalon compare first last_non_direct --by creator
    """
    from jalon.commands.explaining import compare_them

    compared, lines = compare_them(console, place, model, other, by)
    console.data({"comparison": compared}, lines)
