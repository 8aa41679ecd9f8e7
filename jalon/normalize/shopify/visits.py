"""Visits of the online store before an order, as touchpoints."""

from __future__ import annotations

from collections.abc import Iterable

from jalon.normalize import channels
from jalon.normalize.records import head
from jalon.normalize.shopify.money import Json
from jalon.normalize.times import instant_from_iso, local_date
from jalon.normalize.vocabulary import Context, Raw, Touchpoint

PLATFORM = "shopify"


def number(gid: str) -> str:
    """Return the number in a global id."""
    return gid.rpartition("/")[2]


# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/MarketingTactic
PAID_TACTICS = frozenset({"AD", "RETARGETING"})


def visits(summary: Json) -> Iterable[Json]:
    """Return the visits of a journey, each once: first, all in between, last."""
    moments = (summary.get("moments") or {}).get("nodes") or ()
    ends = summary.get("firstVisit"), summary.get("lastVisit")
    return {visit["id"]: visit for visit in (ends[0], *moments, ends[1]) if visit and visit.get("id")}.values()


def origin_of(visit: Json) -> channels.Origin:
    return channels.origin(
        visit.get("landingPage"),
        visit.get("referrerUrl"),
        visit.get("utmParameters"),
        visit.get("source"),
        paid=visit.get("sourceType") in PAID_TACTICS,
    )


def touchpoint(
    raw: Raw, context: Context, visit: Json, origin: channels.Origin, person: str | None, order_id: str
) -> Touchpoint:
    at = instant_from_iso(visit["occurredAt"])
    return Touchpoint(
        *head(raw, number(visit["id"])),
        platform=PLATFORM,
        occurred_at=at,
        occurred_date=local_date(at, context.zone),
        time_is_bound=False,
        kind=origin.kind,
        channel=origin.channel,
        surface=origin.surface,
        person=person,
        order_id=order_id,
        content_id=origin.content_id,
        campaign=origin.campaign,
        referrer_host=origin.referrer_host,
        landing_path=origin.landing_path,
        evidence=origin.evidence,
        selling_mode=origin.selling_mode,
    )
