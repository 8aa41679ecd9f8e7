"""What Instagram's and Facebook's records mean, beyond the golden files: laws, revisions, and records of any shape."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.normalize import facebook, instagram
from jalon.normalize.graph_api import counts
from jalon.normalize.vocabulary import Context, Instant, Measure, Raw, Touchpoint, Unfit
from tests import golden
from tests.normalize.odd import check_fit_or_unfit, record, spoilt

CONTEXT = Context(ZoneInfo("Europe/Paris"), {})
READ = 1_795_210_200
PLATFORMS = {"instagram": instagram, "facebook": facebook}
EVERY = [(name, stream) for name, module in PLATFORMS.items() for stream in module.STREAMS]


def facts(platform: str, stream: str, body: Any, version: int = 0, observed_at: int = READ * 10**6) -> list[Any]:
    raw = Raw("shop", stream, "k", version, Instant(observed_at), 1, body)
    return [*PLATFORMS[platform].normalize(raw, CONTEXT)]


def newest(found: list[Any]) -> dict[str, Any]:
    """Return the newest revision of each key, as the store picks it."""
    return {fact.key: fact for fact in sorted(found, key=lambda fact: (fact.version, fact.observed_at, fact.inbox_id))}


# --- stories ----------------------------------------------------------------------------------------------------------


def test_no_late_poll_stands_above_the_last_figures() -> None:
    told = {"media_id": "5", "read_at": READ, "api": "webhook", "value": {"reach": 9}}
    polled = {
        "media_id": "5",
        "posted_at": READ - 86_000,
        "read_at": READ - 60,
        "api": "v26.0",
        "data": [_row("reach", 7)],
    }
    final = facts("instagram", "story_insights", told, version=READ * 10**6)
    late = facts("instagram", "story_insights", polled, observed_at=(READ + 5000) * 10**6)
    for order in (final + late, late + final):
        (measure,) = newest(order).values()
        assert (measure.value, measure.finality, measure.span) == (9, "final", "whole")


def test_readings_of_a_story_replace_each_other() -> None:
    def polled(at: int, value: int) -> list[Any]:
        body = {
            "media_id": "5",
            "posted_at": READ - 3600,
            "read_at": at,
            "api": "v26.0",
            "data": [_row("reach", value)],
        }
        return facts("instagram", "story_insights", body, observed_at=at * 10**6)

    (measure,) = newest(polled(READ, 1) + polled(READ + 40_000, 2)).values()
    assert measure.value == 2


def _row(name: str, value: Any) -> dict[str, Any]:
    return {"name": name, "values": [{"value": value}]}


# --- counters and days ------------------------------------------------------------------------------------------------


def test_a_counter_is_kept_as_it_stood_on_each_day() -> None:
    def read(at: int, value: int) -> list[Any]:
        body = {
            "media_id": "5",
            "posted_at": READ - 86_400 * 9,
            "read_at": at,
            "api": "v26.0",
            "data": [_row("views", value)],
        }
        return facts("instagram", "media_insights", body)

    found = newest(read(READ, 100) + read(READ + 86_400, 90))
    assert [fact.value for fact in found.values()] == [100, 90], "it may fall, and neither day is lost"
    assert {fact.span for fact in found.values()} == {"lifetime"}
    assert len({(fact.start_date, fact.end_date) for fact in found.values()}) == 2


@pytest.mark.parametrize("settled", [True, False])
def test_a_day_of_an_account_keeps_the_platforms_zone(settled: bool) -> None:
    about = {"day": "2026-11-01", "zone": "America/Los_Angeles", "api": "v26.0", "settled": settled}
    (measure,) = facts("instagram", "account_insights", {**about, "data": [_row("reach", 3)]})
    assert (measure.zone, measure.start_date) == ("America/Los_Angeles", date(2026, 11, 1))
    assert measure.finality == ("final" if settled else "estimate")


@pytest.mark.parametrize("day", ["", None, "2026-02-30", "yesterday", 5])
def test_an_impossible_day_goes_to_quarantine(day: Any) -> None:
    body = {"day": day, "zone": "America/Los_Angeles", "end": READ, "data": []}
    for platform, stream in (("instagram", "account_insights"), ("facebook", "page_insights")):
        with pytest.raises(Unfit, match="impossible_date"):
            facts(platform, stream, body)


def test_a_day_beside_the_wanted_one_is_not_taken() -> None:
    """The platform answers with the day before as well, and marks each by its end."""
    ends = ["2026-11-18T08:00:00+0000", "2026-11-19T08:00:00+0000", "2026-11-20T08:00:00+0000"]
    values = [{"value": n, "end_time": end} for n, end in enumerate(ends)]
    body = {
        "day": "2026-11-18",
        "end": 1_795_075_200,
        "zone": "America/Los_Angeles",
        "data": [{"name": "x", "values": values}],
    }
    (measure,) = facts("facebook", "page_insights", body)
    assert (measure.value, measure.start_date) == (1, date(2026, 11, 18))


# --- figures ----------------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from(["EMAIL", "bio_link_clicked", "Call", "book now"]), st.integers(0, 10**6)))
def test_parts_are_named_in_small_letters_and_none_is_lost(parts: dict[str, int]) -> None:
    results = [{"dimension_values": [name], "value": value} for name, value in parts.items()]
    row = {"name": "profile_activity", "total_value": {"breakdowns": [{"results": results}]}}
    found = {each.part: each.value for each in counts([row])}
    assert found == {name.lower().replace(" ", "_"): value for name, value in parts.items()}


def test_absent_is_not_zero_and_zero_is_not_absent() -> None:
    assert [*counts([{"name": "views", "values": []}, {"name": "reach", "total_value": {}}, {"name": "likes"}])] == []
    assert [each.value for each in counts([_row("views", 0)])] == [0]


@pytest.mark.parametrize("value", [-1, 1.5, "many", True, [1]])
def test_what_is_no_count_goes_to_quarantine(value: Any) -> None:
    with pytest.raises(Unfit):
        [*counts([_row("views", value)])]


# --- conversations ----------------------------------------------------------------------------------------------------


def acts(kind: str, platform: str = "facebook", **more: Any) -> list[Touchpoint]:
    body = {"account": "1", "at": READ * 10**6, "kind": kind, "person": "hash", "products": [], **more}
    return facts(platform, "messages", body)


@pytest.mark.parametrize("products", [[], [{"id": "1"}], [{"id": "1"}, {"id": "2"}, {"id": "1"}]])
def test_a_cart_is_never_a_purchase(products: list[dict[str, str]]) -> None:
    found = acts("cart", products=products)
    assert [touch.kind for touch in found][:1] == ["checkout"]
    assert {touch.kind for touch in found} <= {"checkout", "add_to_cart"}
    assert len(found) == 1 + len({product["id"] for product in products})
    assert len({touch.key for touch in found}) == len(found)


@pytest.mark.parametrize(
    ("kind", "referral", "wanted"),
    [
        ("message", {}, "chat"),
        ("message", {"product_id": "1"}, "question"),
        ("postback", {}, "chat"),
        ("referral", {"source": "ADS"}, "ad_click"),
        ("referral", {"ad_id": "1"}, "ad_click"),
        ("referral", {"ref": "x"}, "content_click"),
        ("something_new", {}, "other"),
    ],
)
def test_what_a_person_did(kind: str, referral: dict[str, str], wanted: str) -> None:
    for platform in PLATFORMS:
        (touch,) = acts(kind, platform, referral=referral)
        assert (touch.kind, touch.channel, touch.person) == (wanted, platform, "hash")


@pytest.mark.parametrize("kind", ["message", "postback"])
@pytest.mark.parametrize(
    ("referral", "wanted"),
    [
        ({"source": "ADS", "ad_id": "23", "post_id": "p"}, ("ad_click", "p", None, "23")),
        ({"ad_id": "23", "product_id": "7"}, ("ad_click", None, "7", "23")),
        ({"source": "SHORTLINK", "ref": "spring"}, ("content_click", None, None, "spring")),
        ({"source": "IGME-SOURCE-LINK", "type": "OPEN_THREAD"}, ("content_click", None, None, None)),
    ],
)
def test_the_ad_or_link_that_began_a_conversation_is_a_click_before_its_first_message(
    kind: str, referral: dict[str, str], wanted: tuple[str, ...]
) -> None:
    for platform in PLATFORMS:
        click, said = acts(kind, platform, referral=referral, story_id="s")
        assert (click.kind, click.content_id, click.product_id, click.campaign) == wanted
        assert (click.key, click.time_is_bound) == (f"{said.key}/referral", True)
        assert said.kind == ("question" if kind == "message" and "product_id" in referral else "chat")
        assert (said.content_id, said.campaign, said.time_is_bound) == ("s", None, False)
        assert (said.person, said.occurred_at) == (click.person, click.occurred_at)


# --- any shape --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", [one for name in PLATFORMS for one in golden.samples(name)], ids=str)
def test_any_field_may_hold_anything(one: golden.Sample) -> None:
    """A record gives facts of the types that the vocabulary promises, or is unfit by name: nothing else."""
    for where, body in spoilt(record(one)):
        for fact in check_fit_or_unfit(partial(facts, one.connector.name, one.stream, body), where):
            assert fact.key
            assert not isinstance(fact, Measure) or fact.value >= 0, where


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_what_is_no_record_is_unfit(body: Any) -> None:
    for platform in PLATFORMS:
        with pytest.raises(Unfit, match="bad_record"):
            facts(platform, "messages", body)
        with pytest.raises(Unfit, match="unknown_stream"):
            facts(platform, "nothing", {})
