"""What tests of the report share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.report.people_made import FEW, WANTED, People, town
from tests.report.postgres_server import running


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the run."""
    with running() as url:
        yield url


@pytest.fixture(scope="session")
def in_town(tmp_path_factory: pytest.TempPathFactory) -> People:
    """The marts of a town of buyers, with personas and targets; nobody changes them."""
    return People(tmp_path_factory.mktemp("town"), town(), WANTED)


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> People:
    """The marts of two buyers."""
    return People(tmp_path_factory.mktemp("few"), FEW)
