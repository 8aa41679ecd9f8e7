"""An answer of another kind than the contract has is told by the method that gave it, and asked for only once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from test_sync_inbound import deliver, states
from toy import Orders, PlayedClock, Toy, inbox, orders, served, source, workshop

from jalon.connectors.base import Batch, Credentials, Fault, Opened, Record, Ref, Session, Window
from jalon.connectors.door import fields, person
from jalon.store import fetches, quarantine
from jalon.store.database import Store
from jalon.sync.engine import sync_source
from jalon.sync.source import SourceOutcome

NOW = 1_790_000_000


async def run(store: Store) -> SourceOutcome:
    async with served(Orders(orders(9, NOW - 90_000, 9_000), page=3)) as server:
        return await sync_source(source(server, token="access-token-0"), workshop(store, PlayedClock(NOW)))


async def coroutine(*_: Any) -> list[Batch]:
    return []


async def of_nothing(*_: Any) -> None:
    return None


async def of_a_number(*_: Any) -> dict[str, Any]:
    return {"shop_id": 17}


def yielding(*found: Any) -> Any:
    async def pull(self: Toy, session: Session, window: Window) -> AsyncIterator[Any]:
        for each in found:
            yield each

    return pull


@pytest.mark.parametrize(
    ("method", "wrong", "told"),
    [
        ("account", lambda *_: None, "`account` gave nothing, not a text"),
        ("credentials", lambda *_: "canary", "`credentials` gave a value of type str, not Credentials"),
        ("credentials", lambda *_: Credentials(None), "`credentials` gave nothing, not an access token as text"),  # type: ignore[arg-type]
        ("prepare", lambda *_: None, "`prepare` gave nothing, not a Request"),
        ("judge", lambda *_: "canary", "`judge` gave a value of type str, not a Fault or None"),
        ("judge", lambda *_: Fault, "`judge` gave a value of type type, not a Fault or None"),
        ("greet", of_nothing, "`greet` gave nothing, not a mapping of texts"),
        ("greet", of_a_number, "`greet` gave a value of type int, not a text for 'shop_id'"),
        ("pull", coroutine, "`pull` gave a value of type coroutine, not an async generator"),
        ("pull", lambda *_: None, "`pull` gave nothing, not an async generator"),
        ("pull", yielding([]), "`pull` or `fetch` gave a value of type list, not a Batch"),
        (
            "pull",
            yielding(Batch(iter([]))),  # type: ignore[arg-type]
            "`pull` or `fetch` gave a Batch whose records are a value of type list_iterator, not a list",
        ),
        (
            "pull",
            yielding(Batch([{"id": "canary"}])),
            "`pull`, `fetch` or `open` gave a value of type dict",
        ),  # type: ignore[list-item]
        ("pull", yielding(Batch(follow=[Ref("order", "1")])), "answer asks for a key of the stream 'order'"),
    ],
)
async def test_an_answer_that_is_none_is_told_by_its_method(
    store: Store, monkeypatch: pytest.MonkeyPatch, method: str, wrong: Any, told: str
) -> None:
    monkeypatch.setattr(Toy, method, wrong)
    outcome = await run(store)
    assert (outcome.state, outcome.exit_status) == ("config", 2)
    assert outcome.message.startswith(f"shop: its connector's {told}")
    assert outcome.remedy == "report it to those who wrote the connector"
    assert outcome.counts.requests <= 13
    assert "canary" not in str(outcome)


async def test_keys_that_are_read_by_no_generator_are_told_and_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(lambda db: fetches.add(db, "shop", [Ref("orders", "o1")]))
    monkeypatch.setattr(Toy, "fetch", coroutine)
    outcome = await run(store)
    assert outcome.message == "shop: its connector's `fetch` gave a value of type coroutine, not an async generator"
    with store.read() as db:
        assert [each.keys for each in fetches.pending(db, "shop")] == [1]


async def test_what_judge_stumbles_over_is_an_answer_of_another_shape(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Toy, "judge", lambda self, request, answer: float("Wed, 21 Oct 2026 07:28:00 GMT"))
    outcome = await run(store)
    assert "/shop answered 200 with a body that is of an unexpected shape (ValueError)" in outcome.message


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (Record(17, 0, {}), "its key is a value of type int, not a text"),  # type: ignore[arg-type]
        (Record("", 0, {}), "its key is empty"),
        (Record("1", 1.5, {}), "its version (a value of type float) is no whole number of microseconds"),  # type: ignore[arg-type]
        (Record("1", -1, {}), "its version (a value of type int) is no whole number of microseconds, at least 0"),
        (Record("1", 0, []), "nothing of it passes the door of its stream: its body is no object"),  # type: ignore[arg-type]
    ],
)
async def test_a_record_without_a_name_is_put_aside_with_what_is_wrong(
    store: Store, monkeypatch: pytest.MonkeyPatch, record: Record, told: str
) -> None:
    monkeypatch.setattr(Toy, "pull", yielding(Batch([record, Record("good", 1, {"id": "good"})])))
    assert (await run(store)).state == "ok"
    assert set(inbox(store)) == {"good"}
    with store.read() as db:
        [entry] = quarantine.entries(db)
    assert (entry.reason, entry.detail.startswith(told)) == ("no_identity", True)


async def test_a_record_that_its_door_stumbles_over_is_put_aside_with_the_place(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where somebody wrote `person` for `person("email")`, and where a field is no JSON."""
    records = [Record("1", 1, {"id": "1", "email": "canary"}), Record("2", 1, {"id": object()})]
    monkeypatch.setattr(Toy, "pull", yielding(Batch([*records, Record("good", 1, {"id": "good"})])))
    monkeypatch.setattr(Toy, "streams", (replace(Toy.streams[0], door=fields("id", email=person)),))
    assert (await run(store)).state == "ok"
    assert set(inbox(store)) == {"good"}
    with store.read() as db:
        told = {entry.key: entry.detail for entry in quarantine.entries(db)}
    assert told["1"].startswith("it does not pass its door as JSON text (TypeError in jalon.connectors.door, line ")
    assert told["2"].startswith("it does not pass its door as JSON text (TypeError in jalon.connectors.wire, line ")


@pytest.mark.parametrize(
    ("opened", "told"),
    [
        (None, "its connector's `open` gave nothing, not an Opened"),
        (Opened("order", refs=[Ref("order", "1")]), "its connector's answer asks for a key of the stream 'order'"),
        (
            Opened("order", records=[("1", 0, {})]),
            "its connector's `pull`, `fetch` or `open` gave a value",
        ),  # type: ignore[list-item]
    ],
)
async def test_a_delivery_that_is_opened_wrongly_is_kept_with_the_reason(
    store: Store, monkeypatch: pytest.MonkeyPatch, opened: Any, told: str
) -> None:
    deliver(store, "d1", {"topic": "order"})
    monkeypatch.setattr(Toy, "open", lambda *_: opened)
    assert (await run(store)).state == "partial"
    [(state, _, note, is_gone)] = states(store)
    assert (state, note.startswith(told), is_gone) == ("bad", True, False)


async def test_the_way_to_an_error_is_logged_for_whoever_looks_closer_and_none_of_its_words(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def pull(self: Toy, session: Session, window: Window) -> AsyncIterator[Batch]:
        yield Batch([Record("1", int("canary"), {})])

    caplog.set_level("DEBUG", "jalon.sync")
    monkeypatch.setattr(Toy, "pull", pull)
    assert (await run(store)).state == "partial"
    assert any("the way to it: " in line and " > test_sync_answers:" in line for line in caplog.messages)
    assert "canary" not in caplog.text
