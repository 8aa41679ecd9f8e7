"""The YouTube Data API, played: the channel, its uploads, its videos, and the shop that it is tied to.

Own reading of the API's reference; parts that are not asked for are left out, counts are text.
"""

from __future__ import annotations

from typing import Any

from jalon.sandbox.clock import Clock
from jalon.sandbox.world import Post
from jalon.sandbox.youtube.figures import Figures
from jalon.sandbox.youtube.words import Call, Refused, page, size, zulu

CHANNEL = "UCjalonAtelierSandbox01A"
UPLOADS = f"UU{CHANNEL[2:]}"
MERCHANT = "5401234567"
LINK = "channelToStoreLink"
LENGTHS = {"short": "PT41S", "video": "PT6M4S"}
MOST = 50
# The properties of each resource, https://developers.google.com/youtube/v3/docs
PARTS = {
    "channel": frozenset(
        [
            "auditDetails",
            "brandingSettings",
            "contentDetails",
            "contentOwnerDetails",
            "id",
            "localizations",
            "snippet",
            "statistics",
            "status",
            "topicDetails",
        ]
    ),
    "playlistItem": frozenset(["contentDetails", "id", "snippet", "status"]),
    "video": frozenset(
        [
            "contentDetails",
            "fileDetails",
            "id",
            "liveStreamingDetails",
            "localizations",
            "paidProductPlacementDetails",
            "player",
            "processingDetails",
            "recordingDetails",
            "snippet",
            "statistics",
            "status",
            "suggestions",
            "topicDetails",
        ]
    ),
    "thirdPartyLink": frozenset(["linkingToken", "snippet", "status"]),
}


class Data:
    """Answers of the Data API."""

    def __init__(self, figures: Figures, clock: Clock) -> None:
        self._figures = figures
        self._clock = clock

    def channels(self, call: Call) -> dict[str, Any]:
        """Answer GET /youtube/v3/channels."""
        parts = _parts(call, PARTS["channel"])
        if call.query.get("mine") != "true":
            raise Refused(400, "missingRequiredParameter", "No filter selected. Expected one of: mine, id")
        videos = self._figures.up(self._clock.now())
        channel = {
            "snippet": {"title": "Atelier Jalon", "publishedAt": "2020-01-01T00:00:00Z"},
            "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": UPLOADS}},
            "statistics": {"videoCount": str(len(videos)), "subscriberCount": "1204", "hiddenSubscriberCount": False},
        }
        return _list("channel", [{"id": CHANNEL, **_chosen(channel, parts)}], 1)

    def playlist_items(self, call: Call) -> dict[str, Any]:
        """Answer GET /youtube/v3/playlistItems."""
        parts = _parts(call, PARTS["playlistItem"])
        if call.query.get("playlistId") != UPLOADS:
            raise Refused(404, "playlistNotFound", "The playlist cannot be found.", "youtube.playlistItem")
        videos = self._figures.up(self._clock.now())
        wanted = size(call.query, "maxResults", 5, MOST)
        found, following = page(videos, call.query.get("pageToken", ""), wanted)
        items = [{"id": f"UU{post.id}", **_chosen(_item(post), parts)} for post in found]
        return _list("playlistItem", items, len(videos), wanted) | _next(following)

    def videos(self, call: Call) -> dict[str, Any]:
        """Answer GET /youtube/v3/videos: what is not there is left out."""
        parts, now = _parts(call, PARTS["video"]), self._clock.now()
        ids = call.query.get("id", "").split(",")
        if not ids[0] or len(ids) > MOST:
            raise Refused(400, "invalidFilters", "The request specifies an invalid filter parameter.")
        if "maxResults" in call.query:
            raise Refused(400, "unsupportedParameter", "The maxResults parameter is not supported beside id.")
        there = {post.id: post for post in self._figures.up(now)}
        items = [{"id": each, **_chosen(self._video(there[each], now), parts)} for each in ids if each in there]
        return _list("video", items, len(items), len(items))

    def links(self, call: Call) -> dict[str, Any]:
        """Answer GET /youtube/v3/thirdPartyLinks."""
        if call.query.get("type", LINK) not in (LINK, "channelToAffiliateProgramLink"):
            raise Refused(400, "invalidParameterValue", "Invalid value for type.")
        parts = _parts(call, PARTS["thirdPartyLink"])
        status = {"status": "merchantAffiliateProgramStatusActive"}
        store = {
            "storeName": "Atelier Jalon",
            "storeUrl": "https://shop.example",
            "merchantId": MERCHANT,
            "merchantAffiliateProgramDetails": status,
        }
        link = {
            "snippet": {"type": LINK, LINK: store},
            "status": {"linkStatus": "linked"},
        }
        item = {"kind": "youtube#thirdPartyLink", "linkingToken": "token-of-the-link", **_chosen(link, parts)}
        return {"kind": "youtube#thirdPartyLinkListResponse", "etag": "e", "items": [item]}

    def _video(self, post: Post, now: float) -> dict[str, Any]:
        seen = self._figures.totals(post, now)
        return {
            "snippet": {
                "publishedAt": zulu(post.posted_at),
                "channelId": CHANNEL,
                "title": post.title,
                "description": "canary-description",
                "channelTitle": "Atelier Jalon",
                "liveBroadcastContent": "none",
            },
            "contentDetails": {"duration": LENGTHS.get(post.kind, LENGTHS["video"]), "dimension": "2d"},
            "status": {"uploadStatus": "processed", "privacyStatus": "public"},
            "statistics": {
                "viewCount": str(seen.views),
                "likeCount": str(seen.likes),
                "favoriteCount": "0",
                "commentCount": str(seen.comments),
            },
            "paidProductPlacementDetails": {"hasPaidProductPlacement": bool(post.skus)},
        }


def _item(post: Post) -> dict[str, Any]:
    return {
        "contentDetails": {"videoId": post.id, "videoPublishedAt": zulu(post.posted_at)},
        "snippet": {"title": post.title, "channelId": CHANNEL, "playlistId": UPLOADS},
    }


def _parts(call: Call, known: frozenset[str]) -> list[str]:
    found = [each for each in call.query.get("part", "").split(",") if each]
    if not found:
        raise Refused(400, "missingRequiredParameter", "Missing required parameter: part")
    if unknown := set(found) - known:
        raise Refused(400, "unknownPart", f"'{min(unknown)}'", "youtube.part")
    return found


def _chosen(row: dict[str, Any], parts: list[str]) -> dict[str, Any]:
    return {name: row[name] for name in parts if name in row}


def _list(kind: str, items: list[dict[str, Any]], total: int, on_a_page: int = 5) -> dict[str, Any]:
    named = [{"kind": f"youtube#{kind}", "etag": "e", **item} for item in items]
    counted = {"totalResults": total, "resultsPerPage": on_a_page}
    return {"kind": f"youtube#{kind}ListResponse", "etag": "e", "pageInfo": counted, "items": named}


def _next(token: str) -> dict[str, str]:
    return {"nextPageToken": token} if token else {}
