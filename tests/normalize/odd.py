"""Records of any shape: odd values at any place of a record, and what must hold of the facts made of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from jalon.normalize.vocabulary import Unfit
from tests import golden

ODD = [
    None, "", "x", "-1.00", "1,5", -1, 0, 2**63, 1.5, 1e300,
    True, [], [1], [None], {}, {"a": 1}, "0", "9" * 30, "\u0663",
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
Path = tuple[Any, ...]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of all that lies in a record."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield (*path, name)
        yield from places(one, (*path, name))


def changed(body: Any, path: Path, value: Any) -> Any:
    """Return a copy of a record with another value at a place."""
    body = copy.deepcopy(body)
    holder = body
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    return body


def record(sample: golden.Sample) -> Any:
    """Return the record of a sample."""
    read = json.loads(sample.path.read_text())
    return read.get("body", read)


def spoilt(body: Any) -> Iterator[tuple[str, Any]]:
    """Yield a record with each odd value in each of its places, one at a time, and say where."""
    for place in places(body):
        for odd in ODD:
            yield f"{place} = {odd!r}", changed(body, place, odd)


def check_fit_or_unfit(made: Callable[[], Iterable[NamedTuple]], where: object) -> list[Any]:
    """Return the facts of a record, none where it is unfit by name; fail for a type that is not the vocabulary's."""
    try:
        found = [*made()]
    except Unfit:
        return []
    for fact in found:
        _check_types(fact, where)
    return found


def _check_types(fact: NamedTuple, where: object) -> None:
    for name, hint in get_type_hints(type(fact)).items():
        value = getattr(fact, name)
        options = get_args(hint) if type(None) in get_args(hint) else (hint,)
        assert any(_is_a(value, option) for option in options), f"{where} makes {name} {value!r}"


def _is_a(value: Any, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, tuple)
    plain = getattr(hint, "__supertype__", hint)
    return type(value) is plain and (plain is not int or -(2**63) <= value < 2**63)
