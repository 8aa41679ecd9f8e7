"""The sandbox's time: either running with real time or frozen and moved by hand."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Tell the time of the played world.

    `start` is the unix time (UTC, seconds) at which the clock begins; without it the clock shows real time. A frozen
    clock moves only by `advance` and `set`; a running one moves with real time as well. `real` tells real time.
    """

    def __init__(
        self, start: float | None = None, *, frozen: bool = False, real: Callable[[], float] = time.time
    ) -> None:
        self._real = real
        self._frozen = frozen
        began = real()
        self._offset = 0.0 if start is None else start - began
        self._advanced = 0.0
        self._base = began

    @property
    def frozen(self) -> bool:
        """Tell whether only `advance` and `set` move this clock."""
        return self._frozen

    def now(self) -> float:
        """Return the unix time of the played world, in seconds."""
        real = self._base if self._frozen else self._real()
        return real + self._offset + self._advanced

    def wall(self) -> float:
        """Return real time moved on by what was advanced by hand, in unix seconds.

        Life times of tokens are measured by it: a client compares them with its own clock, which knows nothing of a
        world that lives in another year, while an advance by a week must still let a week-old token expire.
        """
        return self._real() + self._advanced

    def real(self) -> float:
        """Return real time, in unix seconds: for what happens between two machines, such as request timestamps."""
        return self._real()

    def dated(self) -> float:
        """Return what answers are dated by, in unix seconds: the later of played and real time.

        A client goes by either, and one that finds itself ahead of the platform reads again what it has read.
        """
        return max(self.now(), self._real())

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`; a world never goes back, so a negative number raises ValueError."""
        if seconds < 0:
            raise ValueError(f"the sandbox's clock cannot go back ({seconds} s); give a positive number of seconds")
        self._advanced += seconds

    def set(self, moment: float) -> None:
        """Move on to the unix time `moment`; raise ValueError when it is in the past."""
        self.advance(moment - self.now())
