"""Where deliveries lead to: no two to one place, whose ledger and tables they would undo, and none into the store."""

from __future__ import annotations

import json
import os
from collections.abc import Hashable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from jalon.report.delivery.settings import Delivery, FileDatabase, Files, Postgres, Warehouse

POSTGRES_PORT = 5432


class Misplaced(ValueError):
    """A delivery leads to where it must not: which, by which key, what is said of it, and the remedy."""

    def __init__(self, name: str, key: str, what: str, remedy: str) -> None:
        super().__init__(what)
        self.name, self.key, self.what, self.remedy = name, key, what, remedy


def check(deliveries: Mapping[str, Delivery], store: Path) -> None:
    """Raise `Misplaced` for the first delivery that leads into the store, or to where another one leads."""
    taken: dict[Hashable, str] = {}
    for name, settings in deliveries.items():
        key, place = _place(settings)
        if isinstance(place, Path) and place.is_relative_to(_resolved(store)):
            what = f"leads into the store ([jalon] store), {store}"
            raise Misplaced(name, key, what, "Name a place outside that folder.")
        if (other := taken.setdefault(place, name)) != name:
            what = f"leads to the same place as [deliver.{other}], and each would undo what the other delivers"
            raise Misplaced(name, key, what, "Give each a place of its own, or name all tables in one.")


def _place(settings: Delivery) -> tuple[str, Hashable]:
    """Return the key that says where a delivery leads to, and what is equal for equal places."""
    match settings:
        case Files(folder=Path() as folder):
            return "folder", _resolved(folder)
        case Files(url=str() as url):
            return "url", _object_store(url, json.dumps(settings.storage, sort_keys=True, default=str))
        case FileDatabase(file=file):
            return "file", _resolved(file)
        case Postgres():
            return "url", _database(settings)
        case Warehouse():
            secret = settings.credentials.get_secret_value() if settings.credentials else ""
            told = json.dumps(settings.settings, sort_keys=True, default=str)
            return "destination", (settings.destination, settings.into, secret, told)
    raise TypeError(settings)


def _resolved(path: Path) -> Path:
    """Return a path without links and dots; unlike `Path.resolve`, whatever stands there."""
    return Path(os.path.realpath(path))


def _object_store(url: str, storage: str) -> Hashable:
    parts = urlsplit(url)
    if parts.scheme in ("file", "local"):
        return _resolved(Path(parts.netloc + parts.path))
    return url.rstrip("/"), storage


def _database(settings: Postgres) -> Hashable:
    """Return what names a schema; where no database is named, it is the one of the user's name."""
    parts = urlsplit(settings.url)
    database = parts.path.strip("/") or parts.username or ""
    hosts = [_host(one) for one in parts.netloc.rpartition("@")[2].lower().split(",")]
    return tuple(hosts), database, tuple(sorted(parse_qsl(parts.query))), settings.into


def _host(told: str) -> str:
    return told if told.rpartition(":")[2].isdecimal() else f"{told.rstrip(':')}:{POSTGRES_PORT}"
