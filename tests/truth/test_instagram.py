"""Instagram the whole way: what the played platform shows is what jalon holds; and no story vanishes in silence."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from jalon.sandbox.graph_api.chats import COUNTED
from jalon.sandbox.posts import Post
from jalon.sandbox.world import World
from jalon.store import sources, windows
from jalon.sync import doctor
from jalon.sync.engine import sync_source
from tests.truth import meta_posts
from tests.truth.life import DAY, sync_once
from tests.truth.meta_posts import CAROUSEL, DELETED, FIRST_STORY, HOUR, SECOND_STORY, TAGGED, facts, lived, truth
from tests.truth.stage import Stage, staged

PARTS = ("instagram",)
KINDS_OF = {"product": ["question"], "ad": ["ad_click", "question"], "link": ["content_click"]}
"""What persons did -> kinds of touchpoints; else a chat."""


@pytest.mark.parametrize("faults", [False, True])
async def test_what_the_platform_shows_is_what_is_held(tmp_path: Path, faults: bool) -> None:
    async with staged(tmp_path, {}, parts=PARTS, posts=meta_posts.instagram) as stage:
        began = await lived(stage, faults=faults)
        shown = truth(stage, "instagram")
        kinds = dict(facts(stage, "contents", "content_id, kind"))
        assert kinds == {**shown["posts"], DELETED: "image", FIRST_STORY: "story", SECOND_STORY: "story"}
        assert _tags(stage, shown["posts"]) == {post: set(tags) for post, tags in shown["tags"].items()}
        assert dict(facts(stage, "products", "product_id, sku")) == shown["products"]
        counters = _counters(stage)
        assert counters.pop(DELETED), "what was read before it was deleted stays"
        assert counters == _wanted(shown)
        _same_stories(stage, shown)
        assert _touches(stage) == _said(shown, began)


def _tags(stage: Stage, posts: dict[str, str]) -> dict[str, set[str]]:
    held = facts(stage, "content_tags", "content_id, product_id", "NOT removed")
    return {
        post: {product for media, product in held if media == post} for post, kind in posts.items() if kind != "reel"
    }


def _counters(stage: Stage) -> dict[str, dict[str, int]]:
    """Return the last readings of the counters of each post."""
    last = "span = 'lifetime' AND metric IN ('views', 'reach', 'likes', 'saves')"
    found: dict[str, dict[str, int]] = {}
    for media, metric, value, _ in sorted(
        facts(stage, "measures", "content_id, metric, value, end_date", last), key=lambda row: row[3]
    ):
        found.setdefault(media, {})[metric] = value
    return found


def _wanted(shown: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Return the counters that can be read: not those of the media that is older than the business account."""
    names = ("views", "reach", "likes", "saves")
    return {
        post: {name: counts[name] for name in names}
        for post, counts in shown["counters"].items()
        if post != shown["untold"]
    }


def _same_stories(stage: Stage, shown: dict[str, Any]) -> None:
    """Both stories have ended, and what the deliveries told last is what stands, whatever was polled before."""
    final = "finality = 'final' AND span = 'whole'"
    held = {
        (story, metric): value for story, metric, value in facts(stage, "measures", "content_id, metric, value", final)
    }
    wanted = {
        (story, metric): value
        for story, told in shown["stories"].items()
        for metric, value in told.items()
        if metric != "media_id"
    }
    assert held == wanted
    assert {story for story, _ in held} == {FIRST_STORY, SECOND_STORY}


def _touches(stage: Stage) -> Counter[tuple[int, str]]:
    return Counter(facts(stage, "touchpoints", "epoch_ms(occurred_at), kind", "person IS NOT NULL"))


def _said(shown: dict[str, Any], began: float) -> Counter[tuple[int, str]]:
    acts = [(at, kind) for at, kind in shown["said"] if at / 1000 > began and kind in COUNTED]
    assert acts
    return Counter((at, touch) for at, kind in acts for touch in KINDS_OF.get(kind, ["chat"]))


async def test_a_tag_that_is_taken_off_goes_and_stays_where_another_picture_has_it_too(tmp_path: Path) -> None:
    """A product may be tagged on several pictures of one carousel: it is on the carousel while one of them has it."""

    def twice(world: World) -> tuple[Post, ...]:
        posts = meta_posts.instagram(world)
        return tuple(replace(post, skus=(*post.skus, post.skus[0])) if post.id == CAROUSEL else post for post in posts)

    async with staged(tmp_path, {}, parts=PARTS, hooks=False, posts=twice) as stage:
        await stage.sync()
        part: Any = stage.sandbox.parts["instagram"]
        for taken_off in ((f"{CAROUSEL}0", f"{CAROUSEL}1", TAGGED), (f"{CAROUSEL}3",)):
            part.media.untagged.update(taken_off)
            stage.sandbox.clock.advance(DAY + HOUR)
            await stage.sync()
            stage.derive()
            shown = truth(stage, "instagram")
            assert not shown["tags"][TAGGED]
            assert _tags(stage, shown["posts"]) == {post: set(tags) for post, tags in shown["tags"].items()}
        assert len(shown["tags"][CAROUSEL]) == 1


# --- stories vanish ---------------------------------------------------------------------------------------------------


