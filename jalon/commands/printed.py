"""What `jalon doctor` says of own links that were made before: they are in print, while rules and settings move on.

A link leads nowhere once its host has left `allowed_hosts`, or its source jalon.toml. One whose placement was right
when it was made may be read as another channel since: a distribution brought channels, or took its own away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from jalon.commands import placements
from jalon.connectors.base import Finding, Settings
from jalon.connectors.site import SiteSettings
from jalon.connectors.site.addresses import Misplaced, checked
from jalon.connectors.site.names import Misnamed
from jalon.store import links
from jalon.store.links import Link
from jalon.workplace import Workplace

_SHOWN = 3
"""Links of one reason that are named; the others are counted."""
_ANEW = "make a new link in its place (`jalon links add`) and switch the old one off (`jalon links disable`)"
_REMEDIES = {
    "lead nowhere": f"Put allowed_hosts right; or {_ANEW}.",
    "are read otherwise": f"Its clicks count as what they are read as; {_ANEW}.",
}
Troubles = dict[tuple[str, str], list[str]]
"""(what is wrong, why) -> the codes of the links concerned."""


def findings(place: Workplace, chosen: Mapping[str, Settings]) -> Iterator[Finding]:
    """Yield what is to be said of the links of the chosen sources, and of those whose source is gone if all are."""
    with place.store.read() as db:
        found = [link for link in links.all_of(db) if not link.disabled]
    for name, settings in chosen.items():
        if isinstance(settings, SiteSettings):
            yield from _of(name, [link for link in found if link.source == name], settings.allowed_hosts)
    if len(chosen) == len(place.config.sources):
        here = {name for name, settings in chosen.items() if isinstance(settings, SiteSettings)}
        yield from _homeless([link for link in found if link.source not in here])


def is_open(link: Link, allowed: Collection[str]) -> bool:
    """Say whether a link that is not disabled leads to its target now."""
    return not _astray(link, allowed)


def _of(source: str, found: list[Link], allowed: Collection[str]) -> Iterator[Finding]:
    troubles: Troubles = defaultdict(list)
    for link in found:
        if why := _astray(link, allowed):
            troubles["lead nowhere", why].append(link.code)
        elif why := _misread(link):
            troubles["are read otherwise", why].append(link.code)
    for (what, why), codes in troubles.items():
        yield Finding(f"{source}: links", "warn", f"{_named(codes, what)}: {why}", _REMEDIES[what])
    if found and not troubles:
        yield Finding(f"{source}: links", "ok", f"{len(found):,} looked at: each leads, and is read as what it says")


def _homeless(found: Iterable[Link]) -> Iterator[Finding]:
    """Name the sources of links that jalon.toml does not know as such any more."""
    codes = defaultdict(list)
    for link in found:
        codes[link.source].append(link.code)
    for source, of in codes.items():
        why = f"jalon.toml has no source {source!r} of own links"
        remedy = f"Put [sources.{source}] back; or `jalon forget-source {source}` if none of it is used any more."
        yield Finding("links", "warn", f"{_named(of, 'lead nowhere')}: {why}", remedy)


def _astray(link: Link, allowed: Collection[str]) -> str:
    """Return why a link leads nowhere; empty if it leads."""
    try:
        checked(link.target, allowed)
    except Misplaced as error:
        return str(error)
    return ""


def _misread(link: Link) -> str:
    """Return why a link's visits are read as something else than it says; empty if they are not."""
    try:
        placements.check(link)
    except (Misplaced, Misnamed) as error:
        return str(error)
    return ""


def _named(codes: list[str], what: str) -> str:
    if len(codes) == 1:
        return f"{codes[0]} {'leads nowhere' if what == 'lead nowhere' else 'is read otherwise'}"
    more = len(codes) - _SHOWN
    return f"{len(codes):,} {what} ({', '.join(codes[:_SHOWN])}{f' and {more:,} more' if more > 0 else ''})"
