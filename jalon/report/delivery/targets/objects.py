"""Object storage, by fsspec: files under names of what they hold, and `latest.json` last, which readers begin with."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jalon.errors import ConfigError, JalonError
from jalon.report.delivery import manifest
from jalon.report.delivery.formats import dialect, writer
from jalon.report.delivery.ledger import Ledger
from jalon.report.delivery.manifest import Manifest
from jalon.report.delivery.parcels import Parcel
from jalon.report.delivery.settings import Files
from jalon.report.delivery.targets.base import Load, Target

try:
    import fsspec
except ImportError as error:
    raise ConfigError("object storage needs fsspec", "Run `pip install 'jalon[deliver]'`.") from error

LATEST = "latest.json"
_OURS = re.compile(r"\w+/[0-9a-f]{64}\.(parquet|csv|jsonl)")
"""A file that a delivery wrote, by its path below the place."""


class Objects(Target):
    """`<table>/<fingerprint>.<format>`: nothing is ever overwritten but `latest.json`.

    Files of the delivery before the last stay, for readers that are under way; older ones are removed.
    """

    def __init__(self, settings: Files) -> None:
        assert settings.url is not None
        self._url, self._suffix = settings.url, settings.to
        self._write, self.dialect = writer(settings), dialect(settings)
        with self._reached():
            self._store, root = fsspec.core.url_to_fs(settings.url, **settings.storage)
        self._root = root.rstrip("/")

    def held(self) -> Ledger:
        with self._reached():
            said = self._manifest()
            return {name: said.ledger[name] for name, file in said.files.items() if self._store.exists(self._at(file))}

    def put(self, load: Load) -> None:
        before = set(self._manifest().files.values())
        files = {parcel.mart.name: self._file(parcel) for parcel in load.parcels}
        with self._reached():
            for parcel in load.changed:
                self._send(parcel)
                load.progress(parcel.mart.name, parcel.entry.rows)
            self._store.pipe_file(self._at(LATEST), manifest.told(load, files))
            self._sweep(before.union(files.values()))

    def _manifest(self) -> Manifest:
        self._store.invalidate_cache()
        with self._reached():
            try:
                return manifest.understood(self._store.cat_file(self._at(LATEST)))
            except FileNotFoundError:
                return manifest.EMPTY

    def _send(self, parcel: Parcel) -> None:
        with tempfile.TemporaryDirectory(prefix="jalon-") as folder:
            path = Path(folder) / "file"
            self._write(parcel, path)
            key = self._at(self._file(parcel))
            self._store.makedirs(key.rpartition("/")[0], exist_ok=True)
            self._store.put_file(str(path), key)

    def _sweep(self, kept: set[str]) -> None:
        """Remove what neither this delivery nor the one before it names."""
        self._store.invalidate_cache()
        for key in self._store.find(self._root):
            file = key.removeprefix(f"{self._root}/")
            if _OURS.fullmatch(file) and file not in kept:
                self._store.rm_file(key)

    def _file(self, parcel: Parcel) -> str:
        return f"{parcel.mart.name}/{parcel.entry.fingerprint}.{self._suffix}"

    def _at(self, file: str) -> str:
        return f"{self._root}/{file}"

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Say of a failure which place it was about; the packages of the stores raise errors of many kinds."""
        try:
            yield
        except JalonError:
            raise
        except ImportError as error:
            raise ConfigError(f"{self._url} needs a package that is not installed", f"Install it: {error}") from error
        except Exception as error:
            remedy = "Check address, credentials and network, then run `jalon deliver` again."
            raise JalonError(
                f"{self._url} cannot be read or written: {type(error).__name__}: {error}", remedy
            ) from error
