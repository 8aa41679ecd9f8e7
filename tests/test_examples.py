"""The example distribution: installed beside jalon it is found, listed, synced and normalized; jalon is not changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from jalon import errors
from jalon.connectors.base import Ref
from jalon.store import fetches
from jalon.store.database import Store
from tests.cli.played import Desk

EXAMPLE = Path(__file__).parent.parent / "examples" / "jalon-bazaar"
TOKEN = "canary-bazaar-token"
PAGE = 2
DAY = 86_400
NOW = int(time())
ORDERS = [
    {
        "id": f"b{number}", "changed": NOW - (9 - number) * DAY, "placed": NOW - (9 - number) * DAY - 60,
        "state": "void" if number == 3 else "paid", "currency": "JPY" if number == 2 else "EUR",
        "goods": "-1" if number == 4 else "1200" if number == 2 else "12.50", "shipping": "0", "tax": "0",
        "buyer": f"canary{number}@shopper.example", "internal_note": "canary",
    }
    for number in range(8)
]  # fmt: skip


class Bazaar(BaseHTTPRequestHandler):
    """`GET /orders?after=&before=&page=` and `GET /orders/ID` with a bearer token."""

    def do_GET(self) -> None:
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"error": "who are you?"})
            return
        path = urlsplit(self.path).path
        if path != "/orders":
            found = [order for order in ORDERS if path == f"/orders/{order['id']}"]
            self._answer(200 if found else 404, found[0] if found else {"error": "no such order"})
            return
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        low, high = (datetime.fromisoformat(asked[name]).timestamp() for name in ("after", "before"))
        found = [order for order in ORDERS if low <= int(str(order["changed"])) < high]
        start = (int(asked["page"]) - 1) * PAGE
        rows = found[start : start + PAGE]
        self._answer(200, {"orders": rows, "total": len(found), "more": start + PAGE < len(found)})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Bazaar) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Install the example into a folder of its own, and return the environment in which it is seen."""
    built, target = tmp_path_factory.mktemp("built"), tmp_path_factory.mktemp("installed")
    shutil.copytree(EXAMPLE, built / "bazaar", ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    words = [
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    done = subprocess.run(
        [sys.executable, "-m", *words, "--target", target, built / "bazaar"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {"PYTHONPATH": os.pathsep.join(filter(None, (str(target), os.environ.get("PYTHONPATH"))))}


def test_it_is_found_and_listed_without_a_change_to_jalon(installed: dict[str, str], tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert "bazaar" not in desk("connectors").out
    said = desk("connectors", env=installed)
    assert "bazaar" in [line.partition(" ")[0] for line in said.out.splitlines()]
    rows = [
        row for row in desk("connectors", "--json", env=installed).data["capabilities"] if row["connector"] == "bazaar"
    ]
    assert {row["offer"] for row in rows} >= {"web_orders", "journeys"}


def set_up(desk: Desk, installed: dict[str, str], address: str) -> None:
    """Make a workplace from the template, and fill its gaps."""
    assert desk("init", "--source", "bazaar", env=installed).status == errors.OK
    desk.edit('url = "…"', f'url = "{address}"')
    desk.edit("# requests_per_second = 5.0", "requests_per_second = 1000.0")


def test_it_is_set_up_synced_and_normalized(installed: dict[str, str], tmp_path: Path, address: str) -> None:
    desk = Desk(tmp_path)
    set_up(desk, installed, address)
    env = installed | {"BAZAAR_TOKEN": TOKEN}
    said = desk("sync", "--json", env=env)
    assert said.status == errors.PARTIAL, "one order makes no sense"
    (held,) = desk("quarantine", "list", "--json", env=env).data["entries"]
    assert (held["source"], held["key"], held["reason"]) == ("bazaar", "b4", "negative_amount")
    assert desk.orders() == {("bazaar", f"b{number}") for number in range(8) if number != 4}
    assert desk.rows("SELECT goods, currency FROM {orders} WHERE order_id = 'b2'") == [(1200, "JPY")]
    ((person,),) = desk.rows("SELECT DISTINCT split_part(person, ':', 1) FROM {orders}")
    assert person == "email"
    assert "canary" not in str(
        desk.rows("SELECT * EXCLUDE (placed_at, paid_at, cancelled_at, observed_at) FROM {orders}")
    )
    assert "Order bazaar:b1" in desk("explain", "b1", env=env).out


def test_what_a_webhook_names_is_read_by_key(installed: dict[str, str], tmp_path: Path, address: str) -> None:
    """Orders older than the first sync, one of which is gone: each key ends, and the others are read all the same."""
    desk, env = Desk(tmp_path), installed | {"BAZAAR_TOKEN": TOKEN}
    set_up(desk, installed, address)
    desk.edit("# since = 2026-01-01", f"since = {datetime.fromtimestamp(NOW, UTC):%Y-%m-%d}")
    assert desk("sync", "--quiet", env=env).status == errors.OK
    assert not any((desk.folder / "data" / "facts").rglob("*.parquet"))
    with Store.open(desk.folder / "data") as store:
        store.write(lambda db: fetches.add(db, "bazaar", [Ref("orders", key) for key in ("b1", "gone", "b2")]))
    assert desk("sync", "--quiet", env=env).status == errors.OK
    assert desk.orders() == {("bazaar", "b1"), ("bazaar", "b2")}
    (held,) = desk("quarantine", "list", "--json", env=env).data["entries"]
    assert (held["key"], held["reason"]) == ("gone", "not_found")


VISITS = """\
id,platform,occurred_at,kind,landing_page,referrer
v1,site,2026-11-20T10:00:00Z,visit,https://shop.example/p?bzclid=canary,
v2,site,2026-11-20T11:00:00Z,visit,https://shop.example/p,https://www.bazaar.example/window
v3,site,2026-11-20T12:00:00Z,visit,https://shop.example/p,https://www.tiktok.com/
"""


def test_its_channel_is_what_visits_of_every_source_are_read_by(installed: dict[str, str], tmp_path: Path) -> None:
    """With the distribution, without it, and with it again: facts are derived anew each time, and by themselves."""
    desk = Desk(tmp_path)
    assert desk("init", "--source", "files").status == errors.OK
    (tmp_path / "visits.csv").write_text(VISITS)
    table = '\n[sources.files.tables.visits]\nfiles = "visits*"\ntemplate = "touchpoints"\n'
    desk.config.write_text(desk.config.read_text() + table)

    def channels() -> list[str]:
        return [name for (name,) in desk.rows("SELECT channel FROM {touchpoints} ORDER BY occurred_at")]

    assert desk("import", "visits.csv", "--table", "visits", env=installed).status == errors.OK
    assert channels() == ["bazaar", "bazaar", "tiktok"]
    assert "canary" not in str(desk.rows("SELECT COLUMNS(*)::VARCHAR FROM {touchpoints}"))
    assert desk("normalize").status == errors.OK
    assert channels() == ["direct", "referral", "tiktok"]
    assert [desk("attribute", "--json").data["stood"] for _ in range(2)] == [False, True]
    assert desk("attribute", "--json", env=installed).data["stood"] is False, "a rule came"
    assert desk("normalize", env=installed).status == errors.OK
    assert channels() == ["bazaar", "bazaar", "tiktok"]
    assert "bazaar (jalon-bazaar)" in desk("doctor", "--offline", env=installed).out
    assert "jalon-bazaar" not in desk("doctor", "--offline").out


def test_its_channel_and_its_made_up_addresses_are_known_where_ours_are(
    installed: dict[str, str], tmp_path: Path
) -> None:
    """Orders of a file that names the network alone, the schema that senders check by, and copies in other shops."""
    desk = Desk(tmp_path)
    assert desk("init", "--source", "files").status == errors.OK
    (tmp_path / "orders.csv").write_text("order_id,platform,placed_at,currency,total\nB-1,bazaar,2026-11-20,EUR,5.00\n")
    assert desk("import", "orders.csv", "--table", "orders", env=installed).status == errors.OK
    assert desk.rows("SELECT channel FROM {orders}") == [("bazaar",)]
    schemas = [
        json.loads(desk("templates", "--schema", env=env).out)["$defs"]["order"]["allOf"] for env in (installed, {})
    ]
    told = ["bazaar" in need["anyOf"][1]["properties"]["platform"]["enum"] for need, *_ in schemas]
    assert told == [True, False]
    code = "from jalon.connectors.aliases import alias_of; print(*map(alias_of, ('x@Buyers.bazaar.example', 'x@y.z')))"
    for env, alias in ((installed, "bazaar None"), ({}, "None None")):
        done = subprocess.run(
            [sys.executable, "-c", code], env=os.environ | env, capture_output=True, text=True, check=False
        )
        assert done.stdout.strip() == alias, done.stderr


def test_a_channel_that_takes_what_is_anothers_is_refused_with_both_names(
    installed: dict[str, str], tmp_path: Path
) -> None:
    target = tmp_path / "installed"
    shutil.copytree(installed["PYTHONPATH"].partition(os.pathsep)[0], target)
    rule = target / "jalon_bazaar" / "channel.py"
    rule.write_text(rule.read_text().replace("bzr.example", "vm.tiktok.com"))
    env = installed | {"PYTHONPATH": str(target)}
    desk = Desk(tmp_path)
    assert desk("init", "--source", "hook").status == errors.OK
    for command in ("sync", "normalize", "doctor"):
        said = desk(command, env=env)
        assert said.status == errors.USAGE, command
        assert "channel 'bazaar' of jalon-bazaar: `hosts`: 'vm.tiktok.com' speaks for tiktok in jalon" in said.err


def test_a_connector_that_two_distributions_bring_is_refused_with_both_names(
    installed: dict[str, str], tmp_path: Path
) -> None:
    """Also one of ours: nobody's records are read by another's connector because of the order on a path."""
    target = tmp_path / "installed"
    shutil.copytree(installed["PYTHONPATH"].partition(os.pathsep)[0], target)
    (points,) = target.glob("*.dist-info/entry_points.txt")
    points.write_text(points.read_text().replace("bazaar = jalon_bazaar.connector", "shopify = jalon_bazaar.connector"))
    said = Desk(tmp_path)("connectors", "shopify", env={"PYTHONPATH": str(target)})
    assert said.status == errors.USAGE
    assert "jalon and jalon-bazaar each bring a connector 'shopify'" in said.err
    assert "Remove all of them but one" in said.err


def test_its_own_tests_hold_it_to_the_promises(installed: dict[str, str], tmp_path: Path) -> None:
    """As its author runs them: from its own folder, with jalon installed and nothing of jalon's tests at hand."""
    tests = tmp_path / "tests"
    shutil.copytree(EXAMPLE / "tests", tests, ignore=shutil.ignore_patterns("__pycache__"))
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tests]
    done = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, env=os.environ | installed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    facts = next(tests.rglob("*.facts.json"))
    facts.write_text(facts.read_text().replace('"paid"', '"pending"'))
    again = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, env=os.environ | installed, capture_output=True, text=True, check=False
    )
    assert again.returncode == 1
    assert "gives other facts than lie beside it" in again.stdout


def test_its_refusal_is_told_like_any_other(installed: dict[str, str], tmp_path: Path, address: str) -> None:
    desk = Desk(tmp_path)
    set_up(desk, installed, address)
    said = desk("sync", env=installed | {"BAZAAR_TOKEN": "canary-wrong"})
    assert said.status == errors.AUTH
    assert "bazaar: Bazaar refuses the token. Make a new one" in said.err
    assert "canary" not in said.err


def test_without_the_distribution_its_facts_stay_and_the_source_is_named(
    installed: dict[str, str], tmp_path: Path, address: str
) -> None:
    desk = Desk(tmp_path)
    set_up(desk, installed, address)
    desk("sync", env=installed | {"BAZAAR_TOKEN": TOKEN})
    said = desk("sync", env={"BAZAAR_TOKEN": TOKEN})
    assert said.status == errors.USAGE
    assert "no connector is called 'bazaar'" in said.err
    assert ("bazaar", "b1") in desk.orders()
