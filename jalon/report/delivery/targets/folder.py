"""A folder of this machine: one file per table, each put in place by rename under a name that stays."""

from __future__ import annotations

from pathlib import Path

from jalon.attribution.publish import replacing
from jalon.report.delivery import manifest
from jalon.report.delivery.formats import dialect, writer
from jalon.report.delivery.ledger import NAME, Ledger
from jalon.report.delivery.settings import Files
from jalon.report.delivery.targets.base import Load, Target


class Folder(Target):
    """`<table>.<format>`, and `_jalon_delivery.json` that says what stands there."""

    def __init__(self, settings: Files) -> None:
        assert settings.folder is not None
        self._folder, self._suffix = settings.folder, settings.to
        self._write, self.dialect = writer(settings), dialect(settings)
        self._manifest = self._folder / f"{NAME}.json"

    def held(self) -> Ledger:
        said = manifest.understood(self._manifest.read_bytes() if self._manifest.is_file() else None)
        return {name: entry for name, entry in said.ledger.items() if self._file(name).is_file()}

    def put(self, load: Load) -> None:
        """Replace file after file; one that did not get its turn is sent by the next delivery."""
        for parcel in load.changed:
            with replacing(self._file(parcel.mart.name)) as path:
                self._write(parcel, path)
            load.progress(parcel.mart.name, parcel.entry.rows)
        for name in load.gone:
            self._file(name).unlink(missing_ok=True)
        with replacing(self._manifest) as path:
            path.write_bytes(manifest.told(load, {name: self._file(name).name for name in load.ledger}))

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.{self._suffix}"
