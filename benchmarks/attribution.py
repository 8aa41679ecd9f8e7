"""Raw touchpoints to credit, against the same in SQL written by hand; what intervals cost on top.

Both sides read one shuffled Parquet file of touchpoints and orders, make journeys, give five rule models' credit per
touchpoint in exact minor units, and count the transitions of all journeys, each in a process of its own.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.measure import Cost, median, run
from benchmarks.sync import Figure

TOUCHES, CHANNELS, CONTENTS, DAYS = 10_000_000, 30, 5_000, 120
PER_PERSON, SOLD = 5, 0.029
"""Touchpoints of a person on average, and orders per touchpoint."""
ROUNDS = 5
SLOWER, PEAK = 1.3, 1200
"""At most so many times the hand-written SQL; MiB."""
LIMIT = "900MB"
GREAT_TOUCHES, GREAT, GREAT_PEAK, GROWTH = 100_000_000, "4GB", 5 * 1024, 1.2
"""The great file, what DuckDB may use for it, its peak in MiB, and how much more than ten times the seconds it may
take."""
GREAT_ROUNDS = 3
DEARER = 0.15
"""What intervals may cost on top."""
MODELS = ("first", "last", "linear", "time_decay", "position")
COUNTED = ("often", "ends", "converts")
SQL = Path(__file__).with_name("attribution.sql")


def made(path: Path, touches: int = TOUCHES) -> Path:
    """Write shuffled rows: `touch_uid`, `person`, `occurred_at`, `channel`, `content_id`, `conversion`, `value`, and
    `net`, what refunds left of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    persons, orders = touches // PER_PERSON, round(touches * SOLD)
    code = f"floor({CHANNELS} * pow(a, 3))::INT"
    query = f"""
        WITH drawn AS (SELECT i, hash(4 * i) h, hash(4 * i + 1) / 18446744073709551616.0 a,
        hash(4 * i + 2) / 18446744073709551616.0 b, hash(4 * i + 3) % {persons} p FROM range({touches + orders}) t(i))
        SELECT printf('t%09d', i) touch_uid, printf('p%09d', p) person,
        make_timestamptz((1767225600 + b * {DAYS * 86_400})::BIGINT * 1000000) occurred_at,
        CASE WHEN i < {touches} THEN printf('channel_%02d', {code}) END channel,
        CASE WHEN i < {touches} THEN printf('v%04d', floor({CONTENTS} * pow(a, 2))::INT) END content_id,
        i >= {touches} conversion, CASE WHEN i < {touches} THEN 0 ELSE 500 + (h % 20000)::BIGINT END "value",
        CASE WHEN i < {touches} OR h % 10 = 0 THEN 0 WHEN h % 10 = 1 THEN 300 ELSE 500 + (h % 20000)::BIGINT END net
        FROM drawn ORDER BY h
    """
    with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(path.parent)}) as db:
        db.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 200000)")
    return path


def own(path: Path, limit: str, *, totals: bool = False, with_intervals: bool = False) -> dict[str, Any]:
    """Run jalon's expressions and return what they found, as `by_hand` does; `totals`: by channel and content too."""
    import ibis

    from jalon.attribution.crediting import observed
    from jalon.attribution.effects.counts import counted_steps, way
    from jalon.attribution.effects.learning import EFFECTS, Learnt
    from jalon.attribution.engines.duckdb import DuckDB
    from jalon.attribution.journeys import journeys
    from jalon.attribution.options import Options
    from jalon.attribution.reading import TOUCHES as COLUMNS

    options = Options(models=MODELS)
    with DuckDB(limit) as engine:
        raw = engine.results(path)
        fixed = {"stage": None, "sale_uid": None, "time_is_bound": False, "kind": "visit", "is_counted": True}
        touches = raw.filter(~raw.conversion).mutate(
            **{name: ibis.literal(value, COLUMNS[name]) for name, value in fixed.items()}
        )
        sold = raw.filter(raw.conversion).select(
            "person", order_uid="touch_uid", placed_at="occurred_at", net="net", booked="value"
        )
        sold = sold.mutate(is_sale=True, currency=ibis.literal("EUR"), previous_at=ibis.null("int64"))
        sales = engine.keep("sales", sold)
        found = journeys(engine, touches, sales, options)
        met = way(engine, found.steps, found.open_steps, found.codes)
        counted = counted_steps(engine, met)
        if with_intervals:
            _effects(engine, met)
        engine.drop("open_steps", "way")
        learnt = Learnt(engine.take("effects", None, EFFECTS), {})
        rows = observed(engine, found, touches, sales, learnt, options).rows
        if totals:
            _totals(engine, rows, touches.semi_join(found.steps, "touch_uid"), sales, with_intervals)
        models = {model: engine.dicts(_sums(credit))[0] for model, credit in rows.items()}
        return {"models": models, "ways": len(counted), **{name: sum(counted[name].to_pylist()) for name in COUNTED}}


