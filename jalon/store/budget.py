"""The rate budget of an account: one token bucket, shared by all processes that ask the platform for it.

`level` is what was available at the instant `at`; it refills at `rate` per second up to `capacity`. Once a platform has
told its own figures (`observe`), these hold for a while instead of the ones the caller assumes.
"""

from __future__ import annotations

import sqlite3
from math import ceil
from typing import NamedTuple

_SELECT = "SELECT account, level, capacity, rate, at, paused_until, observed FROM budgets "
_SAVE = (
    "INSERT INTO budgets (account, level, capacity, rate, at, paused_until, observed) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (account) DO UPDATE SET level = excluded.level, capacity = excluded.capacity, rate = excluded.rate, "
    "at = excluded.at, paused_until = excluded.paused_until, observed = excluded.observed"
)


class Budget(NamedTuple):
    """The state of an account's budget, in the platform's unit; times in unix seconds."""

    account: str
    level: float
    capacity: float
    rate: float
    at: float
    paused_until: float = 0.0
    observed: int = 0
    """Until when what the platform told holds; 0: it told nothing."""

    def refilled(self, now: float) -> Budget:
        """Return the budget as it is at `now`; a clock that was set back refills nothing."""
        gained = max(0.0, now - self.at) * self.rate
        return self._replace(level=min(self.capacity, self.level + gained), at=now)


def take(db: sqlite3.Connection, account: str, cost: float, now: float, rate: float, capacity: float) -> float:
    """Take `cost` and return 0.0, or take nothing and return how many seconds to wait before asking again.

    `rate` (per second) and `capacity` are what the caller knows of the account; while the platform's own figures hold,
    they win.
    """
    budget = _load(db, account) or Budget(account, capacity, capacity, rate, now)
    if budget.observed <= now:
        budget = budget.refilled(now)._replace(rate=rate, capacity=capacity)
    budget = budget.refilled(now)
    if budget.paused_until > now:
        return budget.paused_until - now
    # Asking for more than ever fits must not wait for ever: it takes the whole bucket.
    cost = min(cost, budget.capacity)
    missing = cost - budget.level
    if missing > 1e-9:
        _save(db, budget)
        return missing / budget.rate
    _save(db, budget._replace(level=budget.level - cost))
    return 0.0


def observe(
    db: sqlite3.Connection,
    account: str,
    available: float,
    capacity: float,
    restore: float,
    *,
    lasts: float,
    now: float,
) -> None:
    """Take over what an answer told: available now, capacity, restored per second; it holds for `lasts` seconds."""
    known = _load(db, account)
    paused_until = known.paused_until if known else 0.0
    if capacity > 0 and restore > 0:
        level = max(0.0, min(available, capacity))
        _save(db, Budget(account, level, capacity, restore, now, paused_until, ceil(now + lasts)))


def pause(db: sqlite3.Connection, account: str, until: float) -> None:
    """Let nobody take from the budget before `until` (unix seconds)."""
    db.execute(
        "INSERT INTO budgets (account, level, capacity, rate, at, paused_until) VALUES (?, 0, 1, 1, 0, ?) "
        "ON CONFLICT (account) DO UPDATE SET paused_until = max(paused_until, excluded.paused_until)",
        (account, until),
    )


def state(db: sqlite3.Connection) -> list[Budget]:
    """Return the budgets as last saved, by account."""
    return [_budget(row) for row in db.execute(_SELECT + "ORDER BY account")]


def _load(db: sqlite3.Connection, account: str) -> Budget | None:
    row = db.execute(_SELECT + "WHERE account = ?", (account,)).fetchone()
    return None if row is None else _budget(row)


def _budget(row: tuple[str, float, float, float, float, float, int]) -> Budget:
    return Budget(*row)


def _save(db: sqlite3.Connection, budget: Budget) -> None:
    db.execute(_SAVE, budget)
