"""Erasure: not one byte of the person is left, and not one cent is lost."""

from __future__ import annotations

import errno
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import orjson
import pytest
import tiny
from hypothesis import example, given
from hypothesis import strategies as st

from jalon.errors import StoreError
from jalon.privacy import Keyring
from jalon.store import deliveries, disclosure, erasure, forget, inbox, mentions, quarantine
from jalon.store.database import Store
from jalon.store.forget import Tombstones
from jalon.store.lock import RunLock
from jalon.store.schema import migrate

RING = Keyring(b"k" * 32)
ANNA = {"buyer": RING.pseudonym("tiny_user", "anna"), "email": RING.pseudonym("email", "anna@example.org")}
BEN = {"buyer": RING.pseudonym("tiny_user", "ben"), "email": RING.pseudonym("email", "ben@example.org")}
CLICK = RING.pseudonym("gclid", "click of anna")


def bought(number: int, person: dict[str, str], **fields: object) -> tuple[str, int, bytes]:
    return tiny.order(number, **person, **fields)


def filled(store: Store) -> None:
    """Let Anna and Ben buy, derive, and make a mart."""
    link = f"https://shop.example/p?utm_source=x&gclid={quote(CLICK, safe='')}"
    rows = [bought(number, ANNA if number % 2 else BEN, landing=link if number == 5 else None) for number in range(40)]
    tiny.append(store, rows)
    tiny.derived(store)
    (store.marts / "orders.csv").write_text(f"17;{ANNA['buyer']}\n")


