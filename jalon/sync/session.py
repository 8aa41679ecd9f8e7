"""What the engine lends to a connector: asking, with everything that goes wrong on the way already dealt with."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

from tenacity import AsyncRetrying

from jalon.connectors.base import Answer, Credentials, Fault, Level, Renew, Request, Settings, Stop, Wait
from jalon.connectors.wire import Malformed
from jalon.sync.answered import answered
from jalon.sync.budget import Budgets
from jalon.sync.client import Client, Futile, Lost, NoFile, Unsent
from jalon.sync.given import Given
from jalon.sync.halt import Halt
from jalon.sync.redact import REDACTOR, secrets_of
from jalon.sync.retry import http_time, retry_after, retrying
from jalon.sync.source import Counts, Sign, Source, Workshop
from jalon.sync.tokens import Tokens, Unrenewed

_MISSHAPEN = (ValueError, LookupError, TypeError, AttributeError)
"""What reading an answer of another shape than expected raises."""
T = TypeVar("T")
RENEWALS = 6
"""Tokens may be used up by others between their renewal and this request."""
SKEW = 120.0
"""Seconds by which this machine's clock may differ from a platform's before it is said."""


class SourceSession:
    """One source's way to its platform. Implements `jalon.connectors.base.Session`."""

    def __init__(self, source: Source, shop: Workshop, halt: Halt, counts: Counts) -> None:
        self.source = source
        self.settings: Settings = source.settings
        self.account: Mapping[str, str] = {}
        self.skew: float | None = None
        """Seconds by which this machine's clock is ahead of the platform's, as first seen."""
        self.remarks: set[str] = set()
        """What the connector said about good answers."""
        self.tokens = Tokens(source, shop, halt.sleep)
        self._shop = shop
        self._halt = halt
        self._counts = counts
        self._client = Client(
            source.connector.hosts(source.settings),
            in_flight=source.settings.in_flight,
            patience=shop.patience,
            resolver=shop.resolver,
            transport=shop.transport,
        )
        self._budgets = Budgets(source, shop, halt.sleep)
        self._kept: dict[str, Any] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        REDACTOR.add(secrets_of(source.settings))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def now(self) -> float:
        """Return the time in unix seconds."""
        return self._shop.clock.now()

    async def ask(self, request: Request) -> Answer:
        """Return the platform's good answer. Raises a `Fault`, or `Halted` when the run must end."""

        def may_repeat(fault: Wait) -> bool:
            if isinstance(fault, Unrenewed):
                return False
            return request.idempotent or fault.throttled or isinstance(fault, Unsent)

        async def waiting(fault: Wait, seconds: float) -> None:
            await self._waiting(request, fault, seconds)

        again = retrying(self._shop.clock, self._halt.sleep, may_repeat, waiting)
        try:
            answer: Answer = await again(self._attempt, request)
        except Wait as fault:
            if fault.throttled and fault.seconds:  # too long for this run: until then, nobody need ask
                await self._budgets.pause(request, fault.seconds)
            raise
        return answer

    async def once(self, name: str, read: Callable[[], Awaitable[T]]) -> T:
        """Return what `read` gives, kept for this run; whoever asks meanwhile waits for it. Raises what `read` does."""
        async with self._turns[name]:
            if name not in self._kept:
                self._kept[name] = await read()
        found: T = self._kept[name]
        return found

    async def lines(self, url: str) -> AsyncIterator[bytes]:
        """Yield the lines of a bulk file, which is asked for again if it breaks: what was given is passed over then.

        What is told once it is whole, a platform does not write anew at one address; so its lines stand where they
        stood. A digest says whether they do. Raises a `Fault`, or `Halted` when the run must end.
        """
        given = Given()
        async for attempt in self._asking_again(url):
            with attempt:
                async for line in self._behind(url, given):
                    yield line

    def _asking_again(self, url: str) -> AsyncRetrying:
        def may_repeat(fault: Wait) -> bool:
            is_refused = isinstance(fault, NoFile) and fault.answer.status < 500 and fault.answer.status != 429
            return not is_refused and not isinstance(fault, Unrenewed | Futile)

        async def waiting(fault: Wait, seconds: float) -> None:
            await self._waiting(self._client.allowed.request(url), fault, seconds)

        return retrying(self._shop.clock, self._halt.sleep, may_repeat, waiting)

    async def _behind(self, url: str, given: Given) -> AsyncGenerator[bytes]:
        """Yield the lines of a file that were not given yet. Raises `Futile` if those that were read otherwise now."""
        self._halt.check()
        given.rewind()
        async with aclosing(self._signed_file(url) if self.source.connector.signed_files else self._file(url)) as lines:
            async for line in lines:
                self._halt.check()
                if given.is_new(line):
                    yield line
        given.end()

    def _file(self, url: str, headers: Mapping[str, str] | None = None) -> AsyncGenerator[bytes]:
        self._counts.requests += 1
        return self._client.lines(url, headers or {})

    async def _signed_file(self, url: str) -> AsyncGenerator[bytes]:
        """Yield the lines of a file that is asked for with credentials; a refusal is judged as any other."""
        request = self._client.allowed.request(url)
        reason = ""
        for _ in range(RENEWALS):
            credentials = await self.tokens.current(self)
            try:
                async with aclosing(self._asked_file(request, url, credentials)) as lines:
                    async for line in lines:
                        yield line
                return
            except NoFile as refused:  # before the first line, so that it can be asked for again
                fault = self._judge(request, refused.answer) or refused
                if not isinstance(fault, Renew):
                    raise fault from None
                reason = fault.reason
            await self.tokens.renew(self, credentials)
        raise _stays_refused(reason)

    async def _asked_file(self, request: Request, url: str, credentials: Credentials | None) -> AsyncGenerator[bytes]:
        await self._budgets.take(request)
        try:
            prepared = self._prepared(request, credentials)
            async with aclosing(self._file(url, prepared.headers)) as lines:
                async for line in lines:
                    yield line
        finally:
            self._budgets.returned(request, None)

    async def _attempt(self, request: Request) -> Answer:
        reason = ""
        for _ in range(RENEWALS):
            credentials = None if request.anonymous else await self.tokens.current(self)
            answer = await self._send(request, credentials)
            fault = self._judge(request, answer)
            if fault is None:
                self._heed(request, answer)
                return answer
            if not isinstance(fault, Renew) or request.anonymous:
                raise fault
            reason = fault.reason
            await self.tokens.renew(self, credentials)
        raise _stays_refused(reason)

    async def _send(self, request: Request, credentials: Credentials | None) -> Answer:
        await self._budgets.take(request)
        level = None
        try:
            self._halt.check()
            prepared = self._prepared(request, credentials)
            self._counts.requests += 1
            answer = await self._client.send(prepared)
            level = self._level(answer)
        finally:
            self._budgets.returned(request, level)
        if self.skew is None:
            self._measure_skew(answer)
        return answer

    def _prepared(self, request: Request, credentials: Credentials | None) -> Request:
        prepared = self.source.connector.prepare(request, self.settings, credentials, self.account, self.now())
        signed: Request = answered("`prepare`", prepared, Request, "a Request")
        return signed

    def _level(self, answer: Answer) -> Level | None:
        try:
            return self.source.connector.level(answer)
        except _MISSHAPEN:
            return None  # the answer's judge says so

    def _judge(self, request: Request, answer: Answer) -> Fault | None:
        try:
            fault = self.source.connector.judge(request, answer)
        except _MISSHAPEN as error:
            detail = str(error) if isinstance(error, Malformed) else f"of an unexpected shape ({type(error).__name__})"
            reason = f"{request.path} answered {answer.status} with a body that is {detail}"
            return Lost(reason, retry_after(answer, self.now()))
        return None if fault is None else self._told(answered("`judge`", fault, Fault, "a Fault or None"), answer)

    def _heed(self, request: Request, answer: Answer) -> None:
        remark = self.source.connector.remark(request, answer)
        if remark:
            self.remarks.add(REDACTOR.clean(remark))

    def _told(self, fault: Fault, answer: Answer) -> Fault:
        fault.reason = REDACTOR.clean(fault.reason)
        if isinstance(fault, Wait) and fault.seconds is None:
            fault.seconds = retry_after(answer, self.now())
        if isinstance(fault, Stop):
            self._measure_skew(answer)
            if self.skew is not None and abs(self.skew) > SKEW:
                fault.reason += f"; this machine's clock is {skewed(self.skew)} the platform's"
                fault.remedy = f"set the clock, then: {fault.remedy}"
        fault.args = (fault.reason,)
        return fault

    def _measure_skew(self, answer: Answer) -> None:
        told = http_time(answer.headers.get("date", ""))
        if told is not None:
            self.skew = self.now() - told

    async def _waiting(self, request: Request, fault: Wait, seconds: float) -> None:
        self._counts.waits += 1
        if fault.throttled:
            self._counts.throttled += 1
            await self._budgets.pause(request, seconds)
        self._shop.progress(Sign(self.source.name, waiting=fault.reason, seconds=seconds))


def _stays_refused(reason: str) -> Stop:
    return Stop(f"{reason}, even after the token was renewed", "authorise jalon again", kind="auth")


def skewed(seconds: float) -> str:
    """Return a clock's difference in words."""
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'}"
