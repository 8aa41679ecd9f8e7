"""Channel rules of other distributions: a network that jalon does not know is named by whoever connects it.

Each entry point of the group `jalon.channels` is a channel's name and leads to its `Rule`. A rule can add a channel,
or words to one that is there; what speaks for a channel already is never taken from it. Added rules stand below
jalon's own, and they change what the records of every source mean: facts are derived anew when they come, change or go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple, get_args

from jalon.added_channels import Brought, brought, refused
from jalon.normalize.channel_rules import CART_ORIGIN, JOINED_CLICKS, NO_ORIGIN, RULES, Rule
from jalon.normalize.channel_table import Table
from jalon.normalize.vocabulary import TouchKind

OURS = "jalon"
PLACES = ("site", "direct")
"""Channels without a rule: what is left where nothing speaks for another one."""
_IDS = ("ad_ids", "click_ids")
_AS_ONE = dict.fromkeys(_IDS, _IDS)
_COLUMNS = (*_IDS, "names", "media", "brands", "hosts")
_TAKEN = JOINED_CLICKS | {CART_ORIGIN, "ref", "variant"}
_WORD = re.compile(r"[^\sA-Z]+")


class Added(NamedTuple):
    """A rule, and the distribution that it comes from."""

    home: str
    rule: Rule


@cache
def additions() -> tuple[Added, ...]:
    """Return the rules of all installed distributions, by the names of channel and distribution.

    Raises `ConfigError` for one that cannot be loaded, is no rule, or claims what speaks for another channel.
    """
    return checked(brought())


@cache
def in_one() -> str:
    """Return what all added rules say as one text: with another one, what was made by them is made anew."""
    return " ".join(repr(added.rule) for added in additions())


def checked(given: Iterable[Brought]) -> tuple[Added, ...]:
    """Return what was brought as rules, each held against jalon's and those before it. Raises `ConfigError`."""
    known = [Added(OURS, rule) for rule in RULES]
    for name, home, rule in given:
        if wrong := list(_wrong_in(name, rule, known)):
            raise refused(name, home, "; ".join(wrong))
        known.append(Added(home, rule))
    return tuple(known[len(RULES) :])


def _wrong_in(name: str, rule: Any, known: list[Added]) -> Iterator[str]:
    """Yield what of a rule cannot be; each begins with what it is about."""
    if not isinstance(rule, Rule):
        yield "it must be a `jalon.normalize.channel_rules.Rule`"
        return
    if not all(isinstance(value, str) for value in rule._replace(surface=rule.surface or "")):
        yield "all that its rule says must be texts"
        return
    yield from _wrong_channel(name, rule, known)
    for column in _COLUMNS:
        for word in getattr(rule, column).split():
            yield from (f"`{column}`: {word!r} {why}" for why in _wrong_with(word, column, rule, known))


def _wrong_channel(name: str, rule: Rule, known: list[Added]) -> Iterator[str]:
    if rule.channel != name:
        yield f"the entry point leads to a rule of {rule.channel!r}, and both names must be equal"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", rule.channel) or rule.channel in PLACES:
        yield f"`channel` {rule.channel!r} must be small letters, digits and _, and neither of {' and '.join(PLACES)}"
    if rule.kind not in get_args(TouchKind):
        yield f"`kind` {rule.kind!r} is none of {', '.join(get_args(TouchKind))}"
    first = next((each for each in known if each.rule.channel == rule.channel), None)
    if first and first.rule.kind != rule.kind:
        yield f"`kind` of {rule.channel} is {first.rule.kind} in {first.home}, and {rule.kind!r} here"


def _wrong_with(word: str, column: str, rule: Rule, known: list[Added]) -> Iterator[str]:
    if not _WORD.fullmatch(word):
        yield "must be in small letters"
    if column in _IDS and (word in _TAKEN or word.startswith("utm_")):
        yield "has a meaning of its own in every address"
    if column == "brands" and "." in word:
        yield "must be the name alone, without a domain"
    if column == "hosts" and not re.fullmatch(r"[^./]+(\.[^./]+)+", word):
        yield "must be a host, such as shop.example"
    if column == "hosts" and Table([Rule("no_origin", hosts=" ".join(NO_ORIGIN))]).of_host(word):
        yield "is where visitors are sent back from in the midst of buying"
    for each in known:
        if (how := _claimed(word, column, each.rule, rule.channel)) is not None:
            yield f"speaks for {each.rule.channel} in {each.home}{how}"


def _claimed(word: str, column: str, other: Rule, channel: str) -> str | None:
    """Say how another rule has a word, to go on with; None: it has not, or a rule of `channel` may say so too."""
    held = next((each for each in _AS_ONE.get(column, (column,)) if word in getattr(other, each).split()), None)
    if held:
        if held == column:
            return None if other.channel == channel else ""
        return f" (`{held}`)"
    if column == "hosts" and other.channel != channel and Table([other._replace(names="")]).of_host(word):
        return " as a part of it"
    return None
