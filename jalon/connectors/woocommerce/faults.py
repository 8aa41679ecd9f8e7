"""What a refusal of a WooCommerce shop means: WordPress's codes in the body first, then the HTTP status.

Security plugins answer in JSON too, with codes of their own; the status is then all that can be read.
"""

from __future__ import annotations

from typing import Any

from jalon.connectors.base import Answer, Fault, Request, Skip
from jalon.connectors.hosted import Rule, by_status, fault, page
from jalon.connectors.wire import Malformed, decode_amid


class Missing(Skip):
    """There is no REST API at this address."""


class Closed(Skip):
    """The index of the REST API is not shown."""


KEYS = "Make a key under WooCommerce > Settings > Advanced > REST API, by an administrator or shop manager."
REFUSED = (
    f"{KEYS} A signature (`sign`) is good for 15 minutes by the shop's clock, and only for the address that WordPress"
    " takes for its own."
)
LET_THROUGH = (
    "Compare consumer_key and consumer_secret with the shop's REST API keys. If they are right, the web server drops"
    " the Authorization header (Apache: `CGIPassAuth On`, or a rewrite rule that sets HTTP_AUTHORIZATION; or set"
    " `sign = true`), or WordPress does not know that it is reached by https behind its proxy."
)
QUERY = "Let the host pass on the query of the address as it is."
ACTIVE = "Check that WooCommerce is active and at least version 5.8, and that `url` is the address of the shop's root."
REPORT = "Report this as a defect of jalon."

# https://woocommerce.github.io/woocommerce-rest-api-docs/#errors and #authentication
CODES: dict[str, Rule] = {
    "woocommerce_rest_authentication_error": Rule("auth", "the consumer key or secret is refused", REFUSED),
    "woocommerce_rest_authentication_missing_parameter": Rule("auth", "the signature does not arrive whole", QUERY),
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


def value_of(answer: Answer) -> Any:
    """Return the JSON value of an answer, whatever plugins print around it. Raises `Malformed`."""
    return decode_amid(answer.body)


def judge(request: Request, answer: Answer) -> Fault | None:
    """Say what a failed answer means; None: it is good. `Retry-After` is the engine's to read."""
    try:
        value = value_of(answer)
    except Malformed:
        missing = is_index(request) and answer.status == 404
        return Missing("there is no REST API at this address") if missing else page(answer)
    code = _code(value)
    if answer.status < 300 and code is None:
        return None
    if is_index(request) and answer.status in (401, 403):
        return Closed("the index of the REST API is not shown to us")
    status = _status(value, answer)
    if code == "woocommerce_rest_cannot_view" and status == 401:
        return fault(UNSEEN, code)
    rule = CODES.get(code or "")
    return fault(rule, str(code)) if rule else by_status(status, code or "")


def is_index(request: Request) -> bool:
    """Say whether a request asks what the REST API offers."""
    return request.path == "/wp-json/" or request.query.get("rest_route") == "/"


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
