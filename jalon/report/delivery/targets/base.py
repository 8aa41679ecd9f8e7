"""The contract of a destination: tell what you hold, and take what has changed, whole or not at all."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, Self

from jalon.report.delivery.ledger import Ledger
from jalon.report.delivery.parcels import Parcel

Progress = Callable[[str, int], None]
"""Told the table and how many of its rows have been written."""


class Load(NamedTuple):
    """What is to be done to a destination in one delivery."""

    parcels: Sequence[Parcel]
    """All that it is to hold."""
    changed: Sequence[Parcel]
    """What of it must be written."""
    rebuilt: frozenset[str]
    """Tables among these whose old shape does not fit: they are made anew."""
    gone: Sequence[str]
    """Tables to remove."""
    at: datetime
    progress: Progress

    @property
    def ledger(self) -> Ledger:
        return {parcel.mart.name: parcel.entry for parcel in self.parcels}


class Target(AbstractContextManager["Target"]):
    """A destination while it is delivered to: entered, asked, written to, left. Every method may raise `JalonError`."""

    dialect: str = ""
    """How it writes what it is given, where there is a choice: another one means that all is sent again."""

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def held(self) -> Ledger:
        """Return what was delivered and is still there."""

    @abstractmethod
    def put(self, load: Load) -> None:
        """Bring the destination to what the load says; its readers see what was before, or all of it."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave it; after an error, as it was before."""
