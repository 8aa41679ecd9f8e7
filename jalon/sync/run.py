"""One run over one source, step by step; `engine` says in which order, and what its end means."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date
from typing import TypeVar

from jalon.connectors.base import Deadline, Fault, Stop, Wait
from jalon.errors import sentences
from jalon.store import deadlines, deliveries, refusals, sources, windows
from jalon.store.windows import OpenWindow
from jalon.sync.answered import account_of
from jalon.sync.filed import FileReader
from jalon.sync.halt import Halt
from jalon.sync.inbound import open_deliveries
from jalon.sync.pages import Pages
from jalon.sync.plan import AHEAD
from jalon.sync.planning import Planner, reach_of
from jalon.sync.redact import REDACTOR, sayable
from jalon.sync.session import SourceSession, skewed
from jalon.sync.source import Source, SourceOutcome, Workshop
from jalon.sync.windowed import without
from jalon.sync.work import Work, left_over

T = TypeVar("T")
GREETING_HOLDS = 86_400.0
"""Seconds for which what is known of an account is believed."""
GREETED = "greeted_at"
GREETED_WITH = "greeted_with"
SUBSCRIBED = "subscribed"
RENEWED_WITH = 0.2
"""Share of a subscription's time that is left when it is renewed."""
UNREAD = "`jalon status` and `jalon quarantine list` say why; `jalon quarantine replay` has them tried again"
WITHDRAWN = ("deauthorised", "uninstalled")
"""Notices after which nothing is read until the platform has greeted us again."""


class Run:
    """One run over one source."""

    def __init__(self, source: Source, shop: Workshop, halt: Halt, outcome: SourceOutcome) -> None:
        self.source = source
        self.shop = shop
        self.outcome = outcome
        self.counts = outcome.counts
        self.session = SourceSession(source, shop, halt, outcome.counts)
        self.pages = Pages(source, shop, outcome.counts)
        self._halt = halt
        self._without: set[str] = set()

    async def greet(self) -> None:
        """Learn whose account it is. Raises `Stop` if it is not the one that was read so far."""
        name, now = self.source.name, self.shop.clock.now()
        settled = self._settled()
        with self.shop.store.read() as db:
            known, greeted = sources.account(db, name), float(sources.get(db, name, GREETED) or 0.0)
            is_settled = sources.get(db, name, GREETED_WITH) == settled
        self.session.account = known
        if known and is_settled and 0 <= now - greeted < GREETING_HOLDS:
            return
        found = account_of(await self.source.connector.greet(self.session))
        _same_shop(known, found)

        def job(db: sqlite3.Connection) -> None:
            sources.put_account(db, name, found)
            sources.put(db, name, GREETED, str(now))
            sources.put(db, name, GREETED_WITH, settled)
            for kind in WITHDRAWN:
                sources.clear_notice(db, name, kind)

        await self.shop.store.commit(job)
        self.session.account = found

    def _settled(self, *beside: str) -> str:
        """Name the settings that a greeting holds for: another shop or table in them is asked about at once."""
        source = self.source
        return self.shop.keyring.fingerprint(
            "\n".join([source.settings.model_dump_json(), source.connector.grant(source.settings), *beside])
        )

    async def subscribe(self) -> None:
        """See to it that the platform delivers to us, where we have a public address."""
        address = self.shop.address(self.source.name)
        if address is None or self._is_subscribed(address):
            return
        ends: list[Deadline] = []
        try:
            async for found in self.source.connector.subscribe(self.session, address):
                if isinstance(found, Deadline):
                    ends.append(found)
                else:
                    self.outcome.findings.append(found)
        except Fault as fault:
            self.outcome.notes.append(f"subscribing to deliveries: {REDACTOR.clean(fault.reason)}")
        if ends:
            await self._keep_subscription(address, ends)

    def _is_subscribed(self, address: str) -> bool:
        """Say whether a subscription that ends by itself was made for this address, and has long to go."""
        with self.shop.store.read() as db:
            renew_at, _, made_for = (sources.get(db, self.source.name, SUBSCRIBED) or "").partition(" ")
        return made_for == self._settled(address) and self.shop.clock.now() < float(renew_at)

    async def _keep_subscription(self, address: str, ends: list[Deadline]) -> None:
        now = self.shop.clock.now()
        renew_at = now + (min(end.at for end in ends) - now) * (1 - RENEWED_WITH)
        made = f"{renew_at} {self._settled(address)}"

        def job(db: sqlite3.Connection) -> None:
            deadlines.put(db, self.source.name, ends)
            sources.put(db, self.source.name, SUBSCRIBED, made)

        await self.shop.store.commit(job)

    async def open_deliveries(self) -> int:
        """Open what the receiver has stored. Raises `Stop` if we are told that we may not read any more."""
        opened = await open_deliveries(self.source, self.shop, self.pages, self.counts)
        with self.shop.store.read() as db:
            told_off = [each for each in sources.notices(db, self.source.name) if each.kind in WITHDRAWN]
        if told_off:
            raise Stop(told_off[-1].detail, "the next run asks whether it is authorised again", kind="auth")
        return opened

    async def plan(self) -> bool:
        """Add the windows that the live sync has to read now; say whether some wait until older ones are read."""
        return await self._planned(Planner.live)

    async def plan_backfill(self, name: str, first: date, last: date) -> None:
        """Add the windows of a back-fill."""
        await self._planned(lambda planner: planner.backfill(name, first, last))

    async def _hold_back(self) -> None:
        """Where the platform's clock says that ours is ahead, have the next run read from the platform's time on."""
        skew = self.session.skew
        if skew is not None and skew < -AHEAD:
            await self._planned(lambda planner: planner.begin_anew(skew))
        if skew is None or skew <= AHEAD:
            return
        detail = (
            f"this machine's clock is {skewed(skew)} the platform's; the next run reads from the platform's time on"
        )
        await self._planned(lambda planner: planner.hold_back(skew, detail))
        self.outcome.notes.append(detail)

    async def _planned(self, step: Callable[[Planner], T]) -> T:
        """Take a step of planning in a transaction of its own, as of now."""
        reach, now = reach_of(self.source, self.session.account), self.shop.clock.now()
        return await self.shop.store.commit(lambda db: step(Planner(db, self.source, reach, now)))

    async def work(self, backfill: str | None = None) -> None:
        """Read what is planned, of the live sync or of one back-fill, and whatever is due by key."""
        work = Work(self.session, self.shop, self._halt, self.pages, self.counts, self._without)
        with self.shop.store.read() as db:
            found = windows.open_windows(db, self.source.name, backfill)
            refused = {notice.kind for notice in sources.notices(db, self.source.name)}
        work.add(_probes(found, refused))
        try:
            await work.run()
        finally:
            self.outcome.notes += [f"{what}: {sayable(error)}" for what, error in work.failures]
            self._judge(work.failures)
            if self._without:
                await forget_greeting(self.source, self.shop)
            await self._hold_back()
            left_over(self.shop, self.source.name, self.counts, backfill)

    @property
    def files(self) -> FileReader:
        """What reads the source's files."""
        return FileReader(self.source, self.shop, self._halt, self.pages, self.outcome)

    async def heed_refused(self) -> None:
        """Tell of the deliveries that were refused since the last run; a run that went well otherwise is partial."""
        for one in await self.shop.store.commit(lambda db: refusals.tell(db, self.source.name)):
            text = f"deliveries refused by `jalon serve` since the last run: {one.times}: {refusals.WHY[one.reason]}"
            self.outcome.notes.append(sentences(text, refusals.REMEDIES[one.reason]))
            if self.outcome.state == "ok":
                self.outcome.state, self.outcome.remedy = "partial", refusals.REMEDIES[one.reason]
                self.outcome.message = f"{self.source.name}: {text}"

    async def forget_deliveries(self) -> None:
        """Forget what was delivered so long ago that no platform sends it again."""
        before, slice = self.shop.clock.now() - deliveries.KEEP_SECONDS, deliveries.SLICE
        while await self.shop.store.commit(lambda db: deliveries.purge(db, before)) == slice:
            self._halt.check()

    def _judge(self, failures: list[tuple[str, Exception]]) -> None:
        if not failures:
            return
        throttled = all(isinstance(error, Wait) and error.throttled for _, error in failures)
        what, error = failures[0]
        self.outcome.state = "budget" if throttled else "partial"
        self.outcome.message = (
            f"{self.source.name}: {len(failures)} windows or keys unread, first {what}: {sayable(error)}"
        )
        self.outcome.remedy = "The next run reads what is left."


