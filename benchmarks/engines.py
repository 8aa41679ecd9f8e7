"""One run of attribution over the same facts by both engines: seconds, memory, and whether every row is the same.

Spark runs in this machine's cores alone, so the figures tell what moving to it costs, not what a cluster gains.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

from benchmarks.measure import run
from benchmarks.sync import Figure

TOUCHES, PER_PERSON, SOLD, DAYS, CHANNELS = 1_000_000, 5, 0.03, 120, 12
GREAT_TOUCHES = 10_000_000
MASTER = "local[2]"
TYPES = {"int64": "BIGINT", "string": "VARCHAR", "boolean": "BOOLEAN", "date": "DATE", "array<string>": "VARCHAR[]"}

_DAY = f"DATE '2026-01-01' + floor(b * {DAYS})::INT"
_AT = f"make_timestamptz((1767225600 + b * {DAYS * 86_400})::BIGINT * 1000000)"
_PRICE = "500 + (h % 20000)::BIGINT"
COMMON = {
    "source": "'shop'", "version": "0", "observed_at": _AT, "inbox_id": "i", "platform": "'webshop'",
    "person": "printf(CASE WHEN h % 4 = 0 THEN 'c%09d' ELSE 'p%09d' END, p)",
    "selling_mode": "'communication'", "removed": "false",
}  # fmt: skip
FACTS = {
    "touchpoints": {
        **COMMON,
        "key": "printf('t%09d', i)", "occurred_at": _AT, "occurred_date": _DAY, "time_is_bound": "false",
        "kind": "CASE WHEN h % 3 = 0 THEN 'tag_click' ELSE 'visit' END", "evidence": "'utm'",
        "channel": f"printf('channel_%02d', floor({CHANNELS} * pow(a, 3))::INT)",
        "content_id": "printf('v%03d', h % 500)",
    },
    "orders": {
        **COMMON,
        "key": "printf('o%09d', i)", "order_id": "printf('o%09d', i)", "placed_at": _AT, "placed_date": _DAY,
        "paid_at": _AT,
        "status": "'paid'", "native_status": "'PAID'", "kind": "'sale'", "currency": "'EUR'",
        "gross": _PRICE, "goods": _PRICE, "total": _PRICE,
        "discount": "0", "shipping": "0", "tax": "0", "channel": "'site'", "external_ids": "[]", "journey": "'none'",
    },
    "identities": {
        **COMMON,
        "key": "printf('%d', i)", "left": "printf('c%09d', p)", "right": "printf('p%09d', p)", "evidence": "'login'",
    },
}  # fmt: skip
"""Kind of fact -> column -> SQL over a row number and what is drawn for it; other columns are null."""


def first_of(kind: str) -> int:
    """Return the number of the first row of a kind: rows of no two kinds have one."""
    return len(kind) * 100_000_000_000


def made(folder: Path, touches: int = TOUCHES, sold: float = SOLD) -> Path:
    """Write the facts, shuffled; `sold`: orders per touchpoint."""
    persons = touches // PER_PERSON
    write(folder, FACTS, {"touchpoints": touches, "orders": round(touches * sold), "identities": persons}, persons)
    return folder


def write(folder: Path, facts: Mapping[str, Mapping[str, str]], sizes: Mapping[str, int], persons: int) -> None:
    """Write so many rows of each kind of facts."""
    from jalon.attribution.engine import columns_of, instants_of

    for kind, told in facts.items():
        types = {name: TYPES[type_] for name, type_ in columns_of(kind).items()}
        types |= dict.fromkeys(instants_of(kind), "TIMESTAMPTZ")
        columns = ", ".join(f'CAST({told.get(name, "NULL")} AS {type_}) AS "{name}"' for name, type_ in types.items())
        drawn = f"""SELECT i, (hash(4 * i) >> 1)::BIGINT h, hash(4 * i + 1) / 18446744073709551616.0 a,
            hash(4 * i + 2) / 18446744073709551616.0 b, hash(4 * i + 3) % {persons} p
            FROM range({first_of(kind)}, {first_of(kind) + sizes[kind]}) t(i)"""
        (folder / kind).mkdir(parents=True)
        with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(folder)}) as db:
            db.execute(f"COPY (SELECT {columns} FROM ({drawn}) ORDER BY h) TO '{folder / kind / '00000000.parquet'}'")


def speed() -> Iterator[Figure]:
    """Attribute a million touchpoints by both engines."""
    yield from _compared(TOUCHES)


def great() -> Iterator[Figure]:
    """Attribute ten million touchpoints by both engines; takes half an hour and 20 GB of disk."""
    yield from _compared(GREAT_TOUCHES)


def _compared(touches: int) -> Iterator[Figure]:
    """Attribute by both engines, each in a process of its own, one run each, and compare all tables."""
    with tempfile.TemporaryDirectory() as name:
        facts = made(Path(name) / "facts", touches)
        for engine in ("duckdb", "spark"):
            command = [sys.executable, "-m", "benchmarks.engines", engine, str(facts), str(Path(name) / engine)]
            cost = run(command, Path(name))
            assert cost.status == 0, cost
            told = json.loads(cost.out)
            memory = f"{max(cost.peak, told['java']):,.0f} MiB"
            what = f"attribution of {touches:,} touchpoints, {engine}"
            yield Figure(what, f"{told['seconds']:.0f} s, start {told['start']:.0f} s, {memory}", "stated", True)
        apart = differing(Path(name) / "duckdb", Path(name) / "spark")
        rows = sum(json.loads((Path(name) / "spark" / "run.json").read_text())["rows"].values())
        yield Figure("rows that differ", f"{apart:,} of {rows:,}", "0", apart == 0)


def differing(one: Path, other: Path) -> int:
    """Return how many rows of all tables only one of the runs has."""
    apart = 0
    with duckdb.connect() as db:
        for left in sorted(one.glob("*.parquet")):
            a, b = f"SELECT * FROM '{left}'", f"SELECT * FROM '{other / left.name}'"
            for pair in ((a, b), (b, a)):
                (found,) = db.execute(f"SELECT count(*) FROM ({pair[0]} EXCEPT ALL {pair[1]})").fetchall()
                apart += found[0]
    return apart


def main(engine: str, facts: str, out: str) -> None:
    """Run once and say how long it took, Spark's start apart, and the most memory that its Java had."""
    import time

    from jalon.attribution.engines import opened
    from jalon.attribution.options import Options
    from jalon.attribution.run import attribute

    settings = {"driver.memory": "4g", "sql.shuffle.partitions": 8}
    options = Options(engine=engine, spark_master=MASTER, spark=settings)  # type: ignore[arg-type]
    began = time.perf_counter()
    with opened(options):
        ready = time.perf_counter()
        # a second run in the program uses the Spark that the first one started
        attribute(Path(facts), Path(out), options)
        seconds = time.perf_counter() - ready
        java = _java_peak() if engine == "spark" else 0
    print(json.dumps({"start": ready - began, "seconds": seconds, "java": java}))


def _java_peak() -> float:
    from pyspark import SparkContext

    status = Path(f"/proc/{SparkContext._gateway.proc.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
