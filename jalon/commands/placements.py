"""Whether the visits of an own link will be read as what the link says of itself.

Its placement names a channel, by words that the channel rules know. The address that it leads to may hold marks of its
own, which stand above the link's: they must not say something else.
"""

from __future__ import annotations

from difflib import get_close_matches
from urllib.parse import parse_qsl

from jalon.connectors.site.addresses import Misplaced, destination
from jalon.connectors.site.names import Misnamed
from jalon.normalize.channels import CHANNELS, IN_FORCE, channel_named, origin
from jalon.receive.routes import marks
from jalon.store.links import Link

_ANYWHERE = "https://shop.example/"
_ELSEWHERE = "referral"
_SHOWN = 3
_ALIKE = 0.75


def check(link: Link) -> None:
    """Refuse a link whose visits would be read otherwise. Raises `Misnamed` for its names, `Misplaced` for its address.

    Visits, not clicks: whoever lands without the click's id, or in a shop that tells visits itself, is known by marks.
    """
    channel = _claimed(link)
    bare, _, query = link.target.partition("#")[0].partition("?")
    pairs = query.split("&") if query else []
    read = _read(link.target, link)
    if read != channel:
        telling = [pair.partition("=")[0] for pair in pairs if _read(f"{bare}?{pair}", link) != channel]
        named = " and ".join(dict.fromkeys(telling)) or "marks"
        raise Misplaced(
            f"it has its own {named}, by which its visits would be read as {read} and not as {channel}; take that out,"
            f" or name the placement {_spellings(read)[0]}"
        )
    own = dict(parse_qsl(query))
    for name, told in (("campaign", link.campaign), ("content", link.content)):
        if told and own.get(f"utm_{name}", told) != told:
            raise Misplaced(f"it has its own utm_{name}, which is not the link's {name}; take it out of one of them")


def _claimed(link: Link) -> str:
    """Return the channel that a placement names. Raises `Misnamed` if it names none, or by words that say another."""
    word = link.placement.partition("/")[0]
    channel = channel_named(word)
    if channel is None:
        raise Misnamed(f"placement {link.placement!r} begins with no channel; {_meant(word)}")
    read = _read(_ANYWHERE, link)
    if read != channel:
        write = " or ".join(_spellings(channel)) or f"{_ELSEWHERE}/{word}"
        raise Misnamed(f"placement {link.placement!r} would be read as {read} and not as {channel}; write {write}")
    return channel


def _read(target: str, link: Link) -> str:
    """Return the channel of a visit that the link leads to a target."""
    return origin(destination(target, marks(link)).plain).channel


def _meant(word: str) -> str:
    """Say what to write in place of a word that is no channel."""
    spelt = {channel: found[0] for channel in CHANNELS if (found := _spellings(channel))}
    for rule in IN_FORCE:
        if word in rule.media.split():
            return f"write {rule.channel}/{word}"
    words = {name: name for rule in IN_FORCE for name in rule.names.split()} | spelt
    near = get_close_matches(word, words, n=1, cutoff=_ALIKE)
    guess = f"did you mean {words[near[0]]}? Known" if near else "known"
    return f"{guess} are {', '.join(spelt.values())}; any other place is {_ELSEWHERE}/{word}"


def _spellings(channel: str) -> list[str]:
    """Return placements that are read as a channel: itself, or else with a place; none for what nobody is led from."""
    if _is_read_as(channel, channel):
        return [channel]
    rules = [rule for rule in IN_FORCE if rule.channel == channel]
    places = [f"{channel}/{word}" for rule in rules for word in rule.media.split() if not word.startswith(channel)]
    names = [name for rule in rules for name in rule.names.split()]
    return [spelt for spelt in (*places, *names) if _is_read_as(channel, spelt)][:_SHOWN]


def _is_read_as(channel: str, placement: str) -> bool:
    return _read(_ANYWHERE, Link("", "", _ANYWHERE, "", "", placement, "", created_at=0.0)) == channel
