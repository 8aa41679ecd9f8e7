"""What is lost at a known moment, and when it is named."""

from __future__ import annotations

from jalon.connectors.base import Deadline
from jalon.store import credentials, deadlines
from jalon.store.database import Store

DAY = 86_400.0
STORY = Deadline("story/1", "story 1 vanishes", 10 * DAY, warn=DAY / 12)


def test_a_deadline_is_named_from_its_warning_on(store: Store) -> None:
    store.write(lambda db: deadlines.put(db, "shop", [STORY]))
    with store.read() as db:
        assert deadlines.near(db, "shop", 9 * DAY) == []
        assert [due.what for due in deadlines.near(db, "shop", 10 * DAY - 3600)] == ["story 1 vanishes"]
        assert deadlines.near(db, "other", 10 * DAY - 3600) == []
        assert deadlines.soonest(db, "shop", 0.0) == 10 * DAY
        assert deadlines.soonest(db, "other", 0.0) is None


def test_what_was_done_in_time_is_taken_back(store: Store) -> None:
    store.write(lambda db: deadlines.put(db, "shop", [STORY]))
    store.write(lambda db: deadlines.put(db, "shop", [STORY._replace(at=0.0)]))
    assert store.write(lambda db: deadlines.passed(db, "shop", 11 * DAY)) == []


def test_what_was_not_is_told_once_as_lost(store: Store) -> None:
    store.write(lambda db: deadlines.put(db, "shop", [STORY, STORY._replace(key="story/2", at=20 * DAY)]))
    assert [due.at for due in store.write(lambda db: deadlines.passed(db, "shop", 11 * DAY))] == [10 * DAY]
    assert store.write(lambda db: deadlines.passed(db, "shop", 11 * DAY)) == []
    with store.read() as db:
        assert deadlines.soonest(db, "shop", 11 * DAY) == 20 * DAY


def test_an_authorisation_that_ends_is_a_deadline(store: Store) -> None:
    store.write(lambda db: credentials.save(db, "shop", b"", "seed", 0, None, 30 * DAY))
    with store.read() as db:
        assert deadlines.near(db, "shop", 20 * DAY) == []
        assert [due.at for due in deadlines.near(db, "shop", 24 * DAY)] == [30 * DAY]
