"""The YouTube Reporting API, played: types, jobs, their reports, and the CSV files behind them.

Own reading of its guide: the first report comes within two days of the job, with thirty days of history; a report is
kept for sixty days, one of history for thirty; some days are filled back later by a report that replaces the first. A
job may expire: then it makes no more of them, and those that it made stay as long as others.
"""

from __future__ import annotations

import gzip
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.world import Post
from jalon.sandbox.youtube.data import CHANNEL
from jalon.sandbox.youtube.figures import Figures
from jalon.sandbox.youtube.words import Call, Refused, known, midnight, page, size, today, zulu

DAY = 86_400
MADE_AFTER = 36 * 3600
FIRST_AFTER = 24 * 3600
FILLED_BACK_EVERY = 5
"""Each so many-th day is told in full only by a second report, three days after the first."""
FILLED_BACK_AFTER = 3 * DAY
KEPT, KEPT_HISTORY, HISTORY = 60 * DAY, 30 * DAY, 30
ON_A_PAGE = 4
"""The platform may give fewer than were asked for; here it does."""

_SHARED = ["date", "channel_id", "video_id", "live_or_on_demand", "subscribed_status", "country_code"]
TYPES: dict[str, dict[str, str]] = {
    "channel_basic_a3": {
        "engaged_views": "engagedViews",
        "views": "views",
        "likes": "likes",
        "shares": "shares",
        "watch_time_minutes": "estimatedMinutesWatched",
        "subscribers_gained": "subscribersGained",
    },
    "channel_cards_a1": {
        "card_impressions": "cardImpressions",
        "card_clicks": "cardClicks",
        "card_teaser_impressions": "cardTeaserImpressions",
        "card_teaser_clicks": "cardTeaserClicks",
    },
    "channel_end_screens_a1": {
        "end_screen_element_impressions": "endScreenElementImpressions",
        "end_screen_element_clicks": "endScreenElementClicks",
    },
}
"""Type -> column -> what it counts."""
OVER = {"channel_basic_a2": "2025-10-31T00:00:00Z"}


@dataclass(frozen=True, slots=True)
class Job:
    """An order for reports of one type."""

    id: str
    type: str
    name: str
    created: float
    expires: float = math.inf


@dataclass(frozen=True, slots=True)
class Report:
    """One report: what a job counts of a day. `whole` says that nothing is missing in it."""

    id: str
    job: Job
    on: date
    created: float
    whole: bool

    @property
    def ends(self) -> float:
        """Return when it is deleted."""
        history = midnight(self.on) < self.job.created
        return self.created + (KEPT_HISTORY if history else KEPT)


