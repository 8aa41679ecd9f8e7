"""The inbox keeps every distinct revision once, and knows which is the newest."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import tiny
from hypothesis import given
from hypothesis import strategies as st

from jalon.store import inbox

Row = tuple[str, int, bytes]
ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 4), st.sampled_from([b"x", b"y", b"z", b"\0\xff"])), max_size=25
)


def stored(db: sqlite3.Connection) -> list[tuple[str, int, bytes]]:
    return [(row[3], row[4], row[6]) for row in inbox.rows(db, 1, inbox.last_id(db))]


def newest(db: sqlite3.Connection, key: str) -> bytes:
    """What facts take as the newest: highest version, then latest arrival."""
    return max(((version, id, body) for id, _, _, k, version, _, body in inbox.rows(db, 1, 10**9) if k == key))[2]


class Model:
    """The rule in words: a list per key, and nothing clever."""

    def __init__(self) -> None:
        self.revisions: dict[str, list[tuple[int, bytes]]] = {}

    def append(self, key: str, version: int, body: bytes) -> bool:
        known = self.revisions.setdefault(key, [])
        if known:
            high = max(number for number, _ in known)
            head = next(one for one in reversed(known) if one[0] == high)
            if head[1] == body or (version < high and any(one == body for _, one in known)):
                return False
        known.append((version, body))
        return True


@given(ROWS, st.integers(1, 7))
def test_every_batching_follows_the_rule(rows: Sequence[Row], size: int) -> None:
    db, model = tiny.database(), Model()
    expected = [row for row in rows if model.append(*row)]
    new = known = 0
    for start in range(0, len(rows), size):
        appended = inbox.append(db, "shop", "orders", 1, rows[start : start + size])
        new, known = new + appended.new, known + appended.known
    assert stored(db) == expected
    assert (new, known) == (len(expected), len(rows) - len(expected))
    db.close()


@given(st.permutations([("17", version, f"state {version}".encode()) for version in range(6)]), st.data())
def test_order_and_repetition_do_not_matter(order: list[Row], data: st.DataObject) -> None:
    """Hazards 1 and 2: whatever comes again or late, the same revisions are kept and the same one is the newest."""
    repeated = data.draw(st.lists(st.sampled_from(order), max_size=20))
    db = tiny.database()
    for row in [*order, *repeated]:
        inbox.append(db, "shop", "orders", 1, [row])
    assert sorted(stored(db)) == sorted(order)
    assert newest(db, "17") == b"state 5"
    db.close()


def test_a_state_that_comes_back_is_a_revision_again(db: sqlite3.Connection) -> None:
    """A restated measure without a version may return to what it was."""
    for body in (b"10", b"12", b"10"):
        inbox.append(db, "shop", "measures", 1, [("day", 0, body)])
    assert [body for _, _, body in stored(db)] == [b"10", b"12", b"10"]
    assert newest(db, "day") == b"10"


def test_sources_and_streams_do_not_mix(db: sqlite3.Connection) -> None:
    for source, stream in (("a", "orders"), ("a", "products"), ("b", "orders")):
        assert inbox.append(db, source, stream, 7, [("17", 1, b"{}")]) == (1, 0)
    assert inbox.counts(db) == [("a", "orders", 1, 1), ("a", "products", 1, 1), ("b", "orders", 1, 1)]
    assert [row[:6] for row in inbox.rows(db, 2, 2)] == [(2, "a", "products", "17", 1, 7)]


def test_ids_beyond_53_bits_and_any_bytes_survive(db: sqlite3.Connection) -> None:
    rows = [("9007199254740993", 2**62, b"\0\xff{"), ("18446744073709551615", -1, b""), ("0017", 0, "é".encode())]
    inbox.append(db, "shop", "orders", 1, rows)
    assert stored(db) == rows


def test_looking_for_revisions_never_scans(db: sqlite3.Connection) -> None:
    plan = db.execute("EXPLAIN QUERY PLAN " + inbox._REVISIONS.format("?, ?"), ("s", "t", "k", "l")).fetchall()
    assert all("SEARCH inbox USING COVERING INDEX" in step[3] for step in plan), plan
