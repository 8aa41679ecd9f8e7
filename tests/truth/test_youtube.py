"""A played channel's weeks through real HTTP: what jalon holds is what YouTube shows, with faults on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from jalon.sandbox.faults import NAMES
from jalon.sandbox.youtube import CONTENTS, YouTubePart
from tests.truth.life import DAY, NEWEST, settle, sync_once
from tests.truth.stage import Stage, staged

METRICS = {
    "views": "views",
    "engagedViews": "engaged_views",
    "estimatedMinutesWatched": "watch_minutes",
    "likes": "likes",
    "shares": "shares",
    "subscribersGained": "new_followers",
    "cardImpressions": "card_impressions",
    "cardClicks": "card_clicks",
    "cardTeaserImpressions": "card_teaser_impressions",
    "cardTeaserClicks": "card_teaser_clicks",
    "endScreenElementImpressions": "end_screen_impressions",
    "endScreenElementClicks": "end_screen_clicks",
}
"""The platform's word -> the metric that it becomes; bulk reports spell the same words with underscores."""
AFFILIATE = {
    "views": "affiliate_views",
    "clicks": "tag_clicks",
    "orders": "attributed_orders",
    "gross_sales": "attributed_gmv",
    "net_sales": "attributed_net_sales",
    "commissions": "commissions",
}
FAULTS = dict.fromkeys(NAMES, 0.03)
REPORTS = ("channel_cards", "channel_end_screens")


async def test_what_the_platform_shows_is_held(tmp_path: Path) -> None:
    async with staged(tmp_path, {"youtube": {"reports": REPORTS, "since": since()}}, parts=("youtube",)) as stage:
        part = stage.sandbox.parts["youtube"]
        assert isinstance(part, YouTubePart)
        deleted = _delete_one(stage, part)
        stage.sandbox.faults.hang, stage.sandbox.faults.slow = 0.05, 0.01
        stage.sandbox.faults.set(FAULTS)
        for _ in range(4):
            await settle(stage.place, stage.sandbox.clock)
            await _next_morning(stage)
        assert stage.sandbox.struck
        stage.sandbox.faults.set({})
        await _next_morning(stage)
        await _next_morning(stage)  # so that every look-back is due
        (outcome,) = await sync_once(stage.place, stage.sandbox.clock)
        assert (outcome.state, outcome.due) == ("ok", []), outcome
        truth = part.truth(stage.sandbox.clock.now())
        stage.derive()
    holds = Holds(tmp_path / "data")
    check_videos(truth, holds, deleted)
    check_days(truth, holds, deleted)
    check_affiliate(truth, holds)


async def test_without_the_hub_polling_finds_the_same(tmp_path: Path) -> None:
    async with staged(tmp_path, {"youtube": {"since": since()}}, parts=("youtube",), hooks=False) as stage:
        part = stage.sandbox.parts["youtube"]
        assert isinstance(part, YouTubePart)
        deleted = _delete_one(stage, part)
        for _ in range(3):
            await stage.sync()
            await stage.pass_days(1)
        await stage.sync()
        truth = part.truth(stage.sandbox.clock.now())
        stage.derive()
        assert not stage.posted
    holds = Holds(tmp_path / "data")
    check_videos(truth, holds, deleted)
    check_affiliate(truth, holds)


async def test_a_project_that_is_not_registered_costs_the_affiliate_figures_alone(tmp_path: Path) -> None:
    async with staged(tmp_path, {"youtube": {"since": since()}}, parts=("youtube",), hooks=False) as stage:
        stage.sandbox.parts["youtube"].limits["unregistered"] = 1
        (outcome,) = await sync_once(stage.place, stage.sandbox.clock)
        with stage.place.store.read() as db:
            notices = dict(db.execute("SELECT kind, detail FROM notices").fetchall())
            streams = {row[0] for row in db.execute("SELECT DISTINCT stream FROM inbox")}
        assert {"without affiliate_contents", "without affiliate_products"} <= set(notices), outcome
        assert "not registered" in notices["without affiliate_contents"]
        assert {"videos", "activity"} <= streams
        assert stage.sandbox.requests["youtube.auth 200"] == 1, "no token is renewed for it"


def since() -> str:
    """Return a day before anything happened: the played brand is two weeks old."""
    return (datetime.now(UTC).date() - timedelta(days=17)).isoformat()


def _delete_one(stage: Stage, part: YouTubePart) -> str:
    """Let the newest video that is up be deleted in two days; return its id."""
    now = stage.sandbox.clock.now()
    gone = part.figures.up(now)[0]
    part.figures.posts = tuple(
        replace(post, deleted_at=int(now + 2.3 * DAY)) if post is gone else post for post in part.figures.posts
    )
    return gone.id


