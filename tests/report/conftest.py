"""What tests of the report share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.report.postgres_server import running


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the run."""
    with running() as url:
        yield url
