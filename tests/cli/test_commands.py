"""Every command: what it teaches, what it prints where, and with which status it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import duckdb
import pytest

from jalon import errors
from jalon.attribution import standing
from jalon.attribution.run import STEPS
from jalon.cli import cli
from jalon.commands.console import Console
from jalon.errors import ConfigError
from jalon.report.marts.tables import MARTS
from jalon.store.lock import RunLock
from tests.cli.played import Desk

HEAVY = {
    "aiohttp",
    "dlt",
    "duckdb",
    "httpx",
    "ibis",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "sqlite_utils",
    "tenacity",
}


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


LEAVES = dict(leaves(cli))


# --- help


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_teaches(path: tuple[str, ...], tmp_path: Path) -> None:
    command = LEAVES[path]
    help_text = command.help or ""
    first = help_text.partition("\n")[0]
    assert first.endswith(".")
    assert len(first) <= 62, "the list of commands would cut it"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.opts} is not explained"
        else:
            assert parameter.human_readable_name.strip("[].") in help_text, f"{parameter.name} is not explained"
    names = {option for parameter in command.params for option in parameter.opts}
    assert {"--json", "--quiet", "-q"} <= names


def test_help_comes_without_loading_what_only_commands_need(tmp_path: Path) -> None:
    code = "import sys, jalon.cli; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert HEAVY.isdisjoint(json.loads(loaded.replace("'", '"')))
    said = Desk(tmp_path)("--help")
    assert said.status == 0
    assert "130  interrupted" in said.out
    assert "..." not in said.out.partition("Commands:")[2]


# --- data on stdout, talk on stderr

READING = (
    ("connectors",),
    ("config", "show", "--origin"),
    ("status",),
    ("doctor", "--offline"),
    ("quarantine", "list"),
    ("quarantine", "replay"),
    ("sync", "shopify"),
    ("backfill", "--from", "2026-01-01", "--to", "2026-01-02", "--dry-run"),
    ("normalize",),
    ("compare", "first", "last"),
    ("init", "."),
)


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_json_is_one_object_and_quiet_is_quiet(copied: Desk, words: tuple[str, ...]) -> None:
    said = copied(*words, "--json", "--quiet")
    assert said.status == errors.OK
    assert said.err == ""
    assert said.data["command"] == " ".join(words[:2] if words[:2] in LEAVES else words[:1])
    assert len(said.data) > 2


@pytest.mark.parametrize("words", [("sync", "--nope"), ("backfill",), ("compare", "last"), ("quarantine", "show", "x")])
def test_wrong_usage_is_said_in_json_too(copied: Desk, words: tuple[str, ...]) -> None:
    said = copied(*words, "--json")
    assert said.status == errors.USAGE
    assert said.data["error"]["exit_status"] == errors.USAGE
    assert said.data["command"].startswith(words[0])
    assert "Usage: jalon" in said.err
    assert copied(*words).out == ""


def test_a_folder_without_configuration_says_what_to_do(tmp_path: Path) -> None:
    said = Desk(tmp_path)("status", "--json")
    assert said.status == errors.USAGE
    assert "there is no configuration at jalon.toml" in said.data["error"]["message"]
    assert "jalon init" in said.data["error"]["remedy"]


def test_an_unknown_source_is_answered_with_those_that_exist(copied: Desk) -> None:
    said = copied("sync", "shopfy")
    assert said.status == errors.USAGE
    assert "no source is called 'shopfy'" in said.err
    assert "tiktok_shop, shopify" in said.err


def test_progress_is_shown_on_a_terminal_alone(desk: Desk) -> None:
    shown = desk.on_terminal("sync")
    assert "\r\x1b[K" in shown.err
    assert "\x1b" not in shown.out
    piped = desk("sync")
    assert "\r" not in piped.err + piped.out
    assert "\x1b" not in piped.err + piped.out


def test_a_report_shows_each_step_and_leaves_nothing_of_it(copied: Desk) -> None:
    (copied.folder / "data" / "attribution" / standing.NAME).unlink()
    said = copied.on_terminal("report")
    lines = [line.strip("█░ ") for line in said.err.split("\r\x1b[K")]
    steps = [line for line in lines if line.startswith(("attribution: ", "marts: "))]
    assert steps == [
        *(f"attribution: {step}" for step in STEPS),
        *(f"marts: {mart}" for mart in MARTS),
        "marts: checks",
    ]
    assert lines[-1].startswith("page: ")
    assert "marts: " not in said.out
    assert "█" not in copied.on_terminal("attribute", "--anew", "--quiet").err


def test_what_comes_from_outside_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console("status")
    console.say("a\x1b[2Jb\nc")
    console.fail(errors.JalonError("x\x1b]0;t\x07", "y\rz"))
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "\r" not in said
    assert len(said.splitlines()) == 3


# --- demo and sandbox


@pytest.mark.parametrize("words", [("demo", "--out", "played"), ("sandbox", "--port", "0")])
def test_without_what_the_sandbox_needs_it_says_how_to_get_it(words: tuple[str, ...], tmp_path: Path) -> None:
    """A plain installation has no GraphQL, which only the sandbox's Shopify speaks."""
    program = "import sys; sys.modules['graphql'] = None; from jalon.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *words], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == ConfigError.exit_status
    assert "the sandbox needs the package graphql" in done.stderr
    assert "pip install 'jalon[sandbox]'" in done.stderr
    assert not any(tmp_path.iterdir())


