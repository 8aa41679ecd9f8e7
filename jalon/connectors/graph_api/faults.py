"""What a refusal of the Graph API means: one table over the codes in the body, then the HTTP status.

The status is mostly 400, whatever happened, so the body decides. https://developers.facebook.com/docs/graph-api/guides/error-handling
and https://developers.facebook.com/docs/graph-api/overview/rate-limiting.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, Literal, NamedTuple

from jalon.connectors import faults
from jalon.connectors.base import Answer, Batch, Fault, Request, Skip, Stop, Wait
from jalon.connectors.faults import Gone
from jalon.connectors.graph_api import usage
from jalon.connectors.wire import Malformed


class BadMetric(Skip):
    """One of the metrics asked for does not suit the object; which one is not said."""


class Unmet(Skip):
    """The platform has the figures but does not show them: too few viewers, or media of before the account."""


Act = Literal[
    "wait", "throttled", "blocked", "auth", "permission", "split", "skip", "gone", "metric", "unmet", "config", "fail"
]
"""`blocked` waits long; `permission` is a scope that is missing; `fail` leaves the window for another run."""


class Rule(NamedTuple):
    act: Act
    meaning: str
    remedy: str = ""
    use_case: str | None = None
    """Kind of the use case whose header tells how long to wait."""


UNTOLD = 60.0
"""Seconds to wait where no header tells: asking on while throttled lengthens the block."""
BLOCKED = 3600.0
"""Seconds after which an account that was blocked for a while is asked again."""

RENEW = "put a new access_token in place"
LOG_IN = f"let the person log in again, then {RENEW}"
GRANT = "grant the permission to the app and make a new token with it; `jalon doctor` names what is missing"
ADDRESS = "let `jalon serve` be reached at the public address, with the same verify_token in its settings"
ROLE = "give the token's owner the role on the account or page again; `jalon doctor` tells what the token opens"
SECRETS = "compare app_id and app_secret with the app's basic settings"

PARAMETER = 100
OLD_MARK = Rule("skip", "the page mark is not known any more")
"""A mark points at an item and is invalid once that is deleted, https://developers.facebook.com/docs/graph-api/results:
the engine then reads the window from its start."""
CODES: dict[int, Rule] = {
    1: Rule("wait", "the platform failed on its side"),
    2: Rule("wait", "the platform is not available for the moment"),
    3: Rule("permission", "the app may not use this", GRANT),
    4: Rule("throttled", "the app's rate limit is reached"),
    10: Rule("permission", "a permission is missing", GRANT),
    12: Rule("config", "this endpoint has been taken out of service", "update jalon"),
    17: Rule("throttled", "the account's rate limit is reached"),
    32: Rule("throttled", "the page's rate limit is reached", use_case="pages"),
    PARAMETER: Rule("fail", "a parameter is refused"),
    101: Rule("config", "the app's id or secret is refused", SECRETS),
    102: Rule("auth", "the login session is over", RENEW),
    190: Rule("auth", "the access token is not accepted any more", RENEW),
    341: Rule("blocked", "the platform blocks the app for a while"),
    368: Rule("blocked", "the platform blocks the account for a while for breaking its rules"),
    613: Rule("throttled", "a rate limit of this endpoint is reached"),
    803: Rule("gone", "there is no such object"),
    2642: OLD_MARK,
    2200: Rule("config", "the address did not answer Meta's question", ADDRESS),
    3001: Rule("metric", "a metric is not known for this object"),
    80000: Rule("throttled", "the ad account's limit for insights is reached", use_case="ads_insights"),
    80001: Rule("throttled", "the page's limit is reached", use_case="pages"),
    80002: Rule("throttled", "the Instagram account's limit is reached", use_case="instagram"),
    80003: Rule("throttled", "the limit for custom audiences is reached", use_case="custom_audience"),
    80004: Rule("throttled", "the ad account's limit is reached", use_case="ads_management"),
    80005: Rule("throttled", "the limit for leads is reached", use_case="leadgen"),
    80006: Rule("throttled", "Messenger's limit is reached", use_case="messenger"),
    80008: Rule("throttled", "WhatsApp's limit is reached", use_case="whatsapp"),
    80009: Rule("throttled", "the catalogue's limit is reached"),
    80014: Rule("throttled", "the catalogue's limit for batches is reached"),
}
"""https://developers.facebook.com/docs/graph-api/guides/error-handling#errorcodes"""

SUBCODES: dict[tuple[int, int], Rule] = {
    (100, 33): Rule("gone", "the object is gone, or not shown to this token"),
    (100, 1487534): Rule("split", "the query is too big"),
    (100, 2108006): Rule("unmet", "the media is older than the business account"),
    (190, 458): Rule("auth", "the person has removed the app", LOG_IN),
    (190, 459): Rule("auth", "the person must confirm their account on Facebook's site", LOG_IN),
    (190, 460): Rule("auth", "the password was changed since the token was made", LOG_IN),
    (190, 463): Rule("auth", "the access token has expired", RENEW),
    (190, 464): Rule("auth", "the person's account is not confirmed", LOG_IN),
    (190, 467): Rule("auth", "the access token was invalidated", RENEW),
    (3001, 1504028): Rule("metric", "a metric is not known for this object"),
}