async def test_a_story_is_named_until_its_last_hours_are_read(tmp_path: Path) -> None:
    warned = {"instagram": {"story_warning_hours": 24}}
    async with staged(tmp_path, warned, parts=PARTS, hooks=False, posts=meta_posts.instagram) as stage:
        (first,) = await stage.sync()
        assert first.exit_status == 7
        assert [due.what for due in first.due] == [f"story {FIRST_STORY} vanishes, and its figures with it"]
        found = await doctor.examine(stage.place.source("instagram"), stage.workshop())
        (named,) = [finding for finding in found if finding.name == "deadline"]
        assert FIRST_STORY in named.detail
        await stage.pass_days(9 / 24)
        (last,) = await stage.sync()
        assert (last.exit_status, last.due) == (0, [])
        await stage.pass_days(1)
        (after,) = await stage.sync()
        assert not [note for note in after.notes if "vanishes" in note]


async def test_a_story_that_passed_unread_is_told_as_lost(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=PARTS, hooks=False, posts=meta_posts.instagram) as stage:
        (early,) = await stage.sync()
        assert early.exit_status == 0, "it is named from six hours before, as the settings say"
        await stage.pass_days(1)
        (late,) = await stage.sync()
        assert [note for note in late.notes if note.startswith(f"story {FIRST_STORY} vanishes")]


async def test_the_delivery_of_the_last_figures_takes_the_deadline_back(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=PARTS, posts=meta_posts.instagram) as stage:
        await stage.sync()
        await stage.pass_days(1)
        (late,) = await stage.sync()
        assert not [note for note in late.notes if "vanishes" in note]


# --- pages ------------------------------------------------------------------------------------------------------------


async def test_a_window_whose_page_mark_has_become_invalid_is_read_from_its_start(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=PARTS, hooks=False, posts=meta_posts.instagram) as stage:
        now = int(stage.sandbox.clock.now())

        def left_behind(db: sqlite3.Connection) -> None:
            windows.plan(db, "instagram", "media", [(now - 30 * DAY, now)], now)
            (window,) = windows.open_windows(db, "instagram")
            windows.advance(db, window.id, "a mark of last month", 1, None)

        await stage.place.store.commit(left_behind)
        await stage.sync()
        with stage.place.store.read() as db:
            assert windows.open_windows(db, "instagram") == []
        stage.derive()
        assert set(truth(stage, "instagram")["posts"]) <= {post for (post,) in facts(stage, "contents", "content_id")}


# --- rights and logins ------------------------------------------------------------------------------------------------


async def test_what_is_not_granted_is_left_out_and_the_rest_is_read(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=PARTS, hooks=False, posts=meta_posts.instagram) as stage:
        part: Any = stage.sandbox.parts["instagram"]
        for token in part.tokens.held.values():
            token.scopes = token.scopes - {"instagram_manage_insights", "catalog_management"}
        await stage.sync()
        stage.derive()
        with stage.place.store.read() as db:
            without = {notice.kind for notice in sources.notices(db)}
        assert {"without media_insights", "without products"} <= without
        assert facts(stage, "contents", "key")
        assert facts(stage, "content_tags", "key")


async def test_with_instagram_login_there_are_contents_and_figures_but_no_tags(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=PARTS, hooks=False, posts=meta_posts.instagram) as stage:
        part: Any = stage.sandbox.parts["instagram"]
        source = stage.place.source("instagram")
        own = {"api_url": stage.sandbox.addresses["instagram.own"], "access_token": SecretStr(part.own.text)}
        settings = source.settings.model_copy(update={"login": "instagram", **own})
        outcome = await sync_source(replace(source, settings=settings), stage.workshop())
        assert outcome.state == "ok", outcome
        stage.derive()
        assert len(facts(stage, "contents", "key")) == 6
        assert _counters(stage) == _wanted(truth(stage, "instagram"))
        with stage.place.store.read() as db:
            streams = {row[0] for row in db.execute("SELECT DISTINCT stream FROM inbox")}
        assert streams == {"media", "stories", "media_insights", "story_insights", "account_insights"}


async def test_a_day_is_one_of_pacific_time(tmp_path: Path) -> None:
    zone = {"instagram": {"timezone": "Europe/Paris"}}
    async with staged(tmp_path, zone, parts=PARTS, hooks=False, posts=meta_posts.instagram) as stage:
        await stage.sync()
        stage.derive()
        days = facts(
            stage, "measures", "start_date, end_date - start_date, zone, value", "metric = 'views' AND span = 'days'"
        )
        assert {(length, where) for _, length, where, _ in days} == {(1, "America/Los_Angeles")}
        part: Any = stage.sandbox.parts["instagram"]
        now = stage.sandbox.clock.now()
        assert {day: value for day, _, _, value in days} == {
            day: part.counts.of_day(day, now).views for day, *_ in days
        }


async def test_a_dead_token_stops_the_source_and_says_what_to_do(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=PARTS, hooks=False, posts=meta_posts.instagram) as stage:
        await stage.sync()
        part: Any = stage.sandbox.parts["instagram"]
        for token in part.tokens.held.values():
            token.dead = (460, "The session has been invalidated because the user changed their password.")
        stage.sandbox.clock.advance(DAY + HOUR)
        (outcome,) = await sync_once(stage.place, stage.sandbox.clock)
        assert outcome.state == "auth"
        assert "password" in outcome.message
        assert "log in again" in outcome.remedy
