"""What a connector says of itself, held against `base.Connector`: once, when it is loaded.

What it answers is not looked at here: `jalon.testing` does that, with samples.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

from jalon.connectors.base import Capability, CapabilityGrain, Offer, Settings, Stream


def wrong_in(connector: Any) -> Iterator[str]:
    """Yield what of a connector is not as the contract has it; each begins with the attribute's name."""
    for name, is_right, wanted in _ATTRIBUTES:
        if not is_right(getattr(connector, name, None)):
            yield f"`{name}` must be {wanted}"
    yield from _twice("streams", [stream.name for stream in _those(connector, "streams", Stream)])
    capabilities = _those(connector, "capabilities", Capability)
    yield from _twice("capabilities", [each.offer for each in capabilities])
    for each in capabilities:
        yield from _unknown("offer", each.offer, get_args(Offer))
        yield from _unknown("grain", each.grain, get_args(CapabilityGrain))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _many(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, tuple | list) and all(isinstance(each, kind) for each in value)


_DOMAIN = re.compile(r"[^\sA-Z@./]+(\.[^\sA-Z@./]+)+")


_ATTRIBUTES: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("title", _is_text, "a text: what people call the platform"),
    ("documentation", _is_text, "the address of the platform's own documentation"),
    (
        "normalizer",
        lambda value: isinstance(value, str) and re.fullmatch(r"[\w.]+:\w+", value) is not None,
        "a text like `module:function`",
    ),
    ("settings", lambda value: isinstance(value, type) and issubclass(value, Settings), "a subclass of base.Settings"),
    ("streams", _many(Stream), "a tuple of base.Stream"),
    ("capabilities", _many(Capability), "a tuple of base.Capability"),
    ("example", lambda value: isinstance(value, str), "a text"),
    (
        "customer_kind",
        lambda value: isinstance(value, str) and re.fullmatch(r"[a-z0-9_]*", value) is not None,
        "a word of small letters, digits and _, or empty",
    ),
    (
        "aliases",
        lambda value: _many(str)(value) and all(map(_DOMAIN.fullmatch, value)),
        "a tuple of domains, in small letters",
    ),
    ("starting_rate", lambda value: isinstance(value, int | float) and value > 0, "a number above zero"),
)
"""Attribute, whether a value fits, what would."""


def _those(connector: Any, name: str, kind: type) -> list[Any]:
    value: Any = getattr(connector, name, ())
    return list(value) if _many(kind)(value) else []


def _twice(name: str, words: list[str]) -> Iterator[str]:
    for word in dict.fromkeys(words):
        if words.count(word) > 1:
            yield f"`{name}` names {word!r} twice"


def _unknown(what: str, word: str, known: tuple[str, ...]) -> Iterator[str]:
    if word not in known:
        yield f"`capabilities`: the {what} {word!r} is none of {', '.join(known)}"
