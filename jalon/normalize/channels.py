"""Where a visit came from: channel, surface, kind and the evidence for them.

`channel_rules` is the one ordered table behind it, `channel_additions` what other distributions add to it. What a
visit carries is weighed in this order: a click id is made by the platform itself; a campaign's source by who placed
the link; a referrer by the browser, which often hides it; a campaign's medium alone names only the manner; and the
shop's own word for the source is the last resort.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus, urlsplit

from jalon.normalize.channel_additions import PLACES, additions
from jalon.normalize.channel_rules import (
    CAMPAIGN,
    CART_ORIGIN,
    CART_ORIGINS,
    DELIVERY,
    FAMILY,
    JOINED_CLICKS,
    LED_BY,
    NO_ORIGIN,
    OWN_CLICK,
    PAID_MEDIA,
    RULES,
    SURFACES,
    Rule,
)
from jalon.normalize.channel_table import Table
from jalon.normalize.vocabulary import Evidence, SellingMode, TouchKind

IN_FORCE: tuple[Rule, ...] = (*RULES, *(added.rule for added in additions()))
"""Jalon's own rules and those of other distributions."""
_TABLE = Table(IN_FORCE)

CHANNELS: tuple[str, ...] = (*_TABLE.channels, *PLACES)
"""Every channel that a touchpoint can have; `site` and `shop` are also where web and counter orders are placed."""

NETWORKS = frozenset(rule.channel for rule in IN_FORCE if rule.kind == "content_click")
"""Social networks: whoever comes from there follows a link or tag of the brand, its creators or its ads."""

TITLES = {rule.channel: rule.title for rule in IN_FORCE if rule.title}
"""Channel -> what people call it, where its name with a capital letter would not do."""


def channels_of(platform: str) -> tuple[str, ...]:
    """Return the channels that content and ads of a platform lead people through; none where it leads nowhere known.

    A platform has its channel's name, alone or as the first of its words: `net`, `net_shop`, `net_ads`.
    """
    first = platform.partition("_")[0]
    return LED_BY.get(platform) or tuple(name for name in dict.fromkeys((platform, first)) if name in NETWORKS)


_CLICKS = frozenset((*_TABLE.ad_ids, *_TABLE.click_ids, OWN_CLICK))
_REFERRAL = next(rule for rule in RULES if rule.channel == "referral")
_CACHED = 8192
_CONTENT_ID = re.compile(r"[0-9]{12,20}", re.ASCII)


def channel_named(word: str) -> str | None:
    """Return the channel that a word of utm_source names, also by the channel's own name; None for any other word."""
    rule = _TABLE.names.get(word)
    return rule.channel if rule else word if word in CHANNELS else None


# --- reading a visit ------------------------------------------------------------------------------------------------


class Origin(NamedTuple):
    """Where a visit came from, and how that is known."""

    channel: str
    kind: TouchKind
    surface: str | None
    evidence: Evidence
    campaign: str | None
    content: str | None
    """utm_content as it stands."""
    referrer_host: str | None
    landing_path: str | None

    @property
    def content_id(self) -> str | None:
        """utm_content where it looks like the id of a post or video, and not like the word that it may be as well."""
        return self.content if self.content and _CONTENT_ID.fullmatch(self.content) else None

    @property
    def selling_mode(self) -> SellingMode:
        """`linked` if the visit came from a social network to the shop."""
        return "linked" if self.channel in NETWORKS else "communication"


class _Marks(NamedTuple):
    """What of a visit speaks for a channel, in lower case; few values, so that what was found is remembered."""

    clicks: tuple[str, ...]
    source: str
    medium: str
    has_campaign: bool
    host: str | None
    declared: str


class _Found(NamedTuple):
    rule: Rule
    evidence: Evidence
    is_ad: bool = False


_NOTHING = _Found(Rule("direct"), "none")


def origin(
    landing: str | None,
    referrer: str | None = None,
    utm: Mapping[str, str | None] | None = None,
    source: str | None = None,
    *,
    paid: bool = False,
) -> Origin:
    """Say where a visit came from.

    `utm` holds the campaign marks by their short names (source, medium, campaign, content) where a platform gives them
    apart; those in the landing address are read where it gives none. `source` is the shop's own word for it, used where
    nothing else is known; `paid` says that the shop knows of an advertisement.
    """
    landing_host, path, clicks, marks = _landing(landing or "", utm)
    host = referrer_host(referrer)
    told = None if host == landing_host else host
    content, campaign, medium = marks.get("content"), marks.get("campaign"), _word(marks.get("medium"))
    words = _word(marks.get("source")), medium
    found = _find(_Marks(clicks, *words, bool(campaign), told, _word(source)))
    return Origin(
        found.rule.channel,
        "ad_click" if paid or found.is_ad else found.rule.kind,
        SURFACES.get(_word(content)) or SURFACES.get(medium) or found.rule.surface,
        found.evidence,
        campaign or None,
        content or None,
        host,
        path,
    )


