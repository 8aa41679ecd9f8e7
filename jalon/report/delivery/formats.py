"""One file per table: Parquet, CSV and JSON lines."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from jalon.report.delivery.engine import Forms, copy, reading, text
from jalon.report.delivery.parcels import Parcel
from jalon.report.delivery.settings import Csv, Files

ISO = "strftime({}, '%Y-%m-%dT%H:%M:%S.%fZ')"
"""An instant in ISO 8601, UTC."""

Writer = Callable[[Parcel, Path], None]


def writer(settings: Files) -> Writer:
    """Return what writes a table as the settings ask for."""
    match settings:
        case Csv():
            return lambda parcel, path: _csv(parcel, path, settings)
        case Files(to="jsonl"):
            return _jsonl
    return _parquet


def dialect(settings: Files) -> str:
    """Return what makes two files of one table differ."""
    return repr(
        (settings.to, *((settings.delimiter, settings.bom, settings.decimal) if isinstance(settings, Csv) else ()))
    )


def _parquet(parcel: Parcel, path: Path) -> None:
    shutil.copyfile(parcel.file, path)


def _jsonl(parcel: Parcel, path: Path) -> None:
    with reading() as db:
        copy(db, parcel, {"instant": ISO}, path, "FORMAT json")


def _csv(parcel: Parcel, path: Path, settings: Csv) -> None:
    """Write rows that a spreadsheet reads as data; the byte order mark goes before what the engine wrote."""
    plain = path.with_name(f"{path.name}-plain") if settings.bom else path
    try:
        with reading() as db:
            copy(
                db,
                parcel,
                _csv_forms(settings),
                plain,
                f"FORMAT csv, HEADER true, DELIMITER {text(settings.delimiter)}",
            )
        if settings.bom:
            with plain.open("rb") as written, path.open("wb") as marked:
                marked.write(b"\xef\xbb\xbf")
                shutil.copyfileobj(written, marked)
    finally:
        if settings.bom:
            plain.unlink(missing_ok=True)


def _csv_forms(settings: Csv) -> Forms:
    from jalon.attribution.engines.formulas import harmless

    forms = {"text": harmless("{0}")}
    return forms if settings.decimal == "." else {**forms, "decimal": "replace(CAST({} AS VARCHAR), '.', ',')"}
