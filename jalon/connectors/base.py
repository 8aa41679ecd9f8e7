"""The connector contract: what a platform's file says, and what it never does.

A connector knows the wire and nothing else. It says which streams a platform has, asks an injected session for
answers, signs, and says what a failure means. It opens no socket, retries nothing, sleeps never, holds no clock
and no database: the engine in `jalon.sync` owns all of that, and `jalon.receive` owns the deliveries' way in.

The life of a poll: `greet` once, then for each window of each stream `pull` (many batches), then `fetch` for what
deliveries or other streams asked to be read. The life of a delivery: `verify` and `delivery_key` at the door, on raw
bytes and before anything is parsed; `open` later, by the engine.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeVar, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from jalon.connectors.door import Door
from jalon.connectors.sheets import Folder, Sheet
from jalon.connectors.wire import decode

T = TypeVar("T")

# --- what the user may set ------------------------------------------------------------------------------------------


class Settings(BaseModel):
    """One `[sources.NAME]` table of jalon.toml. A connector adds its own fields; secrets are `SecretStr`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    connector: str
    """Name of the connector; `jalon connectors` lists them."""
    timezone: str = "UTC"
    """IANA zone of the account: where its days begin. Left out: the account's own where the platform tells it."""
    since: date | None = None
    """First day wanted on the first sync; the platform's own limit where later. Default: 60 days back."""
    requests_per_second: float | None = Field(default=None, gt=0)
    """Known budget of the account; None: the connector's own starting point."""
    in_flight: int = Field(default=12, ge=1, le=64)
    """Requests that may be on their way at one time."""

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no time zone: name one as IANA does, such as Europe/Paris") from None
        return name


# --- the wire -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a platform. `host` is a role out of `Connector.hosts`; credentials are added by `prepare`."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    host: str = "api"
    anonymous: bool = False
    """True: no credential is added (token calls, downloads)."""
    cost: float = 1.0
    """What it takes from the account's budget, in the platform's unit."""
    idempotent: bool = True
    """False: never sent twice after it may have arrived (a token refresh)."""


@dataclass(frozen=True)
class Answer:
    """A platform's answer, body complete and bounded; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def data(self) -> Any:
        """The decoded JSON body. Raises `wire.Malformed`."""
        return decode(self.body)


class Level(NamedTuple):
    """What an answer tells about the account's budget, in the platform's unit (requests or cost points)."""

    available: float
    capacity: float
    restore_per_second: float
    lasts: float = 86_400.0
    """Seconds for which it holds where no other answer tells; after them the account's own rate holds again."""


class Allowance(NamedTuple):
    """A limit of its own that some of an account's requests fall under, beside the account's rate.

    At most `requests` (or cost points) in any stretch of `seconds`: `burst`, a part of them, may go out at once, and
    the others come back evenly over that time.
    """

    name: str
    """What tells it from the account's other ones."""
    requests: float
    seconds: float
    burst: float = 0.1


@dataclass(frozen=True, slots=True)
class Credentials:
    """Tokens of one account. Times are unix seconds; None: does not expire."""

    access_token: str
    refresh_token: str | None = None
    access_expires_at: float | None = None
    refresh_expires_at: float | None = None

    def __repr__(self) -> str:
        return "Credentials(***)"


# --- faults: classed by what happens next -----------------------------------------------------------------------------
#
# Fault       refused for a reason that is not understood: leave this window for another run, go on with the rest
# ├── Wait    ask again later: after `seconds` where the platform says so, else by back-off
# ├── Renew   the access token is over: refresh it once and ask again
# ├── Split   too much asked: halve the window
# ├── Skip    this unit cannot be had: note why, go on with the rest
# └── Stop    nothing will work until a person acts: end this source


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


