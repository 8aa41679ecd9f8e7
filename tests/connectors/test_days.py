"""Local days by the engine's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jalon.connectors.base import Settings
from jalon.connectors.days import age_of, today, zone_of
from tests.connectors.played import PlayedSession

NEW_YORK = ZoneInfo("America/New_York")


def at(moment: str, zone: str = "", **settings: Any) -> Any:
    seconds = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    told = Settings(connector="toy", **settings)
    return PlayedSession(None, told, None, {"zone": zone} if zone else {}, seconds)  # type: ignore[arg-type]


def test_a_day_ends_at_its_own_midnight_also_when_the_clock_is_changed() -> None:
    session = at("2026-11-02T05:00:00")
    assert today(session, NEW_YORK) == date(2026, 11, 2)
    assert today(at("2026-11-02T04:59:59"), NEW_YORK) == date(2026, 11, 1)
    assert age_of(session, date(2026, 11, 1), NEW_YORK) == timedelta()
    assert age_of(session, date(2026, 10, 31), NEW_YORK) == timedelta(hours=25)
    assert age_of(session, date(2026, 11, 2), NEW_YORK) == -timedelta(hours=24)


@pytest.mark.parametrize(
    ("settings", "told", "expected"),
    [
        ({}, "", "UTC"),
        ({}, "Europe/Paris", "Europe/Paris"),
        ({"timezone": "Asia/Jakarta"}, "Europe/Paris", "Asia/Jakarta"),
        ({"timezone": "UTC"}, "Europe/Paris", "UTC"),
    ],
)
def test_the_zone_of_the_settings_stands_above_the_account_s_own(
    settings: dict[str, str], told: str, expected: str
) -> None:
    assert zone_of(at("2026-11-02T05:00:00", told, **settings)).key == expected
