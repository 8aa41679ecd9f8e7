"""PostgreSQL: one transaction per delivery. Tables are merged by their key, so views on them and grants stay."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jalon.errors import AuthError, ConfigError, JalonError, LockedError
from jalon.report.delivery.engine import copy, reading
from jalon.report.delivery.ledger import NAME, Ledger, read, written
from jalon.report.delivery.parcels import Parcel
from jalon.report.delivery.settings import Postgres
from jalon.report.delivery.targets.base import Load, Target

try:
    import psycopg
    from psycopg.sql import SQL, Composable, Identifier
except ImportError as error:
    raise ConfigError("PostgreSQL needs psycopg", "Run `pip install 'jalon[postgres]'`.") from error

from jalon.report.delivery.targets import postgres_sql as say

CHUNK = 1 << 20
FORMS = {"text": "replace({}, chr(0), chr(65533))"}
"""PostgreSQL holds no NUL."""
HOW = "FORMAT csv, HEADER false, FORCE_QUOTE *"
"""An empty text is quoted; what is empty and not quoted is null."""
SECONDS_TO_CONNECT = 10


class PostgresTarget(Target):
    def __init__(self, settings: Postgres) -> None:
        self._settings = settings
        self._schema = settings.into
        self._ledger = Identifier(settings.into, NAME)

    def __enter__(self) -> Self:
        secret = self._settings.password
        told: dict[str, Any] = {} if secret is None else {"password": secret.get_secret_value()}
        with self._translated():
            self._db: psycopg.Connection[Any] = psycopg.connect(
                self._settings.url,
                connect_timeout=SECONDS_TO_CONNECT,
                application_name="jalon",
                client_encoding="utf8",
                **told,
            )
        return self

    def held(self) -> Ledger:
        with self._translated():
            if not self._rows("SELECT to_regclass(%s) IS NOT NULL", self._ledger.as_string())[0][0]:
                return {}
            tables = self._rows("SELECT tablename FROM pg_tables WHERE schemaname = %s", self._schema)
            there = {name for (name,) in tables}
            told = self._rows(SQL("SELECT table_name, entry FROM {}").format(self._ledger))
            return {name: read(entry) for name, entry in told if name in there}

    def put(self, load: Load) -> None:
        self._alone()
        with self._translated():
            held = self.held()
            old = {name: entry for name, entry in held.items() if name not in load.rebuilt and name not in load.gone}
            self._remove([*load.rebuilt, *load.gone])
            self._shape(load, old)
            for parcel in load.changed:
                self._fill(parcel, load, merged=parcel.mart.name in old)
            self._db.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else no key can be added to what has just changed
            self._relate(load)
            self._note(load)

    def _alone(self) -> None:
        """Keep other deliveries to this schema out until the end of the transaction."""
        with self._translated():
            name = f"jalon deliver {self._schema}"
            ((got,),) = self._rows("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", name)
        if not got:
            raise LockedError(f"another delivery to the schema {self._schema} is under way", "Run it again later.")

    def _remove(self, tables: list[str]) -> None:
        for table, key in (
            self._rows(say.KEYS_TO, Identifier(self._schema).as_string(), say.KEY, tables) if tables else ()
        ):
            self._db.execute(say.drop_constraint(self._schema, table, key))
        for name in tables:
            self._db.execute(SQL("DROP TABLE IF EXISTS {}").format(self._table(name)))

    def _shape(self, load: Load, old: Ledger) -> None:
        """Make what is missing: schema, tables, columns; and say what they mean."""
        self._db.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(self._schema)))
        for parcel in load.changed:
            name = parcel.mart.name
            if name not in old:
                self._db.execute(say.create(self._table(name), parcel))
            else:
                for statement in say.add_columns(self._table(name), parcel, old[name].columns):
                    self._db.execute(statement)
            for statement in say.comments(self._schema, parcel.mart):
                self._db.execute(statement)

    def _fill(self, parcel: Parcel, load: Load, *, merged: bool) -> None:
        table = self._table(parcel.mart.name)
        if not merged:
            self._send(parcel, table, load)
            self._db.execute(say.add_key(table, parcel.mart))
            return
        for statement in say.stage(table, parcel.mart):
            self._db.execute(statement)
        self._send(parcel, say.STAGE, load)
        for statement in say.merge(table, parcel.mart):
            self._db.execute(statement)

    def _send(self, parcel: Parcel, into: Identifier, load: Load) -> None:
        """Write the rows into an empty table."""
        with tempfile.TemporaryDirectory(prefix="jalon-") as folder:
            path = Path(folder) / "rows.csv"
            with reading() as marts:
                copy(marts, parcel, FORMS, path, HOW)
            size, sent = path.stat().st_size, 0
            with self._db.cursor().copy(say.take_in(into, parcel.mart)) as sink, path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    sink.write(chunk)
                    sent += len(chunk)
                    load.progress(parcel.mart.name, parcel.entry.rows * sent // size)

    def _relate(self, load: Load) -> None:
        """Declare the foreign keys that are wanted, and take back those of ours that no longer are."""
        there = set(load.ledger)
        wanted = {
            (each.mart.name, key): ends
            for each in load.parcels
            for key, ends in say.foreign_keys(each.mart, there).items()
        }
        declared = set(self._rows(say.KEYS, Identifier(self._schema).as_string(), say.KEY))
        for table, key in sorted(declared - set(wanted)):
            self._db.execute(say.drop_constraint(self._schema, table, key))
        for table, key in sorted(set(wanted) - declared):
            self._db.execute(say.add_foreign_key(self._schema, table, key, *wanted[table, key]))

    def _note(self, load: Load) -> None:
        columns = "table_name text PRIMARY KEY, entry text NOT NULL, delivered_at timestamptz NOT NULL"
        self._db.execute(SQL("CREATE TABLE IF NOT EXISTS {} ({})").format(self._ledger, SQL(columns)))
        changed = {parcel.mart.name: parcel.entry for parcel in load.changed}
        noted = [*load.gone, *changed]
        self._db.execute(SQL("DELETE FROM {} WHERE table_name = ANY(%s)").format(self._ledger), [noted])
        rows = [(name, written(entry), load.at) for name, entry in changed.items()]
        self._db.cursor().executemany(SQL("INSERT INTO {} VALUES (%s, %s, %s)").format(self._ledger), rows)

    def _table(self, name: str) -> Identifier:
        return Identifier(self._schema, name)

    def _rows(self, query: Any, *values: Any) -> list[tuple[Any, ...]]:
        text = query.as_string(self._db) if isinstance(query, Composable) else query
        return self._db.execute(text, values).fetchall()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._translated():
            try:
                if error is None:
                    self._db.commit()
            finally:
                self._db.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the server's errors into ones that say what to do; never with what the address or a row holds."""
        try:
            yield
        except psycopg.errors.DependentObjectsStillExist as error:
            what = f"{error.diag.message_primary}: {error.diag.message_detail}"
            raise JalonError(what, "Drop what depends on the table, deliver, and make it again.") from error
        except psycopg.errors.InsufficientPrivilege as error:
            remedy = (
                f"Grant it: GRANT CREATE ON DATABASE, or make the schema {self._schema} with this user as its owner."
            )
            raise AuthError(f"PostgreSQL: {error.diag.message_primary}", remedy) from error
        except psycopg.OperationalError as error:
            raise _unreached(error) from error
        except psycopg.Error as error:
            said = error.diag.message_primary or type(error).__name__
            raise JalonError(f"PostgreSQL: {said}", "Nothing was changed; run `jalon deliver` again.") from error


def _unreached(error: psycopg.OperationalError) -> JalonError:
    said = error.diag.message_primary or str(error).strip().splitlines()[-1]
    if "authentication" in said or "no password" in said:
        return AuthError(f"PostgreSQL refuses the user: {said}", "Check user and password of the delivery.")
    return JalonError(f"PostgreSQL: {said}", "Check that the server is up and the address right, then run it again.")
