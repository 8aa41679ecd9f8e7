"""What own clicks and site events mean: whose they are, and that no purchase makes an order."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jalon.normalize.channels import joined_clicks
from jalon.normalize.site import normalize
from jalon.normalize.vocabulary import Context, Fact, Identity, Instant, Raw, Touchpoint, Unfit

CONTEXT = Context(ZoneInfo("Europe/Paris"), {})
CLICK = {"at": 1_764_000_000, "joins": False, "code": "c", "placement": "tiktok/video", "content": "7", "product": "8"}
EVENT = {
    "type": "page_view",
    "at": 1_764_000_000_000_000,
    "visit": True,
    "visitor": "visitor:1",
    "url": "https://s.example/",
}


def read(stream: str, body: Any, version: int = 0) -> list[Fact]:
    return normalize(Raw("site", stream, "k", version, Instant(1), 1, body), CONTEXT)


@pytest.mark.parametrize(
    ("told", "person"),
    [
        ({}, None),
        ({"click": "jclid:1"}, None),
        ({"click": "jclid:1", "joins": True}, "jclid:1"),
        ({"visitor": "visitor:1"}, "visitor:1"),
        ({"visitor": None}, None),
        ({"visitor": "visitor:1", "click": "jclid:1", "joins": True}, "visitor:1"),
        ({"click": "jclid:1", "joins": "yes"}, None),
    ],
)
def test_a_click_is_of_whom_it_may_be(told: dict[str, Any], person: str | None) -> None:
    """Threat 29: without consent it is of nobody."""
    (touch,) = read("clicks", CLICK | told)
    assert isinstance(touch, Touchpoint)
    assert touch.person == person
    assert touch.order_id is None


@pytest.mark.parametrize(
    ("placement", "surface"),
    [
        ("instagram/story", "story"),
        ("instagram/stories", "story"),
        ("shop/qr", "qr"),
        ("pinterest", "pin"),
        ("", "pin"),
    ],
)
def test_the_placement_says_where_a_link_stood(placement: str, surface: str) -> None:
    (touch,) = read("clicks", CLICK | {"placement": placement, "address": "https://s.example/?utm_source=pinterest"})
    assert isinstance(touch, Touchpoint)
    assert touch.surface == surface


def test_a_purchase_only_names_whose_an_order_was() -> None:
    facts = read("events", EVENT | {"type": "purchase", "shop": "shopify", "order": "gid://shopify/Order/17"}, 5)
    (fact,) = facts
    assert isinstance(fact, Identity)
    assert (fact.key, fact.version) == ("order/shopify/17", 5)
    assert (fact.left, fact.right) == ("visitor:1", "order:shopify:17")


def test_an_id_that_was_not_proven_is_no_own_click() -> None:
    """The receiver takes the id out of addresses; only what it has proven is told as a click."""
    (touch,) = read("events", EVENT | {"url": "https://s.example/?utm_source=instagram"})
    assert isinstance(touch, Touchpoint)
    assert touch.evidence == "utm"


def test_the_id_of_an_own_click_in_a_landing_page_joins() -> None:
    assert joined_clicks("https://s.example/?a=1&jclid=jclid%3Aabc") == ("jclid:abc",)


@pytest.mark.parametrize("body", [None, [], "x", 7])
@pytest.mark.parametrize("stream", ["clicks", "events", "other"])
def test_what_is_no_record_is_unfit(stream: str, body: Any) -> None:
    with pytest.raises(Unfit):
        read(stream, body)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"type": None}, "missing_field"), ({"at": None}, "impossible_date"), ({"at": 10**18}, "impossible_date"),
        ({"url": [7]}, "bad_record"), ({"type": "purchase"}, "missing_field"), ({"type": "x" * 99}, "unknown_event"),
        ({"click": "jclid:1"}, "missing_field"),
    ],
)  # fmt: skip
def test_a_broken_event_is_unfit(broken: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unfit) as unfit:
        read("events", EVENT | broken)
    assert unfit.value.reason == reason
