"""No secret is read anywhere: not in logs at DEBUG, not in outcomes, not in any file of the store."""

from __future__ import annotations

import io
import json
import logging
import re
import string
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy import Asked, Orders, PlayedClock, Reply, orders, served, source, workshop

from jalon.commands.logs import OneLine
from jalon.store.database import Store
from jalon.sync.doctor import examine
from jalon.sync.engine import sync_source
from jalon.sync.redact import REDACTOR, Redactor, guard_logs

NOW = 1_790_000_000
CANARY = "cAnArY"
TROUBLES = [
    Reply(body={"error": "stop", "reason": f"token {CANARY}-access-1 is no good"}),
    Reply(body={"error": "wait", "reason": f"see https://x.example/?token={CANARY}-access-1"}),
    Reply(body={"error": "skip", "reason": f"{CANARY}-refresh-1"}),
    Reply(body={"error": "renew", "reason": f"{CANARY}-access-1"}),
    Reply(302, headers={"location": f"https://evil.example/?t={CANARY}-access-1"}),
    Reply(raw=b""),
    Reply(body=f"<html>{CANARY}-access-1</html>".encode()),
    Reply(body={"rows": [f"{CANARY}-access-1"]}),
    Reply(body={"rows": [{"id": f"{CANARY}-access-1", "at": "\ud800", "version": -1}]}),
]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    logging.getLogger("httpcore").setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("trouble", range(len(TROUBLES)))
async def test_nothing_tells_a_secret(store: Store, log: io.StringIO, trouble: int) -> None:
    shop = Orders(orders(20, NOW - 50 * 86_400, 200_000))
    generation = 0

    def handler(asked: Asked) -> Reply:
        nonlocal generation
        if asked.path == "/token":
            generation += 1
            return Reply(body={"access": f"{CANARY}-access-{generation}", "refresh": f"{CANARY}-refresh-{generation}"})
        if len(server.asked) > 8:
            return TROUBLES[trouble]
        return shop(asked)

    async with served(handler) as server:
        hall = workshop(store, PlayedClock(NOW))
        of = source(server, refresh_token=f"{CANARY}-refresh-0")
        outcome = await sync_source(of, hall)
        findings = await examine(of, hall)
        logging.getLogger("somebody").debug(
            "asked %s with %s", f"http://x/?a={CANARY}-refresh-0", f"{CANARY}-refresh-0"
        )
        try:
            raise ValueError(f"{CANARY}-access-1")
        except ValueError:
            logging.getLogger("somebody").exception("it went wrong")
    told = [asked.query for asked in server.asked if asked.path == "/token"]
    assert told[0] == {"refresh_token": f"{CANARY}-refresh-0"}, "the secrets were in use"
    assert "it went wrong" in log.getvalue()
    assert CANARY not in log.getvalue()
    assert CANARY not in json.dumps(asdict(outcome)) + repr(findings) + repr(hall.keyring)
    for path in store.folder.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path


def test_text_is_one_line_without_secrets() -> None:
    redactor = Redactor()
    redactor.add(["hunter2-secret", "short", None, "hunter2-secret-longer"])
    said = redactor.clean(
        "a hunter2-secret-longer b\r\nc \x1b[0m https://u:p@h.example/p?x=hunter2-secret d short " + "x" * 900
    )
    assert said.startswith("a *** b c  [0m https://***@h.example/p?*** d short xxx")
    assert len(said) <= 601


WORDS = st.text(string.ascii_letters + string.digits, min_size=6, max_size=30)


@given(WORDS, st.text(max_size=40), st.text(max_size=40))
def test_a_secret_is_found_wherever_it_stands(secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.add([secret])
    assert secret not in redactor.clean(before + secret + after)


def test_a_secret_is_found_as_an_address_writes_it() -> None:
    redactor = Redactor()
    redactor.add(["a+b/c=d e&f"])
    assert redactor.clean("form token=a%2Bb%2Fc%3Dd%20e%26f; a+b/c=d e&f") == "form token=***; ***"


def test_a_logged_trace_keeps_its_lines_under_its_event() -> None:
    redactor = Redactor()
    redactor.add(["hunter2-secret"])
    try:
        raise ValueError("first\nhunter2-secret " + "x" * 900)
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", (), sys.exc_info())
    redactor.filter(record)
    event, *trace = OneLine("%(message)s").format(record).splitlines()
    assert (event, trace[0]) == ("failed", "    Traceback (most recent call last):")
    assert re.fullmatch(r' {6}File ".+", line \d+, in test_a_logged_trace_keeps_its_lines_under_its_event', trace[1])
    assert trace[-2] == "    ValueError: first"
    assert trace[-1].startswith("    *** xxx")
    assert max(map(len, trace)) < 700


def test_a_logged_exception_keeps_its_trace_and_loses_the_secret() -> None:
    redactor = Redactor()
    redactor.add(["hunter2-secret"])
    try:
        raise ValueError("it is hunter2-secret")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "f", 1, "failed for %s", ("hunter2-secret",), (type(error), error, None)
        )
        trace = traceback.format_exc()
    assert "hunter2" in trace
    redactor.filter(record)
    shown = logging.Formatter().format(record)
    assert "failed for ***" in shown
    assert "ValueError: it is ***" in shown
    assert "hunter2" not in shown


def test_handlers_are_guarded_once() -> None:
    root = logging.getLogger()
    handler = logging.NullHandler()
    root.addHandler(handler)
    try:
        guard_logs()
        guard_logs()
        assert handler.filters == [REDACTOR]
    finally:
        root.removeHandler(handler)
