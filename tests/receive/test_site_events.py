"""Events of the own site over HTTP: whose pages may send them, what of them is stored, and how much."""

from __future__ import annotations

import gzip
import json
import logging
import os
import sqlite3
import time
from typing import Any

import pytest
from plain import Start, ask, connected
from sites import (
    EVENTS,
    NAMES,
    ORIGIN,
    VISITOR,
    batch,
    click_in,
    event,
    follow,
    opened_up,
    posted,
    site,
    stored,
    tell,
)

from jalon.connectors.site import clicks
from jalon.receive import site as receive_site
from jalon.receive.hooks import path_of
from jalon.receive.quota import Quota
from jalon.store import links
from jalon.store.database import Store


def records(store: Store, **settings: Any) -> list[Any]:
    return [record for one in stored(store, **settings) for record in one.records]


async def test_events_are_stored_before_they_are_answered(start: Start, store: Store) -> None:
    receiver, port, _ = await opened_up(start, store)
    answer = await tell(port, event(1), event(2, type="checkout"))
    assert (answer.status, answer.body) == (204, b"")
    assert "content-length" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "set-cookie" not in answer.headers
    assert [(one.stream, one.body["type"]) for one in records(store)] == [
        ("events", "add_to_cart"),
        ("events", "checkout"),
    ]
    assert receiver.metrics.events == {("site", "stored"): 2}


async def test_nothing_of_an_event_is_stored_in_clear(start: Start, store: Store) -> None:
    _, port, _ = await opened_up(start, store)
    await tell(port, event(1, visitor="canary-visitor-0", url=f"{ORIGIN}/canary"), X_Customer="canary")
    left = b"".join(path.read_bytes() for path in store.folder.rglob("*") if path.is_file())
    assert b"canary" not in left


async def test_one_connection_carries_many_batches(start: Start, store: Store) -> None:
    _, port, _ = await opened_up(start, store)
    async with connected(port) as client:
        for number in range(20):
            assert (await client.ask(posted(batch(event(number))))).status == 204
    assert len(records(store)) == 20


# --- whose pages


@pytest.mark.parametrize(
    "origin",
    [
        None, "", "null", "https://evil.example", "https://shop.example.evil.example", "http://shop.example",
        "https://shop.example:8443", "https://shop.example/", "HTTPS://SHOP.EXAMPLE", "*",
    ],
)  # fmt: skip
async def test_other_pages_cannot_tell_events(start: Start, store: Store, origin: str | None) -> None:
    _, port, _ = await opened_up(start, store)
    answer = await tell(port, event(), Origin=origin)
    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers
    assert records(store) == []


async def test_a_frame_without_an_origin_may_where_it_is_named(start: Start, store: Store) -> None:
    _, port, _ = await opened_up(start, store, origins=["null"])
    answer = await tell(port, event(), Origin="null")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "null")


async def test_a_browser_that_asks_first_is_told_what_it_may(start: Start, store: Store) -> None:
    _, port, _ = await opened_up(start, store)
    async with connected(port) as client:
        await client.send(posted(b"").replace(b"POST", b"OPTIONS", 1))
        answer = await client.hear(bodiless=True)
    assert (answer.status, answer.headers["access-control-allow-methods"]) == (204, "POST")
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("path", ["/e/", "/e/" + "0" * 32, EVENTS + "/", EVENTS.upper(), "/e", f"/e/{'é' * 16}"])
async def test_there_is_no_site_at_any_other_address(start: Start, store: Store, path: str) -> None:
    _, port, _ = await opened_up(start, store)
    assert (await ask(port, posted(batch(event()), path))).status in (400, 404)
    assert records(store) == []


async def test_a_site_takes_no_deliveries(start: Start, store: Store) -> None:
    """Its token stands in every page: what comes to the address of deliveries is refused, whatever it says."""
    _, port, _ = await opened_up(start, store)
    assert (await ask(port, posted(b"{}", path_of("site", EVENTS[3:]), X_Jalon_Kind="clicks"))).status == 401
    assert stored(store) == []


# --- consent, programs, bounds


