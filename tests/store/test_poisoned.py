"""One record that cannot become facts, among a thousand that can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import tiny

from jalon.normalize.vocabulary import Context, Fact, Raw
from jalon.store import quarantine, settle
from jalon.store.database import Store

GOOD = 1000
UNREADABLE: dict[str, bytes] = {
    "no JSON": b"\xff\x00 is no JSON",
    "empty": b"",
    "NaN": b'{"at": NaN}',
    "half a surrogate": b'{"at": 1780000000, "goods": "1", "buyer": "\\ud800"}',
}
UNFIT: dict[str, bytes] = {
    "null": b"null",
    "a list": b"[]",
    "beyond 64 bits": b'{"at": 1780000000, "goods": "1", "buyer": %d}' % 2**70,
    "2^63 as a time": b'{"at": %d, "goods": "1"}' % 2**63,
    "2^63 minor units": b'{"at": 1780000000, "goods": "92233720368547758.08"}',
    "an infinite amount": b'{"at": 1780000000, "goods": "1e999"}',
    "an unknown currency": b'{"at": 1780000000, "goods": "1", "currency": "XXL"}',
    "an object for a text": b'{"at": 1780000000, "goods": "1", "buyer": {"a": 1}}',
}


def mended(raw: Raw, context: Context) -> Iterator[Fact]:
    """Understand the poisoned record too."""
    body: Any = raw.body if raw.key != "poison" else orjson.loads(tiny.order(4711)[2])
    yield from tiny.normalize(raw._replace(body=body), context)


def poisoned(store: Store, body: bytes) -> list[quarantine.Entry]:
    """Derive a thousand good records and a bad one; return what is in quarantine."""
    rows = [tiny.order(number) for number in range(GOOD)]
    rows.insert(500, ("poison", 0, body))
    tiny.append(store, rows)
    assert tiny.derived(store).quarantined == 1
    assert len(tiny.table(store.facts, "orders")) == GOOD
    with store.read() as db:
        assert db.execute("SELECT body FROM inbox WHERE key = 'poison'").fetchone() == (body,)
        return quarantine.entries(db)


@pytest.mark.parametrize("body", UNFIT.values(), ids=UNFIT)
def test_a_record_that_is_unfit_waits_and_comes_back_once_it_is_understood(store: Store, body: bytes) -> None:
    """Threat 12."""
    (entry,) = poisoned(store, body)
    assert entry.key == "poison"
    assert settle.replay(store, [entry]) == 1
    assert tiny.derived(store, mended).quarantined == 0
    assert len(tiny.table(store.facts, "orders")) == GOOD + 1


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_a_record_that_is_no_json_waits_as_it_is(store: Store, body: bytes) -> None:
    """Threat 11."""
    (entry,) = poisoned(store, body)
    assert (entry.key, entry.reason) == ("poison", "malformed_body")