@lru_cache(maxsize=_CACHED)
def _find(marks: _Marks) -> _Found:
    """Weigh what is known, strongest first; a shared click id is narrowed by what the other marks say."""
    host = None if _is_no_origin(marks.host) else marks.host
    rule = _TABLE.of_host(host) if host else None
    named, referred = _by_campaign(marks), _Found(rule, "referrer") if rule else None
    found = _by_click(marks, named, referred) or named or referred or _by_medium(marks) or _by_unknown(marks, host)
    found = found or _by_name(marks.declared) or _NOTHING
    if OWN_CLICK in marks.clicks:
        found = found._replace(evidence="own_click")
    return found._replace(is_ad=found.is_ad or marks.medium in PAID_MEDIA)


def _by_click(marks: _Marks, *others: _Found | None) -> _Found | None:
    ads = [_TABLE.ad_ids[name] for name in marks.clicks if name in _TABLE.ad_ids]
    rules = ads + [_TABLE.click_ids[name] for name in marks.clicks if name in _TABLE.click_ids]
    if not rules:
        return None
    rule = rules[0]
    family = FAMILY.get(rule.channel, frozenset())
    narrower = next((other.rule for other in others if other and other.rule.channel in family), rule)
    return _Found(narrower, "click_id", is_ad=bool(ads))


def _by_campaign(marks: _Marks) -> _Found | None:
    """Read utm_source, if it is in the table, or a utm_medium that tells how the link reached the person."""
    by_medium = _TABLE.media.get(marks.medium)
    if by_medium and by_medium.channel in DELIVERY:
        return _Found(by_medium, "utm")
    rule = _TABLE.names.get(marks.source) or (_TABLE.of_host(marks.source) if "." in marks.source else None)
    return _Found(rule, "utm") if rule else None


def _by_medium(marks: _Marks) -> _Found | None:
    rule = _TABLE.media.get(marks.medium)
    return _Found(rule, "utm") if rule else None


def _by_unknown(marks: _Marks, host: str | None) -> _Found | None:
    """Take a link from somewhere that is not in the table as a referral."""
    if marks.source or marks.has_campaign:
        return _Found(_REFERRAL, "utm")
    return _Found(_REFERRAL, "referrer") if host else None


def _by_name(source: str) -> _Found | None:
    rule = _TABLE.names.get(source)
    return _Found(rule, "declared") if rule else None


def _word(text: str | None) -> str:
    return text.strip().lower() if text else ""


# --- clicks that are told one by one ---------------------------------------------------------------------------------


def joined_clicks(address: str | None) -> tuple[str, ...]:
    """Return the hashed ids in a landing address by which another platform knows the click that led there."""
    _, _, query = (address or "").partition("#")[0].partition("?")
    pairs = (pair.partition("=") for pair in query.split("&")) if query else ()
    return tuple(unquote_plus(value) for name, _, value in pairs if name in JOINED_CLICKS and value)


# --- addresses ------------------------------------------------------------------------------------------------------


def _is_no_origin(host: str | None) -> bool:
    labels = host.split(".") if host else []
    return any(".".join(labels[start:]) in NO_ORIGIN for start in range(len(labels)))


@lru_cache(maxsize=_CACHED)
def referrer_host(address: str | None) -> str | None:
    """Return the host of an address without `www.`, in lower case; None where there is none."""
    return _place(address)[0] if address else None


@lru_cache(maxsize=_CACHED)
def _place(address: str) -> tuple[str | None, str | None]:
    """Return host and path of an address without its query."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None, None
    return host.rstrip(".").removeprefix("www.") if host else None, parts.path or None


def _landing(
    address: str, utm: Mapping[str, str | None] | None
) -> tuple[str | None, str | None, tuple[str, ...], Mapping[str, str | None]]:
    """Return host, path, names of click ids and campaign marks of a landing page; `utm` stands for its own marks.

    Where a shop of Meta sent the cart says more than its `utm_source=IGShopping`, which Facebook's shops carry too.
    """
    bare, _, query = address.partition("#")[0].partition("?")
    clicks: list[str] = []
    marks: dict[str, str | None] = {}
    cart = ""
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        if name.lower() in _CLICKS and value:
            clicks.append(name.lower())
        elif not utm and name in CAMPAIGN:
            marks[name[4:]] = unquote_plus(value)
        elif name == CART_ORIGIN:
            cart = value
    marks = dict(utm) if utm else marks
    if cart and _word(marks.get("source")) not in _TABLE.names:
        marks["source"] = CART_ORIGINS.get(cart, marks.get("source"))
    return *_place(bare), tuple(clicks), marks
