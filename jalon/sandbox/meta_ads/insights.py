"""Ads Insights, played: figures at once or by report, cut by level and product, claimed by overlapping actions.

Own reading of the Insights reference as of v26.0: every number is text, a list per action, a column per window that was
asked for. More than is answered at once is refused with code 100 and subcode 1487534; a report takes its time, says
`Job Completed` a little before it is whole, and may fail without a reason. Who asks a parent for its ads is told
nothing of deleted ones, unless a filter names that status.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from jalon.sandbox.clock import Clock
from jalon.sandbox.graph_api.paging import page
from jalon.sandbox.graph_api.words import Call, Refused, Row
from jalon.sandbox.meta_ads.campaigns import CURRENCY, Ad, Figures, ads_of, by_product, product_id, shown, together
from jalon.sandbox.money import decimal
from jalon.sandbox.world import World

LEVELS = ("account", "campaign", "adset", "ad")
WINDOWS = frozenset({"1d_click", "7d_click", "28d_click", "1d_view", "7d_view", "28d_view", "1d_ev", "default"})
_FIELDS = """
    account_currency account_id campaign_id campaign_name adset_id adset_name ad_id ad_name date_start date_stop spend
    impressions clicks inline_link_clicks outbound_clicks actions action_values product_retailer_id reach shop_clicks
    product_views converted_product_omni_purchase converted_product_omni_purchase_values
    converted_product_website_pixel_purchase converted_product_website_pixel_purchase_value
"""
FIELDS = frozenset(_FIELDS.split())
STATUS = "ad.effective_status"
_STATUSES = """
    ACTIVE ADSET_PAUSED ARCHIVED CAMPAIGN_PAUSED DELETED DISAPPROVED IN_PROCESS PAUSED PENDING_BILLING_INFO
    PENDING_REVIEW PREAPPROVED WITH_ISSUES