class Reporting:
    """Answers of the Reporting API. `limits["files_away"]`: seconds for which it names its files as not to be had."""

    def __init__(self, figures: Figures, clock: Clock, limits: dict[str, float]) -> None:
        self._figures = figures
        self._clock = clock
        self._limits = limits
        self.jobs: list[Job] = []

    def types(self, call: Call) -> dict[str, Any]:
        """Answer GET /v1/reportTypes."""
        offered: list[dict[str, Any]] = [{"id": each, "name": each.replace("_", " ")} for each in TYPES]
        offered += [{"id": each, "name": each, "deprecateTime": at} for each, at in OVER.items()]
        return _paged(call, "reportTypes", offered)

    def list_jobs(self, call: Call) -> dict[str, Any]:
        """Answer GET /v1/jobs."""
        return _paged(call, "jobs", [_job(job) for job in self.jobs])

    def create(self, call: Call) -> dict[str, Any]:
        """Answer POST /v1/jobs."""
        known(call.words, "reportTypeId", "name")
        wanted, name = call.words.get("reportTypeId"), call.words.get("name")
        if wanted not in TYPES or not name:
            raise Refused(400, "", "Request contains an invalid argument.")
        now = self._clock.now()
        if any(job.type == wanted and job.expires > now for job in self.jobs):
            raise Refused(409, "", "Requested entity already exists")
        return _job(self.order(str(wanted), str(name), now))

    def order(self, report_type: str, name: str, created: float, expires: float = math.inf) -> Job:
        """Take a job in, which may have been made long ago and be over."""
        digest = hashlib.blake2b(f"{report_type} {len(self.jobs)}".encode(), digest_size=8).hexdigest()
        job = Job(f"job-{digest}", report_type, name, created, expires)
        self.jobs.append(job)
        return job

    def reports(self, call: Call) -> dict[str, Any]:
        """Answer GET /v1/jobs/{job}/reports, the newest first."""
        after = call.query.get("createdAfter", "1970-01-01T00:00:00Z")
        since = _moment(after)
        found = [each for each in self.there(self._known(call)) if each.created > since]
        found.sort(key=lambda report: (-report.created, report.id))
        return _paged(call, "reports", [self._told(report, call) for report in found])

    def report(self, call: Call) -> dict[str, Any]:
        """Answer GET /v1/jobs/{job}/reports/{report}."""
        found = next((each for each in self.there(self._known(call)) if each.id == call.path["report"]), None)
        if found is None:
            raise Refused(404, "", "Requested entity was not found.")
        return self._told(found, call)

    def download(self, call: Call) -> web.Response:
        """Answer GET /v1/media/{name}?alt=media: CSV, packed."""
        identity = call.path["name"].rpartition("/")[2]
        found = next((each for job in self.jobs for each in self.there(job) if each.id == identity), None)
        if found is None or call.query.get("alt") != "media":
            raise Refused(404, "", "Requested entity was not found.")
        if away := self._limits["files_away"]:
            return web.Response(status=503, headers={"Retry-After": f"{away:.0f}"}, text="Service Unavailable")
        body = "\n".join(self._lines(found)).encode() + b"\n"
        return web.Response(body=gzip.compress(body), headers={"Content-Encoding": "gzip"}, content_type="text/csv")

    # --- what there is

    def there(self, job: Job) -> list[Report]:
        """Return the reports of a job that can be had now."""
        now = self._clock.now()
        return [each for each in self._made(job) if each.created <= min(now, job.expires) and now < each.ends]

    def _made(self, job: Job) -> Iterator[Report]:
        first = today(job.created) - timedelta(days=HISTORY)
        for number in range((today(self._clock.now()) - first).days + 1):
            on = first + timedelta(days=number)
            created = max(midnight(on + timedelta(days=1)) + MADE_AFTER, job.created + FIRST_AFTER)
            later = on.toordinal() % FILLED_BACK_EVERY == 0
            yield Report(_identity(job, on, "first"), job, on, created, not later)
            if later:
                yield Report(_identity(job, on, "again"), job, on, created + FILLED_BACK_AFTER, True)

    def counts(self, report: Report) -> dict[str, dict[str, int]]:
        """Return by video what a report counts."""
        found = {post.id: self._of(report, post) for post in self._figures.posts}
        return {video: counts for video, counts in found.items() if any(counts.values())}

    def _of(self, report: Report, post: Post) -> dict[str, int]:
        whole = self._figures.whole(post, report.on)
        shown = {column: whole[metric] for column, metric in TYPES[report.job.type].items()}
        return shown if report.whole else {column: count * 9 // 10 for column, count in shown.items()}

    def _lines(self, report: Report) -> Iterator[str]:
        """Yield a head, and a row for each country and kind of viewer; the last row is of no video."""
        columns = sorted(TYPES[report.job.type])
        yield ",".join([*_SHARED, *columns])
        on = report.on.strftime("%Y%m%d")
        for video, counts in self.counts(report).items():
            most = {column: counts[column] * 2 // 3 for column in columns}
            rest = {column: counts[column] - most[column] for column in columns}
            for status, country, part in (("subscribed", "FR", most), ("not_subscribed", "ZZ", rest)):
                shared = [on, CHANNEL, video, "on_demand", status, country]
                yield ",".join([*shared, *(_number(column, part[column]) for column in columns)])
        yield ",".join([on, CHANNEL, "", "on_demand", "subscribed", "FR", *("7" for _ in columns)])

    def _told(self, report: Report, call: Call) -> dict[str, Any]:
        told = {
            "id": report.id,
            "jobId": report.job.id,
            "startTime": zulu(midnight(report.on)),
            "endTime": zulu(midnight(report.on + timedelta(days=1))),
            "createTime": zulu(report.created),
            "downloadUrl": f"{call.base}/v1/media/CHANNEL/{CHANNEL}/{report.id}?alt=media",
        }
        expires = report.job.expires
        return told if expires == math.inf else {**told, "jobExpireTime": _time(expires)}

    def _known(self, call: Call) -> Job:
        found = next((job for job in self.jobs if job.id == call.path["job"]), None)
        if found is None:
            raise Refused(404, "", "Requested entity was not found.")
        return found


def _moment(written: str) -> float:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Refused(400, "", "Request contains an invalid argument.")
    return found.timestamp()


def _number(column: str, count: int) -> str:
    return f"{count}.0" if column == "watch_time_minutes" else str(count)


def _identity(job: Job, on: date, which: str) -> str:
    digest = hashlib.blake2b(f"{job.id} {on} {which}".encode(), digest_size=6).digest()
    return str(int.from_bytes(digest, "big"))


def _job(job: Job) -> dict[str, str]:
    told = {"id": job.id, "reportTypeId": job.type, "name": job.name, "createTime": _time(job.created)}
    return told if job.expires == math.inf else {**told, "expireTime": _time(job.expires)}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _paged(call: Call, name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    wanted = min(ON_A_PAGE, size(call.query, "pageSize", ON_A_PAGE, 500))
    found, following = page(rows, call.query.get("pageToken", ""), wanted)
    listed: dict[str, Any] = {name: list(found)} if found else {}
    return listed | ({"nextPageToken": following} if following else {})
