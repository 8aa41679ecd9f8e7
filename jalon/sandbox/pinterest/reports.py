"""Ads reports of Pinterest, played: ordered, made after a while, fetched from a file whose address soon dies.

https://developers.pinterest.com/docs/api/v5/analytics-create_report, .../analytics-get_report
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.pinterest.door import AD_ACCOUNT, Call, Refused
from jalon.sandbox.pinterest.figures import Figures, day_of, days
from jalon.sandbox.pinterest.paging import span

LINK_LIFE, REPORT_LIFE = 300, 3600
INVALID = "Invalid ad account ads analytics parameters."
COLUMNS = frozenset(
    [
        "AD_ID",
        "PIN_ID",
        "CAMPAIGN_ID",
        "AD_GROUP_ID",
        "PRODUCT_ITEM_PIN_URL",
        "SPEND_IN_MICRO_DOLLAR",
        "IMPRESSION_1",
        "IMPRESSION_2",
        "CLICKTHROUGH_1",
        "OUTBOUND_CLICK_1",
        "OUTBOUND_CLICK_2",
        "IDEA_PIN_PRODUCT_TAG_VISIT_1",
        "IDEA_PIN_PRODUCT_TAG_VISIT_2",
        "TOTAL_IDEA_PIN_PRODUCT_TAG_VISIT",
        "TOTAL_ADD_TO_CART",
        "TOTAL_CHECKOUT",
        "TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR",
    ]
)
"""Columns that are played; any other is refused as if there were none such. Of orders, that by id alone is played."""
TIMES = ("TIME_OF_AD_ACTION", "TIME_OF_CONVERSION")
WINDOWS = ("click_window_days", "engagement_window_days", "view_window_days")
WINDOW_DAYS = (0, 1, 7, 14, 30, 60)
REACH = {"PIN_PROMOTION": (914, 186), "PRODUCT_ITEM": (92, 31)}
"""Level -> days back, days long."""
OF_ADS = ("PIN_PROMOTION", "AD_", "PIN_ID", "ADS_")
"""Beginnings of columns that are refused for products."""


@dataclass(slots=True)
class Job:
    """One report that was ordered."""

    level: str
    columns: frozenset[str]
    start: date
    end: date
    ordered_at: float
    link: str = ""
    link_until: float = 0.0


class Reports:
    """The reports of one ad account."""

    def __init__(self, figures: Figures, clock: Clock, limits: Mapping[str, float], currency: str) -> None:
        self._figures = figures
        self._clock = clock
        self._limits = limits
        self._currency = currency
        self._jobs: dict[str, Job] = {}

    def account(self, call: Call) -> dict[str, Any]:
        """Answer GET /ad_accounts/{id}."""
        self._own(call)
        return {"id": AD_ACCOUNT, "name": "Atelier Jalon", "currency": self._currency, "country": "FR"}

    def create(self, call: Call) -> dict[str, Any]:
        """Answer POST /ad_accounts/{id}/reports."""
        self._own(call)
        words = call.words
        back, longest = REACH.get(str(words.get("level")), (0, 0))
        start, end = span(words, day_of(self._clock.now()), back, longest - 1, INVALID)
        columns = _columns(words)
        if words.get("granularity") != "DAY" or words.get("report_format", "JSON") != "JSON":
            raise Refused(400, 400, INVALID)
        if any(words.get(name, 30) not in WINDOW_DAYS for name in WINDOWS):
            raise Refused(400, 400, INVALID)
        if words.get("conversion_report_time", TIMES[0]) not in TIMES or words.get("primary_sort", "BY_ID") != "BY_ID":
            raise Refused(400, 400, INVALID)
        token = secrets.token_urlsafe(24)
        self._jobs[token] = Job(words["level"], columns, start, end, self._clock.now())
        return {"token": token, "report_status": "IN_PROGRESS", "message": None}

    def state(self, call: Call) -> dict[str, Any]:
        """Answer GET /ad_accounts/{id}/reports."""
        self._own(call)
        if not call.query.get("token"):
            raise Refused(400, 400, INVALID)
        job, now = self._jobs.get(call.query["token"]), self._clock.now()
        if job is None:
            return {"report_status": "DOES_NOT_EXIST", "url": None, "size": None}
        if now - job.ordered_at > REPORT_LIFE:
            return {"report_status": "EXPIRED", "url": None, "size": None}
        if now - job.ordered_at < self._limits["report_seconds"]:
            return {"report_status": "IN_PROGRESS", "url": None, "size": None}
        job.link, job.link_until = secrets.token_urlsafe(16), now + LINK_LIFE
        url = f"{call.base}/reports/{job.link}.json?X-Amz-Signature=canary-{job.link}"
        return {"report_status": "FINISHED", "url": url, "size": len(self._content(job))}

    async def file(self, request: web.Request) -> web.Response:
        """Answer a file's address; it needs no token, and dies after five minutes."""
        link, now = request.match_info["link"], self._clock.now()
        job = next((job for job in self._jobs.values() if job.link and job.link == link), None)
        if job is None or now > job.link_until or "authorization" in request.headers:
            return web.Response(status=403, text="<Error><Code>AccessDenied</Code></Error>", content_type="text/xml")
        return web.Response(body=self._content(job), content_type="application/json")

    def _own(self, call: Call) -> None:
        if call.path["account"] != AD_ACCOUNT:
            raise Refused(403, 29, "You are not permitted to access that resource.")

    def _content(self, job: Job) -> bytes:
        return orjson.dumps(self.rows(job.level, job.start, job.end, job.columns))

    def rows(self, level: str, start: date, end: date, columns: frozenset[str]) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of a report by what it is cut by; a row without figures is left out, and so is a zero."""
        today = day_of(self._clock.now())
        found: dict[str, list[dict[str, Any]]] = {}
        for identity, about, row_of in self._subjects(level):
            for day in days(start, min(end, today)):
                figures = {name: value for name, value in row_of(day, today).items() if name in columns}
                if figures:
                    row = {"DATE": day.isoformat(), **{k: v for k, v in about.items() if k in columns}, **figures}
                    found.setdefault(identity, []).append(row)
        return found

    def _subjects(self, level: str) -> list[tuple[str, dict[str, Any], Any]]:
        figures = self._figures
        if level == "PIN_PROMOTION":
            return [
                (
                    ad.id,
                    {"AD_ID": ad.id, "PIN_ID": ad.pin.id, "CAMPAIGN_ID": int(ad.campaign), "AD_GROUP_ID": ad.group},
                    lambda day, today, ad=ad: figures.ad_row(
                        ad, day, today, self._limits["moved_after"], self._limits["void_after"]
                    ),
                )
                for ad in figures.ads
            ]
        return [
            (
                str(901_000 + number),
                {"PRODUCT_ITEM_PIN_URL": f"https://www.pinterest.com/pin/{pin.id}/"},
                lambda day, today, pin=pin: figures.item_row(pin, day, today, self._limits["void_after"]),
            )
            for number, pin in enumerate(figures.products)
        ]


def _columns(words: Mapping[str, Any]) -> frozenset[str]:
    """Return the columns that are asked for; refuse none, unknown ones, and those of ads where products are told."""
    found = words.get("columns")
    if not isinstance(found, list) or not found or not all(isinstance(each, str) for each in found):
        raise Refused(400, 400, INVALID)
    if not COLUMNS.issuperset(found):
        raise Refused(400, 400, INVALID)
    if words["level"] == "PRODUCT_ITEM" and any(column.startswith(OF_ADS) for column in found):
        raise Refused(400, 400, INVALID)
    return frozenset(found)