# --- pulling --------------------------------------------------------------------------------------------------------


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
    key for what a list does not name any more."""
    complete: bool = False
    """True: a record tells all there is of its object, by whatever way it came, and no other record has facts of the
    same keys. What an earlier revision told and a newer one does not, as a line of an order, is then taken back (not
    counts)."""
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


@dataclass(frozen=True, slots=True)
class Window:
    """What one `pull` reads: [low, high) of a stream, from `cursor` on (None: from its start)."""

    stream: Stream
    low: datetime
    high: datetime
    cursor: str | None = None
    backfill: bool = False
    known: frozenset[str] = frozenset()
    """Keys of which records are held, where the stream is `recalled`."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One page, committed together with the cursor behind it.

    `cursor` None says that the window is read to its end, unless `later` is set: then the platform is not ready, and
    the engine comes back at that unix second with `cursor`. A `fetch` has no cursor: it ends where its generator ends,
    and where one of its batches sets `later`, all of its keys are read again then.
    """

    records: Sequence[Record] = ()
    cursor: str | None = None
    total: int | None = None
    """Rows that the platform counts in the window; if it shrinks between pages, rows moved: it is read again."""
    follow: Sequence[Ref] = ()
    skipped: Sequence[Skipped] = ()
    later: float | None = None
    deadlines: Sequence[Deadline] = ()


class Session(Protocol):
    """What the engine lends to a connector."""

    settings: Any
    account: Mapping[str, str]
    """What `greet` returned."""

    def now(self) -> float:
        """Return the time in unix seconds."""

    async def ask(self, request: Request) -> Answer:
        """Return the platform's answer. Raises a `Fault` once waiting, renewing and retrying have not helped."""

    def lines(self, url: str) -> AsyncIterator[bytes]:
        """Yield the lines of a bulk file from a host that `Connector.hosts` allows; see `Connector.signed_files`."""

    async def once(self, name: str, read: Callable[[], Awaitable[T]]) -> T:
        """Return what `read` gives, which is read once in a run however many windows want it; a fault is not kept."""


# --- receiving ------------------------------------------------------------------------------------------------------


class Delivery(NamedTuple):
    """A webhook as it arrived: header names in lower case, values as the raw latin-1 text; the exact body bytes."""

    headers: Mapping[str, str]
    body: bytes
    received_at: float


class Notice(NamedTuple):
    """Something a person should know: `deauthorised`, `expires_soon`, `uninstalled`, `mismatch`."""

    kind: str
    detail: str


class Erasure(NamedTuple):
    """An order to erase a person (identifiers in clear, hashed by the caller at once) or, if `everything`, the shop."""

    identifiers: tuple[tuple[str, str], ...]
    orders: tuple[str, ...] = ()
    everything: bool = False
    request: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a delivery means. All of it is harmless when it happens twice."""

    topic: str
    known: bool = True
    stale: bool = False
    """True: older than the platform's own retries, so most likely a replay. What it says is harmless; mark it."""
    records: Sequence[Record] = ()
    refs: Sequence[Ref] = ()
    notices: Sequence[Notice] = ()
    erasures: Sequence[Erasure] = ()
    disclosures: Sequence[Erasure] = ()
    deadlines: Sequence[Deadline] = ()


class Undelivered(Exception):
    """The delivery cannot be understood; it is kept, with this reason."""


# --- what a platform offers -------------------------------------------------------------------------------------------

Offer = Literal[
    "content",
    "product_tags",
    "tag_clicks",
    "native_orders",
    "order_content",
    "refunds",
    "web_orders",
    "journeys",
    "measures",
    "products",
    "webhooks",
]


CapabilityGrain = Literal["event", "aggregate", "none"]


class Capability(NamedTuple):
    """One cell of the capability matrix. `grain` 'none' says that the platform does not offer it at all."""

    offer: Offer
    grain: CapabilityGrain
    delay: str = ""
    lookback: str = ""
    note: str = ""


class Finding(NamedTuple):
    """One line of `jalon doctor`."""

    name: str
    level: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str = ""


# --- the contract -----------------------------------------------------------------------------------------------------


