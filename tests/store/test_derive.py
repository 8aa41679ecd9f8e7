"""From the inbox to the facts: the same bytes however the work is cut, and nothing dropped without a reason."""

from __future__ import annotations

import errno
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.errors import LockedError, StoreError
from jalon.normalize.vocabulary import ContentTag, Context, Fact, Raw, Unfit
from jalon.store import derive as derivation
from jalon.store import inbox, quarantine, segments, whole
from jalon.store.database import Store
from jalon.store.facts import check_facts, open_facts
from jalon.store.lock import RunLock
from jalon.store.settle import replay


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make segments small, so that a few rows fill several."""
    monkeypatch.setattr(segments, "SEGMENT", 8)
    monkeypatch.setattr(derivation, "CHUNK", 3)


def held(store: Store) -> list[tuple[str, str, int]]:
    with store.read() as db:
        return [(entry.key, entry.reason, entry.times) for entry in quarantine.entries(db)]


def refusing(*keys: str) -> Any:
    """Return a normalizer that stumbles over some records."""

    def normalize(raw: Raw, context: Context) -> Iterator[Fact]:
        if raw.key in keys:
            raise KeyError("a secret of the record")
        return tiny.normalize(raw, context)

    return normalize


# --- bytes ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 9), min_size=1, max_size=7), st.sets(st.integers(0, 60), max_size=5))
@settings(max_examples=20, deadline=None)
def test_however_the_work_is_cut_the_files_are_the_same(cuts: list[int], broken: set[int]) -> None:
    rows = [tiny.order(number, **({"goods": "1,0"} if number in broken else {})) for number in range(sum(cuts))]
    with tiny.fresh() as bit_by_bit, tiny.fresh() as at_once:
        start = 0
        for cut in cuts:
            tiny.append(bit_by_bit, rows[start : start + cut])
            tiny.derived(bit_by_bit)
            start += cut
        tiny.append(at_once, rows)
        tiny.derived(at_once)
        expected = tiny.files(at_once)
        assert tiny.files(bit_by_bit) == expected
        assert held(bit_by_bit) == held(at_once)
        tiny.derived(bit_by_bit, everything=True)
        assert tiny.files(bit_by_bit) == expected


def test_every_order_is_there_once_in_the_order_of_the_inbox(store: Store) -> None:
    tiny.append(store, [tiny.order(number) for number in range(30)])
    done = tiny.derived(store)
    assert (done.records, done.facts, done.quarantined, done.segments) == (30, {"orders": 30, "order_lines": 60}, 0, 4)
    assert [row["order_id"] for row in tiny.table(store.facts, "orders")] == [str(number) for number in range(30)]
    assert [len(paths) for paths in open_facts(store.facts).values()][1:3] == [4, 4]


def test_only_what_has_changed_is_derived_again(store: Store) -> None:
    tiny.append(store, [tiny.order(number) for number in range(20)])
    tiny.derived(store)
    assert tiny.derived(store).segments == 0
    tiny.append(store, [tiny.order(99)])
    done = tiny.derived(store)
    assert (done.records, done.segments) == (5, 1)


def test_every_revision_is_kept(store: Store) -> None:
    tiny.append(store, [tiny.order(1), tiny.order(1, goods="7.00")])
    tiny.derived(store)
    assert [(row["key"], row["goods"]) for row in tiny.table(store.facts, "orders")] == [("1", 150), ("1", 700)]


def test_progress_ends_with_everything_done(store: Store) -> None:
    tiny.append(store, [tiny.order(number) for number in range(20)])
    seen: list[tuple[str, int, int]] = []
    tiny.derived(store, progress=lambda *told: seen.append(told))
    assert seen == [("deriving facts", done, 20) for done in (8, 16, 20)]


# --- what the facts depend on -----------------------------------------------------------------------------------------


def test_another_mapping_or_account_derives_everything_again(store: Store) -> None:
    tiny.append(store, [tiny.order(number) for number in range(20)])
    tiny.derived(store)
    assert tiny.derived(store, refusing()).segments == 3
    assert tiny.derived(store, refusing(), {"shop": tiny.origin("Asia/Tokyo")}).segments == 3
    assert tiny.derived(store, refusing(), {"shop": tiny.origin("Asia/Tokyo", shop="17")}).segments == 3
    assert tiny.derived(store, refusing(), {"shop": tiny.origin("Asia/Tokyo", shop="17")}).segments == 0


def test_a_change_of_one_account_leaves_the_segments_of_others_alone(store: Store) -> None:
    tiny.append(store, [tiny.order(number) for number in range(16)])
    tiny.append(store, [tiny.order(number) for number in range(8)], source="other")
    origins = {"shop": tiny.origin(), "other": tiny.origin()}
    tiny.derived(store, origins=origins)
    assert tiny.derived(store, origins=origins | {"other": tiny.origin("Asia/Tokyo")}).segments == 1


def test_a_source_that_left_the_configuration_keeps_its_facts(store: Store) -> None:
    tiny.append(store, [tiny.order(number) for number in range(9)])
    tiny.derived(store, origins={"shop": tiny.origin("Asia/Tokyo")})
    before = tiny.files(store)
    assert tiny.derived(store, origins={}, everything=True).quarantined == 0
    assert tiny.files(store) == before


def test_a_source_that_nobody_knows_waits_in_quarantine(store: Store) -> None:
    tiny.append(store, [tiny.order(1)])
    tiny.derived(store, origins={})
    assert held(store) == [("1", "unknown_source", 1)]
    assert tiny.derived(store).facts == {"orders": 1, "order_lines": 2}
    assert held(store) == []


def test_a_connector_that_is_gone_is_named(store: Store) -> None:
    tiny.append(store, [tiny.order(1)])
    derivation.derive(store, {}, {"shop": tiny.origin()})
    with store.read() as db:
        (entry,) = quarantine.entries(db)
    assert (entry.reason, entry.detail) == ("unknown_connector", "connector tiny of source shop is not installed")


# --- quarantine -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (tiny.order(1, goods="1,234.00"), "bad_money"),
        (tiny.order(1, currency="DUCAT"), "unknown_currency"),
        (tiny.order(1, at=0), "impossible_date"),
        (("1", 0, b'{"at": 1780000000}'), "normalizer_error"),
        (("1", 0, b"[]"), "normalizer_error"),
        (("1", 0, b'{"at": 17'), "malformed_body"),
    ],
)
def test_what_is_unfit_waits_with_its_reason_and_the_rest_goes_on(
    store: Store, row: tuple[str, int, bytes], reason: str
) -> None:
    tiny.append(store, [tiny.order(0), row, tiny.order(2)])
    done = tiny.derived(store)
    assert (done.records, done.quarantined, done.facts["orders"]) == (3, 1, 2)
    assert held(store) == [("1", reason, 1)]


def test_an_unknown_stream_is_told(store: Store) -> None:
    tiny.append(store, [tiny.order(1)], stream="gossip")
    tiny.derived(store)
    assert held(store) == [("1", "unknown_stream", 1)]


def test_a_normalizer_that_returns_nothing_is_told_so(store: Store) -> None:
    tiny.append(store, [tiny.order(1)])
    tiny.derived(store, lambda raw, context: None)  # type: ignore[arg-type, return-value]
    with store.read() as db:
        (entry,) = quarantine.entries(db)
    assert (entry.reason, entry.detail) == (
        "normalizer_error",
        "the normalizer gave nothing: it must yield or return its facts",
    )


def test_of_a_foreign_exception_the_place_is_kept_and_not_the_message(store: Store) -> None:
    tiny.append(store, [tiny.order(1)])
    tiny.derived(store, refusing("1"))
    with store.read() as db:
        (entry,) = quarantine.entries(db)
    assert re.fullmatch(r"the normalizer raised KeyError in (tests\.store\.)?test_derive, line \d+", entry.detail)
    assert entry.inbox_id == 1


def test_a_fact_of_a_wrong_type_takes_only_its_own_record_along(store: Store) -> None:
    def normalize(raw: Raw, context: Context) -> Iterator[Any]:
        yield from tiny.normalize(raw, context)
        if raw.key == "4":
            yield ContentTag(raw.source, raw.key, raw.version, raw.observed_at, raw.inbox_id, "tiny", None, "p")  # type: ignore[arg-type]
        if raw.key == "5":
            yield ("shop", "a tuple")

    tiny.append(store, [tiny.order(number) for number in range(10)])
    done = tiny.derived(store, normalize)
    assert (done.facts, done.quarantined) == ({"orders": 8, "order_lines": 16}, 2)
    with store.read() as db:
        details = [entry.detail for entry in quarantine.entries(db)]
    assert details == ["content_id is missing", "tuple is no kind of fact"]


def test_an_order_in_words_of_its_own_is_held_and_says_which(store: Store) -> None:
    """Neither its money nor its absence would be noticed otherwise: only sales that are paid are revenue."""

    def normalize(raw: Raw, context: Context) -> Iterator[Any]:
        words = {"4": {"kind": "Sale"}, "5": {"status": "payed"}}.get(raw.key, {})
        order, *others = tiny.normalize(raw, context)
        yield from (order._replace(**words), *others)

    tiny.append(store, [tiny.order(number) for number in range(10)])
    done = tiny.derived(store, normalize)
    assert (done.facts["orders"], done.quarantined) == (8, 2)
    with store.read() as db:
        details = {entry.key: entry.detail for entry in quarantine.entries(db)}
    assert details["4"].startswith("kind is no word of the vocabulary (sale, ")
    assert details["5"] == "status is no word of the vocabulary (pending, paid, cancelled, deleted)"


def test_a_record_that_fails_each_time_is_counted_once(store: Store) -> None:
    for number in range(5):
        tiny.append(store, [tiny.order(number)])
        tiny.derived(store, refusing("1"))
    tiny.derived(store, refusing("1"), everything=True)
    assert held(store) == [("1", "normalizer_error", 1)]


def test_what_a_person_has_closed_stays_closed_until_another_revision_fails(store: Store) -> None:
    tiny.append(store, [tiny.order(1)])
    tiny.derived(store, refusing("1"))
    with store.read() as db:
        (entry,) = quarantine.entries(db)
    store.write(lambda db: quarantine.resolve(db, entry.id, quarantine.CLOSED))
    assert tiny.derived(store, refusing("1"), everything=True).quarantined == 0
    assert held(store) == []
    tiny.append(store, [tiny.order(1, goods="3.00")])
    assert tiny.derived(store, refusing("1")).quarantined == 1
    assert held(store) == [("1", "normalizer_error", 1)]


def test_another_revision_that_fails_alike_is_counted(store: Store) -> None:
    tiny.append(store, [tiny.order(1), *(tiny.order(number) for number in range(10, 20)), tiny.order(1, goods="3.00")])
    for _ in range(2):
        tiny.derived(store, refusing("1"), everything=True)
        assert held(store) == [("1", "normalizer_error", 2)]


def test_a_mapping_that_was_fixed_closes_what_it_can_read_now(store: Store) -> None:
    tiny.append(store, [tiny.order(number) for number in range(20)])
    tiny.derived(store, refusing("1", "15"))
    assert [key for key, _, _ in held(store)] == ["1", "15"]
    tiny.derived(store, tiny.normalize)
    with store.read() as db:
        assert [entry.resolved for entry in quarantine.entries(db, resolved=True)] == ["derived", "derived"]
    assert held(store) == []
    assert len(tiny.table(store.facts, "orders")) == 20


def refusing_goods(amount: str) -> Any:
    """Return a normalizer that stumbles over orders of an amount."""

    def normalize(raw: Raw, context: Context) -> Iterator[Fact]:
        if raw.body["goods"] == amount:
            raise Unfit("negative_amount", amount)
        return tiny.normalize(raw, context)

    return normalize


@pytest.mark.parametrize("between", [0, 3, 30])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_revision_that_is_superseded_by_a_good_one_is_closed(store: Store, between: int, at_once: bool) -> None:
    refuse = refusing_goods("-1.00")
    tiny.append(store, [tiny.order(1, goods="-1.00")])
    if not at_once:
        assert tiny.derived(store, refuse).quarantined == 1
        assert held(store) == [("1", "negative_amount", 1)]
    tiny.append(store, [*(tiny.order(number) for number in range(10, 10 + between)), tiny.order(1, goods="2.00")])
    tiny.derived(store, refuse)
    assert held(store) == []
    assert tiny.derived(store, refuse, everything=True).quarantined == 0
    assert held(store) == []


def test_a_bad_revision_is_held_though_an_older_one_was_good(store: Store) -> None:
    refuse = refusing_goods("-1.00")
    tiny.append(store, [tiny.order(1, goods="2.00"), tiny.order(1, goods="-1.00")])
    assert tiny.derived(store, refuse).quarantined == 1
    assert held(store) == [("1", "negative_amount", 1)]
    assert len(tiny.table(store.facts, "orders")) == 1


def test_a_replay_derives_the_records_again_and_no_others(store: Store) -> None:
    tiny.append(store, [tiny.order(number) for number in range(30)])
    tiny.derived(store, refusing("20"))
    with store.read() as db:
        entries = quarantine.entries(db)
    assert replay(store, entries) == 1
    assert tiny.derived(store, refusing("20")).segments == 1
    assert held(store) == [("20", "normalizer_error", 1)]


def test_an_entry_that_never_came_to_the_inbox_is_not_replayed_here(store: Store) -> None:
    store.write(lambda db: quarantine.add(db, "shop", "orders", "9", "too_large", "", at=0.0, payload=b"{}"))
    with store.read() as db:
        assert replay(store, quarantine.entries(db)) == 0
    assert tiny.derived(store).segments == 0


# --- at once, and interrupted -----------------------------------------------------------------------------------------


def test_what_is_marked_while_it_is_derived_is_derived_again(store: Store) -> None:
    def normalize(raw: Raw, context: Context) -> Iterator[Fact]:
        if raw.key == "3":
            store.write(lambda db: segments.mark(db, [raw.inbox_id]))
        return tiny.normalize(raw, context)

    tiny.append(store, [tiny.order(number) for number in range(20)])
    tiny.derived(store, normalize)
    assert tiny.derived(store, normalize).segments == 1


def test_rows_that_arrive_meanwhile_are_for_the_next_run(store: Store) -> None:
    def normalize(raw: Raw, context: Context) -> Iterator[Fact]:
        tiny.append(store, [tiny.order(int(raw.key) + 100)])
        return tiny.normalize(raw, context)

    tiny.append(store, [tiny.order(1)])
    assert tiny.derived(store, normalize).records == 1
    with store.read() as db:
        assert inbox.last_id(db) == 2


def test_a_second_derivation_is_refused_with_a_word_on_the_first(store: Store) -> None:
    with RunLock(store.locks, "derive", what="normalize"), pytest.raises(LockedError, match=str(os.getpid())):
        tiny.derived(store)


def test_a_full_disk_is_told_and_made_good_later(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.append(store, [tiny.order(number) for number in range(20)])

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"disk is full.*Free some space"):
            tiny.derived(store)
    assert tiny.derived(store).records == 20


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder_is_told(store: Store) -> None:
    tiny.append(store, [tiny.order(1)])
    store.facts.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be written"):
        tiny.derived(store)
    store.facts.chmod(0o700)


def test_a_folder_that_is_none_is_told(store: Store) -> None:
    tiny.append(store, [tiny.order(1)])
    (store.facts / "orders").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        tiny.derived(store)


def test_damaged_facts_are_made_again(store: Store) -> None:
    tiny.append(store, [tiny.order(number) for number in range(20)])
    tiny.derived(store)
    before = tiny.files(store)
    path = open_facts(store.facts)["orders"][1]
    path.write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="normalize --all"):
        check_facts(store.facts)
    tiny.derived(store, everything=True)
    assert tiny.files(store) == before


_DERIVE = """
import sys; from pathlib import Path
sys.path.insert(0, sys.argv[1])
import tiny
from jalon.store import derive, segments
from jalon.store.database import Store
segments.SEGMENT = 8
print("ready", flush=True)
with Store.open(Path(sys.argv[2])) as store:
    tiny.derived(store)
