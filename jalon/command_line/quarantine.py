"""Words for records that could not become facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jalon.commands.common import at_work
from jalon.commands.console import Console, clean, table

if TYPE_CHECKING:
    from jalon.workplace import Workplace


@click.group()
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
