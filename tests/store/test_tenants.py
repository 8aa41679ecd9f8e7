"""Two accounts of one platform whose ids are all the same: each has what it would have alone."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.store import fetches, quarantine, windows
from jalon.store.database import Store

ROW = st.tuples(st.integers(0, 5), st.integers(0, 3), st.sampled_from(["anna", "ben"]))
ORIGINS = {"a": tiny.origin(), "b": tiny.origin("America/New_York")}


def filled(folder: Path, rows: list[tuple[str, tuple[int, int, str]]]) -> dict[str, list[dict[str, Any]]]:
    """Store and derive rows (source, (order, revision, buyer)); return the facts by kind, without their places."""
    with Store.open(folder) as store:
        for source, (number, revision, buyer) in rows:
            key, _, body = tiny.order(number, buyer=buyer, goods=f"{revision}.00")
            tiny.append(store, [(key, revision, body)], source=source)
        tiny.derived(store, origins=ORIGINS)
        kinds = ("orders", "order_lines")
        facts = {kind: tiny.table(store.facts, kind) for kind in kinds}
    return {kind: [{**row, "inbox_id": None} for row in found] for kind, found in facts.items()}


@given(st.lists(st.tuples(st.sampled_from("ab"), ROW), min_size=4, max_size=20))
@settings(max_examples=12, deadline=None)
def test_facts_of_a_source_are_those_it_has_alone(rows: list[tuple[str, tuple[int, int, str]]]) -> None:
    """Threat 23."""
    with tempfile.TemporaryDirectory() as folder:
        together = filled(Path(folder, "both"), rows)
        for source in ("a", "b"):
            alone = filled(Path(folder, source), [row for row in rows if row[0] == source])
            assert alone == {kind: [f for f in found if f["source"] == source] for kind, found in together.items()}


def test_what_is_left_to_do_is_each_source_s_own(tmp_path: Path) -> None:
    """Threat 23: windows, keys to read and quarantine under the same names."""
    from jalon.connectors.base import Ref

    with Store.open(tmp_path) as store:

        def job(db: Any) -> None:
            for source in ("a", "b"):
                windows.plan(db, source, "orders", [(0, 10)], 10)
                fetches.add(db, source, [Ref("orders", "17")])
                quarantine.add(db, source, "orders", "17", "why", "detail", at=1.0)

        store.write(job)
        with store.read() as db:
            (window,) = windows.open_windows(db, "a")
            entries = quarantine.entries(db, source="a")
        store.write(lambda db: quarantine.resolve(db, entries[0].id, "replayed"))
        with store.read() as db:
            assert [one.id for one in windows.open_windows(db, "b")] != [window.id]
            assert [entry.source for entry in quarantine.entries(db)] == ["b"]
            assert [waiting.keys for waiting in fetches.pending(db, "b")] == [1]
