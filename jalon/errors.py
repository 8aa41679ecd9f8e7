"""What can end a command, and with which exit status.

JalonError
├── ConfigError     2  jalon.toml or a secret is wrong
├── AuthError       3  a platform refuses the credentials
├── LockedError     5  another run works on the same thing
├── StoreError      6  the disk, the store or a facts file is not usable
└── Interrupted   130  a person or the system ended the command
"""

from __future__ import annotations

OK, PARTIAL, USAGE, AUTH, BUDGET, LOCKED, STORE, DUE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 7, 130
"""`BUDGET`: a rate budget or the time given ended the run early. `DUE`: all went well, but something is lost soon
unless somebody acts."""


def sentences(message: str, remedy: str) -> str:
    """Return what happened and what to do about it as two sentences, however the remedy's writer began and ended it."""
    if not remedy:
        return message
    return f"{message.rstrip('.')}. {remedy[:1].upper()}{remedy[1:].rstrip('.')}."


def kind_and_place(error: BaseException) -> str:
    """Return what may be said of an error of unknown words, which may quote a record: its type, module and line."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" in {trace.tb_frame.f_globals.get('__name__')}, line {trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"


def way_to(error: BaseException) -> str:
    """Return the calls that led to an error, module and line of each, and nothing of its words."""
    trace, steps = error.__traceback__, []
    while trace is not None:
        steps.append(f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(steps)


class JalonError(Exception):
    """An error that a person can act on: what happened to which thing, and what to do next."""

    exit_status = PARTIAL

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return sentences(self.message, self.remedy)


class ConfigError(JalonError):
    exit_status = USAGE


class AuthError(JalonError):
    exit_status = AUTH


class LockedError(JalonError):
    exit_status = LOCKED


class StoreError(JalonError):
    exit_status = STORE


class Interrupted(JalonError):
    exit_status = INTERRUPTED
