"""The form that signs in to the report page, and the button that signs out, in the language that a reader asks for.

`?lang=` stands above `Accept-Language` (RFC 9110, 12.5.4), of which the language with the greatest weight that is
known is taken. The form's address keeps `?lang=`, so that whoever mistypes is told so in the same language.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

from jalon.receive.replies import Reply

PATH = "/report"
SIGN_OUT = "/report/sign-out"
UNKEPT = "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n"
_WEIGHT = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


class Words(NamedTuple):
    """What is said in one language."""

    asked: str
    wrong: str
    token: str
    show: str
    sign_out: str


class Forms:
    """The form in each language. `words`: language -> words; the first is for who asks for none that is known."""

    def __init__(self, words: Mapping[str, Words]) -> None:
        self._words = words
        self._asking = {lang: _form(lang, own, own.asked) for lang, own in words.items()}
        self._again = {lang: _form(lang, own, own.wrong) for lang, own in words.items()}

    def ask(self, query: str, accepted: str) -> Reply:
        """Return the form, in the language of a query or of an `Accept-Language`."""
        return self._asking[chosen(query, accepted, self._words)]

    def ask_again(self, query: str, accepted: str) -> Reply:
        """Return the form for who gave a wrong token."""
        return self._again[chosen(query, accepted, self._words)]

    def with_sign_out(self, page: str) -> str:
        """Return a published page with a button that signs out; its policy lets the page send that and nothing else."""
        head = page[:_HEAD].replace("form-action &#39;none&#39;", "form-action &#39;self&#39;", 1)
        found = _LANG.search(head)
        words = self._words.get(found[1] if found else "") or next(iter(self._words.values()))
        button = (
            f'<form class="sign-out" method="post" action="{SIGN_OUT}"><button>{_text(words.sign_out)}</button></form>'
        )
        return (head + page[_HEAD:]).replace("<body>", f"<body>{button}", 1)


def chosen(query: str, accepted: str, known: Iterable[str]) -> str:
    """Return the language of `?lang=`, else that of the header with most weight, else the first that is known."""
    names = list(known)
    asked = _asked(query)
    return next((name for name in (asked, *_accepted(accepted)) if name in names), names[0])


def _asked(query: str) -> str:
    try:
        return parse_qs(query, max_num_fields=10).get("lang", [""])[0]
    except ValueError:  # more fields than any address of ours has
        return ""


def _accepted(header: str) -> Iterator[str]:
    """Yield the languages of a header without their regions, the greatest weight first; weight 0 refuses."""
    ranges = []
    for part in header.split(","):
        name, _, weight = (piece.strip() for piece in part.partition(";"))
        found = _WEIGHT.fullmatch(weight)
        ranges.append((float(found[1]) if found else 0.0 if weight else 1.0, name.lower().partition("-")[0]))
    yield from (name for weight, name in sorted(ranges, key=lambda one: -one[0]) if weight)


def policy(page: str) -> str:
    """Return the policy that a page states for itself; one that states none may do nothing."""
    found = _POLICY.search(page[:_HEAD])
    return html.unescape(found[1]) if found else "default-src 'none'"


def shown(status: int, text: str, policy: str, extra: str = "") -> Reply:
    """Return an answer of HTML that nobody keeps or frames."""
    guard = f"Content-Security-Policy: {policy}; frame-ancestors 'none'\r\n"
    return Reply(status, text, extra=guard + UNKEPT + extra, kind="text/html")


def _form(lang: str, words: Words, said: str) -> Reply:
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    allowed = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'self'"
    texts = {name: _text(value) for name, value in words._asdict().items()}
    form = _FORM.format(style=_STYLE, path=f"{PATH}?lang={lang}", lang=lang, said=_text(said), **texts)
    return shown(401, form, allowed, "WWW-Authenticate: Bearer\r\n")


def _text(said: str) -> str:
    return html.escape(said, quote=False)


_HEAD = 4096
_POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]*)"')
_LANG = re.compile(r'<html lang="([a-z]+)"')
_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:22em;margin:15vh auto;"
    "padding:0 1em}label,input,button{display:block;width:100%;font:inherit;box-sizing:border-box;margin:.5em 0;"
    "padding:.4em}label{padding:0}"
)
_FORM = """<!doctype html>
<html lang="{lang}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>jalon</title>
<style>{style}</style></head>
<body><main><h1>jalon</h1><p>{said}</p>
<form method="post" action="{path}"><label for="token">{token}</label>
<input id="token" name="token" type="password" required autocomplete="current-password">
<button>{show}</button></form></main></body></html>
"""
