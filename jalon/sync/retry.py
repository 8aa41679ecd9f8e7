"""When to ask again: only what is named a `Wait`, at most so often, at most so long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isnan

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.stop import StopBaseT

from jalon.connectors.base import Answer, Wait
from jalon.sync.clock import Clock

FIRST, LONGEST = 1.0, 60.0
"""Seconds of back-off: what the platforms ask for (base 1 s, doubling, cap 60 s, at most 5 tries)."""
TRIES = 5
THROTTLED_TRIES = 12
"""A throttled answer says when to come back, so it is worth more tries."""
PATIENCE = 120.0
"""Seconds that a request is waited for within a run; what takes longer is left to a later one."""
LONGEST_RETRY_AFTER = 86_400.0


def http_time(text: str) -> float | None:
    """Return the unix seconds of an HTTP date; None where it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def retry_after(answer: Answer, now: float) -> float | None:
    """Return the seconds that `Retry-After` asks for, within [0, one day]; None where it says nothing understood.

    Its two forms: RFC 9110 section 10.2.3. A date is compared with the answer's own `Date`: the clocks may differ.
    """
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        moment = http_time(text)
        if moment is None:
            return None
        own = http_time(answer.headers.get("date", ""))
        seconds = moment - (now if own is None else own)
    if isnan(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def back_off(tries: int, clock: Clock) -> float:
    """Return the seconds to wait after so many tries: doubling, with jitter in the upper half."""
    full = min(LONGEST, FIRST * 2.0 ** (tries - 1))
    return full * (0.5 + clock.jitter() / 2)


def _fault(state: RetryCallState) -> Wait:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, Wait)
    return error


def _wait(clock: Clock) -> Callable[[RetryCallState], float]:
    def wait(state: RetryCallState) -> float:
        seconds = _fault(state).seconds
        if seconds is None:
            return back_off(state.attempt_number, clock)
        # Everyone who was refused together is told the same time: come back spread out.
        return seconds + clock.jitter() * min(1.0, 0.1 + seconds * 0.1)

    return wait


def _stop(may_repeat: Callable[[Wait], bool]) -> StopBaseT:
    def stop(state: RetryCallState) -> bool:
        fault = _fault(state)
        tries = THROTTLED_TRIES if fault.throttled else TRIES
        return state.attempt_number >= tries or state.upcoming_sleep > PATIENCE or not may_repeat(fault)

    return stop


def retrying(
    clock: Clock,
    sleep: Callable[[float], Awaitable[None]],
    may_repeat: Callable[[Wait], bool],
    on_wait: Callable[[Wait, float], Awaitable[None]],
) -> AsyncRetrying:
    """Return what repeats a call that raises `Wait`, while `may_repeat` allows it; the last `Wait` is raised."""

    async def told(state: RetryCallState) -> None:
        await on_wait(_fault(state), state.upcoming_sleep)

    return AsyncRetrying(
        retry=retry_if_exception_type(Wait),
        wait=_wait(clock),
        stop=_stop(may_repeat),
        sleep=sleep,
        before_sleep=told,
        reraise=True,
    )


def utc(seconds: float) -> str:
    """Return unix seconds as text for people."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
