"""What all commands have in common: their console, their configuration, their exit status, how they refuse."""

from __future__ import annotations

import functools
import logging
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from jalon import errors
from jalon.commands.console import Console

EXITS = """\b
Exit status:
  0    all done
  1    partial: something is left for later or needs a look, all else is done
  2    wrong usage or configuration
  3    a platform refuses the credentials
  4    a rate budget or deadline ended the run; run it again
  5    another run works on the same thing
  6    the store or the disk is not usable
  7    all done, but something is lost soon unless it is read, or done, before: it is named
  130  interrupted; what was read is stored"""

_INTERRUPTED = "interrupted; what was stored stays stored"
_GO_ON = "Run the command again: it goes on where it stood."

log = logging.getLogger("jalon.commands.common")

_asked_to_end = threading.Event()
"""Set once SIGTERM has come."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(value: str) -> timedelta:
    """Return how long `90s`, `15m`, `2h` or `1d` is. Raises `click.BadParameter`."""
    number, unit = value[:-1], value[-1:]
    if unit not in _SECONDS or not (number.isascii() and number.isdecimal()) or not 0 < int(number) < 100_000:
        raise click.BadParameter(f"{value!r} is not a duration such as 90s, 15m, 2h or 1d")
    return timedelta(seconds=int(number) * _SECONDS[unit])


DURATION = click.types.FuncParamType(duration)
DAY = click.DateTime(["%Y-%m-%d"])


def speaking(function: Callable[..., int | None]) -> Callable[..., None]:
    """Give a command its `console`, and turn its outcome or error into an exit status."""

    @click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
    @click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
    @functools.wraps(function)
    def command(*args: Any, as_json: bool, quiet: bool, **kwargs: Any) -> None:
        path = click.get_current_context().command_path.split(" ", 1)[-1]
        console = Console(path, as_json=as_json, quiet=quiet)
        heed_sigterm()
        sys.exit(_outcome(console, lambda: function(console, *args, **kwargs)))

    return command


def at_work(function: Callable[..., int | None]) -> Callable[..., None]:
    """Give a command its console and the opened workplace of the configuration."""

    @click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Configuration file (default: ./jalon.toml, or JALON_CONFIG).",
    )
    @functools.wraps(function)
    def command(console: Console, *args: Any, config: Path | None, **kwargs: Any) -> int | None:
        from jalon.workplace import Workplace

        with Workplace.at(config) as place:
            return function(console, place, *args, **kwargs)

    return speaking(command)


def _outcome(console: Console, work: Callable[[], int | None]) -> int:
    """Do the work and return its exit status; whatever ends it early is told."""
    try:
        return work() or errors.OK
    except errors.JalonError as error:
        failure = error
    except KeyboardInterrupt:
        failure = errors.Interrupted(_INTERRUPTED, _GO_ON)
    except (click.ClickException, BrokenPipeError):
        raise
    except Exception as error:
        log.debug("the command ended early", exc_info=True)
        failure = errors.Interrupted(_INTERRUPTED, _GO_ON) if _asked_to_end.is_set() else _unexpected(error)
    console.fail(failure)
    return failure.exit_status


def _unexpected(error: Exception) -> errors.JalonError:
    """Return what to tell of an error that nobody foresaw; only its type, since its text may quote a record."""
    if isinstance(error, OSError):
        about = f" at {error.filename}" if error.filename else ""
        return errors.StoreError(f"{error.strerror or type(error).__name__}{about}", "Check the disk and its access.")
    again = "Nothing that was stored is lost. `jalon -vv` says more; please report it."
    return errors.JalonError(f"an unforeseen {type(error).__name__} ended the command", again)


def heed_sigterm() -> None:
    """Let SIGTERM end the command as Ctrl-C does. Again needed after asyncio has had its own way with the signal."""
    signal.signal(signal.SIGTERM, _interrupt)


def end_if_asked() -> None:
    """Raise `KeyboardInterrupt` if SIGTERM has come: what it raises is lost where it falls into an import."""
    if _asked_to_end.is_set():
        raise KeyboardInterrupt


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    _asked_to_end.set()
    raise KeyboardInterrupt


def run(cli: click.Group) -> NoReturn:
    """Run the command line; wrong usage becomes JSON too where JSON was asked for."""
    try:
        sys.exit(cli.main(prog_name="jalon", standalone_mode=False))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(errors.INTERRUPTED)
    except click.ClickException as refusal:
        refusal.show()
        if "--json" in sys.argv[1:]:
            told = errors.ConfigError(refusal.format_message(), "See --help.")
            Console(_asked(refusal), as_json=True).refuse(told)
        sys.exit(refusal.exit_code)


def _asked(refusal: click.ClickException) -> str:
    """Return the path of the command that refused."""
    context = refusal.ctx if isinstance(refusal, click.UsageError) else None
    return context.command_path.partition(" ")[2] if context else ""
