"""From path strings: three rules and Markov chains, by conversions and by value, for every channel.

The baselines are ChannelAttribution (GPL-3, C++) and DP6's marketing_attribution_models (Apache-2.0, Polars), where a
person has installed them beside jalon or named an interpreter that has them in BENCH_CHANNELATTRIBUTION or BENCH_DP6;
without them jalon's seconds stand alone.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from benchmarks.sync import Figure

PATHS, CHANNELS, MEAN_LENGTH, REPEATS = 1_000_000, 30, 4, 0.35
GREAT_PATHS, GREAT_ROUNDS = 10_000_000, 3
LONGER_ROUNDS = 3
ROUNDS = 5
AGREE = 0.035
"""The baseline simulates: its error, as the sum of what is wrong by the whole credit, is up to this by default."""

_BEGIN = """
import sys, time, json, pandas
table = pandas.read_csv(sys.argv[1])
rounds, order = int(sys.argv[2]), int(sys.argv[3])
"""
_END = """
seconds = []
for _ in range(rounds):
    began = time.perf_counter()
    found = once()
    seconds.append(time.perf_counter() - began)
print(json.dumps({"seconds": seconds, "credit": credit(found)}))
"""
CHANNEL_ATTRIBUTION = """
import ChannelAttribution as ca
named = dict(var_path="path", var_conv="conversions", var_value="value")
def once():
    if order == 1:
        ca.heuristic_models(table, **named)
    return ca.markov_model(table, **named, var_null="others", order=order, verbose=False)
def credit(found):
    return found.set_index("channel_name")["total_conversions"].to_dict()
"""
DP6 = """
import polars
from mam import MAM
table = polars.from_pandas(table).with_columns(polars.col("conversions").cast(polars.Boolean), polars.lit(1).alias("n"))
def once():
    read = MAM(table, "grouped_journey", "path", "conversions", occurrences_colname="n",
               conversion_value_colname="value")
    return [run() for run in (read.run_first_click, read.run_last_click, read.run_linear, read.run_markov)]
def credit(found):
    return None
"""


class Peer(NamedTuple):
    """A package to compare with: where it may be found, what it is asked, and at least how many times faster jalon is
    at a million paths."""

    name: str
    variable: str
    script: str
    faster: float


PEERS = (
    Peer("ChannelAttribution", "BENCH_CHANNELATTRIBUTION", CHANNEL_ATTRIBUTION, 15),
    Peer("marketing_attribution_models", "BENCH_DP6", DP6, 8),
)
GREAT_FASTER, LONGER_FASTER = 10, 10
"""Of ChannelAttribution alone: at ten million paths, and with longer memories at a million."""


def speed() -> Iterator[Figure]:
    """Compare seconds, the table being in memory for both, and the credit that both give."""
    table = made()
    seconds, found = _timed(1, table, ROUNDS)
    yield Figure(f"{PATHS:,} paths x {CHANNELS}: rules and exact Markov", f"{seconds:.2f} s", "stated", True)
    for peer in PEERS:
        theirs = baseline(peer, table)
        yield _compared(peer.name, seconds, theirs, peer.faster)
        if theirs and theirs["credit"]:
            yield _agreed(found, theirs["credit"])
    for order in (2, 3):
        longer, _ = _timed(order, table, LONGER_ROUNDS)
        theirs = baseline(PEERS[0], table, order, LONGER_ROUNDS)
        yield _compared(f"{PEERS[0].name}, order {order}", longer, theirs, LONGER_FASTER)


def great() -> Iterator[Figure]:
    """Compare seconds at ten million paths."""
    table = made(GREAT_PATHS)
    seconds, _ = _timed(1, table, GREAT_ROUNDS)
    theirs = baseline(PEERS[0], table, 1, GREAT_ROUNDS)
    yield _compared(f"{PEERS[0].name}, {GREAT_PATHS:,} paths", seconds, theirs, GREAT_FASTER)


def _compared(name: str, seconds: float, theirs: dict[str, Any] | None, faster: float) -> Figure:
    if theirs is None:
        return Figure(f"against {name}", f"skipped: it is not installed ({seconds:.2f} s)", f">= {faster:g} x", True)
    ratio = theirs["seconds"] / seconds
    told = f"{ratio:.1f} x ({seconds:.2f} s against {theirs['seconds']:.2f} s)"
    return Figure(f"against {name}", told, f">= {faster:g} x", ratio >= faster)


def _agreed(found: pa.Table, credit: dict[str, float]) -> Figure:
    own = dict(zip(found["channel"].to_pylist(), found["markov"].to_pylist(), strict=True))
    wrong = sum(abs(own[name] - amount) for name, amount in credit.items()) / sum(own.values())
    return Figure("its simulation against the exact credit", f"{wrong:.2%} of it", f"<= {AGREE:.1%}", wrong <= AGREE)


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


def _timed(order: int, table: pa.Table, rounds: int) -> tuple[float, pa.Table]:
    """Return the median seconds and what was made."""
    from jalon import attribution

    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        found = attribution.credit_of_paths(table, value="value", order=order)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), found


def baseline(peer: Peer, table: pa.Table, order: int = 1, rounds: int = ROUNDS) -> dict[str, Any] | None:
    """Return what a peer takes and credits, in a process of its own; None where it is not installed."""
    python = os.environ.get(peer.variable, sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "paths.csv"
        pyarrow.csv.write_csv(table, path)
        script = _BEGIN + peer.script + _END
        done = subprocess.run(
            [python, "-W", "ignore", "-c", script, str(path), str(rounds), str(order)],
            check=False,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        return None
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return {"seconds": statistics.median(told["seconds"]), "credit": told["credit"]}
