"""Deliveries that the receiver stored are opened, and what they mean is done."""

from __future__ import annotations

import json
from typing import Any

import pytest
from toy import KEYRING, Orders, PlayedClock, inbox, orders, served, source, workshop

from jalon import errors
from jalon.privacy import Keyring
from jalon.store import deliveries, erasure, refusals, sources
from jalon.store.database import Store
from jalon.store.envelope import Sealer
from jalon.sync.engine import sync_source
from jalon.sync.source import SourceOutcome

NOW = 1_790_000_000
LATER = NOW + deliveries.KEEP_SECONDS


def deliver(store: Store, key: str, body: Any, keyring: Keyring = KEYRING) -> None:
    sealer = Sealer(keyring)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    row = ("shop", key, NOW - 5.0, sealer.digest(raw), sealer.seal("shop", key, {"x-topic": "t"}, raw))
    store.write(lambda db: deliveries.add(db, [row]))


async def run(store: Store, number: int = 5) -> SourceOutcome:
    async with served(Orders(orders(number, NOW - 90 * 86_400))) as server:
        return await sync_source(source(server, token="access-token-0"), workshop(store, PlayedClock(NOW)))


def states(store: Store) -> list[tuple[str, str, str, bool]]:
    with store.read() as db:
        rows = db.execute("SELECT state, topic, note, sealed IS NULL FROM deliveries ORDER BY id").fetchall()
    return [(state, topic, note, bool(gone)) for state, topic, note, gone in rows]


async def test_a_delivery_leads_to_what_it_names_and_loses_its_body(store: Store) -> None:
    deliver(store, "d1", {"topic": "order", "refs": [["orders", "o1", 0], ["orders", "o2", 0]]})
    outcome = await run(store)
    assert (outcome.state, outcome.counts.deliveries, set(inbox(store))) == ("ok", 1, {"o1", "o2"})
    assert states(store) == [("opened", "order", "", True)]


async def test_records_in_a_delivery_go_through_the_door(store: Store) -> None:
    deliver(store, "d1", {"topic": "order", "rows": [{"id": "x", "at": 1, "email": "a@b.example", "phone": "1234567"}]})
    await run(store)
    [(_, body)] = inbox(store)["x"]
    assert body == {"id": "x", "at": 1, "email": KEYRING.pseudonym("email", "a@b.example")}


async def test_what_is_not_understood_is_kept_and_stops_nothing(store: Store) -> None:
    deliver(store, "d1", b"\xff no json")
    deliver(store, "d2", {"no": "topic"})
    deliver(store, "d3", {"topic": "new kind", "known": False})
    deliver(store, "d4", {"topic": "order", "refs": [["orders", "o1", 0]]})
    outcome = await run(store)
    assert (outcome.state, outcome.counts.deliveries, set(inbox(store))) == ("partial", 4, {"o1"})
    assert [(state, gone) for state, _, _, gone in states(store)] == [
        ("bad", False),
        ("bad", False),
        ("unknown", False),
        ("opened", True),
    ]
    assert [note.split(" in ")[0] for _, _, note, _ in states(store)[:2]] == ["it is not JSON", "KeyError"]


async def test_what_a_delivery_asks_for_of_a_stream_that_is_switched_off_is_asked_of_nobody(store: Store) -> None:
    deliver(store, "d1", {"topic": "order", "refs": [["orders", "o1", 0]]})
    async with served(Orders(orders(5, NOW))) as server:
        off = source(server, token="access-token-0", without=("orders",))
        outcome = await sync_source(off, workshop(store, PlayedClock(NOW)))
        assert [asked.path for asked in server.asked] == ["/shop"]
    assert (outcome.counts.deliveries, outcome.counts.pending_fetches) == (1, 0)


async def test_deliveries_that_could_not_be_read_need_a_look(store: Store) -> None:
    deliver(store, "d1", b"\xff no json")
    deliver(store, "d2", {"topic": "order", "rows": [{"id": "", "at": 1}]})
    deliver(store, "d3", {"topic": "order"})
    outcome = await run(store)
    assert (outcome.state, outcome.exit_status) == ("partial", errors.PARTIAL)
    assert outcome.message == "shop: deliveries that could not be read, or not all of them: 2 of 3"
    assert "`jalon status`" in outcome.remedy
    assert (outcome.counts.refused, outcome.summary()["refused"]) == (2, 2)
    again = await run(store)
    assert (again.state, again.notes) == ("ok", []), "they were told when they were met, and `jalon status` goes on"


async def test_deliveries_about_what_is_not_known_are_told_and_are_no_fault(store: Store) -> None:
    deliver(store, "d1", {"topic": "new kind", "known": False})
    outcome = await run(store)
    assert (outcome.state, outcome.counts.unknown) == ("ok", 1)
    assert outcome.notes == ["deliveries about what shop does not know: 1 of 1; `jalon status` names it"]


async def test_a_run_that_ends_early_tells_of_its_deliveries_all_the_same(store: Store) -> None:
    deliver(store, "d1", b"\xff no json")
    deliver(store, "d2", {"topic": "bye", "notices": [["uninstalled", "the seller left"]]})
    outcome = await run(store)
    assert (outcome.state, outcome.message) == ("auth", "shop: the seller left")
    assert any("not all of them: 1 of 2" in note for note in outcome.notes)


