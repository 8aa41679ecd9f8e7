"""What a refusal of Pinterest means: the HTTP status first, then the `code` in the body.

A code alone says little: 30 is "rate limit" on one operation and "User not found" on another, and many operations just
repeat the HTTP status in it. https://developers.pinterest.com/docs/api/v5/, examples of the answers of each operation.

| status | code | what it means |
| --- | --- | --- |
| 400 | 1, 400 | parameters; with a bookmark, or a report's token: it is not known any more |
| 401 | 2 | the token |
| 401, 403 | 3 | a scope of the token |
| 401, 403 | 29, 403 | a permission or a role |
| 401, 403 | 7, 403 | this board or Pin is not yours |
| 403 | 2625, 2626 | the merchant's account is refused or under review |
| 404 | 50, 40, 404, 678, 4180 | there is no such Pin, board, catalog, product group |
| 409 | 4182 | there is no catalog |
| 429 | 8, 30 | too many requests |
"""

from __future__ import annotations

import re
from typing import Any, Literal

from jalon.connectors import faults
from jalon.connectors.base import Answer, Fault, Request, Skip, Stop, Wait
from jalon.connectors.wire import Malformed

Act = Literal["renew", "throttled", "wait", "skip", "fail", "auth", "config", "permission"]
"""`fail` leaves the window for another run; `permission` skips a single Pin and is `auth` for everything else."""


class Rule(faults.Rule[Act]):
    """A row of the tables below."""


AUTHORISE = "authorise the app again and put the new refresh_token (or auth_code) in place"
GRANT = "grant the scopes and the role that docs/connectors/pinterest.md names, then authorise the app again"
HUB = "look into Pinterest's business hub"
ADDRESS = "check api_url and auth_url"

RULES: dict[tuple[int, int | None], Rule] = {
    (400, None): Rule("fail", "the parameters are refused"),
    (401, 3): Rule("auth", "the token lacks a permission", GRANT),
    (401, 7): Rule("permission", "the board or Pin belongs to somebody else", GRANT),
    (401, 29): Rule("permission", "the account may not read this", GRANT),
    (401, None): Rule("renew", "the access token is refused"),
    (403, 3): Rule("auth", "the token lacks a permission", GRANT),
    (403, 2625): Rule("auth", "the merchant's account is disapproved", HUB),
    (403, 2626): Rule("auth", "the merchant's account is under review", HUB),
    (403, None): Rule("permission", "the account may not read this", GRANT),
    (404, None): Rule("skip", "it is not there, or not any more"),
    (408, None): Rule("wait", "the request took too long to arrive"),
    (409, 4182): Rule("skip", "there is no catalog"),
    (409, None): Rule("skip", "the state of the account does not allow it"),
    (425, None): Rule("wait", "the request came too early"),
    (429, None): Rule("throttled", "the rate limit is reached"),
}
"""(status, code) -> rule; code None stands for all others."""
BROKEN = Rule("wait", "Pinterest failed on its side")
UNKNOWN = Rule("fail", "the request is refused for a reason that is not documented")
FOREIGN = Rule("config", "the answer is not Pinterest's", ADDRESS)
NO_GRANT = Rule("auth", "the token service refuses the refresh token or code", AUTHORISE)
NOT_KNOWN = {
    "bookmark": Rule("skip", "the bookmark is not known any more"),
    "token": Rule("skip", "the report's token is not known any more"),
}
"""Parameter that the platform gave itself, whose refusal says nothing about the rest of the question -> rule."""

LONGEST = 2 * 86_400.0
"""Seconds until a reset that are believed: a limit of a day has been seen to name 67,150."""
_ONE_PIN = re.compile(r"/pins/\d+(/analytics)?")
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)


def judge(request: Request, answer: Answer) -> Fault | None:
    """Return the fault behind an answer of the API or of its token service; None: it is good."""
    body = _object(answer)
    if 200 <= answer.status < 300:
        return None if body is not None else Wait(f"HTTP {answer.status} with a body that is no JSON object")
    code = _code(body)
    rule = _rule(request, answer.status, code)
    said = f"(HTTP {answer.status}, code {code})" if code is not None else f"(HTTP {answer.status})"
    return _fault(rule, f"{rule.meaning} {said}", request, answer)


def _object(answer: Answer) -> dict[str, Any] | None:
    try:
        body = answer.data
    except Malformed:
        return None
    return body if isinstance(body, dict) else None


def _code(body: dict[str, Any] | None) -> int | None:
    code = body.get("code") if body else None
    return code if type(code) is int else None


def _rule(request: Request, status: int, code: int | None) -> Rule:
    if status >= 500:
        return BROKEN
    if request.anonymous and status not in {408, 425, 429}:
        return NO_GRANT if status in {400, 401, 403} else FOREIGN
    own = next((rule for name, rule in NOT_KNOWN.items() if name in request.query), None)
    if status == 400 and own is not None:
        return own
    if code is None and status in {400, 403, 404, 409}:
        return FOREIGN
    return RULES.get((status, code)) or RULES.get((status, None)) or UNKNOWN


def _fault(rule: Rule, reason: str, request: Request, answer: Answer) -> Fault:
    match rule.act:
        case "throttled":
            return Wait(reason, reset(answer), throttled=True)
        case "fail" if _is_one(request):
            return Skip(reason)
        case "permission":
            return Skip(reason) if _is_one(request) else Stop(reason, rule.remedy, kind="auth")
        case _:
            return faults.fault(rule.act, reason, rule.remedy)


def reset(answer: Answer) -> float | None:
    """Return the seconds until the limit is lifted, as the answer tells them; None: it does not."""
    told = _NUMBER.match(answer.headers.get("x-ratelimit-reset", "").strip())
    seconds = float(told[0]) if told else None
    return seconds if seconds is not None and seconds <= LONGEST else None


def _is_one(request: Request) -> bool:
    """Say whether a request reads one Pin, whose refusal says nothing about the others."""
    return _ONE_PIN.fullmatch(request.path) is not None
