"""Starting Spark: its settings, and what to do about it when it cannot be had."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jalon.attribution.engines.faults import is_java, said
from jalon.attribution.options import Options
from jalon.errors import ConfigError

JAVA = "Install Java 17 or 21 (Debian: openjdk-17-jre-headless), or name one in JAVA_HOME."
WAIT = 120
"""Seconds within which a cluster must give a worker."""
ALWAYS = {"sql.session.timeZone": "UTC", "sql.ansi.enabled": "true", "sql.caseSensitive": "true"}
"""Settings that the expressions rely on: no zone, no sum that overflows unseen, no name taken for another."""


def started(options: Options, scratch: Path) -> tuple[Any, Callable[[], None]]:
    """Return a session of Spark, and what ends it.

    Where the program has Spark running already, it is used as it is, in a session apart. Raises `ConfigError` if Spark
    or Java is missing, if no cluster answers, or if it has no worker to give.
    """
    try:
        from pyspark import SparkContext
        from pyspark.sql import SparkSession
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the engine spark is not installed: there is no {error.name}", "Install it: `pip install 'jalon[spark]'`."
        ) from error
    running = SparkContext._active_spark_context
    context = running or _context(options, scratch)
    if not str(context.master).startswith("local") and options.temp_folder is None:
        raise ConfigError(
            "the machines of a cluster share no folder for what is kept during a run",
            "Give temp_folder: a folder that all of them see under one path.",
        )
    session = SparkSession(context).newSession()
    for name, value in ALWAYS.items():
        session.conf.set(f"spark.{name}", value)
    stop = (lambda: None) if running else context.stop
    _need_workers(session, stop)
    return session, stop


def _context(options: Options, scratch: Path) -> Any:
    """Start Spark; what its Java writes goes into a log beside its files, and not between the words of a command."""
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway

    _need_java()
    _need_master(options.spark_master)
    conf = SparkConf().setAll([(f"spark.{name}", _text(value)) for name, value in _settings(options, scratch).items()])
    log = scratch / "spark.log"
    try:
        with log.open("wb") as out, _keeping_handlers():
            # A process has one Java for Spark: it stays when a run ends, and the next run starts in it.
            launch: Callable[..., Any] = launch_gateway
            gateway = SparkContext._gateway or launch(conf, {"stdout": out, "stderr": out})
            return SparkContext(conf=conf, gateway=gateway)
    except PySparkRuntimeError as error:
        raise ConfigError(f"Java did not start for Spark: {_last_line(log)}", JAVA) from error
    except Exception as error:
        if not is_java(error):
            raise
        raise ConfigError(
            f"Spark did not start: {said(error)}", "Correct spark_master, or the settings of Spark."
        ) from error


def _settings(options: Options, scratch: Path) -> dict[str, Any]:
    """Return Spark's settings by name without the leading `spark.`; those of the options stand above ours."""
    local = {
        "driver.bindAddress": "127.0.0.1",
        "driver.host": "127.0.0.1",
        "driver.memory": "2g",
        "local.dir": scratch / "shuffled",
    }
    return {
        "app.name": "jalon",
        "master": options.spark_master,
        "ui.enabled": False,
        "ui.showConsoleProgress": False,
        "log.level": "ERROR",
        "sql.warehouse.dir": scratch / "warehouse",
        **(local if options.spark_master.startswith("local") else {}),
        **dict(_flat(options.spark)),
    }


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield settings by whole name: in TOML `driver.memory = "4g"` is a table `driver` with a key `memory`."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        elif isinstance(value, (str, int, float)):
            yield f"{above}{name}".removeprefix("spark."), value
        else:
            raise ConfigError(
                f"the setting {above}{name} of Spark is {value!r}", "Give a text, a number, true or false."
            )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _need_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if not (Path(home, "bin", "java").exists() if home else shutil.which("java")):
        raise ConfigError("the engine spark needs Java, and there is none", JAVA)


def _need_master(address: str) -> None:
    """Say at once that a master does not answer: Spark itself takes a minute to."""
    if not address.startswith("spark://"):
        return
    parts = urlsplit(address.partition(",")[0])
    try:
        socket.create_connection((parts.hostname or "", parts.port or 7077), timeout=10).close()
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no Spark master answers at {address}: {error}", "Start it, or correct spark_master."
        ) from error


def _need_workers(session: Any, stop: Callable[[], None]) -> None:
    """Run the smallest of jobs: without a worker it would wait for ever."""
    timer = threading.Timer(WAIT, session.sparkContext.cancelAllJobs)
    timer.start()
    try:
        session.range(1).count()
    except Exception as error:
        stop()
        if not is_java(error):
            raise
        raise ConfigError(
            f"Spark gave no worker in {WAIT} seconds: {said(error)}",
            "Start workers, or ask for less (`executor.memory`, `cores.max`) in the settings of Spark.",
        ) from error
    finally:
        timer.cancel()


@contextmanager
def _keeping_handlers() -> Iterator[None]:
    """Let an interrupt mean what it meant before: Spark takes the signal for itself."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
