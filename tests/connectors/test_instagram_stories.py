"""Stories of Instagram: their deadline, and their last figures."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jalon.connectors.base import Answer, Request, Stop
from tests.connectors.graph_session import NOW, good, refused
from tests.connectors.instagram_fakes import (
    STORY,
    edge,
    fetched,
    listed,
    media,
    pulled,
    session,
)

POSTED = int(NOW - 20 * 3600)
LIFE = good({"data": {"is_valid": True, "data_access_expires_at": int(NOW + 50 * 86_400)}})


def stories(request: Request) -> Answer:
    if edge(request) == "debug_token":
        return LIFE
    at = datetime.fromtimestamp(POSTED, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return listed(media(id=STORY, media_product_type="STORY", timestamp=at))


async def test_a_story_brings_its_end_as_a_deadline_and_is_read_at_once() -> None:
    (batch,) = await pulled(session(stories), "stories")
    assert [(ref.stream, ref.key) for ref in batch.follow] == [("story_insights", f"{STORY}/{POSTED}")]
    consent, story = batch.deadlines
    assert (story.key, story.at, story.warn) == (f"story/{STORY}", POSTED + 86_400.0, 86_400.0)
    assert consent.key == "data_access/17841"


async def test_how_long_before_it_is_named_is_a_setting() -> None:
    (batch,) = await pulled(session(stories, story_warning_hours=2), "stories")
    assert batch.deadlines[-1].warn == 7200.0


@pytest.mark.parametrize(("hours", "taken_back"), [(1, False), (17, False), (18, True), (23, True), (30, True)])
async def test_a_reading_in_its_last_hours_takes_the_deadline_back(hours: int, taken_back: bool) -> None:
    talk = session(lambda _: listed({"name": "reach", "values": [{"value": 7}]}), at=POSTED + hours * 3600)
    (batch,) = await fetched(talk, "story_insights", f"{STORY}/{POSTED}")
    assert [(each.key, each.at) for each in batch.deadlines] == ([(f"story/{STORY}", 0.0)] if taken_back else [])


async def test_a_story_of_too_few_viewers_says_nothing_and_is_no_failure() -> None:
    talk = session(lambda _: refused(10, message=FEW))
    (batch,) = await fetched(talk, "story_insights", f"{STORY}/{POSTED}")
    assert [each.reason for each in batch.skipped] == ["no_figures"]
    assert batch.records == ()
    assert batch.deadlines, "its last hours have come, and there is nothing to lose"


FEW = "(#10) Not enough viewers for the media to show insights"


@pytest.mark.parametrize("rest", [refused(10, message=FEW), refused(100, 33)])
async def test_what_is_not_told_of_a_story_takes_nothing_from_what_was(rest: Answer) -> None:
    """Values below five are refused as a story of too few viewers is, and one may vanish between two requests."""

    def play(request: Request) -> Answer:
        if "breakdown" in request.query:
            return rest
        return listed({"name": "reach", "values": [{"value": 700}]})

    (batch,) = await fetched(session(play), "story_insights", f"{STORY}/{POSTED}")
    (record,) = batch.records
    assert [row["name"] for row in record.body["data"]] == ["reach"]
    assert record.body["refused"] == ["navigation", "profile_activity"]
    assert batch.skipped == ()


async def test_a_story_that_is_gone_leaves_its_deadline_to_be_told() -> None:
    (batch,) = await fetched(session(lambda _: refused(100, 33)), "story_insights", f"{STORY}/{POSTED}")
    assert [each.reason for each in batch.skipped] == ["gone"]
    assert batch.deadlines == ()


async def test_a_missing_permission_of_figures_is_not_swallowed() -> None:
    with pytest.raises(Stop):
        await fetched(session(lambda _: refused(10)), "story_insights", f"{STORY}/{POSTED}")
