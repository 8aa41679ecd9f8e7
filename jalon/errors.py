"""What can end a command, and with which exit status.

JalonError
├── ConfigError     2  jalon.toml or a secret is wrong
├── AuthError       3  a platform refuses the credentials
├── BudgetError     4  a rate budget or deadline ended the run early
├── LockedError     5  another run works on the same thing
└── StoreError      6  the disk, the store or a facts file is not usable
"""

from __future__ import annotations

OK, PARTIAL, USAGE, AUTH, BUDGET, LOCKED, STORE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130


class JalonError(Exception):
    """An error that a person can act on: what happened to which thing, and what to do next."""

    exit_status = PARTIAL

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}. {self.remedy}" if self.remedy else self.message


class ConfigError(JalonError):
    exit_status = USAGE


class AuthError(JalonError):
    exit_status = AUTH


class BudgetError(JalonError):
    exit_status = BUDGET


class LockedError(JalonError):
    exit_status = LOCKED


class StoreError(JalonError):
    exit_status = STORE
