"""What is wrong with a value of the configuration, in words of the file: where several types fit, what each needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

_OF_THE_FILE = {"valid tuple": "list", "valid list": "list", "valid dictionary": "table", "Tuple": "List"}
"""What the file's own words are for types of Python."""


def told(error: ValidationError, values: Mapping[str, Any]) -> tuple[str, str]:
    """Return the key of the first value that does not fit, and why it does not.

    A value that may be of several types is looked at as each: what is said is of those that fitted furthest.
    """
    found = error.errors(include_input=False, include_url=False)
    of_first = [each for each in found if each["loc"][:1] == found[0]["loc"][:1]]
    keys = [_key(each["loc"], values, each["type"]) for each in of_first]
    furthest = max(keys, key=len)
    best = [each for each, key in zip(of_first, keys, strict=True) if key == furthest]
    said = dict.fromkeys(_plain(each["type"], each["msg"]) for each in best)
    return ".".join(furthest), ", or ".join(said)


def stray_truth(value: Any, annotation: Any) -> bool:
    """Return whether `true` or `false` stands where none is taken: pydantic would read it as 1 or 0."""
    if isinstance(value, bool):
        return not _takes_truth(annotation)
    within = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return any(stray_truth(each, annotation) for each in within)


def _takes_truth(annotation: Any) -> bool:
    if annotation in (bool, Any):
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any(_takes_truth(field.annotation) for field in annotation.model_fields.values())
    return any(map(_takes_truth, get_args(annotation)))


def _key(place: Sequence[str | int], values: Any, kind: str) -> tuple[str, ...]:
    """Return the way to a value without the names of types, which the file knows nothing of."""
    return tuple(_known(place, values)) + ((str(place[-1]),) if kind == "missing" else ())


def _known(place: Sequence[str | int], values: Any) -> Iterator[str]:
    for part in place:
        rows = dict(enumerate(values)) if isinstance(values, list) else values
        if isinstance(rows, Mapping) and part in rows:
            values = rows[part]
            yield str(part)


def _plain(kind: str, message: str) -> str:
    if kind == "string_pattern_mismatch":
        return "is not of the form that it must have"
    said = message.removeprefix("Value error, ")
    for word, own in _OF_THE_FILE.items():
        said = said.replace(word, own)
    return said[:1].lower() + said[1:]