# --- init


def test_init_replaces_nothing_and_adds_what_is_missing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    first = desk("init", "shop", "--source", "shopify", "--json")
    assert [Path(path).name for path in first.data["made"]] == ["jalon.toml", "jalon.key"]
    key, config = tmp_path / "shop" / "jalon.key", tmp_path / "shop" / "jalon.toml"
    before = key.read_bytes(), config.read_text()
    assert key.stat().st_mode & 0o777 == 0o600
    assert desk("init", "shop", "--source", "shopify", "--json").data["made"] == []
    assert (key.read_bytes(), config.read_text()) == before
    desk("init", "shop", "--source", "tiktok_shop")
    assert config.read_text().startswith(before[1])
    assert config.read_text().count("[sources.tiktok_shop]") == 1
    assert desk("init", "--source", "myspace").status == errors.USAGE


def test_what_init_writes_is_read_once_its_gaps_are_filled(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk("init", "--source", "shopify", "--source", "tiktok_shop")
    text = desk.config.read_text()
    text = text.replace('shop = "…"', 'shop = "mine.myshopify.com"').replace('app_key = "…"', 'app_key = "k"')
    desk.config.write_text(text.replace("# since", "since").replace("# requests_per", "requests_per"))
    said = desk("config", "show", "--json", env={"TIKTOK_SHOP_APP_SECRET": "canary-secret"})
    assert said.status == errors.OK
    shown = {row["setting"]: row for row in said.data["settings"]}
    assert shown["sources.tiktok_shop.app_secret"]["value"] == "***"
    assert shown["sources.tiktok_shop.app_secret"]["origin"].endswith("-> env TIKTOK_SHOP_APP_SECRET")
    assert shown["sources.shopify.since"]["value"] == "2026-01-01"
    assert "canary" not in said.out + said.err


# --- explain, status, doctor


def test_explain_says_why(lived: Desk) -> None:
    order = min(lived.orders())
    said = lived("explain", ":".join(order))
    assert said.status == errors.OK
    for part in (f"Order {':'.join(order)}", "\n  net ", "\nJourney: ", "\nCredit by model", "inbox row"):
        assert part in said.out
    told = lived("explain", ":".join(order), "--json").data["order"]
    assert told["order"]["order_id"] == order[1]
    unknown = lived("explain", "404", "--json")
    assert unknown.status == errors.USAGE
    assert unknown.data["error"]["message"] == "no order, content, creator or customer '404' is known"


def test_a_report_as_of_a_day_leaves_that_of_today_alone(copied: Desk) -> None:
    orders, page = (copied.folder / "data" / "marts" / name for name in ("fct_orders.parquet", "report.html"))
    before = orders.read_bytes(), page.read_bytes()
    then = copied.here("report", "--as-of", "2020-01-01", "--dbt", str(copied.folder / "warehouse"), "--json")
    assert then.data["marts"]["fct_orders"] == 0 < len(orders_of(orders))
    assert Path(then.data["page"]).parent.name == "as-of-2020-01-01"
    assert "as-of-2020-01-01" in (copied.folder / "warehouse" / "models" / "sources.yml").read_text()
    assert (orders.read_bytes(), page.read_bytes()) == before
    order = copied("explain", "--json", next(iter(orders_of(orders))))
    assert order.status == 0, "it still tells of today"


def test_a_report_since_a_day_of_which_none_is_kept_is_wrong_usage(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk("init")
    said = desk("report", "--since", "2026-11-01", "--json")
    assert said.status == errors.USAGE
    assert said.data["error"]["message"] == "there is no report as of 2026-11-01"
    assert "jalon report --as-of 2026-11-01" in said.data["error"]["remedy"]


def orders_of(path: Path) -> list[str]:
    return [row[0] for row in duckdb.sql(f"SELECT order_id FROM '{path}' WHERE is_sale LIMIT 1").fetchall()]


def test_status_says_where_each_source_stands(copied: Desk) -> None:
    said = copied("status", "--json")
    assert {name: state["outcome"] for name, state in said.data["sources"].items()} == {
        "tiktok_shop": "ok",
        "shopify": "ok",
    }
    assert copied("status").out.splitlines()[0].startswith("source ")


def test_doctor_finds_nothing_to_fail_in_a_good_workplace(copied: Desk) -> None:
    said = copied("doctor", "--json")
    assert said.status == errors.OK
    names = {found["name"] for found in said.data["findings"]}
    assert {"store", "facts", "disk", "tiktok_shop: clock", "tiktok_shop: token", "shopify: scopes"} <= names
    assert all(found["remedy"] for found in said.data["findings"] if found["level"] != "ok")


@pytest.mark.parametrize(
    ("told", "name", "level", "detail", "remedy"),
    [
        ('[attribution]\nmodels = ["last", "markof"]', "[attribution] models", "fail", "markof", "markov"),
        ('[attribution]\nconversions = ["orders"]', "[attribution] conversions", "fail", "orders", "sign_up"),
        ("[attribution]\ncustom = [0, 0, 0]", "[attribution] custom", "fail", "no weights", "three numbers"),
        (
            '[attribution]\ncustom = [1, 1, 1]\nmodels = ["last"]',
            "[attribution] models",
            "fail",
            "custom would change nothing",
            'Add "custom" to models',
        ),
        ("[attribution]\nlookback = { veiw = 1 }", "[attribution] lookback", "warn", "'veiw'", "'view'"),
        (
            '[attribution]\nskip = ["channel:gogle"]',
            "[attribution] skip",
            "warn",
            "no channel 'gogle'",
            "has the words",
        ),
        ('[report]\ncurrency = "EUX"', "[report] rates", "fail", "no currency 'EUX'", "EUR"),
        ('[report]\ncurrency = "EUR"\nrates = "r.csv"', "[report] rates", "fail", "r.csv cannot be read", "Check"),
        ('[targets]\nfile = "t.csv"', "[targets] file", "fail", "t.csv cannot be read", "[targets] file"),
        (
            '[[targets.cells]]\nstage = "advocacy"\nmeasure = "npss"\ntarget = 1',
            "[targets] cells",
            "fail",
            "[[targets.cells]] 1: 'npss' is no measure",
            "docs/measures.md",
        ),
        (
            '[deliver.x]\nto = "csv"\nfolder = "out"\ntables = ["fct_order"]',
            "[deliver.x] tables",
            "fail",
            "'fct_order'",
            "'fct_orders'",
        ),
    ],
)
def test_doctor_names_settings_that_only_later_commands_use(
    tmp_path: Path, told: str, name: str, level: str, detail: str, remedy: str
) -> None:
    desk = Desk(tmp_path)
    desk("init")
    with desk.config.open("a") as config:
        config.write(f"\n{told}\n")
    said = desk("doctor", "--offline", "--json")
    assert said.status == (errors.PARTIAL if level == "fail" else errors.OK)
    [found] = [finding for finding in said.data["findings"] if finding["name"].startswith("[")]
    assert (found["name"], found["level"]) == (name, level)
    assert detail in found["detail"]
    assert remedy in found["remedy"]


def test_sync_warns_of_settings_that_the_report_would_refuse_and_reads_all_the_same(tmp_path: Path) -> None:
    """Who runs `jalon sync && jalon report` by cron learns of all of them at once, and loses no data by a slip."""
    desk = Desk(tmp_path)
    desk("init")
    cell = '[[targets.cells]]\nstage = "advocacy"\nmeasure = "{}"\ntarget = {}\n'
    with desk.config.open("a") as config:
        config.write('\n[sources.own]\nconnector = "site"\nallowed_hosts = ["shop.example"]\n')
        config.write('[attribution]\nmodels = ["markof"]\n')
        config.write("".join((cell.format("nps", 30), cell.format("npss", 1), cell.format("nps", 40))))
    said = desk("sync", "--quiet", "--json")
    assert (said.status, [source["outcome"] for source in said.data["sources"]]) == (errors.OK, ["ok"])
    assert "[attribution] models: " in said.err
    assert "[targets] cells: [[targets.cells]] 2: 'npss' is no measure" in said.err
    assert "[[targets.cells]] 3 is a second target for what [[targets.cells]] 1 is one for. Keep one" in said.err
    assert "`report` or `deliver` will refuse these settings" in said.err
    found = [
        each["detail"] for each in desk("doctor", "--offline", "--json").data["findings"] if each["name"][0] == "["
    ]
    assert len(found) == 3


@pytest.mark.parametrize(
    "settings", ["", '[attribution]\nmodels = ["last"]\n[deliver.bi]\nto = "csv"\nfolder = "out"\n']
)
def test_reading_loads_no_engine_and_says_nothing_at_its_end(tmp_path: Path, settings: str) -> None:
    """As the process that cron starts: what stands on stderr is a mail at night."""
    desk = Desk(tmp_path)
    desk("init")
    with desk.config.open("a") as config:
        config.write(f'\n[sources.own]\nconnector = "site"\nallowed_hosts = ["shop.example"]\n{settings}')
    command = ["jalon", "sync", "--quiet", "--config", str(desk.config)]
    code = f"import sys, jalon.cli; sys.argv = {command}; jalon.cli.main()"
    traced = [sys.executable, "-X", "importtime", "-c", code]
    said = subprocess.run(traced, capture_output=True, text=True, check=True, cwd=tmp_path).stderr.splitlines()
    loaded = {line.rpartition("|")[2].strip() for line in said if line.startswith("import time:")}
    assert "jalon.commands.running" in loaded
    assert "duckdb" not in loaded
    assert [line for line in said if not line.startswith("import time:")] == []


def test_doctor_takes_all_settings_that_are_well_together(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk("init")
    with desk.config.open("a") as config:
        config.write(
            '[attribution]\nmodels = ["last", "custom"]\ncustom = [4, 2, 4]\nconversion_values = { sign_up = 5 }\n'
            'conversions = ["order", "sign_up"]\nskip = ["direct", "search+campaign:Brand*", "surface:live", "ad_*"]\n'
            'lookback = { view = 1, "channel:forum" = 2 }\nintent = ["add_to_cart", "brand_search"]\n'
        )
    said = desk("doctor", "--offline", "--json")
    assert [finding for finding in said.data["findings"] if finding["name"].startswith("[")] == []


def test_doctor_says_that_others_can_read_the_key(copied: Desk) -> None:
    (copied.folder / "jalon.key").chmod(0o644)
    said = copied("doctor", "--offline")
    assert "warn  key file: jalon.key can be read by others" in said.out
    assert "Run `chmod 600 jalon.key`" in said.out


# --- one at a time


def test_a_second_sync_of_a_source_says_who_holds_it(copied: Desk) -> None:
    with RunLock(copied.folder / "data" / "locks", "source-shopify", "sync"):
        said = copied("sync", "shopify", "--json")
    assert said.status == errors.LOCKED
    assert f"is held by `jalon sync`, process {os.getpid()}" in said.err
    assert copied("sync", "shopify").status == errors.OK


def test_a_connector_that_cannot_be_loaded_hides_no_other(tmp_path: Path) -> None:
    about = tmp_path / "beside" / "jalon_broken-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: jalon-broken\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[jalon.connectors]\nbroken = jalon_broken:Broken\n")
    (about.parent / "jalon_broken.py").write_text("import nowhere_at_all\n")
    desk, env = Desk(tmp_path), {"PYTHONPATH": os.pathsep.join((str(about.parent), os.environ.get("PYTHONPATH", "")))}
    assert desk("connectors", "shopify", env=env).status == errors.OK
    said = desk("connectors", env=env)
    assert said.status == errors.PARTIAL
    assert "shopify" in [line.partition(" ")[0] for line in said.out.splitlines()]
    assert "connector 'broken' of jalon-broken cannot be loaded: ModuleNotFoundError" in said.err
    assert desk("connectors", "broken", env=env).status == errors.USAGE


def test_connectors_says_in_words_what_a_platform_does_not_offer(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    whole = desk("connectors").out
    assert max(map(len, whole.splitlines())) <= 112, "it fits a terminal"
    said = desk("connectors", "tiktok_shop", "shopify").out
    assert "not offered: " in said
    assert said.startswith("TikTok Shop (connector tiktok_shop), https://")
    assert {row["connector"] for row in desk("connectors", "shopify", "--json").data["capabilities"]} == {"shopify"}
    assert desk("connectors", "myspace").status == errors.USAGE
