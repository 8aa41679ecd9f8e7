"""What a refusal of Google's APIs means: one table over the reason in the body, then the HTTP status.

The status alone tells little: 403 is a spent quota, a missing scope or an API that was never switched on. Reasons stand
in `error.errors[0].reason` (Data API, Analytics), in `error.details[].reason` (the newer APIs) and more exactly in
`metadata.REASON` beside it (Merchant API), in `error` itself (the token service), or in `errors` of an answer with
status 200 (Analytics).
https://developers.google.com/youtube/v3/docs/errors, https://developers.google.com/youtube/analytics/data_model,
https://developers.google.com/merchant/api/guides/error-handling
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NamedTuple

from jalon.connectors import faults
from jalon.connectors.answers import Row, part, rows, text
from jalon.connectors.base import Answer, Fault, Request, Skip, Stop, Wait
from jalon.connectors.wire import Malformed

Act = Literal["renew", "wait", "throttled", "noon", "skip", "gone", "auth", "off", "config", "budget"]
"""`off` is an API that is not switched on: it stops the source, or leaves out the optional part that it serves. `noon`
is a merchant's spent day: until it ends, what is not asked of the merchant goes on."""


class Rule(faults.Rule[Act]):
    """A row of the tables below."""


class Api(NamedTuple):
    """One of Google's APIs, by the role of its host."""

    title: str
    scope: str
    optional: bool
    """True: the rest of the source is complete without it."""


# https://developers.google.com/identity/protocols/oauth2/scopes
APIS = {
    "api": Api("YouTube Data API v3", "youtube.readonly", False),
    "analytics": Api("YouTube Analytics API", "yt-analytics.readonly", True),
    "reporting": Api("YouTube Reporting API", "yt-analytics.readonly", True),
    "merchant": Api("Merchant API", "content", True),
}

AUTHORISE = (
    "authorise jalon again and put the new refresh_token in place; while the OAuth app is in Testing its tokens end "
    "after 7 days (publish it), and any ends after 6 months without use"
)
TOMORROW = "it goes on after midnight Pacific time; lower how often `jalon sync` runs, or ask Google for more quota"
SWITCH_ON = "switch it on in the Google Cloud project of the OAuth client"
# https://developers.google.com/merchant/api/guides/quickstart/faq
REGISTER = "call registerGcp once for the merchant account with that client, as docs/connectors/youtube.md says"
GRANT = "authorise jalon again with the scope {scope}"
CHANNEL = "authorise with the account that owns the channel"
REPORT = "report this as a bug of jalon"

_DAY_SPENT = Rule("budget", "the day's quota is spent", TOMORROW)
_TOO_FAST = Rule("throttled", "the rate limit is reached")
_NO_RIGHT = Rule("auth", "{title} refuses: not permitted", GRANT + ", as an account that may see this")
_NO_SCOPE = Rule("auth", "the scope {scope} is not granted", GRANT)
_NOT_ON = Rule("off", "the {title} is not switched on", SWITCH_ON)
_BUSY = Rule("wait", "{title} has an internal error")
_NOT_SO = Rule("skip", "{title} does not answer this question")
_GONE = Rule("gone", "it is not there (any more)")
_NO_CHANNEL = Rule("auth", "the Google account has no YouTube channel", CHANNEL)
_NO_ACCOUNT = Rule("auth", "the YouTube account is closed or suspended", CHANNEL)

