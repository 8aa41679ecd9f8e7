"""Keep the tokens of one source: renewed once for all who wait, sealed and durable before they are used.

Platforms that rotate refresh tokens kill the old pair when they hand out the new one. So: one refresh at a time (a lock
in the process, a file lock between processes, and a look into the store behind each), and the new pair is committed
before anyone uses it. A refresh whose answer was lost is never repeated by the layer that sends requests; here it is
tried again a few times, each after a look into the store, because nothing else tells whether the old token still lives:
a platform that had rotated nothing answers, one that had refuses, and then the error says what happened.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

from jalon.connectors.base import Credentials, Fault, Renew, Session, Stop, Wait
from jalon.errors import LockedError
from jalon.store import credentials as stored_credentials
from jalon.store import sources
from jalon.store.lock import RunLock
from jalon.sync.answered import answered
from jalon.sync.redact import REDACTOR
from jalon.sync.retry import PATIENCE, back_off, utc
from jalon.sync.source import Source, Workshop

EARLY = 0.2
"""Renewed when this part of a token's life is left."""
UNKNOWN_LIFE = 300.0
"""Seconds before the end, where nobody knows when the token was made."""
REST = 60.0
"""Seconds before a renewal ahead of time is tried again."""
TRIES = 3
"""Renewals tried in a row; after that the run does without."""
LONGEST_WAIT = 120.0
"""Seconds for another process to finish its renewal."""
BEGAN = "token_refresh_began"


class Unrenewed(Wait):
    """The token could not be renewed now: asking the same question again would not help."""


class LockedOut(Stop):
    """The platform gives no token any more, so nothing of the source can be read, whatever the stream."""


@dataclass(frozen=True, slots=True)
class Held:
    """Credentials, when they were got, and their generation in the store (0: from the settings)."""

    credentials: Credentials
    issued_at: float | None = None
    generation: int = 0

    def over(self, now: float) -> bool:
        """Say whether the access token has expired."""
        return not self.credentials.access_token or self._left(now) <= 0

    def due(self, now: float) -> bool:
        """Say whether the access token should be renewed."""
        ends = self.credentials.access_expires_at
        if ends is None or self.issued_at is None:
            return self.over(now) or self._left(now) < UNKNOWN_LIFE
        return self.over(now) or self._left(now) < (ends - self.issued_at) * EARLY

    def _left(self, now: float) -> float:
        ends = self.credentials.access_expires_at
        return float("inf") if ends is None else ends - now


