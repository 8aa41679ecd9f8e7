"""What own channels tell beside sales: touchpoints, answers, figures, contents, products, and who is one person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import get_args

from jalon.normalize import channels
from jalon.normalize.form_sales import MODES, touch
from jalon.normalize.forms import Form
from jalon.normalize.records import joined
from jalon.normalize.vocabulary import (
    Answer,
    Content,
    ContentTag,
    Evidence,
    Fact,
    Measure,
    Product,
    SellingMode,
    Survey,
    TouchKind,
    Touchpoint,
    Unfit,
)

# --- what persons did -----------------------------------------------------------------------------------------------

OWN_RECORD = ("purchase", "refund", "survey")
"""Kinds of touchpoint that follow from an order, a refund, an answer: told twice, they would count twice."""
TELLABLE = tuple(kind for kind in get_args(TouchKind) if kind not in OWN_RECORD)


def touchpoint(form: Form) -> Iterator[Fact]:
    """Yield an event of one person, and what it states about who that is.

    Where the record names no channel, the address that was opened says it, as it does for a visit of the shop.
    """
    moment, kind = form.moment("occurred_at"), form.word("kind", TELLABLE)
    origin = channels.origin(form.text("landing_page"), form.text("referrer"))
    channel = form.text("channel")
    if channel is None and form.text("landing_page") is None:
        raise Unfit("missing_field", "neither channel nor landing_page is told")
    order = form.order_id() if form.text("order_id") else None
    yield Touchpoint(
        *form.head(f"event/{form.key('id', 'platform')}"),
        platform=form.needed("platform"),
        occurred_at=moment.at,
        occurred_date=moment.day,
        time_is_bound=moment.is_day,
        kind=kind,
        channel=form.channel(origin.channel),
        surface=form.text("surface") or (None if channel else origin.surface),
        person=form.person(),
        order_id=order,
        content_id=form.text("content_id") or origin.content_id,
        creator_id=form.text("creator_id"),
        product_id=form.text("product_id"),
        campaign=form.text("campaign") or origin.campaign,
        referrer_host=origin.referrer_host,
        landing_path=origin.landing_path,
        evidence=_evidence(channel, origin),
        selling_mode=form.word("selling_mode", MODES, _mode(kind, origin)),
    )
    yield from form.identities("event")


def _evidence(channel: str | None, origin: channels.Origin) -> Evidence:
    """Return how the channel is known: by the record, where it names one."""
    return "platform_row" if channel else origin.evidence


def _mode(kind: TouchKind, origin: channels.Origin) -> SellingMode:
    """A click that leads to the shop is `linked`."""
    return "linked" if kind in ("content_click", "tag_click", "ad_click") else origin.selling_mode


SCALES: dict[Survey, tuple[int, int]] = {"nps": (0, 10), "ces": (1, 7), "csat": (1, 5), "review": (1, 5)}
"""Customary scale of a survey, where the record does not tell its own."""


def answer(form: Form) -> Iterator[Fact]:
    """Yield an answer, and the touchpoint that it is where it is told how it was asked."""
    survey: Survey = form.word("survey", get_args(Survey))
    given, score, choice = form.moment("answered_at"), form.integer("score"), form.code("choice")
    if score is None and choice is None:
        raise Unfit("missing_field", "neither score nor choice is told")
    lowest, highest = _scale(form, survey)
    if score is not None and not lowest <= score <= highest:
        raise Unfit("bad_score", f"score does not lie between {lowest} and {highest}")
    order, key = form.order_id() if form.text("order_id") else None, form.key("answer_id", "platform", "survey")
    yield Answer(
        *form.head(key),
        platform=form.needed("platform"),
        survey=survey,
        question=form.text("question"),
        answered_at=given.at,
        answered_date=given.day,
        score=score,
        lowest=None if score is None else lowest,
        highest=None if score is None else highest,
        choice=choice,
        person=form.person(),
        order_id=order,
        product_id=form.text("product_id"),
    )
    if form.text("channel"):
        kind: TouchKind = "review" if survey == "review" else "survey"
        yield touch(form, f"answer/{key}", kind, given, form.channel(), order)
    yield from form.identities("survey")


def _scale(form: Form, survey: Survey) -> tuple[int, int]:
    low, high = SCALES.get(survey, (1, 5))
    lowest, highest = form.integer("lowest"), form.integer("highest")
    low, high = (low if lowest is None else lowest), (high if highest is None else highest)
    if low >= high:
        raise Unfit("bad_score", "lowest is not below highest")
    return low, high


def identity(form: Form) -> Iterator[Fact]:
    """Yield what is stated to be one person."""
    if len(form.persons()) < 2:
        raise Unfit("missing_field", "fewer than two identifiers are told")
    yield from form.identities(form.text("evidence") or "stated")


# --- what is counted, shown and sold --------------------------------------------------------------------------------

COUNTS = (
    "impressions", "reach", "views", "clicks", "tag_clicks", "sends", "delivered", "opens", "bounces", "unsubscribes",
    "complaints", "sign_ups", "conversions", "visits", "likes", "comments", "shares", "saves",
)  # fmt: skip
AMOUNTS = ("spend", "conversion_value")
"""Both may be below zero: networks credit what was charged too much, and restate claimed revenue for returns."""


def figures(form: Form) -> Iterator[Fact]:
    """Yield a measure for each figure that is told. Empty is unknown, not 0."""
    counted: list[tuple[str, int, str | None]]
    counted = [(name, found, None) for name in COUNTS if (found := form.count(name)) is not None]
    amounts = [name for name in AMOUNTS if form.body.get(name) not in (None, "")]
    if amounts:
        currency = form.currency()
        counted += [(name, form.money(name, currency) or 0, currency) for name in amounts]
    if not counted:
        raise Unfit("missing_field", "no figure is told")
    for name, value, currency_code in counted:
        yield _measure(form, name, value, currency_code)


def _measure(form: Form, metric: str, value: int, currency: str | None) -> Measure:
    start = form.day("start")
    if start is None:
        raise Unfit("missing_field", "start is missing")
    last = form.day("end") or start
    if last < start:
        raise Unfit("impossible_date", "end is before start")
    platform = form.needed("platform")
    about = (platform, *map(form.text, ("campaign_id", "content_id", "product_id", "creator_id")))
    return Measure(
        *form.head(joined(*about, start.isoformat(), last.isoformat(), metric)),
        platform=platform,
        metric=metric,
        content_id=form.text("content_id"),
        product_id=form.text("product_id"),
        creator_id=form.text("creator_id"),
        start_date=start,
        end_date=last + timedelta(days=1),
        zone=form.context.zone.key,
        value=value,
        currency=currency,
        finality=form.word("finality", ("final", "estimate", "processing"), "final"),
        definition=f"as {platform} tells it",
        campaign_id=_campaign(form),
    )


def _campaign(form: Form) -> str | None:
    """Return the campaign that is named, whole: a slash in its name leads to nothing below it."""
    name = form.text("campaign_id")
    return name and name.replace("/", "%2F")


def content(form: Form) -> Iterator[Fact]:
    """Yield a content and the products tagged in it."""
    content_id, platform = form.needed("content_id"), form.needed("platform")
    kind = form.needed("kind")
    posted, ended = form.when("posted_at"), form.when("ended_at")
    yield Content(
        *form.head(form.raw.key),
        platform=platform,
        content_id=content_id,
        kind=kind,
        surface=form.text("surface") or kind,
        creator_id=form.text("creator_id"),
        title=form.text("title"),
        posted_at=posted.at if posted else None,
        ended_at=ended.at if ended else None,
        url=form.text("url"),
        selling_mode=form.word("selling_mode", MODES, "communication"),
    )
    for product_id in dict.fromkeys(form.texts("product_ids")):
        yield ContentTag(
            *form.head(f"{form.raw.key}|{product_id}"), platform=platform, content_id=content_id, product_id=product_id
        )


def product(form: Form) -> Iterator[Fact]:
    """Yield a product or a variant."""
    product_id = form.needed("product_id")
    currency = form.currency() if form.text("currency") else None
    if currency is None and form.body.get("price") not in (None, ""):
        raise Unfit("missing_field", "currency is missing")
    yield Product(
        *form.head(form.raw.key),
        platform=form.needed("platform"),
        product_id=product_id,
        variant_id=form.text("variant_id") or product_id,
        sku=form.text("sku"),
        title=form.text("title"),
        status=form.text("status"),
        price=form.amount("price", currency) if currency else None,
        currency=currency,
    )
