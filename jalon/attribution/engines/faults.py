"""What Spark says when it fails, in words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from jalon.errors import StoreError

_FAULTS = (
    (
        r"FILE_NOT_EXIST|FileNotFoundException|PATH_NOT_FOUND",
        "a machine of Spark cannot see a file",
        "Put the store on storage that all machines see under one path.",
    ),
    (
        r"FAILED_READ_FILE|is not a Parquet file|CANNOT_READ_FILE_FOOTER",
        "a file cannot be read",
        "Make it again: `jalon normalize --all`.",
    ),
    (
        r"No space left|Permission denied|Mkdirs failed",
        "a file cannot be written",
        "Free space on the disk, or give access, to the user that Spark's workers run as too.",
    ),
    (
        r"OutOfMemoryError|UNABLE_TO_ACQUIRE_MEMORY",
        "attribution needs more memory than it may use",
        "Raise driver.memory (local), or executor.memory (on a cluster), in the settings of Spark.",
    ),
)
"""What Java says -> what happened, and the remedy; the first that fits."""
_FILE = re.compile(r"file:/+(\S+?)(?=[\s'\"]|\.? SQLSTATE|$)")


@contextmanager
def translated() -> Iterator[None]:
    """Turn the engine's errors that a person can do something about into errors that say what."""
    try:
        yield
    except Exception as error:
        if not is_java(error):
            raise
        text = f"{error}\n{said(error)}"
        for pattern, what, remedy in _FAULTS:
            if re.search(pattern, text):
                file = _FILE.search(text)
                raise StoreError(f"{what}: {'/' + file[1] if file else said(error)}", remedy) from error
        raise


def is_java(error: Exception) -> bool:
    """Return whether an error comes out of Spark or its Java."""
    return type(error).__module__.partition(".")[0] in ("pyspark", "py4j")


def said(error: Exception) -> str:
    """Return the first line of what Java said."""
    java = getattr(error, "java_exception", None)
    text = str(java.toString() if java is not None else error)
    return next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
