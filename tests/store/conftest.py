from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
import tiny


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    """An empty database in memory."""
    with closing(tiny.database()) as made:
        yield made