REASONS: dict[str, Rule] = {
    "quotaExceeded": _DAY_SPENT,
    "dailyLimitExceeded": _DAY_SPENT,
    "rateLimitExceeded": _TOO_FAST,
    "userRateLimitExceeded": _TOO_FAST,
    "RATE_LIMIT_EXCEEDED": _TOO_FAST,
    "quota/request_rate_too_high": _TOO_FAST,
    "quota/daily_limit_exceeded": Rule("noon", "the merchant account's quota of the day is spent until 12:00 UTC"),
    "authError": Rule("renew", "the access token is refused"),
    "invalidCredentials": Rule("renew", "the access token is refused"),
    "ACCESS_TOKEN_EXPIRED": Rule("renew", "the access token has expired"),
    "youtubeSignupRequired": _NO_CHANNEL,
    "channelClosed": _NO_ACCOUNT,
    "channelSuspended": _NO_ACCOUNT,
    "authenticatedUserAccountClosed": _NO_ACCOUNT,
    "authenticatedUserAccountSuspended": _NO_ACCOUNT,
    "insufficientPermissions": _NO_SCOPE,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _NO_SCOPE,
    "forbidden": _NO_RIGHT,
    "GCP_NOT_REGISTERED": Rule("auth", "the client's project is not registered with the merchant account", REGISTER),
    "accessNotConfigured": _NOT_ON,
    "SERVICE_DISABLED": _NOT_ON,
    "invalidPageToken": Rule("skip", "the page token is not valid any more"),
    "playlistNotFound": _GONE,
    "videoNotFound": _GONE,
    "notFound": _GONE,
    "backendError": _BUSY,
    "internalError": _BUSY,
    "invalid_grant": Rule("auth", "the refresh token is expired, revoked or not of this client", AUTHORISE),
    "invalid_client": Rule("config", "client_id or client_secret is refused", "compare both with the OAuth client"),
    "unauthorized_client": Rule("config", "the OAuth client may not refresh this token", AUTHORISE),
}
"""Reason -> rule; what is in no row is judged by `STATUSES`, then by the HTTP status. Those of merchants' quotas:
https://developers.google.com/merchant/api/guides/quotas-limits"""

# https://cloud.google.com/apis/design/errors#handling_errors
STATUSES: dict[str, Rule] = {
    "UNAUTHENTICATED": Rule("renew", "the access token is refused"),
    "PERMISSION_DENIED": _NO_RIGHT,
    "NOT_FOUND": _GONE,
    "ALREADY_EXISTS": Rule("skip", "it is there already"),
    "INVALID_ARGUMENT": _NOT_SO,
    "RESOURCE_EXHAUSTED": _TOO_FAST,
    "INTERNAL": _BUSY,
    "UNAVAILABLE": _BUSY,
    "DEADLINE_EXCEEDED": _BUSY,
}

HTTP: dict[int, Rule] = {
    400: _NOT_SO,
    401: STATUSES["UNAUTHENTICATED"],
    403: _NO_RIGHT,
    404: _GONE,
    409: STATUSES["ALREADY_EXISTS"],
    410: _GONE,
    429: _TOO_FAST,
}

MINUTE = 60.0
"""Seconds until a quota by the minute is whole again."""
HOUR = 3600.0
"""Seconds until a merchant is asked again whose refusal does not say when it was written."""
NOON = 12
"""The hour, in UTC, at which a merchant's quota of the day begins anew: `quotaUsage` in the reference of
`accounts.quotas`, https://developers.google.com/merchant/api/reference/rest/quota_v1/accounts.quotas"""
HELD = "hub"
"""The role whose answers are plain text."""

_CLEAN = re.compile(r"[^0-9A-Za-z_.-]")
_NO_REASON = re.compile(r"[^0-9A-Za-z_./-]")


def judge(request: Request, answer: Answer) -> Fault | None:
    """Return the fault behind an answer; None: it is good."""
    if request.host == HELD:
        return _of_hub(answer)
    body = _body(answer)
    if body is None:
        return faults.foreign(answer, "Google's envelope", "check the addresses of this source")
    if answer.status < 400 and not body.get("errors"):
        return None
    return _fault(_rule(body, answer.status, request.host), request, answer, _said(body, answer.status))


def _body(answer: Answer) -> Row | None:
    """Return the decoded body, None for a refusal that is no JSON object. Raises `Malformed` for a good one."""
    try:
        body = answer.data
    except Malformed:
        if answer.status < 400:
            raise
        return None
    if isinstance(body, dict):
        return body
    if answer.status < 400:
        raise Malformed("the answer is not a JSON object")
    return None


# --- from the body ----------------------------------------------------------------------------------------------------


