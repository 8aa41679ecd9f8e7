"""From path strings: three rules and a Markov chain of order 1, by conversions and by value, for every channel.

The baseline is ChannelAttribution (GPL-3, C++), where a person has installed it beside jalon or named an interpreter
that has it in BENCH_CHANNELATTRIBUTION; without it jalon's seconds stand alone.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from benchmarks.sync import Figure

PATHS, CHANNELS, MEAN_LENGTH, REPEATS = 1_000_000, 30, 4, 0.35
ROUNDS = 5
FASTER = 15
"""At least so many times faster than the baseline."""
AGREE = 0.035
"""The baseline simulates: its error, as the sum of what is wrong by the whole credit, is up to this by default."""

BASELINE = """
import sys, time, json
import pandas, ChannelAttribution as ca
table = pandas.read_csv(sys.argv[1])
named = dict(var_path="path", var_conv="conversions", var_value="value")
def once():
    ca.heuristic_models(table, **named)
    return ca.markov_model(table, **named, var_null="others", order=1, verbose=False)
seconds = []
for _ in range(int(sys.argv[2])):
    began = time.perf_counter()
    found = once()
    seconds.append(time.perf_counter() - began)
print(json.dumps({"seconds": seconds, "credit": found.set_index("channel_name")["total_conversions"].to_dict()}))
"""


def speed() -> Iterator[Figure]:
    """Compare seconds, the table being in memory for both, and the credit that both give."""
    from jalon import attribution

    table = made()
    seconds, found = _timed(lambda: attribution.credit_of_paths(table, value="value"))
    yield Figure(f"{PATHS:,} paths x {CHANNELS}: rules and exact Markov", f"{seconds:.2f} s", "stated", True)
    longer, _ = _timed(lambda: attribution.credit_of_paths(table, value="value", order=2))
    yield Figure("the same with Markov of order 2", f"{longer:.2f} s", "stated", True)
    theirs = baseline(table)
    if theirs is None:
        yield Figure("against ChannelAttribution", "skipped: it is not installed", f">= {FASTER} x", True)
        return
    ratio = theirs["seconds"] / seconds
    yield Figure(
        "against ChannelAttribution", f"{ratio:.0f} x ({theirs['seconds']:.2f} s)", f">= {FASTER} x", ratio >= FASTER
    )
    own = dict(zip(found["channel"].to_pylist(), found["markov"].to_pylist(), strict=True))
    wrong = sum(abs(own[name] - amount) for name, amount in theirs["credit"].items()) / sum(own.values())
    yield Figure("its simulation against the exact credit", f"{wrong:.2%} of it", f"<= {AGREE:.1%}", wrong <= AGREE)


def made(paths: int = PATHS, channels: int = CHANNELS, seed: int = 20260901) -> pa.Table:
    """Return paths of `MEAN_LENGTH` on average, channels by Zipf's law, each step a repeat of the last in `REPEATS`."""
    random = np.random.default_rng(seed)
    lengths = random.geometric(1 / MEAN_LENGTH, paths)
    starts = np.r_[0, lengths.cumsum()]
    weights = 1 / np.arange(1, channels + 1)
    codes = random.choice(channels, starts[-1], p=weights / weights.sum())
    again = random.random(starts[-1]) < REPEATS
    again[starts[:-1]] = False
    codes = codes[np.maximum.accumulate(np.where(again, 0, np.arange(starts[-1])))]
    names = pa.array([f"channel_{number:03}" for number in range(channels)])
    steps = pa.ListArray.from_arrays(pa.array(starts, pa.int32()), names.take(pa.array(codes)))
    won = random.random(paths) < 0.03 + 0.02 * lengths.clip(max=6)
    value = np.where(won, random.integers(500, 20_000, paths) / 100, 0.0)
    return pa.table(
        {
            "path": pa.compute.binary_join(steps, " > "),
            "conversions": won.astype(np.int64),
            "others": (~won).astype(np.int64),
            "value": value,
        }
    )


def _timed(work: Callable[[], pa.Table]) -> tuple[float, pa.Table]:
    """Return the median seconds and what was made."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), found


def baseline(table: pa.Table) -> dict[str, object] | None:
    """Return what the baseline takes and credits, in a process of its own; None where it is not installed."""
    python = os.environ.get("BENCH_CHANNELATTRIBUTION", sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "paths.csv"
        pyarrow.csv.write_csv(table, path)
        done = subprocess.run(
            [python, "-W", "ignore", "-c", BASELINE, str(path), str(ROUNDS)],
            check=False,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        return None
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return {"seconds": statistics.median(told["seconds"]), "credit": told["credit"]}