@pytest.mark.parametrize(
    ("settings", "given", "headers", "kept", "why"),
    [
        ({}, {"consent": False}, {}, 0, "no_consent"),
        ({}, {"consent": None}, {}, 0, "no_consent"),
        ({"consent": "not_required"}, {"consent": None}, {}, 1, "stored"),
        ({"consent": "not_required"}, {"consent": False}, {}, 0, "no_consent"),
        ({}, {}, {"DNT": "1"}, 0, "do_not_track"),
        ({}, {}, {"Sec_GPC": "1"}, 0, "do_not_track"),
        ({"honour_dnt": False}, {}, {"DNT": "1"}, 1, "stored"),
        ({}, {}, {"User_Agent": "Googlebot/2.1"}, 0, "program"),
        ({}, {}, {"User_Agent": None}, 0, "program"),
        ({"shop": None}, {"type": "purchase", "order": "17"}, {}, 0, "no_shop"),
        ({}, {"type": "dance"}, {}, 0, "malformed"),
    ],
)
async def test_what_may_not_be_stored_is_counted_alone(
    start: Start, store: Store, settings: Any, given: Any, headers: Any, kept: int, why: str
) -> None:
    """Threat 29. The browser is told nothing of it: 204 all the same."""
    receiver, port, _ = await opened_up(start, store, **settings)
    assert (await tell(port, event(**given), **headers)).status == 204
    assert len(records(store)) == kept
    assert receiver.metrics.events == {("site", why): 1}
    assert f'jalon_events_total{{source="site",outcome="{why}"}} 1' in receiver.metrics.text(0, 0)


@pytest.mark.parametrize("header", ["DNT", "Sec_GPC"])
async def test_a_consent_is_taken_back_also_by_who_does_not_want_to_be_followed(
    start: Start, store: Store, header: str
) -> None:
    """Threat 29. All else that comes with it is left out."""
    receiver, port, _ = await opened_up(start, store)
    withdrawn = {"id": "w" * 32, "type": "withdrawn", "visitor": VISITOR}
    assert (await tell(port, event(1), withdrawn, event(2), **{header: "1"})).status == 204
    (batch_of_one,) = stored(store)
    assert (batch_of_one.records, [one.identifiers for one in batch_of_one.erasures]) == ([], [(("visitor", VISITOR),)])
    assert receiver.metrics.events == {("site", "do_not_track"): 2, ("site", "stored"): 1}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400), (b"[]", {}, 400), (b"\xff" * 10, {}, 400), (b"[" * 60_000, {}, 400),
        (b"x" * 65_537, {}, 413), (b"x", {"Content_Length": 10**12}, 413), (b"x", {"Content_Length": "9" * 30}, 400),
        (gzip.compress(b"{}", mtime=0), {"Content_Encoding": "gzip"}, 415),
    ],
)  # fmt: skip
async def test_hostile_bodies_are_refused_and_not_logged(
    start: Start, store: Store, body: bytes, headers: Any, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    _, port, _ = await opened_up(start, store)
    assert (await ask(port, posted(body, **headers))).status == status
    assert stored(store) == []
    assert not [one for one in caplog.records if one.name.startswith("jalon.receive")]


async def test_only_posts_are_taken(start: Start, store: Store) -> None:
    _, port, _ = await opened_up(start, store)
    assert (await ask(port, posted(b"").replace(b"POST", b"GET", 1))).status == 405


async def test_a_connection_has_its_rate(start: Start, store: Store) -> None:
    _, port, _ = await opened_up(start, store, limits={"batches": 2.0})
    async with connected(port) as client:
        answers = [(await client.ask(posted(batch(event(number))))).status for number in range(11)]
    assert answers[:10] == [204] * 10
    assert answers[10] in (204, 429)
    async with connected(port) as client:
        await client.send(b"".join(posted(batch(event(number))) for number in range(40)))
        refused = [answer for _ in range(40) if (answer := await client.hear()).status not in (204, 0)]
    assert [answer.status for answer in refused] == [429]


async def test_a_day_has_its_bound(start: Start, store: Store) -> None:
    """Threat 31: whoever knows the address cannot fill the disk."""
    receiver, port, _ = await opened_up(start, store, events_per_day=3)
    assert [(await tell(port, event(number))).status for number in range(5)] == [204, 204, 204, 429, 429]
    assert len(records(store)) == 3
    assert receiver.metrics.events["site", "over_quota"] == 2


async def test_withdrawals_have_a_bound_of_their_own(
    start: Start, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive_site, "WITHDRAWALS_PER_DAY", 1)
    _, port, _ = await opened_up(start, store)
    statuses = [
        (await tell(port, {"id": f"{n:032d}", "type": "withdrawn", "visitor": VISITOR})).status for n in range(2)
    ]
    assert statuses == [204, 429]
    assert sum(len(one.erasures) for one in stored(store)) == 1


async def test_a_consent_is_taken_back_also_on_a_day_that_is_full(start: Start, store: Store) -> None:
    _, port, _ = await opened_up(start, store, events_per_day=1)
    assert [(await tell(port, event(number))).status for number in range(2)] == [204, 429]
    assert (await tell(port, {"id": "w" * 32, "type": "withdrawn", "visitor": VISITOR})).status == 204
    assert sum(len(one.erasures) for one in stored(store)) == 1


def test_a_new_day_begins_anew() -> None:
    quota = Quota(2)
    assert [quota.take(0), quota.take(10, 2), quota.take(20), quota.take(30)] == [True, False, True, False]
    assert quota.take(86_400)


async def test_what_the_store_cannot_take_is_told(start: Start, store: Store) -> None:
    _, port, _ = await opened_up(start, store, limits={"store_seconds": 0.2})
    other = sqlite3.connect(store.path, timeout=5, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = await tell(port, event())
    other.execute("ROLLBACK")
    other.close()
    assert answer.status == 503
    assert "retry-after" in answer.headers


async def test_junk_of_a_thousand_events_leaves_nothing(start: Start, store: Store) -> None:
    _, port, _ = await opened_up(start, store)
    before = sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file())
    for number in range(20):
        junk = {"id": f"{number:032d}", "type": "x", "note": os.urandom(500).hex(), "visitor": VISITOR}
        assert (await tell(port, *[junk] * 50)).status == 204
    after = sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file())
    assert after == before


