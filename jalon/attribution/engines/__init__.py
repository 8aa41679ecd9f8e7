"""The engines: name -> how one is opened. What they must do is said in `jalon.attribution.engine`."""

from __future__ import annotations

from collections.abc import Callable

from jalon.attribution.engine import Engine
from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.options import Options


def opened(options: Options) -> Engine:
    """Open the engine that the options name. Raises `ConfigError` if it cannot be had."""
    return ENGINES[options.engine](options)


def _duckdb(options: Options) -> Engine:
    return DuckDB(options.memory_limit, options.threads, options.temp_folder)


def _spark(options: Options) -> Engine:
    from jalon.attribution.engines.spark import Spark

    return Spark(options)


ENGINES: dict[str, Callable[[Options], Engine]] = {"duckdb": _duckdb, "spark": _spark}
