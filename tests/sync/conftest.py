from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dropped import TABLES, TOML, Own

from jalon.privacy import make_key
from jalon.workplace import Workplace


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    (tmp_path / "jalon.toml").write_text(TOML.format(quiet=0, tables=TABLES))
    (tmp_path / "drop").mkdir()
    make_key(tmp_path / "jalon.key")
    with Workplace.at(tmp_path / "jalon.toml") as place:
        yield Own(tmp_path, place)
