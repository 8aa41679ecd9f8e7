"""Read the ads reports: ordered, made by the platform in its own time, then fetched from a file.

https://developers.pinterest.com/docs/api/v5/analytics-create_report, .../analytics-get_report

    order ──▶ IN_PROGRESS ──▶ FINISHED ──▶ file, whose address is good for 5 minutes: asked for and read at once
      ▲            │
      └────────────┴── FAILED, CANCELLED, DOES_NOT_EXIST, or its token is refused: ordered again, three times in all;
                       EXPIRED after an hour, in which nobody came for it: ordered again, as often as that happens

Reports are asked for as JSON: as CSV the platform fills in a zero where there is no figure. Advertising is counted on
for as long as a conversion may be credited to it, so a run looks back over 35 days once a day; what is younger than a
day is left to that look-back, or each run would order a report.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from jalon.connectors.answers import Row, rows, text
from jalon.connectors.base import Batch, Deadline, Record, Request, Session, Skip, Skipped, Split, Stop, Wait, Window
from jalon.connectors.pinterest.answers import DAY, today
from jalon.connectors.wire import Malformed, decode, encode

REPORTS = "/ad_accounts/{}/reports"
ONE_DAY = timedelta(days=1)
REPORT_LIFE = 3600
WARN = REPORT_LIFE
SOON, LATE = 1.0, 300.0
"""Seconds between two looks at a report: half of its age, within these."""
ORDERS = 3
LARGEST = 15_000_000
"""Bytes of a file that is read whole; a longer one is ordered again in halves."""
ROWS = 500
CREDITED_LATE = 3
"""Days after the end of the longest window until a day's conversions are taken to be all there."""

_FIGURES = ("SPEND_IN_MICRO_DOLLAR", "IMPRESSION_1", "CLICKTHROUGH_1", "OUTBOUND_CLICK_1")
_SALES = ("TOTAL_CHECKOUT", "TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR")


class Report(NamedTuple):
    """One kind of report: what it is cut by, its columns, and how far back it goes."""

    level: str
    columns: tuple[str, ...]
    back: timedelta


KINDS = {
    "ad_days": Report(
        "PIN_PROMOTION",
        (
            "AD_ID",
            "PIN_ID",
            "CAMPAIGN_ID",
            "AD_GROUP_ID",
            *_FIGURES,
            "IMPRESSION_2",
            "OUTBOUND_CLICK_2",
            "IDEA_PIN_PRODUCT_TAG_VISIT_1",
            "IDEA_PIN_PRODUCT_TAG_VISIT_2",
            "TOTAL_IDEA_PIN_PRODUCT_TAG_VISIT",
            "TOTAL_ADD_TO_CART",
            *_SALES,
        ),
        timedelta(days=913),
    ),
    # Columns of ads and their Pins are refused at this level.
    "product_item_days": Report("PRODUCT_ITEM", ("PRODUCT_ITEM_PIN_URL", *_FIGURES, *_SALES), timedelta(days=91)),
}


class Position(NamedTuple):
    """Where a window stands: how often its report was ordered, when last, under which token, and a running number."""

    orders: int
    ordered_at: int
    step: int
    token: str

    def __str__(self) -> str:
        return "|".join(map(str, self))

    @classmethod
    def read(cls, cursor: str) -> Position:
        """Read what `str` wrote."""
        orders, ordered_at, step, token = cursor.split("|", 3)
        return cls(int(orders), int(ordered_at), int(step), token)

    def on(self, steps: int) -> str:
        """Return the cursor so many steps on."""
        return str(self._replace(step=self.step + steps))


async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the rows of a window's report, once it is made."""
    first, last = _days(session, window)
    if _is_left_to_the_look_back(window):
        yield Batch()
    elif first > last:
        yield Batch(skipped=[Skipped(f"{last}", "too_old", "the platform does not report so far back any more")])
    elif window.cursor is None:
        yield await _ordered(session, window, (first, last), 1)
    else:
        async for batch in _resumed(session, window, (first, last), Position.read(window.cursor)):
            yield batch


def _is_left_to_the_look_back(window: Window) -> bool:
    return window.cursor is None and not window.backfill and window.high - window.low < ONE_DAY


def _days(session: Session, window: Window) -> tuple[date, date]:
    """Return the first and the last UTC day of a window that the platform still reports on, both included."""
    now = today(session)
    first = max(_day(window.low), now - KINDS[window.stream.name].back)
    return first, min(_day(window.high - timedelta(seconds=1)), now)


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


# --- order ------------------------------------------------------------------------------------------------------------


def order(session: Session, report: Report, first: date, last: date) -> Request:
    """Return the request that orders a report over some days, both included."""
    settings = session.settings
    body = {
        "start_date": first.isoformat(),
        "end_date": last.isoformat(),
        "granularity": "DAY",
        "level": report.level,
        "columns": report.columns,
        "report_format": "JSON",
        "primary_sort": "BY_ID",
        "click_window_days": settings.click_window_days,
        "engagement_window_days": settings.engagement_window_days,
        "view_window_days": settings.view_window_days,
        "conversion_report_time": settings.conversion_report_time,
    }
    path = REPORTS.format(settings.ad_account_id)
    return Request("POST", path, body=encode(body), headers={"content-type": "application/json"})


