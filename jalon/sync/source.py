"""What is synced, with what, and how it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jalon import errors
from jalon.connectors.base import Connector, Finding, Settings, Stream
from jalon.privacy import Keyring
from jalon.store.database import Store
from jalon.store.deadlines import Due
from jalon.sync.answered import answered
from jalon.sync.clock import Clock, SystemClock
from jalon.sync.halt import Halt
from jalon.sync.patience import Patience

if TYPE_CHECKING:  # what a source is must be had without the HTTP library
    from httpx import AsyncBaseTransport

    from jalon.sync.network import Resolver

State = Literal["ok", "partial", "config", "auth", "budget", "deadline", "interrupted", "locked", "store"]

_STATUS: dict[State, int] = {
    "ok": errors.OK,
    "partial": errors.PARTIAL,
    "config": errors.USAGE,
    "auth": errors.AUTH,
    "budget": errors.BUDGET,
    "deadline": errors.BUDGET,
    "interrupted": errors.INTERRUPTED,
    "locked": errors.LOCKED,
    "store": errors.STORE,
}


@dataclass(frozen=True, slots=True)
class Source:
    """One `[sources.NAME]` of jalon.toml."""

    name: str
    connector: Connector
    settings: Settings

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams that the settings want. Raises `Stop` where the connector answers wrongly."""
        return tuple(each for each in self.connector.streams if self.wants(each.name))

    def wants(self, stream: str) -> bool:
        """Say whether the settings want a stream. Raises `Stop` where the connector answers wrongly."""
        wanted: bool = answered("`wants`", self.connector.wants(self.settings, stream), bool, "True or False")
        return wanted


def zone_of(source: Source, account: Mapping[str, str]) -> ZoneInfo:
    """Return where a source's days begin: in the zone that its settings name, else in the account's own.

    Raises `ConfigError` for a zone that does not exist.
    """
    settings = source.settings
    name = settings.timezone if "timezone" in settings.model_fields_set else account.get("zone") or settings.timezone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise errors.ConfigError(
            f"{source.name}: {name!r} is no time zone", "Set timezone to an IANA name such as Europe/Paris."
        ) from None


@dataclass(slots=True)
class Counts:
    """What a run did, in numbers; stored with the run."""

    requests: int = 0
    pages: int = 0
    new: int = 0
    """Rows that were not known in this form."""
    known: int = 0
    deliveries: int = 0
    refused: int = 0
    """Deliveries that could not be read, or of which a record went to quarantine."""
    unknown: int = 0
    """Deliveries about what the connector does not know."""
    waits: int = 0
    throttled: int = 0
    skipped: int = 0
    pending_windows: int = 0
    pending_fetches: int = 0
    next_due: float | None = None
    """Unix seconds at which something that is left becomes due."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign of life: pages and rows of a stream so far in this run; `waiting` says why nothing moves."""

    source: str
    stream: str = ""
    pages: int = 0
    rows: int = 0
    waiting: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class SourceOutcome:
    """How a source's run ended."""

    source: str
    state: State = "ok"
    message: str = ""
    remedy: str = ""
    notes: list[str] = field(default_factory=list)
    """What did not go well without ending the run."""
    findings: list[Finding] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    due: list[Due] = field(default_factory=list)
    """What is lost soon unless somebody acts."""

    @property
    def exit_status(self) -> int:
        """The command's exit status, as in `jalon.errors`."""
        return errors.DUE if self.due and self.state == "ok" else _STATUS[self.state]

    def summary(self) -> dict[str, Any]:
        """Return what is stored and what `--json` shows."""
        return asdict(self.counts) | {
            "message": self.message,
            "remedy": self.remedy,
            "notes": self.notes[:20],
            "due": [due._asdict() for due in self.due],
        }


@dataclass(slots=True)
class Workshop:
    """What all sources of a process share."""

    store: Store
    keyring: Keyring
    clock: Clock = field(default_factory=SystemClock)
    halt: Halt | None = None
    progress: Callable[[Sign], None] = lambda _: None
    address: Callable[[str], str | None] = lambda _: None
    """Public address at which a source's deliveries arrive; None: not configured."""
    resolver: Resolver | None = None
    transport: AsyncBaseTransport | None = None
    """What is asked in place of the network, where a platform is played."""
    patience: Patience = Patience()
    linger: float = 120.0
    """Seconds that a run stays for something that becomes due soon."""
