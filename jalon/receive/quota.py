"""How much of what strangers send is stored in a day: whoever knows a public address cannot fill the disk."""

from __future__ import annotations

_DAY = 86_400


class Quota:
    """At most `most` in a day (UTC), counted since the start of the process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._day = 0
        self._taken = 0

    def take(self, now: float, many: int = 1) -> bool:
        """Take so many of what is left of the day, or none: False."""
        day = int(now) // _DAY
        if day != self._day:
            self._day, self._taken = day, 0
        if self._taken + many > self._most:
            return False
        self._taken += many
        return True
