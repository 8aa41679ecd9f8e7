"""YouTube's tokens, channel and doctor; the hub's subscription, its question and its signed feeds."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from jalon.connectors.base import (
    Answer,
    Credentials,
    Deadline,
    Delivery,
    Finding,
    Ref,
    Request,
    Skip,
    Stop,
    Undelivered,
)
from jalon.connectors.youtube import feed, push
from tests.connectors.played import all_of
from tests.connectors.youtube_fakes import (
    ACCOUNT,
    CHANNEL,
    CONNECTOR,
    NOW,
    FakeSession,
    Official,
    answer,
    by_path,
    classic,
    form,
    plain,
    settings,
)

CHANNELS, LINKS = "/youtube/v3/channels", "/youtube/v3/thirdPartyLinks"
MINE = {
    "items": [
        {
            "id": CHANNEL,
            "snippet": {"title": "Atelier"},
            "contentDetails": {"relatedPlaylists": {"uploads": ACCOUNT["uploads"]}},
        }
    ]
}
SECRET = b"hub-secret-of-ours"
TOPIC = push.TOPIC.format(CHANNEL)


@pytest.fixture(scope="module")
def described(contracts: Path) -> Official:
    return Official(contracts)


# --- tokens -----------------------------------------------------------------------------------------------------------


async def test_an_access_token_is_got_without_giving_one() -> None:
    session = FakeSession(by_path({"/token": {"access_token": "ya29.new", "expires_in": 3599, "token_type": "Bearer"}}))
    found = await CONNECTOR.renew(session, None)
    assert found == Credentials("ya29.new", "1//refresh", NOW + 3599, None)
    (request,) = session.asked
    assert form(request)["grant_type"] == "refresh_token"
    assert (request.host, request.anonymous, request.query) == ("auth", True, {})
    assert "authorization" not in request.headers


async def test_the_end_of_a_refresh_token_is_kept_where_google_tells_it() -> None:
    told = {"access_token": "ya29.new", "expires_in": 3599, "refresh_token_expires_in": 604_799}
    found = await CONNECTOR.renew(FakeSession(by_path({"/token": told})), Credentials("old", "1//kept"))
    assert found.refresh_token == "1//kept"
    assert found.refresh_expires_at == NOW + 604_799


@pytest.mark.parametrize("reply", [answer({"error": "invalid_grant"}, 400), answer({"token_type": "Bearer"})])
async def test_without_a_token_a_person_is_asked(reply: Answer) -> None:
    with pytest.raises(Stop) as stop:
        await CONNECTOR.renew(FakeSession(by_path({"/token": reply})), None)
    assert stop.value.kind == "auth"
    assert "refresh_token" in stop.value.remedy


# --- the channel ------------------------------------------------------------------------------------------------------


async def test_the_channel_and_its_uploads_are_learnt(described: Official) -> None:
    session = FakeSession(by_path({CHANNELS: MINE}), channel_id=CHANNEL, shorts_up_to=60)
    found = await CONNECTOR.greet(session)
    described.hold(session.asked[0])
    assert found["shop_id"] == found["channel"] == CHANNEL
    assert found["uploads"] == ACCOUNT["uploads"]
    assert found["shorts_up_to"] == "60"


@pytest.mark.parametrize(
    ("data", "more"),
    [({}, {}), ({"items": [{"id": CHANNEL}]}, {}), (MINE, {"channel_id": "UCother"})],
)
async def test_another_channel_or_none_stops_the_source(data: Any, more: dict[str, str]) -> None:
    with pytest.raises(Stop) as stop:
        await CONNECTOR.greet(FakeSession(by_path({CHANNELS: data}), **more))
    assert "owns the channel" in stop.value.remedy


async def findings(answers: dict[str, Any], **more: Any) -> dict[str, Finding]:
    found = await all_of(CONNECTOR.examine(FakeSession(by_path(answers), **more)))
    return {finding.name: finding for finding in found}


def link(merchant: str, status: str = "linked", programme: str = "Active") -> dict[str, Any]:
    details = {"status": f"merchantAffiliateProgramStatus{programme}"}
    store = {"storeName": "Atelier", "merchantId": merchant, "merchantAffiliateProgramDetails": details}
    return {"items": [{"snippet": {"channelToStoreLink": store}, "status": {"linkStatus": status}}]}


async def test_doctor_asks_every_api_that_is_wanted(described: Official) -> None:
    search = "/reports/v1alpha/accounts/123/reports:search"
    answers = {CHANNELS: MINE, "/v2/reports": {}, "/v1/jobs": {}, search: {}, LINKS: link("123")}
    session = FakeSession(by_path(answers), merchant_account="123", reports=("channel_cards",))
    found = await all_of(CONNECTOR.examine(session))
    for request in session.asked:
        described.hold(request)
    assert [finding.level for finding in found] == ["ok"] * 5
    assert {request.host for request in session.asked} == {"api", "analytics", "reporting", "merchant"}


async def test_doctor_says_what_is_closed_and_what_to_do() -> None:
    answers = {CHANNELS: MINE, "/v2/reports": plain(403, "PERMISSION_DENIED", "SERVICE_DISABLED"), LINKS: {}}
    found = await findings(answers)
    assert (found["figures"].level, found["store"].level) == ("warn", "ok")
    assert "switch it on" in found["figures"].remedy
    assert (await findings({CHANNELS: classic("forbidden")}))["channel"].level == "fail"


@pytest.mark.parametrize(("data", "level"), [(link("123"), "ok"), (link("999"), "warn"), (link("9", "pending"), "ok")])
async def test_doctor_compares_the_shop_that_youtube_ties_to_the_channel(data: Any, level: str) -> None:
    search = "/reports/v1alpha/accounts/123/reports:search"
    answers = {CHANNELS: MINE, "/v2/reports": {}, search: {}, LINKS: data}
    assert (await findings(answers, merchant_account="123"))["store"].level == level


@pytest.mark.parametrize(("programme", "told"), [("Paused", "paused"), ("Eligible", "only eligible")])
async def test_doctor_says_that_a_merchant_is_not_in_the_affiliate_programme(
    programme: str, told: str, described: Official
) -> None:
    search, links = "/reports/v1alpha/accounts/123/reports:search", link("123", programme=programme)
    Draft7Validator(described.schema("api", "ThirdPartyLinkListResponse")).validate(links)
    answers = {CHANNELS: MINE, "/v2/reports": {}, search: {}, LINKS: links}
    found = (await findings(answers, merchant_account="123"))["store"]
    assert (found.level, found.detail.rpartition(" is ")[2]) == ("warn", told)
    assert (await findings(answers))["store"].level == "ok", "no affiliate figures are wanted"


# --- subscribing ------------------------------------------------------------------------------------------------------


async def test_the_hub_is_asked_for_a_lease() -> None:
    session = FakeSession(lambda _: Answer(204, {}, b""), hub_secret=SECRET.decode())
    finding, deadline = await all_of(CONNECTOR.subscribe(session, "https://jalon.example/hooks/youtube/t"))
    (request,) = session.asked
    asked = form(request)
    assert (request.method, request.path, request.host) == ("POST", "/subscribe", "hub")
    assert "authorization" not in request.headers
    assert asked["hub.mode"] == "subscribe"
    assert asked["hub.topic"] == f"https://www.youtube.com/xml/feeds/videos.xml?channel_id={CHANNEL}"
    assert asked["hub.callback"] == "https://jalon.example/hooks/youtube/t"
    assert asked["hub.secret"].encode() == SECRET
    assert asked["hub.verify"] == "sync", "so that the answer says whether the address was reached"
    assert asked["hub.verify_token"] == push.token(SECRET, TOPIC)
    assert finding.level == "ok"
    assert isinstance(deadline, Deadline)
    assert deadline.at == NOW + int(asked["hub.lease_seconds"])


async def test_an_address_that_the_hub_cannot_reach_is_told() -> None:
    session = FakeSession(lambda _: Answer(409, {}, b"failed"), hub_secret=SECRET.decode())
    with pytest.raises(Skip, match="could not reach"):
        await all_of(CONNECTOR.subscribe(session, "https://jalon.example/hooks/youtube/t"))


async def test_without_a_secret_there_is_no_subscription() -> None:
    session = FakeSession(by_path({}))
    (finding,) = await all_of(CONNECTOR.subscribe(session, "https://jalon.example/hooks/youtube/t"))
    assert finding.level == "warn"
    assert not session.asked


def challenged(
    query: dict[str, str], channel: str | None = CHANNEL, secrets: tuple[bytes, ...] = (SECRET,)
) -> str | None:
    return CONNECTOR.challenge(query, settings(channel_id=channel), secrets)


ASKED = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "c-1", "hub.lease_seconds": "432000"}
PROVEN = {**ASKED, "hub.verify_token": push.token(SECRET, TOPIC)}
OTHER = push.TOPIC.format("UCother")


@pytest.mark.parametrize(
    ("query", "channel", "wanted"),
    [
        (ASKED, CHANNEL, "c-1"),
        (PROVEN, None, "c-1"),
        (ASKED, None, None),
        ({**ASKED, "hub.topic": OTHER}, CHANNEL, None),
        ({**PROVEN, "hub.topic": OTHER}, None, None),
        ({**PROVEN, "hub.verify_token": "x"}, None, None),
        ({**ASKED, "hub.mode": "unsubscribe"}, CHANNEL, None),
        ({**ASKED, "hub.mode": "denied"}, CHANNEL, None),
        ({**ASKED, "hub.challenge": ""}, CHANNEL, None),
        ({**ASKED, "hub.challenge": "x" * 513}, CHANNEL, None),
        ({**ASKED, "hub.challenge": "two\nlines"}, CHANNEL, None),
        ({}, CHANNEL, None),
    ],
)
def test_a_challenge_is_answered_for_topics_of_ours_alone(
    query: dict[str, str], channel: str | None, wanted: str | None
) -> None:
    assert challenged(query, channel) == wanted


@given(st.dictionaries(st.sampled_from([*PROVEN]), st.text(max_size=60)), st.sampled_from([None, CHANNEL]))
def test_a_stranger_is_told_nothing(query: dict[str, str], channel: str | None) -> None:
    found = challenged(query, channel)
    assert found is None or (channel is not None and query["hub.topic"] == TOPIC)


# --- deliveries -------------------------------------------------------------------------------------------------------


def entry(video: str = "VID", channel: str = CHANNEL) -> bytes:
    return (
        '<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns="http://www.w3.org/2005/Atom"><entry>'
        f"<id>yt:video:{video}</id><yt:videoId>{video}</yt:videoId><yt:channelId>{channel}</yt:channelId><title>t</title>"
        f'<link rel="alternate" href="https://www.youtube.com/watch?v={video}"/><author><name>n</name>'
        f"<uri>https://www.youtube.com/channel/{channel}</uri></author><published>2026-10-01T21:40:57+00:00</published>"
        "<updated>2026-10-02T19:05:24.552394234+00:00</updated></entry></feed>"
    ).encode()


def tombstone(video: str = "VID", channel: str = CHANNEL) -> bytes:
    return (
        '<feed xmlns:at="http://purl.org/atompub/tombstones/1.0" xmlns="http://www.w3.org/2005/Atom">'
        f'<at:deleted-entry ref="yt:video:{video}" when="2026-10-03T11:59:00.000000+00:00"><link href=".."/><at:by>'
        f"<name>n</name><uri>https://www.youtube.com/channel/{channel}</uri></at:by></at:deleted-entry></feed>"
    ).encode()


def opened(body: bytes, **more: Any) -> Any:
    return CONNECTOR.open(Delivery({}, body, NOW), settings(**{"channel_id": CHANNEL, **more}))


def signed(body: bytes, secret: bytes = SECRET) -> dict[str, str]:
    return {"x-hub-signature": "sha1=" + hmac.new(secret, body, hashlib.sha1).hexdigest()}


@pytest.mark.parametrize(("body", "topic"), [(entry(), "video"), (tombstone(), "deleted")])
def test_a_feed_names_a_video_to_read(body: bytes, topic: str) -> None:
    found = opened(body)
    assert found.refs == [Ref("videos", "VID")]
    assert (found.topic, found.known, found.notices, found.records) == (topic, True, [], ())


def test_a_tombstone_tells_its_channel_by_its_authors_address() -> None:
    assert feed.entries(tombstone()) == [feed.Entry("VID", CHANNEL, True)]
    assert feed.entries(entry()) == [feed.Entry("VID", CHANNEL, False)]


@pytest.mark.parametrize("body", [entry(channel="UCother"), tombstone(channel="UCother")])
def test_another_channel_is_told_and_not_read(body: bytes) -> None:
    found = opened(body)
    assert found.refs == []
    assert [(notice.kind, "UCother" in notice.detail) for notice in found.notices] == [("mismatch", True)]
    assert opened(body, channel_id=None).refs == [Ref("videos", "VID")], "fetching it says whose it is"


def test_a_feed_without_an_entry_is_not_ours() -> None:
    assert not opened(b'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>').known


LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + entry().replace(b"<title>t", b"<title>&b;")
OUTSIDE = b'<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + entry().replace(b"<title>t", b"<title>&x;")


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS,
        OUTSIDE,
        b"<!DOCTYPE feed>" + entry(),
        b'<?xml version="1.0" encoding="UTF-16"?>' + LAUGHS,
        LAUGHS.decode().encode("utf-16"),
        entry().replace(b"<title>t", b"<title>&undeclared;"),
        entry()[:200],
        b"",
        b"{}",
        b"<html></html>",
        b"<a>" * 40 + b"</a>" * 40,
        b"\xff\xfe\x00",
        entry(video=""),
        entry(video="a,b"),
        tombstone(video="../x"),
    ],
)
def test_no_document_type_is_read_and_no_nonsense_becomes_a_ref(body: bytes) -> None:
    with pytest.raises(Undelivered):
        opened(body)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_stumble(body: bytes) -> None:
    for given_body in (body, entry()[:150] + body, entry().replace(b"<title>t", b"<title>" + body)):
        try:
            found = opened(given_body)
        except Undelivered:
            continue
        assert all(ref.stream == "videos" for ref in found.refs)


def test_a_signature_fits_its_body_and_secret() -> None:
    """RFC 2202, test case 2, is HMAC-SHA1 of this body under this key."""
    body, key = b"what do ya want for nothing?", b"Jefe"
    given_header = "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
    assert push.signed_by((key,), body, given_header)
    assert not push.signed_by((key,), body + b"!", given_header)
    assert not push.signed_by((b"other",), body, given_header)
    assert not push.signed_by((), body, given_header)
    assert not push.signed_by((b"",), body, "sha1=" + hmac.new(b"", body, hashlib.sha1).hexdigest())


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=60), st.binary(max_size=60))
def test_any_other_header_is_refused(header: str, body: bytes) -> None:
    assert not CONNECTOR.verify(Delivery({"x-hub-signature": header}, body, NOW), settings(), (SECRET,))


@given(st.binary(max_size=100), st.binary(min_size=1, max_size=40))
def test_what_was_signed_is_taken_with_the_old_secret_too(body: bytes, secret: bytes) -> None:
    delivery = Delivery(signed(body, secret), body, NOW)
    assert CONNECTOR.verify(delivery, settings(), (SECRET, secret))
    assert CONNECTOR.verify(delivery, settings(), (secret, SECRET))


def test_secrets_are_those_of_the_settings() -> None:
    assert CONNECTOR.secrets(settings()) == ()
    both = settings(hub_secret="a-new-secret", hub_secret_old="an-old-secret")
    assert CONNECTOR.secrets(both) == (b"a-new-secret", b"an-old-secret")


def test_a_redelivery_has_the_same_key() -> None:
    first, again = (Delivery({}, entry(), at) for at in (1.0, 2.0))
    assert (
        CONNECTOR.delivery_key(first)
        == CONNECTOR.delivery_key(again)
        != CONNECTOR.delivery_key(Delivery({}, tombstone(), 1.0))
    )


def test_a_request_to_the_hub_never_carries_the_token() -> None:
    prepared = CONNECTOR.prepare(
        Request("POST", "/subscribe", host="hub"), settings(), Credentials("ya29"), ACCOUNT, NOW
    )
    assert prepared.headers == {}
