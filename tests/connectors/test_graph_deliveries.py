"""Webhooks of Meta at the door: signatures over raw bytes, the challenge, and the envelope."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from jalon.connectors.base import Delivery, Undelivered
from jalon.connectors.facebook import Facebook, Settings
from jalon.connectors.graph_api import deliveries, messaging
from jalon.connectors.graph_api.deliveries import Message, challenge, envelope, is_stale, microseconds, signed_by

CONNECTOR = Facebook()
SECRET, OLD = b"canary-app-secret", b"canary-old-secret"
BODY = rb'{"object":"page","entry":[{"id":"1","time":1795176000,"messaging":[],"x":"\u00e4\u1f600"}]}'
AT = 1_795_176_000.0


def delivery(body: bytes, at: float = AT, **headers: str) -> Delivery:
    return Delivery(headers, body, at)


def signed(body: bytes, secret: bytes = SECRET) -> Delivery:
    digest = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return delivery(body, **{"x-hub-signature-256": f"sha256={digest}"})


# --- signatures -------------------------------------------------------------------------------------------------------


def test_a_signature_is_over_the_bytes_as_they_came() -> None:
    assert signed_by([SECRET], signed(BODY))
    again = json.dumps(json.loads(BODY), ensure_ascii=False).encode()
    assert not signed_by([SECRET], signed(BODY)._replace(body=again))


def test_a_known_vector() -> None:
    """GitHub signs by the same scheme, and publishes this one."""
    wanted = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert deliveries.signature(b"Hello, World!", b"It's a Secret to Everybody") == wanted


def test_during_a_rotation_both_secrets_are_taken() -> None:
    settings = Settings(connector="facebook", access_token="t", app_secret=SECRET.decode(), app_secret_old=OLD.decode())
    both = CONNECTOR.secrets(settings)
    assert both == (SECRET, OLD)
    assert CONNECTOR.verify(signed(BODY, OLD), settings, both)
    assert CONNECTOR.verify(signed(BODY, SECRET), settings, both)
    assert not CONNECTOR.verify(signed(BODY, b"another"), settings, both)


def test_the_old_header_proves_nothing() -> None:
    digest = hmac.new(SECRET, BODY, hashlib.sha1).hexdigest()
    assert not signed_by([SECRET], delivery(BODY, **{"x-hub-signature": f"sha1={digest}"}))
    assert not signed_by([SECRET], delivery(BODY, **{"x-hub-signature-256": f"sha1={digest}"}))


def test_no_secret_takes_nothing_not_even_its_own_signature() -> None:
    assert not signed_by([], signed(BODY, b""))
    assert not signed_by([b""], signed(BODY, b""))


@given(st.binary(max_size=100), st.text(alphabet=st.characters(max_codepoint=255), max_size=100))
def test_whatever_the_header_holds_it_is_refused_and_nothing_raised(body: bytes, header: str) -> None:
    assert not signed_by([SECRET], delivery(body, **{"x-hub-signature-256": header}))


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=40))
def test_what_is_signed_is_taken_and_one_other_byte_is_not(body: bytes, secret: bytes) -> None:
    assert signed_by([secret], signed(body, secret))
    assert not signed_by([secret], signed(body, secret)._replace(body=body + b" "))


# --- the question whether the address is ours -------------------------------------------------------------------------

WORD = SecretStr("canary-verify-token")
ASKED = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": WORD.get_secret_value()}


def test_the_challenge_is_repeated_to_who_knows_the_word() -> None:
    assert challenge(ASKED, WORD) == "1158201444"


@pytest.mark.parametrize(
    "wrong",
    [
        {"hub.verify_token": "guess"},
        {"hub.verify_token": ""},
        {"hub.verify_token": "ünïcode"},
        {"hub.verify_token": "\ud800"},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": ""},
        {"hub.challenge": "<script>"},
        {"hub.challenge": "1" * 200},
    ],
)
def test_any_other_question_is_refused(wrong: dict[str, str]) -> None:
    assert challenge({**ASKED, **wrong}, WORD) is None
    assert challenge({}, WORD) is None


def test_without_a_word_in_the_settings_every_question_is_refused() -> None:
    assert challenge(ASKED, None) is None
    assert challenge({**ASKED, "hub.verify_token": ""}, None) is None


# --- the envelope -----------------------------------------------------------------------------------------------------


def test_both_forms_may_be_in_one_delivery_and_entries_of_several_accounts() -> None:
    body = {
        "object": "page",
        "entry": [
            {"id": "1", "time": 1_795_176_000_000, "messaging": [{"timestamp": 1_795_176_000_123}, "odd"]},
            {"id": 2, "time": "1795176000", "changes": [{"field": "feed", "value": {"a": 1}}, {"field": "x"}]},
            {"id": "3", "time": 1, "standby": [{}]},
            "odd",
        ],
    }
    found = envelope(delivery(json.dumps(body).encode()))
    assert [(each.account, each.at) for each in found.messages] == [("1", 1_795_176_000_123_000), ("3", 1_000_000)]
    assert [(each.account, each.at, each.field) for each in found.changes] == [("2", 1_795_176_000_000_000, "feed")]
    assert found.odd == 3


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"object":"page"}', b'{"object":1,"entry":[]}', b"\xff"])
def test_what_is_no_envelope_is_kept_with_a_reason(body: bytes) -> None:
    with pytest.raises(Undelivered):
        envelope(delivery(body))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
VALUE = JSON | st.fixed_dictionaries({}, optional={"sender": JSON | st.just({"id": "7"}), "timestamp": JSON})
UPDATES = st.lists(VALUE | st.fixed_dictionaries({"field": JSON, "value": VALUE}), max_size=3)
ENTRIES = st.lists(
    st.fixed_dictionaries({}, optional={"id": JSON, "time": JSON, "messaging": UPDATES, "changes": UPDATES}), max_size=3
)


@given(st.text(max_size=5), ENTRIES)
def test_every_update_of_an_envelope_is_taken_or_counted_as_odd(about: str, entries: list[dict[str, Any]]) -> None:
    found = envelope(delivery(json.dumps({"object": about, "entry": entries}).encode()))
    told = [update for entry in entries for name in ("messaging", "changes") for update in entry.get(name, ())]
    assert len(found.messages) + len(found.changes) + found.odd == len(told)
    assert found.object == about


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_no_envelope(body: bytes) -> None:
    with pytest.raises(Undelivered):
        envelope(delivery(body))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1_795_176_000, 1_795_176_000_000_000),
        (1_795_176_000_123, 1_795_176_000_123_000),
        ("1795176000", 1_795_176_000_000_000),
        ("1795176000123", 1_795_176_000_123_000),
        (0, None),
        (-5, None),
        (True, None),
        (1.5, None),
        ("soon", None),
        (None, None),
        (10**17, None),
    ],
)
def test_times_are_seconds_or_milliseconds_as_numbers_or_text(value: Any, wanted: int | None) -> None:
    assert microseconds(value) == wanted


def test_a_delivery_older_than_any_retry_is_stale() -> None:
    body = {"object": "page", "entry": [{"id": "1", "messaging": [{"timestamp": int(AT * 1000)}]}]}
    found = envelope(delivery(json.dumps(body).encode()))
    assert not is_stale(found, AT + 36 * 3600)
    assert is_stale(found, AT + 40 * 3600)
    assert not is_stale(found._replace(messages=[]), AT + 40 * 3600), "what tells no time is not judged by it"


# --- conversations ----------------------------------------------------------------------------------------------------

PERSON = "900112233445566"


def told(event: dict[str, Any]) -> dict[str, Any] | None:
    whole = {"sender": {"id": PERSON}, "recipient": {"id": "1"}, **event}
    record = messaging.record(Message("1", 1_795_176_000_123_000, whole), "messages")
    return None if record is None else {**record.body, "key": record.key}


@pytest.mark.parametrize(
    "event",
    [
        {"message": {"mid": "m", "text": "x", "is_echo": True}},
        {"message": {"mid": "m", "is_self": True}},
        {"message": {"mid": "m", "is_deleted": True}},
        {"read": {"mid": "m"}},
        {"delivery": {"watermark": 1}},
        {"reaction": {"mid": "m", "emoji": "x"}},
        {"message_edit": {"mid": "m"}},
        {"optin": {"type": "notification_messages"}},
        {},
    ],
)
def test_what_nobody_did_is_nothing(event: dict[str, Any]) -> None:
    assert told(event) is None


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ({"message": {"mid": "m", "referral": {"product": {"id": "77"}}}}, {"product_id": "77"}),
        (
            {
                "referral": {
                    "ref": "r",
                    "ad_id": 5,
                    "source": "ADS",
                    "ads_context_data": {"product_id": "9", "post_id": "8"},
                }
            },
            {"ref": "r", "ad_id": "5", "source": "ADS", "product_id": "9", "post_id": "8"},
        ),
        ({"referral": {"ref": "r", "source": "IGME-SOURCE-LINK"}}, {"ref": "r", "source": "IGME-SOURCE-LINK"}),
        ({"postback": {"mid": "m", "title": "t", "referral": {"ref": "p"}}}, {"ref": "p"}),
    ],
)
def test_where_a_person_came_from_is_kept(event: dict[str, Any], wanted: dict[str, str]) -> None:
    body = told(event)
    assert body is not None
    assert body["referral"] == wanted


def test_products_come_from_carts_and_templates() -> None:
    cart = told(
        {"order": {"products": [{"id": "1", "retailer_id": "s", "unit_price": 11, "quantity": 2}, {"name": "n"}]}}
    )
    assert cart is not None
    assert cart["kind"] == "cart"
    assert cart["products"] == [{"id": "1", "retailer_id": "s", "quantity": "2"}]
    elements = [{"id": "4", "retailer_id": "t", "title": "x"}]
    sent = told({"message": {"mid": "m", "attachments": [{"payload": {"product": {"elements": elements}}}]}})
    assert sent is not None
    assert sent["products"] == [{"id": "4", "retailer_id": "t"}]


def test_neither_words_nor_the_person_get_past_the_door() -> None:
    body = told({"message": {"mid": "m", "text": "canary words", "reply_to": {"story": {"id": "5", "url": "canary"}}}})
    assert body is not None
    passed = messaging.door("messenger_user")(body, lambda kind, value: f"hash of {kind}")
    assert passed["person"] == "hash of messenger_user"
    assert passed["story_id"] == "5"
    assert PERSON not in json.dumps(passed)
    assert "canary" not in json.dumps(body)


def test_the_same_event_has_the_same_key_and_no_key_tells_the_person() -> None:
    first, again = (told({"message": {"mid": "m_1", "text": text}}) for text in ("a", "b"))
    assert first is not None
    assert again is not None
    assert first["key"] == again["key"]
    cart = {"order": {"products": [{"id": "1"}]}}
    one, other = told(cart), told({**cart, "sender": {"id": "999"}})
    assert one is not None
    assert other is not None
    assert one["key"] == other["key"], "a key without a message's id is made of nothing personal"


@pytest.mark.parametrize("event", [{"sender": {}}, {"sender": None}, {"sender": "x"}])
def test_an_act_of_nobody_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(Undelivered):
        told({"message": {"mid": "m"}, **event})
