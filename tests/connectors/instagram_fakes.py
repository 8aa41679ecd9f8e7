"""An Instagram account that answers as a test plays it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from jalon.connectors.base import Answer, Batch, Request, Window
from jalon.connectors.instagram import Instagram, Settings
from tests.connectors.graph_session import APP, NOW, GraphSession, good
from tests.connectors.played import all_of

CONNECTOR = Instagram()
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}
ACCOUNT = {"shop_id": "17841", "name": "atelier", "page_id": "1045"}
MEDIA, STORY = "17895695668004550", "17895695668004560"
Play = Callable[[Request], Answer]


def settings(**more: Any) -> Settings:
    return Settings(**{"connector": "instagram", "access_token": "EAAG-canary-token", **APP, **more})


def session(play: Play, at: float = NOW, **more: Any) -> GraphSession:
    return GraphSession(CONNECTOR, settings(**more), play, ACCOUNT, at)


def edge(request: Request) -> str:
    return request.path.removeprefix("/v26.0/")


async def pulled(talk: GraphSession, stream: str, low: float = NOW - 86_400, cursor: str | None = None) -> list[Batch]:
    begin = datetime.fromtimestamp(low, UTC)
    return await all_of(CONNECTOR.pull(talk, Window(STREAMS[stream], begin, begin + timedelta(days=1), cursor)))


async def fetched(talk: GraphSession, stream: str, key: str) -> list[Batch]:
    return await all_of(CONNECTOR.fetch(talk, STREAMS[stream], [key]))


def listed(*rows: dict[str, Any], after: str | None = None) -> Answer:
    paging = {"cursors": {"after": after}, "next": f"https://x.example/?after={after}"} if after else {}
    return good({"data": list(rows), "paging": paging})


def media(**more: Any) -> dict[str, Any]:
    return {
        "id": MEDIA,
        "media_type": "IMAGE",
        "media_product_type": "FEED",
        "timestamp": "2026-11-19T12:00:00+0000",
        **more,
    }
