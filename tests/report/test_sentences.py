"""What the page says of odd data: sentences that hold for one, for none, and for several currencies or sources."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from jalon.commands.reporting import freshness
from jalon.commands.setup import begin
from jalon.config import load
from jalon.report.figures.detail import weekly
from jalon.report.page.blocks import (
    claims,
    funnel,
    headline,
    journey_map,
    made,
    personas,
    restated,
    sales,
    told,
    ways,
    weeks,
)
from jalon.report.page.language import language
from jalon.store import runs
from jalon.workplace import Workplace

ENGLISH, FRENCH = language("en"), language("fr")
Row = dict[str, Any]


def rate(platform: str, share: float, low: float, high: float) -> Row:
    rates = {"click_rate": share, "click_rate_low": low, "click_rate_high": high}
    return {"platform": platform, "kind": "video", **rates, **dict.fromkeys(f"order{key[5:]}" for key in rates)}


def test_most_clicked_is_clearly_so_only_if_no_other_range_reaches_it() -> None:
    rows = [rate("one", 0.06, 0.055, 0.065), rate("two", 0.05, 0.048, 0.052), rate("few", 0.04, 0.01, 0.2)]
    it = funnel.prepared({"funnel": rows, "shoppable": []}, ENGLISH)
    assert it is not None
    assert "but not clearly more often than Few · Video" in it["says"]
    it = funnel.prepared({"funnel": rows[:2], "shoppable": []}, ENGLISH)
    assert it is not None
    assert "not clearly" not in it["says"]


def test_a_conversion_of_nobody_is_not_told_as_one_per_person() -> None:
    rows = [
        {"model": "last", "conversion": "sign_up", "channel": channel, "conversions": number}
        for channel, number in ((None, 7.0), ("email", 3.0))
    ]
    for say, wanted in (
        (ENGLISH, "Sign up: 7 of 10 are credited to nobody."),
        (FRENCH, "Inscription\u00a0: 7 sur 10 ne sont crédités à personne."),
    ):
        it = told.conversions({"conversions": rows}, say)
        assert it is not None
        assert it["said"] == {"last": wanted}


def test_the_commonest_way_says_that_it_begins_earlier() -> None:
    way = {"steps": ["email", "direct"], "is_longer": True, "orders": 2, "net_minor": 500, "minutes_50": 60}
    flows = [{"step": 1, "start": "direct", "end": "(sale)", "orders": 2}]
    one = {"ways": [way], "others": None, "unknown": None, "straight": 0, "flows": flows}
    it = ways.prepared({"ways": {"channel": {"EUR": one}}}, ENGLISH)
    assert it is not None
    assert "<b>\u2026 → E-mail → Direct</b>" in it["groups"][0]["says"]


def test_where_only_net_revenue_is_restated_no_count_is_said_to_be() -> None:
    row = {
        "figure": "net", "source": "shop", "currency": "EUR", "days": 1, "first": "2026-03-01", "last": "2026-03-01",
        "before": 3000, "after": 2700, "final": 0, "before_amount": "30.00", "after_amount": "27.00",
    }  # fmt: skip
    it = restated.prepared({"restated": [row]}, ENGLISH)
    assert it is not None
    assert it["says"] == "Net revenue of days that were over has changed since the last report by \u2212€3.00."


def claim(source: str, platform: str, currency: str = "EUR", days: int = 7, **told: int) -> Row:
    amounts = {"claimed": 500, "credited": 100, "here": None, "settled": None, "sold": 400, "sold_net": 400, "open": 0}
    minor = {f"{name}_minor": amount for name, amount in {**amounts, **told}.items()}
    span = {"start_date": "2026-03-01", "last_date": f"2026-03-{days:02}", "end_date": f"2026-03-{days + 1:02}"}
    named = {"source": source, "platform": platform, "model": "last", "currency": currency, "claimed": "5.00"}
    return {**named, **span, **minor}


def claimed(*rows: Row) -> Row | None:
    return claims.prepared({"models": [{"name": "last"}], "currencies": ["EUR"], "claims": list(rows)}, ENGLISH)


def test_two_accounts_of_a_platform_are_one_platform_with_two_rows() -> None:
    it = claimed(claim("ads fr", "meta"), claim("ads de", "meta"))
    assert it is not None
    (group,) = it["groups"]
    assert group["says"].startswith("1 platform claims")
    assert [row["name"] for row in group["rows"]] == ["Meta (ads fr)", "Meta (ads de)"]
    assert not any("Duplicates" in reason for reason in group["because"])


def said_of(*rows: Row) -> str:
    it = claimed(*rows)
    assert it is not None
    return str(it["groups"][0]["says"])


def test_claims_of_the_same_days_are_together_held_against_what_was_sold_in_them() -> None:
    said = said_of(claim("ads", "meta"), claim("vids", "youtube", claimed=300))
    assert said == "2 platforms claim <b>€8.00</b>, 2 times the €4.00 that all your shops sold in these days."


def test_each_claim_is_held_against_what_was_sold_in_its_own_days() -> None:
    """5 of the 4 that a week sold, 2.50 of the 10 of a month: 1.25 and 0.25 times, and not 7.50 of the month's 10."""
    month = claim("vids", "youtube", days=28, claimed=250, sold=1000, sold_net=900)
    week = claim("ads", "meta", sold_net=380)
    said = said_of(week, month)
    assert said.startswith("2 platforms claim <b>€7.50</b>, of different days:")
    assert said.endswith("together 1.5 times that.")
    it = claimed(week, month)
    assert it is not None
    (refunds,) = (reason for reason in it["groups"][0]["because"] if "Refunds" in reason)
    assert "sold from 1 Mar 2026 to 28 Mar 2026, €1.00 went back" in refunds


