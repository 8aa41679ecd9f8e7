"""What `jalon doctor` and `jalon status` say of identifiers that the last attribution set aside."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jalon.attribution.guards import REASONS
from jalon.commands.doctor import SHARED, examine
from jalon.commands.setup import begin
from jalon.commands.status import overview
from jalon.config import load
from jalon.connectors.base import Finding
from jalon.workplace import Workplace
from tests.handmade import Run, order, same, touch


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    begin(tmp_path / "shop", ())
    with Workplace(load(tmp_path / "shop" / "jalon.toml")) as opened:
        yield opened


def attributed(place: Workplace, tmp_path: Path, *facts: object, **options: object) -> None:
    """Put the attribution of facts where the workplace has its own."""
    run = Run(tmp_path / "run", list(facts), models=["linear"], **options)  # type: ignore[arg-type]
    shutil.copytree(run.folder, place.store.attribution, dirs_exist_ok=True)


def identity(place: Workplace) -> list[Finding]:
    return [found for found in examine(place, {}, offline=True) if found.name == "identity"]


def test_they_are_told_by_kind_with_the_reason_and_what_to_do(place: Workplace, tmp_path: Path) -> None:
    tills = [same(f"email:{till}{n}", f"loyalty:{till}") for till in ("a", "b") for n in range(4 + (till == "b"))]
    phone = [same(f"email:c{n}", "phone:c") for n in range(5)]
    attributed(place, tmp_path, *tills, *phone, order("1", 2, person="email:a0"), max_links=3)
    first, second = identity(place)
    assert first.level == second.level == "warn"
    assert first.detail == f"2 loyalty identifiers set aside: {REASONS['many_links']}"
    assert "`jalon explain customer:loyalty:b` (5 links)" in first.remedy
    assert "raise max_links in [attribution]" in first.remedy
    assert second.detail.startswith("1 phone identifier set aside")
    data, lines = overview(place)
    assert data["set_aside"] == {"many_links": 3}
    assert any(line.startswith("identifiers set aside or cut off: many_links 3;") for line in lines)


def test_a_person_that_was_taken_apart_is_told_too(place: Workplace, tmp_path: Path) -> None:
    chain = [same(f"visitor:{n}", f"visitor:{n + 1}") for n in range(6)]
    attributed(place, tmp_path, *chain, touch("t", 1, "visitor:0"), max_person=4)
    (found,) = identity(place)
    assert found.detail == f"7 visitor identifiers cut off: {REASONS['large_person']}"
    assert "max_person" in found.remedy


def test_nothing_is_told_where_nothing_was_set_aside_or_attributed(place: Workplace, tmp_path: Path) -> None:
    nothing = [Finding("identity", "ok", "no identifier is set aside")]
    assert identity(place) == nothing
    attributed(place, tmp_path, order("1", 2, person="email:a"))
    assert identity(place) == nothing
    assert overview(place)[0]["set_aside"] == {}


def test_every_reason_has_something_to_do_about_it() -> None:
    assert set(SHARED) == set(REASONS)
