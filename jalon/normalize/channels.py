"""Where a visit came from: channel, surface, kind and the evidence for them.

`channel_rules` is the one ordered table behind it. What a visit carries is weighed in this order: a click id is made by
the platform itself; a campaign's source by who placed the link; a referrer by the browser, which often hides it; a
campaign's medium alone names only the manner; and the shop's own word for the source is the last resort.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus, urlsplit

from jalon.normalize.channel_rules import DELIVERY, FAMILY, NO_ORIGIN, OWN_CLICK, PAID_MEDIA, RULES, SURFACES, Rule
from jalon.normalize.vocabulary import Evidence, SellingMode, TouchKind

CHANNELS: tuple[str, ...] = (*dict.fromkeys(rule.channel for rule in RULES), "site", "direct")
"""Every channel that a touchpoint can have; `site` and `shop` are also where web and counter orders are placed."""

NETWORKS = frozenset(rule.channel for rule in RULES if rule.kind == "content_click")
"""Social networks: whoever comes from there follows a link or tag of the brand, its creators or its ads."""

# --- the table, made fast -------------------------------------------------------------------------------------------


def _index(column: str) -> dict[str, Rule]:
    """Return word -> first rule that has it in a column."""
    index: dict[str, Rule] = {}
    for rule in RULES:
        for word in getattr(rule, column).split():
            index.setdefault(word, rule)
    return index


_AD_IDS, _CLICK_IDS, _NAMES, _MEDIA = _index("ad_ids"), _index("click_ids"), _index("names"), _index("media")
_BRANDS, _HOSTS = _index("brands"), _index("hosts")
_MARKS = frozenset((*_AD_IDS, *_CLICK_IDS, OWN_CLICK, "utm_source", "utm_medium", "utm_campaign", "utm_content"))
_REFERRAL = next(rule for rule in RULES if rule.channel == "referral")
_PREFIXES = {"forum": _NAMES["forum"], "forums": _NAMES["forum"], "webmail": _NAMES["email"]}

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
    def selling_mode(self) -> SellingMode:
        """`linked` if the visit came from a social network to the shop."""
        return "linked" if self.channel in NETWORKS else "communication"


class _Found(NamedTuple):
    rule: Rule
    evidence: Evidence
    paid: bool = False


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
    apart; else they are read from the landing address. `source` is the shop's own word for it and `paid` its own
    knowledge; both are used only where the addresses say nothing, or nothing else.
    """
    landing_host, path, marks = _landing(landing or "")
    for name, value in (utm or {}).items():
        if value:
            marks[f"utm_{name}"] = value
    host = referrer_host(referrer)
    found = _find(marks, None if host == landing_host or _is_no_origin(host) else host, source)
    is_ad = paid or found.paid or _word(marks.get("utm_medium")) in PAID_MEDIA
    return Origin(
        found.rule.channel,
        "ad_click" if is_ad else found.rule.kind,
        _surface(marks) or found.rule.surface,
        "own_click" if OWN_CLICK in marks else found.evidence,
        marks.get("utm_campaign"),
        marks.get("utm_content"),
        host,
        path,
    )


def _find(marks: Mapping[str, str], host: str | None, source: str | None) -> _Found:
    """Weigh what is known, strongest first; a shared click id is narrowed by what the other marks say."""
    rule = _host_rule(host) if host else None
    named, referred = _by_campaign(marks), _Found(rule, "referrer") if rule else None
    clicked = _by_click(marks)
    if clicked:
        family = FAMILY.get(clicked.rule.channel, frozenset())
        narrower = next((other.rule for other in (named, referred) if other and other.rule.channel in family), None)
        return clicked._replace(rule=narrower or clicked.rule)
    return named or referred or _by_medium(marks) or _by_unknown(marks, host) or _by_name(source) or _NOTHING


def _by_click(marks: Mapping[str, str]) -> _Found | None:
    for name in marks:
        if name in _AD_IDS:
            return _Found(_AD_IDS[name], "click_id", paid=True)
    for name in marks:
        if name in _CLICK_IDS:
            return _Found(_CLICK_IDS[name], "click_id")
    return None


def _by_campaign(marks: Mapping[str, str]) -> _Found | None:
    """Read utm_source, if it is in the table, or a utm_medium that tells how the link reached the person."""
    by_medium = _MEDIA.get(_word(marks.get("utm_medium")))
    if by_medium and by_medium.channel in DELIVERY:
        return _Found(by_medium, "utm")
    source = _word(marks.get("utm_source"))
    rule = _NAMES.get(source) or (_host_rule(source) if "." in source else None)
    return _Found(rule, "utm") if rule else None


def _by_medium(marks: Mapping[str, str]) -> _Found | None:
    rule = _MEDIA.get(_word(marks.get("utm_medium")))
    return _Found(rule, "utm") if rule else None


def _by_unknown(marks: Mapping[str, str], host: str | None) -> _Found | None:
    """Take a link from somewhere that is not in the table as a referral."""
    if marks.get("utm_source") or marks.get("utm_campaign"):
        return _Found(_REFERRAL, "utm")
    return _Found(_REFERRAL, "referrer") if host else None


def _by_name(source: str | None) -> _Found | None:
    rule = _NAMES.get(_word(source))
    return _Found(rule, "declared") if rule else None


def _word(text: str | None) -> str:
    return text.strip().lower() if text else ""


def _surface(marks: Mapping[str, str]) -> str | None:
    return SURFACES.get(_word(marks.get("utm_content"))) or SURFACES.get(_word(marks.get("utm_medium")))


# --- addresses ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _host_rule(host: str) -> Rule | None:
    """Return the rule of a host, of a domain above it, or of its brand in some country; else of a forum or web mail."""
    labels = host.split(".")
    for start in range(len(labels)):
        if rule := _HOSTS.get(".".join(labels[start:])):
            return rule
    return _brand_rule(labels) or {"forum": _NAMES["forum"], "forums": _NAMES["forum"], "webmail": _NAMES["email"]}.get(
        labels[0]
    )


def _brand_rule(labels: list[str]) -> Rule | None:
    """Read 'www.google.co.uk' as the brand 'google': the last label but one or two, if what follows is a country."""
    if len(labels) >= 3 and len(labels[-2]) <= 3 and len(labels[-1]) == 2 and labels[-3] in _BRANDS:
        return _BRANDS[labels[-3]]
    return _BRANDS.get(labels[-2]) if len(labels) >= 2 and len(labels[-1]) <= 3 else None


@lru_cache(maxsize=4096)
def _is_no_origin(host: str | None) -> bool:
    labels = host.split(".") if host else []
    return any(".".join(labels[start:]) in NO_ORIGIN for start in range(len(labels)))


def referrer_host(address: str | None) -> str | None:
    """Return the host of an address without `www.`, in lower case; None where there is none."""
    try:
        host = urlsplit(address).hostname if address else None
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def _landing(address: str) -> tuple[str | None, str | None, dict[str, str]]:
    """Return host, path and those query parameters of a landing page that speak of an origin."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None, None, {}
    return host and host.removeprefix("www."), parts.path or None, _marks(parts.query)


def _marks(query: str) -> dict[str, str]:
    marks: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if value and name in _MARKS:
            marks[name] = unquote_plus(value)
    return marks