class Connector(ABC):
    """One platform. Instances hold nothing: everything about an account comes in through settings and session."""

    name: ClassVar[str]
    title: ClassVar[str]
    normalizer: ClassVar[str]
    """`module:function` of its meaning, e.g. `jalon.normalize.shopify:normalize`."""
    settings: ClassVar[type[Settings]]
    streams: ClassVar[tuple[Stream, ...]]
    capabilities: ClassVar[tuple[Capability, ...]]
    documentation: ClassVar[str]
    example: ClassVar[str] = ""
    """Lines of jalon.toml that `jalon init` adds below the settings, commented out."""
    customer_kind: ClassVar[str] = ""
    """Kind under which the platform's own number of a person is hashed, as in `person("shopify_customer")`; empty: it
    tells none, or records say it themselves."""
    starting_rate: ClassVar[float] = 5.0
    """Requests (or cost points) per second to begin with where settings and answers say nothing."""
    signed_files: ClassVar[bool] = False
    """True: `Session.lines` asks for files with the credentials that `prepare` adds, and `judge` judges refusals."""

    @abstractmethod
    def account(self, settings: Any) -> str:
        """Name the account whose budget and identity the source shares, e.g. `app:shop`."""

    @abstractmethod
    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        """Return the base addresses by role; the first of each is asked, nothing else is ever connected to."""

    @abstractmethod
    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        """Return the request with credentials and signature. Called again for each attempt."""

    @abstractmethod
    def judge(self, request: Request, answer: Answer) -> Fault | None:
        """Say what a failed answer means, from the body where the platform does so; None: it is good."""

    def level(self, answer: Answer) -> Level | None:
        """Return what the answer tells about the budget."""
        return None

    def allowances(self, request: Request, settings: Any) -> Sequence[Allowance]:
        """Return the limits that a request falls under beside the account's own rate, the narrowest first.

        A throttled answer pauses the first of them alone: what falls under another one goes on.
        """
        return ()

    def remark(self, request: Request, answer: Answer) -> str | None:
        """Say what a person should know about a good answer (another API version than was asked); the run tells it."""
        return None

    def credentials(self, settings: Any) -> Credentials | None:
        """Return the credentials that the settings hold, before any refresh; None: `renew` must be called first."""
        return None

    def customer(self, settings: Any, number: str) -> str:
        """Return the platform's number of a person as it is hashed: with the shop's name where each counts from 1."""
        return number

    def grant(self, settings: Any) -> str:
        """Return the configured tokens or code that stored ones descend from: others in the settings win over them."""
        held = (getattr(settings, name, None) for name in ("refresh_token", "auth_code", "access_token"))
        return "\n".join(secret.get_secret_value() for secret in held if isinstance(secret, SecretStr))

    async def renew(self, session: Session, credentials: Credentials | None) -> Credentials:
        """Exchange the refresh token (or the settings' grant) for new credentials. One request, no side effect."""
        raise Stop(f"{self.title} does not accept the access token any more", "put a new one in place", kind="auth")

    async def greet(self, session: Session) -> Mapping[str, str]:
        """Return what must be known about the account before anything is read (ids, zone, currency).

        Two names mean something to the engine: `shop_id` names the account for good (a source that suddenly answers
        for another one is stopped), `zone` is its IANA zone where the settings name none.
        """
        return {}

    @abstractmethod
    def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        """Yield the pages of a window, oldest first."""

    def fetch(self, session: Session, stream: Stream, keys: Sequence[str]) -> AsyncIterator[Batch]:
        """Yield the records of at most `stream.batch` keys, in one batch or in many.

        A key that is gone yields a record or `Skipped`. All keys are done once the generator ends.
        """
        raise LookupError(f"{self.name} reads nothing by key")

    def folder(self, settings: Any) -> Folder | None:
        """Return the folder whose files the engine reads for this source; None: there is none."""
        return None

    def sheet(self, settings: Any, name: str, table: str | None = None) -> Sheet | None:
        """Say how a file of this name becomes records, by the named table if one is named; None: it is nobody's.

        Raises `Unusable` for a table that does not exist.
        """
        return None

    def examine(self, session: Session) -> AsyncIterator[Finding]:
        """Yield the findings of `doctor` about this account: scopes, token life, shop."""
        return _nothing()

    def subscribe(self, session: Session, address: str) -> AsyncIterator[Finding | Deadline]:
        """Make sure that the platform delivers to `address`; yield what was found and done.

        All addresses of an installation begin alike; each ends with the source's name and a part that is secret.

        Called in each run; where it yields a `Deadline` (a subscription that ends by itself), not again before a fifth
        of that time is left, or the address or the settings change.
        """
        return _nothing()

    def challenge(self, query: Mapping[str, str], settings: Any, secrets: Sequence[bytes]) -> str | None:
        """Return what a platform that asks by GET whether an address is ours wants to hear; None: refuse it.

        Never raises. The answer is sent as plain text, so it must be nothing that a stranger can choose unless the
        query proves that the platform sent it.
        """
        return None

    def secrets(self, settings: Any) -> tuple[bytes, ...]:
        """Return the secrets that deliveries may be signed with, newest first; empty: deliveries are refused."""
        return ()

    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        """Say whether the raw delivery is signed by one of the secrets. Never raises, whatever the bytes."""
        return False

    def is_knock(self, delivery: Delivery, settings: Any) -> bool:
        """Say whether an unsigned delivery only asks if anybody is there: it gets a 200, and nothing of it is kept."""
        return False

    def delivery_key(self, delivery: Delivery) -> str:
        """Return what stays the same when this delivery is sent again."""
        raise LookupError(f"{self.name} receives nothing")

    def open(self, delivery: Delivery, settings: Any) -> Opened:
        """Say what a verified delivery means. Raises `Undelivered`."""
        raise Undelivered(f"{self.name} receives nothing")


async def _nothing() -> AsyncIterator[Finding]:
    return
    yield
