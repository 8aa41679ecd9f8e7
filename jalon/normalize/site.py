"""What own clicks and site events mean.

Identity: a click is `click/` and the digest of its id; its landing page's telling is a revision of it, and of several
the earliest holds (`connectors.site.clicks` says why). An event is known by its own id, and its first telling holds.
Who a click joins to is one fact for each click: the first visitor who landed with it. The same for an order: the first
visitor who named it. A purchase makes no touchpoint: the shop's own source tells that there was one, and what it is
worth; here it only says whose it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jalon.normalize import channels
from jalon.normalize.channel_rules import SURFACES
from jalon.normalize.fields import Row, needed, text
from jalon.normalize.records import facts_of, head
from jalon.normalize.times import EARLIEST, LATEST, instant_from_unix, local_date
from jalon.normalize.vocabulary import (
    BUYER_OF,
    Context,
    Fact,
    Identity,
    Instant,
    Raw,
    TouchKind,
    Touchpoint,
    Unfit,
)

PLATFORM = "site"
STEPS: dict[str, TouchKind] = {"product_view": "product_view", "add_to_cart": "add_to_cart", "checkout": "checkout"}
"""Type of event -> what it is, of those that happen on the site itself."""


def normalize(raw: Raw, context: Context) -> list[Fact]:
    """Return the facts in a click or an event. Raises `Unfit`."""
    return list(facts_of(raw, context, READERS, "a site"))


def _click(raw: Raw, context: Context) -> Iterator[Fact]:
    """Yield the click: of a tag where the link names a product. Whose it was is known once somebody has landed."""
    body = raw.body
    at = instant_from_unix(body.get("at", 0))
    origin = channels.origin(text(body, "address"))
    product = text(body, "product")
    person = text(body, "visitor") or (text(body, "click") if body.get("joins") is True else None)
    yield Touchpoint(
        *head(raw, f"click/{raw.key}"),
        platform=PLATFORM,
        occurred_at=at,
        occurred_date=local_date(at, context.zone),
        time_is_bound=False,
        kind="tag_click" if product else "content_click",
        channel=origin.channel,
        surface=_surface(body, origin),
        person=person,
        content_id=text(body, "content"),
        product_id=product,
        campaign=text(body, "campaign"),
        referrer_host=origin.referrer_host,
        landing_path=origin.landing_path,
        evidence="own_click",
        selling_mode="linked",
    )


def _surface(body: Row, origin: channels.Origin) -> str | None:
    """Return where in its network the link stood: what the placement says behind its slash, if anything."""
    place = (text(body, "placement") or "").partition("/")[2]
    return SURFACES.get(place) or place or origin.surface


def _event(raw: Raw, context: Context) -> Iterator[Fact]:
    body = raw.body
    kind, at, visitor = needed(body, "type"), body.get("at"), text(body, "visitor")
    if type(at) is not int or not EARLIEST <= at < LATEST:
        raise Unfit("impossible_date", "at is no time in microseconds between 2000 and 2100")
    if visitor and (click := text(body, "click")):
        yield _identity(raw, f"click/{needed(body, 'click_key')}", visitor, click, "own_click")
    if kind == "purchase":
        shop, order = needed(body, "shop"), needed(body, "order").rpartition("/")[2]
        if visitor:
            yield _identity(raw, f"order/{shop}/{order}", visitor, f"{BUYER_OF}{shop}:{order}", "purchase")
    elif kind == "page_view":
        if body.get("visit") is True:
            yield _visit(raw, context, Instant(at), visitor)
    elif kind in STEPS:
        yield _step(raw, context, STEPS[kind], Instant(at), visitor)
    else:
        raise Unfit("unknown_event", f"{kind[:40]!r} is no event of a site")


def _visit(raw: Raw, context: Context, at: Instant, visitor: str | None) -> Touchpoint:
    """Return the visit that a page view begins; the landing of an own click is that click, and no visit beside it."""
    origin = channels.origin(text(raw.body, "url"), text(raw.body, "referrer"))
    return Touchpoint(
        *head(raw, f"event/{raw.key}"),
        platform=PLATFORM,
        occurred_at=at,
        occurred_date=local_date(at, context.zone),
        time_is_bound=False,
        kind=origin.kind,
        channel=origin.channel,
        surface=origin.surface,
        person=visitor,
        content_id=origin.content_id,
        campaign=origin.campaign,
        referrer_host=origin.referrer_host,
        landing_path=origin.landing_path,
        evidence=origin.evidence,
        selling_mode=origin.selling_mode,
    )


def _step(raw: Raw, context: Context, kind: TouchKind, at: Instant, visitor: str | None) -> Touchpoint:
    """Return what happens on the site itself, wherever the visit came from."""
    page = channels.origin(text(raw.body, "url"))
    return Touchpoint(
        *head(raw, f"event/{raw.key}"),
        platform=PLATFORM,
        occurred_at=at,
        occurred_date=local_date(at, context.zone),
        time_is_bound=False,
        kind=kind,
        channel="site",
        surface="site",
        person=visitor,
        product_id=_product(raw.body),
        referrer_host=page.referrer_host,
        landing_path=page.landing_path,
        evidence="declared",
        selling_mode="communication",
    )


def _product(body: Row) -> str | None:
    """Return a product's id without the path that Shopify writes before it."""
    found = text(body, "product")
    return found.rpartition("/")[2] if found else None


def _identity(raw: Raw, key: str, left: str, right: str, evidence: str) -> Identity:
    return Identity(*head(raw, key), left=left, right=right, evidence=evidence)


READERS: dict[str, Callable[[Raw, Context], Iterator[Fact]]] = {"clicks": _click, "events": _event}
"""Stream -> how its records are read."""