"""


@pytest.mark.crash(6)
def test_a_run_that_is_killed_anywhere_is_made_good_by_the_next(store: Store) -> None:
    """SIGKILL at random moments: the end is that of a run that nobody disturbed."""
    rng = random.Random(7)
    rows = [tiny.order(number, **({"goods": "x"} if number % 40 == 3 else {})) for number in range(400)]
    for start in range(0, 400, 100):
        tiny.append(store, rows[start : start + 100])
        for _ in range(2):
            command = [sys.executable, "-c", _DERIVE, str(Path(__file__).parent), str(store.folder)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
                assert run.stdout is not None
                assert run.stdout.readline() == "ready\n"
                time.sleep(rng.uniform(0.02, 0.35))
                run.send_signal(signal.SIGKILL)
    tiny.derived(store)
    with tiny.fresh() as undisturbed:
        tiny.append(undisturbed, rows)
        tiny.derived(undisturbed)
        assert tiny.files(store) == tiny.files(undisturbed)
        assert held(store) == held(undisturbed)


# --- a database that is not the one of the facts ----------------------------------------------------------------------


def lose(folder: Path) -> None:
    for path in folder.glob("jalon.sqlite*"):
        path.unlink()


def begin_anew(folder: Path) -> None:
    """Leave a new database, as one that was made before its loss was noticed."""
    lose(folder)
    facts = (folder / "facts").rename(folder / "aside")
    Store.open(folder).close()
    (folder / "facts").rmdir()
    facts.rename(folder / "facts")


@pytest.mark.parametrize("lost", [lose, lambda folder: (lose(folder), (folder / "jalon.sqlite").touch()), begin_anew])
def test_facts_are_not_removed_for_a_database_that_does_not_know_them(tmp_path: Path, lost: Any) -> None:
    with Store.open(tmp_path) as store:
        tiny.append(store, [tiny.order(number) for number in range(20)])
        tiny.derived(store)
        before = tiny.files(store)
    lost(tmp_path)
    with pytest.raises(StoreError, match="holds facts") as refused:
        Store.open(tmp_path)
    assert "from a backup" in refused.value.remedy
    assert "move it away" in refused.value.remedy
    assert tiny.files(store) == before


def test_a_first_derivation_that_was_killed_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path) as store:
        tiny.append(store, [tiny.order(number) for number in range(20)])
        monkeypatch.setattr(derivation, "settle", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tiny.derived(store)
        assert tiny.files(store)
    monkeypatch.undo()
    with Store.open(tmp_path) as store:
        tiny.derived(store)
        assert len(tiny.table(store.facts, "orders")) == 20


# --- files that are not as they were written --------------------------------------------------------------------------


def gone(path: Path) -> None:
    path.unlink()


def older(path: Path) -> None:
    """Put another segment's file in its place, as a backup that was put back might."""
    path.write_bytes(path.with_name("00000000.parquet").read_bytes())