def reasons(body: Row) -> list[str]:
    """Return what a refusal gives as its reasons, the most telling first."""
    error = body.get("error")
    if isinstance(error, str):
        return [error]
    error = part(body, "error")
    inner = part(body, "errors")
    listed = [*_objects(error, "details"), *_objects(error, "errors"), *_objects(inner, "error")]
    exact = [text(part(each, "metadata").get("REASON")) for each in listed]
    found = [text(each.get("reason")) or text(each.get("code")) for each in listed]
    told = [*exact, *found, text(error.get("status")), text(inner.get("code"))]
    return [each for each in dict.fromkeys(told) if each]


def _objects(row: Row, name: str) -> list[Row]:
    try:
        return rows(row, name)
    except Wait:
        return []


def _rule(body: Row, status: int, host: str) -> Rule:
    if host == "auth":
        return next((REASONS[each] for each in reasons(body) if each in REASONS), _of_tokens(status))
    spent = _quota(body)
    if spent is not None:
        return spent
    known = REASONS | STATUSES
    return next((known[each] for each in reasons(body) if each in known), None) or _of_http(status)


def _quota(body: Row) -> Rule | None:
    """Tell a quota of the day from one of the minute by its name; None: the refusal names no quota.

    `FreeQuotaRequestsPerMinutePerProject` and its like: https://cloud.google.com/docs/quotas/troubleshoot
    """
    for detail in _objects(part(body, "error"), "details"):
        limit = text(part(detail, "metadata").get("quota_limit"))
        if limit:
            return _DAY_SPENT if "PerDay" in limit else _TOO_FAST
    return None


def _of_tokens(status: int) -> Rule:
    return _BUSY if status >= 500 or status == 429 else REASONS["invalid_client"]


def _of_http(status: int) -> Rule:
    if status < 400:  # `errors` inside a good status, of an unknown kind: the operation has failed
        return _BUSY
    return HTTP.get(status) or (_BUSY if status >= 500 else _NOT_SO)


def _fault(rule: Rule, request: Request, answer: Answer, said: str) -> Fault:
    api = APIS.get(request.host, Api("Google's token service", "", False))
    words = {"title": api.title, "scope": api.scope}
    reason, remedy = f"{rule.meaning.format(**words)} {said}", rule.remedy.format(**words)
    match rule.act:
        case "throttled":
            # An answer that says itself when to come back is heeded by the engine.
            return Wait(reason, None if "retry-after" in answer.headers else MINUTE / 2, throttled=True)
        case "noon":
            return Wait(reason, _until_noon(answer))
        case "off":
            return Stop(reason, remedy, kind="auth" if api.optional else "config")
        case _:
            return faults.fault(rule.act, reason, remedy)


def _until_noon(answer: Answer) -> float:
    """Return the seconds from an answer's own time to the next noon in UTC."""
    try:
        written = parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return HOUR
    noon = datetime(written.year, written.month, written.day, NOON, tzinfo=UTC)
    return ((noon if written < noon else noon + timedelta(days=1)) - written).total_seconds()


def _said(body: Row, status: int) -> str:
    found = " ".join(_NO_REASON.sub("", each)[:60] for each in reasons(body)[:2])
    return f"({found or 'no reason given'}, HTTP {status})"


# --- without the envelope ---------------------------------------------------------------------------------------------


def _of_hub(answer: Answer) -> Fault | None:
    """Judge the hub, which answers in plain text. https://pubsubhubbub.github.io/PubSubHubbub/pubsubhubbub-core-0.3.html"""
    if answer.status < 400:
        return None
    if answer.status == 409:
        return Skip("the hub could not reach the address of this source, or got no right answer there (HTTP 409)")
    if answer.status == 429 or answer.status >= 500:
        return Wait(f"the hub does not answer now (HTTP {answer.status})")
    return Skip(f"the hub refuses the subscription (HTTP {answer.status})")


def shown(value: Any) -> str:
    """Return an id for a sentence, with nothing in it that could be more than an id."""
    found = text(value)
    return found if found and not _CLEAN.search(found) and len(found) <= 60 else "?"
