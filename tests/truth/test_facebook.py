"""Facebook the whole way: what the played page shows is what jalon holds, faults or none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from jalon.sandbox.graph_api.chats import COUNTED
from tests.truth import meta_posts
from tests.truth.meta_posts import facts, lived, truth
from tests.truth.stage import Stage, staged

PARTS = ("facebook",)
KINDS_OF = {"ad": ["ad_click", "question"], "link": ["content_click"], "cart": ["checkout", "add_to_cart"]}
"""What persons did -> kinds of touchpoint; else a chat."""
COUNTS = {"views": "views", "reach": "reach", "reactions_like": "likes", "link_clicks": "clicks"}
FORMS = {"image": "image", "video": "video", "link": "link"}


@pytest.mark.parametrize("faults", [False, True])
async def test_what_the_platform_shows_is_what_is_held(tmp_path: Path, faults: bool) -> None:
    async with staged(tmp_path, {}, parts=PARTS, posts=meta_posts.facebook) as stage:
        began = await lived(stage, faults=faults)
        shown = truth(stage, "facebook")
        held = dict(facts(stage, "contents", "content_id, kind", "surface = 'feed'"))
        assert held == {post: FORMS[kind] for post, kind in shown["posts"].items()}
        assert dict(facts(stage, "products", "product_id, sku")) == shown["products"]
        assert _counters(stage) == {
            post: {metric: counts[name] for metric, name in COUNTS.items()}
            for post, counts in shown["counters"].items()
        }
        assert _touches(stage) == _said(shown, began)
        assert not list((stage.place.store.folder / "facts" / "orders").glob("*")), "a cart is no order"


def _counters(stage: Stage) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    rows = facts(stage, "measures", "content_id, metric, value, end_date", "span = 'lifetime'")
    for post, metric, value, _ in sorted(rows, key=lambda row: row[3]):
        if metric in COUNTS:
            found.setdefault(post, {})[metric] = value
    return found


def _touches(stage: Stage) -> Counter[tuple[int, str]]:
    return Counter(facts(stage, "touchpoints", "epoch_ms(occurred_at), kind", "person IS NOT NULL"))


def _said(shown: dict[str, Any], began: float) -> Counter[tuple[int, str]]:
    acts = [(at, kind) for at, kind in shown["said"] if at / 1000 > began and kind in COUNTED]
    assert any(kind == "cart" for _, kind in acts)
    return Counter((at, touch) for at, kind in acts for touch in KINDS_OF.get(kind, ["chat"]))


async def test_the_figures_of_each_pacific_day_are_those_of_that_day(tmp_path: Path) -> None:
    zone = {"facebook": {"timezone": "Asia/Tokyo"}}
    async with staged(tmp_path, zone, parts=PARTS, hooks=False, posts=meta_posts.facebook) as stage:
        await stage.sync()
        stage.derive()
        part: Any = stage.sandbox.parts["facebook"]
        now = stage.sandbox.clock.now()
        days = dict(facts(stage, "measures", "start_date, value", "metric = 'views' AND span = 'days'"))
        assert len(days) > 50
        assert days == {day: part.counts.of_day(day, now).views for day in days}


async def test_a_metric_out_of_service_costs_only_itself(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=PARTS, hooks=False, posts=meta_posts.facebook) as stage:
        part: Any = stage.sandbox.parts["facebook"]
        part.page.withdrawn.add("page_total_media_view_unique")
        await stage.sync()
        stage.derive()
        metrics = {row[0] for row in facts(stage, "measures", "DISTINCT metric", "span = 'days'")}
        assert metrics == {"views", "engagements", "new_followers", "lost_followers"}


async def test_a_small_page_has_no_figures_and_no_zeros(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=PARTS, hooks=False, posts=meta_posts.facebook) as stage:
        part: Any = stage.sandbox.parts["facebook"]
        part.page.likes = 99
        await stage.sync()
        stage.derive()
        assert facts(stage, "contents", "key")
        assert not list((stage.place.store.folder / "facts" / "measures").glob("*"))
