"""Same paths, same answer: the example data of ChannelAttribution (`PathData`: 10,000 paths, 12 channels).

The data are GPL-3 and not jalon's: they are read from the package's source distribution, which JALON_PATH_DATA names.
Where BENCH_CHANNELATTRIBUTION names a Python that has the package (as for `make bench`), it is asked itself.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import os
import subprocess
import tarfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

from jalon import attribution

SOURCE = os.environ.get("JALON_PATH_DATA", "")
PEER = os.environ.get("BENCH_CHANNELATTRIBUTION", "")
ITS_ERROR = 0.05
"""What its simulation is off by, at most, by its own word: the convergence that it stops at (`conv_par`)."""
WORTH = {"conversions": "", "value": "_value"}
"""What is credited -> how columns of it end."""
ORDERS = (1, 2, 3, 4)

Credit = dict[str, dict[str, float]]
"""Model -> channel -> credit."""


class Way(NamedTuple):
    path: tuple[str, ...]
    conversions: float
    value: float
    others: float


@cache
def ways() -> list[Way]:
    if not Path(SOURCE).is_file():
        pytest.skip("JALON_PATH_DATA names no source distribution of ChannelAttribution 2.2.5, whose data these are")
    with tarfile.open(SOURCE) as source:
        (name,) = (each for each in source.getnames() if each.endswith("data/Data.csv"))
        member = source.extractfile(name)
        assert member is not None
        text = member.read().decode()
    rows = csv.reader(io.StringIO(text), delimiter=";")
    next(rows)
    return [Way(tuple(path.split(" > ")), *map(float, figures)) for path, *figures in rows]


def table() -> pa.Table:
    paths, *figures = zip(*ways(), strict=True)
    named = dict(zip(("conversions", "value", "others"), figures, strict=True))
    return pa.table({"path": [" > ".join(path) for path in paths], **named})


@cache
def credited(order: int = 1) -> Credit:
    found = attribution.credit_of_paths(table(), value="value", order=order)
    channels = found["channel"].to_pylist()
    return {
        name: dict(zip(channels, found[name].to_pylist(), strict=True))
        for name in found.column_names
        if name != "channel"
    }


def test_the_data_are_those_of_the_published_example() -> None:
    assert len(ways()) == 10_000
    assert len({channel for way in ways() for channel in way.path}) == 12
    assert sum(way.conversions for way in ways()) == 19_785


@pytest.mark.parametrize("worth", WORTH)
def test_rules_are_a_plain_recount(worth: str) -> None:
    counted: dict[str, Counter[str]] = {"first": Counter(), "last": Counter(), "linear": Counter()}
    for way in ways():
        counted["first"][way.path[0]] += getattr(way, worth)
        counted["last"][way.path[-1]] += getattr(way, worth)
        for channel in way.path:
            counted["linear"][channel] += getattr(way, worth) / len(way.path)
    for model, credit in counted.items():
        assert credited()[model + WORTH[worth]] == pytest.approx(credit, rel=1e-9)


@pytest.mark.parametrize("worth", WORTH)
def test_shapley_is_the_mean_over_all_coalitions(worth: str) -> None:
    """By its definition over all 2^12 coalitions: what a coalition is worth is what journeys within it brought."""
    channels = sorted({channel for way in ways() for channel in way.path})
    size, bit = len(channels), {channel: 1 << place for place, channel in enumerate(channels)}
    worths = np.zeros(1 << size)
    for way in ways():
        worths[sum(bit[channel] for channel in set(way.path))] += getattr(way, worth)
    for place in range(size):
        without = np.flatnonzero(np.arange(1 << size) & (1 << place) == 0)
        worths[without | (1 << place)] += worths[without]
    sizes = np.array([mask.bit_count() for mask in range(1 << size)])
    often = np.array([math.factorial(n) * math.factorial(size - 1 - n) / math.factorial(size) for n in range(size)])
    for channel in channels:
        without = np.flatnonzero(np.arange(1 << size) & bit[channel] == 0)
        exact = float(often[sizes[without]] @ (worths[without | bit[channel]] - worths[without]))
        assert credited()["shapley" + WORTH[worth]][channel] == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("worth", WORTH)
def test_chains_are_those_of_solving_anew_without_each_channel(order: int, worth: str) -> None:
    effects = removal_effects(order, worth)
    total = sum(getattr(way, worth) for way in ways())
    exact = {channel: effect / sum(effects.values()) * total for channel, effect in effects.items()}
    assert credited(order)["markov" + WORTH[worth]] == pytest.approx(exact, rel=1e-9)


def removal_effects(order: int, worth: str) -> dict[str, float]:
    """Solve the chain whose states are the last `order` channels, as it is and without each channel."""
    go: Counter[tuple[tuple[str, ...], tuple[str, ...]]] = Counter()
    out: Counter[tuple[str, ...]] = Counter()
    brought: Counter[tuple[str, ...]] = Counter()
    for way in ways():
        often, state = way.conversions + way.others, ("",) * order
        for channel in way.path:
            new = (*state[1:], channel)
            go[state, new] += often
            out[state] += often
            state = new
        out[state] += often
        brought[state] += getattr(way, worth)

    def rate(without: str | None) -> float:
        number = {state: place for place, state in enumerate(each for each in out if without not in each)}
        kept = [(number[a], number[b], often / out[a]) for (a, b), often in go.items() if {a, b} <= number.keys()]
        here, there, flow = (np.array(column) for column in zip(*kept, strict=True))
        size = len(number)
        left = sparse.eye_array(size) - sparse.coo_array((flow, (here, there)), shape=(size, size))
        worths = np.array([brought[state] / out[state] for state in number])
        return float(spsolve(left.tocsc(), worths)[number[("",) * order]])

    whole = rate(None)
    return {channel: 1 - rate(channel) / whole for channel in {channel for way in ways() for channel in way.path}}


# --- the package itself ---------------------------------------------------------------------------------------------

ASK = """
import sys, json, pandas, ChannelAttribution as ca
rows, orders = json.load(sys.stdin)
table = pandas.DataFrame(rows)
named = dict(var_path="path", var_conv="conversions", var_value="value")
rules = ca.heuristic_models(table, **named, flg_pro=False).set_index("channel_name")
chains = [ca.markov_model(table, **named, var_null="others", order=order, verbose=False, flg_pro=False)
          .set_index("channel_name") for order in orders]