# --- click id, landing


async def landing(port: int, click: str | None, number: int = 1, **given: Any) -> None:
    assert (await tell(port, event(number, type="page_view", click=click, **given))).status == 204


async def test_a_landing_with_consent_claims_its_click(start: Start, store: Store) -> None:
    receiver, port, code = await opened_up(start, store)
    click = click_in(await follow(port, code))
    await landing(port, click)
    await receiver.sites.queue.drain()
    claimed = [one for one in records(store) if one.stream == "clicks" and one.version > 0]
    (first,) = [one for one in records(store) if one.stream == "clicks" and one.version == 0]
    (claim,) = claimed
    assert (claim.key, claim.body["visitor"]) == (first.key, VISITOR)
    told = {name: claim.body[name] for name in first.body}
    assert told == first.body, "the landing says the same of the click as the redirect"
    assert told["content"] == NAMES[0]


async def test_a_click_can_be_claimed_after_its_link_was_disabled(start: Start, store: Store) -> None:
    receiver, port, code = await opened_up(start, store)
    click = click_in(await follow(port, code))
    store.write(lambda db: links.disable(db, code))
    receiver.sites.routes.load()
    assert (await follow(port, code)).status == 404
    await landing(port, click)
    assert [one for one in records(store) if one.stream == "clicks" and one.version]


@pytest.mark.parametrize("case", ["forged", "foreign", "old", "future", "no consent", "other source"])
async def test_a_click_that_is_not_the_visitors_own_is_not_claimed(
    start: Start, store: Store, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, port, code = await opened_up(start, store)
    mint, now = receiver.sites._mint, int(time.time())
    made = {
        "forged": mint.make(code, now)[:-4] + "AAAA",
        "foreign": clicks.Mint(b"another installation").make(code, now),
        "old": mint.make(code, now - clicks.LANDING_SECONDS - 5),
        "future": mint.make(code, now + 600),
        "no consent": mint.make(code, now),
        "other source": mint.make("0" * 10, now),
    }
    await landing(port, made[case], consent=case != "no consent")
    assert [one for one in records(store) if one.stream == "clicks"] == []


async def test_events_that_are_replayed_change_nothing(start: Start, store: Store) -> None:
    _, port, _ = await opened_up(start, store)
    body = batch(event(1), event(2))
    for _ in range(3):
        assert (await ask(port, posted(body))).status == 204
    with store.read() as db:
        keys = {key for (key,) in db.execute("SELECT key FROM deliveries")}
    assert len(keys) == 1, "the same batch is the same delivery"
    found = records(store)
    assert {one.key for one in found} == {event(1)["id"], event(2)["id"]}


async def test_the_same_event_in_another_batch_cannot_replace_the_first(start: Start, store: Store) -> None:
    _, port, _ = await opened_up(start, store)
    await tell(port, event(1))
    await tell(port, event(1, product="666"))
    first, second = records(store)
    assert first.key == second.key
    assert first.version > second.version
    assert first.body["product"] == "8001"


# --- the script


async def test_the_script_is_served_with_what_the_source_says(start: Start, store: Store) -> None:
    _, port = await start({"site": site(consent="not_required", honour_dnt=False)})
    answer = await ask(port, posted(b"", f"/j.js?{EVENTS[3:]}").replace(b"POST", b"GET", 1))
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    line, _, script = answer.body.decode().partition("\n")
    assert json.loads(line.removeprefix("window.jalonSite=").removesuffix(";")) == {"consent": False, "dnt": False}
    assert len(answer.body) < 4096
    assert "document.cookie" not in script.partition("function cookie")[0]


@pytest.mark.parametrize(
    "path", ["/j.js", "/j.js?", "/j.js?" + "0" * 32, f"/j.js?{EVENTS[3:]}x", f"/j.js/{EVENTS[3:]}"]
)
async def test_there_is_no_script_for_nobody(start: Start, store: Store, path: str) -> None:
    _, port = await start({"site": site()})
    assert (await ask(port, posted(b"", path).replace(b"POST", b"GET", 1))).status == 404