def left(store: Store, *pseudonyms: str) -> list[str]:
    """Return the files in which the hash of a pseudonym is found, Parquet decoded as well as raw."""
    needles = [name.rpartition(":")[2].encode() for name in pseudonyms]
    found = []
    for path in sorted(one for one in store.folder.rglob("*") if one.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            content += str(pq.read_table(path).to_pylist()).encode()
        if any(needle in content for needle in needles):
            found.append(path.name)
    return found


def revenue(store: Store) -> tuple[int, int]:
    rows = tiny.table(store.facts, "orders")
    return len(rows), sum(row["goods"] for row in rows)


def persons(store: Store) -> set[str | None]:
    return {row["person"] for row in tiny.table(store.facts, "orders")}


def test_a_person_is_gone_from_every_byte_and_the_money_stays(store: Store) -> None:
    filled(store)
    before = revenue(store)
    assert left(store, *ANNA.values())
    erasure.erase(store, "shop", [*ANNA.values(), CLICK], request="17")
    tiny.derived(store)
    assert left(store, *ANNA.values(), CLICK) == []
    assert revenue(store) == before
    assert persons(store) == {None, BEN["buyer"]}
    assert {row["left"] for row in tiny.table(store.facts, "identities")} == {BEN["buyer"]}


def test_the_proof_does_not_tell_who(store: Store) -> None:
    filled(store)
    erasure.erase(store, "shop", list(ANNA.values()), ["1"], request="17")
    tiny.derived(store)
    with store.read() as db:
        (proof,) = erasure.erasures(db, finished=True)
    assert (proof.source, proof.request, proof.scope) == ("shop", "17", "person")
    assert proof.counts == {"records": 20, "quarantine": 0, "deliveries": 0, "files": 1}
    assert proof.finished_at is not None
    assert proof.finished_at >= proof.requested_at


def test_each_step_of_an_erasure_is_told_to_its_end(store: Store) -> None:
    filled(store)
    erasure.erase(store, "shop", [*ANNA.values()])
    seen: dict[str, list[tuple[int, int]]] = {}
    tiny.derived(store, progress=lambda what, *done: seen.setdefault(what, []).append(done))
    assert list(seen) == ["erasing", "deriving facts", "looking for what is left"]
    assert all(told[-1][0] == told[-1][1] for told in seen.values())


def test_a_full_reread_does_not_bring_the_person_back(store: Store) -> None:
    filled(store)
    erasure.erase(store, "shop", list(ANNA.values()))
    tiny.append(store, [bought(50, ANNA)])
    assert left(store, ANNA["buyer"])  # what came before the order is there until the next derivation
    tiny.derived(store)
    with store.read() as db:
        rows = inbox.last_id(db)
    seen_again = [bought(1, ANNA, landing=None), bought(3, ANNA, landing=None), bought(50, ANNA)]
    again = store.write(lambda db: inbox.append(db, "shop", "orders", tiny.SEEN + 1, seen_again))
    assert (again.new, again.known) == (0, 3)
    tiny.append(store, [bought(51, ANNA), bought(1, ANNA, goods="9.00")])
    tiny.derived(store, everything=True)
    assert left(store, *ANNA.values()) == []
    assert revenue(store)[0] == rows + 2


def test_it_holds_in_every_source(store: Store) -> None:
    filled(store)
    tiny.append(store, [bought(1, ANNA)], source="other")
    erasure.erase(store, "shop", [ANNA["email"]])
    tiny.derived(store, origins={"shop": tiny.origin(), "other": tiny.origin()})
    assert left(store, ANNA["email"]) == []


def test_an_order_loses_its_person_and_the_person_goes_everywhere(store: Store) -> None:
    filled(store)
    before = revenue(store)
    tiny.append(store, [("r1", 0, orjson.dumps({"at": tiny.START, "goods": "0", "order_id": "5", "buyer": CLICK}))])
    erasure.erase(store, "shop", [], ["gid://tiny/Order/5"])
    tiny.derived(store)
    assert left(store, *ANNA.values(), CLICK) == []
    assert persons(store) == {None, BEN["buyer"]}
    assert revenue(store) == (before[0] + 1, before[1])


def test_a_whole_source_is_erased_and_the_others_are_not(store: Store) -> None:
    filled(store)
    tiny.append(store, [bought(1, BEN)], source="other")
    origins = {"shop": tiny.origin(), "other": tiny.origin()}
    tiny.derived(store, origins=origins)
    before = revenue(store)
    told = erasure.disclose(store, "shop", list(ANNA.values()))
    erasure.erase(store, "shop", [], everything=True)
    tiny.append(store, [bought(60, ANNA)])
    tiny.derived(store, origins=origins)
    assert not told.exists()
    assert left(store, *ANNA.values()) == []
    assert persons(store) == {None, BEN["buyer"]}
    assert revenue(store) == (before[0] + 1, before[1] + 1050)


def test_quarantine_and_unopened_bodies_are_cut(store: Store) -> None:
    body = orjson.dumps({"goods": "x", **ANNA})

    def fill(db: sqlite3.Connection) -> None:
        quarantine.add(db, "shop", "orders", "1", "too_odd", f"about {ANNA['buyer']}", at=0.0, payload=body)
        quarantine.add(db, "shop", "orders", "2", "sealed", "", at=0.0, payload=b"sealed", sealed=True)
        deliveries.add(db, [("shop", "a", 1.0, b"1", b"sealed"), ("shop", "b", 1.0, b"2", b"sealed")])
        deliveries.opened(db, 1, "bad")

    store.write(fill)
    erasure.erase(store, "shop", list(ANNA.values()))
    tiny.derived(store)
    assert left(store, *ANNA.values()) == []
    with store.read() as db:
        first, second = quarantine.entries(db)
        sealed = db.execute("SELECT state, sealed FROM deliveries ORDER BY id").fetchall()
    assert (first.payload, first.detail, second.payload) == (b'{"goods":"x","buyer":null,"email":null}', "about ", None)
    assert sealed == [("stale", None), ("new", b"sealed")]


def test_who_was_never_here_changes_nothing(store: Store) -> None:
    filled(store)
    before = tiny.files(store)
    erasure.erase(store, "shop", [RING.pseudonym("email", "nobody@example.org")], ["999"])
    assert tiny.derived(store).segments == 0
    assert tiny.files(store) == before
    assert (store.marts / "orders.csv").exists()
    with store.read() as db:
        assert erasure.erasures(db, finished=False) == []


def test_a_reader_that_stays_defers_the_end_and_not_the_erasure(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "_PATIENCE", 0.1)
    filled(store)
    with store.read() as reader:
        reader.execute("SELECT count(*) FROM inbox").fetchone()
        erasure.erase(store, "shop", list(ANNA.values()))
        tiny.derived(store)
        with store.read() as db:
            assert len(erasure.erasures(db, finished=False)) == 1
    assert persons(store) == {None, BEN["buyer"]}
    tiny.derived(store)
    with store.read() as db:
        assert len(erasure.erasures(db, finished=True)) == 1
    assert left(store, *ANNA.values()) == []


def test_what_a_killed_run_had_spilled_does_not_outlive_the_erasure(store: Store) -> None:
    filled(store)
    spilled = store.tmp / ".making-1-spill-x" / "duckdb_temp_storage.tmp"
    spilled.parent.mkdir()
    spilled.write_text(ANNA["buyer"])
    erasure.erase(store, "shop", list(ANNA.values()))
    tiny.derived(store)
    assert left(store, *ANNA.values()) == []


# --- disclosure -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("maker", ["attribute", "report"])
def test_tables_that_are_being_made_from_old_facts_do_not_outlive_the_erasure(store: Store, maker: str) -> None:
    filled(store)
    erasure.erase(store, "shop", list(ANNA.values()))
    with RunLock(store.locks, maker, what=maker):
        tiny.derived(store)
        (store.attribution / "people.parquet.tmp").write_text(ANNA["buyer"])
        with store.read() as db:
            assert erasure.erasures(db, finished=True) == []
    tiny.derived(store)
    assert left(store, *ANNA.values()) == []
    with store.read() as db:
        assert len(erasure.erasures(db, finished=True)) == 1


def test_what_is_held_is_written_down_for_its_owner_alone(store: Store) -> None:
    filled(store)
    tiny.append(store, [bought(1, ANNA)], source="other")
    path = erasure.disclose(store, "shop", [ANNA["email"]], ["2"])
    assert path.parent == store.exports
    assert path.stat().st_mode & 0o777 == 0o600
    told = json.loads(path.read_text())
    assert told["source"] == "shop"
    assert [one["key"] for one in told["records"]] == [str(n) for n in range(40) if n % 2 or n == 2]
    assert told["records"][0]["body"]["email"] == ANNA["email"]
    assert erasure.disclose(store, "shop", [ANNA["email"]], ["2"]) == path


def test_two_may_ask_the_same_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(store)
    usual, told = disclosure._write, []

    def asked_again_meanwhile(*given: Any) -> None:
        monkeypatch.setattr(disclosure, "_write", usual)
        usual(*given)
        told.append(erasure.disclose(store, "shop", [ANNA["email"]]).read_bytes())

    monkeypatch.setattr(disclosure, "_write", asked_again_meanwhile)
    path = erasure.disclose(store, "shop", [ANNA["email"]])
    assert json.loads(path.read_bytes())["records"] == json.loads(told[0])["records"]
    assert list(store.exports.iterdir()) == [path]


def test_what_was_disclosed_goes_with_the_person(store: Store) -> None:
    filled(store)
    anna, ben = (erasure.disclose(store, "shop", list(person.values())) for person in (ANNA, BEN))
    erasure.erase(store, "shop", list(ANNA.values()))
    tiny.derived(store)
    assert (anna.exists(), ben.exists()) == (False, True)


def test_what_was_half_disclosed_is_left_neither_by_a_full_disk_nor_by_an_erasure(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(store)
    whole = erasure.disclose(store, "shop", list(ANNA.values()))
    killed = whole.rename(whole.with_name(f".{whole.name}.tmp"))
    with monkeypatch.context() as patched:
        patched.setattr(disclosure, "_write", fills_the_disk)
        with pytest.raises(StoreError, match="full"):
            erasure.disclose(store, "shop", [ANNA["email"]])
    assert list(store.exports.iterdir()) == [killed]
    erasure.erase(store, "shop", list(ANNA.values()))
    tiny.derived(store)
    assert left(store, *ANNA.values()) == []


def fills_the_disk(file: BinaryIO, *_: object) -> None:
    file.write(ANNA["email"].encode())
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("name", ["../../etc", "a/b", "Shop-1", "é\0"])
def test_a_source_name_cannot_lead_out_of_the_folder(store: Store, name: str) -> None:
    assert erasure.disclose(store, name, [ANNA["email"]]).resolve().parent == store.exports.resolve()


# --- bodies -----------------------------------------------------------------------------------------------------------

HASHES = st.integers(0, 3).map(lambda number: RING.pseudonym("email", f"{number}@example.org"))
BODIES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
    | st.text(st.characters(exclude_categories=["Cs"]))
    | HASHES
    | HASHES.map(lambda one: f"https://x.example/?a=1&gclid={quote(one, safe='')}&b=2"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=12,
)


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]


@given(BODIES, st.sets(HASHES, max_size=3))
def test_cutting_takes_the_persons_and_nothing_else(body: object, gone: set[str]) -> None:
    raw = orjson.dumps(body)
    digests = frozenset(forget.digest(one) for name in gone for one in mentions.hashes(name.encode()))
    cut = forget.forget("shop", "1", raw, Tombstones(digests))
    assert not any(forget.digest(one) in digests for one in mentions.hashes(cut))
    for before, after in zip(leaves(body), leaves(orjson.loads(cut)), strict=True):
        if isinstance(before, str) and any(name.partition(":")[2] in before for name in gone):
            assert after is None or (isinstance(after, str) and after.endswith("&b=2"))
        else:
            assert after == before
    assert forget.forget("shop", "1", cut, Tombstones(digests)) is cut


def test_who_another_source_says_placed_an_erased_order_is_erased_with_it(store: Store) -> None:
    """A site's purchase names shop, order and visitor: without the buyer it would still say whose the order was."""
    told = {"shop": "shop", "order": "gid://tiny/Order/17", "person": ANNA["buyer"]}
    others = ({**told, "order": "18"}, {**told, "shop": "another"}, {"shop": "shop", "total": "17"} | BEN)
    stones = Tombstones(orders={"shop": frozenset({"17"})})
    assert orjson.loads(forget.forget("site", "e1", orjson.dumps(told), stones))["person"] is None
    for body in others:
        assert forget.forget("site", "e1", orjson.dumps(body), stones) == orjson.dumps(body)
    erasure.erase(store, "shop", [], ["17"])
    with store.read() as db:
        ((_, _, kept),) = forget.spare(db, "site", [("e1", 0, orjson.dumps(told))])
    assert orjson.loads(kept)["person"] is None, "nor does it come in later"


@pytest.mark.parametrize(
    ("body", "key", "named"),
    [
        ({"order_id": "17"}, "r", True),
        ({"order": {"id": 17}}, "r", True),
        ({"id": "gid://tiny/Order/17"}, "r", True),
        ({"total": "1.00"}, "17", True),
        ({"orders": ["16", "17"]}, "r", True),
        ({"quantity": 17, "id": "17"}, "r", False),
        ({"id": "gid://tiny/Customer/17"}, "r", False),
        ({"order_id": "171"}, "r", False),
        ({"note": "order 17"}, "r", False),
        ({"id_order": "17", "order_rows": []}, "r", True),
        ({"order": {"number": 17}}, "r", True),
        ({"mainOrders": [{"orderId": 17}]}, "r", True),
        ({"order_rows": [{"id": "17", "product_quantity": "17"}]}, "r", False),
        ({"order": {"items": [{"quantity": 17}], "customer": {"id": 17}}}, "r", False),
        ({"customerOrderIndex": 17}, "r", False),
        ({"id": "17", "id_order": "9"}, "17", False),
        ({"id": "17", "order": {"id": "gid://tiny/Order/9"}}, "17", False),
        ({"id": "17", "order_id": "17", "replaced_order_id": "9"}, "17", True),
    ],
)
def test_an_order_is_recognised_by_where_its_id_stands(body: object, key: str, named: bool) -> None:
    many = frozenset(str(number) for number in range(1000, 1100))
    for wanted in (frozenset(["17"]), many | {"17"}):
        assert mentions.names_order(orjson.dumps(body), key, wanted) == named


ORDER_IDS = st.sampled_from(["17", "T1.17", "18", "gid://tiny/Order/17", "2026/17", 17, "19", "a b"])
NAMING = st.fixed_dictionaries(
    {"person": HASHES},
    optional={
        "id": ORDER_IDS,
        "order": ORDER_IDS | st.fixed_dictionaries({"id": ORDER_IDS}),
        "shop": st.sampled_from(["shop", "till"]),
        "items": st.lists(ORDER_IDS, max_size=2),
    },
)


@given(st.lists(st.tuples(ORDER_IDS.map(str), NAMING), max_size=4), st.sets(ORDER_IDS.map(str)), st.booleans())
@example(page=[("T1.17", {"person": "email:" + "0" * 32, "order": "2026/17"})], erased={"T1.17", "17"}, many=False)
def test_a_page_is_spared_as_if_all_tombstones_were_looked_at(
    page: list[tuple[str, dict[str, object]]], erased: set[str], many: bool
) -> None:
    """Only those are asked for that a page can name, which must not let a person in who would be cut otherwise."""
    db = sqlite3.connect(":memory:")
    migrate(db)
    forget.bury(db, "shop", orders=mentions.order_ids(erased))
    forget.bury(db, "till", orders=[f"none{number}" for number in range(100 if many else 1)])
    rows = [(key, 0, orjson.dumps(body)) for key, body in page]
    stones = forget.load(db)
    for source in ("shop", "till", "site"):
        wanted = [(key, version, forget.forget(source, key, body, stones)) for key, version, body in rows]
        assert forget.spare(db, source, rows) == wanted
    db.close()


@pytest.mark.parametrize("number", ["T1.17", "#17", "é17", "17 a"])
def test_an_order_of_many_is_known_whatever_its_number_is_made_of(number: str) -> None:
    many = frozenset(str(other) for other in range(1000, 1100)) | {number}
    assert mentions.names_order(orjson.dumps({"order": number}), "r", many)


def test_tombstones_do_not_hold_the_hashes(store: Store) -> None:
    erasure.erase(store, "shop", list(ANNA.values()))
    assert left(store, *ANNA.values()) == []


# --- interrupted ------------------------------------------------------------------------------------------------------

_DERIVE = """
import sys; from pathlib import Path
sys.path.insert(0, sys.argv[1])
import tiny
from jalon.store.database import Store
print("ready", flush=True)
with Store.open(Path(sys.argv[2])) as store:
    tiny.derived(store)
"""


@pytest.mark.crash(4)
def test_an_erasure_that_is_killed_anywhere_is_carried_out_by_the_next_run(store: Store) -> None:
    rng = random.Random(3)
    tiny.append(store, [bought(number, ANNA if number % 2 else BEN) for number in range(6000)])
    tiny.derived(store)
    before = revenue(store)
    (store.marts / "orders.csv").write_text(ANNA["buyer"])
    erasure.erase(store, "shop", list(ANNA.values()))
    for _ in range(4):
        command = [sys.executable, "-c", _DERIVE, str(Path(__file__).parent), str(store.folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            assert run.stdout.readline() == "ready\n"
            time.sleep(rng.uniform(0.02, 0.4))
            run.send_signal(signal.SIGKILL)
    tiny.derived(store)
    assert left(store, *ANNA.values()) == []
    assert revenue(store) == before
    with store.read() as db:
        assert [one.counts["records"] for one in erasure.erasures(db, finished=True)] == [3000]
