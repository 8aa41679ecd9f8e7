"""What the tests of connectors share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors import pinterest_fakes
from tests.connectors.tiktok_fakes import Official


@pytest.fixture(scope="session")
def official(contracts: Path) -> Official:
    """TikTok Shop's documented operations."""
    return Official(contracts)


@pytest.fixture(scope="session")
def described(contracts: Path) -> pinterest_fakes.Official:
    """Pinterest's description of its own API."""
    return pinterest_fakes.Official(contracts)
