"""What the tests of connectors share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.tiktok_fakes import Official


@pytest.fixture(scope="session")
def official(contracts: Path) -> Official:
    """TikTok Shop's documented operations."""
    return Official(contracts)
