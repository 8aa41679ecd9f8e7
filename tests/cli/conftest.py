"""Platforms shared by all tests of the command line, and a workplace for each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.played import Desk, Played


@pytest.fixture(scope="session")
def played() -> Iterator[Played]:
    with Played() as platforms:
        yield platforms


@pytest.fixture
def desk(played: Played, tmp_path: Path) -> Iterator[Desk]:
    """A workplace of its own that has read nothing yet."""
    yield played.desk(tmp_path / "shop")
    played.mended()


@pytest.fixture(scope="session")
def lived(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A workplace that has synced and reported once. Tests may read it and copy it, but not change it."""
    desk = played.desk(tmp_path_factory.mktemp("lived") / "shop")
    desk.settled()
    with desk.config.open("a") as config:
        config.write('\n[deliver.sheets]\nto = "csv"\nfolder = "sheets"\nafter = "report"\n')
    said = desk("report", "--json", "--quiet")
    assert (said.status, said.err) == (0, "")
    assert said.data["marts"]["fct_orders"] > 0
    return desk


@pytest.fixture
def copied(played: Played, lived: Desk, tmp_path: Path) -> Iterator[Desk]:
    """A workplace of its own that has synced and reported once."""
    shutil.copytree(lived.folder, tmp_path / "shop")
    yield Desk(tmp_path / "shop")
    played.mended()
