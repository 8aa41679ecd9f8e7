"""The write-ahead log: what a long reader lets it grow to is given back."""

from __future__ import annotations

from pathlib import Path

from jalon.store import deliveries
from jalon.store.database import Store

MIB = 1024 * 1024


def arrive(store: Store, number: int) -> None:
    """Store 64 deliveries of 16 KiB in one commit."""
    rows = [("shop", f"{number}/{n}", 1.0, bytes(16), bytes(16_384)) for n in range(64)]
    store.write(lambda db: deliveries.add(db, rows))


def test_the_log_is_bounded_and_cut_back_after_a_reader(tmp_path: Path) -> None:
    """Hazard 31."""
    with Store.open(tmp_path / "store") as store:
        log = store.path.with_name(store.path.name + "-wal")
        for number in range(30):
            arrive(store, number)
        assert log.stat().st_size < 8 * MIB, "without readers it is folded in every 4 MiB"
        with store.read() as db:
            db.execute("SELECT count(*) FROM deliveries").fetchone()
            for number in range(30, 105):
                arrive(store, number)
            assert log.stat().st_size > 70 * MIB
        arrive(store, 105)
        arrive(store, 106)
        assert log.stat().st_size <= 64 * MIB, "what a reader made of it is given back"


def test_the_log_of_a_process_that_is_waited_for_is_folded_in_often(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store:
        log = store.path.with_name(store.path.name + "-wal")
        store.checkpoint_often()
        for number in range(10):
            arrive(store, number)
        assert log.stat().st_size < 3 * MIB
