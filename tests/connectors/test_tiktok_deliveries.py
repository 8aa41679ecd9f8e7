"""TikTok Shop's deliveries: signatures over raw bytes, what each topic says to read, what is stale or not ours."""

from __future__ import annotations

import hashlib
import hmac
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Delivery, Opened, Ref, Undelivered
from jalon.connectors.tiktok_shop import Settings
from jalon.connectors.tiktok_shop.deliveries import TOPICS
from tests.connectors.tiktok_fakes import CONNECTOR, settings

SHOP = "7494049642642441621"
AT = 1_644_412_885
SECRETS = (b"e59af819cc",)


def delivery(body: bytes, headers: dict[str, str] | None = None, received_at: float = AT + 5) -> Delivery:
    return Delivery(headers or {}, body, received_at)


def opened(number: Any, data: Any, received_at: float = AT + 5, shop_id: str | None = SHOP, **more: Any) -> Opened:
    envelope = {
        "type": number,
        "tts_notification_id": "7327112393057371910",
        "shop_id": SHOP,
        "timestamp": AT,
        "data": data,
    }
    return CONNECTOR.open(
        delivery(json.dumps({**envelope, **more}).encode(), None, received_at), settings(shop_id=shop_id)
    )


def signature(body: bytes, secret: bytes = SECRETS[0]) -> str:
    return hmac.new(secret, b"68xu9ks5p4i8" + body, hashlib.sha256).hexdigest()


# --- signatures -------------------------------------------------------------------------------------------------------


def test_the_official_delivery_is_accepted(contracts: Path) -> None:
    page = json.loads((contracts / "tiktok-shop" / "webhook_examples.json").read_text())["examples"][0]
    own = Settings(connector="tiktok_shop", app_key=page["app_key"], app_secret=page["app_secret"])
    one = delivery(page["raw_body"].encode(), {"authorization": page["authorization"]})
    assert CONNECTOR.verify(one, own, CONNECTOR.secrets(own))
    assert CONNECTOR.open(one, own).refs == [Ref("orders", "576653688135258178")]


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_flipped_bit_is_refused(body: bytes, data: st.DataObject) -> None:
    good = signature(body)
    assert CONNECTOR.verify(delivery(body, {"authorization": good}), settings(), SECRETS)
    bit = data.draw(st.integers(0, 8 * len(body) - 1))
    other = bytearray(body)
    other[bit // 8] ^= 1 << bit % 8
    assert not CONNECTOR.verify(delivery(bytes(other), {"authorization": good}), settings(), SECRETS)
    place = data.draw(st.integers(0, 63))
    wrong = good[:place] + ("0" if good[place] != "0" else "1") + good[place + 1 :]
    assert not CONNECTOR.verify(delivery(body, {"authorization": wrong}), settings(), SECRETS)


@given(st.text(), st.binary(max_size=40), st.lists(st.binary(max_size=20), max_size=3))
def test_no_bytes_make_the_check_raise(header: str, body: bytes, secrets: list[bytes]) -> None:
    assert CONNECTOR.verify(delivery(body, {"authorization": header}), settings(), secrets) is False


def test_while_a_secret_is_rotated_both_are_good() -> None:
    own = settings(app_secret_old="before")
    assert CONNECTOR.secrets(own) == (b"e59af819cc", b"before")
    for secret in CONNECTOR.secrets(own):
        assert CONNECTOR.verify(
            delivery(b"{}", {"authorization": signature(b"{}", secret)}), own, CONNECTOR.secrets(own)
        )


def test_an_empty_secret_signs_nothing() -> None:
    assert not CONNECTOR.verify(delivery(b"{}", {"authorization": signature(b"{}", b"")}), settings(), [b""])


# --- keys -------------------------------------------------------------------------------------------------------------


def key(text: str) -> str:
    return CONNECTOR.delivery_key(delivery(text.encode()))


def test_a_notification_is_one_delivery_however_often_and_whenever_it_is_sent() -> None:
    first = '{"type":1,"tts_notification_id":"7380066284010030890","timestamp":1718305585,"data":{"order_id":"5"}}'
    again = first.replace("1718305585", "1718305705")
    spaced = first.replace('":"7380066284010030890"', '" : 7380066284010030890 ')
    assert key(first) == key(again) == key(spaced) == "7380066284010030890"
    assert key(first) != key(first.replace("0890", "0891"))


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"tts_notification_id":""}',
        '{"tts_notification_id":"0"}',
        '{"tts_notification_id":null}',
        '{"tts_notification_id":"12x"}',
        r'{"title":"a \"tts_notification_id\":\"7380066284010030890\" b"}',
    ],
)
def test_without_a_notification_s_id_a_delivery_is_known_by_its_bytes(text: str) -> None:
    assert key(text) == hashlib.sha256(text.encode()).hexdigest() != key(text + " ")


