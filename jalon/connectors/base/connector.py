"""The contract itself: one class for a platform."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import SecretStr

from jalon.connectors.base.asking import Allowance, Answer, Credentials, Level, Request
from jalon.connectors.base.deliveries import Delivery, Opened, Undelivered
from jalon.connectors.base.offers import Capability, Finding
from jalon.connectors.base.pulling import Batch, Session, Window
from jalon.connectors.base.records import Deadline
from jalon.connectors.base.refusals import Fault, Stop
from jalon.connectors.base.settings import Settings
from jalon.connectors.base.sheets import Folder, Sheet
from jalon.connectors.base.streams import Stream


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
    aliases: ClassVar[tuple[str, ...]] = ()
    """Domains of addresses that the platform makes up for its buyers: an order of a shop with such an address is a copy
    of one made here, and the address is nobody's."""
    starting_rate: ClassVar[float] = 5.0
    """Requests (or cost points) per second to begin with where settings and answers say nothing."""
    signed_files: ClassVar[bool] = False
    """True: `Session.lines` asks for files with the credentials that `prepare` adds, and `judge` judges refusals."""

    # --- the account, and one question to it --------------------------------------------------------------------------

    @abstractmethod
    def account(self, settings: Any) -> str:
        """Name the account whose budget and identity the source shares, e.g. `app:shop`."""

    @abstractmethod
    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        """Return the base addresses by role; the first of each is asked, nothing else is ever connected to."""

    def wants(self, settings: Any, stream: str) -> bool:
        """Say whether the settings want a stream; one that they do not want is not read, by whatever way.

        Once they do, it is read from where it stood, or as far back as the source's first sync would read it.
        """
        return True

    def customer(self, settings: Any, number: str) -> str:
        """Return the platform's number of a person as it is hashed: with the shop's name where each counts from 1."""
        return number

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

    # --- tokens -------------------------------------------------------------------------------------------------------

    def credentials(self, settings: Any) -> Credentials | None:
        """Return the credentials that the settings hold, before any refresh; None: `renew` must be called first."""
        return None

    def grant(self, settings: Any) -> str:
        """Return the configured tokens or code that stored ones descend from: others in the settings win over them."""
        held = (getattr(settings, name, None) for name in ("refresh_token", "auth_code", "access_token"))
        return "\n".join(secret.get_secret_value() for secret in held if isinstance(secret, SecretStr))

    async def renew(self, session: Session, credentials: Credentials | None) -> Credentials:
        """Exchange the refresh token (or the settings' grant) for new credentials. One request, no side effect."""
        raise Stop(f"{self.title} does not accept the access token any more", "put a new one in place", kind="auth")

    # --- reading ------------------------------------------------------------------------------------------------------

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

    # --- files --------------------------------------------------------------------------------------------------------

    def folder(self, settings: Any) -> Folder | None:
        """Return the folder whose files the engine reads for this source; None: there is none."""
        return None

    def sheet(self, settings: Any, name: str, table: str | None = None) -> Sheet | None:
        """Say how a file of this name becomes records, by the named table if one is named; None: it is nobody's.

        Raises `Unusable` for a table that does not exist.
        """
        return None

    # --- looking after an account -------------------------------------------------------------------------------------

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

    # --- deliveries ---------------------------------------------------------------------------------------------------

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