async def _ordered(session: Session, window: Window, days: tuple[date, date], orders: int) -> Batch:
    answer = await session.ask(order(session, KINDS[window.stream.name], *days))
    token = text(answer.data.get("token"))
    if not token:
        raise Wait("the platform took the order of a report and gave no token for it")
    now = session.now()
    position = Position(orders, int(now), 0, token)
    return Batch(cursor=str(position), later=now + SOON, deadlines=[_deadline(window, days, now + REPORT_LIFE)])


def _deadline(window: Window, days: tuple[date, date], at: float) -> Deadline:
    what = f"the report {window.stream.name} of {days[0]} to {days[1]}, made to order, is thrown away"
    key = f"{window.stream.name}/{window.low:%Y-%m-%dT%H:%M}/{window.high:%Y-%m-%dT%H:%M}"
    return Deadline(key, what, at, "run `jalon sync` before that", WARN)


# --- state ------------------------------------------------------------------------------------------------------------


async def _resumed(
    session: Session, window: Window, days: tuple[date, date], position: Position
) -> AsyncIterator[Batch]:
    age, state = session.now() - position.ordered_at, await _state(session, position)
    status = state.get("report_status")
    if status == "IN_PROGRESS":
        yield Batch(cursor=str(position), later=session.now() + _patience(age))
    elif status == "FINISHED" and text(state.get("url")):
        # The engine takes what fails behind this batch as a matter of the file, not of a cursor that is too old.
        yield Batch(cursor=position.on(1), deadlines=[_deadline(window, days, 0)])
        async for batch in _read(session, window, days, position, state):
            yield batch
    elif position.orders < ORDERS or age >= REPORT_LIFE:
        yield await _ordered(session, window, days, position.orders + (age < REPORT_LIFE))
    else:
        detail = f"ordered {ORDERS} times, it ended as {str(status)[:20]}"
        gone = Skipped(f"{days[0]}/{days[1]}", "report_failed", detail)
        yield Batch(skipped=[gone], deadlines=[_deadline(window, days, 0)])


async def _state(session: Session, position: Position) -> Row:
    """Return how a report stands; one whose token is refused is none."""
    path = REPORTS.format(session.settings.ad_account_id)
    try:
        state: Row = (await session.ask(Request("GET", path, {"token": position.token}))).data
    except Skip:
        return {"report_status": "DOES_NOT_EXIST"}
    return state


def _patience(age: float) -> float:
    return min(max(SOON, age / 2), LATE)


# --- file -------------------------------------------------------------------------------------------------------------


async def _read(
    session: Session, window: Window, days: tuple[date, date], position: Position, state: Row
) -> AsyncIterator[Batch]:
    """Yield the rows of the file in batches; one that is cut off is read again from its start."""
    url, size = text(state.get("url")), state.get("size")
    _check(url, session.settings.report_hosts)
    if isinstance(size, int | float) and size > LARGEST and window.high - window.low >= 2 * ONE_DAY:
        raise Split(f"the report's file is {size:.0f} bytes long")
    records = [_record(session, *found) for found in _rows(await _file(session, url))]
    records += _gone(window, days, records)
    pieces = [records[start : start + ROWS] for start in range(0, len(records), ROWS)] or [[]]
    for number, piece in enumerate(pieces[:-1]):
        yield Batch(records=piece, cursor=position.on(2 + number))
    yield Batch(records=pieces[-1])


def _check(url: str, hosts: Sequence[str]) -> None:
    """Raise `Stop` unless a file lies where the settings allow; only the ads do without it then."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if origin not in [host.rstrip("/") for host in hosts]:
        raise Stop(
            f"the report's file lies on {parts.hostname}, which is not among report_hosts",
            "if it is Pinterest's, add it to report_hosts",
            kind="auth",
        )


async def _file(session: Session, url: str) -> Any:
    lines = [line async for line in session.lines(url)]
    try:
        return decode(b"\n".join(lines) or b"{}")
    except Malformed as error:
        raise Wait(f"the report's file is {error}") from None


def _rows(found: Any) -> Iterator[tuple[str, Row]]:
    """Yield (id of what the report is cut by, row): the file is an object of lists by id."""
    if not isinstance(found, dict):
        raise Wait("the report's file is not an object of rows by id")
    for identity in found:
        for row in rows(found, identity):
            yield identity, row


def _record(session: Session, identity: str, row: Row) -> Record:
    identity, day = text(row.get("AD_ID")) or identity, text(row.get("DATE"))[:10]
    settings = session.settings
    windows = (settings.click_window_days, settings.engagement_window_days, settings.view_window_days)
    body = {
        **row,
        "id": identity,
        "currency": session.account.get("currency"),
        "windows": "/".join(map(str, windows)),
        "counted_on": settings.conversion_report_time,
        "settled": _since(day, session) >= (max(windows) + CREDITED_LATE) * DAY,
    }
    return Record(f"{day}/{identity}" if identity and day else "", 0, body)


def _gone(window: Window, days: tuple[date, date], told: Sequence[Record]) -> list[Record]:
    """Return the rows that a report of the same days had before, and has no more.

    One without any row, or with one that cannot be told from others, says nothing of them.
    """
    keys = {record.key for record in told}
    if not keys or "" in keys:
        return []
    first, last = (day.isoformat() for day in days)
    parts = (key.partition("/") for key in sorted(window.known - keys))
    return [
        Record(f"{day}/{identity}", 0, {"id": identity, "DATE": day, "gone": True})
        for day, _, identity in parts
        if first <= day <= last
    ]


def _since(day: str, session: Session) -> float:
    """Return the seconds since the end of a day; none where the text is no day."""
    try:
        start = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
    return session.now() - start - DAY
