"""Words for what a person may ask for: to be erased, and to be told what is held."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from jalon.commands.common import at_work
from jalon.commands.console import Console

if TYPE_CHECKING:
    from jalon.commands.persons import Words
    from jalon.workplace import Workplace


def _country(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    from jalon.connectors.calling_codes import CALLING_CODES

    if value is not None and value.upper() not in CALLING_CODES:
        raise click.BadParameter(f"{value!r} is no country: name one by two letters, such as FR")
    return value and value.upper()


def naming(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the words that name a person."""
    options = (
        click.argument("identifiers", nargs=-1),
        click.option("--source", metavar="NAME", help="The source that --customer and --order are numbers of."),
        click.option("--customer", "customers", multiple=True, help="A customer's number there; may be repeated."),
        click.option("--order", "orders", multiple=True, help="An order's number or id there; may be repeated."),
        click.option(
            "--country", callback=_country, help="Country (FR) of phone numbers that are given without calling code."
        ),
        click.option(
            "--only-given", is_flag=True, help="Leave out the identifiers that attribution takes for the same person."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _words(
    identifiers: tuple[str, ...],
    source: str | None,
    customers: tuple[str, ...],
    orders: tuple[str, ...],
    country: str | None,
    only_given: bool,
) -> Words:
    from jalon.commands.persons import Words, from_stdin

    return Words(from_stdin(identifiers), source, customers, orders, country, only_given)


@click.command()
@naming
@click.option("--yes", is_flag=True, help="Do it; without, it is only said what would go.")
@click.option("--list", "listed", is_flag=True, help="Show the erasures that were ordered, and the proof of each.")
@at_work
def erase(console: Console, place: Workplace, yes: bool, listed: bool, **named: Any) -> int:
    """Erase a person who asked for it.

    IDENTIFIERS are e-mail addresses, phone numbers, or KIND:ID (loyalty:4711). With `-` they are read from stdin, one a
    line: on the command line an address stays in the shell's history and is seen in the list of processes. They are
    looked for in every source, under all hashes that a source can have made of them, and so are the other identifiers
    that attribution takes for the same person. Of a shared one (a family's mailbox) that is everybody: look at the
    numbers first, or take --only-given. --order erases whoever is named by the order.

    Links to the person are cut in all records, facts, quarantine and disclosures; money and counts stay. Attribution
    and marts are removed, to be made anew. Of whom nothing is held, nothing comes in later either. Where another run
    holds the tables it stays ordered, and the next `sync` or `normalize` finishes it (exit status 1). The proof tells
    when and how much, never who. Out of reach are copies written elsewhere, and backups.

    \b
    jalon erase - < who.txt
    jalon erase - --yes < who.txt && jalon report && jalon deliver
    jalon erase --source shopify --order 1001 --customer 5538819571
    jalon erase --list
    """
    from jalon.commands.erasing import run_erase, run_list

    return run_list(console, place) if listed else run_erase(console, place, _words(**named), yes=yes)


@click.command()
@naming
@at_work
def disclose(console: Console, place: Workplace, **named: Any) -> int:
    """Write down what is held of a person who asks.

    IDENTIFIERS name the person as for `jalon erase`. Every record that holds them goes, as it is stored, into one JSON
    file for each source under `exports`, readable by its owner alone; its path is printed. An erasure removes it again.

    \b
    jalon disclose - < who.txt
    """
    from jalon.commands.erasing import run_disclose

    return run_disclose(console, place, _words(**named))
