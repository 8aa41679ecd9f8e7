"""The script and Shopify's pixel in a real browser, against a real receiver."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sites import KEYRING, PERSON, TOKEN, site, stored

from jalon.connectors.base import Erasure, Record
from jalon.receive.receiver import Receiver
from jalon.store import links
from jalon.store.database import Store
from jalon.store.links import Link
from tests import browser as driver
from tests.browser import FOUND, Browser, browser

pytestmark = pytest.mark.skipif(FOUND is None, reason="there is no chromium on this machine")
ROOT = Path(__file__).parents[2]
VISITOR = "localStorage.getItem('jalon_visitor')"


class Page(BaseHTTPRequestHandler):
    """The brand's site: the same page at every address."""

    html = ""

    def do_GET(self) -> None:
        body = self.html.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


class Stage:
    """The site, the receiver behind its links and events, and what was stored."""

    def __init__(self, store: Store, own: int, port: int, code: str, loop: asyncio.AbstractEventLoop) -> None:
        self.store, self.loop = store, loop
        self.site = f"http://localhost:{own}"
        self.link = f"http://127.0.0.1:{port}/l/{code}"
        self.script = f"http://127.0.0.1:{port}/j.js?{TOKEN}"
        self.events = f"http://127.0.0.1:{port}/e/{TOKEN}"

    def stored(self) -> list[Record | Erasure]:
        return [each for one in stored(self.store) for each in (*one.records, *one.erasures)]

    def until(self, count: int, stream: str = "events") -> list[Any]:
        """Wait until so many records of a stream are stored; return them."""
        deadline = time.monotonic() + 20
        while len(found := [one for one in self.stored() if getattr(one, "stream", "erasures") == stream]) < count:
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
        assert len(found) == count
        return found


