"""Standard Webhooks: what is signed, by whom, when; and what the events in a delivery are."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.config import load
from jalon.connectors.base import BY_CONTENT, Delivery, Undelivered
from jalon.connectors.hook import Hook, HookSettings, signature
from jalon.errors import ConfigError

HOOK = Hook()
SECRET, OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + base64.b64encode(b"o" * 32).decode()
SETTINGS = HookSettings(connector="hook", secret=SECRET, secret_old=OLD)
KEYS = HOOK.secrets(SETTINGS)
AT = 1_614_265_330
# The vector that the reference implementations are tested with:
# https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/php/tests/WebhookTest.php
MESSAGE, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
WRONG = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="


def delivery(body: bytes = BODY, received_at: float = AT, **headers: str | None) -> Delivery:
    told = {"webhook-id": MESSAGE, "webhook-timestamp": str(AT), "webhook-signature": SIGNED}
    told |= {f"webhook-{name}": value for name, value in headers.items()}
    return Delivery({name: value for name, value in told.items() if value is not None}, body, received_at)


def accepted(given: Delivery, keys: tuple[bytes, ...] = KEYS) -> bool:
    return HOOK.verify(given, SETTINGS, keys)


def test_the_reference_vector() -> None:
    assert signature.sign(KEYS[0], MESSAGE.encode(), str(AT).encode(), BODY) == SIGNED.encode()
    assert accepted(delivery())


@pytest.mark.parametrize(
    "changed",
    [
        {"id": None}, {"timestamp": None}, {"signature": None}, {"id": "msg_other"}, {"timestamp": str(AT + 1)},
        {"body": BODY + b" "}, {"signature": WRONG}, {"signature": SIGNED.replace("v1,", "v2,")},
        {"signature": SIGNED.removeprefix("v1,")}, {"signature": ""}, {"timestamp": f"{AT}.0"}, {"timestamp": f"-{AT}"},
        {"timestamp": "soon"}, {"timestamp": "9" * 40}, {"id": f"{MESSAGE}.1"}, {"signature": "v1,\xff\xfe"},
    ],
)  # fmt: skip
def test_anything_else_is_refused(changed: dict[str, Any]) -> None:
    assert not accepted(delivery(**changed))


def test_an_id_cannot_borrow_from_the_timestamp() -> None:
    """`a.1` at `2` and `a` at `1.2` would be signed alike: neither is taken."""
    for message, timestamp in (("a.1", "2"), ("a", f"1.{AT}")):
        made = signature.sign(KEYS[0], message.encode(), timestamp.encode(), BODY).decode()
        assert not accepted(delivery(id=message, timestamp=timestamp, signature=made, received_at=2))


@pytest.mark.parametrize(("late", "taken"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_what_is_older_or_newer_than_the_tolerance_is_refused(late: float, taken: bool) -> None:
    assert accepted(delivery(received_at=AT + late)) is taken


def test_of_several_signatures_one_is_enough() -> None:
    ed25519 = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
    assert accepted(delivery(signature=f"{WRONG} {ed25519} {SIGNED} {WRONG}"))
    assert not accepted(delivery(signature=f"{WRONG} {ed25519}"))
    assert not accepted(delivery(signature=" ".join([WRONG] * 1000 + [SIGNED]))), "a thousand are not looked at"


def test_while_a_secret_is_rotated_both_are_good() -> None:
    by_old = signature.sign(KEYS[1], MESSAGE.encode(), str(AT).encode(), BODY).decode()
    assert accepted(delivery(signature=by_old))
    assert not accepted(delivery(signature=by_old), KEYS[:1])
    assert not accepted(delivery(), KEYS[1:])
    assert not accepted(delivery(), ())


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]),
        st.text(alphabet=st.characters(max_codepoint=255), max_size=80),
    ),
    st.binary(max_size=100),
)
def test_strange_bytes_are_refused_and_never_raise(headers: dict[str, str], body: bytes) -> None:
    assert HOOK.verify(Delivery(headers, body, AT), SETTINGS, KEYS) is False
    assert HOOK.delivery_key(Delivery(headers, body, AT))


def test_a_delivery_is_known_by_its_message() -> None:
    assert HOOK.delivery_key(delivery()) == HOOK.delivery_key(delivery(timestamp=str(AT + 60), signature=WRONG))
    assert HOOK.delivery_key(delivery(id="another")) != HOOK.delivery_key(delivery())
    assert HOOK.delivery_key(delivery(id=None)).startswith("sha256:")


@pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", "whsec_not base64!", "whsec_" + "A" * 120])
def test_a_secret_that_is_none_is_refused_and_not_told(tmp_path: Path, secret: str) -> None:
    (tmp_path / "s").write_text(secret)
    (tmp_path / "jalon.toml").write_text('[sources.h]\nconnector = "hook"\nsecret = { file = "s" }\n')
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "jalon.toml")
    assert "secret" in refused.value.message
    assert "whsec_" in refused.value.message
    assert secret not in refused.value.message or secret == "whsec_"


def test_a_secret_without_its_prefix_is_the_same() -> None:
    assert signature.key_of(SECRET) == signature.key_of(SECRET.removeprefix("whsec_"))


@pytest.mark.parametrize(
    ("settings", "level"), [(SETTINGS, "warn"), (SETTINGS.model_copy(update={"secret_old": None}), "ok")]
)
async def test_doctor_says_that_an_old_secret_is_still_good(settings: HookSettings, level: str) -> None:
    session = SimpleNamespace(settings=settings)
    assert [finding.level async for finding in HOOK.examine(session)] == [level]
    assert [finding.detail async for finding in HOOK.subscribe(session, "https://a.example/h")] == [
        "the sender delivers to https://a.example/h"
    ]


# --- events -----------------------------------------------------------------------------------------------------------

ANSWER = {"answer_id": "a-1", "platform": "kiosk", "survey": "csat", "answered_at": "2026-11-20T18:00:00Z", "score": 5}


def opened(body: Any) -> Any:
    return HOOK.open(delivery(body if isinstance(body, bytes) else json.dumps(body).encode()), SETTINGS)


def test_one_event_or_several() -> None:
    event = {"type": "answer", "timestamp": "2026-11-20T18:00:01Z", "data": ANSWER}
    [record] = opened(event).records
    assert (record.stream, record.key) == ("answers", "kiosk|csat|a-1")
    assert (record.version, record.body) == (1_795_197_601_000_000, ANSWER)
    several = opened([event, {"type": "identity", "data": {"email": "a@b.example", "loyalty": "9"}}])
    assert [(one.stream, one.key) for one in several.records] == [
        ("answers", "kiosk|csat|a-1"),
        ("identities", BY_CONTENT),
    ]
    assert several.topic == "answer, identity"


def test_the_records_own_time_of_change_stands_above_the_events() -> None:
    data = {**ANSWER, "updated_at": "2026-11-21T00:00:00Z"}
    [record] = opened({"type": "answer", "timestamp": "2026-11-20T18:00:01Z", "data": data}).records
    assert record.version == 1_795_219_200_000_000
    [record] = opened({"type": "answer", "data": ANSWER}).records
    assert record.version == 0


def test_a_type_that_is_not_known_spoils_no_other() -> None:
    good = {"type": "answer", "data": ANSWER}
    records = opened(
        [{"type": "user.created", "data": {}}, good, {"data": ANSWER}, {"type": 7}, {"type": "order"}]
    ).records
    assert [record.stream for record in records] == [
        "user.created",
        "answers",
        "unknown",
        "unknown",
        "orders without data",
    ]
    known = {stream.name for stream in HOOK.streams}
    assert [record.stream in known for record in records] == [False, True, False, False, False]


@pytest.mark.parametrize("body", [b"", b"{", b"17", b'"order"', b"[1]", b"[[]]", b"null", b"[" * 100 + b"]" * 100])
def test_a_body_that_is_no_event_is_kept_as_not_understood(body: bytes) -> None:
    with pytest.raises(Undelivered):
        opened(body)


def test_more_events_than_are_taken_at_once() -> None:
    with pytest.raises(Undelivered, match="10000"):
        opened([{"type": "answer", "data": ANSWER}] * 10_001)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda e: st.lists(e) | st.dictionaries(st.text(), e)
    )
)
def test_whatever_json_is_opened_or_refused(value: Any) -> None:
    for body in (value, {"type": "order", "data": value}, [{"type": value, "data": {}}]):
        with suppress(Undelivered):
            assert opened(body).topic
