"""Selling mode in chats: one rule on every network. Only what leads to the web shop is linked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent.parent / "samples"
CHATS = sorted(
    path
    for name in ("facebook", "instagram", "whatsapp")
    for path in (SAMPLES / name / "messages").glob("*.facts.json")
)
LINKS = sorted((SAMPLES / "whatsapp" / "clicks").glob("*.facts.json"))


def modes(path: Path) -> set[str]:
    return {fact["selling_mode"] for fact in json.loads(path.read_text()) if fact.get("fact") == "touchpoints"}


@pytest.mark.parametrize("path", CHATS, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_what_leads_into_a_chat_or_happens_there_is_communication(path: Path) -> None:
    """Also a question about a product, a cart that was sent, and the ad that opened the chat."""
    assert modes(path) <= {"communication"}


def test_the_samples_hold_what_could_be_taken_for_a_link() -> None:
    kinds = {fact.get("kind") for path in CHATS for fact in json.loads(path.read_text())}
    assert {"ad_click", "content_click", "question", "add_to_cart", "checkout", "chat"} <= kinds


@pytest.mark.parametrize("path", LINKS, ids=lambda path: path.name)
def test_a_link_in_a_message_leads_to_the_shop(path: Path) -> None:
    assert modes(path) <= {"linked"}
