"""What tests of the report share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.report import mariadb_server, postgres_server
from tests.report.people_made import FEW, WANTED, People, town


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the run."""
    with postgres_server.running() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """The address of a MariaDB server that lives as long as the run."""
    with mariadb_server.running() as url:
        yield url


@pytest.fixture(scope="session")
def in_town(tmp_path_factory: pytest.TempPathFactory) -> People:
    """The marts of a town of buyers, with personas and targets; nobody changes them."""
    return People(tmp_path_factory.mktemp("town"), town(), WANTED)


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> People:
    """The marts of two buyers."""
    return People(tmp_path_factory.mktemp("few"), FEW)
