"""The reports of the ad account, played: ads by day, GMV Max by campaign, product, video and LIVE.

Own reading of https://business-api.tiktok.com/portal/docs?id=1740302848100353 and
https://business-api.tiktok.com/portal/docs?id=1824721673497601: lists in a query are JSON, `filtering` is one object,
both ends of the span belong to it, videos are told for named campaigns and products only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from jalon.sandbox.clock import Clock
from jalon.sandbox.money import decimal
from jalon.sandbox.tiktok_business.selling import Figures, Selling
from jalon.sandbox.tiktok_business.words import CURRENCY, ZONE, Call, Refused, Row, paged

ADVERTISER = "7218524808659615746"
STORE, CLOSED_STORE = "7494836523330930707", "7494836523330930999"
CENTRE = "7100000000000000001"
LEVELS = ("campaign_id", "item_group_id", "item_id", "room_id")
AD_METRICS = frozenset({"campaign_id", "adgroup_id", "spend", "impressions", "clicks", "conversion", "ctr", "cpc"})
METRICS = frozenset({"cost", "net_cost", "orders", "cost_per_order", "gross_revenue", "roi"})
DIMENSIONS = frozenset((*LEVELS, "advertiser_id", "stat_time_day"))
PROMOTIONS = frozenset({"PRODUCT", "LIVE"})
CARD = "-1"
"""`item_id` of what a product's card did, and no video."""