"""
STATUSES = frozenset(_STATUSES.split())
LISTED = ("actions", "action_values", "outbound_clicks", "converted_product_")
"""Beginnings of the fields that hold a list."""
ENOUGH = 95
"""Per cent from which a report says that it is completed, though it is not whole."""
SHARES = {"omni_purchase": 100, "offsite_conversion.fb_pixel_purchase": 75, "onsite_web_purchase": 100}
"""Action -> per cent of all purchases in it: the first holds the others."""


@dataclass(slots=True)
class Run:
    """A report being made."""

    id: str
    query: Mapping[str, str]
    node: str
    begun: float
    fails: bool


@dataclass(slots=True)
class Insights:
    """The figures of one ad account.

    `limits`: `rows_at_once` and `rows_by_report` (0: no limit), `lists_at_once` (fields of a question that hold a list,
    at once or by report; 0: no limit), `report_seconds`, `reports_failing` (so many of the next reports fail),
    `void_after` (days after which what an ad did on one day in three is told no more; 0: never).
    """

    world: World
    clock: Clock
    account: str
    limits: dict[str, float]
    runs: dict[str, Run] = field(default_factory=dict)

    # --- answers

    def at_once(self, call: Call) -> Row:
        """Answer GET /{node}/insights, of the account, a campaign, an ad set or an ad."""
        rows = self._rows(call.path[0], call.query)
        if self._is_wide(call) or (self.limits["rows_at_once"] and len(rows) > self.limits["rows_at_once"]):
            raise Refused(100, "Please reduce the amount of data: the query is too big", 1487534)
        return _page(call, rows)

    def begin(self, call: Call) -> Row:
        """Answer POST /{node}/insights: a report is begun."""
        rows = self._rows(call.path[0], call.query)
        most = self.limits["rows_by_report"]
        too_big = self._is_wide(call) or (bool(most) and len(rows) > most)
        unlucky = self.limits["reports_failing"] > 0
        self.limits["reports_failing"] -= unlucky
        run = Run(
            str(6_023_000_000_000 + len(self.runs)), call.query, call.path[0], self.clock.now(), too_big or unlucky
        )
        self.runs[run.id] = run
        return {"report_run_id": run.id}

    def state(self, call: Call) -> Row:
        """Answer GET /{report_run_id}."""
        run, percent = self._run(call.path[0])
        status = "Job Not Started" if percent == 0 else "Job Completed" if percent >= ENOUGH else "Job Running"
        if run.fails and percent > 50:
            return {"id": run.id, "async_status": "Job Failed", "async_percent_completion": percent}
        return {"id": run.id, "async_status": status, "async_percent_completion": percent}

    def report(self, call: Call) -> Row:
        """Answer GET /{report_run_id}/insights, once it is whole."""
        run, percent = self._run(call.path[0])
        if run.fails or percent < 100:
            raise Refused(2601, "Loading Async Ads Request Failed: the report is not complete")
        return _page(call, self._rows(run.node, run.query))

    def _is_wide(self, call: Call) -> bool:
        most = self.limits["lists_at_once"]
        return bool(most) and sum(name.startswith(LISTED) for name in call.query.get("fields", "").split(",")) > most

    def _run(self, name: str) -> tuple[Run, int]:
        run = self.runs.get(name)
        if run is None:
            raise Refused(100, f"Object with ID '{name}' does not exist", 33)
        seconds = self.limits["report_seconds"]
        done = (self.clock.now() - run.begun) / seconds if seconds else 1.0
        return run, min(100, int(done * 100))

    # --- rows

    def _rows(self, node: str, query: Mapping[str, str]) -> list[Row]:
        asked = Asked.read(query)
        cut: dict[tuple[str, ...], tuple[Ad, str, date, Figures]] = {}
        for ad, sku, day, figures in self._figures(node, asked):
            level = LEVELS.index(asked.level)
            ids = (ad.campaign, ad.adset, ad.id)[:level] if level else ()
            key = (day.isoformat(), *ids, sku)
            before = cut[key][3] if key in cut else Figures()
            cut[key] = ad, sku, day, together(before, figures)
        return [asked.row(self.account, *cut[key]) | {"_key": "/".join(key)} for key in sorted(cut, reverse=True)]

    def _figures(self, node: str, asked: Asked) -> Iterator[tuple[Ad, str, date, Figures]]:
        now = self.clock.now()
        found = [ad for ad in ads_of(self.world) if node in (f"act_{self.account}", ad.campaign, ad.adset, ad.id)]
        if not found:
            raise Refused(100, f"Object with ID '{node}' does not exist", 33)
        for day in asked.days():
            for ad in found:
                whole = shown(self.world, ad, day, now, self.limits["void_after"])
                if whole.impressions and (asked.tells(ad) or node == ad.id):
                    parts = by_product(ad, whole) if asked.by_product else {"": whole}
                    yield from ((ad, sku, day, figures) for sku, figures in parts.items())


def _page(call: Call, rows: list[Row]) -> Row:
    return page(
        call, rows, lambda row: str(row["_key"]), lambda row: {k: v for k, v in row.items() if k != "_key"}, most=1000
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query asks for."""

    level: str
    fields: tuple[str, ...]
    since: date
    until: date
    by_product: bool
    windows: tuple[str, ...]
    statuses: frozenset[str]
    """Of ads, that a filter names; empty: there is none."""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Asked:
        """Return what is asked for; raise Refused for what the platform does not know."""
        level, fields = query.get("level", "account"), tuple(filter(None, query.get("fields", "").split(",")))
        windows, breakdowns = _listed(query, "action_attribution_windows"), _listed(query, "breakdowns")
        if strange := [name for name in fields if name not in FIELDS]:
            raise Refused(100, f"{strange[0]} is not valid for fields param")
        if level not in LEVELS or not set(windows) <= WINDOWS or not set(breakdowns) <= {"product_id"}:
            raise Refused(100, "Invalid parameter")
        since, until = _range(query)
        return cls(level, fields, since, until, bool(breakdowns), windows, _statuses(query))

    def tells(self, ad: Ad) -> bool:
        """Say whether an ad counts in what is asked of a parent."""
        if self.statuses:
            return ad.status in self.statuses
        return self.level != "ad" or ad.status != "DELETED"

    def days(self) -> list[date]:
        """Return the days asked for, each a row of its own."""
        return [self.since + timedelta(days=n) for n in range((self.until - self.since).days + 1)]

    def row(self, account: str, ad: Ad, sku: str, day: date, figures: Figures) -> Row:
        """Return a row with the fields asked for; what has no figure is left out."""
        level = LEVELS.index(self.level)
        ids = {"campaign_id": ad.campaign, "adset_id": ad.adset, "ad_id": ad.id}
        whole: Row = dict(list(ids.items())[:level])
        whole |= {"account_currency": CURRENCY, "account_id": account, "spend": decimal(figures.spend, CURRENCY)}
        whole |= {name: str(value) for name, value in _counts(figures).items()}
        whole |= self._claims(figures, sku)
        if sku:
            whole |= {"product_retailer_id": sku}
        row = {name: whole[name] for name in self.fields if name in whole}
        row |= {"date_start": day.isoformat(), "date_stop": day.isoformat()}
        return row | ({"product_id": f"{product_id(sku)}, {sku} by name"} if sku else {})

    def _claims(self, figures: Figures, sku: str) -> Row:
        actions, values = [], []
        for action, percent in SHARES.items():
            counts = _windows(figures, percent)
            if total := counts["7d_click"] + counts["1d_view"]:
                told = {window: counts[window] for window in self.windows if counts.get(window)}
                actions.append({"action_type": action, "value": str(total), **_written(told, None)})
                worth = {"value": decimal(total * figures.worth, CURRENCY), **_written(told, figures.worth)}
                values.append({"action_type": action, **worth})
        outbound = [{"action_type": "outbound_click", "value": str(figures.outbound_clicks)}]
        if not sku:
            return {"outbound_clicks": outbound, "actions": actions, "action_values": values}
        return {
            "converted_product_omni_purchase": actions[:1],
            "converted_product_omni_purchase_values": values[:1],
            "converted_product_website_pixel_purchase": actions[1:2],
            "converted_product_website_pixel_purchase_value": values[1:2],
        }