MESSAGES: tuple[tuple[int, str, Rule], ...] = (
    (1, "client secret", Rule("config", "the app's secret is refused", SECRETS)),
    (1, "reduce the amount of data", Rule("split", "the query is too big")),
    (10, "viewers", Rule("unmet", "too few people have seen it")),
    (100, "appsecret_proof", Rule("config", "the app's proof is refused", SECRETS)),
    (100, "metric", Rule("metric", "a metric does not suit this object")),
)
"""One code with several meanings, told apart by its words: (code, phrase in the message, rule)."""

PERMISSIONS = range(200, 300)
UNKNOWN_BREAKDOWN = "an unknown error has occurred"
_CLEAN = re.compile(r"[^\w .,:;()#'/-]")


def judge(request: Request, answer: Answer) -> Fault | None:
    """Return the fault behind an answer; None: it is good."""
    error = _error(answer)
    if error is None:
        return _by_status(answer)
    rule = _rule(request, error)
    return _fault(rule, f"{rule.meaning} ({_said(error)})", answer)


def _error(answer: Answer) -> dict[str, Any] | None:
    """Return the error of an answer; None: the body holds none."""
    try:
        body = answer.data
    except Malformed:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else None


def _rule(request: Request, error: dict[str, Any]) -> Rule:
    code, subcode = _code(error, "code"), _code(error, "error_subcode")
    message = str(error.get("message")).lower()
    if _is_breakdown(request, code, message):
        return Rule("metric", "the breakdown does not suit this object")
    by_message = next((rule for number, phrase, rule in MESSAGES if number == code and phrase in message), None)
    rule = SUBCODES.get((code, subcode)) or by_message or CODES.get(code)
    if rule is not None and rule.act != "fail":
        return rule
    if error.get("is_transient") is True:
        return CODES[2]
    if code in PERMISSIONS:
        return CODES[10]
    if code == PARAMETER and "after" in request.query:  # the other parameters were good for the page before
        return OLD_MARK
    return rule or Rule("fail", "the request is refused")


def _is_breakdown(request: Request, code: int, message: str) -> bool:
    """Say whether a breakdown is refused: the platform then speaks of an unknown error, as if it had failed itself."""
    return code in (1, 2) and "breakdown" in request.query and UNKNOWN_BREAKDOWN in message


def _code(error: dict[str, Any], name: str) -> int:
    value = error.get(name)
    return value if type(value) is int else 0


def _said(error: dict[str, Any]) -> str:
    """Return codes and words of an error, without what could be more than words."""
    subcode = _code(error, "error_subcode")
    codes = f"code {_code(error, 'code')}" + (f", {subcode}" if subcode else "")
    message = _CLEAN.sub("", str(error.get("message", "")))[:160].strip()
    return f"{codes}: {message}" if message else codes


def _fault(rule: Rule, reason: str, answer: Answer) -> Fault:
    match rule.act:
        case "throttled":
            return Wait(reason, usage.regain(answer, rule.use_case) or UNTOLD, throttled=True)
        case "blocked":
            return Wait(reason, usage.regain(answer) or BLOCKED, throttled=True)
        case "metric":
            return BadMetric(reason)
        case "unmet":
            return Unmet(reason)
        case "permission":
            return Stop(reason, rule.remedy, kind="auth")
        case _:
            return faults.fault(rule.act, reason, rule.remedy)


def _by_status(answer: Answer) -> Fault | None:
    """Judge an answer without an error in it: good, or not the platform's own words."""
    if 200 <= answer.status < 300:
        return None if isinstance(answer.data, dict) else Wait("the answer is no JSON object")
    return faults.foreign(answer, "the platform's own words", "check api_url", usage.regain(answer))


# --- the account itself -----------------------------------------------------------------------------------------------


def unshown(fault: Gone) -> Stop:
    """Return what it means that the source's own account is gone: whoever the token is of has no role on it any more.

    Of anything else that is gone there is nothing to be read; of the account everything comes once the role is back.
    """
    return Stop(fault.reason, ROLE, kind="auth")


async def of_own(batches: AsyncIterator[Batch]) -> AsyncIterator[Batch]:
    """Yield what is read of the source's own account. Raises `Stop` where that is gone."""
    try:
        async for batch in batches:
            yield batch
    except Gone as fault:
        raise unshown(fault) from None


# --- what a good answer still tells -----------------------------------------------------------------------------------

VERSION_HEADER = "facebook-api-version"
OTHER_VERSION = "That version is out of service: take `version` out of jalon.toml, or update jalon."


def other_version(request: Request, answer: Answer) -> str | None:
    """Say so if another version answered than was asked: a dead one is silently served by the oldest that lives.

    https://developers.facebook.com/docs/graph-api/guides/versioning
    """
    got, asked = answer.headers.get(VERSION_HEADER), request.path.split("/")[1]
    if not got or got == asked or not re.fullmatch(r"v\d+\.\d+", got) or not asked.startswith("v"):
        return None
    return f"asked for API version {asked}, answered by {got}. {OTHER_VERSION}"
