"""What can be read: the kinds of record, and how the time of each is cut."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

from jalon.connectors.door import Door

Grain = Literal["time", "day", "all", "keyed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One kind of record and how its time is cut into windows.

    `grain`: `time` (windows of any instants, at most `window` wide), `day` (one window per local day), `all` (one
    window each run: a list without a time filter), `keyed` (no windows: read only by `fetch`). Raises `ValueError` for
    a word or a number that the engine could not read by.
    """

    name: str
    door: Door
    grain: Grain = "time"
    window: timedelta = timedelta(days=1)
    lookback: timedelta = timedelta(0)
    """How far back records still change without saying so: re-read this far, `every` so often."""
    every: timedelta = timedelta(0)
    """Of grain `all`: how long a list that was read is left alone."""
    lag: timedelta = timedelta(0)
    """How long the platform needs before an instant's records are all there."""
    retention: timedelta | None = None
    """How far back the platform answers at all."""
    whole: bool = False
    """True: the first sync reads all there is, whatever `since` says (a catalogue, where the oldest entries count)."""
    undivided: bool = False
    """True: no window is cut narrower than `window` for the sake of working in parallel: the connector has a better way
    to read very many records, and must see that there are."""
    batch: int = 1
    """How many keys one `fetch` takes."""
    recalled: bool = False
    """True: `Window.known` names what is held of this stream, because the platform tells no deletion: `pull` asks by
    key for what a list does not name any more, or says itself that it is gone. Where the stream's time is cut, its keys
    begin with their local day (`2026-11-20/…`), and `known` are those of the window's days."""
    complete: bool = False
    """True: a record tells all there is of its object, by whatever way it came, and no other record has facts of the
    same keys. What an earlier revision told and a newer one does not, as a line of an order or a figure of a day, is
    then taken back (not counters)."""
    optional: bool = False
    """True: where it is refused (a window by `Skip`, anything by `Stop` of kind auth: a missing scope), the source goes
    on without it and says so; once it is granted, it is read from where it stood."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for what the engine could not read by."""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"the stream {self.name!r} must be called by small letters, digits and _")
        for is_wrong, why in (
            (self.grain not in get_args(Grain), f"grain {self.grain!r} is none of {', '.join(get_args(Grain))}"),
            (not callable(self.door), "its door is none (see `jalon.connectors.door`)"),
            (self.window <= timedelta(0), "its window must be longer than nothing"),
            (min(self.lookback, self.every, self.lag) < timedelta(0), "lookback, every and lag cannot be negative"),
            (
                self.retention is not None and self.retention <= timedelta(0),
                "its retention must be longer than nothing",
            ),
            (self.batch < 1, "a batch takes one key at least"),
        ):
            if is_wrong:
                raise ValueError(f"the stream {self.name}: {why}")