@given(st.binary(max_size=80))
def test_no_bytes_are_without_a_key(body: bytes) -> None:
    assert CONNECTOR.delivery_key(delivery(body))


# --- topics -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "data", "refs"),
    [
        (1, {"order_id": "5", "order_status": "UNPAID", "update_time": AT}, [Ref("orders", "5")]),
        (1, {"order_id": 9007199254740993, "order_status": "CANCEL"}, [Ref("orders", "9007199254740993")]),
        (11, {"order_id": "5", "cancel_id": "6"}, [Ref("cancellations", "5"), Ref("orders", "5")]),
        (12, {"order_id": "5", "return_id": "6", "return_status": "ANY"}, [Ref("returns", "5")]),
        (
            67,
            {
                "aftersales_request_id": "1",
                "refund_total": "3.00",
                "line_items": [{"main_order_id": "5"}, {"main_order_id": "7"}, {"main_order_id": "5"}],
            },
            [Ref("returns", "5"), Ref("returns", "7")],
        ),
    ],
)
def test_a_delivery_says_only_what_to_read(number: int, data: dict[str, Any], refs: list[Ref]) -> None:
    said = opened(number, data)
    assert said.known
    assert not said.stale
    assert said.refs == refs
    assert not said.records


def test_a_tag_put_on_a_video_is_a_record_with_the_time_of_its_delivery() -> None:
    data = {"product_id": "8", "event": {"type": "REMOVE", "scene": "VIDEO", "content_id": "9"}}
    (record,) = opened(17, data, shop_id=SHOP, creator_open_id="canary").records
    assert (record.stream, record.key, record.version) == ("content_tags", "9/8", AT * 1_000_000)
    assert "canary" not in str(record.body)


@pytest.mark.parametrize(("number", "kind"), [(6, "deauthorised"), (7, "expires_soon")])
def test_the_end_of_an_authorisation_is_told_to_a_person(number: int, kind: str) -> None:
    (notice,) = opened(
        number, {"message": "canary\x1b[31m", "expiration_time": "1650000000"} if number == 7 else {"message": "x"}
    ).notices
    assert notice.kind == kind
    assert "canary" not in notice.detail


def test_the_fields_tell_the_topic_where_the_number_was_moved() -> None:
    assert opened(4711, {"order_id": "5", "return_id": "6"}).refs == [Ref("returns", "5")]


@pytest.mark.parametrize("number", [5, 15, 20, 63, "1", None, 1.0, [1]])
def test_other_topics_are_kept_unknown(number: Any) -> None:
    said = opened(number, {"product_id": 1})
    assert not said.known
    assert not said.refs


@pytest.mark.parametrize(
    ("number", "data"),
    [
        (1, {"order": "5"}),
        (1, None),
        (1, {"order_id": "../5", "order_status": "X"}),
        (1, {"order_id": 1.5, "order_status": "X"}),
        (1, {"order_id": "٣", "order_status": "X"}),
        (17, {"product_id": "8", "event": "ADD"}),
        (67, {"aftersales_request_id": "1", "refund_total": "3", "line_items": [1]}),
    ],
)
def test_a_topic_without_its_fields_is_kept_with_a_reason(number: int, data: Any) -> None:
    with pytest.raises(Undelivered):
        opened(number, data)


