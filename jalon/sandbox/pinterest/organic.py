"""Pins and their figures on Pinterest, played.

https://developers.pinterest.com/docs/api/v5/pins-list, .../pins-analytics, .../user_account-analytics,
.../user_account-analytics-top_pins, .../catalogs_product_group_pins-list
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from jalon.sandbox.clock import Clock
from jalon.sandbox.pinterest.door import Call, Refused
from jalon.sandbox.pinterest.figures import Counts, Figures, Pin, day_of, days, status
from jalon.sandbox.pinterest.paging import chosen, flag, number, page, span

USERNAME = "atelierjalon"
SHOP = "https://atelier-jalon.example/products"
CATALOG, GROUP, EMPTY_GROUP = "864344156814050986", "443727193917", "443727193918"
STANDARD = [
    "IMPRESSION",
    "OUTBOUND_CLICK",
    "PIN_CLICK",
    "SAVE",
    "SAVE_RATE",
    "TOTAL_COMMENTS",
    "TOTAL_REACTIONS",
    "USER_FOLLOW",
    "PROFILE_VISIT",
]
VIDEO = [
    "IMPRESSION",
    "OUTBOUND_CLICK",
    "PIN_CLICK",
    "SAVE",
    "SAVE_RATE",
    "VIDEO_MRC_VIEW",
    "VIDEO_10S_VIEW",
    "QUARTILE_95_PERCENT_VIEW",
    "VIDEO_V50_WATCH_TIME",
    "VIDEO_START",
    "VIDEO_AVG_WATCH_TIME",
]
ACCOUNT = [
    "ENGAGEMENT",
    "ENGAGEMENT_RATE",
    "IMPRESSION",
    "OUTBOUND_CLICK",
    "OUTBOUND_CLICK_RATE",
    "PIN_CLICK",
    "PIN_CLICK_RATE",
    "SAVE",
    "SAVE_RATE",
]
FORMATS = [
    "ALL",
    "ORGANIC_IMAGE",
    "ORGANIC_PRODUCT",
    "ORGANIC_VIDEO",
    "ADS_STANDARD",
    "ADS_PRODUCT",
    "ADS_VIDEO",
    "ADS_IDEA",
]
SORTS = ["ENGAGEMENT", "IMPRESSION", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE"]
SOURCES = ("ALL", "YOUR_PINS", "OTHER_PINS")
OF_FORMAT = {
    "ALL": ("REGULAR", "VIDEO", "SHOPPING"),
    "ORGANIC_IMAGE": ("REGULAR",),
    "ORGANIC_VIDEO": ("VIDEO",),
    "ORGANIC_PRODUCT": ("SHOPPING",),
}
APPS = ("ALL", "MOBILE", "TABLET", "WEB")
CLAIMED = ("BOTH", "CLAIMED", "OTHER")
WHOLE = ("NO_SPLIT",)
"""Figures in one piece are what is played: a question that splits them is refused."""
NOT_PIN = "Invalid pins analytics parameters."
NOT_USER = "Invalid user accounts analytics parameters."


class Organic:
    """What the brand's account shows of itself."""

    def __init__(self, figures: Figures, clock: Clock) -> None:
        self._figures = figures
        self._clock = clock
        self._known = {pin.id: pin for pin in (*figures.own, *figures.products)}

    @property
    def today(self) -> date:
        """Return the UTC day that it is."""
        return day_of(self._clock.now())

    def user(self, _: Call) -> dict[str, Any]:
        """Answer GET /user_account."""
        pins = len(self._up())
        return {"id": "2783136121146311751", "username": USERNAME, "account_type": "BUSINESS", "pin_count": pins}

    def pins(self, call: Call) -> dict[str, Any]:
        """Answer GET /pins: newest first."""
        for name in ("pin_metrics", "include_protected_pins"):
            flag(call.query, name)
        found = page(self._up(), call.query)
        return found | {"items": [self._form(pin, call.query) for pin in found["items"]]}

    def _up(self) -> list[Pin]:
        now = self._clock.now()
        up = [pin for pin in self._figures.own if pin.post is not None and pin.post.is_up(now)]
        return sorted(up, key=lambda pin: (pin.made_at, pin.id), reverse=True)

    def _form(self, pin: Pin, query: Mapping[str, str]) -> dict[str, Any]:
        sku = pin.product.sku if pin.product else next(iter(pin.post.skus), None) if pin.post else None
        form = {
            "id": pin.id,
            "created_at": datetime.fromtimestamp(pin.made_at, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "link": f"{SHOP}/{sku.lower()}?utm_source=pinterest&utm_medium=social" if sku else None,
            "title": pin.title,
            "description": None,
            "alt_text": None,
            "board_id": "549755885175",
            "board_owner": {"username": USERNAME},
            "creative_type": pin.creative_type,
            "is_owner": True,
            "is_standard": pin.creative_type == "REGULAR",
            "has_been_promoted": any(ad.pin is pin for ad in self._figures.ads),
            "media": {"media_type": "video" if pin.creative_type == "VIDEO" else "image"},
        }
        return form | ({"pin_metrics": self._metrics(pin)} if flag(query, "pin_metrics") else {})

    def _metrics(self, pin: Pin) -> dict[str, Any]:
        lifetime = self._figures.total(pin, date.min, self.today)
        recent = self._figures.total(pin, self.today - timedelta(days=90), self.today)
        return {"90d": _counted(recent), "lifetime_metrics": _counted(lifetime) | {"reaction": lifetime.SAVE // 2}}

    # --- figures

    def pin_days(self, call: Call) -> dict[str, Any]:
        """Answer GET /pins/{id}/analytics."""
        pin = self._known.get(call.path["pin_id"])
        if pin is None or (pin.post is not None and not pin.post.is_up(self._clock.now())):
            raise Refused(404, 50, "Pin not found.")
        asked = _metric_types(call.query)
        if not set(asked) <= set(VIDEO if pin.creative_type == "VIDEO" else STANDARD):
            raise Refused(400, 400, NOT_PIN)
        chosen(call.query, "app_types", APPS, NOT_PIN, "ALL")
        chosen(call.query, "split_field", WHOLE, NOT_PIN, "NO_SPLIT")
        start, end = span(call.query, self.today, 90, 90, NOT_PIN)
        found = [(day, *self._figures.shown(pin, day, self.today)) for day in days(start, min(end, self.today))]
        daily = [_day(day, firm, counts and _named(counts, asked)) for day, firm, counts in found]
        return {"all": {"daily_metrics": daily, "lifetime_metrics": {}, "summary_metrics": _summary(daily)}}

    def account_days(self, call: Call) -> dict[str, Any]:
        """Answer GET /user_account/analytics."""
        chosen(call.query, "split_field", WHOLE, NOT_USER, "NO_SPLIT")
        start, end = span(call.query, self.today, 90, 90, NOT_USER)
        pins, asked = self._of(call.query), _metric_types(call.query, ACCOUNT)
        daily = [self._account_day(pins, day, asked) for day in days(start, min(end, self.today))]
        return {"all": {"daily_metrics": daily, "summary_metrics": _summary(daily)}}

    def _account_day(self, pins: Sequence[Pin], day: date, asked: Sequence[str]) -> dict[str, Any]:
        counts = [found for pin in pins if (found := self._figures.shown(pin, day, self.today)[1]) is not None]
        firm = status(day, self.today)
        if firm == "PROCESSING":
            return _day(day, firm, None)
        whole = Counts(*map(sum, zip(*counts, strict=True))) if counts else Counts()
        return _day(day, firm, _named(whole, asked))

    def _of(self, query: Mapping[str, str]) -> list[Pin]:
        """Return the Pins that a question about the account is about."""
        source = chosen(query, "source", SOURCES, NOT_USER, "ALL")
        kinds = OF_FORMAT.get(chosen(query, "pin_format", FORMATS, NOT_USER, "ALL"), ())
        chosen(query, "content_type", ("ALL", "PAID", "ORGANIC"), NOT_USER, "ALL")
        chosen(query, "app_types", APPS, NOT_USER, "ALL")
        chosen(query, "from_claimed_content", CLAIMED, NOT_USER, "BOTH")
        mine = [] if source == "OTHER_PINS" else [*self._figures.own, *self._figures.products]
        others = [] if source == "YOUR_PINS" else self._figures.strangers
        return [pin for pin in (*mine, *others) if pin.creative_type in kinds]

    def top_pins(self, call: Call) -> dict[str, Any]:
        """Answer GET /user_account/analytics/top_pins: at most 50, summed over the window."""
        start, end = span(call.query, self.today, 90, 90, NOT_USER)
        sort = chosen(call.query, "sort_by", SORTS, NOT_USER)
        asked, most = _metric_types(call.query, ACCOUNT), number(call.query, "num_of_pins", 10, 1, 50)
        rows = [row for pin in self._of(call.query) if (row := self._top(pin, start, end, asked))["metrics"]]
        rows.sort(key=lambda row: (-row["metrics"].get(sort, 0), row["pin_id"]))
        latest = datetime.combine(self.today - timedelta(days=1), datetime.min.time(), UTC).timestamp()
        return {
            "date_availability": {"latest_available_timestamp": latest * 1000 - 1, "is_realtime": False},
            "pins": rows[:most],
            "sort_by": sort,
        }

    def _top(self, pin: Pin, start: date, end: date, asked: Sequence[str]) -> dict[str, Any]:
        shown = [self._figures.shown(pin, day, self.today) for day in days(start, end)]
        counts = [found for _, found in shown if found is not None]
        whole = Counts(*map(sum, zip(*counts, strict=True))) if counts else None
        metrics = _named(whole, asked) if whole is not None and any(whole) else {}
        firm = "READY" if all(each == "READY" for each, _ in shown) else "ESTIMATE"
        return {"pin_id": pin.id, "metrics": metrics, "data_status": dict.fromkeys(metrics, firm)}

    # --- catalogs

    def catalogs(self, call: Call) -> dict[str, Any]:
        """Answer GET /catalogs."""
        times = {"created_at": "2026-01-14T15:15:22Z", "updated_at": "2026-01-14T15:16:34Z"}
        return page([{"id": CATALOG, "name": "Atelier Jalon", "catalog_type": "RETAIL", **times}], call.query)

    def groups(self, call: Call) -> dict[str, Any]:
        """Answer GET /catalogs/product_groups."""
        if call.query.get("catalog_id", CATALOG) != CATALOG:
            raise Refused(404, 678, "Sorry! We couldn't find that catalog.")
        kinds = ((GROUP, "ALL_PRODUCTS", "All products"), (EMPTY_GROUP, "BEST_DEALS", "Best deals"))
        return page([_group(*kind) for kind in kinds], call.query)

    def products(self, call: Call) -> dict[str, Any]:
        """Answer GET /catalogs/product_groups/{id}/products."""
        if call.path["group_id"] not in (GROUP, EMPTY_GROUP):
            raise Refused(404, 4180, "Sorry! We could not find your catalogs product group.")
        flag(call.query, "pin_metrics")
        made = [pin for pin in self._figures.products if pin.made_at <= self._clock.now()]
        found = page(made if call.path["group_id"] == GROUP else [], call.query)
        return found | {"items": [self._product(pin, call.query) for pin in found["items"]]}

    def _product(self, pin: Pin, query: Mapping[str, str]) -> dict[str, Any]:
        assert pin.product is not None
        metadata = {
            "item_id": pin.product.sku,
            "item_group_id": None,
            "availability": "IN_STOCK",
            "price": pin.product.prices["EUR"] / 100,
            "sale_price": None,
            "currency": "EUR",
        }
        return {"catalog_type": "RETAIL", "metadata": metadata, "pin": self._form(pin, query)}


def _group(identity: str, kind: str, name: str) -> dict[str, Any]:
    return {
        "id": identity,
        "name": name,
        "type": kind,
        "status": "ACTIVE",
        "catalog_id": CATALOG,
        "catalog_type": "RETAIL",
        "feed_id": None,
        "filters": {"all_of": []},
    }


def _metric_types(query: Mapping[str, str], known: Sequence[str] | None = None) -> list[str]:
    """Return the metrics that are asked for; of a Pin they are required, of the account all is the default."""
    if known is not None and "metric_types" not in query:
        return list(known)
    asked = query.get("metric_types", "").split(",")
    if not set(asked) <= set(known or (*STANDARD, *VIDEO)):
        raise Refused(400, 400, NOT_USER if known else NOT_PIN)
    return asked


def _named(counts: Counts, asked: Sequence[str]) -> dict[str, int]:
    """Return the figures that are asked for and that the brand has."""
    known = counts._asdict() | {"ENGAGEMENT": counts.engagement, "VIDEO_MRC_VIEW": counts.IMPRESSION // 3}
    return {name: known[name] for name in asked if name in known}


def _day(day: date, firm: str, metrics: Mapping[str, int] | None) -> dict[str, Any]:
    return {"date": day.isoformat(), "data_status": firm, "metrics": metrics or {}}


def _summary(daily: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    summed: dict[str, int] = {}
    for day in daily:
        for name, value in day["metrics"].items():
            summed[name] = summed.get(name, 0) + value
    return summed


def _counted(counts: Counts) -> dict[str, int]:
    return {
        "impression": counts.IMPRESSION,
        "pin_click": counts.PIN_CLICK,
        "clickthrough": counts.OUTBOUND_CLICK,
        "save": counts.SAVE,
    }
