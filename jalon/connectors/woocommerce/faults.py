"""What a refusal of a WooCommerce shop means: WordPress's codes in the body first, then the HTTP status.

Between us and WooCommerce stand a host, its firewall and the shop's plugins. What they answer is no JSON, or JSON of
other makers; the status is then all that can be read.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from jalon.connectors.base import Answer, Fault, Request, Skip, Stop, Wait
from jalon.connectors.wire import Malformed, decode, decode_amid

Act = Literal["wait", "throttled", "skip", "gone", "auth", "config", "fail"]
"""`fail` leaves the window for another run; `gone` skips an object that is not there any more."""


class Gone(Skip):
    """WooCommerce itself says that there is no such object."""


class Missing(Skip):
    """There is no REST API at this address."""


class Closed(Skip):
    """The index of the REST API is not shown."""


class Rule(NamedTuple):
    act: Act
    meaning: str
    remedy: str = ""


KEYS = "Make a key under WooCommerce > Settings > Advanced > REST API, by an administrator or shop manager."
LET_THROUGH = (
    "Compare consumer_key and consumer_secret with the shop's REST API keys. If they are right, the web server drops"
    " the Authorization header (Apache: `CGIPassAuth On`, or a rewrite rule that sets HTTP_AUTHORIZATION), or WordPress"
    " does not know that it is reached by https behind its proxy."
)
ALLOW = "Let the host's firewall, security plugin or password in front of the site allow this machine to read wp-json."
ACTIVE = "Check that WooCommerce is active and at least version 5.8, and that `url` is the address of the shop's root."
PLACE = "Check `url`: it is the address under which WordPress itself lies, such as https://example.com/shop."
REPORT = "Report this as a defect of jalon."

# https://woocommerce.github.io/woocommerce-rest-api-docs/#errors and #authentication
CODES: dict[str, Rule] = {
    "woocommerce_rest_authentication_error": Rule("auth", "the consumer key or secret is refused", KEYS),
    "woocommerce_rest_cannot_view": Rule("auth", "the key's owner may not read this", KEYS),
    "woocommerce_rest_cannot_create": Rule("auth", "the key may not write", "Give the key the permission Read/Write."),
    "woocommerce_rest_cannot_edit": Rule("auth", "the key may not write", "Give the key the permission Read/Write."),
    "woocommerce_rest_shop_order_invalid_id": Rule("gone", "there is no such order"),
    "woocommerce_rest_product_invalid_id": Rule("gone", "there is no such product"),
    "woocommerce_rest_invalid_order_id": Rule("gone", "there is no such order"),
    "rest_no_route": Rule("config", "the shop has no such REST route", ACTIVE),
    "rest_invalid_param": Rule("config", "a parameter is refused", ACTIVE),
    "rest_missing_callback_param": Rule("config", "a parameter is missing", REPORT),
    "internal_server_error": Rule("wait", "WordPress met a critical error"),
}
UNSEEN = Rule("auth", "the shop takes the request for an anonymous one: it does not see a valid key", LET_THROUGH)
"""`woocommerce_rest_cannot_view` with 401: WordPress answers 403 to whoever it has recognised. An unknown key is not
told apart from none."""

BY_STATUS: dict[int, Rule] = {
    401: Rule("auth", "access is refused by something in front of WooCommerce", ALLOW),
    403: Rule("auth", "access is refused by something in front of WooCommerce", ALLOW),
    404: Rule("config", "nothing is found at this address", PLACE),
    406: Rule("auth", "a firewall refuses the request", ALLOW),
    408: Rule("wait", "the request took too long"),
    429: Rule("throttled", "the host is asked too often"),
}


def value_of(answer: Answer) -> Any:
    """Return the JSON value of an answer, whatever plugins print around it. Raises `Malformed`."""
    return decode_amid(answer.body)


def noise(answer: Answer) -> str | None:
    """Say so if something else than JSON stands in a good answer."""
    if answer.status >= 300 or not answer.body:
        return None
    try:
        decode(answer.body)
    except Malformed:
        return (
            "the shop prints warnings or marks around its answers; they are cut off. Switch display_errors off in PHP,"
            " and look which plugin prints them."
        )
    return None


def judge(request: Request, answer: Answer) -> Fault | None:
    """Say what a failed answer means; None: it is good. `Retry-After` is the engine's to read."""
    try:
        value = value_of(answer)
    except Malformed:
        return _page(request, answer)
    code = _code(value)
    if answer.status < 300 and code is None:
        return None
    if is_index(request) and answer.status in (401, 403):
        return Closed("the index of the REST API is not shown to us")
    if code == "woocommerce_rest_cannot_view" and _status(value, answer) == 401:
        return _fault(UNSEEN, code)
    rule = CODES.get(code or "")
    return _fault(rule, str(code)) if rule else _by_status(_status(value, answer), code)


def is_index(request: Request) -> bool:
    """Say whether a request asks what the REST API offers."""
    return request.path == "/wp-json/" or request.query.get("rest_route") == "/"


def _page(request: Request, answer: Answer) -> Fault:
    """Return what an answer means that is no JSON: a page of the site, its host or a firewall, or a cut answer."""
    if is_index(request) and answer.status == 404:
        return Missing("there is no REST API at this address")
    if answer.status < 300:
        return Wait("the answer is a page or a cut text, not data")
    return _by_status(answer.status, None)


def _code(value: Any) -> str | None:
    """Return the code of an error object; None for data, some of which has a `code` of its own."""
    if not isinstance(value, dict) or "message" not in value or type(value.get("code")) is not str:
        return None
    return value["code"] if value.get("data") is None or isinstance(value["data"], dict) else None


def _status(value: Any, answer: Answer) -> int:
    """Return the status that the body names: some hosts answer everything with 200."""
    data = value.get("data") if isinstance(value, dict) else None
    status = data.get("status") if isinstance(data, dict) else None
    return status if type(status) is int else answer.status


def _by_status(status: int, code: str | None) -> Fault:
    rule = BY_STATUS.get(status)
    if rule is None:
        acts = Rule("wait", "the shop or its host failed"), Rule("fail", "the request is refused")
        rule = acts[0] if status >= 500 else acts[1]
    return _fault(rule, code or f"HTTP {status}")


def _fault(rule: Rule, mark: str) -> Fault:
    reason = f"{rule.meaning} ({_clean(mark)})"
    match rule.act:
        case "wait" | "throttled":
            return Wait(reason, throttled=rule.act == "throttled")
        case "gone":
            return Gone(reason)
        case "skip":
            return Skip(reason)
        case "auth" | "config":
            return Stop(reason, rule.remedy, kind=rule.act)
        case "fail":
            return Fault(reason)


def _clean(mark: str) -> str:
    return "".join(sign for sign in mark[:80] if sign.isalnum() or sign in "_- .")
