"""Find, among many things that change, those created or last changed in a stretch of time.

Everything is known beforehand, so "as it stands now" needs no copy of the state: for each thing the moments at which it
changes are given once, and the index moves with the clock. A million orders take some tens of megabytes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

_BITS = 24
_MASK = (1 << _BITS) - 1
_REBUILD = 2_000
"""From so many changes at once, sorting all anew is faster than moving each."""


class Timeline:
    """An index over things numbered from 0.

    For each of them `moments` gives the unix seconds at which it changes; the first of them is its birth.
    """

    def __init__(self, moments: Iterable[Iterable[int]]) -> None:
        self._moments = array("q")
        self._first = array("q", [0])
        for times in moments:
            self._moments.extend(sorted(set(times)))
            self._first.append(len(self._moments))
        self._schedule = array("q", sorted(self._keys()))
        births = (self._moments[self._first[n]] << _BITS | n for n in range(len(self._first) - 1))
        self._created = array("q", sorted(births))
        self._updated = array("q")
        self._done = 0
        self._now = -1

    def _keys(self) -> Iterator[int]:
        for number in range(len(self._first) - 1):
            for at in self._moments[self._first[number] : self._first[number + 1]]:
                yield at << _BITS | number

    def move(self, now: int) -> None:
        """Bring the index to `now`; a clock never goes back."""
        if now <= self._now:
            return
        self._now = now
        until = bisect_right(self._schedule, now << _BITS | _MASK, self._done)
        changes = self._schedule[self._done : until]
        self._done = until
        if len(changes) > _REBUILD:
            self._rebuild(now)
        else:
            for change in changes:
                self._shift(change)

    def _rebuild(self, now: int) -> None:
        last = (self.updated_at(n, now) << _BITS | n for n in self._born(now))
        self._updated = array("q", sorted(last))

    def _born(self, now: int) -> list[int]:
        return [key & _MASK for key in self._created[: bisect_right(self._created, now << _BITS | _MASK)]]

    def _shift(self, change: int) -> None:
        at, number = change >> _BITS, change & _MASK
        born = self._first[number]
        place = bisect_left(self._moments, at, born, self._first[number + 1])
        if place > born:
            key = self._moments[place - 1] << _BITS | number
            before = bisect_left(self._updated, key)
            if before < len(self._updated) and self._updated[before] == key:
                del self._updated[before]
        # Changes come in order of time, so the new key belongs at the end.
        self._updated.append(change)

    def updated_at(self, number: int, now: int) -> int:
        """Return when the thing last changed, by `now`."""
        return self._moments[bisect_right(self._moments, now, self._first[number], self._first[number + 1]) - 1]

    def created_between(self, start: int | None, end: int | None) -> Numbers:
        """Return the numbers of the things born in [start, end) and by now, oldest first."""
        return _cut(self._created, start, end, self._now)

    def updated_between(self, start: int | None, end: int | None) -> Numbers:
        """Return the numbers of the things whose last change lies in [start, end), oldest change first."""
        return _cut(self._updated, start, end, self._now)


class Numbers(Sequence[int]):
    """A stretch of an index, read only where it is looked at; good until the index moves."""

    def __init__(self, keys: array[int], places: range) -> None:
        self._keys = keys
        self._places = places

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> Numbers: ...
    def __getitem__(self, place: int | slice) -> int | Numbers:
        """Return one number, or a shorter (or reversed) stretch."""
        if isinstance(place, slice):
            return Numbers(self._keys, self._places[place])
        return self._keys[self._places[place]] & _MASK


def _cut(keys: array[int], start: int | None, end: int | None, now: int) -> Numbers:
    first = 0 if start is None else bisect_left(keys, start << _BITS)
    limit = (now + 1) << _BITS
    last = bisect_left(keys, limit if end is None else min(limit, end << _BITS))
    return Numbers(keys, range(first, max(first, last)))
