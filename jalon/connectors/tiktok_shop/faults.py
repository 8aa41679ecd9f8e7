"""What a refusal of TikTok Shop means: one table over the codes in the body, then the HTTP status.

How long to wait is in the answer's Retry-After, which the engine reads for all platforms alike.

The platform answers most business errors with HTTP 200 and a `code` other than 0, so the body is asked first.
https://partner.tiktokshop.com/docv2/page/common-errors and the error tables of the endpoint pages.
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

from jalon.connectors import faults
from jalon.connectors.base import Answer, Fault, Request, Skip, Stop
from jalon.connectors.wire import Malformed

Act = Literal["renew", "wait", "throttled", "split", "skip", "fail", "scope", "auth", "config", "budget"]
"""`fail` leaves the window for another run; `scope` skips what is optional and stops the source for the rest; the last
three stop it."""


class Rule(faults.Rule[Act]):
    """A row of the tables below."""


class Family(NamedTuple):
    """The endpoints that one permission opens."""

    prefix: str
    scope: str
    optional: bool
    """True: orders are complete without it."""


# https://partner.tiktokshop.com/docv2/page/authorization-overview-202407 and the scope line of each endpoint's page
FAMILIES = (
    Family("/order/", "seller.order.info", False),
    Family("/return_refund/", "seller.return_refund.basic", False),
    Family("/authorization/", "seller.authorization.info", False),
    Family("/affiliate_seller/", "seller.affiliate_collaboration.read", True),
    Family("/analytics/", "data.shop_analytics.public.read", True),
    Family("/product/", "seller.product.basic", True),
    Family("/event/", "seller.authorization.info", True),
)
ELSEWHERE = Family("/", "for this endpoint", False)

AUTHORISE = "let the seller authorise the app again and put the new auth_code in place"
SECRETS = "compare app_key and app_secret with the app's page in Partner Center"
REPORT = "report this as a bug of jalon"

REFUSED_TOKEN = Rule("renew", "the access token is refused")
"""Also after the seller's withdrawal: it is the token service that says that there is no other one."""
CODES: dict[int, Rule] = {
    105001: REFUSED_TOKEN,
    105002: Rule("renew", "the access token has expired"),
    105005: Rule(
        "scope", "the scope {scope} is not granted", "add {scope} to the app and let the seller authorise it again"
    ),
    66009315: Rule("scope", "there is no permission ({scope})", "ask for {scope} in Partner Center"),
    13017003: Rule("scope", "this export is not open for the seller", "ask the platform to open it"),
    106001: Rule("config", "the signature is refused", SECRETS),
    106013: Rule("config", "the shop's cipher is missing or wrong", "set shop_id to a shop that the seller authorised"),
    101000: Rule("auth", "the token's kind does not fit the shop", "authorise the app as the seller of this shop"),
    36004001: Rule("auth", "the authorisation code or refresh token is refused", AUTHORISE),
    36004005: Rule("auth", "the authorisation code or refresh token is refused", AUTHORISE),
    36009002: Rule("throttled", "the rate limit is reached"),
    36009003: Rule("wait", "the platform has an internal error"),
    36009007: Rule("wait", "the platform did not answer in time"),
    36009009: Rule("config", "the path does not exist", REPORT),
    36009014: Rule("config", "the API version is not served any more", "update jalon"),
    36009033: Rule(
        "config", "this machine's address is not on the app's list", "add it to the IP list in Partner Center"
    ),
    36009037: Rule("throttled", "the hourly limit of the platform's sandbox is reached"),
    36009043: Rule("auth", "the shop is not active", "look into Seller Center"),
    36009044: Rule("auth", "the seller is not active", "look into Seller Center"),
    45101004: Rule(
        "budget", "the day's quota (10,000 requests) is spent", "go on tomorrow, or lower requests_per_second"
    ),
}

OF_TOKENS = range(105000, 106000)
"""Codes about tokens and their scopes; of those in no row the message says whether the token itself is meant."""
_ACCESS_TOKEN = re.compile(r"access[ _-]token")