def test_a_claim_of_days_without_a_sale_is_told_apart() -> None:
    said = said_of(claim("ads", "meta"), claim("vids", "youtube", days=2, claimed=70, sold=0, sold_net=0))
    assert said.startswith("1 platform claims <b>€5.00</b>, 1.2 times the €4.00")
    assert said.endswith("€0.70 more is claimed of days in which no sale is known.")


def test_what_is_claimed_in_a_currency_without_a_sale_is_not_passed_over() -> None:
    it = claimed(claim("ads", "meta"), claim("ads", "meta", "USD"))
    assert it is not None
    assert len(it["groups"]) == 1
    assert it["elsewhere"].startswith("Claimed in currencies in which no sale is known: Meta US$5.00.")
    alone = claimed(claim("ads", "meta", "USD"))
    assert alone is not None
    assert alone["groups"] == []


def test_what_a_persona_brings_has_the_places_of_its_currency() -> None:
    row = {
        **dict.fromkeys(("title_fr", "rule", "ambassadors", "main_channel_share", "purchases", "days_since_purchase")),
        "persona": "p", "title": "P", "is_proposed": False, "persons": 9, "customers": 8, "main_channel": None,
        "net": 10_001.0, "currency": "JPY", "currency_customers": 8,
    }  # fmt: skip
    it = personas.prepared({"personas": [row]}, ENGLISH)
    assert it is not None
    assert it["declared"][0]["net"] == "JP¥1,250"


def test_nothing_is_said_to_have_moved_where_nothing_did() -> None:
    row = {"id": "native", "selling_mode": "native", "currency": "EUR", "share": 0.5, "net_minor": 1}
    recent = {
        "currency": "EUR",
        "days": 28,
        "last": "2026-03-28",
        "modes": {"native": [0.5, 0.5], "linked": [0.5, 0.5]},
    }
    it = sales.modes({"currencies": ["EUR"], "by_mode": [row], "recent": [recent]}, ENGLISH)
    assert "moved" not in it["groups"][0]["says"]
    recent["modes"] = {"native": [0.5, 0.6], "linked": [0.5, 0.4]}
    it = sales.modes({"currencies": ["EUR"], "by_mode": [row], "recent": [recent]}, ENGLISH)
    assert "Most moved native: from 50% to 60%" in it["groups"][0]["says"]


def test_options_of_the_attribution_are_told_in_the_readers_words() -> None:
    card = {
        "lookback_days": 30, "repeat": "restart", "lookback": {}, "model_lookback": {"first": 90}, "skip": [],
        "views": 0.5,
    }  # fmt: skip
    said = made.prepared({"card": card}, FRENCH)["window"]
    assert "Selon le modèle Premier contact\u00a0: 90 jours." in said
    assert "Une vue pèse 50\u00a0% d\u2019un clic." in said.replace("\u202f", "\u00a0")


