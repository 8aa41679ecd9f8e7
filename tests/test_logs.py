"""One event is one line, whatever it quotes."""

from __future__ import annotations

import logging
import sys

import pytest

from jalon.commands.logs import OneLine, configure

HOSTILE = "a\r\n2026-01-01 ERROR jalon forged\x1b[2J\x00\u2028\u202e\x85b"


def written(record: logging.LogRecord) -> str:
    return OneLine("%(levelname)s %(name)s %(message)s").format(record)


def test_what_comes_from_outside_forges_no_line() -> None:
    """Threat 33."""
    told = written(logging.LogRecord("jalon", logging.WARNING, "f", 1, "order %s of %s", (HOSTILE, HOSTILE), None))
    assert told.splitlines() == [told]
    assert told.isprintable()
    assert "\\r\\n2026-01-01 ERROR jalon forged\\x1b[2J" in told


def test_a_trace_is_indented_below_its_event() -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        told = written(logging.LogRecord("jalon", logging.ERROR, "f", 1, "it failed", (), sys.exc_info()))
    first, *rest = told.splitlines()
    assert first == "ERROR jalon it failed"
    assert rest
    assert all(line.startswith("    ") for line in rest)


@pytest.fixture
def _root() -> object:
    root = logging.getLogger()
    kept, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "jalon")}
    yield
    root.handlers = kept
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.mark.usefixtures("_root")
@pytest.mark.parametrize("verbose", [0, 1, 2, 9])
def test_libraries_that_log_addresses_stay_quiet_however_much_is_asked(verbose: int) -> None:
    """Threat 16: the HTTP library writes whole addresses at INFO."""
    configure(verbose)
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
    assert not logging.getLogger("httpcore.http11").isEnabledFor(logging.INFO)
    assert logging.getLogger("jalon.sync").isEnabledFor(logging.DEBUG) == (verbose > 1)
