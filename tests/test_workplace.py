"""What a workplace puts together out of configuration and store."""

from __future__ import annotations

from pathlib import Path

import pytest

from jalon.commands.demo import write_workplace
from jalon.errors import ConfigError
from jalon.store import sources
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