def test_another_shop_s_delivery_asks_for_nothing() -> None:
    said = opened(1, {"order_id": "5", "order_status": "UNPAID"}, shop_id="7495540735365777508")
    assert [notice.kind for notice in said.notices] == ["mismatch"]
    assert not said.refs
    old = opened(1, {"order_id": "5", "order_status": "UNPAID"}, AT + 25 * 3600, "7495540735365777508")
    assert (old.stale, old.notices, old.refs) == (True, (), ())


def test_a_shop_id_above_2_to_53_is_compared_exactly() -> None:
    data = {"order_id": "5", "order_status": "UNPAID"}
    assert opened(1, data, **{"shop_id": SHOP}).refs
    body = json.dumps({"type": 1, "shop_id": int(SHOP) + 1, "timestamp": AT, "data": data}).encode()
    assert [n.kind for n in CONNECTOR.open(delivery(body), settings(shop_id=SHOP)).notices] == ["mismatch"]
    body = json.dumps({"type": 1, "shop_id": int(SHOP), "timestamp": AT, "data": data}).encode()
    assert not CONNECTOR.open(delivery(body), settings(shop_id=SHOP)).notices


@pytest.mark.parametrize(
    ("later", "stale"), [(0, False), (16 * 3600, False), (25 * 3600, True), (30 * 86400, True), (-3600, True)]
)
def test_what_is_older_than_all_retries_is_marked_and_harmless(later: float, stale: bool) -> None:
    said = opened(1, {"order_id": "5", "order_status": "UNPAID"}, AT + later)
    assert said.stale is stale
    assert said.refs == [Ref("orders", "5")]
    assert bool(opened(6, {"message": "x"}, AT + later).notices) is not stale


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
DATA = st.dictionaries(
    st.sampled_from(["order_id", "order_status", "return_id", "cancel_id", "product_id", "event", "line_items"]),
    JSON | st.sampled_from(["5", 5, "5/../6", [{"main_order_id": "7"}], {"scene": "VIDEO", "content_id": "9"}]),
)


@given(
    JSON | st.integers(1, 70) | st.sampled_from([1, 11, 12, 17, 67]),
    DATA | JSON,
    st.just(AT) | JSON,
    st.just(int(SHOP)) | JSON,
)
def test_any_json_is_opened_or_refused_by_name(number: Any, data: Any, timestamp: Any, shop: Any) -> None:
    body = json.dumps({"type": number, "data": data, "timestamp": timestamp, "shop_id": shop}).encode()
    with suppress(Undelivered):
        said = CONNECTOR.open(delivery(body), settings(shop_id=SHOP))
        assert all(ref.key.isdigit() for ref in said.refs)


@given(st.binary(max_size=80))
def test_any_bytes_are_opened_or_refused_by_name(body: bytes) -> None:
    with suppress(Undelivered):
        assert not CONNECTOR.open(delivery(body), settings()).records


def test_topics_are_known_by_documented_fields(contracts: Path) -> None:
    schemas = json.loads((contracts / "tiktok-shop" / "webhooks.schemas.json").read_text())
    for topic in TOPICS:
        documented = schemas[str(topic.number)]["payload"]["properties"]["data"]["properties"]
        assert topic.needs <= documented.keys(), topic.name


def test_no_documented_topic_is_taken_for_another(contracts: Path) -> None:
    schemas = json.loads((contracts / "tiktok-shop" / "webhooks.schemas.json").read_text())
    ours = {topic.number for topic in TOPICS} | {6}
    for number, schema in schemas.items():
        fields = schema["payload"]["properties"].get("data", {}).get("properties", {})
        with suppress(Undelivered):  # of ours, since the fields hold nothing here
            assert opened(int(number), dict.fromkeys(fields)).known is (int(number) in ours), number
