"""Facts on disk: what goes in comes out, typed, private and whole."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import typing
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.errors import StoreError
from jalon.normalize.vocabulary import KINDS, ContentTag, Fact, Instant, Measure, Order
from jalon.store.columns import Misfit
from jalon.store.facts import batch, check_facts, open_facts, schema, sweep, write_segment

TAG = ContentTag("shop", "c/p", 1, Instant(5_000_000), 7, "tiny", "c", "p")
ORDER = Order(
    *TAG[:5], "tiny", "o", Instant(4), date(2026, 1, 1), None, None, "paid", "done", "sale", "EUR", 1, 0, 1, 0, 0, 1,
    None, None, None, "linked", "site", None, (), None, "none",
)  # fmt: skip
MEASURE = Measure(
    *TAG[:5], "tiny", "views", "c", None, None, date(2026, 1, 1), date(2026, 1, 2), "UTC", 3, None, "final", "v1"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXTS = st.one_of(st.sampled_from(["EUR", "shop", ""]), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    Instant: st.integers(0, 4_102_444_800_000_000),
    date: st.dates(date(1, 1, 1)),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    str: TEXTS,
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for the values that a column may hold."""
    if typing.get_origin(hint) in (UnionType, typing.Union):
        return st.one_of(*(st.none() if one is NoneType else values(one) for one in typing.get_args(hint)))
    if typing.get_origin(hint) is typing.Literal:
        return st.sampled_from(typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        return st.lists(TEXTS, max_size=3).map(tuple)
    return VALUES[hint]


def rows_of(kind: str) -> st.SearchStrategy[list[Fact]]:
    hints = typing.get_type_hints(KINDS[kind])
    fields = [values(hints[name]) for name in KINDS[kind]._fields]
    return st.lists(st.tuples(*fields).map(KINDS[kind]._make), min_size=1, max_size=20)


def write(folder: Path, kind: str, rows: Sequence[Fact], segment: int = 0) -> Path:
    write_segment(folder, segment, {kind: [batch(kind, rows)]})
    return folder / kind / f"{segment:08d}.parquet"


def plain(value: Any) -> Any:
    """Return a value as Parquet gives it back."""
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_every_kind_comes_back_as_it_went_in(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = data.draw(rows_of(kind))
    path = write(tmp_path_factory.mktemp("facts"), kind, rows)
    read = pq.read_table(path)
    assert [tuple(map(plain, row.values())) for row in read.to_pylist()] == [tuple(row) for row in rows]
    assert read.schema.equals(schema(kind))


def test_the_shape_follows_the_vocabulary() -> None:
    shape = schema("orders")
    assert shape.names == list(Order._fields)
    assert [(shape.field(name).type, shape.field(name).nullable) for name in ("placed_at", "placed_date", "goods")] == [
        (pa.timestamp("us", "UTC"), False),
        (pa.date32(), False),
        (pa.int64(), False),
    ]
    assert [(shape.field(name).type, shape.field(name).nullable) for name in ("paid_at", "status", "removed")] == [
        (pa.timestamp("us", "UTC"), True),
        (pa.string(), False),
        (pa.bool_(), False),
    ]
    assert shape.field("external_ids").type == pa.list_(pa.field("element", pa.string(), nullable=False))


def test_duckdb_reads_the_types(tmp_path: Path) -> None:
    import duckdb

    path = write(tmp_path, "content_tags", [TAG])
    relation = duckdb.connect().read_parquet(str(path))
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    assert (types["observed_at"], types["version"], types["removed"]) == (
        "TIMESTAMP WITH TIME ZONE",
        "BIGINT",
        "BOOLEAN",
    )


MISFITS = [
    *(("key", None), ("key", 5), ("version", "5"), ("version", 1.0), ("version", 2**63), ("observed_at", None)),
    *(("removed", 1), ("removed", None), ("content_id", "\ud800"), ("product_id", b"p")),
]


@pytest.mark.parametrize(("field", "bad"), MISFITS)
def test_a_value_of_another_type_is_a_misfit(field: str, bad: object) -> None:
    with pytest.raises(Misfit, match=field):
        batch("content_tags", [TAG, TAG._replace(**{field: bad})])


@pytest.mark.parametrize(
    ("kind", "field", "bad"),
    [("orders", "status", "payed"), ("orders", "kind", "Sale"), ("orders", "journey", ""), ("measures", "span", "day")],
)
def test_a_word_that_is_none_of_the_vocabulary_is_a_misfit(kind: str, field: str, bad: str) -> None:
    good = {"orders": ORDER, "measures": MEASURE}[kind]
    batch(kind, [good])
    with pytest.raises(Misfit, match=f"{field} is no word of the vocabulary"):
        batch(kind, [good, good._replace(**{field: bad})])


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    rows = [TAG._replace(key=str(number)) for number in range(300)]
    first = write(tmp_path / "a", "content_tags", rows).read_bytes()
    assert write(tmp_path / "b", "content_tags", rows).read_bytes() == first


def test_a_kind_without_facts_has_no_file(tmp_path: Path) -> None:
    path = write(tmp_path, "content_tags", [TAG])
    write_segment(tmp_path, 0, {})
    assert not path.exists()
    assert open_facts(tmp_path) == {kind: [] for kind in KINDS}


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "content_tags", [TAG])
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_link_planted_under_the_temporary_name_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("dear")
    (tmp_path / "content_tags").mkdir()
    (tmp_path / "content_tags" / ".00000000.parquet.tmp").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic"):
        write(tmp_path, "content_tags", [TAG])
    assert victim.read_text() == "dear"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "content_tags", [TAG])
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path, "content_tags", [TAG, TAG])
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_sweeping_removes_what_was_left_half_written_and_what_the_inbox_does_not_have(tmp_path: Path) -> None:
    kept, beyond = (write(tmp_path, "content_tags", [TAG], segment) for segment in (1, 2))
    left = kept.with_name(".00000001.parquet.tmp")
    left.write_bytes(b"PAR1")
    sweep(tmp_path, 2)
    assert (kept.exists(), beyond.exists(), left.exists()) == (True, False, False)


