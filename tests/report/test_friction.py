"""Friction and delight: marked where the data are sure of it, and not by chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jalon.report.page.blocks.friction import DELIGHT, FRICTION, marks
from jalon.report.page.blocks.journey_map import prepared
from jalon.report.page.language import language
from tests.handmade import order, touch
from tests.report.test_marts import Made


def a_map(**cells: tuple[int, int]) -> dict[str, Any]:
    """A map with one stage that persons can leave: channel -> persons, and how many went on."""
    stages = [{"id": name, "english": name.title(), "french": name.title()} for name in ("decision", "purchase")]
    return {
        "stages": stages,
        "channels": [{"id": channel, "group": "3 other"} for channel in cells],
        "cells": {
            f"{channel}/decision": {
                "channel": channel, "stage": "decision", "touchpoints": persons, "persons": persons,
                "persons_onward": onward,
            }
            for channel, (persons, onward) in cells.items()
        },
        "credit": [],
    }  # fmt: skip


def test_a_cell_is_marked_where_its_interval_leaves_the_stage_s_share_out() -> None:
    found = marks(a_map(direct=(400, 100), email=(400, 300), search=(400, 205)))
    assert {place: mark.kind for place, mark in found.items()} == {
        "direct/decision": FRICTION, "email/decision": DELIGHT
    }  # fmt: skip
    assert found["direct/decision"].usual == 605 / 1200
    assert found["direct/decision"].high < found["direct/decision"].usual < found["email/decision"].low


def test_few_persons_are_never_marked_and_a_stage_that_nobody_leaves_neither() -> None:
    assert marks(a_map(direct=(3, 0), email=(400, 300))) == {}, "none of three may be chance"
    assert marks(a_map(direct=(19, 0), email=(400, 300))) == {}
    assert marks(a_map(direct=(400, 0), email=(400, 0))) == {}
    assert marks(a_map(direct=(0, 0))) == {}


def test_channels_do_not_differ_by_which_of_their_sources_tell_what_became_of_parcels(tmp_path: Path) -> None:
    """The shop tells of deliveries, returns and refunds, the network of nothing; the same persons buy again of each."""
    after = ("delivery", "return_requested", "refund", "survey", "support")
    facts = [
        order(f"{shop}-{n}", day, person=f"{shop}-{n}" if day == 1 else f"{shop}-{n - 90}", channel=shop)
        for shop in ("site", "tiktok")
        for n, day in [*((n, 1) for n in range(30)), *((n, 9) for n in range(90, 100))]
    ]
    facts += [touch(f"{kind}-{n}", 3, f"site-{n}", kind=kind, channel="site") for kind in after for n in range(30)]
    made = Made(tmp_path, facts)
    rows = made.sql(
        "SELECT channel, persons, persons_onward FROM rpt_journey_map "
        "WHERE preset = 'canonical' AND stage = 'purchase' ORDER BY ALL"
    )
    assert rows == [("site", 30, 10), ("tiktok", 30, 10)]


def test_a_mark_is_an_icon_and_a_word_and_says_why() -> None:
    told = {
        "map": {"canonical": a_map(direct=(400, 100), email=(400, 300))},
        "segment_maps": {},
        "persona_maps": {},
        "personas": [],
        "targets": [],
    }
    for lang, word in (("en", "friction"), ("fr", "friction")):
        it = prepared(told, language(lang))["maps"]["canonical"][0]
        mark = it["rows"][0]["cells"][0]["mark"]
        assert (mark["icon"], mark["word"]) == ("\u25bc", word)
        assert "50" in mark["why"]
    assert "1 case, et nettement plus depuis 1 case" in it["says"]