async def test_what_was_refused_at_the_door_is_told_once_and_is_a_fault(store: Store) -> None:
    for source_name, reason, times in (("shop", "unsigned", 12), ("shop", "too_large", 1), ("other", "unsigned", 5)):
        refused = refusals.Refused(source_name, reason, times, NOW - 5.0)  # type: ignore[arg-type]
        store.write(refusals.adding([refused]))
    outcome = await run(store)
    assert (outcome.state, outcome.exit_status) == ("partial", errors.PARTIAL)
    assert outcome.message.startswith("shop: deliveries refused by `jalon serve` since the last run: 1: ")
    assert "max_body" in outcome.remedy
    assert any("since the last run: 12: they are not signed" in note for note in outcome.notes)
    again = await run(store)
    assert (again.state, again.notes) == ("ok", [])
    store.write(refusals.adding([refusals.Refused("shop", "unsigned", 2, NOW - 1.0)]))
    [note] = (await run(store)).notes
    assert "since the last run: 2: " in note


async def test_the_same_body_under_another_key_is_marked_and_harmless(store: Store) -> None:
    for key in ("d1", "d2"):
        deliver(store, key, {"topic": "order", "refs": [["orders", "o1", 0]]})
        await run(store)
    assert [(state, note) for state, _, note, _ in states(store)] == [
        ("opened", ""),
        ("stale", "the same body came before"),
    ]
    assert len(inbox(store)["o1"]) == 1


async def test_a_notice_reaches_people(store: Store) -> None:
    deliver(store, "d1", {"topic": "bye", "notices": [["expires_soon", "the seller\nleaves"]]})
    assert (await run(store)).state == "ok"
    with store.read() as db:
        [notice] = sources.notices(db, "shop")
    assert (notice.kind, notice.detail) == ("expires_soon", "the seller leaves")


@pytest.mark.parametrize("kind", ["deauthorised", "uninstalled"])
async def test_a_withdrawn_authorisation_stops_the_source_until_the_platform_answers_again(
    store: Store, kind: str
) -> None:
    assert (await run(store)).state == "ok"
    deliver(store, "d1", {"topic": "bye", "notices": [[kind, "the seller left"]]})
    outcome = await run(store)
    assert (outcome.state, outcome.message) == ("auth", "shop: the seller left")
    assert outcome.counts.requests <= 1, "no more than a greeting"
    with store.read() as db:
        assert [notice.kind for notice in sources.notices(db, "shop")] == [kind]
    assert (await run(store)).state == "ok"
    with store.read() as db:
        assert sources.notices(db, "shop") == []


async def test_an_order_to_erase_or_disclose_is_carried_out_on_hashes(store: Store) -> None:
    deliver(store, "d1", {"topic": "order", "rows": [{"id": "x", "at": 1, "email": "a@b.example"}]})
    await run(store)
    deliver(store, "d2", {"topic": "disclose", "disclosures": [[["email", "A@b.example "]]]})
    deliver(store, "d3", {"topic": "erase", "erasures": [[["email", "A@b.example "]]]})
    await run(store)
    [file] = store.exports.glob("disclosure-*.json")
    assert [record["key"] for record in json.loads(file.read_bytes())["records"]] == ["x"]
    with store.read() as db:
        assert len(erasure.erasures(db)) == 1
    deliver(store, "d4", {"topic": "order", "rows": [{"id": "y", "at": 1, "email": "a@b.example"}]})
    await run(store)
    assert inbox(store)["y"][0][1]["email"] is None
    assert all(b"a@b.example" not in path.read_bytes().lower() for path in store.folder.rglob("*") if path.is_file())


async def test_deliveries_sealed_with_another_key_are_a_matter_of_configuration(store: Store) -> None:
    deliver(store, "d1", {"topic": "order"}, Keyring(b"z" * 32))
    outcome = await run(store)
    assert (outcome.state, outcome.exit_status) == ("config", 2)
    assert "another installation key" in outcome.message
    assert [state for state, *_ in states(store)] == ["new"]


async def test_many_deliveries_are_opened_in_slices(store: Store) -> None:
    for number in range(450):
        deliver(store, f"d{number}", {"topic": "order", "refs": [["orders", f"o{number % 5}", 0]], "n": number})
    outcome = await run(store)
    assert (outcome.counts.deliveries, set(inbox(store))) == (450, {f"o{n}" for n in range(5)})


async def test_what_was_delivered_long_ago_is_forgotten_and_what_waits_is_not(store: Store) -> None:
    """Threat 30: after 35 days a delivery's key and digest go, and with it the sealed body of one never understood."""
    for number in range(deliveries.SLICE + 5):
        deliver(store, f"d{number}", {"topic": "order", "refs": []})
    deliver(store, "bad", b"no json")
    await run(store)
    assert len(states(store)) == deliveries.SLICE + 6
    deliver(store, "fresh", {"topic": "order"})
    store.write(lambda db: db.execute("UPDATE deliveries SET received_at = ? WHERE key = 'fresh'", (LATER - 5.0,)))
    for now, left in ((LATER - 60, deliveries.SLICE + 7), (LATER, 1), (LATER, 1)):
        async with served(Orders(orders(5, NOW - 90 * 86_400))) as server:
            outcome = await sync_source(source(server, token="access-token-0"), workshop(store, PlayedClock(now)))
        assert outcome.state == "ok"
        assert len(states(store)) == left
    with store.read() as db:
        assert db.execute("SELECT key FROM delivered").fetchall() == [("fresh",)]
