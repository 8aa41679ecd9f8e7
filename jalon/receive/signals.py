"""What a request says of who sends it: a person, a program, or a person who does not want to be followed.

Programs follow links too: the networks fetch what is shared to draw a preview, crawlers index it, browsers load it
ahead of time. They get their answer and leave no touchpoint. The words are those by which such programs name
themselves; browsers inside the networks' apps name the app as well, and are people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_PROGRAMS = re.compile(
    r"""
    bot\b | bot[/;_-] | crawl | spider | slurp | scrap(?:er|y) | fetcher | preview | archiver | headless | phantomjs
    | lighthouse | pingdom | uptime | monitor(?:ing)?\b | validator | ^whatsapp/ | facebookexternalhit | facebookcatalog
    | meta-external | facebot | ^pinterest/0 | linkedinbot | slack-imgproxy | skypeuripreview | iframely | embedly
    | bitlybot | ^tiktok.*(?:spider|link) | bytespider | snapchat.*(?:url|preview) | snap\ url | vkshare | mediapartners
    | google-(?:inspectiontool|read-aloud|site-verification|extended) | googleother | feedfetcher | apis-google
    | bingpreview | yahoo!\ slurp | duckduckgo-favicons | ^curl/ | ^wget | python-(?:requests|urllib|httpx) | aiohttp
    | ^python/ | httpx | go-http-client | okhttp | ^java/ | apache-httpclient | libwww | ^ruby | ^php | node-fetch
    | ^axios | undici | postman | insomnia | ^got\b | guzzle | winhttp | http\.rb | ^perl | newspaper | trendiction
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PEOPLE = re.compile(r"cubot\b", re.IGNORECASE)
"""A make of telephones."""
_READ = 400
"""Characters of a user agent that are looked at."""


def is_program(headers: Mapping[str, str]) -> bool:
    """Say whether a program sends the request, or a browser that only looks ahead."""
    if is_ahead(headers):
        return True
    return _names_program(headers.get("User-Agent", "")[:_READ])


def is_ahead(headers: Mapping[str, str]) -> bool:
    """Say whether a browser or a mail program loads the address before anybody has clicked it.

    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Purpose, and the names it had before.
    """
    for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"):
        if (said := headers.get(name)) is not None and re.search("prefetch|prerender|preview", said, re.IGNORECASE):
            return True
    return False


def objects(headers: Mapping[str, str]) -> bool:
    """Say whether the person does not want to be followed.

    https://www.w3.org/TR/tracking-dnt/#dnt-header-field, https://privacycg.github.io/gpc-spec/#the-sec-gpc-header-field
    """
    return headers.get("DNT") == "1" or headers.get("Sec-GPC") == "1"


@lru_cache(maxsize=4096)
def _names_program(agent: str) -> bool:
    if not agent.strip():
        return True
    return _PROGRAMS.search(_PEOPLE.sub("", agent)) is not None
