"""What stands between us and a shop on its owner's web server: a host, its firewall, and plugins that print.

They answer with pages, where the shop would answer with data; the HTTP status is then all that can be read.
"""

from __future__ import annotations

from typing import Literal

from jalon.connectors import faults
from jalon.connectors.base import Answer, Fault, Wait
from jalon.connectors.wire import Malformed, decode

Act = Literal["wait", "throttled", "gone", "auth", "config", "fail"]


class Rule(faults.Rule[Act]):
    """A row of the tables below."""


ALLOW = "Let the host's firewall, security plugin or password in front of the site allow this machine to read the API."
PLACE = "Check `url`: it is the address under which the shop itself lies, such as https://example.com/shop."

BY_STATUS: dict[int, Rule] = {
    401: Rule("auth", "access is refused by something in front of the shop", ALLOW),
    403: Rule("auth", "access is refused by something in front of the shop", ALLOW),
    404: Rule("config", "nothing is found at this address", PLACE),
    406: Rule("auth", "a firewall refuses the request", ALLOW),
    408: Rule("wait", "the request took too long"),
    429: Rule("throttled", "the host is asked too often"),
}
FAILED = Rule("wait", "the shop or its host failed")
UNKNOWN = Rule("fail", "the request is refused")


def by_status(status: int, mark: str = "") -> Fault:
    """Return what an answer means of which only the status can be read."""
    rule = BY_STATUS.get(status, FAILED if status >= 500 else UNKNOWN)
    return fault(rule, mark or f"HTTP {status}")


def page(answer: Answer) -> Fault:
    """Return what an answer means that is no data: a page, or a cut text."""
    if answer.status < 300:
        return Wait("the answer is a page or a cut text, not data")
    return by_status(answer.status)


def fault(rule: Rule, mark: str) -> Fault:
    """Return the fault of a rule; `mark` is the code or status that it was found by."""
    return faults.fault(rule.act, f"{rule.meaning} ({_clean(mark)})", rule.remedy)


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


def _clean(mark: str) -> str:
    return "".join(sign for sign in mark[:80] if sign.isalnum() or sign in "_- .")
