"""What a workplace puts together out of configuration and store."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from jalon.commands.demo import write_workplace
from jalon.commands.status import overview
from jalon.errors import ConfigError
from jalon.store import sources, windows
from jalon.workplace import Workplace

SHOP = {"connector": "shopify", "shop": "example.myshopify.com", "secrets": {"access_token": "canary"}}


def zone(folder: Path, **settings: str) -> str:
    """Return the zone in which the days of a shop in Paris are cut."""
    with Workplace.at(write_workplace(folder, {"shop": {**SHOP, **settings}})) as place:
        place.store.write(lambda db: sources.put_account(db, "shop", {"zone": "Europe/Paris"}))
        return place.origins()["shop"].context.zone.key


def test_days_are_the_accounts_own_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    assert zone(tmp_path) == "Europe/Paris"
    assert zone(tmp_path, timezone="America/New_York") == "America/New_York"
    with pytest.raises(ConfigError, match="'Nowhere' is no time zone"):
        zone(tmp_path, timezone="Nowhere")


def test_windows_that_wait_for_one_reason_are_one_line_of_the_status(tmp_path: Path) -> None:
    day = 86_400
    with Workplace.at(write_workplace(tmp_path, {"shop": SHOP})) as place:

        def left(db: sqlite3.Connection) -> None:
            windows.plan(db, "shop", "orders", [(n * day, (n + 1) * day) for n in range(300)], 300 * day)
            windows.plan(db, "shop", "refunds", [(0, day), (day, 2 * day)], 2 * day)
            for number, window in enumerate(windows.open_windows(db, "shop")):
                if window.stream == "orders" and number:
                    windows.defer(db, window.id, None, 400 * day + number)
                elif window.stream == "refunds":
                    windows.fail(db, window.id, "HTTP 500" if window.low else "HTTP 404")

        place.store.write(left)
        data, lines = overview(place)
    assert len(data["sources"]["shop"]["windows"]) == 302
    assert [line for line in lines if line.startswith("shop: ")] == [
        "shop: orders of 1970-01-02 00:00 to 1970-10-28 00:00: 299 windows wait until 1971-02-05 00:00",
        "shop: refunds of the beginning to 1970-01-02 00:00: 1 window waits: HTTP 404",
        "shop: refunds of 1970-01-02 00:00 to 1970-01-03 00:00: 1 window waits: HTTP 500",
    ]