@contextmanager
def serving(store: Store, **settings: Any) -> Iterator[Stage]:
    """Serve the site, its links and its events, each on a port of its own."""
    own = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=own.serve_forever, daemon=True).start()
    place = f"localhost:{own.server_port}"
    target, names = f"http://{place}/p?size=2", ("179", "8001", "instagram/story", "")
    code = links.code_of(KEYRING, "site", target, *names)
    store.write(lambda db: links.add(db, Link(code, "site", target, *names, created_at=1.0)))
    loop = asyncio.new_event_loop()
    running = threading.Thread(target=loop.run_forever, daemon=True)
    running.start()
    hook = site(allowed_hosts=[place], origins=[f"http://{place}", "null"], **settings)
    receiver = Receiver(store, KEYRING, {"site": hook})
    port, _ = asyncio.run_coroutine_threadsafe(receiver.start("127.0.0.1", 0), loop).result(10)
    try:
        yield Stage(store, own.server_port, port, code, loop)
    finally:
        asyncio.run_coroutine_threadsafe(receiver.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        running.join()
        loop.close()
        own.shutdown()
        own.server_close()


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    flags = tuple(flag for flag in driver.FLAGS if not flag.startswith("--proxy-server"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            driver,
            "FLAGS",
            (
                *flags,
                "--proxy-server=direct://",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            ),
        )
        with browser(tmp_path_factory.mktemp("profile")) as started:
            started.ask("Network.setUserAgentOverride", userAgent=PERSON)
            yield started


@pytest.fixture
def fresh(window: Browser) -> Browser:
    window.ask("Page.navigate", url="about:blank")
    window.ask("Network.clearBrowserCookies")
    window.ask("Network.clearBrowserCache")
    window.ask("Network.setExtraHTTPHeaders", headers={})
    return window


def put_script(stage: Stage, before: str = "", product: str = "") -> None:
    Page.html = f'<script>{before}</script><script src="{stage.script}" data-product="{product}"></script><p>lamp</p>'


def after_a_while(window: Browser) -> None:
    """Let the script's own wait pass, and what it would send be sent."""
    window.ask("Runtime.evaluate", expression="new Promise(done => setTimeout(done, 500))", awaitPromise=True)


def told_by(window: Browser, stage: Stage) -> list[str]:
    return [address for address in window.requests if address.startswith(stage.events)]


def test_before_consent_nothing_is_kept_or_sent_and_with_it_the_click_is_claimed(fresh: Browser, store: Store) -> None:
    with serving(store) as stage:
        put_script(stage, product="8001")
        fresh.open(stage.link)
        after_a_while(fresh)
        assert told_by(fresh, stage) == []
        assert fresh.see(VISITOR) is None
        assert fresh.see("document.cookie + sessionStorage.length + localStorage.length") == "00"
        assert fresh.see("location.search").startswith("?size=2&utm_source=instagram"), "the page keeps its own query"
        assert "jclid" not in fresh.see("location.href"), "the id is not passed on with the address"
        fresh.see("jalon.consent(true)")
        view, product = stage.until(2)
        _, claim = stage.until(2, "clicks")
        visitor = fresh.see(VISITOR).partition(".")[0]
        assert (claim.body["visitor"], claim.body["product"]) == (visitor, "8001")
        assert (view.body["type"], view.body["visitor"], bool(view.body["click"])) == ("page_view", visitor, True)
        assert (product.body["type"], product.body["product"]) == ("product_view", "8001")
        assert not fresh.trouble

        fresh.open(f"{stage.site}/other")
        assert fresh.see(f"jalon.track('purchase', {{order: 17}}), {VISITOR}").startswith(visitor)
        bought = stage.until(5)[-1].body
        assert (bought["order"], bought["shop"], bought["visitor"]) == ("17", "shop", visitor)


def test_a_refusal_sends_nothing_and_a_consent_taken_back_orders_to_forget(fresh: Browser, store: Store) -> None:
    with serving(store) as stage:
        put_script(stage, before="window.jalon = [['consent', false], ['track', 'checkout']];")
        fresh.open(f"{stage.site}/?utm_source=tiktok")
        after_a_while(fresh)
        assert (told_by(fresh, stage), fresh.see(VISITOR), stage.stored()) == ([], None, [])
        fresh.see("jalon.consent(true); jalon.track('checkout')")
        (checkout,) = stage.until(1)
        fresh.see("jalon.consent(false)")
        (erasure,) = stage.until(1, "erasures")
        assert erasure.identifiers == (("visitor", checkout.body["visitor"]),)
        assert fresh.see(VISITOR) is None
        fresh.see("jalon.track('checkout')")
        after_a_while(fresh)
        assert len(stage.until(1)) == 1


@pytest.mark.parametrize("consent", ["required", "not_required"])
def test_who_does_not_want_to_be_followed_is_left_alone(fresh: Browser, store: Store, consent: str) -> None:
    with serving(store, consent=consent) as stage:
        quiet = "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true});"
        put_script(stage, before=f"{quiet} window.jalon = [['consent', true], ['track', 'checkout']];")
        fresh.open(f"{stage.site}/?utm_source=tiktok")
        fresh.see("jalon.track('purchase', {order: 1})")
        after_a_while(fresh)
        assert (told_by(fresh, stage), fresh.see(VISITOR), stage.stored()) == ([], None, [])


def test_a_consent_is_taken_back_also_by_who_no_longer_wants_to_be_followed(fresh: Browser, store: Store) -> None:
    with serving(store) as stage:
        put_script(stage, before="window.jalon = [['consent', true], ['track', 'checkout']];")
        fresh.open(f"{stage.site}/")
        view, _ = stage.until(2)
        fresh.ask("Network.setExtraHTTPHeaders", headers={"Sec-GPC": "1"})
        quiet = "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true});"
        put_script(stage, before=f"{quiet} window.jalon = [['track', 'checkout'], ['consent', false]];")
        fresh.open(f"{stage.site}/")
        (erasure,) = stage.until(1, "erasures")
        assert erasure.identifiers == (("visitor", view.body["visitor"]),)
        assert (fresh.see(VISITOR), len(stage.until(2))) == (None, 2)


def test_where_consent_is_not_needed_events_are_sent_at_once(fresh: Browser, store: Store) -> None:
    with serving(store, consent="not_required") as stage:
        put_script(stage)
        fresh.open(f"{stage.site}/p?ttclid=abc")
        (view,) = stage.until(1)
        assert "ttclid=abc" in view.body["url"]
        fresh.see("location.hash = 'x'; jalon.track('add_to_cart', {product: 8})")
        assert stage.until(2)[1].body["url"] == f"{stage.site}/p"


PIXEL = """
window.subscribed = {};
const subscribe = (name, then) => { window.subscribed[name] = then; };
const analytics = {subscribe}, init = {customerPrivacy: {analyticsProcessingAllowed: false}};
const api = {customerPrivacy: {subscribe}};
"""


def fire(window: Browser, name: str, number: int, href: str, data: dict[str, Any] | None = None) -> None:
    """Let Shopify publish an event, with the fields that its documentation names."""
    event = {
        "id": f"sh-event-{number:08d}", "name": name, "clientId": "a1b2c3d4-shopify-client", "data": data or {},
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "context": {"document": {"location": {"href": href}, "referrer": "https://www.instagram.com/"}},
    }  # fmt: skip
    window.see(f"window.subscribed[{json.dumps(name)}]({json.dumps(event)})")


def test_the_pixel_of_the_docs_works_with_shopifys_events(fresh: Browser, store: Store) -> None:
    page = (ROOT / "docs" / "connectors" / "site.md").read_text()
    (code,) = re.findall(r"^```js\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    with serving(store) as stage:
        ours = code.replace("https://go.example.com/e/TOKEN", stage.events)
        Page.html = f"<script>{PIXEL}{ours}</script>"
        fresh.open(f"{stage.site}/")
        shop = f"{stage.site}/products/lamp"
        fire(fresh, "page_viewed", 1, f"{shop}?utm_source=instagram")
        fire(fresh, "product_viewed", 2, shop, {"productVariant": {"product": {"id": "8001"}}})
        after_a_while(fresh)
        assert (told_by(fresh, stage), stage.stored()) == ([], []), "no consent yet"
        agreed = {"customerPrivacy": {"analyticsProcessingAllowed": True}}
        fresh.see(f"window.subscribed.visitorConsentCollected({json.dumps(agreed)})")
        stage.until(1)
        line = {"cartLine": {"merchandise": {"product": {"id": "8001"}}}}
        fire(fresh, "product_added_to_cart", 3, shop, line)
        fire(fresh, "checkout_started", 4, shop, {"checkout": {"token": "t"}})
        bought = {"checkout": {"order": {"id": "gid://shopify/OrderIdentity/55"}}}
        fire(fresh, "checkout_completed", 5, shop, bought)
        found = {one.body["type"]: one.body for one in stage.until(4)}
        assert set(found) == {"page_view", "add_to_cart", "checkout", "purchase"}
        assert (found["purchase"]["order"], found["add_to_cart"]["product"]) == ("55", "8001")
        assert {one["visitor"] for one in found.values()} == {"a1b2c3d4-shopify-client"}
        refused = {"customerPrivacy": {"analyticsProcessingAllowed": False}}
        fresh.see(f"window.subscribed.visitorConsentCollected({json.dumps(refused)})")
        (erasure,) = stage.until(1, "erasures")
        assert erasure.identifiers == (("visitor", "a1b2c3d4-shopify-client"),)
        fire(fresh, "checkout_started", 6, shop)
        after_a_while(fresh)
        assert len(stage.until(4)) == 4
        assert not fresh.trouble
