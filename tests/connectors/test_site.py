"""Where links may lead, click ids that prove themselves, and what a browser may tell: consent first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jalon.connectors.base import Delivery, Undelivered
from jalon.connectors.site import KIND, Site, SiteSettings, clicks, events
from jalon.connectors.site.addresses import Misplaced, checked, destination
from jalon.connectors.site.clicks import Followed, Mint
from jalon.connectors.site.names import Misnamed, named

ALLOWED = ("shop.example", "localhost:8080")
VISITOR = "f" * 32

# --- where a link may lead

HOSTILE = (
    "", "//evil.example", "///evil.example", "\\\\evil.example", "/\\evil.example", "https:evil.example",
    "https:/evil.example", "https:///evil.example", "https://evil.example", "https://shop.example.evil.example",
    "https://evil.example/shop.example", "https://evil.example?shop.example", "https://evil.example#shop.example",
    "https://shop.example@evil.example", "https://shop.example:80@evil.example/", "https://user:pw@shop.example/",
    "https://@shop.example/", "https://shop.example\\@evil.example", "https://shop.example\\.evil.example",
    "https://shop.example%2eevil.example", "https://shop.example%00.evil.example", "https://evil.example\\shop.example",
    "https://shop.example:443@evil.example", "https://shop.example:", "https://shop.example:x", "https://shop.example:8443/",
    "https://shop.example/\r\nSet-Cookie: x=1", "https://shop.example/%0d%0aSet-Cookie:x", "https://shop.example/%0A",
    "https://shop.example/%00", "https://shop.example/%5cevil.example", "https://shop.example/\tx", " https://shop.example",
    "https://shop.example ", "https://shop.example/a b", "https://\u0455hop.example/", "https://shop\u3002example/",
    "https://shop.example\uff0fevil", "https://\uff53hop.example/", "https://xn--hop-rcd.example/",
    "https://shop.example/caf\u00e9", "javascript:alert(1)", "JavaScript://shop.example/%0aalert(1)",
    "data:text/html,x", "vbscript:x", "file:///etc/passwd", "ftp://shop.example/", "http://shop.example/",
    "blob:https://shop.example/1", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://shop.example./",
    "https://.shop.example/", "https://SHOP.example.evil/", "https://shop.example/<script>", 'https://shop.example/"',
    "https://shop.example/?a=%", "https://shop.example/?jclid=x", "https://shop.example/?JCLID=x",
    "https://shop.example/" + "a" * 2000, "intent://shop.example#Intent;end", "localhost:8080", "http://localhost:8081/",
)  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE)
def test_no_link_leads_anywhere_else(address: str) -> None:
    with pytest.raises(Misplaced):
        checked(address, ALLOWED)


@pytest.mark.parametrize(
    "address",
    [
        "https://shop.example", "https://shop.example/", "https://shop.example:443/p?x=1&y=a%20b#top",
        "https://shop.example//evil.example", "https://shop.example/?next=https://evil.example/", "http://localhost:8080/x",
        "https://shop.example/p?x",
    ],
)  # fmt: skip
def test_addresses_of_allowed_hosts_are_taken_as_they_are(address: str) -> None:
    assert checked(address, ALLOWED) == address
    for leads in destination(address, {"utm_source": "x", "utm_campaign": "//evil\r\n"})[:2]:
        assert urlsplit(leads).netloc == urlsplit(address).netloc
        assert "\r" not in leads
        assert "\n" not in leads


@given(st.text(max_size=60), st.sampled_from(["", "https://", "https://shop.example", "//"]))
def test_whatever_is_taken_every_parser_reads_as_an_allowed_host(text: str, start: str) -> None:
    try:
        taken = checked(start + text, ALLOWED)
    except Misplaced:
        return
    parts = urlsplit(taken)
    assert parts.netloc.removesuffix(":443") in ALLOWED
    assert (parts.username, parts.password) == (None, None)
    assert taken.isascii()
    assert taken.isprintable()


QUERY = st.lists(st.tuples(st.from_regex("[a-z]{1,5}", fullmatch=True), st.from_regex("[a-z0-9]{0,4}", fullmatch=True)))


@given(QUERY, st.sampled_from(["", "#top"]), st.text(max_size=20))
def test_a_target_keeps_its_own_query_and_what_it_says_itself_stands(
    pairs: list[tuple[str, str]], fragment: str, campaign: str
) -> None:
    own = [*pairs, ("utm_medium", "own")]
    address = "https://shop.example/p?" + "&".join(f"{name}={value}" for name, value in own) + fragment
    leads = destination(address, {"utm_source": "instagram", "utm_medium": "story", "utm_campaign": campaign})
    told = parse_qsl(urlsplit(leads.plain).query, keep_blank_values=True)
    assert told[: len(own)] == own
    added = [("utm_source", "instagram"), *([("utm_campaign", campaign)] if campaign else [])]
    assert told[len(own) :] == added
    clicked = urlsplit(leads.before + "ID" + leads.after)
    assert parse_qsl(clicked.query, keep_blank_values=True) == [*told, ("jclid", "ID")]
    assert clicked.fragment == fragment[1:]


@pytest.mark.parametrize(
    "given",
    [
        {"placement": ""}, {"placement": "Instagram"}, {"placement": "a/b/c"}, {"placement": "x" * 41},
        {"placement": "instagram", "content": "a b"}, {"placement": "instagram", "product": "é"},
        {"placement": "instagram", "campaign": "a\r\nb"}, {"placement": "instagram", "campaign": "x" * 101},
    ],
)  # fmt: skip
def test_names_that_no_link_can_have(given: dict[str, str]) -> None:
    with pytest.raises(Misnamed):
        named(given)


@pytest.mark.parametrize(
    "given",
    [
        {"allowed_hosts": []}, {"allowed_hosts": ["https://shop.example"]}, {"allowed_hosts": ["*.example"]},
        {"allowed_hosts": ["shop.example/x"]}, {"allowed_hosts": ["a"], "origins": ["*"]},
        {"allowed_hosts": ["a"], "origins": ["https://a/x"]},
        {"allowed_hosts": ["a"], "origins": ["https://a\r\nX: y"]},
    ],
)  # fmt: skip
def test_settings_that_would_let_more_through_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SiteSettings(connector="site", **given)


# --- clicks

LINK = Followed("rgzq7f5v04", "https://shop.example/?utm_source=instagram", "179", "8001", "instagram/story", "")
MINT = Mint(b"key")


@given(st.integers(0, 2**32 - 1))
def test_a_click_id_says_its_link_and_its_second(at: int) -> None:
    made = MINT.make(LINK.code, at)
    assert MINT.read(made) == (LINK.code, at)
    assert Mint(b"another").read(made) is None


def test_each_click_has_an_id_of_its_own() -> None:
    assert len({MINT.make(LINK.code, 1) for _ in range(1000)}) == 1000


@given(st.integers(0, 39), st.characters(codec="ascii"))
def test_a_changed_click_id_is_no_click(place: int, sign: str) -> None:
    made = MINT.make(LINK.code, 1_763_990_000)
    forged = made[:place] + sign + made[place + 1 :]
    # The last sign holds four bits that stand for nothing.
    assert forged == made or MINT.read(forged) is None or (place == 39 and MINT.read(forged) == MINT.read(made))


@given(st.text(max_size=80))
def test_strange_click_ids_are_no_clicks(text: str) -> None:
    assert MINT.read(text) is None


def clicked(*told: bytes, row: str = "r1") -> Delivery:
    return Delivery({KIND: "clicks"}, clicks.row(row, told), 0.0)


def test_a_row_of_clicks_is_opened_into_records_without_ids_that_join_nothing() -> None:
    made = MINT.make(LINK.code, 5)
    rows = [
        clicks.told(clicks.fragment(LINK), 5, id, joins=joins)
        for id, joins in ((made, False), (made, True), ("", False))
    ]
    silent, joined, nameless = Site().open(clicked(*rows), None).records
    assert silent.key == joined.key == clicks.key_of(made)
    assert nameless.key == "r1-2"
    assert "click" not in silent.body
    assert "click" not in nameless.body
    assert joined.body["click"] == made
    assert {one.version for one in (silent, joined, nameless)} == {0}
    passed = Site.streams[0].door(joined.body, lambda kind, value: f"{kind}!")
    assert passed["click"] == "jclid!"
    assert made not in json.dumps(passed)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"row":"r","clicks":7}', b'{"row":"r","clicks":[1]}'])
@pytest.mark.parametrize("kind", ["clicks", "events", "", "other"])
def test_what_the_receiver_did_not_store_is_kept_with_a_reason(body: bytes, kind: str) -> None:
    with pytest.raises(Undelivered):
        Site().open(Delivery({KIND: kind}, body, 0.0), SiteSettings(connector="site", allowed_hosts=("a",)))


# --- events


def event(**given: Any) -> dict[str, Any]:
    base = {"id": "e" * 32, "type": "product_view", "at": 1000, "consent": True, "visitor": VISITOR}
    return {**base, "url": "https://shop.example/p", "product": "8001", **given}


def admit(*told: Any, required: bool = True, shop: str | None = "shop", **batch: Any) -> events.Admitted:
    body = json.dumps({"sent_at": 2000, "events": list(told), **batch}).encode()
    return events.admit(body, consent_required=required, shop=shop, resolve=resolve)


def resolve(click: str) -> Mapping[str, Any] | None:
    if click != "good":
        return None
    found: dict[str, Any] = json.loads(clicks.told(clicks.fragment(LINK), 1, click, joins=False))
    return found


@pytest.mark.parametrize(
    ("consent", "required", "kept"),
    [
        (True, True, 1), (False, True, 0), (None, True, 0), ("true", True, 0), (1, True, 0),
        (True, False, 1), (None, False, 1), (False, False, 0), ("yes", False, 0),
    ],
)  # fmt: skip
def test_nothing_is_kept_without_consent_where_it_is_required(consent: Any, required: bool, kept: int) -> None:
    """Threat 29: a refusal counts everywhere, silence is one where consent is required."""
    found = admit(event(consent=consent), required=required)
    assert len(found.events) == kept
    assert found.dropped == ({} if kept else {"no_consent": 1})


@given(st.lists(st.sampled_from([True, False, None]), max_size=8))
def test_of_a_mixed_batch_only_what_was_agreed_to_is_kept(consents: list[bool | None]) -> None:
    found = admit(*(event(id=f"event-no-{place}", consent=given) for place, given in enumerate(consents)))
    assert [one["id"] for one in found.events] == [f"event-no-{n}" for n, given in enumerate(consents) if given is True]
    assert sum(found.dropped.values()) + len(found.events) == len(consents)


@pytest.mark.parametrize(
    "broken",
    [
        {"id": ""}, {"id": None}, {"id": "a" * 65}, {"id": "<b>12345678"}, {"visitor": "short"}, {"visitor": 7},
        {"type": "dance"}, {"type": None}, {"at": "1000"}, {"at": None}, {"at": True},
        {"type": "purchase"}, {"type": "purchase", "order": "a b"},
    ],
)  # fmt: skip
def test_a_malformed_event_is_dropped_and_counted(broken: dict[str, Any]) -> None:
    assert admit(event(**broken), event()).dropped == {"malformed": 1}


@pytest.mark.parametrize("told", [7, None, [], "x", {"a": 1}])
def test_what_is_no_event_is_dropped(told: Any) -> None:
    assert admit(told, event()).dropped == {"malformed": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b'{"events":[]}', b'{"sent_at":1,"events":{}}', b'{"sent_at":"1","events":[]}',
        b"\xff", b'{"sent_at":NaN,"events":[]}', b"[" * 100_000, b'{"sent_at":1,"events":[' + b"0," * 50 + b"0]}",
        b'{"sent_at":1e999,"events":[]}', b'{"sent_at":' + b"9" * 5000 + b',"events":[]}',
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)  # fmt: skip
def test_a_body_that_is_no_batch_is_senseless(body: bytes) -> None:
    with pytest.raises(events.Senseless):
        events.admit(body, consent_required=True, shop=None, resolve=resolve)


FIELDS = ("id", "type", "at", "visitor", "consent", "order", "click", "url", "referrer", "product", "events")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=8,
)
ODD_EVENTS = st.dictionaries(st.sampled_from(FIELDS), JSON | st.sampled_from(events.TYPES), max_size=3)


@given(JSON)
def test_only_an_object_with_a_list_of_events_is_a_batch(told: Any) -> None:
    if isinstance(told, list):
        assert sum(admit(*told).dropped.values()) == len(told)
        return
    for body in (told, {"sent_at": 1, "events": told}):
        with pytest.raises(events.Senseless):
            events.admit(json.dumps(body).encode(), consent_required=False, shop="s", resolve=resolve)


@given(st.lists(ODD_EVENTS, max_size=3))
def test_whatever_an_event_holds_it_is_kept_in_its_shape_or_dropped_and_counted(odd: list[dict[str, Any]]) -> None:
    found = admit(*(event(**given) for given in odd), required=False)
    assert len(found.events) + sum(found.dropped.values()) == len(odd)
    for kept in found.events:
        assert kept["type"] in events.TYPES
        assert kept.keys() <= {"id", "visitor", "type", "at", "url", "referrer", "product", "shop", "order", "clicked"}
        assert {type(value) for name, value in kept.items() if name not in ("at", "clicked")} == {str}


def test_only_fields_that_mean_something_are_stored() -> None:
    """Threat 24: a page that sends more than it should does not make us hold it."""
    (kept,) = admit(
        event(email="canary@example.org", product="x" * 200, url="https://shop.example/?jclid=canary&a=1")
    ).events
    assert "canary" not in str(kept)
    assert "product" not in kept
    assert kept["url"] == "https://shop.example/?a=1"
    passed = Site.streams[1].door({**kept, "url": "https://u:canary@shop.example/?email=canary#canary"}, lambda *_: "h")
    assert "canary" not in str(passed)


def test_a_purchase_without_a_shop_joins_nothing_and_is_not_stored() -> None:
    told = admit(event(type="purchase", order="17"), shop=None)
    assert (told.events, told.dropped) == ([], {"no_shop": 1})


# --- events, opened


def opened(*told: dict[str, Any], received: float = 1_764_000_000.0, visits: bool = True, **batch: Any) -> Any:
    found = admit(*told, **batch)
    body = json.dumps({"sent_at": found.sent_at, "events": found.events}).encode()
    settings = SiteSettings(connector="site", allowed_hosts=("shop.example",), visits=visits)
    return Site().open(Delivery({KIND: "events"}, body, received), settings)


@pytest.mark.parametrize("ahead", [-10_000_000_000, -3_600_000, 0, 3_600_000, 10_000_000_000])
def test_a_browsers_clock_does_not_matter(ahead: int) -> None:
    told = event(at=1_764_000_000_000 + ahead - 250)
    (record,) = opened(told, sent_at=1_764_000_000_000 + ahead).records
    assert record.body["at"] == 1_764_000_000_000_000 - 250_000


@pytest.mark.parametrize(("at", "waited"), [(3000, 0), (-(10**18), 86_400), (2000, 0), (0, 2)])
def test_no_event_is_from_tomorrow_nor_from_before_yesterday(at: int, waited: int) -> None:
    (record,) = opened(event(at=at)).records
    assert record.body["at"] == (1_764_000_000 - waited) * 1_000_000


def test_the_first_telling_of_an_event_holds() -> None:
    (first,), (again,) = (opened(event(), received=at).records for at in (1_764_000_000.0, 1_764_000_060.0))
    assert first.key == again.key
    assert first.version > again.version > 0


def test_a_landing_claims_its_click_and_is_no_visit_beside_it() -> None:
    claim, landing = opened(event(type="page_view", click="good")).records
    assert (claim.stream, claim.key, claim.body["visitor"]) == ("clicks", clicks.key_of("good"), VISITOR)
    assert claim.version > 0
    assert "click" not in claim.body
    assert (landing.stream, landing.body["visit"], landing.body["click"]) == ("events", False, "good")
    assert landing.body["click_key"] == claim.key


@pytest.mark.parametrize(("click", "visits", "visit"), [("forged", True, True), (7, True, True), (None, False, False)])
def test_a_click_that_nobody_made_is_claimed_by_nobody(click: Any, visits: bool, visit: bool) -> None:
    (landing,) = opened(event(type="page_view", click=click), visits=visits).records
    assert (landing.stream, landing.body["visit"]) == ("events", visit)
    assert "click" not in landing.body


def test_a_withdrawal_orders_that_the_visitor_be_forgotten() -> None:
    found = opened({"id": "w" * 32, "type": "withdrawn", "visitor": VISITOR}, event())
    assert [one.identifiers for one in found.erasures] == [(("visitor", VISITOR),)]
    assert [one.key for one in found.records] == ["e" * 32]
    assert VISITOR not in found.erasures[0].request