def _counts(figures: Figures) -> dict[str, int]:
    return {
        "impressions": figures.impressions,
        "clicks": figures.clicks,
        "inline_link_clicks": figures.link_clicks,
        "reach": figures.impressions * 4 // 5,
    }


def _windows(figures: Figures, percent: int) -> dict[str, int]:
    """Return an action's purchases by window; those of views beyond a day have returned nothing since January 2026."""
    clicks, views = figures.by_click * percent // 100, figures.by_view * percent // 100
    return {
        "1d_click": clicks // 2,
        "7d_click": clicks,
        "28d_click": clicks + figures.by_late_click,
        "1d_view": views,
    }


def _written(counts: Mapping[str, int], worth: int | None) -> dict[str, str]:
    return {name: str(n) if worth is None else decimal(n * worth, CURRENCY) for name, n in counts.items()}


def _listed(query: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = _json(query.get(name, "[]"), name)
    if not isinstance(found, list):
        raise Refused(100, f"Param {name} must be an array.")
    return tuple(map(str, found))


def _statuses(query: Mapping[str, str]) -> frozenset[str]:
    found: set[str] = set()
    for each in _json(query.get("filtering", "[]"), "filtering"):
        if not isinstance(each, dict) or (each.get("field"), each.get("operator")) != (STATUS, "IN"):
            raise Refused(100, "Param filtering[0][field] must be a field that can be filtered by")
        found |= set(each.get("value", ()))
    if not found <= STATUSES:
        raise Refused(100, f"Filtering field {STATUS} with operation in is not supported for such a value")
    return frozenset(found)


def _range(query: Mapping[str, str]) -> tuple[date, date]:
    found = _json(query.get("time_range", "{}"), "time_range")
    try:
        since, until = date.fromisoformat(found["since"]), date.fromisoformat(found["until"])
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(100, "Must be a date representation in the format YYYY-MM-DD") from error
    if since > until or query.get("time_increment", "1") != "1":
        raise Refused(100, "Invalid parameter: time_range")
    return since, until


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Refused(100, f"Param {name} must be JSON.") from error
