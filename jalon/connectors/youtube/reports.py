"""Read the YouTube Reporting API: bulk reports that the platform makes each day once a job was ordered.

https://developers.google.com/youtube/reporting/v1/reports. A window of this stream is one of the times at which reports
were made, not of the days that they are about: so a later report that replaces an earlier one for the same day is found
like any other. Each is then read by its key `type/job/report`, and until it was, its end is a deadline.

A report has a row for each country and kind of viewer. What counts is summed here to one record for each day and video;
shares and averages, which cannot be summed, are left out, and so is what is counted for no video (the channel's totals
are in Analytics).
"""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from jalon.connectors.answers import Row, rows, text
from jalon.connectors.base import Batch, Deadline, Record, Ref, Request, Session, Skip, Skipped, Window
from jalon.connectors.csv_rows import NoCsv, csv_rows
from jalon.connectors.wire import encode
from jalon.connectors.youtube.answers import moment, page_token, with_token, zulu

TYPES = "/v1/reportTypes"
JOBS = "/v1/jobs"
PAGE = {"pageSize": "100"}
DAY = 86_400
KEPT = 60 * DAY
"""Seconds for which a report can be had."""
KEPT_HISTORY = 30 * DAY
"""The same of a report about a day before its job was made."""
WARNED = 3 * DAY
"""Seconds before its end from which a report that was not read is named."""

COUNTS = (
    *("engaged_views", "views", "comments", "likes", "shares", "watch_time_minutes"),
    *("subscribers_gained", "subscribers_lost"),
    *("card_impressions", "card_clicks", "card_teaser_impressions", "card_teaser_clicks"),
    *("end_screen_element_impressions", "end_screen_element_clicks"),
)
"""Columns that can be summed. https://developers.google.com/youtube/reporting/v1/reports/metrics"""
_ID = re.compile(r"[0-9A-Za-z_-]{1,128}")
_VERSIONED = re.compile(r"(.+)_a([0-9]{1,4})")


class Unreadable(ValueError):
    """A report whose lines are not what its first line promises."""


class Job(NamedTuple):
    """An order for reports of one type. One that has expired makes no more of them; those that it made stay."""

    id: str
    type: str
    created: float
    expires: float = math.inf


# --- jobs -------------------------------------------------------------------------------------------------------------


async def jobs(session: Session) -> list[Job]:
    """Return the jobs that reports of the settings can be had of, in the order of their ids.

    Where none makes new ones, a job is made.
    """
    now = session.now()
    wanted = newest_types(await _all(session, TYPES, "reportTypes"), session.settings.reports, now)
    found = [job for job in map(_job, await _all(session, JOBS, "jobs")) if job.type in wanted]
    living = {job.type for job in found if job.expires > now}
    made = [await _made(session, each) for each in wanted if each not in living]
    return sorted([*(job for job in found if job.expires + KEPT > now), *(job for job in made if job is not None)])


def newest_types(offered: list[Row], wanted: Sequence[str], now: float) -> list[str]:
    """Return the highest version of each wanted type that is offered and not past its end."""
    versions: dict[str, list[tuple[int, str]]] = {}
    for row in offered:
        named = _VERSIONED.fullmatch(text(row.get("id")))
        if named and (moment(row.get("deprecateTime")) or now + 1) > now:
            versions.setdefault(named[1], []).append((int(named[2]), named[0]))
    return [max(versions[each])[1] for each in wanted if each in versions]


async def _made(session: Session, report_type: str) -> Job | None:
    """Order reports; None if somebody else has just done so: the next run finds that job."""
    body = encode({"reportTypeId": report_type, "name": f"jalon {report_type}"})
    headers = {"content-type": "application/json"}
    order = Request("POST", JOBS, body=body, headers=headers, host="reporting", idempotent=False)
    try:
        return _job((await session.ask(order)).data)
    except Skip:
        return None


def _job(row: Row) -> Job:
    created, expires = moment(row.get("createTime")) or 0.0, moment(row.get("expireTime")) or math.inf
    return Job(text(row.get("id")), text(row.get("reportTypeId")), created, expires)


async def _all(session: Session, path: str, name: str) -> list[Row]:
    found: list[Row] = []
    token: str | None = ""
    while token is not None:
        data = (await session.ask(Request("GET", path, with_token(PAGE, token), host="reporting"))).data
        found += rows(data, name)
        token = page_token(data)
    return found


# --- which reports there are ------------------------------------------------------------------------------------------


