"""How many lives, and the one that nobody disturbs."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.crash.lives import KILLS, Undisturbed, undisturbed


def shares(crashes: int) -> tuple[int, int, int]:
    """Share kills out: lives of `len(KILLS)` each, and kills while a store is made and while it is migrated."""
    lives = max(1, crashes * 4 // 5 // len(KILLS))
    rest = max(2, crashes - lives * len(KILLS))
    return lives, rest - rest // 2, rest // 2


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    lives, _, _ = shares(metafunc.config.getoption("--crashes"))
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize(
            "seed", [pytest.param(seed, marks=pytest.mark.crash(seed)) for seed in range(1, lives + 1)]
        )


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The life that the others are compared with."""
    return asyncio.run(undisturbed(tmp_path_factory.mktemp("undisturbed") / "place"))


@pytest.fixture
def creations(request: pytest.FixtureRequest) -> int:
    """How many kills while a store is made."""
    return shares(request.config.getoption("--crashes"))[1]


@pytest.fixture
def migrations(request: pytest.FixtureRequest) -> int:
    """How many kills while a store is migrated."""
    return shares(request.config.getoption("--crashes"))[2]


@pytest.fixture
def place(measured: Undisturbed, tmp_path: Path) -> Path:
    """A workplace like the undisturbed one, with no platforms behind it."""
    copied = tmp_path / "place"
    shutil.copytree(measured.store.parent, copied)
    return copied
