"""WhatsApp's meaning where one record is not the whole of it: redeliveries, days of chat, persons with many names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.door import link
from jalon.connectors.whatsapp.doors import CLICK
from jalon.normalize.channels import joined_clicks
from jalon.normalize.vocabulary import Context, Fact, Identity, Instant, Measure, Order, Raw, Touchpoint, Unfit
from jalon.normalize.whatsapp import normalize
from jalon.privacy import Keyring

PARIS = Context(ZoneInfo("Europe/Paris"), {})
NOON = 1_795_082_400
"""2026-11-19, 11:00 in Paris."""


def read(stream: str, body: dict[str, Any], key: str = "k", version: int | None = None) -> list[Fact]:
    at = int(body.get("timestamp") or 0) * 1_000_000 if version is None else version
    return list(normalize(Raw("whatsapp", stream, key, at, Instant(1), 1, body), PARIS))


def message(id: str = "wamid.A", at: int = NOON, **more: Any) -> dict[str, Any]:
    return {"id": id, "timestamp": str(at), "type": "text", "from": "phone:1", "from_user_id": "user:1", **more}


def touches(facts: Iterable[Fact]) -> list[Touchpoint]:
    return [fact for fact in facts if isinstance(fact, Touchpoint)]


def newest(facts: Iterable[Fact]) -> dict[str, Touchpoint]:
    """Return the touchpoint of each key that stands."""
    found: dict[str, Touchpoint] = {}
    for touch in touches(facts):
        if touch.key not in found or touch.version > found[touch.key].version:
            found[touch.key] = touch
    return found


@given(st.permutations([NOON, NOON + 60, NOON + 3600, NOON + 12 * 3600]))
def test_a_day_of_chat_is_one_touchpoint_at_its_first_message_in_whatever_order_they_come(times: list[int]) -> None:
    facts = [fact for n, at in enumerate(times) for fact in read("messages", message(f"wamid.{n}", at))]
    stand = newest(facts)
    assert {(touch.kind, touch.occurred_at // 1_000_000) for touch in stand.values()} == {("chat", NOON)}


def test_the_next_day_is_another_chat() -> None:
    facts = read("messages", message("wamid.1")) + read("messages", message("wamid.2", NOON + 86_400))
    assert len(newest(facts)) == 2


CART = {"catalog_id": "1", "product_items": [{"product_retailer_id": "A", "quantity": "2", "item_price": 9.5}]}


@pytest.mark.parametrize("items", [[{"product_retailer_id": "A", "quantity": n, "item_price": p}] for n, p in
                                   [(1, 30), ("1", "30"), (2, 30.5), ("2", "30.50"), (None, None)]])  # fmt: skip
def test_a_cart_is_read_however_its_numbers_are_written(items: list[dict[str, Any]]) -> None:
    found = touches(read("messages", message(type="order", order={"product_items": items})))
    assert [(touch.kind, touch.product_id) for touch in found] == [("add_to_cart", "A"), ("checkout", "A")]


def test_a_cart_and_a_guessed_purchase_are_no_orders_and_no_purchases() -> None:
    guess = {
        "id": "wamid.A",
        "event_name": "Purchase",
        "timestamp": NOON,
        "custom_data": {"value": 9, "currency": "EUR"},
    }
    facts = read("messages", message(type="order", order=CART)) + read("inferred_events", guess)
    assert not [fact for fact in facts if isinstance(fact, Order | Measure)]
    assert "purchase" not in {touch.kind for touch in touches(facts)}


@given(st.sampled_from(["text", "order", "reaction", "unsupported", "system"]), st.integers(1, 3))
def test_a_redelivery_gives_the_same_facts(kind: str, times: int) -> None:
    body = message(type=kind, order=CART, system={"type": "user_changed_number", "wa_id": "phone:2"})
    once = read("messages", body)
    assert [read("messages", body) for _ in range(times)] == [once] * times


def links(facts: Iterable[Fact]) -> set[frozenset[str]]:
    return {frozenset((fact.left, fact.right)) for fact in facts if isinstance(fact, Identity)}


def test_phone_and_user_id_are_one_person_and_the_user_id_names_it() -> None:
    facts = read("messages", message(contact={"wa_id": "phone:2", "user_id": "user:1"}))
    assert links(facts) == {frozenset(("user:1", "phone:1")), frozenset(("user:1", "phone:2"))}
    assert {touch.person for touch in touches(facts)} == {"user:1"}


@pytest.mark.parametrize(
    ("body", "person"),
    [
        (message(from_user_id=None), "phone:1"),
        ({**message(), "from": None}, "user:1"),
        ({**message(from_user_id=None), "from": None, "contact": {"user_id": "user:9"}}, "user:9"),
        ({**message(from_user_id=None), "from": None, "contact": {"wa_id": "phone:9"}}, "phone:9"),
    ],
)
def test_one_identifier_is_enough(body: dict[str, Any], person: str) -> None:
    facts = read("messages", body)
    assert not links(facts)
    assert {touch.person for touch in touches(facts)} == {person}


def test_a_new_number_brings_a_new_user_id_and_all_of_them_are_one_person() -> None:
    system = {"type": "user_changed_number", "wa_id": "phone:2", "user_id": "user:2", "previous_user_id": "user:1"}
    facts = read("messages", {**message(type="system", system=system), "from_user_id": None})
    assert not touches(facts)
    assert frozenset().union(*links(facts)) == {"phone:1", "phone:2", "user:1", "user:2"}
    assert all("user:2" in pair for pair in links(facts)), "everything hangs together"


def test_a_click_joins_by_its_id_and_names_nobody() -> None:
    click = {
        "action_type": "marketing_messages_link_click",
        "timestamp": NOON,
        "product_id": "A",
        "click_id": "click:1",
    }
    (touch,) = touches(read("clicks", click))
    assert (touch.kind, touch.person, touch.product_id, touch.evidence) == ("tag_click", "click:1", "A", "click_id")
    (visit,) = touches(read("clicks", {**click, "action_type": "landing_page_view"}, key="other"))
    assert (visit.kind, visit.person) == ("visit", "click:1")


def test_a_click_is_known_again_in_the_address_that_it_led_to() -> None:
    hasher = Keyring(b"k" * 32).pseudonym
    clicked = CLICK({"click_id": "ARAkLkA8-rml_F", "timestamp": NOON}, hasher)["click_id"]
    landing = link("https://shop.example/products/lamp?utm_source=whatsapp&click_id=ARAkLkA8-rml_F#top", hasher)
    assert "ARAkLkA8" not in landing
    assert joined_clicks(landing) == (clicked,)
    assert joined_clicks(None) == joined_clicks("https://shop.example/?fbclid=x&click_id=") == ()


def test_an_ad_s_click_is_before_its_message_and_names_ad_or_post() -> None:
    referral = {"source_type": "ad", "source_id": "12", "source_url": "https://www.instagram.com/p/x", "ctwa_clid": "c"}
    facts = read("messages", message(referral=referral))
    ad, chat = touches(facts)
    assert (ad.kind, ad.channel, ad.campaign, ad.content_id, ad.time_is_bound) == (
        "ad_click",
        "instagram",
        "12",
        None,
        True,
    )
    assert chat.kind == "chat"
    assert frozenset(("user:1", "c")) in links(facts)
    post, _ = touches(read("messages", message(referral={"source_type": "post", "source_id": "34"})))
    assert (post.kind, post.channel, post.campaign, post.content_id) == ("content_click", "facebook", None, "34")


@pytest.mark.parametrize(
    ("stream", "body", "reason"),
    [
        ("messages", {"type": "text", "timestamp": NOON, "from": "phone:1"}, "missing_field"),
        ("messages", {"id": "a", "type": "text", "timestamp": NOON}, "missing_field"),
        ("messages", {"id": "a", "type": "text", "from": "phone:1"}, "missing_field"),
        ("messages", {"id": "a", "type": "text", "from": "phone:1", "timestamp": "soon"}, "impossible_date"),
        ("messages", message(type="order", order={"product_items": [{}]}), "missing_field"),
        ("messages", message(type="order", order={"product_items": 1}), "bad_record"),
        ("clicks", {"action_type": "x"}, "missing_field"),
        ("templates", {}, "unknown_stream"),
    ],
)
def test_what_cannot_be_read_says_why(stream: str, body: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unfit) as unfit:
        read(stream, body, version=1)
    assert unfit.value.reason == reason


def test_an_empty_cart_was_sent_all_the_same() -> None:
    assert [touch.kind for touch in touches(read("messages", message(type="order", order={})))] == ["checkout"]
