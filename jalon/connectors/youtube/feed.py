"""Take apart the feeds that the hub posts: Atom entries of videos, and tombstones of those that are gone.

Nothing of a document type is taken: no entity is ever declared, so none can be expanded, fetched or multiplied.
https://developers.google.com/youtube/v3/guides/push_notifications, https://www.rfc-editor.org/rfc/rfc6721
"""

from __future__ import annotations

from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

ATOM = "{http://www.w3.org/2005/Atom}"
YOUTUBE = "{http://www.youtube.com/xml/schemas/2015}"
TOMBSTONES = "{http://purl.org/atompub/tombstones/1.0}"
_VIDEO = "yt:video:"
_CHANNEL = "/channel/"
_MOST_DEPTH = 32


class BadFeed(ValueError):
    """The bytes are no feed that could be trusted."""


class Entry(NamedTuple):
    """A video that something happened to. A tombstone names its channel only as its author's address."""

    video_id: str
    channel_id: str
    is_gone: bool


def entries(body: bytes) -> list[Entry]:
    """Return what a feed tells, in its order. Raises `BadFeed`."""
    feed = _parsed(body)
    if feed.tag != f"{ATOM}feed":
        raise BadFeed("the body is no Atom feed")
    readers = {f"{ATOM}entry": _entry, f"{TOMBSTONES}deleted-entry": _tombstone}
    return [readers[child.tag](child) for child in feed if child.tag in readers]


def _entry(entry: Element) -> Entry:
    video, channel = (_text(entry, f"{YOUTUBE}{name}") for name in ("videoId", "channelId"))
    return Entry(video or _video(_text(entry, f"{ATOM}id")), channel or _author(entry.find(f"{ATOM}author")), False)


def _tombstone(entry: Element) -> Entry:
    return Entry(_video(entry.get("ref", "")), _author(entry.find(f"{TOMBSTONES}by")), True)


def _author(author: Element | None) -> str:
    """Return the channel in the address of an author, such as https://www.youtube.com/channel/UC…"""
    address = "" if author is None else _text(author, f"{ATOM}uri")
    return address.rpartition(_CHANNEL)[2] if _CHANNEL in address else ""


def _video(identity: str) -> str:
    return identity.removeprefix(_VIDEO) if identity.startswith(_VIDEO) else ""


def _text(parent: Element, tag: str) -> str:
    return (parent.findtext(tag) or "").strip()


# --- parsing ----------------------------------------------------------------------------------------------------------


def _parsed(body: bytes) -> Element:
    """Return the root of a document without a document type, in UTF-8, nested a few levels deep at most."""
    builder = TreeBuilder()
    parser = expat.ParserCreate("UTF-8", "}")  # whatever encoding the document names
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise BadFeed("the feed is nested too deep")
        builder.start(_qualified(name), attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_qualified(name))

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError:
        raise BadFeed("the body is no XML") from None
    return builder.close()


def _qualified(name: str) -> str:
    return f"{{{name}" if "}" in name else name


def _refuse(*_: Any) -> None:
    raise BadFeed("the feed declares a document type, which is never read")