def test_a_net_below_zero_is_no_change_in_per_cent() -> None:
    one = {
        "weeks": ["2026-03-02", "2026-03-09"], "net_minor": {"native": [1000, -500]}, "orders": [1, 1], "whole": 2,
        "earlier_minor": 0, "best": {"week": "2026-03-02", "net_minor": 1000},
    }  # fmt: skip
    it = weeks.prepared({"weekly": {"EUR": one}}, ENGLISH)
    assert it is not None
    assert it["groups"][0]["says"].endswith("net revenue was <b>\u2212€5.00</b>.")


def test_the_best_week_so_far_may_lie_before_those_that_are_shown() -> None:
    """Three hundred weeks of 10, the first of 90; the last is not over."""
    monday = date(2020, 1, 6)
    daily = [
        {
            "placed_date": monday + timedelta(weeks=week), "selling_mode": "native", "currency": "EUR",
            "net_minor": 1000 if week else 9000, "orders": 1,
        }
        for week in range(300)
    ]  # fmt: skip
    it = weeks.prepared({"weekly": weekly(daily, ["EUR"])}, ENGLISH)
    assert it is not None
    assert it["groups"][0]["says"].endswith("the best week so far, from 6 Jan 2020, had €90.00.")


def test_a_map_without_marks_says_nothing_of_them() -> None:
    cell = {"channel": "email", "stage": "decision", "touchpoints": 2, "persons": 1, "persons_onward": 1}
    stages = [{"id": "decision", "english": "Decision", "french": "Décision"}]
    one = {"stages": stages, "channels": [], "cells": {"email/decision": cell}, "credit": []}
    it = journey_map.prepared(
        {"map": {"canonical": one}, "segment_maps": {}, "persona_maps": {}, "personas": [], "targets": []}, FRENCH
    )
    assert it["maps"]["canonical"][0]["says"].endswith("vient de E-mail à l\u2019étape Décision.")


def test_the_source_that_is_furthest_behind_is_so_by_the_minute_however_it_is_written() -> None:
    sources = [
        {"source": "pushed", "newest": "2026-03-09 23:00 UTC", "read_to": None},
        {"source": "read", "newest": "2026-03-09 00:30 UTC", "read_to": "2026-03-09T01:00:00+00:00"},
    ]
    nothing: Row = {"recent": [], "currencies": [], "by_mode": [], "coverage": []}
    assert headline.prepared({**nothing, "sources": sources}, ENGLISH)["behind"] == sources[1]


def synced(source: str, at: float, db: sqlite3.Connection) -> None:
    runs.finish(db, runs.start(db, source, "sync", 1, at), at, "ok", {})


def test_a_source_that_failed_while_others_ran_every_minute_is_still_read_to_its_last_good_run(tmp_path: Path) -> None:
    begin(tmp_path, ("files",))
    at = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()

    def ran(db: sqlite3.Connection) -> None:
        synced("files", at, db)
        for minute in range(1, 1500):
            synced("other", at + 60 * minute, db)

    with Workplace(load(tmp_path / "jalon.toml")) as place:
        place.store.write(ran)
        assert freshness(place) == {"files": "2026-03-02T12:00:00+00:00"}


@pytest.mark.parametrize(("days", "wanted"), [(None, "2026-03-09T12:00:00+00:00"), (5, "2026-03-02T12:00:00+00:00")])
def test_a_report_of_a_past_day_knows_no_later_sync(tmp_path: Path, days: int | None, wanted: str) -> None:
    begin(tmp_path, ("files",))
    with Workplace(load(tmp_path / "jalon.toml")) as place:
        (source,) = place.config.sources
        for day in (2, 9):
            place.store.write(partial(synced, source, datetime(2026, 3, day, 12, tzinfo=UTC).timestamp()))
        until = None if days is None else int(datetime(2026, 3, days, tzinfo=UTC).timestamp() * 1e6)
        assert freshness(place, until) == {source: wanted}
