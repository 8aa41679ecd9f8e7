"""The command on a cluster: a master and two workers on the loopback, over a played brand's store."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attribution.spark_here import SMALL, assert_same_tables, needs_spark
from tests.truth.stage import staged

pytestmark = needs_spark

LONG = 120
"""Seconds for what takes a few where nothing else runs."""


@pytest.fixture
def master(tmp_path: Path) -> Iterator[str]:
    """Start a cluster out of pyspark's own files, on free ports; yield its address, and end what was started."""
    with contextlib.ExitStack() as running:
        address = _started(running, tmp_path / "master.log", "master.Master")
        for number in (1, 2):
            work = ("--cores", "1", "--memory", "1g", "--work-dir", str(tmp_path / f"work-{number}"), address)
            _started(running, tmp_path / f"worker-{number}.log", "worker.Worker", *work)
        yield address


def _started(running: contextlib.ExitStack, log: Path, what: str, *words: str) -> str:
    """Start a part of the cluster and return the address of the master that it belongs to."""
    import pyspark

    home = Path(pyspark.__file__).parent
    where = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{what}", *where, *words]
    environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
    running.callback(process.wait, 30)
    running.callback(process.terminate)
    until = time.monotonic() + LONG
    while time.monotonic() < until:
        said = log.read_text(errors="replace")
        if found := re.search(r"(?:Starting Spark|registered with) master (?:at )?(spark://[\w.:-]+)", said):
            return found[1]
        assert process.poll() is None, said
        time.sleep(0.1)
    raise AssertionError(f"{what} did not start: {log.read_text(errors='replace')}")


@pytest.mark.long
async def test_a_cluster_writes_the_same_rows(tmp_path: Path, master: str) -> None:
    shop = tmp_path / "shop"
    async with staged(shop, {}) as stage:
        await stage.sync()
        stage.derive()
    settings = "\n".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in SMALL.items())
    with (shop / "jalon.toml").open("a") as config:
        config.write(f'\n[attribution]\nmodels = ["time_decay", "markov"]\nspark_master = "{master}"\n')
        config.write(f'[attribution.spark]\n{settings}\nexecutor.memory = "512m"\n')
    written = shop / "data" / "attribution"
    assert _attributed(shop, "duckdb")["rows"]["credit"] > 0
    shutil.copytree(written, tmp_path / "by-duckdb")
    assert _attributed(shop, "spark")["rows"]["credit"] > 0
    assert_same_tables(tmp_path / "by-duckdb", written)
    cards = [json.loads((folder / "run.json").read_text()) for folder in (tmp_path / "by-duckdb", written)]
    assert [card.pop("engine") for card in cards] == ["duckdb", "spark"]
    assert cards[0] == cards[1]
    assert not [path for path in (shop / "data" / "tmp").rglob("*") if path.is_file()]
    apps = [path for number in (1, 2) for path in (tmp_path / f"work-{number}").glob("app-*/*")]
    assert apps, "no worker had anything to do"


def _attributed(shop: Path, engine: str) -> dict[str, dict[str, int]]:
    """Run the command and return what it says; it says nothing beside."""
    command = [str(Path(sys.executable).parent / "jalon"), "attribute", "--engine", engine, "--json"]
    done = subprocess.run(command, cwd=shop, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    told: dict[str, dict[str, int]] = json.loads(done.stdout)
    return told