async def _next_morning(stage: Stage) -> None:
    """Go on to the next midnight UTC, which is far from every moment at which figures change, and deliver."""
    clock = stage.sandbox.clock
    clock.advance(DAY - clock.now() % DAY)
    await stage.sandbox.deliverer.pump()


class Holds:
    """What jalon holds, read from its files with nothing of its code."""

    def __init__(self, store: Path) -> None:
        self._db = duckdb.connect()
        for kind in ("measures", "contents", "content_tags"):
            files = f"{store}/facts/{kind}/*.parquet"
            self._db.execute(f"CREATE VIEW {kind} AS {NEWEST.format(files=files)}")
        self._db.execute(f"CREATE VIEW revisions AS SELECT * FROM '{store}/facts/contents/*.parquet'")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._db.execute(query).fetchall()


def check_videos(truth: dict[str, Any], holds: Holds, deleted: str) -> None:
    """Every video that is up is there with its newest counters, and none that is gone."""
    wanted = {(row["video"], row["kind"], row["title"]) for row in truth["videos"]}
    assert wanted
    assert set(holds.rows("SELECT content_id, kind, title FROM contents")) == wanted
    assert deleted in truth["deleted"]
    assert holds.rows(f"SELECT count(*) FROM revisions WHERE content_id = '{deleted}' AND removed") == [(1,)]
    latest = (
        "SELECT content_id, metric, arg_max(value, end_date) FROM measures WHERE span = 'lifetime' "
        f"AND content_id <> '{deleted}' GROUP BY ALL"
    )
    counters = {(row["video"], name, row[name]) for row in truth["videos"] for name in ("views", "likes", "comments")}
    assert set(holds.rows(latest)) == counters


def check_days(truth: dict[str, Any], holds: Holds, deleted: str) -> None:
    """Every figure of a day is the platform's newest: a bulk report's where there is one, else that of Analytics."""
    wanted: dict[tuple[str | None, str, str], int] = {}
    seen = {(row["video"], row["day"], row["group"]) for row in truth["days"] if row["value"]}
    for row in truth["days"]:
        if (row["video"], row["day"], row["group"]) in seen:
            wanted[row["video"], METRICS[row["metric"]], row["day"]] = row["value"]
    for row in sorted(truth["reports"], key=lambda row: row["created"]):
        metric = row["column"].replace("end_screen_element", "end_screen")
        wanted[row["video"], metric, row["day"]] = row["value"]
    query = "SELECT content_id, metric, start_date::TEXT, value FROM measures WHERE joinable AND span = 'days'"
    found = {row[:3]: row[3] for row in holds.rows(query)}
    # Analytics has no row of a deleted video any more; what was read before stays.
    of_deleted = {key for key in found if key[0] == deleted}
    assert of_deleted
    assert len(truth["reports"]) > 20
    kept = {key: value for key, value in found.items() if key not in of_deleted or key in wanted}
    assert _differ(kept, wanted) == []


def check_affiliate(truth: dict[str, Any], holds: Holds) -> None:
    """Every sum of the affiliate programme is the newest, is for nobody to join, and every tag is there."""
    wanted = {
        (row.get("video_id"), row.get("offer_id"), metric, row["day"]): _value(row[column])
        for row in truth["affiliate"]
        for column, metric in AFFILIATE.items()
    }
    query = (
        "SELECT content_id, product_id, metric, start_date::TEXT, value FROM measures "
        "WHERE NOT joinable AND metric <> 'product_impressions'"
    )
    assert {row[:4]: row[4] for row in holds.rows(query)} == wanted
    assert any(row["net_sales"] != row["gross_sales"] for row in truth["affiliate"])
    assert holds.rows("SELECT DISTINCT zone FROM measures WHERE NOT joinable") == [("Europe/Paris",)]
    tags = {
        (row["video_id"], sku)
        for row in truth["affiliate"]
        if row["view"] == CONTENTS
        for sku in row["tagged_product_ids"]
    }
    assert set(holds.rows("SELECT content_id, product_id FROM content_tags")) == tags


def _value(written: Any) -> int:
    """Return a count, or an amount in millionths in minor units."""
    return int(written["amountMicros"]) // 10_000 if isinstance(written, dict) else int(written)


def _differ(found: dict[Any, int], wanted: dict[Any, int]) -> list[Any]:
    return sorted(
        (
            (key, found.get(key), wanted.get(key))
            for key in found.keys() | wanted.keys()
            if found.get(key) != wanted.get(key)
        ),
        key=str,
    )
