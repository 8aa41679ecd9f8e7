"""Pinterest, all the way: what jalon holds is what was counted, under faults, within the limits, reports and all."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jalon import errors
from jalon.normalize.pinterest.figures import ADS, ADS_MONEY, CUTS, DAILY
from jalon.sync.engine import sync_all
from jalon.sync.source import SourceOutcome
from tests.truth.life import DAY, NEWEST, live
from tests.truth.stage import Stage, staged
from tests.truth.test_truth import schedule

ONLY = ("pinterest",)
COUNTED = ("IMPRESSION", "PIN_CLICK", "OUTBOUND_CLICK", "SAVE")
OF_ACCOUNT = (*COUNTED, "ENGAGEMENT")
FIRM = {"READY": "final", "ESTIMATE": "estimate"}


class Held:
    """What jalon holds of Pinterest, read from its files."""

    def __init__(self, data: Path) -> None:
        self._db = duckdb.connect()
        for kind in ("measures", "contents", "products", "content_tags"):
            self._db.execute(f"CREATE VIEW {kind} AS {NEWEST.format(files=f'{data}/facts/{kind}/*.parquet')}")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._db.execute(query).fetchall()

    def figures(self, beginning: str) -> dict[tuple[str, ...], tuple[int, str]]:
        """Return (what it is about, metric, day) -> (value, finality) of the figures whose keys begin so."""
        found = self.rows(
            "SELECT coalesce(content_id, product_id, ''), metric, start_date::TEXT, value, finality FROM measures "
            f"WHERE starts_with(key, '{beginning}') AND span = 'days'"
        )
        return {row[:3]: row[3:] for row in found}


@pytest.mark.long
async def test_everything_that_was_counted_is_held_as_it_was_last_shown(tmp_path: Path) -> None:
    truth = await live(tmp_path, seed=11, orders=20, days=14, faults=schedule(11), hooks=False, parts=ONLY)
    told, held = truth["parts"]["pinterest"], Held(tmp_path / "data")
    check_contents(told, held)
    check_pins(told, held)
    check_account(told, held)
    check_top_pins(told, held)
    check_ads(told, held)


def check_contents(told: dict[str, Any], held: Held) -> None:
    """Every Pin that is up is known by its kind, and every product by the SKU that joins it to a shop."""
    kinds = {"REGULAR": "pin", "VIDEO": "video"}
    known = {row[0]: row[1:] for row in held.rows("SELECT content_id, kind, title FROM contents")}
    up = [pin for pin in told["pins"] if pin["up"]]
    assert up
    assert {pin["id"]: (kinds[pin["kind"]], pin["title"]) for pin in up}.items() <= known.items()
    products = {(row["pin"], row["sku"]) for row in told["products"]}
    assert set(held.rows("SELECT product_id, sku FROM products")) == products
    assert {(pin, pin) for pin, _ in products} == set(held.rows("SELECT content_id, product_id FROM content_tags"))


def check_pins(told: dict[str, Any], held: Held) -> None:
    """Each day of each Pin that is up, and of each product that was clicked on; a day not counted yet is not there."""
    by_pin: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in told["days"]:
        by_pin[row["pin"]].append(row)
    up = {pin["id"] for pin in told["pins"] if pin["up"]}
    ready = {pin: [row for row in rows if row["status"] == "READY"] for pin, rows in by_pin.items()}
    asked = {pin for pin in up if any(row["IMPRESSION"] for row in ready.get(pin, ()))}
    asked |= {r["pin"] for r in told["products"] if any(d["PIN_CLICK"] or d["OUTBOUND_CLICK"] for d in ready[r["pin"]])}
    assert len(asked) > 10
    wanted = {
        (pin, DAILY[name], row["day"]): (row[name], FIRM[row["status"]])
        for pin in asked
        for row in by_pin[pin]
        for name in COUNTED
    }
    found = {key: value for key, value in held.figures("pin/").items() if key[0] in asked and key[1] != "views"}
    first = min(row["day"] for row in told["days"])
    assert {key: value for key, value in found.items() if key[2] >= first} == wanted


def check_account(told: dict[str, Any], held: Held) -> None:
    """The account's figures are sums over its own Pins, and over strangers', of which no list exists."""
    cuts = {
        "own": told["days"],
        "own_product": [row for row in told["days"] if row["kind"] == "SHOPPING"],
        "others": told["strangers"],
        "others_product": [],
    }
    first = min(row["day"] for row in told["days"])
    for cut, rows in cuts.items():
        wanted: Counter[tuple[str, str]] = Counter()
        for row in rows:
            for name in OF_ACCOUNT:
                wanted[f"{CUTS[cut]}_{DAILY[name]}", row["day"]] += row[name]
        found = {key[1:]: value[0] for key, value in held.figures(f"account/{CUTS[cut]}/").items()}
        assert {key: value for key, value in found.items() if value and key[1] >= first} == +wanted


def check_top_pins(told: dict[str, Any], held: Held) -> None:
    """Of each day that is counted whole, the 50 Pins of strangers that led to most clicks."""
    days: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in told["strangers"]:
        days[row["day"]].append(row)
    found: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for (pin, metric, day), (value, finality) in held.figures("top_pin/").items():
        assert finality == "final"
        if metric == "top_pin_outbound_clicks":
            found[day].add((pin, value))
    assert len(found) > 50
    for day, shown in found.items():
        best = sorted(days[day], key=lambda row: (-row["OUTBOUND_CLICK"], row["pin"]))
        best = [row for row in best if any(row[name] for name in COUNTED)][:50]
        assert shown == {(row["pin"], row["OUTBOUND_CLICK"]) for row in best}, day
    assert max(found) == max(row["day"] for row in told["strangers"] if row["status"] == "READY")


def check_ads(told: dict[str, Any], held: Held) -> None:
    """Every figure of every ad and of every product in ads, by day; money from millionths to cents."""
    for kind, beginning in (("ads", "ad/"), ("items", "ad_product/")):
        wanted: dict[tuple[str, str, str], int] = {}
        for row in _rows(told[kind]):
            about = str(row["PIN_ID"]) if kind == "ads" else row["PRODUCT_ITEM_PIN_URL"].split("/")[-2]
            wanted |= {(about, ADS[name], row["DATE"]): value for name, value in row.items() if name in ADS}
            for name, metric in ADS_MONEY.items():
                if name in row:
                    wanted[about, metric, row["DATE"]] = round(row[name] / 10_000)
        found = held.figures(beginning)
        first = min(key[2] for key in found)
        assert {key: value[0] for key, value in found.items()} == {k: v for k, v in wanted.items() if k[2] >= first}
        assert len(found) > 50
    assert any(key[1] == "tag_clicks" for key in held.figures("ad/"))
    spent = held.rows("SELECT DISTINCT currency FROM measures WHERE metric IN ('spend', 'attributed_gmv')")
    assert spent == [("EUR",)]
    assert held.rows("SELECT count(*) FROM measures WHERE campaign_id LIKE '626744128%/687%'")[0][0] > 50


async def test_conversions_that_are_credited_to_another_ad_are_taken_back(tmp_path: Path) -> None:
    """A report leaves zeros out: what stays of the day before would be claimed by both ads."""
    async with staged(tmp_path, {}, parts=ONLY, hooks=False) as stage:
        part: Any = stage.sandbox.parts["pinterest"]
        part.limits["moved_after"] = 8
        await synced(stage)
        stage.place.derive()
        before = Held(tmp_path / "data").figures("ad/")
        stage.sandbox.clock.advance(3 * DAY)
        assert (await synced(stage)).state == "ok"
        stage.place.derive()
        told, held = part.truth(stage.sandbox.clock.now()), Held(tmp_path / "data")
    gone = {key for key in before if key[1] == "attributed_purchases"} - set(held.figures("ad/"))
    assert gone
    assert {key for key in before if key[1] == "attributed_gmv" and (key[0], "attributed_purchases", key[2]) in gone}
    check_ads(told, held)


async def test_what_a_report_leaves_out_later_is_taken_back(tmp_path: Path) -> None:
    """What an ad, or a product in ads, did on some days is found to be void: its rows are not there any more."""
    async with staged(tmp_path, {}, parts=ONLY, hooks=False) as stage:
        part: Any = stage.sandbox.parts["pinterest"]
        await synced(stage)
        stage.place.derive()
        before = {kind: Held(tmp_path / "data").figures(kind) for kind in ("ad/", "ad_product/")}
        part.limits["void_after"] = 5
        stage.sandbox.clock.advance(DAY)
        assert (await synced(stage)).state == "ok"
        stage.place.derive()
        first = _day(stage, -30)
        held, told = Held(tmp_path / "data"), part.truth(stage.sandbox.clock.now())
        for kind, beginning in (("ads", "ad/"), ("items", "ad_product/")):
            now = held.figures(beginning)
            assert {key[1] for key in set(before[beginning]) - set(now)} >= {"spend", "ad_impressions"}
            assert {key[::2] for key in now if key[2] > first} == {key for key in _shown(told[kind]) if key[1] > first}
        part.limits["void_after"] = 0
        stage.sandbox.clock.advance(DAY)
        await synced(stage)
        stage.place.derive()
        for beginning, figures in before.items():
            again = {key for key in figures if key[2] > first}
            assert set(Held(tmp_path / "data").figures(beginning)) >= again, "what comes back counts again"


def _day(stage: Stage, days: int) -> str:
    return datetime.fromtimestamp(stage.sandbox.clock.now() + days * DAY, UTC).date().isoformat()


def _shown(found: dict[str, list[dict[str, Any]]]) -> set[tuple[str, str]]:
    """Return what the rows of a report are about, and their days."""
    return {
        (str(row["PIN_ID"]) if "PIN_ID" in row else row["PRODUCT_ITEM_PIN_URL"].split("/")[-2], row["DATE"])
        for row in _rows(found)
    }


def _rows(found: dict[str, list[dict[str, Any]]]) -> Iterable[dict[str, Any]]:
    return (row for several in found.values() for row in several)


# --- limits -----------------------------------------------------------------------------------------------------------


def requests(stage: Stage, status: int) -> int:
    return sum(n for name, n in stage.sandbox.requests.items() if name.endswith(f" {status}"))


async def synced(stage: Stage) -> SourceOutcome:
    (outcome,) = await sync_all([stage.place.source("pinterest")], stage.workshop())
    return outcome


async def test_the_limit_of_each_category_is_kept(tmp_path: Path) -> None:
    settings = {"pinterest": {"access": "standard"}}
    async with staged(tmp_path, settings, parts=ONLY, hooks=False) as stage:
        stage.sandbox.parts["pinterest"].limits["standard"] = 1
        began = stage.sandbox.clock.now()
        outcome = await synced(stage)
        assert outcome.state == "ok", outcome
        assert requests(stage, 200) > 100
        assert requests(stage, 429) == 0
        assert stage.sandbox.clock.now() - began < 300


async def test_a_trial_s_day_that_is_over_is_waited_for_and_nothing_is_lost(tmp_path: Path) -> None:
    """A peer takes the refusal for the end of the list, another one sleeps for 18 hours."""
    async with staged(tmp_path, {"pinterest": {"access": "trial"}}, parts=ONLY, hooks=False) as stage:
        part: Any = stage.sandbox.parts["pinterest"]
        part.limits["trial"] = 1
        now = stage.sandbox.clock.now()
        part.door.asked[""] = deque([now - 3600] * 970)
        first = await synced(stage)
        assert (first.state, first.exit_status) == ("budget", errors.BUDGET), first
        asked, held_up = requests(stage, 429), requests(stage, 200)
        assert asked >= 1
        again = await synced(stage)
        assert again.state == "budget"
        assert (requests(stage, 429), requests(stage, 200)) == (asked, held_up), "who is told tomorrow asks tomorrow"
        assert stage.sandbox.clock.now() - now < 3600
        stage.sandbox.clock.advance(DAY)
        last = await synced(stage)
        assert last.state == "ok", last
        stage.place.derive()
        check_pins(part.truth(stage.sandbox.clock.now()), Held(tmp_path / "data"))


# --- reports and rights -----------------------------------------------------------------------------------------------


def rows_in(stage: Stage, stream: str) -> int:
    with stage.place.store.read() as db:
        return int(db.execute("SELECT count(*) FROM inbox WHERE stream = ?", (stream,)).fetchone()[0])


async def test_a_report_that_takes_long_is_fetched_by_the_next_run_in_time(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=ONLY, hooks=False) as stage:
        stage.sandbox.parts["pinterest"].limits["report_seconds"] = 900
        first = await synced(stage)
        assert first.state == "ok"
        assert rows_in(stage, "ad_days") == 0
        assert [due.what.split(" of ")[0] for due in first.due] == [
            "the report ad_days",
            *["the report product_item_days"] * 2,
        ]
        stage.sandbox.clock.advance(900)
        second = await synced(stage)
        assert (second.due, second.state) == ([], "ok")
        assert rows_in(stage, "ad_days") > 0
        assert rows_in(stage, "product_item_days") > 0


async def test_a_report_that_was_thrown_away_is_ordered_again(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=ONLY, hooks=False) as stage:
        limits = stage.sandbox.parts["pinterest"].limits
        limits["report_seconds"] = 900
        await synced(stage)
        stage.sandbox.clock.advance(2 * 3600)
        limits["report_seconds"] = 1
        second = await synced(stage)
        assert (second.state, second.due) == ("ok", [])
        assert rows_in(stage, "ad_days") > 0


async def test_without_a_scope_the_others_are_read_and_it_is_told(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=ONLY, hooks=False) as stage:
        part: Any = stage.sandbox.parts["pinterest"]
        part.tokens.scopes -= {"ads:read", "catalogs:read"}
        await synced(stage)
        with stage.place.store.read() as db:
            told = {row[0] for row in db.execute("SELECT kind FROM notices")}
        assert {"without products", "without ad_days", "without product_item_days"} <= told
        assert rows_in(stage, "pins") > 0
        assert rows_in(stage, "account_days") > 0
        part.tokens.scopes |= {"ads:read", "catalogs:read"}
        stage.sandbox.clock.advance(DAY)
        outcome = await synced(stage)
        assert outcome.state == "ok", outcome
        assert rows_in(stage, "products") > 0
        assert rows_in(stage, "ad_days") > 0


async def test_a_file_on_a_host_that_is_not_listed_costs_the_ads_alone(tmp_path: Path) -> None:
    settings = {"pinterest": {"report_hosts": ["https://elsewhere.example"]}}
    async with staged(tmp_path, settings, parts=ONLY, hooks=False) as stage:
        outcome = await synced(stage)
        assert rows_in(stage, "pins") > 0, outcome
        assert rows_in(stage, "top_pins") > 0
        assert rows_in(stage, "ad_days") == 0
        assert stage.sandbox.requests["pinterest.files 200"] == 0
        with stage.place.store.read() as db:
            details = [row[0] for row in db.execute("SELECT detail FROM notices WHERE kind = 'without ad_days'")]
        assert "report_hosts" in details[0]