@asynccontextmanager
async def opened(source: Source, shop: Workshop, halt: Halt, outcome: SourceOutcome) -> AsyncIterator[Run]:
    """Open a run, and close it whatever happens. Raises `Stop` where an address of the source may not be asked."""
    run = Run(source, shop, halt, outcome)
    try:
        yield run
    finally:
        outcome.notes += sorted(run.session.remarks)
        _heed_deliveries(outcome)
        await run.session.close()


def _heed_deliveries(outcome: SourceOutcome) -> None:
    """Say which deliveries were not understood; a run that went well otherwise is partial where some could not be read.

    What the connector does not know may be nothing to it: a platform delivers whatever it was asked for by hand.
    """
    counts = outcome.counts
    if counts.unknown:
        unknown = f"deliveries about what {outcome.source} does not know: {counts.unknown} of {counts.deliveries}"
        outcome.notes.append(f"{unknown}; `jalon status` names it")
    if not counts.refused:
        return
    text = f"deliveries that could not be read, or not all of them: {counts.refused} of {counts.deliveries}"
    outcome.notes.append(sentences(text, UNREAD))
    if outcome.state == "ok":
        outcome.state, outcome.message, outcome.remedy = "partial", f"{outcome.source}: {text}", UNREAD


async def forget_greeting(source: Source, shop: Workshop) -> None:
    """Greet anew next time: the platform refused something that may have changed."""
    await shop.store.commit(lambda db: sources.put(db, source.name, GREETED, ""))


def _probes(found: list[OpenWindow], refused: set[str]) -> list[OpenWindow]:
    """Return what to read: of a stream that was refused so far one window, which tells whether it still is."""
    tried: set[str] = set()
    chosen = []
    for window in found:
        if window.stream not in tried:
            chosen.append(window)
        if without(window.stream) in refused:
            tried.add(window.stream)
    return chosen


def _same_shop(known: Mapping[str, str], found: Mapping[str, str]) -> None:
    before, after = known.get("shop_id"), found.get("shop_id")
    if before and after and before != after:
        raise Stop(
            f"the credentials open shop {after}, but this source has read shop {before} so far",
            "put the credentials of that shop back, or name a new source for the other one",
        )