async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield, job by job and page by page, what was made in the window: a ref to each report, and its end."""
    begun, _, token = (window.cursor or "").partition("|")
    left = [job for job in await jobs(session) if job.id >= begun]
    if left and left[0].id != begun:  # that job is gone, and what the token was good for with it
        token = ""
    while left:
        job = left[0]
        query = with_token({**PAGE, "createdAfter": zulu(window.low.timestamp() - 1)}, token)
        data = (await session.ask(Request("GET", f"{JOBS}/{job.id}/reports", query, host="reporting"))).data
        found = [row for row in rows(data, "reports") if _is_of(row, window)]
        token = page_token(data) or ""
        left = left if token else left[1:]
        yield Batch(
            follow=[Ref("reports", f"{job.type}/{job.id}/{text(row.get('id'))}") for row in found],
            deadlines=[_end(row, job) for row in found],
            cursor=f"{left[0].id}|{token}" if left else None,
        )
        if not left:
            return
    yield Batch()


def _is_of(report: Row, window: Window) -> bool:
    """Say whether a report was made before the end of the window; there is no way to ask so."""
    made = moment(report.get("createTime"))
    return made is None or made < window.high.timestamp()


def _end(report: Row, job: Job) -> Deadline:
    about, made = moment(report.get("startTime")) or 0.0, moment(report.get("createTime")) or 0.0
    kept = KEPT_HISTORY if about < job.created else KEPT
    what = f"the report {job.type} of {text(report.get('startTime'))[:10]} is deleted"
    return Deadline(_deadline(job.id, text(report.get("id"))), what, made + kept, warn=WARNED)


def _deadline(job: str, report: str) -> str:
    return f"report/{job}/{report}"


# --- one report -------------------------------------------------------------------------------------------------------


async def fetch(session: Session, keys: Sequence[str]) -> AsyncIterator[Batch]:
    """Yield the sums of one report (`type/job/report`), and take its deadline back."""
    (key,) = keys
    report_type, job, report = _parted(key)
    if not report:
        yield Batch(skipped=[Skipped(key, "bad_id", f"{key[:60]!r} names no report")])
        return
    over = Deadline(_deadline(job, report), "", 0)
    try:
        data = (await session.ask(Request("GET", f"{JOBS}/{job}/reports/{report}", host="reporting"))).data
        sums = await _sums(session, text(data.get("downloadUrl")))
    except Skip as refusal:
        yield Batch(skipped=[Skipped(key, "gone", refusal.reason)], deadlines=[over])
        return
    yield Batch(records=[*_records(report_type, data, sums)], deadlines=[over])


def _parted(key: str) -> tuple[str, str, str]:
    parts = key.split("/")
    if len(parts) != 3 or not all(_ID.fullmatch(each) for each in parts):
        return "", "", ""
    return parts[0], parts[1], parts[2]


def _records(report_type: str, report: Row, sums: dict[tuple[str, str], Row]) -> Iterator[Record]:
    start, created = text(report.get("startTime")), text(report.get("createTime"))
    about = {"report_type": report_type, "start_time": start, "create_time": created}
    version = int((moment(created) or 0.0) * 1_000_000)
    for (day, video), counts in sums.items():
        body = {**about, "date": day, "video_id": video, **counts}
        yield Record(f"{report_type}/{start}/{video}", version, body)


async def _sums(session: Session, url: str) -> dict[tuple[str, str], Row]:
    """Return by day and video what a report counts, its columns known by their names. Raises `Unreadable`."""
    sums: dict[tuple[str, str], dict[str, Decimal]] = {}
    channels: dict[tuple[str, str], str] = {}
    try:
        async for row in csv_rows(session.lines(url), needed=("date", "channel_id", "video_id")):
            subject = row["date"], row["video_id"]
            if row["video_id"]:
                _add(sums.setdefault(subject, {}), row)
                channels[subject] = row["channel_id"]
    except NoCsv as error:
        raise Unreadable(error.reason) from None
    return {each: {"channel_id": channels[each], **_written(counts)} for each, counts in sums.items()}


def _add(sums: dict[str, Decimal], row: dict[str, str]) -> None:
    for name in COUNTS:
        if row.get(name):
            try:
                sums[name] = sums.get(name, Decimal(0)) + Decimal(row[name])
            except InvalidOperation:
                raise Unreadable(f"{name} is no number") from None


def _written(counts: dict[str, Decimal]) -> Row:
    """Return sums as JSON takes them: whole numbers as such, others as decimal text."""
    return {name: int(value) if value == int(value) else str(value) for name, value in counts.items()}
