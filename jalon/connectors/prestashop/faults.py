"""What a refusal of a PrestaShop webservice means: the codes in `errors`, then the HTTP status.

Errors come as JSON where JSON was asked for, and as XML where the shop did not get so far as to know. Permissions are
given per resource, so the refusal of one names it.
https://devdocs.prestashop-project.org/8/webservice/ and the codes of its `WebserviceRequest`.
"""

from __future__ import annotations

import re
from typing import Any

from jalon.connectors.base import Answer, Fault, Request, Wait
from jalon.connectors.hosted import Rule, by_status, fault, page
from jalon.connectors.wire import Malformed, decode_amid

KEY = "Compare `key` with the keys under Advanced Parameters > Webservice, and see that it is enabled."
LET_THROUGH = (
    "The web server drops the Authorization header. On Apache set `CGIPassAuth On`, or the rewrite rule"
    " `RewriteRule . - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]` that PrestaShop's own .htaccess holds."
)
GRANT = "Tick GET for {resource} on the key under Advanced Parameters > Webservice."
ENABLE = "Switch the webservice on under Advanced Parameters > Webservice."
FIELDS = "Update PrestaShop to 1.7 or later; if it is, report this as a defect of jalon."
SHOP = "Check `shop`, the number of the shop in a multi-shop installation, and the shops that the key may open."
FORMAT = "Update PrestaShop to 1.7 or later, or let the host pass on the query of the address: JSON was asked for."

CODES: dict[int, Rule] = {
    16: Rule("auth", "the shop does not see the key", LET_THROUGH),
    17: Rule("auth", "the shop does not see the key", LET_THROUGH),
    18: Rule("auth", "the key is not of 32 signs", KEY),
    19: Rule("auth", "the shop does not know the key", KEY),
    20: Rule("auth", "the key is not enabled, or not known", KEY),
    21: Rule("auth", "the key may read nothing at all", GRANT),
    22: Rule("config", "the webservice is switched off", ENABLE),
    25: Rule("auth", "the key may not read {resource}", GRANT),
    26: Rule("auth", "the key may not read {resource}", GRANT),
    27: Rule("config", "the shop has no resource {resource}", FIELDS),
    32: Rule("config", "the shop cannot filter {resource} as asked", FIELDS),
    33: Rule("config", "the shop cannot filter {resource} as asked", FIELDS),
    35: Rule("config", "the shop does not know a field of {resource}", FIELDS),
    36: Rule("config", "the shop does not know a field of {resource}", FIELDS),
    37: Rule("config", "the shop cannot sort {resource} as asked", FIELDS),
    38: Rule("config", "the shop cannot sort {resource} as asked", FIELDS),
    39: Rule("config", "the shop cannot limit {resource} as asked", FIELDS),
    87: Rule("gone", "there is no such object"),
    126: Rule("config", "the key's class is not known to the shop", KEY),
    132: Rule("auth", "the key may not open this shop", SHOP),
    999: Rule("config", "there is no such shop", SHOP),
}
PHP_ERRORS = range(2, 16)
"""What PHP complains of while the shop answers comes as an error of its own, with status 500."""

_XML_CODE = re.compile(rb"<code>\s*(?:<!\[CDATA\[)?([0-9]{1,6})")


def value_of(answer: Answer) -> Any:
    """Return the JSON value of an answer, whatever plugins print around it. Raises `Malformed`."""
    return decode_amid(answer.body)


def judge(request: Request, answer: Answer) -> Fault | None:
    """Say what a failed answer means; None: it is good. `Retry-After` is the engine's to read."""
    code = _code(answer)
    if code is not None:
        return _by_code(code, request, answer)
    if _is_xml(answer):
        return fault(Rule("config", "the shop answers in XML", FORMAT), "XML") if answer.status < 300 else page(answer)
    try:
        value_of(answer)
    except Malformed:
        return page(answer)
    return None if answer.status < 300 else by_status(answer.status)


def _by_code(code: int, request: Request, answer: Answer) -> Fault:
    resource = request.path.strip("/").split("/")[1] if request.path.count("/") > 1 else "the index"
    if code in PHP_ERRORS:
        return Wait(f"the shop met an error of PHP (code {code})")
    rule = CODES.get(code)
    if rule is None:
        return by_status(answer.status if answer.status >= 400 else 400, f"code {code}")
    named = (text.replace("{resource}", resource) for text in (rule.meaning, rule.remedy))
    return fault(Rule(rule.act, *named), f"code {code}")


def _code(answer: Answer) -> int | None:
    """Return the first error's code, in whichever of the two forms it comes; None where there is no error."""
    if _is_xml(answer):
        match = _XML_CODE.search(answer.body) if b"<error" in answer.body else None
        return int(match[1]) if match else None
    try:
        value = value_of(answer)
    except Malformed:
        return None
    errors = value.get("errors") if isinstance(value, dict) else None
    if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
        return None
    code = str(errors[0].get("code"))
    return int(code) if code.isascii() and code.isdigit() and len(code) < 7 else 0


def _is_xml(answer: Answer) -> bool:
    start = answer.body[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith((b"<?xml", b"<prestashop"))
