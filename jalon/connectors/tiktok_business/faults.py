"""What a refusal of TikTok for Business means: the code in the body first, which mostly comes with HTTP 200.

https://business-api.tiktok.com/portal/docs?id=1737172488964097. The platform promises two codes: 0 is good, 40100 is a
rate limit. The others here are those that are known from its answers; what is not known stays a plain fault, which
leaves the window for another run.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from jalon.connectors import faults
from jalon.connectors.base import Answer, Fault, Renew, Request, Stop, Wait
from jalon.connectors.tiktok_business.answers import ADS
from jalon.connectors.wire import Malformed

Act = Literal["token", "throttled", "wait", "question", "fail", "auth", "config"]
"""`token` renews the business account's, and is `auth` for the ad account, whose token cannot be renewed; `question`
refuses this one alone."""


class Rule(faults.Rule[Act]):
    """A row of the tables below."""


class Unasked(Fault):
    """This question is refused for what it asks: others may be answered."""


AUTHORISE = "let the owner of the business account authorise the app again, and put the new auth_code in place"
REPLACE = "make a new advertiser_token: let the advertiser authorise the app again"
GRANT = "grant the app the permission that docs/connectors/tiktok_business.md names, then authorise it again"
SECRETS = "compare app_id and app_secret with the app's page in the developer portal"
ADDRESS = "check api_url"

CODES: dict[int, Rule] = {
    40001: Rule("auth", "the token may not read this", GRANT),
    40002: Rule("question", "the parameters are refused"),
    40100: Rule("throttled", "the app's rate limit is reached"),
    40101: Rule("config", "the app id or its secret is refused", SECRETS),
    40105: Rule("token", "the access token is refused"),
    40110: Rule("auth", "the authorisation code is refused", AUTHORISE),
    51010: Rule("wait", "the platform did not answer in time"),
}
TOKEN = CODES[40105]
BROKEN = Rule("wait", "the platform has an internal error")
UNKNOWN = Rule("fail", "the request is refused for a reason that is not documented")
NO_GRANT = Rule("auth", "the token service refuses the refresh token or code", AUTHORISE)
FOREIGN = Rule("config", "the answer is not TikTok's", ADDRESS)

CREDENTIALS = range(40101, 40200)
"""Codes about credentials; of those that are not listed the message says whether the access token is meant."""
INTERNAL = range(50000, 60000)
TOKENS = "/tt_user/oauth2/"
"""Paths of the token service."""

_ACCESS_TOKEN = re.compile(r"access[ _-]?token", re.IGNORECASE)
_CLEAN = re.compile(r"[^0-9A-Za-z_-]")


def judge(request: Request, answer: Answer) -> Fault | None:
    """Return the fault behind an answer of the API or of its token service; None: it is good."""
    envelope = _envelope(answer)
    if envelope is None:
        return _by_status(answer.status)
    code = envelope["code"]
    if code == 0 and answer.status < 400:
        return None
    said = f"(code {code}, request {_CLEAN.sub('', str(envelope.get('request_id')))[:64]})"
    rule = _rule(request, answer.status, code, str(envelope.get("message")))
    return _fault(rule, f"{rule.meaning} {said}", request)


def _envelope(answer: Answer) -> dict[str, Any] | None:
    """Return the decoded envelope; None if the body is not one."""
    try:
        envelope = answer.data
    except Malformed:
        return None
    if not isinstance(envelope, dict) or type(envelope.get("code")) is not int:
        return None
    return envelope


def _by_status(status: int) -> Fault:
    if status == 429:
        return Wait(f"{CODES[40100].meaning} (HTTP 429)", throttled=True)
    if status >= 500 or status == 408:
        return Wait(f"{BROKEN.meaning} (HTTP {status})")
    if status >= 400:
        return Stop(f"{FOREIGN.meaning} (HTTP {status})", FOREIGN.remedy)
    return Wait(f"HTTP {status} with a body that is no envelope")


def _rule(request: Request, status: int, code: int, message: str) -> Rule:
    if code == 40100 or status == 429:
        return CODES[40100]
    if status >= 500 or (code in INTERNAL and code not in CODES):
        return BROKEN
    if code == 40101:
        return CODES[40101]
    if request.path.startswith(TOKENS):
        return NO_GRANT
    if code in CREDENTIALS and code not in CODES and _ACCESS_TOKEN.search(message):
        return TOKEN
    return CODES.get(code, UNKNOWN)


def _fault(rule: Rule, reason: str, request: Request) -> Fault:
    match rule.act:
        case "token":
            return Stop(reason, REPLACE, kind="auth") if request.host == ADS else Renew(reason)
        case "question":
            return Unasked(reason)
        case _:
            return faults.fault(rule.act, reason, rule.remedy)
