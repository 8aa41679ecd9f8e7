"""What every test may ask for."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from jalon.attribution.engines import duckdb
from jalon.store.database import Store

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does: see `jalon.cli.main`
settings.register_profile("jalon", deadline=None)  # a busy machine is slow, not wrong
settings.load_profile("jalon")

ROOT = Path(__file__).parent.parent
CONTRACTS = ROOT.parent / "shared" / "contracts"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="write golden files anew instead of comparing")
    parser.addoption("--crashes", type=int, default=12, help="how many kills the crash programme makes")
    parser.addoption("--seeds", type=int, default=2, help="over how many seeds and fault schedules the truth is tested")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session", autouse=True)
def alone() -> Iterator[None]:
    """One thread for each engine of a test that asks for no more: tables are small here, and a quarter of the time
    would go by while threads wait for each other. Commands have processes of their own, and all threads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "THREADS", 1)
        yield


@pytest.fixture(scope="module", autouse=True)
def light() -> Iterator[None]:
    """What stays after a module's tests is looked at no more: thousands of tests would else slow each other down."""
    yield
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.open(tmp_path / "store") as opened:
        yield opened


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder of official specifications and recorded answers; skips where it is not there."""
    if not CONTRACTS.is_dir():
        pytest.skip("the specifications (../shared/contracts) are not on this machine")
    return CONTRACTS


@pytest.fixture(scope="session")
def accept(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew."""
    return bool(request.config.getoption("--accept"))
