"""The command as a person runs it: a process of its own, in a workplace, against platforms played in this process."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import pty
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from unittest.mock import patch

import duckdb
import pytest

from jalon import errors
from jalon.cli import cli
from jalon.commands.common import run
from jalon.commands.demo import write_workplace
from jalon.sandbox.brand import generate
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.server import Sandbox
from jalon.sandbox.tiktok_shop.tokens import SCOPES
from tests.spine import SPINE

T = TypeVar("T")
DAY = 86_400
JALON = Path(sysconfig.get_path("scripts")) / "jalon"
PATIENCE = 300.0
QUIET = 1800
"""Seconds since the brand's last event: a sync leaves what is younger to the next, so that two would not be alike."""


class Said(NamedTuple):
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The one JSON object on stdout; fails if there is anything else."""
        (line,) = self.out.splitlines()
        told: dict[str, Any] = json.loads(line)
        assert told["jalon"] == 1
        return told


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a command have this process's environment, signals and log to itself, and put them back as they were."""
    root, own = logging.getLogger(), logging.getLogger("jalon")
    log = root.handlers, root.level, own.level
    heeded = signal.getsignal(signal.SIGTERM)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JALON_")}
    try:
        with patch.dict(os.environ, kept, clear=True):
            yield
    finally:
        signal.signal(signal.SIGTERM, heeded)
        root.handlers, root.level, own.level = log


class Desk:
    """A workplace folder, and commands run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def config(self) -> Path:
        return self.folder / "jalon.toml"

    def edit(self, old: str, new: str) -> None:
        """Change a piece of jalon.toml that is there once."""
        text = self.config.read_text()
        assert text.count(old) == 1, text
        self.config.write_text(text.replace(old, new))

    def command(self, *words: str, env: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return what starts a command in this folder."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("JALON_")}
        return {"args": [str(JALON), *words], "cwd": self.folder, "env": {**kept, **(env or {})}, "text": True}

    def here(self, *words: str) -> Said:
        """Run a command that makes figures to its end, in this process.

        What it does, says and ends with is the same. A process of its own would first take seconds to load and to
        translate what this one has: tests need that where they are about the process, or a command's first.
        """
        out, err = io.StringIO(), io.StringIO()
        with (
            _undisturbed(),
            chdir(self.folder),
            patch.object(sys, "argv", ["jalon", *words]),
            redirect_stdout(out),
            redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            run(cli)
        if ended.value.code == errors.INTERRUPTED:  # whoever ends the tests means all of them
            raise KeyboardInterrupt
        assert "Traceback" not in err.getvalue(), err.getvalue()
        return Said(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    def __call__(self, *words: str, env: Mapping[str, str] | None = None, stdin: str | None = None) -> Said:
        """Run a command to its end. Whatever happens, it shows no trace of the program's insides."""
        done = subprocess.run(
            **self.command(*words, env=env), capture_output=True, input=stdin, timeout=PATIENCE, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    def on_terminal(self, *words: str) -> Said:
        """Run a command whose stderr is a terminal; return what it showed there with what it said."""
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            asked = self.command(*words, env={"TERM": "xterm"})
            started = subprocess.Popen(**asked, stdout=subprocess.PIPE, stderr=theirs)
            os.close(theirs)
            shown = b""
            with suppress(OSError):  # a terminal that nobody writes to any more ends so
                while piece := terminal.read(1 << 16):
                    shown += piece
            out, _ = started.communicate(timeout=PATIENCE)
        return Said(started.returncode, out, shown.decode())

    @contextmanager
    def started(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command, and see to it that it has ended behind the block."""
        started = subprocess.Popen(**self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            with started:
                yield started
                if started.poll() is None:
                    started.send_signal(signal.SIGTERM)
        finally:
            started.kill()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the facts; `{orders}` stands for the files of the orders, and so on for each kind."""
        facts = self.folder / "data" / "facts"
        named = {path.name: f"'{path}/*.parquet'" for path in facts.iterdir() if any(path.glob("*.parquet"))}
        with duckdb.connect() as db:
            return db.execute(query.format_map(named)).fetchall()

    def orders(self) -> set[tuple[str, str]]:
        """Return (source, order id) of every order among the facts."""
        return set(self.rows("SELECT source, order_id FROM {orders}"))  # type: ignore[arg-type]

    def settled(self) -> None:
        """Sync without trouble, and see that this gives the whole state."""
        said = self("sync", "--json")
        assert said.status == 0, said
        assert {source["outcome"] for source in said.data["sources"]} == {"ok"}


class Played:
    """The platforms, served by a thread of this process; a test may reach into them between two commands."""

    def __init__(self, parts: Sequence[str] = SPINE) -> None:
        self._parts = parts
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.sandbox: Sandbox

    def __enter__(self) -> Played:
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        now = int(time.time())
        world = generate(3, orders=30, days=6, horizon_days=1, now=(now - QUIET) // DAY * DAY - DAY, products=6)
        clock = Clock(float(now), frozen=True)
        async with Sandbox(
            world, clock, Faults(3, hang=0.2, slow=0.02), parts=self._parts, deliver=False
        ) as self.sandbox:
            self._ready.set()
            await self._stop.wait()

    def inside(self, job: Callable[[Sandbox], T]) -> T:
        """Do something to the sandbox in its own thread."""

        async def work() -> T:
            return job(self.sandbox)

        return self.run(work())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the sandbox's loop to its end."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def mended(self) -> None:
        """Put everything right that a test may have spoilt, and let the first refresh token be fresh again."""

        def mend(sandbox: Sandbox) -> None:
            sandbox.faults.set({})
            tiktok, shopify = sandbox.parts["tiktok_shop"], sandbox.parts["shopify"]
            secrets = tiktok.settings(sandbox.addresses)["secrets"]
            tiktok.limits.update(clock_skew=0)
            tiktok.tokens.refresh_token = secrets["refresh_token"]
            tiktok.tokens.deauthorized = False
            tiktok.tokens.scopes.update(SCOPES)
            shopify.tokens.revoked = False

        self.inside(mend)

    def desk(self, folder: Path, *, public_url: str | None = None) -> Desk:
        """Write a workplace for the platforms; it reads few days, so that a sync is short."""
        self.mended()
        settings = self.inside(lambda sandbox: sandbox.settings())
        days = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 8 * DAY))
        settings["tiktok_shop"] |= {"analytics": False}
        write_workplace(folder, {name: {**given, "since": days} for name, given in settings.items()}, public_url)
        return Desk(folder)
