"""What `[deliver.NAME]` may say, by kind of destination. Loads nothing that only a delivery needs."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from jalon.report.delivery.warehouses import WAREHOUSES

CREDENTIALS = ("key", "secret", "token", "password", "credential", "connection_string")
"""What names of settings that are secret have in them."""

SETTLED = frozenset(("dataset_name", "default_schema_name", "replace_strategy"))
"""Settings of a warehouse on which the promises of a delivery rest."""


class Delivery(BaseModel):
    """What every delivery has."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    to: str
    """What the tables become: parquet, csv, jsonl, sqlite, duckdb, postgres or warehouse."""
    tables: tuple[str, ...] = ()
    """Tables to deliver, as docs/tables.md names them; empty: all."""
    after: Literal["report"] | None = None
    """report: `jalon report` delivers too, at its end."""


class Files(Delivery):
    """One file per table."""

    folder: Path | None = None
    """Folder for the files; or else `url`."""
    url: str | None = None
    """Place in object storage, as s3://bucket/marts, gs://..., abfs://...; needs `jalon[deliver]` and the store's own
    package."""
    storage: dict[str, Any] = Field(default_factory=dict)
    """What the store's package is told, by its own names: { endpoint_url = "..." }. Credentials come from where that
    package looks for them, such as AWS_ACCESS_KEY_ID."""

    @field_validator("storage")
    @classmethod
    def _without_credentials(cls, storage: dict[str, Any]) -> dict[str, Any]:
        return _harmless(storage, "put them where the store's package looks for them")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.folder is None) == (self.url is None):
            raise ValueError("name a folder or a url: one of them")
        return self

    @field_validator("url")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        if url is not None and "://" not in url:
            raise ValueError("an address such as s3://bucket/marts is needed; a folder of this machine is `folder`")
        return url if url is None else _without_password(url)


class Csv(Files):
    """One CSV file per table."""

    delimiter: Literal[",", ";", "\t", "|"] = ","
    """What stands between columns; Excel in French expects `;`."""
    bom: bool = False
    """Begin with a byte order mark, by which Excel knows that the text is UTF-8."""
    decimal: Literal[".", ","] = "."
    """Decimal mark of amounts; Excel in French expects `,`."""


class FileDatabase(Delivery):
    """All tables in one file."""

    file: Path
    """The database file."""


class Postgres(Delivery):
    """All tables in one schema of a PostgreSQL database."""

    url: str
    """postgresql://user@host:5432/database, without password."""
    password: SecretStr | None = None
    """Password of the user; without it, PostgreSQL's own ways hold (PGPASSWORD, ~/.pgpass, peer)."""
    into: str = Field(default="jalon", min_length=1, max_length=63)
    """Schema that the tables stand in; made if there is none."""

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        if not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("an address such as postgresql://user@host/database is needed")
        return _without_password(url)


class Warehouse(Delivery):
    """All tables in one dataset of a data warehouse, by dlt; needs `jalon[warehouse]` and dlt's extra of its name."""

    destination: str
    """Which one, by dlt's name: bigquery, clickhouse, databricks, duckdb, motherduck, mssql, postgres, redshift,
    snowflake, sqlalchemy (MySQL, MariaDB and others) or synapse."""
    into: str = Field(default="jalon", max_length=48, pattern="^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
    """Dataset (schema, database) that the tables stand in; made if there is none, and one with `_staging` to its name
    beside it."""
    credentials: SecretStr | None = None
    """An address with user and password, or the JSON of a service account; without it, they come from where dlt looks
    for them, such as DESTINATION__BIGQUERY__CREDENTIALS."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """What the destination is told, by dlt's own names: { location = "EU" }."""

    @field_validator("destination")
    @classmethod
    def _reached(cls, name: str) -> str:
        if name not in WAREHOUSES:
            near = get_close_matches(name, WAREHOUSES, n=1) or [", ".join(WAREHOUSES)]
            raise ValueError(f"no warehouse is called {name!r}; there is {near[0]}")
        return name

    @field_validator("settings")
    @classmethod
    def _without_credentials(cls, settings: dict[str, Any]) -> dict[str, Any]:
        for key in SETTLED.intersection(settings):
            raise ValueError(f"{key} is settled by jalon")
        return _harmless(settings, "name them as `credentials`, or put them where dlt looks for them")

    @model_validator(mode="after")
    def _address(self) -> Self:
        told = self.credentials.get_secret_value() if self.credentials and self.destination == "sqlalchemy" else "://"
        if "://" not in told:
            raise ValueError("credentials are to be an address such as mysql+pymysql://user:password@host")
        return self


def _harmless(settings: dict[str, Any], where: str) -> dict[str, Any]:
    """Return settings without credentials."""
    if any(word in key for key in _keys(settings) for word in CREDENTIALS):
        raise ValueError(f"credentials must not stand in the file: {where}")
    return settings


def _keys(settings: dict[str, Any]) -> Iterator[str]:
    """Yield the names of settings, also of those within others."""
    for name, value in settings.items():
        yield name.lower()
        if isinstance(value, dict):
            yield from _keys(value)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is not None or any("password" in key.lower() for key, _ in parse_qsl(parts.query)):
        raise ValueError("a password must not stand in the address")
    return url


KINDS: dict[str, type[Delivery]] = {
    "parquet": Files,
    "csv": Csv,
    "jsonl": Files,
    "sqlite": FileDatabase,
    "duckdb": FileDatabase,
    "postgres": Postgres,
    "warehouse": Warehouse,
}
"""`to` -> what else such a delivery may say."""