@dataclass(slots=True)
class Reports:
    """One ad account."""

    selling: Selling
    clock: Clock

    def advertiser(self, call: Call) -> Row:
        """Answer GET advertiser/info/."""
        if ADVERTISER not in call.value("advertiser_ids", list, []):
            raise Refused(40001, "No permission to operate the advertiser.")
        row = {
            "advertiser_id": ADVERTISER,
            "name": "Atelier Jalon",
            "currency": CURRENCY,
            "timezone": ZONE.key,
            "status": "STATUS_ENABLE",
            "email": "d*****h@atelier-jalon.example",
        }
        return {"list": [row]}

    def stores(self, call: Call) -> Row:
        """Answer GET gmv_max/store/list/: one store, and one that GMV Max is not available for."""
        _own(call)
        return {
            "store_list": [
                {
                    "store_id": store,
                    "store_name": "Atelier Jalon",
                    "store_authorized_bc_id": CENTRE,
                    "is_gmv_max_available": store == STORE,
                }
                for store in (CLOSED_STORE, STORE)
            ]
        }

    def videos(self, call: Call) -> Row:
        """Answer GET gmv_max/video/get/: the videos that are up, with the products in them."""
        _own(call)
        if (call.needed("store_id"), call.needed("store_authorized_bc_id")) != (STORE, CENTRE):
            raise Refused(40002, "store_id: the store is not authorized.")
        return paged(call, [_video(item, spus) for item, spus in self.anchored()], "item_list", most=50)

    def anchored(self) -> list[tuple[str, list[str]]]:
        """Return the videos that GMV Max may use by now, and the products in each."""
        now, ids = self.clock.now(), {p.sku: p.tiktok_product_id for p in self.selling.world.products}
        shown = [each for each in self.selling.world.contents if each.kind == "VIDEO" and each.posted_at <= now]
        return [(video.id, [ids[sku] for sku in video.skus]) for video in shown]

    # --- ads

    def ads(self, call: Call) -> Row:
        """Answer GET report/integrated/get/: basic reports of ads by day alone."""
        _own(call)
        if (call.needed("report_type"), call.query.get("data_level")) != ("BASIC", "AUCTION_AD"):
            raise Refused(40002, "data_level: Invalid value.")
        if set(call.value("dimensions", list, [])) != {"ad_id", "stat_time_day"}:
            raise Refused(40002, "dimensions: Invalid grouping.")
        wanted = call.named("metrics", AD_METRICS, ["spend"])
        return paged(call, [*self._ad_rows(wanted, *call.days())], "list", most=1000)

    def _ad_rows(self, wanted: list[str], first: date, last: date) -> Iterator[Row]:
        for ad, day, figures in self.selling.ad_days(first, last, self.clock.now()):
            told = {
                "campaign_id": ad.campaign,
                "adgroup_id": ad.group,
                "spend": decimal(figures.spend, CURRENCY),
                "impressions": str(figures.impressions),
                "clicks": str(figures.clicks),
                "conversion": str(figures.conversion),
            }
            dimensions = {"ad_id": ad.id, "stat_time_day": f"{day} 00:00:00"}
            yield {"dimensions": dimensions, "metrics": {name: told[name] for name in wanted if name in told}}

    # --- GMV Max

    def gmv_max(self, call: Call) -> Row:
        """Answer GET gmv_max/report/get/."""
        _own(call)
        if call.value("store_ids", list, []) != [STORE]:
            raise Refused(40002, "store_ids: Give exactly one store that is authorized.")
        dimensions = call.named("dimensions", DIMENSIONS, [])
        levels = [name for name in dimensions if name in LEVELS]
        if len(dimensions) > 3 or "stat_time_day" not in dimensions or len(levels) != 1:
            raise Refused(40002, "dimensions: Invalid grouping.")
        wanted = call.named("metrics", METRICS, [])
        filtering = call.value("filtering", dict, {})
        rows = self._rows(levels[0], wanted, filtering, *call.days())
        return paged(call, [*rows], "list", most=1000)

    def _rows(self, level: str, wanted: list[str], filtering: Row, first: date, last: date) -> Iterator[Row]:
        day = first
        while day <= last:
            for identity, figures in self._cut(level, filtering, day):
                if any(figures):
                    dimensions = {level: identity, "stat_time_day": f"{day} 00:00:00"}
                    told = _told(figures)
                    yield {"dimensions": dimensions, "metrics": {name: told[name] for name in wanted if name in told}}
            day += timedelta(days=1)

    def _cut(self, level: str, filtering: Row, day: date) -> Iterator[tuple[str, Figures]]:
        promotions = set(filtering.get("gmv_max_promotion_types") or PROMOTIONS)
        if not promotions <= PROMOTIONS:
            raise Refused(40002, "gmv_max_promotion_types: Invalid value.")
        if level == "campaign_id":
            return self._campaigns(promotions, day)
        if not filtering.get("campaign_ids"):
            raise Refused(40002, f"filtering: campaign_ids is required with {level}.")
        below = {"item_group_id": self._products, "room_id": self._lives}.get(level, self._videos)
        return below(filtering, day)

    def _campaigns(self, promotions: set[str], day: date) -> Iterator[tuple[str, Figures]]:
        for campaign in [*self.selling.product_campaigns, self.selling.live_campaign]:
            kind = "LIVE" if campaign == self.selling.live_campaign else "PRODUCT"
            if kind in promotions:
                yield campaign, self.selling.of_campaign(campaign, day, self.clock.now())

    def _products(self, filtering: Row, day: date) -> Iterator[tuple[str, Figures]]:
        for identity, sku in self._skus().items():
            if any(sku in self.selling.product_campaigns.get(one, ()) for one in filtering["campaign_ids"]):
                yield identity, self.selling.of_product(sku, day, self.clock.now())

    def _lives(self, filtering: Row, day: date) -> Iterator[tuple[str, Figures]]:
        if self.selling.live_campaign in filtering["campaign_ids"]:
            for live in self.selling.lives:
                yield live.id, self.selling.of_live(live, day, self.clock.now())

    def _videos(self, filtering: Row, day: date) -> Iterator[tuple[str, Figures]]:
        if not filtering.get("item_group_ids"):
            raise Refused(40002, "filtering: item_group_ids is required with item_id.")
        skus = self._skus()
        for identity in filtering["item_group_ids"]:
            for video in self.selling.videos[skus[identity]]:
                yield video.id, self.selling.of_video(skus[identity], video, day, self.clock.now())
            yield CARD, self.selling.of_card(skus[identity], day, self.clock.now())

    def _skus(self) -> dict[str, str]:
        """Return the sellers' numbers of all products by TikTok's."""
        return {product.tiktok_product_id: product.sku for product in self.selling.world.products}


def _told(figures: Figures) -> dict[str, str]:
    return {
        "cost": decimal(figures.cost, CURRENCY),
        "net_cost": decimal(figures.cost * 95 // 100, CURRENCY),
        "orders": str(figures.orders),
        "gross_revenue": decimal(figures.gmv, CURRENCY),
    }


def _video(item: str, spus: list[str]) -> Row:
    person = {"identity_id": "canary-identity", "identity_type": "TT_USER", "display_name": "canary name"}
    return {"item_id": item, "text": "canary words of a creator", "spu_id_list": spus, "identity_info": [person]}


def _own(call: Call) -> None:
    if call.needed("advertiser_id") != ADVERTISER:
        raise Refused(40001, "No permission to operate the advertiser.")