def _sums(credit: Any) -> Any:
    return credit.agg(rows=credit.count(), amount=credit.amount.sum().cast("int64"), net=credit.net.sum().cast("int64"))


def _effects(engine: Any, met: Any) -> None:
    """Solve the chain, and again without each group of persons."""
    import numpy as np

    from jalon.attribution.effects import chains, jackknife, markov
    from jalon.attribution.effects.counts import counted_in_groups
    from jalon.attribution.effects.removal import removal_effects
    from jalon.attribution.groups import GROUPS

    rows = counted_in_groups(engine, met)
    columns = [rows[name].to_numpy() for name in ("before_1", "code", "often", "ends", "converts")]
    steps, channels = chains.Steps(columns[0][:, None], *columns[1:]), len(met.channels)
    effects = removal_effects(chains.chain(chains.shortened(steps, 1)), channels)
    without = markov.left_out(steps, rows["person_group"].to_numpy(), GROUPS, channels)
    assert np.isfinite(jackknife.ends(effects, np.array(list(without))).low).all()


def _totals(engine: Any, rows: dict[str, Any], touches: Any, sales: Any, with_intervals: bool) -> None:
    """Sum each model's credit up by channel and by content."""
    import ibis

    from jalon.attribution.groups import group
    from jalon.attribution.intervals import sums, with_interval

    buyer = group(sales.person) if with_intervals else ibis.literal(0)
    buyers = engine.keep("buyers", sales.select("order_uid", person_group=buyer))
    where = engine.keep("where_met", touches.select("touch_uid", "channel", "content_id"))
    summed = []
    for model, credit in rows.items():
        told = credit.join(buyers, "order_uid").join(where, "touch_uid")
        told = engine.keep("told", told.select("model", "channel", "content_id", "person_group", "net"))
        for cut in ("channel", "content_id"):
            own_rows = told.select("person_group", "net", "model", value=cut)
            keys = ["model", "value"]
            plain = own_rows.group_by(keys).agg(net=own_rows.net.sum())
            summed.append(engine.keep(f"{cut}_{model}", sums(own_rows, keys, ["net"]) if with_intervals else plain))
    whole = engine.keep("summed", ibis.union(*summed))
    if with_intervals:
        engine.keep("intervals", with_interval(whole, "net"))


def by_hand(path: Path, limit: str) -> dict[str, Any]:
    """Run the baseline."""
    with tempfile.TemporaryDirectory() as spill, duckdb.connect(config=_settings(limit, spill)) as db:
        for statement in SQL.read_text().replace("{path}", str(path)).split(";"):
            db.execute(statement)
        found = db.execute(
            "SELECT model, count(*), sum(amount)::BIGINT, sum(net)::BIGINT FROM credit GROUP BY 1"
        ).fetchall()
        models = {model.rstrip("_"): dict(zip(("rows", "amount", "net"), sums, strict=True)) for model, *sums in found}
        told = db.execute(
            "SELECT count(*), sum(often)::BIGINT, sum(ends)::BIGINT, sum(converts)::BIGINT FROM ways"
        ).fetchone()
        return {"models": models, **dict(zip(("ways", *COUNTED), told or (), strict=True))}


def _settings(limit: str, spill: str) -> dict[str, Any]:
    return {"memory_limit": limit, "temp_directory": spill}


