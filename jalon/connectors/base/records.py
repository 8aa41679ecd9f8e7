"""What a platform tells, by whichever way it comes: records, what is to be read, what cannot be had or will be lost."""

from __future__ import annotations

from typing import Any, NamedTuple

BY_CONTENT = "\0content"
"""Key of a record that has no name: what of it passes the door is its identity, so the same again is the same one."""


class Record(NamedTuple):
    """A platform's object as received. `version` is its own update time in microseconds, 0 where it has none."""

    key: str
    version: int
    body: dict[str, Any]
    stream: str | None = None
    """Where it differs from the window's stream."""


class Ref(NamedTuple):
    """Something to read by key: a durable entry of the to-fetch list. `key` may hold a path ('video/day')."""

    stream: str
    key: str
    not_before: float = 0.0
    """Unix seconds."""


class Skipped(NamedTuple):
    """A unit that could not be had, with a reason code and a sentence."""

    key: str
    reason: str
    detail: str


class Deadline(NamedTuple):
    """What is lost for good at `at` (unix seconds) unless it is read, or done, before: a story, a report, a lease.

    `key` names it within the source: the same key again replaces it, and `at` 0 takes it back. From `warn` seconds
    before on, `sync`, `status` and `doctor` name it. One that passes without having been taken back is told as lost.
    """

    key: str
    what: str
    """What happens then, as in 'story 178… vanishes'."""
    at: float
    remedy: str = "run `jalon sync` before that"
    warn: float = 86_400.0
