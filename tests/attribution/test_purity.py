"""Attribution and report know no platform."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import jalon

ROOT = Path(jalon.__file__).parent
PLATFORMS = r"tik\s*tok|shopify|instagram|facebook|pinterest|youtube|woocommerce|prestashop|amazon|google|\bmeta\b"


@pytest.mark.parametrize("room", ["attribution", "report"])
def test_no_platform_is_named(room: str) -> None:
    files = [path for path in (ROOT / room).rglob("*") if path.suffix in (".py", ".html", ".css")]
    assert files
    for path in files:
        found = re.search(PLATFORMS, re.sub(r"<meta |\"meta\": ", "", path.read_text()), re.IGNORECASE)
        assert found is None, f"{path.name} names {found and found[0]}"
