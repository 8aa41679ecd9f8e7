"""Removing a source: all of it goes, nothing of the others does, and a crash anywhere changes neither."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny

from jalon import errors
from jalon.commands.console import Console
from jalon.commands.forgetting import WORDS, run_forget
from jalon.commands.setup import begin
from jalon.config import load
from jalon.errors import ConfigError
from jalon.store import credentials, deliveries, erasure, inbox, links, quarantine, refusals, removal, runs, sources
from jalon.store.database import Store
from jalon.store.schema import TABLES
from jalon.workplace import Workplace

KEPT = {"tombstones", "erasures"}
"""Tables with a source that a removal leaves: who was erased must not come back with it."""


def filled(store: Store, *names: str) -> None:
    """Let each source tell a hundred orders, turn about, and leave something in other tables."""
    for number in range(100):
        for name in names:
            tiny.append(store, [tiny.order(number, note=name)], source=name)
    for name in names:
        store.write(lambda db, name=name: _beside(db, name))  # type: ignore[misc]
    tiny.derived(store, origins=dict.fromkeys(names, tiny.origin()))
    (store.marts / "orders.csv").write_text("17\n")


def _beside(db: Any, name: str) -> None:
    credentials.save(db, name, b"sealed", "seed", 0)
    sources.put(db, name, "shop", "1")
    runs.start(db, name, "sync", 1, 1.0)
    refusals.adding([refusals.Refused(name, "unsigned", 3, 1.0)])(db)
    deliveries.add(db, [deliveries.Row(name, "d1", 1.0, b"digest", b"sealed")])
    quarantine.add(db, name, "orders", "9", "bad", "why", at=1.0)
    links.add(db, links.Link(f"{name:0>10}", name, "https://shop.example/", "", "", "", "", 1.0))


def orders(store: Store) -> list[tuple[str, str, int]]:
    return sorted((row["source"], row["key"], row["goods"]) for row in tiny.table(store.facts, "orders"))


def rows(store: Store, source: str) -> dict[str, int]:
    with store.read() as db:
        return removal.held(db, source)


def test_all_of_it_goes_and_nothing_of_another(store: Store) -> None:
    filled(store, "old", "shop")
    others, before = rows(store, "shop"), orders(store)
    assert {"inbox", "links", "credentials", "deliveries", "refusals", "quarantine", "runs"} <= set(rows(store, "old"))
    with store.read() as db:
        stamp = links.stamp(db)
    removal.order(store, "old")
    with store.read() as db:
        assert links.stamp(db) != stamp, "a running receiver notices that they are gone"
    tiny.derived(store, origins={"shop": tiny.origin()})
    assert rows(store, "old") == {}
    assert rows(store, "shop") == others
    assert orders(store) == [row for row in before if row[0] == "shop"]
    assert list(store.marts.iterdir()) == []
    assert b'"note":"old"' not in store.path.read_bytes(), "not in unused corners of the file either"
    with store.read() as db:
        (proof,) = erasure.erasures(db, finished=True)
    assert (proof.source, proof.scope, proof.counts["records"]) == ("old", "everything", 100)


class Killed(Exception):
    pass


@pytest.mark.parametrize("after", range(5))
def test_killed_anywhere_it_is_finished_by_the_next_derivation(
    store: Store, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """What the source tells anew meanwhile stays, also under an inbox id that was free again."""
    filled(store, "shop", "old")
    monkeypatch.setattr(removal, "SLICE", 64)
    removal.order(store, "old")
    own, written = Store.write, 0

    def write(self: Store, job: Any) -> Any:
        nonlocal written
        written += 1
        if written > after:
            raise Killed
        return own(self, job)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", write)
        with pytest.raises(Killed):
            tiny.derived(store, origins={})
    tiny.append(store, [tiny.order(500)], source="old")
    store.write(lambda db: credentials.save(db, "old", b"new", "seed", 0))
    both = dict.fromkeys(("old", "shop"), tiny.origin())
    tiny.derived(store, origins=both)
    left = rows(store, "old")
    assert (left["inbox"], left["credentials"]) == (1, 1)
    assert [row for row in orders(store) if row[0] == "old"] == [("old", "500", 50)]
    assert rows(store, "shop")["inbox"] == 100
    tiny.derived(store, origins=both)
    assert rows(store, "old")["inbox"] == 1


def test_every_table_that_knows_a_source_is_cleared() -> None:
    of_sources = {name for name, shape in TABLES.items() if "source" in shape.columns}
    assert of_sources - KEPT == {"inbox", "links", *removal.SMALL, *removal.LARGE} == set(WORDS)


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    begin(tmp_path / "shop", ())
    with Workplace(load(tmp_path / "shop" / "jalon.toml")) as opened:
        yield opened


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_without_yes_it_only_says_what_would_go(place: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    filled(place.store, "old", "other")
    before = rows(place.store, "old")
    console = Console("forget-source", as_json=True)
    assert run_forget(console, place, "old", yes=False) == errors.OK
    told = said(capsys)
    assert (told["rows"], told["removed"]) == (before, False)
    assert told["rows"]["inbox"] == 100
    assert rows(place.store, "old") == before
    assert run_forget(console, place, "old", yes=True) == errors.OK
    assert said(capsys)["finished"]
    assert rows(place.store, "old") == {}
    assert rows(place.store, "other")["inbox"] == 100
    with pytest.raises(ConfigError, match="nothing is held") as refused:
        run_forget(console, place, "old", yes=True)
    assert "other" in refused.value.remedy


def test_a_source_in_use_is_not_removed(place: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    with place.config.path.open("a") as config:
        config.write('\n[sources.drop]\nconnector = "files"\nfolder = "drop"\n')
    with Workplace(load(place.config.path)) as opened, pytest.raises(ConfigError, match="drop is in use"):
        run_forget(Console("forget-source"), opened, "drop", yes=True)


def test_while_tables_are_being_made_it_stays_open_and_says_so(
    place: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    from jalon.store.lock import RunLock

    filled(place.store, "old")
    with RunLock(place.store.locks, "report", what="report"):
        assert run_forget(Console("forget-source"), place, "old", yes=True) == errors.PARTIAL
    assert "jalon normalize" in capsys.readouterr().err
    with place.store.read() as db:
        assert inbox.last_id(db) == 0
    assert run_forget(Console("forget-source"), place, "old", yes=True) == errors.OK
    with place.store.read() as db:
        assert erasure.erasures(db, finished=False) == []
