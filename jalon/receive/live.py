"""The report page that was published last, at one address, for who knows the token.

    GET /report                      the page, with the token as `Authorization: Bearer`, or after signing in
    GET /report without either       401 and a form; POST /report with the form's token signs in, for half a day
    POST /report/sign-out            signs out who is signed in; who is not gets the form

Signing in sets a cookie that no script can read and no other site can send. It does not hold the token: it says until
when it is good, sealed by a key made of the token, so that another token ends it. Signing out takes the cookie away,
and only from who sends it, so that no other site can sign anybody out. Whatever is compared is compared in constant
time. The page is read anew when its file was replaced, which happens in one step.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qs

from aiohttp import web

from jalon.receive.replies import Reply
from jalon.receive.sign_in import PATH, SIGN_OUT, UNKEPT, Forms, Words, policy, shown

COOKIE = "jalon_report"
SECONDS = 12 * 3600
"""How long somebody stays signed in."""
LONGEST_FORM = 4096
"""Bytes of a form that are looked at: taking one of megabytes apart would hold up the deliveries beside it."""
Read = Callable[[web.BaseRequest], Awaitable[bytes]]


class LivePage:
    """Answers at `PATH` and `SIGN_OUT`. `file`: the published page. `over_tls`: whether people reach it by https alone.

    `words`: what the form says, by language; the first for who asks for none of them.
    """

    def __init__(
        self, token: str, file: Path, now: Callable[[], float], words: Mapping[str, Words], *, over_tls: bool
    ) -> None:
        self._digest = _digest(token.encode())
        self._key = hmac.digest(token.encode(), b"jalon report session", "sha256")
        self._file, self._now, self._over_tls = file, now, over_tls
        self._forms = Forms(words)
        self._stamp: tuple[int, int, int] | None = None
        self._page = self._page_to_leave = NOT_YET

    async def answer(self, request: web.BaseRequest, read_post: Read) -> Reply | None:
        """Answer what is asked at the page's addresses; None for any other."""
        path, _, query = request.raw_path.partition("?")
        if path == SIGN_OUT:
            return ONLY_POST if request.method != "POST" else await self._signed_out(request, read_post, query)
        if path != PATH:
            return None
        if request.method == "POST":
            return self._signed_in(await read_post(request), query, _accepted(request))
        if request.method not in ("GET", "HEAD"):
            return WRONG_METHOD
        if self._bears_token(request):
            return (await asyncio.to_thread(self._published))[0]
        if self._is_signed_in(request):
            return (await asyncio.to_thread(self._published))[1]
        return self._forms.ask(query, _accepted(request))

    def _bears_token(self, request: web.BaseRequest) -> bool:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        return kind.lower() == "bearer" and self._is_token(given.strip())

    def _is_signed_in(self, request: web.BaseRequest) -> bool:
        """Look at the cookie; a wrong bearer is not helped by it."""
        is_bearer = request.headers.get("Authorization", "").lower().startswith("bearer ")
        return not is_bearer and self._is_session(_cookie(request.headers.get("Cookie", "")))

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(_digest(given.encode("utf-8", "surrogateescape")), self._digest)

    def _is_session(self, given: str) -> bool:
        until, _, seal = given.partition(".")
        wanted = self._seal(until).encode()
        return hmac.compare_digest(seal.encode("utf-8", "surrogateescape"), wanted) and int(until) > self._now()

    def _seal(self, until: str) -> str:
        return hmac.digest(self._key, until.encode("utf-8", "surrogateescape"), "sha256").hex()

    def _signed_in(self, body: bytes, query: str, accepted: str) -> Reply:
        """Answer the form: back to the page with a cookie, or the form again."""
        if len(body) > LONGEST_FORM or not self._is_token(_field(body, "token").strip()):
            return self._forms.ask_again(query, accepted)
        until = str(int(self._now()) + SECONDS)
        return self._back(f"{until}.{self._seal(until)}", SECONDS)

    async def _signed_out(self, request: web.BaseRequest, read_post: Read, query: str) -> Reply:
        """Take the cookie back from who sends it."""
        await read_post(request)
        return self._back("", 0) if self._is_signed_in(request) else self._forms.ask(query, _accepted(request))

    def _back(self, value: str, seconds: int) -> Reply:
        """Send back to the page with a cookie that lasts so long."""
        secure = "; Secure" if self._over_tls else ""
        cookie = f"{COOKIE}={value}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict"
        return Reply(303, extra=f"Location: {PATH}\r\nSet-Cookie: {cookie}{secure}\r\n{UNKEPT}")

    def _published(self) -> tuple[Reply, Reply]:
        """Return the page as it was published last: as it is, and with a button that signs out."""
        try:
            with self._file.open("rb") as file:
                stamp = _stamp(file.fileno())
                if stamp != self._stamp:
                    text = file.read().decode("utf-8", "replace")
                    self._page, self._page_to_leave = _page(text), _page(self._forms.with_sign_out(text))
                    self._stamp = stamp
        except OSError:
            return NOT_YET, NOT_YET
        return self._page, self._page_to_leave


def _accepted(request: web.BaseRequest) -> str:
    return request.headers.get("Accept-Language", "")


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
    return shown(200, text, policy(text))


NOT_YET = Reply(404, "there is no report yet; `jalon report` makes one\n", extra=UNKEPT)
WRONG_METHOD = Reply(405, "ask with GET, sign in with POST\n", extra="Allow: GET, HEAD, POST\r\n" + UNKEPT)
ONLY_POST = Reply(405, "sign out with POST\n", extra="Allow: POST\r\n" + UNKEPT)