print(json.dumps({"rules": rules.to_dict(), "chains": [each.to_dict() for each in chains]}))
"""


@cache
def asked() -> tuple[Credit, list[Credit]]:
    given = table()
    if not PEER:
        pytest.skip("BENCH_CHANNELATTRIBUTION names no Python that has ChannelAttribution")
    whole = {name: given[name].cast("int64").to_pylist() for name in ("conversions", "others")}
    rows = json.dumps([{**given.to_pydict(), **whole}, ORDERS])
    told = subprocess.run([PEER, "-c", ASK], input=rows, capture_output=True, text=True, check=False, timeout=300)
    assert told.returncode == 0, told.stderr
    answer = json.loads(told.stdout.splitlines()[-1])
    return answer["rules"], answer["chains"]


def test_rules_are_those_of_the_package() -> None:
    rules, _ = asked()
    for model, (ending, column) in itertools.product(
        ("first", "last", "linear"), zip(WORTH.values(), WORTH, strict=True)
    ):
        theirs = rules[f"{model}_touch_{column}"]
        assert credited()[model + ending] == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("worth", WORTH)
def test_its_simulated_chains_are_off_by_no_more_than_it_says(order: int, worth: str) -> None:
    theirs = asked()[1][order - 1][f"total_conversion{'s' if worth == 'conversions' else '_value'}"]
    own = credited(order)["markov" + WORTH[worth]]
    wrong = sum(abs(own[channel] - credit) for channel, credit in theirs.items()) / sum(own.values())
    assert 0 < wrong <= ITS_ERROR
