"""Warehouses by dlt: dlt brings each table's rows there and in place; what is there, and what may change, is ours.

Whatever is read or refused here comes before anything is written there, and the ledger tells of each table that it
is being written before it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Any, Self

from jalon.errors import ConfigError, JalonError
from jalon.report.delivery.ledger import NAME, Ledger
from jalon.report.delivery.settings import Warehouse
from jalon.report.delivery.targets.base import Load, Target

try:
    import dlt
    from dlt.common.schema import Schema
    from dlt.destinations.exceptions import DatabaseUndefinedRelation
except ImportError as error:
    remedy = "Run `pip install 'jalon[warehouse]'`, and with it what dlt needs for yours, such as 'dlt[bigquery]'."
    raise ConfigError("a warehouse needs dlt", remedy) from error

from jalon.report.delivery.targets.warehouse.errors import translated
from jalon.report.delivery.targets.warehouse.ledger import TABLE, UNFINISHED, note, noted
from jalon.report.delivery.targets.warehouse.pipelines import pipeline
from jalon.report.delivery.targets.warehouse.tables import resource
from jalon.report.delivery.warehouses import FORMATS


class WarehouseTarget(Target):
    def __init__(self, settings: Warehouse) -> None:
        self._settings = settings

    def __enter__(self) -> Self:
        with translated(self._settings), ExitStack() as opened:
            self._pipeline: dlt.Pipeline = opened.enter_context(pipeline(self._settings))
            self._opened = opened.pop_all()
        return self

    def held(self) -> Ledger:
        with self._client() as client:
            ledger = noted(client).ledger
            there = _there(client, ledger)
            return {name: entry for name, entry in ledger.items() if name in there}

    def put(self, load: Load) -> None:
        if load.changed:
            self._read(load)
        number = self._prepare(load)
        if load.changed:
            self._load(load)
        with self._client() as client:
            note(client, load.ledger, number, load.at)
            _sweep(client, load)

    def _read(self, load: Load) -> None:
        """Bring the rows into the folder of dlt, in the form that the destination takes."""
        with translated(self._settings):
            schema = Schema(self._pipeline.pipeline_name)
            schema.update_table(TABLE)
            rows = [resource(parcel, load.progress) for parcel in load.changed]
            self._pipeline.extract(rows, schema=schema, loader_file_format=FORMATS.get(self._settings.destination))
            self._pipeline.normalize()

    def _prepare(self, load: Load) -> int:
        """Note what is about to be written, and remove what is to be made anew; return the number of the note."""
        with self._client() as client:
            held, number = noted(client)
            _refuse_others(client, [parcel.mart.name for parcel in load.changed if parcel.mart.name not in held])
            if any(entry.fingerprint == UNFINISHED for entry in held.values()):
                _sweep(client, load)
            if load.changed:
                _make_ledger(client)
            unfinished = {
                parcel.mart.name: held.get(parcel.mart.name, parcel.entry)._replace(fingerprint=UNFINISHED)
                for parcel in load.changed
            }
            number = note(client, {**held, **unfinished}, number, load.at)
            client.sql_client.drop_tables(*load.rebuilt, *load.gone)
            _forget(client)
            return number

    def _load(self, load: Load) -> None:
        try:
            with translated(self._settings):
                self._pipeline.load()
        except BaseException:
            with suppress(JalonError), self._client() as client:  # what went wrong first is what is told
                _sweep(client, load)
            raise

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with translated(self._settings), self._pipeline.destination_client() as client:
            yield client

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()


def _there(client: Any, names: Iterable[str]) -> set[str]:
    return {name for name, columns in client.get_storage_tables(list(names)) if columns}


def _refuse_others(client: Any, names: list[str]) -> None:
    """Raise where a table has the name of a mart and the ledger does not tell it."""
    for name in sorted(_there(client, names)):
        said = f"the table {client.sql_client.make_qualified_table_name(name)} already exists and is none of ours"
        raise JalonError(said, "Drop or rename it, or name another dataset (`into`).")


def _make_ledger(client: Any) -> None:
    """Make the dataset, the ledger and dlt's own tables where they are not."""
    client.initialize_storage()
    schema = client.schema
    client.update_stored_schema(only_tables=[NAME, schema.version_table_name, schema.loads_table_name], force=True)


def _sweep(client: Any, load: Load) -> None:
    """Remove the rows that dlt loads beside the tables: they would outlive what is erased, in a shape of then."""
    with client.with_staging_dataset():
        if client.sql_client.has_dataset():
            client.sql_client.drop_tables(*load.ledger, *load.gone)
            _forget(client)


def _forget(client: Any) -> None:
    """Delete dlt's notes of us: by them it would take tables for there that are not, and they grow by each delivery."""
    sql, schema = client.sql_client, client.schema
    for table in (schema.version_table_name, schema.loads_table_name):
        with suppress(DatabaseUndefinedRelation):
            where = f"{sql.escape_column_name('schema_name')} = %s"
            sql.execute_sql(f"DELETE FROM {sql.make_qualified_table_name(table)} WHERE {where}", schema.name)  # noqa: S608 # dlt quotes them