class Tokens:
    """The credentials of one source."""

    def __init__(self, source: Source, shop: Workshop, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._source = source
        self._shop = shop
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._held: Held | None = None
        self._failed: Unrenewed | None = None
        self._rest_until = 0.0
        settled = source.connector.credentials(source.settings)
        self._settled = None if settled is None else _credentials("`credentials`", settled)
        self._seed = shop.keyring.fingerprint(source.connector.grant(source.settings))
        self._about = f"token/{source.name}".encode()

    async def current(self, session: Session) -> Credentials | None:
        """Return credentials to send, renewed in time. Raises `Stop`, `Wait`."""
        now = self._shop.clock.now()
        if self._held is None:
            self._held = await asyncio.to_thread(self._load)
        held = self._held
        if held is None or held.over(now):
            return await self.renew(session, held.credentials if held else None)
        if held.due(now) and now >= self._rest_until:
            with suppress(Fault):
                return await self.renew(session, held.credentials)
            # Renewing ahead of time may fail; the token in hand is good until the platform says otherwise.
            self._failed, self._rest_until = None, now + REST
        return held.credentials

    async def renew(self, session: Session, refused: Credentials | None) -> Credentials:
        """Return credentials other than `refused`: another's renewal if there was one, else a new one.

        Raises `Stop`, and `Unrenewed` for the rest of the run once it has not worked.
        """
        async with self._lock:
            if (other := self._other(self._held, refused)) is not None:
                return other
            if self._failed is not None:
                raise self._failed
            self._held = await self._persist(session, refused)
            return self._held.credentials

    def state(self) -> Held | None:
        """Return what is held, as `doctor` wants to know it."""
        return self._held or self._load()

    async def _persist(self, session: Session, refused: Credentials | None) -> Held:
        tries = 0
        while True:
            try:
                return await self._renew(session, refused)
            except Wait as fault:
                tries += 1
                seconds = back_off(tries, self._shop.clock) if fault.seconds is None else fault.seconds
                if tries == TRIES or seconds > PATIENCE:
                    reason = f"the access token could not be renewed: {fault.reason}"
                    self._failed = Unrenewed(reason, fault.seconds)
                    raise self._failed from None
            await self._sleep(seconds)

    def _other(self, held: Held | None, refused: Credentials | None) -> Credentials | None:
        if held is None or held.over(self._shop.clock.now()):
            return None
        if refused is None or held.credentials.access_token != refused.access_token:
            return held.credentials
        return None

    async def _renew(self, session: Session, refused: Credentials | None) -> Held:
        async with self._alone():
            found = await asyncio.to_thread(self._load)
            if found is not None and self._other(found, refused) is not None:
                return found
            began = await self._announce()
            try:
                given = await self._source.connector.renew(session, found.credentials if found else None)
            except (Stop, Renew) as fault:
                if began is None:  # an answer, if only a refusal: nothing was cut off
                    await self._announced("")
                raise self._explained(fault, began) from None
            fresh = _credentials("`renew`", given)
            REDACTOR.add((fresh.access_token, fresh.refresh_token))
            return await self._keep(fresh, found.generation if found else 0)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        lock = RunLock(self._shop.store.locks, f"tokens-{self._source.name}", "token refresh")
        patience = LONGEST_WAIT
        while True:
            try:
                lock.acquire()
                break
            except LockedError as error:
                if patience <= 0:
                    raise Wait(
                        f"the token of {self._source.name} is being refreshed elsewhere: {error.message}"
                    ) from None
            await asyncio.sleep(0.05)
            patience -= 0.05
        try:
            yield
        finally:
            lock.release()

    async def _announce(self) -> str | None:
        """Note that a refresh begins; return when an earlier one began that never ended."""
        with self._shop.store.read() as db:
            began = sources.get(db, self._source.name, BEGAN) or None
        if began is None:
            await self._announced(str(self._shop.clock.now()))
        return began

    async def _announced(self, began: str) -> None:
        await self._shop.store.commit(lambda db: sources.put(db, self._source.name, BEGAN, began))

    async def _keep(self, fresh: Credentials, generation: int) -> Held:
        name, now = self._source.name, self._shop.clock.now()
        clear = json.dumps(asdict(fresh) | {"issued_at": now}).encode()
        sealed = self._shop.keyring.seal(clear, self._about)

        def job(db: sqlite3.Connection) -> bool:
            sources.put(db, name, BEGAN, "")
            return stored_credentials.save(
                db,
                name,
                sealed,
                self._seed,
                generation_expected=generation,
                access_expires_at=fresh.access_expires_at,
                refresh_expires_at=fresh.refresh_expires_at,
            )

        await self._shop.store.commit(job)
        return Held(fresh, now, generation + 1)

    def _load(self) -> Held | None:
        with self._shop.store.read() as db:
            stored = stored_credentials.load(db, self._source.name)
        if stored is None or stored.seed != self._seed:
            generation = stored.generation if stored else 0
            return self._from_settings(generation)
        clear: dict[str, Any] = json.loads(self._shop.keyring.unseal(stored.sealed, self._about))
        issued_at = clear.pop("issued_at")
        found = Credentials(**clear)
        REDACTOR.add((found.access_token, found.refresh_token))
        return Held(found, issued_at, stored.generation)

    def _from_settings(self, generation: int) -> Held | None:
        if self._settled is None:
            return None
        REDACTOR.add((self._settled.access_token, self._settled.refresh_token))
        return Held(self._settled, None, generation)

    def _explained(self, fault: Stop | Renew, began: str | None) -> LockedOut:
        reason = fault.reason
        if began:
            reason += f" (a refresh that began {utc(float(began))} was cut off before its new tokens could be kept)"
        remedy = fault.remedy if isinstance(fault, Stop) else "authorise jalon again and put the new token in place"
        return LockedOut(reason, remedy, kind="auth")


def _credentials(method: str, given: Any) -> Credentials:
    found: Credentials = answered(method, given, Credentials, "Credentials")
    answered(method, found.access_token, str, "an access token as text")
    return found
