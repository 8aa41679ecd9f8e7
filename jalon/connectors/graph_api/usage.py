"""What the rate headers tell: how much of a budget is used, and when it is whole again.

https://developers.facebook.com/docs/graph-api/overview/rate-limiting. Figures are per cent of a limit that is not told,
so they are turned into requests of the smallest limit there is: 200 an hour, of an app with one user. Each answer tells
anew, so the estimate only matters once the limit is near. Headers are absent while usage is low: what one of them told
holds until that much has been restored, and no longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jalon.connectors.base import Answer, Level
from jalon.connectors.wire import Malformed, decode

APP, BUSINESS, AD_ACCOUNT = "x-app-usage", "x-business-use-case-usage", "x-ad-account-usage"
# https://developers.facebook.com/docs/marketing-api/insights/best-practices#insightscallload
INSIGHTS = ("x-fb-ads-insights-throttle", "x-fb-ads-insights-reach-throttle")
HOURLY = 200.0
"""Requests per hour and user of an app."""
MINUTE, HOUR = 60.0, 3600.0


def level(answer: Answer) -> Level | None:
    """Return what is left by the fullest of the headers, in requests; None: none of them came."""
    used = [*_app(answer), *_business(answer), *_ad_account(answer)]
    if not used:
        return None
    part = min(max(used), 100.0) / 100.0
    return Level((1.0 - part) * HOURLY, HOURLY, HOURLY / HOUR, lasts=part * HOUR)


def regain(answer: Answer, use_case: str | None = None) -> float | None:
    """Return the seconds until access comes back, as a header tells; `use_case` picks its kind, such as `instagram`."""
    told = [row for row in _use_cases(answer) if use_case in (None, row.get("type"))] or list(_use_cases(answer))
    waits = [_number(row.get("estimated_time_to_regain_access")) * MINUTE for row in told]
    if (account := _header(answer, AD_ACCOUNT)) and _number(account.get("acc_id_util_pct")) >= 100:
        waits.append(_number(account.get("reset_time_duration")))
    longest = max(waits, default=0.0)
    return longest or None


def _app(answer: Answer) -> Iterable[float]:
    header = _header(answer, APP)
    return (_number(header.get(name)) for name in ("call_count", "total_time", "total_cputime") if header)


def _business(answer: Answer) -> Iterable[float]:
    for row in _use_cases(answer):
        if _number(row.get("estimated_time_to_regain_access")) > 0:
            yield 100.0
        yield from (_number(row.get(name)) for name in ("call_count", "total_time", "total_cputime"))


def _ad_account(answer: Answer) -> Iterable[float]:
    found = [header for name in (AD_ACCOUNT, *INSIGHTS) if (header := _header(answer, name))]
    return [_number(header.get(name)) for header in found for name in ("acc_id_util_pct", "app_id_util_pct")]


def _use_cases(answer: Answer) -> Iterable[dict[str, Any]]:
    """Yield the use cases of all accounts that the header names: at most 32 of them."""
    for listed in _header(answer, BUSINESS).values():
        yield from (row for row in listed if isinstance(row, dict)) if isinstance(listed, list) else ()


def _header(answer: Answer, name: str) -> dict[str, Any]:
    try:
        value = decode(answer.headers[name].encode())
    except (KeyError, Malformed):
        return {}
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else 0.0
