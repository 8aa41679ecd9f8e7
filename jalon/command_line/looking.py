"""Words for setting up, and for seeing what is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jalon import errors
from jalon.commands.common import at_work, speaking
from jalon.commands.console import Console, clean, table

if TYPE_CHECKING:
    from jalon.workplace import Workplace


@click.command()
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


@click.command()
@click.argument("sources", nargs=-1)
@click.option("--offline", is_flag=True, help="Ask no platform.")
@at_work
def doctor(console: Console, place: Workplace, sources: tuple[str, ...], offline: bool) -> int:
    """Look for what could make the next run fail.

    Checks configuration, key, store, facts, disk, links made before, clock, tokens, scopes and subscriptions of all
    SOURCES (or the named ones), and says what to do about each trouble. Exit status 1: something has failed.

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


@click.command()
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


@click.command()
@at_work
def status(console: Console, place: Workplace) -> int:
    """Show where each source stands.

    The last run and how it ended, what is left to read and why it waits, notices of the platforms, quarantine.
    """
    from jalon.commands.status import overview

    data, lines = overview(place)
    console.data(data, lines)
    return errors.OK


@click.group()
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
