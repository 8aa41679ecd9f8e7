"""The report page at an address: shown to who knows the token, and to nobody else."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain import Heard, ask, hook

from jalon.commands.serving import receiver_of
from jalon.commands.setup import begin
from jalon.config import load
from jalon.privacy import Keyring
from jalon.receive.limits import Limits
from jalon.receive.live import COOKIE, LONGEST_FORM, SECONDS, LivePage
from jalon.receive.receiver import Receiver
from jalon.receive.sign_in import SIGN_OUT, Words, chosen
from jalon.report.page.page import policy
from jalon.store.database import Store
from jalon.workplace import Workplace

TOKEN = "a long and secret word"
WORDS = {
    "en": Words("Known to who has the token.", "Not the token.", "Token", "Show", "Sign out"),
    "fr": Words("Réservé à qui a le jeton.", "Pas le jeton.", "Jeton", "Afficher", "Se déconnecter"),
}
STYLE = "body{color:red}"
POLICY = policy([STYLE], ["1+1"])


def page(said: str) -> str:
    head = f'<meta http-equiv="Content-Security-Policy" content="{POLICY.replace(chr(39), "&#39;")}">'
    return '<!doctype html><html lang="fr">' + f"<head>{head}<style>{STYLE}</style></head><body>{said}</body></html>"


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


Shown = Callable[..., Awaitable[int]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(page("first é"))
    return path


@pytest.fixture
async def shown(store: Store, file: Path) -> AsyncIterator[Shown]:
    """Start a receiver that shows the page; returns its port."""
    started: list[Receiver] = []

    async def start(token: str = TOKEN, clock: Clock | None = None, *, over_tls: bool = False) -> int:
        live = LivePage(token, file, clock or Clock(), WORDS, over_tls=over_tls)
        receiver = Receiver(store, Keyring(bytes(32)), {"shop": hook()}, Limits(), live=live)
        started.append(receiver)
        port, _ = await receiver.start("127.0.0.1", 0)
        return port

    yield start
    for receiver in started:
        await receiver.stop()


def get(path: str = "/report", method: str = "GET", **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode("utf-8", "surrogateescape")


def sign_in(token: str, path: str = "/report", headers: str = "") -> bytes:
    body = f"token={token.replace(' ', '+')}"
    kind = f"{headers}Content-Type: application/x-www-form-urlencoded"
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n{kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def cookie(heard: Heard) -> str:
    return heard.headers["set-cookie"].partition(";")[0]


async def test_a_bearer_sees_the_page_with_its_own_policy_and_nobody_keeps_it(shown: Shown) -> None:
    heard = await ask(await shown(), get(Authorization=f"Bearer {TOKEN}"))
    assert heard.status == 200
    assert heard.body.decode() == page("first é")
    assert heard.headers["content-security-policy"] == f"{POLICY}; frame-ancestors 'none'"
    assert heard.headers["cache-control"] == "no-store"
    assert heard.headers["referrer-policy"] == "no-referrer"
    assert heard.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {base64.b64encode(TOKEN.encode()).decode()}"},
        {"Authorization": "Bearer \udce9\udcff"},
        {"Cookie": f"{COOKIE}={TOKEN}"},
        {"Cookie": f"{COOKIE}=99999999999.{'0' * 64}"},
        {"Cookie": f"{COOKIE}=."},
        {"Cookie": f"{COOKIE}"},
        {"Cookie": f"{COOKIE}=\udce9.\udcff"},
    ],
)
async def test_without_the_token_there_is_a_form_and_nothing_of_the_page(shown: Shown, headers: dict[str, str]) -> None:
    heard = await ask(await shown(), get(**headers))
    assert heard.status == 401
    assert heard.headers["www-authenticate"] == "Bearer"
    assert b"first" not in heard.body
    style = re.search("<style>(.*)</style>", heard.body.decode(), re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in heard.headers["content-security-policy"]
    assert "form-action 'self'" in heard.headers["content-security-policy"]


async def test_a_token_in_the_address_opens_nothing(shown: Shown) -> None:
    assert (await ask(await shown(), get("/report?token=a+long+and+secret+word"))).status == 401


async def test_who_signs_in_sees_the_page_by_a_cookie_that_does_not_hold_the_token(shown: Shown) -> None:
    clock = Clock()
    port = await shown(clock=clock)
    signed = await ask(port, sign_in(TOKEN))
    assert signed.status == 303
    assert signed.headers["location"] == "/report"
    attributes = signed.headers["set-cookie"].split("; ")[1:]
    assert {"HttpOnly", "SameSite=Strict", "Path=/report"} <= set(attributes)
    assert TOKEN not in signed.headers["set-cookie"]
    assert (await ask(port, get(Cookie=f"other=1; {cookie(signed)}; more=2"))).status == 200
    until, _, seal = cookie(signed).partition("=")[2].partition(".")
    later = f"{COOKIE}={int(until) + 1}.{seal}"
    assert (await ask(port, get(Cookie=later))).status == 401, "its time is sealed"
    clock.now += SECONDS + 1
    assert (await ask(port, get(Cookie=cookie(signed)))).status == 401


async def test_another_token_ends_what_was_signed_in_by_the_old_one(shown: Shown) -> None:
    signed = await ask(await shown(), sign_in(TOKEN))
    port = await shown(token="another long and secret word")
    assert (await ask(port, get(Cookie=cookie(signed)))).status == 401


async def test_behind_https_the_cookie_travels_by_nothing_else(shown: Shown) -> None:
    plain, secure = await ask(await shown(), sign_in(TOKEN)), await ask(await shown(over_tls=True), sign_in(TOKEN))
    assert "Secure" not in plain.headers["set-cookie"].split("; ")
    assert "Secure" in secure.headers["set-cookie"].split("; ")


@pytest.mark.parametrize("token", ["wrong", "", "x" * 5000, "&".join(["token=x"] * 50)])
async def test_a_wrong_token_gets_the_form_again(shown: Shown, token: str) -> None:
    heard = await ask(await shown(), sign_in(token))
    assert heard.status == 401
    assert "set-cookie" not in heard.headers


async def test_a_form_that_is_longer_than_any_browser_sends_is_not_looked_at(shown: Shown) -> None:
    heard = await ask(await shown(), sign_in(f"{TOKEN}&more={'x' * LONGEST_FORM}"))
    assert heard.status == 401
    assert "set-cookie" not in heard.headers


FRENCH = "fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5"


@pytest.mark.parametrize(
    ("path", "accepted", "lang"),
    [
        ("/report", "", "en"),
        ("/report", FRENCH, "fr"),
        ("/report", "de, en;q=0.1, fr;q=0.3", "fr"),
        ("/report", "fr;q=0", "en"),
        ("/report", "fr;q=high, ;;,=", "en"),
        ("/report?lang=fr", "en", "fr"),
        ("/report?lang=en", FRENCH, "en"),
        ("/report?lang=xx", FRENCH, "fr"),
    ],
)
async def test_the_form_speaks_the_language_that_is_asked_for(
    shown: Shown, path: str, accepted: str, lang: str
) -> None:
    port = await shown()
    asked = (await ask(port, get(path, Accept_Language=accepted))).body.decode()
    wrong = (await ask(port, sign_in("wrong", path, f"Accept-Language: {accepted}\r\n"))).body.decode()
    for form, said in ((asked, WORDS[lang].asked), (wrong, WORDS[lang].wrong)):
        assert f'<html lang="{lang}">' in form
        assert f'action="/report?lang={lang}"' in form, "who mistypes is told so in the same language"
        assert said in form
        assert WORDS[lang].token in form


@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_is_asked_for_a_known_language_is_chosen(query: str, accepted: str) -> None:
    assert chosen(query, accepted, ("fr", "en")) in ("fr", "en")


async def test_who_signs_out_is_out_and_nobody_else_can_sign_them_out(shown: Shown) -> None:
    port = await shown(over_tls=True)
    own = cookie(await ask(port, sign_in(TOKEN)))
    page_ = (await ask(port, get(Cookie=own))).body.decode()
    assert f'<form class="sign-out" method="post" action="{SIGN_OUT}"><button>Se déconnecter</button></form>' in page_
    assert "first é" in page_
    out = await ask(port, get(SIGN_OUT, "POST", Cookie=own, Content_Length="0"))
    assert (out.status, out.headers["location"]) == (303, "/report")
    given, *attributes = out.headers["set-cookie"].split("; ")
    assert given == f"{COOKIE}="
    assert {"Max-Age=0", "HttpOnly", "SameSite=Strict", "Path=/report", "Secure"} <= set(attributes)
    foreign = await ask(port, get(SIGN_OUT, "POST", Content_Length="0"))
    assert foreign.status == 401, "another site's form comes without the cookie, and takes none away"
    assert "set-cookie" not in foreign.headers
    assert (await ask(port, get(SIGN_OUT, Cookie=own))).status == 405, "a link or an image signs nobody out"


async def test_the_page_may_send_the_button_and_nothing_else(shown: Shown) -> None:
    port = await shown()
    heard = await ask(port, get(Cookie=cookie(await ask(port, sign_in(TOKEN)))))
    allowed = POLICY.replace("form-action 'none'", "form-action 'self'")
    assert heard.headers["content-security-policy"] == f"{allowed}; frame-ancestors 'none'"
    assert allowed.replace("'", "&#39;") in heard.body.decode()


async def test_a_new_report_is_shown_as_soon_as_it_is_published(shown: Shown, file: Path) -> None:
    port = await shown()
    asked = get(Authorization=f"Bearer {TOKEN}")
    assert b"first" in (await ask(port, asked)).body
    new = file.with_name("new.html")
    new.write_text(page("second"))
    new.replace(file)
    assert b"second" in (await ask(port, asked)).body
    file.unlink()
    assert (await ask(port, asked)).status == 404


async def test_a_large_page_arrives_whole(shown: Shown, file: Path) -> None:
    file.write_text(page("x" * 6_000_000))
    port = await shown()
    answers = await asyncio.gather(*(ask(port, get(Authorization=f"Bearer {TOKEN}")) for _ in range(3)))
    assert {len(heard.body) for heard in answers} == {len(page("x" * 6_000_000))}


async def test_without_a_token_configured_the_address_is_as_unknown_as_any(store: Store) -> None:
    receiver = Receiver(store, Keyring(bytes(32)), {"shop": hook()}, Limits())
    port, _ = await receiver.start("127.0.0.1", 0)
    try:
        report, other = await ask(port, get("/report")), await ask(port, get("/anything"))
    finally:
        await receiver.stop()
    assert (report.status, report.headers, report.body) == (404, other.headers, other.body)


async def test_jalon_serve_shows_what_jalon_report_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(tmp_path, ())
    with (tmp_path / "jalon.toml").open("a") as config:
        config.write('\n[serve]\nreport_token = { env = "T_REPORT" }\n')
    monkeypatch.setenv("T_REPORT", TOKEN)
    with Workplace(load(tmp_path / "jalon.toml")) as place:
        (place.store.marts / "report.html").write_text(page("published"))
        receiver = receiver_of(place)
        port, _ = await receiver.start("127.0.0.1", 0)
        try:
            heard = await ask(port, get(Authorization=f"Bearer {TOKEN}"))
            french = await ask(port, get(Accept_Language=FRENCH))
        finally:
            await receiver.stop()
    assert (heard.status, heard.body.decode()) == (200, page("published"))
    assert "Jeton du rapport" in french.body.decode()


async def test_nothing_of_the_token_is_logged(shown: Shown, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    port = await shown()
    for asked in (sign_in(TOKEN), get(Authorization=f"Bearer {TOKEN}"), get(Authorization="Bearer nearly it")):
        await ask(port, asked)
    assert TOKEN not in caplog.text
    assert "nearly it" not in caplog.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_refused(shown: Shown, method: str) -> None:
    assert (await ask(await shown(), get(method=method))).status == 405
