"""The report page that was published last, at one address, for who knows the token.

    GET /report                      the page, with the token as `Authorization: Bearer`, or after signing in
    GET /report without either       401 and a form; POST /report with the form's token signs in, for half a day

Signing in sets a cookie that no script can read and no other site can send. It does not hold the token: it says until
when it is good, sealed by a key made of the token, so that another token ends it. Whatever is compared is compared in
constant time. The page is read anew when its file was replaced, which happens in one step.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import html
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs

from aiohttp import web

from jalon.receive.replies import Reply

PATH = "/report"
COOKIE = "jalon_report"
SECONDS = 12 * 3600
"""How long somebody stays signed in."""
LONGEST_FORM = 4096
"""Bytes of a form that are looked at: taking one of megabytes apart would hold up the deliveries beside it."""
_POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]*)"')
_UNKEPT = "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n"
Read = Callable[[web.BaseRequest], Awaitable[bytes]]


class LivePage:
    """Answers at `PATH`. `file`: the published page. `over_tls`: whether people reach it by https alone."""

    def __init__(self, token: str, file: Path, now: Callable[[], float], *, over_tls: bool) -> None:
        self._digest = _digest(token.encode())
        self._key = hmac.digest(token.encode(), b"jalon report session", "sha256")
        self._file, self._now, self._over_tls = file, now, over_tls
        self._stamp: tuple[int, int, int] | None = None
        self._page = NOT_YET

    async def answer(self, request: web.BaseRequest, read_post: Read) -> Reply | None:
        """Answer what is asked at the page's address; None for any other."""
        if request.raw_path.partition("?")[0] != PATH:
            return None
        if request.method == "POST":
            return self._signed_in(await read_post(request))
        if request.method not in ("GET", "HEAD"):
            return WRONG_METHOD
        if not self._is_known(request):
            return FORM
        return await asyncio.to_thread(self._published)

    def _is_known(self, request: web.BaseRequest) -> bool:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._is_token(given.strip())
        return self._is_session(_cookie(request.headers.get("Cookie", "")))

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(_digest(given.encode("utf-8", "surrogateescape")), self._digest)

    def _is_session(self, given: str) -> bool:
        until, _, seal = given.partition(".")
        wanted = self._seal(until).encode()
        return hmac.compare_digest(seal.encode("utf-8", "surrogateescape"), wanted) and int(until) > self._now()

    def _seal(self, until: str) -> str:
        return hmac.digest(self._key, until.encode("utf-8", "surrogateescape"), "sha256").hex()

    def _signed_in(self, body: bytes) -> Reply:
        """Answer the form: back to the page with a cookie, or the form again."""
        if len(body) > LONGEST_FORM or not self._is_token(_field(body, "token").strip()):
            return FORM_AGAIN
        until = str(int(self._now()) + SECONDS)
        secure = "; Secure" if self._over_tls else ""
        cookie = f"{COOKIE}={until}.{self._seal(until)}; Path={PATH}; Max-Age={SECONDS}; HttpOnly; SameSite=Strict"
        return Reply(303, extra=f"Location: {PATH}\r\nSet-Cookie: {cookie}{secure}\r\n{_UNKEPT}")

    def _published(self) -> Reply:
        """Return the page as it was published last."""
        try:
            with self._file.open("rb") as file:
                about = file.fileno()
                stamp = _stamp(about)
                if stamp != self._stamp:
                    self._page, self._stamp = _page(file.read().decode("utf-8", "replace")), stamp
        except OSError:
            return NOT_YET
        return self._page


def _digest(text: bytes) -> bytes:
    """Return what tokens are compared by, so that not even their length is told."""
    return hashlib.sha256(text).digest()


def _stamp(descriptor: int) -> tuple[int, int, int]:
    found = os.fstat(descriptor)
    return found.st_ino, found.st_mtime_ns, found.st_size


def _cookie(header: str) -> str:
    """Return the value of our cookie, empty if there is none."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), "")


def _field(body: bytes, name: str) -> str:
    """Return a field of a form as it was sent; empty if there is none."""
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=10).get(name, [""])[0]
    except ValueError:  # more fields than any form of ours has
        return ""


def _page(text: str) -> Reply:
    """Return a published page with the policy that it states for itself, and that no other site may frame it."""
    found = _POLICY.search(text[:_HEAD])
    return _shown(200, text, html.unescape(found[1]) if found else "default-src 'none'")


def _shown(status: int, text: str, policy: str, extra: str = "") -> Reply:
    """Return an answer of HTML that nobody keeps or frames."""
    guard = f"Content-Security-Policy: {policy}; frame-ancestors 'none'\r\n"
    return Reply(status, text, extra=guard + _UNKEPT + extra, kind="text/html")


def _form(said: str) -> Reply:
    digest = base64.b64encode(_digest(_STYLE.encode())).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'self'"
    text = _FORM.format(style=_STYLE, path=PATH, said=said)
    return _shown(401, text, policy, "WWW-Authenticate: Bearer\r\n")


_HEAD = 4096
_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:22em;margin:15vh auto;"
    "padding:0 1em}label,input,button{display:block;width:100%;font:inherit;box-sizing:border-box;margin:.5em 0;"
    "padding:.4em}label{padding:0}"
)
_FORM = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>jalon</title>
<style>{style}</style></head>
<body><main><h1>jalon</h1><p>{said}</p>
<form method="post" action="{path}"><label for="token">Token of the report</label>
<input id="token" name="token" type="password" required autocomplete="current-password">
<button>Show the report</button></form></main></body></html>
"""
FORM = _form("The report is shown to who knows its token.")
FORM_AGAIN = _form("That was not the token.")
NOT_YET = Reply(404, "there is no report yet; `jalon report` makes one\n", extra=_UNKEPT)
WRONG_METHOD = Reply(405, "ask with GET, sign in with POST\n", extra="Allow: GET, HEAD, POST\r\n" + _UNKEPT)
