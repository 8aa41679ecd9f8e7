"""What the ad account's records mean: what ads and GMV Max cost and claim by day, and products in videos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jalon.normalize.fields import Row, inner, needed, not_negative, text
from jalon.normalize.measures import Figure, Finality, Subject, measures, one_day
from jalon.normalize.money import rounded
from jalon.normalize.records import head
from jalon.normalize.tiktok_business.common import PLATFORM, counts, day_in, definition
from jalon.normalize.vocabulary import ContentTag, Context, Fact, Raw, Unfit

# https://business-api.tiktok.com/portal/docs?id=1740302848100353
OF_AD = {"impressions": "impressions", "clicks": "clicks", "conversion": "attributed_conversions"}
# https://business-api.tiktok.com/portal/docs?id=1824721673497601
GMV_MAX_MONEY = {"cost": "spend", "net_cost": "net_spend", "gross_revenue": "attributed_gmv"}
CLAIMED = "attributed_"
"""How the names of what is claimed begin."""

CARD = "-1"
"""`item_id` of what a product's card did, which is no video."""
CLAIM = "all paid and organic orders while the campaign runs"
"""https://ads.tiktok.com/help/article/about-attribution-for-gmv-max"""
GOAL = "conversions by the goal and the attribution windows of the ad group"


def ad_day(raw: Raw, _: Context) -> list[Fact]:
    """Return an ad's figures of one day, under its campaign and ad group."""
    body, ad = raw.body, needed(raw.body, "ad_id")
    metrics = inner(body, "metrics")
    path = "/".join((needed(metrics, "campaign_id"), needed(metrics, "adgroup_id"), ad))
    subject = _reported(body, f"ad/{ad}", "report BASIC, AUCTION_AD")._replace(campaign_id=path)
    figures = (*_money(metrics, {"spend": "spend"}, body), *counts(metrics, OF_AD))
    return [*measures(raw, PLATFORM, subject, _claimed(figures, subject, GOAL))]


def gmv_max_day(raw: Raw, _: Context) -> list[Fact]:
    """Return what a campaign of GMV Max cost and claims on one day: as a whole, or of a product, a video, a LIVE.

    What a product's card did is in the product's own figures: beside its videos, as one of them, it would be a content
    that there is not, and the same one for all products.
    """
    body, campaign = raw.body, needed(raw.body, "campaign_id")
    if text(body, "item_id") == CARD:
        return []
    product, content = text(body, "item_group_id"), text(body, "item_id") or text(body, "room_id")
    path = "/".join(each for each in ("gmv_max", needed(body, "store_id"), campaign, product, content) if each)
    subject = _reported(body, path, "GMV Max")._replace(content_id=content, product_id=product, campaign_id=campaign)
    metrics = inner(body, "metrics")
    figures = (*_money(metrics, GMV_MAX_MONEY, body), *counts(metrics, {"orders": "attributed_orders"}))
    return [*measures(raw, PLATFORM, subject, _claimed(figures, subject, CLAIM))]


def _reported(body: Row, key: str, counted: str) -> Subject:
    """Return the day of a report: processing while it lasts, final once nothing is restated any more."""
    day = day_in(body, "day")
    firm: Finality = "processing" if body.get("over") is not True else "estimate"
    return Subject(
        key,
        one_day(day),
        needed(body, "zone"),
        "final" if body.get("settled") is True else firm,
        definition(body, counted),
    )


def _claimed(figures: Iterable[Figure], subject: Subject, rule: str) -> Iterator[Figure]:
    """Yield figures, those that the platform claims with the rule by which it does."""
    for figure in figures:
        is_claim = figure.metric.startswith(CLAIMED)
        yield figure._replace(definition=f"{subject.definition}; {rule}") if is_claim else figure


def shop_video(raw: Raw, _: Context) -> list[Fact]:
    """Return the products anchored in a video that GMV Max may use."""
    item, anchored = needed(raw.body, "item_id"), raw.body.get("spu_id_list") or []
    if not isinstance(anchored, list):
        raise Unfit("bad_record", "'spu_id_list' is no list")
    products = [needed({"spu_id": each}, "spu_id") for each in anchored]
    return [
        ContentTag(
            *head(raw, f"{item}/{product}"),
            platform=PLATFORM,
            content_id=item,
            product_id=product,
        )
        for product in dict.fromkeys(products)
    ]


def _money(row: Row, names: dict[str, str], body: Row) -> Iterator[Figure]:
    """Yield the amounts that are there, in the ad account's currency."""
    for name, metric in names.items():
        if amount := text(row, name):
            currency = needed(body, "currency")
            yield Figure(metric, not_negative(rounded(amount, currency)), currency)
