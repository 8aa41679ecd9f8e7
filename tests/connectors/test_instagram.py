"""The wire of Instagram: what is asked, in which order, and what becomes of what comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jalon.connectors.base import Answer, Batch, Request, Window
from jalon.connectors.graph_api.settings import FACEBOOK_HOST, INSTAGRAM_HOST
from jalon.connectors.instagram import reading
from tests.connectors.graph_session import NOW, good, refused
from tests.connectors.instagram_fakes import (
    CONNECTOR,
    MEDIA,
    STREAMS,
    Play,
    edge,
    fetched,
    listed,
    media,
    pulled,
    session,
    settings,
)

# --- contents ---------------------------------------------------------------------------------------------------------


async def test_a_media_brings_refs_to_its_figures_and_tags() -> None:
    talk = session(lambda _: listed(media(), after="K"))
    gen = CONNECTOR.pull(talk, _window("media"))
    batch = await anext(gen)
    assert batch.cursor == "K"
    assert {(ref.stream, ref.key) for ref in batch.follow} == {
        ("media_insights", f"{MEDIA}/FEED/1795089600/2026-11-20"),
        ("product_tags", MEDIA),
    }
    (asked,) = talk.asked
    assert edge(asked) == "17841/media"
    assert {"since", "until"} <= asked.query.keys()


def _window(stream: str) -> Window:
    begin = datetime.fromtimestamp(NOW - 86_400, UTC)
    return Window(STREAMS[stream], begin, begin + timedelta(days=1))


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (
            {"media_type": "CAROUSEL_ALBUM", "children": {"data": [{"id": "1"}, {"id": "2"}]}},
            [f"{MEDIA}/1", f"{MEDIA}/2"],
        ),
        ({"media_type": "CAROUSEL_ALBUM"}, []),
        ({"media_product_type": "REELS", "media_type": "VIDEO"}, []),
        ({"media_product_type": "STORY"}, []),
        ({"media_type": "VIDEO"}, [MEDIA]),
    ],
)
async def test_tags_are_asked_of_feed_posts_and_of_the_children_of_carousels(
    more: dict[str, Any], wanted: list[str]
) -> None:
    (batch,) = await pulled(session(lambda _: listed(media(**more))), "media")
    assert [ref.key for ref in batch.follow if ref.stream == "product_tags"] == wanted


async def test_with_instagram_login_no_tag_and_no_product_is_asked_for() -> None:
    talk = session(lambda _: listed(media()), login="instagram")
    (batch,) = await pulled(talk, "media")
    assert {ref.stream for ref in batch.follow} == {"media_insights"}
    assert await pulled(talk, "products") == [Batch()]


def test_each_login_has_its_host() -> None:
    assert CONNECTOR.hosts(settings()) == {"api": (FACEBOOK_HOST,)}
    assert CONNECTOR.hosts(settings(login="instagram")) == {"api": (INSTAGRAM_HOST,)}
    assert CONNECTOR.hosts(settings(login="instagram", api_url="http://127.0.0.1:1")) == {
        "api": ("http://127.0.0.1:1",)
    }


async def test_a_media_without_a_time_is_read_all_the_same() -> None:
    (batch,) = await pulled(session(lambda _: listed({"id": MEDIA})), "media")
    assert batch.follow[0].key == f"{MEDIA}/FEED/0/2026-11-20"
    assert reading.Fetched(reading.fetch_media_insights, r"\d+/[A-Z_]+/\d+/\d{4}-\d\d-\d\d").well_formed(
        batch.follow[0].key
    )


# --- figures ----------------------------------------------------------------------------------------------------------

KEY = f"{MEDIA}/REELS/1795089600/2026-11-20"


def figures(bad: set[str], *, named: bool) -> Play:
    """Return a platform that refuses the whole request for one bad metric, naming it or not."""

    def play(request: Request) -> Answer:
        names = request.query["metric"].split(",")
        wrong = [name for name in names if name in bad]
        if wrong and named:
            words = f"(#100) The Media Insights API does not support the {wrong[0]} metric for this media product type"
            return refused(100, message=words)
        if wrong:
            return refused(3001, 1504028, "The value must be a valid insights metric")
        return good({"data": [{"name": name, "values": [{"value": 1}]} for name in names]})

    return play


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    "bad", [set(), {"views"}, {"views", "reposts", "saved"}, set(reading.BY_KIND["REELS"][0].metrics)]
)
async def test_one_bad_metric_costs_only_itself(bad: set[str], named: bool) -> None:
    talk = session(figures(bad, named=named))
    (batch,) = await fetched(talk, "media_insights", KEY)
    (record,) = batch.records
    asked = set(reading.BY_KIND["REELS"][0].metrics)
    assert {row["name"] for row in record.body["data"]} == asked - bad
    assert record.body["refused"] == sorted(bad)
    if len(bad) == 1:
        assert len(talk.asked) == (2 if named else 7), "named it is left out at once, else halves are asked for"


async def test_a_refusal_that_lists_what_is_allowed_names_nothing() -> None:
    def play(request: Request) -> Answer:
        if "," in request.query["metric"]:
            return refused(100, message="(#100) metric[3] must be one of the following values: impressions, reach")
        return good({"data": []})

    talk = session(play)
    (batch,) = await fetched(talk, "media_insights", KEY)
    assert batch.records[0].body["refused"] == []
    assert {request.query["metric"] for request in talk.asked} >= set(reading.BY_KIND["REELS"][0].metrics)


async def test_no_data_is_a_record_without_figures() -> None:
    (batch,) = await fetched(session(lambda _: good({"data": []})), "media_insights", KEY)
    assert batch.records[0].key == f"{MEDIA}/2026-11-20"
    assert batch.records[0].body["data"] == []


@pytest.mark.parametrize(("answer", "reason"), [(refused(100, 2108006), "no_figures"), (refused(100, 33), "gone")])
async def test_one_old_or_deleted_media_does_not_stop_the_rest(answer: Answer, reason: str) -> None:
    (batch,) = await fetched(session(lambda _: answer), "media_insights", KEY)
    assert [(each.key, each.reason) for each in batch.skipped] == [(MEDIA, reason)]


async def test_a_breakdown_that_does_not_suit_is_left_out() -> None:
    def play(request: Request) -> Answer:
        if "breakdown" in request.query:
            return refused(1, message="An unknown error has occurred.", status=500)
        return good({"data": [{"name": "reach", "values": [{"value": 1}]}]})

    (batch,) = await fetched(session(play), "media_insights", KEY.replace("REELS", "FEED"))
    assert batch.records[0].body["refused"] == ["profile_activity"]


@pytest.mark.parametrize("stream", ["media_insights", "story_insights", "product_tags"])
@pytest.mark.parametrize("key", ["", "x", "../me", "1/2/3/4/5", "1?x=1", "\u0661"])
async def test_a_key_that_names_nothing_is_never_put_into_a_path(stream: str, key: str) -> None:
    talk = session(lambda _: good({"data": []}))
    (batch,) = await fetched(talk, stream, key)
    assert [each.reason for each in batch.skipped] == ["bad_id"]
    assert talk.asked == []


@pytest.mark.parametrize(
    ("day", "hours", "since"),
    [
        ("2026-11-10", 24, "2026-11-10T08:00:00+00:00"),
        ("2026-07-10", 24, "2026-07-10T07:00:00+00:00"),
        ("2026-11-01", 25, "2026-11-01T07:00:00+00:00"),
        ("2026-03-08", 23, "2026-03-08T08:00:00+00:00"),
    ],
)
async def test_a_day_of_the_account_is_one_of_pacific_time(day: str, hours: int, since: str) -> None:
    talk = session(lambda _: good({"data": []}), timezone="Europe/Paris")
    midnight = datetime.fromisoformat(f"{day}T00:00:00+01:00").timestamp()
    (batch,) = await pulled(talk, "account_insights", midnight if day != "2026-07-10" else midnight - 3600)
    bounds = talk.asked[0].query
    assert int(bounds["until"]) - int(bounds["since"]) == hours * 3600
    assert bounds["since"] == str(int(datetime.fromisoformat(since).timestamp()))
    assert batch.records[0].body["day"] == day
    assert [record.key for record in batch.records] == [
        f"{day}/whole",
        f"{day}/follow_type",
        f"{day}/contact_button_type",
    ]


@pytest.mark.parametrize(("late", "settled"), [(30, False), (47, False), (49, True)])
async def test_a_day_is_settled_once_it_was_read_two_days_after_it(late: int, settled: bool) -> None:
    end = datetime.fromisoformat("2026-11-11T08:00:00+00:00").timestamp()
    talk = session(lambda _: good({"data": []}), at=end + late * 3600)
    (batch,) = await pulled(talk, "account_insights", datetime.fromisoformat("2026-11-10T00:00:00+00:00").timestamp())
    assert batch.records[0].body["settled"] is settled


# --- tags and products ------------------------------------------------------------------------------------------------


async def test_all_tags_of_a_child_are_one_record_of_the_carousel() -> None:
    def play(request: Request) -> Answer:
        assert edge(request) == "9/product_tags"
        more = request.query.get("after") is None
        return listed({"product_id": 3231775643511089 + more}, after="A" if more else None)

    (batch,) = await fetched(session(play), "product_tags", f"{MEDIA}/9")
    (record,) = batch.records
    assert record.key == f"{MEDIA}/9"
    assert (record.body["media_id"], record.body["child_id"]) == (MEDIA, "9")
    assert [tag["product_id"] for tag in record.body["product_tags"]] == [3231775643511090, 3231775643511089]


def shop(request: Request) -> Answer:
    if edge(request) == "17841/available_catalogs":
        return listed({"catalog_id": "1"}, {"catalog_id": "2"})
    catalog, first = request.query["catalog_id"], "after" not in request.query
    return listed({"product_id": int(catalog) * 10 + first, "retailer_id": "sku"}, after="A" if first else None)


async def test_products_are_read_catalogue_by_catalogue_and_go_on_from_any_page() -> None:
    batches = await pulled(session(shop), "products")
    assert [batch.cursor for batch in batches] == ["1|A", "2|", "2|A", None]
    assert [record.key for batch in batches for record in batch.records] == ["1/11", "1/10", "2/21", "2/20"]
    for place, batch in enumerate(batches[:-1]):
        rest = await pulled(session(shop), "products", cursor=batch.cursor)
        assert rest == batches[place + 1 :]


async def test_an_account_without_catalogues_has_no_products() -> None:
    assert await pulled(session(lambda _: listed()), "products") == [Batch()]
