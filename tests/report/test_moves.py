"""How people move, on the page: the shares, times and ends that the marts hold, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jalon.attribution.presets import PRESETS
from jalon.normalize.vocabulary import Fact
from jalon.report.figures.gathering import figures
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.page.blocks.moves import arranged
from jalon.report.page.language import language
from jalon.report.page.page import render
from tests.handmade import Run, order, touch

FACTS: list[Fact] = [
    touch("1", 1, "a"),
    touch("2", 1.5, "a", kind="product_view"),
    order("bought", 4, person="a"),
    touch("3", 1, "b"),
    touch("4", 41, "c", kind="add_to_cart"),
]


def told(folder: Path, facts: list[Fact]) -> dict[str, Any]:
    run = Run(folder, facts, models=["linear"])
    marts = build_marts(run.facts, run.folder, folder / "marts", MartOptions(csv=False))
    return figures(marts.folder, run.folder)


def test_a_row_tells_what_persons_at_a_stage_did_next(tmp_path: Path) -> None:
    moves = told(tmp_path, FACTS)["moves"]
    assert set(moves) == set(PRESETS)
    one = arranged("canonical", moves["canonical"], language("en"))
    across = [stage["id"] for stage in one["stages"]]
    assert across == ["discovery", "consideration", "decision", "purchase", "not_yet", "nowhere"]
    (discovery,) = [row for row in one["rows"] if row["name"] == "Discovery"]
    shares = {stage: cell["share"] for stage, cell in zip(across, discovery["cells"], strict=True) if cell["persons"]}
    assert (discovery["persons"], shares) == (2, {"consideration": 0.5, "nowhere": 0.5})
    first = one["times"][0]
    assert (first["start"], first["end"]) == ("Discovery", "Consideration")
    assert (first["after_50"], first["reached"], first["persons"]) == ("12 h", 1, 2)
    assert [(row["stage"], row["journeys"], row["share"]) for row in one["ended"]] == [("Discovery", 1, 1.0)]


def test_the_page_says_it_for_every_stage_model_and_says_when_there_is_nothing(tmp_path: Path) -> None:
    page = render(told(tmp_path / "some", FACTS))
    assert page.count("What people did next") == len(PRESETS)
    assert "Discovery → Consideration" in page
    nothing = render(told(tmp_path / "none", []))
    assert nothing.count("No touchpoint of a known person is known yet.") == len(PRESETS)


def test_the_way_to_service_says_who_tells_of_it(tmp_path: Path) -> None:
    parcel = [touch("parcel", 5, "a", kind="delivery", channel="site"), touch("asks", 6, "a", kind="support")]
    page = render(told(tmp_path / "some", [order("bought", 4, person="a"), *parcel]))
    said = "is seen only where a source tells of it: deliveries by Webshop \u00b7 support by Webshop."
    assert f"Service {said}" in page
    assert f"Use {said}" in page, "in the stage model that calls it so"
    assert "is seen only where" not in render(told(tmp_path / "none", FACTS))


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (None, "not reached"),
        (0, "at once"),
        (59, "59 min"),
        (60, "1 h"),
        (2879, "47 h"),
        (2880, "2 days"),
        (5040, "3.5 days"),
    ],
)
def test_durations_are_told_in_words(minutes: int | None, said: str) -> None:
    assert language("en").duration(minutes) == said
