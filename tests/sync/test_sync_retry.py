"""When it is asked again."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy import PlayedClock

from jalon.connectors.base import Answer
from jalon.sync.retry import LONGEST, LONGEST_RETRY_AFTER, back_off, retry_after

NOW = 1_790_000_000.0


def told(value: str, **headers: str) -> float | None:
    return retry_after(Answer(429, {"retry-after": value, **headers}, b""), NOW)


def http_date(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("1.5", 1.5),
        ("99999999999", LONGEST_RETRY_AFTER),
        ("inf", LONGEST_RETRY_AFTER),
        ("nan", None),
        ("", None),
        ("soon", None),
        ("Mon, 99 Foo 2026 99:99:99 GMT", None),
        (http_date(NOW + 30), 30.0),
        (http_date(NOW - 30), 0.0),
        (http_date(NOW + 10 * 86_400), LONGEST_RETRY_AFTER),
    ],
)
def test_each_form_of_retry_after(value: str, seconds: float | None) -> None:
    assert told(value) == seconds


def test_a_date_is_read_by_the_platforms_clock() -> None:
    assert told(http_date(NOW + 3630), date=http_date(NOW + 3600)) == 30.0


@given(st.text(st.characters(max_codepoint=255)))
def test_whatever_the_header_holds(value: str) -> None:
    seconds = told(value)
    assert seconds is None or 0.0 <= seconds <= LONGEST_RETRY_AFTER


@given(st.integers(1, 200))
def test_back_off_grows_and_is_capped(tries: int) -> None:
    assert 0.5 <= back_off(tries, PlayedClock()) <= LONGEST
