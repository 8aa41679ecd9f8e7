"""WhatsApp on the wire: who signed, what a delivery holds, who it is from, and who gets the deliveries."""

from __future__ import annotations

import hashlib
import hmac
import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Answer, Batch, Delivery, Finding, Opened, Request, Undelivered, Window
from jalon.connectors.whatsapp import Settings, WhatsApp
from jalon.connectors.whatsapp.account import FIELDS
from jalon.connectors.whatsapp.doors import CLICK, INFERRED, MESSAGE, STREAMS
from jalon.connectors.whatsapp.phones import e164
from jalon.privacy import Keyring
from tests.connectors.graph_session import APP, GraphSession, good, refused
from tests.connectors.played import all_of

CONNECTOR = WhatsApp()
ACCOUNT = "102290129340398"
AT = 1_795_082_400
SECRETS = (b"canary-app-secret",)
META = {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "1555", "phone_number_id": "1065"}}


def settings(**more: Any) -> Settings:
    given = {**APP, "verify_token": "canary-verify-token", **more}
    return Settings(connector="whatsapp", access_token="EAAG-canary", business_account_id=ACCOUNT, **given)


def body_of(value: Any, account: str = ACCOUNT, field: str = "messages") -> bytes:
    entry = {"id": account, "changes": [{"field": field, "value": {**META, **value}}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def opened(value: Any, received_at: float = AT + 5, **more: str) -> Opened:
    return CONNECTOR.open(Delivery({}, body_of(value, **more), received_at), settings())


def text_message(id: str = "wamid.A", **more: Any) -> dict[str, Any]:
    given = {"from": "33612345678", "id": id, "timestamp": str(AT), "type": "text", "text": {"body": "canary"}}
    return {**given, **more}


def named(kind: str, value: str) -> str:
    return f"<{kind} {value}>"


# --- signatures -------------------------------------------------------------------------------------------------------


def signed(body: bytes, secret: bytes = SECRETS[0]) -> Delivery:
    return Delivery(
        {"x-hub-signature-256": f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"}, body, AT + 5.0
    )


@given(st.binary(min_size=1, max_size=80), st.data())
def test_only_the_bytes_that_were_signed_are_accepted(body: bytes, data: st.DataObject) -> None:
    good_one = signed(body)
    assert CONNECTOR.verify(good_one, settings(), SECRETS)
    bit = data.draw(st.integers(0, 8 * len(body) - 1))
    other = bytearray(body)
    other[bit // 8] ^= 1 << bit % 8
    assert not CONNECTOR.verify(good_one._replace(body=bytes(other)), settings(), SECRETS)


def test_both_secrets_are_good_while_one_is_rotated() -> None:
    own = settings(app_secret_old="canary-before")
    for secret in CONNECTOR.secrets(own):
        assert CONNECTOR.verify(signed(b"{}", secret), own, CONNECTOR.secrets(own))


def test_the_challenge_is_answered_only_to_who_knows_the_word() -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "canary-verify-token"}
    assert CONNECTOR.challenge(query, settings(), ()) == "1158201444"
    assert CONNECTOR.challenge({**query, "hub.verify_token": "other"}, settings(), ()) is None


# --- what a delivery holds --------------------------------------------------------------------------------------------


def test_messages_are_known_by_their_id_in_whatever_company_they_come() -> None:
    alone = opened({"messages": [text_message()]})
    together = opened({"messages": [text_message("wamid.B"), text_message()], "contacts": []})
    (record,) = alone.records
    assert (record.stream, record.key, record.version) == ("messages", "wamid.A", AT * 1_000_000)
    assert record.key in {each.key for each in together.records}
    assert record.version == next(each.version for each in together.records if each.key == record.key)


def test_a_message_has_its_own_contact_beside_it() -> None:
    contacts = [{"wa_id": "1"}, {"user_id": "FR.2", "wa_id": "2"}, {"user_id": "FR.3"}]
    messages = [
        text_message("wamid.1", **{"from": "1"}),
        text_message("wamid.2", from_user_id="FR.2"),
        text_message("wamid.3", **{"from": None}, from_user_id="FR.3"),
        text_message("wamid.4", **{"from": "4"}),
    ]
    found = {r.key: r.body["contact"] for r in opened({"messages": messages, "contacts": contacts}).records}
    assert [found[f"wamid.{n}"] for n in (1, 2, 3, 4)] == [*contacts, None]


def test_the_only_contact_of_the_only_message_is_its_own_though_their_numbers_differ() -> None:
    contact = {"wa_id": "5215512345678"}
    (record,) = opened({"messages": [text_message()], "contacts": [contact]}).records
    assert record.body["contact"] == contact


@pytest.mark.parametrize("name", ["statuses", "message_echoes"])
def test_receipts_and_the_business_s_own_messages_are_not_kept_and_the_topic_says_why(name: str) -> None:
    said = opened({name: [{"id": "wamid.S", "status": "read", "recipient_id": "33612345678"}]})
    assert said.known
    assert not said.records
    assert said.topic.startswith(f"not kept: {name} (")


def test_messages_among_receipts_are_kept() -> None:
    said = opened({"messages": [text_message()], "statuses": [{"id": "wamid.S"}]})
    assert said.known
    assert len(said.records) == 1
    assert said.topic == "messages; not kept: statuses (receipts of the business's own messages)"


@pytest.mark.parametrize("field", ["smb_message_echoes", "history", "message_template_status_update"])
def test_fields_that_say_nothing_of_a_journey_are_known_and_not_kept(field: str) -> None:
    said = opened({"anything": [1]}, field=field)
    assert said.known
    assert not said.records
    assert field in said.topic


@pytest.mark.parametrize("value", [{"holograms": [{}]}, {}, {"messages": [1]}, {"messages": [text_message()], "x": []}])
def test_what_is_not_known_is_kept_to_be_opened_again(value: dict[str, Any]) -> None:
    said = opened(value)
    assert not said.known
    assert len(said.records) == sum(isinstance(row, dict) for row in value.get("messages", ()))


def test_a_click_is_known_by_all_that_is_told_of_it_but_meta_s_own_token() -> None:
    def click(**more: Any) -> dict[str, Any]:
        data = {"click_component": "cta", "product_id": "sku", "click_id": "c1", "tracking_token": "t1", **more}
        return {
            "action_type": "marketing_messages_link_click",
            "timestamp": str(AT),
            "marketing_messages_link_click_data": data,
        }

    key = opened({"user_actions": [click()]}).records[0].key
    assert opened({"user_actions": [click(tracking_token="t2")]}).records[0].key == key
    others = [click(click_id="c2"), click(product_id="other"), {**click(), "timestamp": str(AT + 1)}]
    assert len({each.key for each in opened({"user_actions": [click(), *others]}).records}) == 4
    (record,) = opened({"user_actions": [click()]}).records
    assert (record.stream, record.version) == ("clicks", AT * 1_000_000)
    assert "c1" not in record.key


def test_what_meta_infers_is_apart_from_what_was_written() -> None:
    events = [{"id": "wamid.A", "event_name": name, "timestamp": AT} for name in ("LeadSubmitted", "Purchase")]
    found = opened({"automatic_events": events}, field="automatic_events").records
    assert [(r.stream, r.key) for r in found] == [
        ("inferred_events", "wamid.A/LeadSubmitted"),
        ("inferred_events", "wamid.A/Purchase"),
    ]


def test_another_account_s_delivery_brings_nothing_but_a_notice() -> None:
    said = opened({"messages": [text_message()]}, account="4711")
    assert not said.records
    assert [notice.kind for notice in said.notices] == ["mismatch"]


def test_the_dashboard_s_samples_are_no_cause_for_alarm() -> None:
    said = opened({"messages": [text_message()]}, account="0")
    assert not said.records
    assert not said.notices


def test_other_objects_are_not_ours() -> None:
    body = json.dumps({"object": "page", "entry": []}).encode()
    assert not CONNECTOR.open(Delivery({}, body, AT), settings()).known


@pytest.mark.parametrize(("later", "stale"), [(0, False), (7 * 86_400, False), (8 * 86_400, True)])
def test_what_is_older_than_all_retries_is_marked_and_harmless(later: float, stale: bool) -> None:
    said = opened({"messages": [text_message()]}, AT + later)
    assert said.stale is stale
    assert len(said.records) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
LISTS = st.dictionaries(st.sampled_from(["messages", "contacts", "user_actions", "automatic_events", "statuses"]), JSON)


@given(LISTS, st.sampled_from(["messages", "automatic_events", "history", "?"]))
def test_any_json_is_opened_or_refused_by_name_and_passes_its_door(value: Any, field: str) -> None:
    doors = {stream.name: stream.door for stream in STREAMS}
    with suppress(Undelivered):
        for record in opened(value, field=field).records:
            assert record.stream is not None
            doors[record.stream](record.body, named)


@given(st.binary(max_size=80))
def test_any_bytes_are_opened_or_refused_by_name(body: bytes) -> None:
    with suppress(Undelivered):
        assert not CONNECTOR.open(Delivery({}, body, AT), settings()).records


# --- the doors --------------------------------------------------------------------------------------------------------

WRITTEN = {
    "text": {"body": "canary"},
    "caption": "canary",
    "image": {"caption": "canary", "id": "canary"},
    "location": {"latitude": 1, "name": "canary"},
    "contacts": [{"name": {"formatted_name": "canary"}}],
    "interactive": {"nfm_reply": {"response_json": "canary"}},
    "contact": {"profile": {"name": "canary", "username": "canary"}, "wa_id": "33612345678"},
    "context": {"from": "canary", "id": "canary", "referred_product": {"product_retailer_id": "SKU"}},
    "referral": {"headline": "canary", "body": "canary", "image_url": "canary", "source_id": "1"},
    "order": {"text": "canary", "product_items": [{"product_retailer_id": "SKU", "note": "canary"}]},
    "system": {"body": "canary", "type": "user_changed_number"},
}


def test_nothing_that_was_written_comes_in() -> None:
    passed = MESSAGE({**text_message(), **WRITTEN}, named)
    assert "canary" not in str(passed)
    assert passed["context"] == {"referred_product": {"product_retailer_id": "SKU"}}


def test_identifiers_come_in_as_hashes_alone() -> None:
    keyring = Keyring(b"k" * 32)
    body = text_message(
        from_user_id="FR.13491208655302741918",
        contact={"wa_id": "33612345678", "user_id": "FR.13491208655302741918"},
        referral={"ctwa_clid": "Aff-n8ZT", "source_id": "1"},
        system={"wa_id": "33698765432", "user_id": "FR.22222222", "previous_user_id": "FR.33333333"},
    )
    passed = str(MESSAGE(body, keyring.pseudonym))
    passed += str(CLICK({"click_id": "Aff-n8ZT"}, keyring.pseudonym))
    passed += str(INFERRED({"ctwa_clid": "Aff-n8ZT"}, keyring.pseudonym))
    for clear in ("33612345678", "33698765432", "13491208655302741918", "FR.2", "FR.3", "Aff-n8ZT"):
        assert clear not in passed


def test_a_number_joins_with_that_of_a_shop_s_customer() -> None:
    keyring = Keyring(b"k" * 32)
    passed = MESSAGE(text_message(), keyring.pseudonym)
    assert passed["from"] == keyring.pseudonym("phone", "+33 6 12 34 56 78")


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("16505551234", "+16505551234"),
        ("+1 (650) 555-1234", "+16505551234"),
        ("5215512345678", "+525512345678"),  # Mexico before 2019
        ("525512345678", "+525512345678"),
        ("551187654321", "+5511987654321"),  # a mobile of Brazil before 2016
        ("5511987654321", "+5511987654321"),
        ("551132654321", "+551132654321"),  # a landline of Brazil keeps eight digits
        ("", None),
        ("0612345678", None),
        ("123", None),
        ("1" * 16, None),
    ],
)
def test_numbers_are_brought_into_one_form(written: str, number: str | None) -> None:
    assert e164(written) == number


@given(st.text(max_size=25))
def test_a_number_in_one_form_stays_as_it_is(written: str) -> None:
    once = e164(written)
    assert once is None or e164(once) == once


# --- the account ------------------------------------------------------------------------------------------------------


class Platform:
    """Plays the account's and the app's edges."""

    def __init__(self, *, address: str = "", fields: tuple[str, ...] = FIELDS, installed: bool = True) -> None:
        self.address, self.fields, self.installed = address, fields, installed
        self.divert, self.status = "", "CONNECTED"
        self.posted: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        if request.method == "POST":
            self.posted.append(request)
            return good({"success": True})
        edge = request.path.partition("/v26.0/")[2].partition("/")[2]
        answers: dict[str, Any] = {"phone_numbers": self.numbers(), "subscribed_apps": self.apps(), "": self.one()}
        if edge == "subscriptions":
            return good({"data": self.subscriptions()})
        return good(self.token() if request.path.endswith("debug_token") else answers[edge])

    def one(self) -> Any:
        return {"id": ACCOUNT, "name": "Atelier"}

    def token(self) -> Any:
        scopes = ["whatsapp_business_management", "whatsapp_business_messaging"]
        return {"data": {"is_valid": True, "type": "SYSTEM_USER", "expires_at": 0, "scopes": scopes}}

    def numbers(self) -> Any:
        row = {"id": "1065", "verified_name": "Atelier", "display_phone_number": "+1 555", "quality_rating": "GREEN"}
        return {"data": [{**row, "status": self.status}]}

    def apps(self) -> Any:
        app = {"whatsapp_business_api_data": {"id": APP["app_id"], "name": "jalon"}}
        return {"data": [app | ({"override_callback_uri": self.divert} if self.divert else {})] * self.installed}

    def subscriptions(self) -> list[Any]:
        names = [{"name": name, "version": "v26.0"} for name in self.fields]
        row = {"object": "whatsapp_business_account", "callback_url": self.address, "active": True, "fields": names}
        return [{"object": "page", "callback_url": "https://other.example"}] + ([row] if self.address else [])


def play(platform: Platform, **more: Any) -> GraphSession:
    return GraphSession(CONNECTOR, settings(**more), platform, {"shop_id": ACCOUNT})


async def examined(platform: Platform, **more: Any) -> dict[str, Finding]:
    return {finding.name: finding async for finding in CONNECTOR.examine(play(platform, **more))}


HERE = "https://jalon.example/hooks/whatsapp/x"


async def test_the_account_is_named() -> None:
    assert await CONNECTOR.greet(play(Platform())) == {"shop_id": ACCOUNT, "name": "Atelier"}


async def test_nothing_is_polled() -> None:
    window = Window(STREAMS[0], *[None] * 2)  # type: ignore[arg-type]
    played = play(Platform())
    assert await all_of(CONNECTOR.pull(played, window)) == [Batch()]
    assert not played.asked


async def test_doctor_is_content_with_an_account_that_delivers_here() -> None:
    found = await examined(Platform(address=HERE))
    assert {finding.level for finding in found.values()} == {"ok"}, found
    assert "CONNECTED, quality GREEN" in found["number"].detail


async def test_doctor_says_what_keeps_deliveries_away() -> None:
    platform = Platform(installed=False)
    platform.status = "BANNED"
    found = await examined(platform)
    assert found["number"].level == "warn"
    assert found["subscribed app"].level == "fail"
    assert found["fields"].level == "fail"
    for one in ("subscribed app", "fields"):
        assert "public_url" in found[one].remedy, "without one no sync subscribes"
    diverted = Platform(address=HERE)
    diverted.divert = "https://chat.example/hook"
    assert "chat.example" in (await examined(diverted))["subscribed app"].detail


async def test_doctor_says_so_where_the_app_is_not_known() -> None:
    found = await examined(Platform(), app_id=None)
    assert found["fields"].remedy == "set app_id and app_secret"


async def test_doctor_tells_a_dead_token() -> None:
    played = GraphSession(CONNECTOR, settings(), lambda _: refused(190, 467, status=401))
    (found,) = [finding async for finding in CONNECTOR.examine(played)]
    assert found.level == "fail"
    assert found.remedy


async def subscribed(platform: Platform, **more: Any) -> list[Finding]:
    return [finding async for finding in CONNECTOR.subscribe(play(platform, **more), HERE)]


async def test_an_app_that_delivers_nowhere_is_made_to_deliver_here() -> None:
    platform = Platform(installed=False)
    found = await subscribed(platform)
    assert [finding.level for finding in found] == ["ok", "ok"]
    app, account = platform.posted
    form = {name: values[0] for name, values in parse_qs(app.body.decode()).items()}
    assert form == {
        "object": "whatsapp_business_account",
        "callback_url": HERE,
        "verify_token": "canary-verify-token",
        "fields": "messages",
    }
    assert "canary-verify" not in str(app.query), "the word is in no address"
    assert account.path == f"/v26.0/{ACCOUNT}/subscribed_apps"


async def test_what_delivers_here_is_left_as_it_is() -> None:
    platform = Platform(address=HERE)
    assert [finding.level for finding in await subscribed(platform)] == ["ok"]
    assert not platform.posted


async def test_a_chat_s_deliveries_are_not_taken_away() -> None:
    platform = Platform(address="https://chat.example/hook")
    (found,) = await subscribed(platform)
    assert (found.level, "chat.example" in found.detail) == ("warn", True)
    assert not platform.posted


@pytest.mark.parametrize("before", [HERE, "https://jalon.example/hooks/whatsapp/of-a-former-key"])
async def test_an_address_of_this_source_is_renewed_and_what_it_was_told_stays_told(before: str) -> None:
    """A store with another key has another address: at the old one nobody is left, and what is not taken is lost."""
    fields = ("automatic_events",) if before == HERE else ("messages", "automatic_events")
    platform = Platform(address=before, fields=fields)
    (found,) = await subscribed(platform)
    (app,) = platform.posted
    form = {name: values[0] for name, values in parse_qs(app.body.decode()).items()}
    assert form["callback_url"] == HERE
    assert set(form["fields"].split(",")) == {"messages", "automatic_events"}
    assert "former-key" not in str(found), "an address is a secret"


async def test_without_a_word_to_repeat_nothing_is_subscribed() -> None:
    platform = Platform()
    (found,) = await subscribed(platform, verify_token=None)
    assert found.level == "warn"
    assert not platform.posted
