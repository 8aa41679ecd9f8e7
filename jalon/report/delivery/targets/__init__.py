"""The destinations: one module per kind, imported when it is delivered to."""

from __future__ import annotations

from jalon.report.delivery.settings import Delivery, FileDatabase, Files, Postgres, Warehouse
from jalon.report.delivery.targets.base import Target


def target(settings: Delivery) -> Target:
    """Return the destination that the settings name. Raises `ConfigError` where what it needs is not installed."""
    match settings:
        case Postgres():
            from jalon.report.delivery.targets.postgres import PostgresTarget

            return PostgresTarget(settings)
        case Warehouse():
            from jalon.report.delivery.targets.warehouse import WarehouseTarget

            return WarehouseTarget(settings)
        case Files(url=str()):
            from jalon.report.delivery.targets.objects import Objects

            return Objects(settings)
        case Files():
            from jalon.report.delivery.targets.folder import Folder

            return Folder(settings)
        case FileDatabase(to="duckdb"):
            from jalon.report.delivery.targets.duckdb import DuckDBFile

            return DuckDBFile(settings.file)
        case FileDatabase():
            from jalon.report.delivery.targets.sqlite import SQLiteFile

            return SQLiteFile(settings.file)
    raise TypeError(settings)
