"""Commands that run for long: how they are ended, and how the next one goes on."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jalon import errors
from jalon.sandbox.shopify.hooks import signature
from tests.cli.played import DAY, PATIENCE, Desk, Played


@contextmanager
def slow(played: Played, seconds: float = 0.5) -> Iterator[None]:
    """Let the platforms take their time over every answer."""

    def brake(sandbox: object) -> None:
        played.sandbox.faults.slow = seconds
        played.sandbox.faults.in_a_row = 1_000_000
        played.sandbox.faults.set({"slow": 1.0})

    def release(sandbox: object) -> None:
        played.sandbox.faults.slow, played.sandbox.faults.in_a_row = 0.02, 2
        played.sandbox.faults.set({})

    played.inside(brake)
    try:
        yield
    finally:
        played.inside(release)


def wait_until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def heeds_sigterm(pid: int) -> bool:
    """Say whether a process has a handler for SIGTERM: before that it is only starting."""
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert caught
    return bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


def day(days_ago: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - days_ago * DAY))


# --- ended early


def test_a_run_ends_at_its_time_limit_and_the_next_goes_on(desk: Desk, played: Played, lived: Desk) -> None:
    with slow(played, 4.0):
        said = desk("sync", "--max-runtime", "3s", "--json")
    assert said.status == errors.BUDGET
    assert {source["outcome"] for source in said.data["sources"]} == {"deadline"}
    assert "the run reached its time limit. The next run goes on where this one ended." in said.err
    desk.settled()
    assert desk.orders() == lived.orders()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_in_order(desk: Desk, played: Played, lived: Desk, number: signal.Signals) -> None:
    before = sum(played.sandbox.requests.values())
    with slow(played), desk.started("sync", "--json") as started:
        wait_until(lambda: sum(played.sandbox.requests.values()) >= before + 4)
        started.send_signal(number)
        out, err = started.communicate(timeout=PATIENCE)
    assert started.returncode == errors.INTERRUPTED
    assert "Traceback" not in err
    assert {source["outcome"] for source in json.loads(out)["sources"]} == {"interrupted"}
    assert "facts" not in json.loads(out), "who asks to stop does not wait for facts"
    desk.settled()
    assert desk.orders() == lived.orders()


def test_a_signal_ends_every_other_command_too(lived: Desk) -> None:
    """`normalize` waits for whoever derives now: long enough to be interrupted."""
    from jalon.store.lock import RunLock

    with (
        RunLock(lived.folder / "data" / "locks", "derive", "normalize"),
        lived.started("normalize", "--json") as started,
    ):
        wait_until(lambda: heeds_sigterm(started.pid))
        time.sleep(0.3)
        assert started.poll() is None
        started.send_signal(signal.SIGTERM)
        out, err = started.communicate(timeout=PATIENCE)
    assert started.returncode == errors.INTERRUPTED
    assert json.loads(out)["error"]["exit_status"] == errors.INTERRUPTED
    assert "interrupted" in err


@pytest.mark.parametrize("lost", ["pass", "raise ImportError('half of a module')"])
def test_a_signal_is_heeded_whatever_became_of_what_it_raised(lived: Desk, lost: str) -> None:
    """Within an import it is swallowed, or becomes an error of the module's."""
    program = f"""
import os, signal, sys
from jalon.commands import running
from jalon.cli import main
def derived(*_, **__):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except KeyboardInterrupt:
        {lost}
    raise running.LockedError('somebody else derives', '')
running.Workplace.derive = derived
sys.argv = ['jalon', 'normalize']
main()
"""
    asked = lived.command()
    done = subprocess.run(
        **{**asked, "args": [sys.executable, "-c", program]}, capture_output=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == errors.INTERRUPTED, done.stderr
    assert "interrupted" in done.stderr


# --- back-fill


def test_a_back_fill_is_estimated_cut_off_and_finished(desk: Desk, played: Played, lived: Desk) -> None:
    desk.settled()
    before = sum(played.sandbox.requests.values())
    span = ("backfill", "shopify", "--from", day(20), "--to", day(1))
    dry = desk(*span, "--dry-run", "--json")
    assert dry.status == errors.OK
    assert dry.data["requests_at_least"]["shopify"]["orders"] >= 1
    assert sum(played.sandbox.requests.values()) == before
    with slow(played, 4.0):
        assert desk(*span, "--max-runtime", "3s").status == errors.BUDGET
    assert f"back-fill {day(20)}..{day(1)} of " in desk("status").out
    assert desk(*span).status == errors.OK
    assert "back-fill" not in desk("status").out
    assert desk.orders() == lived.orders()
    backwards = desk("backfill", "--from", day(1), "--to", day(2), "--json")
    assert (backwards.status, backwards.data["error"]["message"]) == (errors.USAGE, "--to is before --from")


# --- the receiver


def post(address: str, body: bytes, headers: dict[str, str]) -> int:
    request = urllib.request.Request(address, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_serve_takes_what_is_signed_and_stops_in_order(desk: Desk, played: Played) -> None:
    assert desk("sync", "shopify", "--no-normalize").status == errors.OK
    secret = (desk.folder / "secrets" / "shopify.client_secret").read_text().strip()
    with desk.started("serve", "--port", "0", "--json") as started:
        assert started.stdout is not None
        told = json.loads(started.stdout.readline())
        address = told["addresses"]["shopify"]
        body, nonsense = b'{"id": 1, "email": "canary"}', b'{"id": '

        def headers(body: bytes, number: int) -> dict[str, str]:
            return {
                "X-Shopify-Hmac-Sha256": signature(secret, body),
                "X-Shopify-Topic": "orders/updated",
                "X-Shopify-Shop-Domain": "atelier-jalon.myshopify.com",
                "X-Shopify-Webhook-Id": f"w-{number}",
            }

        assert post(address, body, headers(body, 1)) == 200
        assert post(address, nonsense, headers(nonsense, 2)) == 200
        assert post(address, body, headers(nonsense, 3)) == 401
        assert post(address[:-1], body, headers(body, 4)) in (401, 404)
        with urllib.request.urlopen(f"http://127.0.0.1:{told['metrics_port']}/metrics") as metrics:
            assert b"jalon_" in metrics.read()
        started.send_signal(signal.SIGTERM)
        _, err = started.communicate(timeout=PATIENCE)
    assert started.returncode == errors.OK
    assert "stopped; every acknowledged delivery is stored" in err
    assert "canary" not in err
    waiting = {row["state"]: row["deliveries"] for row in desk("status", "--json").data["deliveries"]}
    assert waiting == {"new": 2}
    opened = desk("sync", "shopify", "--no-normalize", "--json")
    told = opened.data["sources"][0]
    assert (told["deliveries"], told["refused"], opened.status) == (2, 1, errors.PARTIAL)
    assert "shopify: deliveries that could not be read, or not all of them: 1 of 2. `jalon status`" in opened.err
    assert "shopify: deliveries not understood: 1: the body is " in desk("status").out
    assert desk("quarantine", "replay", "--json").data["deliveries_reopened"] == 1


def test_serve_at_a_port_that_is_taken_says_so(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = desk("serve", "--port", str(port))
    assert said.status == errors.USAGE
    assert f"127.0.0.1:{port}" in said.err
    assert "--port" in said.err


# --- the sandbox and the demo


def test_the_sandbox_serves_a_workplace_until_it_is_stopped(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    words = "sandbox --port 0 --orders 10 --days 5 --write-config shop --truth truth.json"
    with desk.started(*words.split()) as started:
        assert started.stdout is not None
        assert started.stdout.readline().startswith("control: http://127.0.0.1:")
        shop = Desk(tmp_path / "shop")
        assert shop("sync", "shopify").status == errors.OK
        started.send_signal(signal.SIGTERM)
        assert started.wait(PATIENCE) == errors.OK
    assert json.loads((tmp_path / "truth.json").read_text())["sales"]
    assert desk("sandbox", "--fault", "nope", "--json").data["error"]["message"] == "no fault is called 'nope'"


def test_the_demo_says_that_nobody_answers_once_it_is_over(tmp_path: Path) -> None:
    said = " ".join(Desk(tmp_path)("demo", "--help").out.split())
    assert "every command works" not in said
    assert "played while the demo runs" in said
    assert "jalon sandbox --write-config" in said


def test_the_demo_replaces_nothing_that_is_not_its_own(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "novel.txt").write_text("chapter one")
    said = desk("demo", "--out", "mine", "--json")
    assert said.status == errors.STORE
    assert "mine holds something that is not a demo's" in said.data["error"]["message"]
    assert "--out" in said.data["error"]["remedy"]
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["novel.txt"]


def test_a_reader_that_goes_away_early_is_no_trouble(lived: Desk) -> None:
    with lived.started("config", "show") as started:
        assert started.stdout is not None
        started.stdout.close()
        assert started.stderr is not None
        assert "Traceback" not in started.stderr.read()
    assert isinstance(started, subprocess.Popen)
