"""Words for own short links."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jalon.commands.common import at_work
from jalon.commands.console import Console

if TYPE_CHECKING:
    from jalon.workplace import Workplace


@click.group()
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
