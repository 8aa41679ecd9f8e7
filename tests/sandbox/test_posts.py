"""What the brand posts where nothing is sold, and how it is looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from jalon.sandbox.brand import generate
from jalon.sandbox.posts import DAY, KINDS, looks

WORLD = generate(3, orders=40, days=30)


def test_every_network_has_posts_under_ids_of_their_own() -> None:
    assert {post.network for post in WORLD.posts} == set(KINDS)
    assert len({post.id for post in WORLD.posts}) == len(WORLD.posts)
    assert generate(3, orders=40, days=30).posts == WORLD.posts


def test_a_story_is_up_for_a_day() -> None:
    story = next(post for post in WORLD.posts if post.kind == "story")
    assert story.is_up(story.posted_at)
    assert not story.is_up(story.posted_at - 1)
    assert not story.is_up(story.posted_at + DAY)


def test_looks_are_of_the_days_on_which_a_post_was_up() -> None:
    post = next(post for post in WORLD.posts if post.deleted_at is None and post.ended_at is None)
    first = datetime.fromtimestamp(post.posted_at, UTC).date()
    assert looks(3, post, first).views >= looks(3, post, first).reach > 0
    assert looks(3, post, first) == looks(3, post, first)
    assert looks(3, post, first - timedelta(days=1)).views == 0
    assert looks(3, post, first + timedelta(days=60)).views == 0
