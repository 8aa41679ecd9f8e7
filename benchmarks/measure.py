"""Run whole commands and take their wall time, CPU time and peak memory from the kernel."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

TOKEN = "bench-token"


class Cost(NamedTuple):
    """Seconds of wall and CPU, MiB at the peak, exit status, stdout."""

    wall: float
    cpu: float
    peak: float
    status: int
    out: str


def run(command: Sequence[str], cwd: Path) -> Cost:
    """Run a command to its end and return what it cost, its children not included."""
    reads, writes = os.pipe()
    launch = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")), str(writes), *command]
    with tempfile.TemporaryFile() as out, os.fdopen(reads) as told:
        process = subprocess.Popen(
            launch, cwd=cwd, stdout=out, stdin=subprocess.DEVNULL, env=environment(), pass_fds=(writes,)
        )
        os.close(writes)
        cost = json.loads(told.read())
        process.wait()
        out.seek(0)
        return Cost(**cost, out=out.read().decode())


def environment() -> dict[str, str]:
    """Return what the commands run in: bytecode is kept, as an installation has it."""
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "BENCH_SECRET": "bench-app-secret",
        "BENCH_TOKEN": TOKEN,
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }


@contextlib.contextmanager
def platform(**options: float) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """Serve the benchmark's platform in a process of its own; yield its address and a way to ask what it saw."""
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.platform", *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdin
    url = json.loads(process.stdout.readline())["url"]
    try:
        yield url, lambda: json.load(urllib.request.urlopen(f"{url}/stats"))
    finally:
        process.stdin.close()
        process.wait(10)


CONFIG = """
[jalon]
store = "data"

[sources.bench]
connector = "tiktok_shop"
api_url = "{url}"
auth_url = "{url}"
app_key = "key"
app_secret = {{ env = "BENCH_SECRET" }}
refresh_token = {{ env = "BENCH_TOKEN" }}
affiliate = false
analytics = false
requests_per_second = {rate}
"""


def workplace(folder: Path, url: str, rate: float = 100_000) -> Path:
    """Write a configuration that reads the benchmark's platform."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "jalon.toml").write_text(CONFIG.format(url=url, rate=rate))
    (folder / "jalon.key").write_text("5" * 64)
    return folder


def jalon(*words: str) -> list[str]:
    return [str(Path(sys.executable).parent / "jalon"), *words]


def median(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure by itself."""
    return Cost(
        *(statistics.median(column) for column in list(zip(*costs, strict=True))[:3]),
        max(c.status for c in costs),
        costs[-1].out,
    )
