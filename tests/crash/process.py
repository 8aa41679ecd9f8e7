"""The `jalon` command as a process of its own: started, watched, killed."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

SEGMENT = 48
"""Inbox rows per segment in these processes, so that a small brand has many files to be killed between."""
COMMAND = f"from jalon.store import segments; segments.SEGMENT = {SEGMENT}; from jalon.cli import main; main()"
GLANCE = 0.0005
"""Seconds between two looks at whether a moment has come."""
LONGEST = 90.0
"""Seconds that any command may take, on a machine that is busy with something else."""


class Ended(Exception):
    """The process was over before the moment came."""


class Running:
    """One `jalon` at work in a workplace."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, talk: Path) -> None:
        self.process = process
        self.pid = process.pid
        self.store = folder / "data"
        self._talk = talk

    @classmethod
    async def start(cls, folder: Path, *words: str) -> Self:
        """Start `jalon WORDS` in `folder`; what it says on stderr goes to a file."""
        talk = folder / "talk.txt"
        with talk.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", COMMAND, *words, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=errors
            )
        return cls(process, folder, talk)

    @property
    def over(self) -> bool:
        return self.process.returncode is not None

    def talk(self) -> str:
        return self._talk.read_text()

    def holds(self, *names: str) -> bool:
        """Say whether one of these locks bears this process's number; a kill leaves it there."""
        return any(self._signed(self.store / "locks" / f"{name}.lock") for name in names)

    def _signed(self, lock: Path) -> bool:
        with suppress(OSError, ValueError, TypeError):
            return bool(json.loads(lock.read_text())["pid"] == self.pid)
        return False

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition. Raises `Ended` if the process ends first."""
        deadline = time.monotonic() + LONGEST
        while not condition():
            if self.over:
                raise Ended
            assert time.monotonic() < deadline, f"the moment never came: {self.talk()}"
            await asyncio.sleep(GLANCE)

    async def rest(self, seconds: float) -> None:
        """Let it work on for so long. Raises `Ended` if it ends meanwhile."""
        begun = time.monotonic()
        await self.until(lambda: time.monotonic() - begun >= seconds)

    async def line(self) -> dict[str, Any]:
        """Return the next line of stdout, read as JSON."""
        assert self.process.stdout is not None
        told: dict[str, Any] = json.loads(await asyncio.wait_for(self.process.stdout.readline(), LONGEST))
        return told

    async def end(self) -> tuple[int, str]:
        """Wait for the end; return exit status and stdout."""
        out, _ = await asyncio.wait_for(self.process.communicate(), LONGEST)
        assert self.process.returncode is not None
        return self.process.returncode, out.decode()

    def send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(number)

    async def kill(self) -> bool:
        """Kill it at once and wait until it is gone; say whether it was the kill that ended it."""
        self.send(signal.SIGKILL)
        status, _ = await self.end()
        return status == -signal.SIGKILL


async def done(folder: Path, *words: str) -> str:
    """Run a command to its end, which must be a good one; return what it printed."""
    running = await Running.start(folder, *words)
    status, out = await running.end()
    assert status == 0, f"jalon {' '.join(words)} ended with {status}: {out}{running.talk()}"
    return out


Moment = Callable[[Running], Awaitable[None]]
"""Returns when the moment to kill has come. Raises `Ended` if there will be none."""


def holding(locks: Sequence[str], seconds: float) -> Moment:
    """Name the moment `seconds` after a process has taken one of these locks."""

    async def moment(running: Running) -> None:
        await running.until(lambda: running.holds(*locks))
        await running.rest(seconds)

    return moment


def reached(count: Callable[[], int], growth: int, locks: Sequence[str], seconds: float) -> Moment:
    """Name the moment `seconds` after a count has grown, and one of these locks (if any is named) is taken."""
    begin = count()

    async def moment(running: Running) -> None:
        await running.until(lambda: count() - begin >= growth and (not locks or running.holds(*locks)))
        await running.rest(seconds)

    return moment


def seen(folder: Path, pattern: str, seconds: float) -> Moment:
    """Name the moment `seconds` after a new file of this pattern appears in a folder."""
    begun = time.time()

    def found() -> bool:
        with suppress(FileNotFoundError):  # it is there for a thousandth of a second
            return any(path.stat().st_ctime > begun for path in folder.glob(pattern))
        return False

    async def moment(running: Running) -> None:
        await running.until(found)
        await running.rest(seconds)

    return moment
