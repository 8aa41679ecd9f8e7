"""What a refusal of Shopify means for what happens next.

GraphQL refuses inside HTTP 200, with a code in `errors[].extensions`; the edge in front of it refuses by HTTP status.
Both are rows of one table. Search warnings come with data, but with data of another search than the one asked: an
unknown filter matches everything. They are refusals too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jalon.connectors import faults
from jalon.connectors.base import Answer, Fault, Level, Request, Stop, Wait


class Rule(faults.Rule[faults.Act]):
    """A row of the tables below."""


_REPORT = "Compare `version` in jalon.toml with the versions that Shopify supports; if it is right, report a defect."
_REINSTALL = "Put a valid access_token in place, or client_id and client_secret of an installed app."
_SCOPES = "Grant the access scope to the app, reinstall it, and see `jalon doctor`."

# https://shopify.dev/docs/api/admin-graphql#status_and_error_codes and https://shopify.dev/docs/api/usage/response-codes
# Of several errors in one answer the one that stands first here decides.
REFUSALS: dict[str, Rule] = {
    "THROTTLED": Rule("throttled", "the shop's query budget is spent"),
    "ACCESS_DENIED": Rule("auth", "the app may not read this", _SCOPES),
    "SHOP_INACTIVE": Rule("auth", "the shop is not active", "Ask the shop's owner."),
    "MAX_COST_EXCEEDED": Rule("split", "the query costs more than one query may"),
    "RESOURCE_NOT_FOUND": Rule("skip", "there is no such object"),
    "BAD_CURSOR": Rule("skip", "the page mark is not known any more"),
    "BAD_REQUEST": Rule("config", "the query is refused", _REPORT),
    "INTERNAL_SERVER_ERROR": Rule("wait", "Shopify failed on its side"),
    "SERVICE_UNAVAILABLE": Rule("wait", "Shopify failed on its side"),
    "TIMEOUT": Rule("wait", "the query took too long at Shopify"),
    "400": Rule("config", "the request is refused", _REPORT),
    "401": Rule("renew", "the access token is not accepted"),
    "402": Rule("auth", "the shop is frozen for unpaid bills", "Ask the shop's owner."),
    "403": Rule("auth", "access to the shop is forbidden", _SCOPES),
    "404": Rule("config", "there is no such shop or API version", "Check `shop` and `version` in jalon.toml."),
    "408": Rule("wait", "the request took too long to arrive"),
    "423": Rule("auth", "the shop is locked", "Ask the shop's owner, or Shopify's support."),
    "429": Rule("throttled", "too many requests"),
    "430": Rule("wait", "Shopify's security rejects requests for a while"),
}
_PRECEDENCE = {code: place for place, code in enumerate(REFUSALS)}
_UNKNOWN = Rule("config", "the request is refused for a reason that is not known here", _REPORT)
_BROKEN = Rule("wait", "Shopify failed on its side")


OTHER_VERSION = "That version is no longer served: upgrade jalon, or set `version` and watch `jalon quarantine`."


def other_version(request: Request, answer: Answer) -> str | None:
    """Say so if another API version answered than was asked: Shopify falls forward silently once one is out of service.

    https://shopify.dev/docs/api/usage/versioning
    """
    got = answer.headers.get("x-shopify-api-version")
    if got is None or not request.path.startswith("/admin/api/") or f"/{got}/" in request.path:
        return None
    return f"asked for API version {request.path.split('/')[3]}, answered by {_clip(got)}. {OTHER_VERSION}"


def judge(request: Request, answer: Answer) -> Fault | None:
    """Say what a failed answer means; None: it is good. `Retry-After` is the engine's to read."""
    if answer.status != 200:
        return _by_status(request, answer)
    return None if request.anonymous else _by_body(answer.data)


def _by_status(request: Request, answer: Answer) -> Fault:
    code = str(answer.status)
    if request.anonymous and 400 <= answer.status < 404:
        return Stop(f"Shopify refuses to give an access token (HTTP {code})", _REINSTALL, kind="auth")
    rule = REFUSALS.get(code, _BROKEN if answer.status >= 500 else _UNKNOWN)
    return faults.fault(rule.act, f"{rule.meaning} (HTTP {code})", rule.remedy)


def _by_body(body: Any) -> Fault | None:
    if not isinstance(body, dict):
        return Wait("Shopify's answer is no JSON object")
    errors, warning = body.get("errors"), _search_warning(body)
    if errors:
        return _by_errors(errors, body)
    if warning:
        return Stop(f"Shopify did not search as asked, so its answer cannot be used: {warning}", _REPORT)
    return None if isinstance(body.get("data"), dict) else Wait("Shopify's answer holds no data")


def _by_errors(errors: Any, body: Mapping[str, Any]) -> Fault:
    """Return what the weightiest of the errors means."""
    listed = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    if not listed:
        return Stop(f"Shopify refuses the request: {_clip(errors)}", _REPORT)
    error = min(listed, key=lambda error: _PRECEDENCE.get(_code(error), len(_PRECEDENCE)))
    code = _code(error)
    rule = REFUSALS.get(code, _UNKNOWN)
    return faults.fault(rule.act, f"{rule.meaning} ({_detail(error, code)})", rule.remedy, _refill(body))


def _detail(error: Mapping[str, Any], code: str) -> str:
    """Return which field is refused and what it needs, as far as the error tells."""
    extensions = error.get("extensions")
    required = extensions.get("requiredAccess") if isinstance(extensions, dict) else None
    if required:
        path = ".".join(str(step) for step in error.get("path") or ())
        return f"{code}: {path or 'the query'} needs {_clip(required)}"
    return f"{code or 'no code'}: {_clip(error.get('message'))}"


def _code(error: Mapping[str, Any]) -> str:
    """Return an error's code; a refused cursor has none of its own."""
    if "invalid cursor" in str(error.get("message")).lower():
        return "BAD_CURSOR"
    extensions = error.get("extensions")
    return str(extensions.get("code", "")) if isinstance(extensions, dict) else ""


def _clip(text: Any) -> str:
    return str(text)[:300]


def _search_warning(body: Mapping[str, Any]) -> str | None:
    """Return the first warning about a search, as text."""
    searches = (body.get("extensions") or {}).get("search") or ()
    warnings = (warning for search in searches for warning in search.get("warnings") or ())
    return next((_clip(f"{warning.get('field')}: {warning.get('message')}") for warning in warnings), None)


# --- budget ---------------------------------------------------------------------------------------------------------


def level(body: Mapping[str, Any]) -> Level | None:
    """Return the state of the bucket of points, as far as the answer tells it."""
    status = _cost(body).get("throttleStatus")
    if not status:
        return None
    return Level(float(status["currentlyAvailable"]), float(status["maximumAvailable"]), float(status["restoreRate"]))


def _cost(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return (body.get("extensions") or {}).get("cost") or {}


def _refill(body: Mapping[str, Any]) -> float | None:
    """Return the seconds until the bucket holds what the query asked for."""
    now = level(body)
    if now is None or not now.restore_per_second:
        return None
    requested = float(_cost(body).get("requestedQueryCost") or now.capacity)
    return max(0.0, requested - now.available) / now.restore_per_second
