"""What YouTube's records mean, where golden files do not say it: properties, and what may never be joined."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.normalize.vocabulary import ABOUT_PERSONS, Content, ContentTag, Context, Fact, Instant, Measure, Raw, Unfit
from jalon.normalize.youtube import STREAMS, normalize
from jalon.normalize.youtube.common import VIEW_RULES, number, view_rule
from tests import golden
from tests.normalize.odd import JSON, check_fit_or_unfit, record, spoilt

CONTEXT = Context(ZoneInfo("America/Los_Angeles"), {"shorts_up_to": "180"})
SEEN = Instant(1_795_000_000_000_000)


def facts(stream: str, body: Any, context: Context = CONTEXT, **more: Any) -> list[Fact]:
    header = {"version": 0, "observed_at": SEEN, "inbox_id": 1, "key": "k", **more}
    return list(normalize(Raw(source="yt", stream=stream, body=body, **header), context))


def figure(**metrics: Any) -> dict[str, Any]:
    return {"api": "v2", "channel": "UC", "day": "2026-11-18", "video": "a", "settled": False, **metrics}


def affiliate(**more: Any) -> dict[str, Any]:
    about = {"api": "v1alpha", "account": "123", "zone": "Europe/Paris", "day": "2026-11-18", "settled": False}
    return {**about, "videoId": "a", "channelId": "UC", **more}


@pytest.mark.parametrize(
    ("stream", "body"),
    [
        ("activity", figure(views=-1)),
        ("activity", figure(estimatedMinutesWatched="-3")),
        ("cards", figure(cardClicks=-2)),
        ("affiliate_contents", affiliate(clicks="-1")),
        ("affiliate_contents", affiliate(grossSales={"amountMicros": "-10000", "currencyCode": "EUR"})),
    ],
)
def test_a_figure_that_cannot_be_below_zero_is_held_and_named(stream: str, body: Any) -> None:
    (field,) = {*body} - {*figure(), *affiliate()}
    with pytest.raises(Unfit, match="negative_quantity") as unfit:
        facts(stream, body)
    assert unfit.value.detail.startswith(field)


@pytest.mark.parametrize(
    ("stream", "body"),
    [
        ("activity", figure(likes=-2)),
        ("affiliate_contents", affiliate(orders="-2")),
        ("affiliate_contents", affiliate(netSales={"amountMicros": "-20000", "currencyCode": "EUR"})),
        ("affiliate_contents", affiliate(commissions={"amountMicros": "-20000", "currencyCode": "EUR"})),
    ],
)
def test_what_is_taken_back_may_be_more_than_what_came(stream: str, body: Any) -> None:
    (measure,) = [fact for fact in facts(stream, body) if isinstance(fact, Measure)]
    assert measure.value == -2


# --- joining with persons ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", golden.samples("youtube"), ids=str)
def test_no_fact_is_about_a_person_or_an_order(sample: golden.Sample) -> None:
    names = {name for name, row in golden.KINDS.items() if row in ABOUT_PERSONS}
    assert not {fact.get("fact") for fact in golden.derive(sample)} & names


@given(
    st.sampled_from(["affiliate_contents", "affiliate_products"]),
    st.dictionaries(st.sampled_from(["views", "clicks", "orders", "impressions"]), st.integers(0, 10**17).map(str)),
)
def test_every_affiliate_figure_says_that_it_must_not_be_joined(stream: str, counts: dict[str, str]) -> None:
    found = facts(stream, affiliate(offerId="sku", **counts))
    assert len(found) == len(counts)
    assert all(isinstance(fact, Measure) and not fact.joinable for fact in found)


def test_figures_of_the_own_channel_may_be_joined() -> None:
    assert [fact.joinable for fact in facts("activity", figure(views=1)) if isinstance(fact, Measure)] == [True]


# --- identity ---------------------------------------------------------------------------------------------------------


def test_a_bulk_report_and_analytics_give_one_fact_and_the_report_stands() -> None:
    body = {
        "report_type": "channel_cards_a1",
        "date": "20261118",
        "channel_id": "UC",
        "video_id": "a",
        "card_clicks": 7,
    }
    (told,), (bulk,) = facts("cards", figure(cardClicks=6)), facts("reports", body, version=SEEN)
    assert told.key == bulk.key
    assert bulk.version > told.version
    (later,) = facts("reports", {**body, "card_clicks": 8}, version=SEEN + 1)
    assert (later.key, later.version) == (bulk.key, SEEN + 1), "a report that fills a day back replaces the first"


def test_the_channel_as_a_whole_is_no_video() -> None:
    (whole,), (one,) = facts("activity", figure(video="channel", views=9)), facts("activity", figure(views=9))
    assert isinstance(whole, Measure)
    assert whole.content_id is None
    assert whole.key != one.key


def test_counters_of_a_day_replace_each_other_and_those_of_another_day_stay() -> None:
    body = {"id": "a", "statistics": {"viewCount": "9"}, "snippet": {"publishedAt": "2026-11-01T00:00:00Z"}}
    hours = [Instant(SEEN + hour * 3_600_000_000) for hour in (0, 1, 24)]
    first, again, next_day = (facts("videos", body, observed_at=at)[1] for at in hours)
    assert first.key == again.key != next_day.key


def test_a_video_that_is_gone_takes_its_content_back_under_its_key() -> None:
    (there, *_), (gone,) = facts("videos", {"id": "a"}), facts("videos", {"id": "a", "removed": True})
    assert isinstance(there, Content)
    assert isinstance(gone, Content)
    assert (there.key, there.removed, gone.key, gone.removed) == ("a", False, "a", True)


def test_a_tag_is_a_content_and_an_offer_whatever_the_day() -> None:
    first, again = (
        facts("affiliate_contents", affiliate(day=day, taggedProductIds=["sku1"]))
        for day in ("2026-11-17", "2026-11-18")
    )
    assert first == again
    assert isinstance(first[0], ContentTag)
    assert (first[0].content_id, first[0].product_id) == ("a", "sku1")


# --- kinds of video ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "up_to", "kind"),
    [
        ("PT45S", "180", "short"),
        ("PT3M", "180", "short"),
        ("PT3M1S", "180", "video"),
        ("PT45S", "0", "video"),
        ("PT1H", "180", "video"),
        ("P1DT1S", "180", "video"),
        ("P0D", "180", "video"),
        ("", "180", "video"),
        ("45 seconds", "180", "video"),
    ],
)
def test_a_short_is_known_by_its_length_alone(duration: str, up_to: str, kind: str) -> None:
    context = CONTEXT._replace(account={"shorts_up_to": up_to})
    (content,) = facts("videos", {"id": "a", "contentDetails": {"duration": duration}}, context)
    assert isinstance(content, Content)
    assert content.kind == kind
    assert ("/shorts/" in str(content.url)) == (kind == "short")


def test_hidden_likes_are_absent_and_not_zero() -> None:
    found = facts("videos", {"id": "a", "statistics": {"viewCount": "0", "commentCount": ""}})
    assert [(fact.metric, fact.span) for fact in found if isinstance(fact, Measure)] == [("views", "lifetime")]


# --- the break in the series of views ---------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [rule[0] for rule in VIEW_RULES[:-1]])
def test_views_say_where_their_series_breaks(first: date) -> None:
    assert view_rule(first) != view_rule(first - timedelta(days=1))
    days = [(first - timedelta(days=1)).isoformat(), first.isoformat()]
    views, engaged = (
        [facts("activity", figure(day=day, **{name: 1}))[0] for day in days] for name in ("views", "engagedViews")
    )
    assert views[0].definition != views[1].definition  # type: ignore[union-attr]
    assert engaged[0].definition == engaged[1].definition  # type: ignore[union-attr]


# --- numbers and money ------------------------------------------------------------------------------------------------


@given(st.integers(-(10**17), 10**17))
def test_a_whole_number_is_read_as_it_is(value: int) -> None:
    assert number(value, "x") == number(str(value), "x") == value


@given(
    st.one_of(
        st.floats().filter(lambda x: not x.is_integer()),
        st.text(max_size=5).filter(lambda x: not x.lstrip("-").isdecimal()),
        st.none(),
        st.booleans(),
        st.just(10**18),
    )
)
def test_what_is_no_whole_number_is_none(value: Any) -> None:
    with pytest.raises(Unfit):
        number(value, "x")


@given(st.integers(-(10**15), 10**15), st.sampled_from([("USD", 4), ("JPY", 6), ("KWD", 3)]))
def test_millionths_become_the_nearest_minor_unit(micros: int, currency: tuple[str, int]) -> None:
    code, places = currency
    price = {"amountMicros": str(micros), "currencyCode": code}
    (fact,) = facts("affiliate_contents", affiliate(netSales=price))
    assert isinstance(fact, Measure)
    assert fact.currency == code
    assert abs(Decimal(micros).scaleb(-places) - fact.value) <= Decimal("0.5")


# --- anything ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", golden.samples("youtube"), ids=str)
def test_any_field_may_hold_anything(one: golden.Sample) -> None:
    """A record gives facts of the types that the vocabulary promises, or is unfit by name: nothing else."""
    for where, body in spoilt(record(one)):
        found = check_fit_or_unfit(partial(facts, one.stream, body), where)
        assert {fact.source for fact in found} <= {"yt"}, where
        assert check_fit_or_unfit(partial(facts, one.stream, body), where) == found, where


@given(st.sampled_from([*STREAMS, "none"]), JSON)
def test_what_is_no_record_is_unfit(stream: str, body: Any) -> None:
    with pytest.raises(Unfit):
        facts(stream, json.loads(json.dumps(body)))
