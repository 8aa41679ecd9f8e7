"""The last days against as many before: only days that are over, as far as sources were read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jalon.report.figures.background import Background
from jalon.report.figures.gathering import Row, figures
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.page.page import View, render
from tests.handmade import Run, at, day, order, refund

DAILY = [order(f"{n}", n + 0.4, 1000) for n in range(56)]


class Told:
    """Figures of facts, by how far their sources were read; what the same facts come to is made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: dict[tuple[Any, ...], Run] = {}

    def __call__(
        self,
        facts: list[Any],
        read: dict[str, float],
        zones: dict[str, str] | None = None,
        asked: tuple[str, ...] = (),
    ) -> Row:
        """Figures of facts whose sources were read so many days after the start; those that are `asked` tell all."""
        run = self._runs.get(tuple(facts)) or self._made(facts)
        freshness = {name: datetime.fromtimestamp(at(days) / 1e6, UTC).isoformat() for name, days in read.items()}
        own_days = {name: ZoneInfo(zone) for name, zone in (zones or {}).items()}
        known = Background(freshness=freshness, asked=asked, zones=own_days)
        return figures(run.folder.parent / "marts", run.folder, known)

    def _made(self, facts: list[Any]) -> Run:
        folder = self._folder / str(len(self._runs))
        run = self._runs[tuple(facts)] = Run(folder, facts)
        build_marts(run.facts, run.folder, folder / "marts", MartOptions(csv=False))
        return run


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(tmp_path_factory.mktemp("recent"))


def test_a_day_that_lasts_is_in_neither_period(told: Told) -> None:
    """The 57th day has had a tenth of its sales."""
    found = told([*DAILY, order("56", 56.1, 100)], {"shop": 56.2})
    (row,) = found["recent"]
    assert (row["days"], row["first"], row["last"]) == (28, day(28).isoformat(), day(55).isoformat())
    assert (row["net_minor"], row["net_before_minor"], row["change"]) == (28_000, 28_000, 0)
    assert "28 days up to 25 Apr 2026: €280.00, 0% against the 28 days before" in render(found)


def test_it_is_said_how_much_of_the_refunds_of_the_days_before_came_later(told: Told) -> None:
    """Of 10.00 refunded of the days 0 to 27, 7.50 went back from day 28 on."""
    early, late = refund("3", 27.9, 250), refund("4", 28.1, 750)
    others = [refund("5", 30, 500, state="pending"), refund("6", 30, 500, currency="USD"), refund("40", 41, 500)]
    found = told([*DAILY, early, late, *others], {"shop": 56.2})
    assert found["recent"][0]["refunded_later"] == 0.75
    said = "had less time for refunds: of those of the 28 days before, 75% came only after these were over."
    assert said in render(found)
    assert "moins de temps pour les remboursements" in render(found, View(lang="fr"))
    for facts, share in (([early], 0), ([], None)):
        found = told([*DAILY, *facts], {"shop": 56.2})
        assert found["recent"][0]["refunded_later"] == share
        assert "less time for refunds" not in render(found)


def test_a_day_ends_where_the_source_s_own_day_does(told: Told) -> None:
    """At 13 h in UTC it is the day after in Auckland, and still the same one in Paris."""
    ends = [
        told(DAILY, {"shop": 55.55}, {"shop": f"{zone}"})["recent"][0]["last"]
        for zone in ("Pacific/Auckland", "Europe/Paris")
    ]
    assert ends == [day(55).isoformat(), day(54).isoformat()]


def test_a_shop_that_has_sold_nothing_lately_holds_nothing_back_and_one_that_has_does(told: Told) -> None:
    gone = order("old", 3, source="gone", platform="gone")
    assert told([*DAILY, gone], {"shop": 60, "gone": 3.5})["recent"][0]["last"] == day(55).isoformat()
    late = order("late", 50, source="behind", platform="behind")
    assert told([*DAILY, late], {"shop": 60, "behind": 50.5})["recent"][0]["last"] == (day(49).isoformat())


def test_where_all_is_of_one_day_nothing_is_compared(told: Told) -> None:
    for read in (0.9, 5.0):  # it lasts, and it is over
        found = told(DAILY[:1], {"shop": read})
        assert found["recent"] == []
        assert "€10.00" in render(found)


def test_a_week_whose_last_day_lasts_is_not_whole(told: Told) -> None:
    """The first of March 2026 is a Sunday, so days 1 to 7 are a week."""
    for read, whole in ((7.6, 1), (8.1, 2)):
        weekly = told(DAILY[:8], {"shop": read})["weekly"]["EUR"]
        assert (len(weekly["weeks"]), weekly["whole"]) == (2, whole)


def test_days_without_a_sale_are_known_where_the_shop_is_asked(told: Told) -> None:
    """The last sale was on Saturday the 25th of April; all was read on the Thursday after next. A file may be late."""
    for asked, last, net, weeks, whole in (
        (("shop",), day(66), 17_000, 11, 10),
        ((), day(55), 28_000, 9, 8),
    ):
        found = told(DAILY, {"shop": 67.5}, asked=asked)
        (row,), weekly = found["recent"], found["weekly"]["EUR"]
        assert (row["last"], row["net_minor"]) == (last.isoformat(), net)
        assert (len(weekly["weeks"]), weekly["whole"]) == (weeks, whole)