SIDES = {
    "jalon": own,
    "totals": lambda path, limit: own(path, limit, totals=True),
    "intervals": lambda path, limit: own(path, limit, totals=True, with_intervals=True),
    "sql": by_hand,
}


def _run(side: str, path: Path, limit: str = LIMIT) -> Cost:
    """Run one side in a process of its own."""
    found = run([sys.executable, "-m", "benchmarks.attribution", side, str(path), limit], path.parent)
    assert found.status == 0, found.out
    return found


def rules(rounds: int = ROUNDS, touches: int = TOUCHES) -> Iterator[Figure]:
    """Five rules and transitions: CPU time against the baseline, since wall time depends on what else is running."""
    with tempfile.TemporaryDirectory() as folder:
        path = made(Path(folder) / "raw.parquet", touches)
        costs: dict[str, list[Cost]] = {side: [] for side in SIDES}
        for _ in range(rounds):
            for side, own_costs in costs.items():
                own_costs.append(_run(side, path))
        answers = [json.loads(own_costs[-1].out) for own_costs in costs.values()]
        assert all(answer == answers[0] for answer in answers), answers
    jalon, totals, with_intervals, sql = (median(own_costs) for own_costs in costs.values())
    ratio = jalon.cpu / sql.cpu
    yield Figure(
        f"{touches:,} touchpoints: five rules per touchpoint, transitions",
        f"{ratio:.2f} x by hand, CPU ({jalon.cpu:.1f} s / {sql.cpu:.1f} s; wall {jalon.wall:.1f} / {sql.wall:.1f})",
        f"<= {SLOWER}",
        ratio <= SLOWER,
    )
    yield Figure("its peak memory", f"{jalon.peak:.0f} MiB (by hand {sql.peak:.0f})", f"<= {PEAK}", jalon.peak <= PEAK)
    dearer = with_intervals.cpu / totals.cpu - 1
    yield Figure(
        "with sums by channel and content: intervals and those of removal effects, on top",
        f"{dearer:.0%} ({with_intervals.cpu:.1f} s / {totals.cpu:.1f} s of CPU)",
        f"<= {DEARER:.0%}",
        dearer <= DEARER,
    )


def growth(rounds: int = GREAT_ROUNDS) -> Iterator[Figure]:
    """Ten times as many touchpoints, each in the memory that it may use: whether CPU time grows in proportion.

    Beside it, how it grows where the smaller file has as much memory as the greater and need not spill to disk. Rounds
    take turns, since a machine may be slower for minutes.
    """
    with tempfile.TemporaryDirectory() as folder:
        small, great = (made(Path(folder) / f"{size}.parquet", size) for size in (TOUCHES, GREAT_TOUCHES))
        sides = ((small, LIMIT), (small, GREAT), (great, GREAT))
        costs = [[_run("jalon", *side) for side in sides] for _ in range(rounds)]
    within, beyond, greatest = (median(column) for column in zip(*costs, strict=True))
    what = f"{GREAT_TOUCHES:,} touchpoints, against ten times {TOUCHES:,}"
    ratio = _grown(within, greatest)
    yield Figure(
        what, f"{ratio:.2f} x ({greatest.cpu:.0f} s / {within.cpu:.0f} s of CPU)", f"<= {GROWTH}", ratio <= GROWTH
    )
    unspilled = f"{_grown(beyond, greatest):.2f} x ({greatest.cpu:.0f} s / {beyond.cpu:.0f} s of CPU)"
    yield Figure(f"the same, {GREAT} for both: only the greater one spills", unspilled, "stated", True)
    yield Figure("its peak memory", f"{greatest.peak:.0f} MiB", f"<= {GREAT_PEAK}", greatest.peak <= GREAT_PEAK)


def _grown(small: Cost, great: Cost) -> float:
    return great.cpu / small.cpu / (GREAT_TOUCHES / TOUCHES)


if __name__ == "__main__":
    _, side_, path_, limit_ = sys.argv
    print(json.dumps(SIDES[side_](Path(path_), limit_), sort_keys=True))
