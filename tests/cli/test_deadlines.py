"""What is lost at a known moment is named before it is: by `sync` and its exit status, by `status` and by `doctor`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jalon import errors
from jalon.commands.demo import write_workplace
from jalon.connectors.base import Deadline
from jalon.sandbox.server import Sandbox
from jalon.store import credentials, deadlines
from jalon.store.database import Store
from tests.cli.played import DAY, Desk, Played

STORY = "17999999999999999"
HOUR = 3600


def run_out(sandbox: Sandbox) -> dict[str, object]:
    """Let a story have three hours left, and the consent behind the token three days; return the source's settings."""
    now, part = sandbox.clock.now(), sandbox.parts["instagram"]
    story = next(number for number, post in enumerate(part.counts.posts) if post.kind == "story")
    posted = int(now) - 21 * HOUR
    part.counts.posts[story] = replace(
        part.counts.posts[story], id=STORY, posted_at=posted, ended_at=posted + DAY, deleted_at=None
    )
    for token in part.tokens.held.values():
        token.consent_until = now + 3 * DAY
    return sandbox.settings()["instagram"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("deadlines")
    with Played(("instagram",)) as played:
        settings = played.inside(run_out)
        since = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 2 * DAY))
        write_workplace(folder, {"brand": {**settings, "since": since}})
        yield Desk(folder)


def test_what_is_lost_soon_is_named_by_sync_status_and_doctor(desk: Desk) -> None:
    said = desk("sync", "--no-normalize")
    assert said.status == errors.DUE == 7, said
    vanishes = f"brand: story {STORY} vanishes, and its figures with it at "
    assert vanishes in said.err
    assert "Run `jalon sync` in the hours before" in said.err
    assert "brand: the consent to read this account's data ends" in said.err
    assert desk("sync", "--no-normalize", "--json").status == 7, "as long as nothing was done"

    told = desk("status")
    assert told.status == 0
    assert vanishes in told.out
    assert "the consent to read this account's data ends" in told.out

    due = desk("status", "--json").data["sources"]["brand"]["due"]
    assert [(each["what"].partition(",")[0].partition(";")[0], bool(each["at"])) for each in due] == [
        (f"story {STORY} vanishes", True),
        ("the consent to read this account's data ends", True),
    ], "the soonest first"
    assert all(each["remedy"] and each["source"] == "brand" for each in due)

    examined = desk("doctor", "brand")
    assert examined.status == 0, "a warning is no failure"
    assert f"story {STORY} vanishes" in examined.out
    found = desk("doctor", "brand", "--json").data["findings"]
    named = {each["detail"].partition(" at ")[0] for each in found if each["name"] == "brand: deadline"}
    assert f"story {STORY} vanishes, and its figures with it" in named
    assert {each["level"] for each in found if "deadline" in each["name"]} == {"warn"}


REPORT = "brand: the report channel_cards_a1 of "


def old_reports(sandbox: Sandbox) -> dict[str, object]:
    """Let an order for reports have run out long ago, its last reports end in two days, and no file be had."""
    now, part = sandbox.clock.now(), sandbox.parts["youtube"]
    part.reporting.order("channel_cards_a1", "of another program", now - 62 * DAY, expires=now - 57.5 * DAY)
    part.limits["files_away"] = HOUR
    given = sandbox.settings()["youtube"]
    return {**given, "reports": ["channel_cards"], "analytics": False, "merchant_account": None}


def test_bulk_reports_that_end_unread_are_named_until_they_are_read(tmp_path: Path) -> None:
    with Played(("youtube",)) as played:
        settings = {name: value for name, value in played.inside(old_reports).items() if value is not None}
        write_workplace(tmp_path, {"brand": settings})
        desk = Desk(tmp_path)
        first = desk("sync", "--no-normalize")
        assert first.status == errors.PARTIAL, "their files were to be had, and are not"
        ends = first.err.count(REPORT)
        assert ends >= 2
        assert first.err.count("is deleted at ") == ends

        again = desk("sync", "--no-normalize", "--json")
        assert again.status == errors.DUE == 7, "each is let rest for a while: nothing failed, and they are unread"
        (told,) = again.data["sources"]
        assert len(told["due"]) == ends
        now = time.time()
        assert all(now < due["at"] < now + 3 * DAY for due in told["due"])

        said = desk("status")
        assert (said.status, said.out.count(REPORT)) == (0, ends)
        assert said.out.count("Run `jalon sync` before that.") == ends
        found = desk("doctor", "brand", "--json").data["findings"]
        named = [each for each in found if each["name"] == "brand: deadline"]
        assert [each["level"] for each in named] == ["warn"] * ends
        assert all(each["detail"].startswith("the report channel_cards_a1 of ") for each in named)

        played.inside(lambda sandbox: sandbox.parts["youtube"].limits.update(files_away=0))
        days = [time.strftime("%Y-%m-%d", time.gmtime(now - back * DAY)) for back in (60, 56)]
        assert desk("backfill", "brand", "--from", days[0], "--to", days[1]).status == 0
        after = desk("sync", "--no-normalize", "--json")
        assert (after.status, after.data["sources"][0]["due"]) == (0, [])
        assert REPORT not in desk("status").out


def test_reports_leases_and_authorisations_are_named_alike(tmp_path: Path) -> None:
    """Whatever a connector notes, and the authorisation that the store holds."""
    (tmp_path / "jalon.toml").write_text('[jalon]\nstore = "data"\n[sources.drop]\nconnector = "files"\n')
    now = time.time()
    noted = [
        Deadline("report/1", "the report of 2026-01-02 is deleted", now + 2 * DAY, warn=3 * DAY),
        Deadline("lease", "the subscription ends", now + 4 * DAY, "let the receiver be reached", warn=3 * DAY),
    ]
    desk = Desk(tmp_path)
    assert desk("init", ".").status == 0
    with Store.open(tmp_path / "data") as store:
        store.write(lambda db: deadlines.put(db, "drop", noted))
        store.write(lambda db: credentials.save(db, "drop", b"", "seed", 0, None, now + 5 * DAY))
    said = desk("status")
    assert "drop: the report of 2026-01-02 is deleted at " in said.out
    assert "drop: the authorisation ends at " in said.out
    assert "Authorise jalon again before it ends." in said.out
    assert "subscription" not in said.out, "not before its warning"
    due = desk("status", "--json").data["sources"]["drop"]["due"]
    assert [each["what"] for each in due] == ["the report of 2026-01-02 is deleted", "the authorisation ends"]