@pytest.mark.parametrize("keep", [0, 3, 11, -4])
def test_a_file_that_was_cut_is_named_with_its_remedy(tmp_path: Path, keep: int) -> None:
    path = write(tmp_path, "content_tags", [TAG])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(StoreError, match=rf"{path} is damaged.*normalize --all"):
        open_facts(tmp_path)


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    rows = [TAG._replace(key=f"key {number * number}") for number in range(500)]
    path = write(tmp_path, "content_tags", rows)
    assert check_facts(tmp_path) == 1
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 4] ^= 1
    path.write_bytes(whole)
    assert open_facts(tmp_path)["content_tags"] == [path]
    with pytest.raises(StoreError, match=rf"{path} cannot be read.*normalize --all"):
        check_facts(tmp_path)


def test_a_file_of_another_shape_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "content_tags", [TAG])
    pq.write_table(pa.table({"source": ["shop"]}), path)
    with pytest.raises(StoreError, match="other columns"):
        check_facts(tmp_path)


def test_writing_does_not_load_pandas(tmp_path: Path) -> None:
    code = f"""
import sys; from pathlib import Path
from jalon.normalize.vocabulary import Content
from jalon.store.facts import batch, write_segment
row = Content("shop", "c", 1, 1, 1, "tiny", "c", "video", "feed", None, "é", None, None, None, "native")
write_segment(Path({str(tmp_path)!r}), 0, {{"contents": [batch("contents", [row, row._replace(title=None)])]}})
print("pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert pq.read_table(tmp_path / "contents" / "00000000.parquet")["title"].to_pylist() == ["é", None]