AMBIGUOUS = 36009004
"""One code with several meanings, told apart by its message; the first phrase found decides."""
MESSAGES: tuple[tuple[str, Rule], ...] = (
    ("app_key", Rule("config", "the app key is refused", SECRETS)),
    ("timestamp", Rule("config", "the time of the request is refused", "set this machine's clock")),
    ("page_token", Rule("split", "the page token is not valid any more")),
    ("access_token", REFUSED_TOKEN),
    ("access token", REFUSED_TOKEN),
    ("access-token", REFUSED_TOKEN),
    ("shop_cipher", CODES[106013]),
    ("too many", CODES[36009002]),
)

LISTS = frozenset(
    [
        "/order/202309/orders/search",
        "/affiliate_seller/202410/orders/search",
        "/return_refund/202602/returns/search",
        "/return_refund/202602/cancellations/search",
        "/product/202502/products/search",
        "/analytics/202605/shop_videos/performance",
        "/analytics/202609/shop_lives/performance",
        "/authorization/202309/shops",
        "/event/202309/webhooks",
    ]
)
"""Endpoints that read a whole stretch; everything else is read for some ids and may fail for those alone."""

_CLEAN = re.compile(r"[^0-9A-Za-z_-]")


def judge(request: Request, answer: Answer) -> Fault | None:
    """Return the fault behind an answer of the platform or of its token service; None: it is good."""
    envelope = _envelope(answer)
    if envelope is None:
        return faults.foreign(answer, "the platform's envelope", "check api_url and auth_url")
    code = envelope["code"]
    if code == 0 and answer.status < 400:
        return None
    said = f"(code {code}, request {_CLEAN.sub('', str(envelope.get('request_id')))[:64]})"
    rule = _rule(code, envelope, answer.status) or _unknown(code, request, answer.status)
    return _fault(rule, family_of(request.path), said)


def _envelope(answer: Answer) -> dict[str, Any] | None:
    """Return the decoded envelope; None if the body is not one."""
    try:
        envelope = answer.data
    except Malformed:
        return None
    if not isinstance(envelope, dict) or type(envelope.get("code")) is not int:
        return None
    return envelope if isinstance(envelope.get("data"), dict | None) else None


def _rule(code: int, envelope: dict[str, Any], status: int) -> Rule | None:
    if status == 429:
        return CODES[36009002]
    message = str(envelope.get("message")).lower()
    if code in OF_TOKENS and code not in CODES and _ACCESS_TOKEN.search(message):
        return REFUSED_TOKEN
    if code != AMBIGUOUS:
        return CODES.get(code)
    return next((rule for phrase, rule in MESSAGES if phrase in message), None)


def _unknown(code: int, request: Request, status: int) -> Rule:
    """Say what to do about a code that is in no table: lose nothing, and let no single id block the rest."""
    if status >= 500:
        return CODES[36009003]
    if request.host == "auth":
        return Rule("auth", "the token service refuses", f"{SECRETS}; if they are right, {AUTHORISE}")
    if not _reads_a_stretch(request):
        return Rule("skip", "the platform refuses it")
    if code == AMBIGUOUS:
        return Rule("fail", "the request is refused")
    return Rule("wait", "the platform refuses for a reason that is not documented")


def _reads_a_stretch(request: Request) -> bool:
    """Say whether a request reads all of a window, not some ids nor what only some sellers may read."""
    some = b'"order_ids"' in request.body or request.query.get("account_type") == "AFFILIATE_ACCOUNTS"
    return request.path in LISTS and not some


def _fault(rule: Rule, family: Family, said: str) -> Fault:
    reason = f"{rule.meaning.format(scope=family.scope)} {said}"
    remedy = rule.remedy.format(scope=family.scope)
    match rule.act:
        case "scope":
            return Skip(reason) if family.optional else Stop(reason, remedy, kind="auth")
        case _:
            return faults.fault(rule.act, reason, remedy)


def family_of(path: str) -> Family:
    """Return the permission under which a path is."""
    return next((family for family in FAMILIES if path.startswith(family.prefix)), ELSEWHERE)
