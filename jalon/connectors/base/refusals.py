"""A platform's refusals, classed by what happens next.

Fault       refused for a reason that is not understood: leave this window for another run, go on with the rest
├── Wait    ask again later: after `seconds` where the platform says so, else by back-off
├── Renew   the access token is over: refresh it once and ask again
├── Split   too much asked: halve the window
├── Skip    this unit cannot be had: note why, go on with the rest
└── Stop    nothing will work until a person acts: end this source
"""

from __future__ import annotations

from typing import Literal


class Fault(Exception):
    """A platform's refusal, as told by `Connector.judge`. `reason` survives being wrapped in a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Wait(Fault):
    def __init__(self, reason: str, seconds: float | None = None, *, throttled: bool = False) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.throttled = throttled
        """True: the account's budget is spent; everyone who shares it waits."""


class Renew(Fault):
    pass


class Split(Fault):
    pass


class Skip(Fault):
    pass


class Stop(Fault):
    def __init__(self, reason: str, remedy: str, *, kind: Literal["auth", "budget", "config"] = "config") -> None:
        super().__init__(reason)
        self.remedy = remedy
        self.kind = kind