@pytest.mark.parametrize("spoil", [gone, older])
def test_a_facts_file_that_is_not_as_it_was_written_is_named_and_made_again(store: Store, spoil: Any) -> None:
    tiny.append(store, [tiny.order(number) for number in range(20)])
    tiny.derived(store)
    before = tiny.files(store)
    whole.check(store)
    path = store.facts / "orders" / "00000002.parquet"
    spoil(path)
    with pytest.raises(StoreError, match=str(path)) as said:
        whole.check(store)
    assert "`jalon normalize`" in said.value.remedy
    assert tiny.derived(store).segments == 1
    assert tiny.files(store) == before
    whole.check(store)


def test_a_derivation_that_is_under_way_is_no_damage(store: Store) -> None:
    tiny.append(store, [tiny.order(number) for number in range(20)])
    tiny.derived(store)
    with RunLock(store.locks, "derive", what="normalize"):
        gone(store.facts / "orders" / "00000002.parquet")
        whole.check(store)


def test_files_that_an_older_version_wrote_are_believed(store: Store) -> None:
    tiny.append(store, [tiny.order(number) for number in range(20)])
    tiny.derived(store)
    store.write(lambda db: db.execute("UPDATE segments SET files = ''"))
    whole.check(store)
    assert tiny.derived(store).segments == 0
