"""A played brand on stage: sandbox, receiver and workplace, with every delivery that was posted at hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jalon.commands.demo import write_workplace
from jalon.commands.serving import receiver_of
from jalon.config import load
from jalon.sandbox.brand import generate
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.server import Sandbox
from jalon.sandbox.webhooks import Event
from jalon.sandbox.world import Post, World
from jalon.sync.engine import sync_all
from jalon.sync.source import SourceOutcome, Workshop
from jalon.workplace import Workplace
from tests.spine import SPINE
from tests.truth.life import DAY, PLAYED_ON, PlayedClock


@dataclass
class Stage:
    """What is played, and where jalon holds it."""

    place: Workplace
    sandbox: Sandbox
    posted: list[Event] = field(default_factory=list)

    @property
    def shop(self) -> Any:
        return self.sandbox.parts["shopify"]

    def workshop(self) -> Workshop:
        clock = PlayedClock(self.sandbox.clock)
        return Workshop(self.place.store, self.place.keyring, clock, address=self.place.address)

    async def sync(self) -> list[SourceOutcome]:
        outcomes = await sync_all([self.place.source(name) for name in self.place.config.sources], self.workshop())
        assert [outcome.state for outcome in outcomes] == ["ok"] * len(outcomes), outcomes
        return outcomes

    async def pass_days(self, days: float) -> None:
        """Let time pass, and the platforms deliver what happened in it."""
        self.sandbox.clock.advance(days * DAY)
        await self.sandbox.deliverer.pump()

    async def post(self, events: Iterable[Event]) -> None:
        """Post deliveries, once more, now."""
        for event in events:
            self.sandbox.deliverer.send(replace(event, at=self.sandbox.clock.now()))
        await self.sandbox.deliverer.pump()

    def derive(self) -> None:
        self.place.derive()


@asynccontextmanager
async def staged(
    folder: Path,
    settings: Mapping[str, Any],
    *,
    parts: tuple[str, ...] = SPINE,
    hooks: bool = True,
    posts: Callable[[World], tuple[Post, ...]] | None = None,
) -> AsyncIterator[Stage]:
    """Play a small brand to a workplace in `folder`; `settings` are added to those of every source.

    `posts` makes what the brand posts, in place of what it would.
    """
    world = generate(5, orders=60, days=14, horizon_days=4, now=PLAYED_ON)
    world = replace(world, posts=posts(world)) if posts else world
    async with Sandbox(
        world, Clock(float(PLAYED_ON), frozen=True), Faults(5, {}), parts=parts, deliver=False
    ) as sandbox:
        given = {name: {**own, **settings.get(name, {})} for name, own in sandbox.settings().items()}
        with Workplace(load(write_workplace(folder, given))) as place:
            receiver = receiver_of(place)
            port, _ = await receiver.start("127.0.0.1", 0)
            if hooks:
                place.config = load(write_workplace(folder, given, f"http://127.0.0.1:{port}"))
            stage = Stage(place, sandbox)
            sandbox.deliverer.sources[:] = [_noting(source, stage.posted) for source in sandbox.deliverer.sources]
            try:
                yield stage
            finally:
                await receiver.stop()


def _noting(source: Any, posted: list[Event]) -> Any:
    def events(after: float, until: float) -> list[Event]:
        found = list(source(after, until))
        posted.extend(found)
        return found

    return events
