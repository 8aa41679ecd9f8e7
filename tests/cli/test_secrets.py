"""Nothing personal and no secret is read anywhere: not in what commands say, however loud, and not in the store."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from jalon import errors
from jalon.config import load
from tests.cli.played import Desk, Played, Said

CANARY = "canary"
"""Stands in every personal field and in every secret of the played platforms."""


def in_clear(folder: Path) -> set[str]:
    """Return the files of the store in which the canary can be read; Parquet is unpacked for it."""
    found = {str(path) for path in folder.rglob("*") if path.is_file() and CANARY in path.read_text("latin-1").lower()}
    return found | {str(path) for path in folder.rglob("*.parquet") if CANARY in str(pq.read_table(path).to_pylist())}


def secrets(desk: Desk) -> set[str]:
    config = load(desk.config)
    key = (desk.folder / "jalon.key").read_text().strip()
    tokens = {config.keyring().hook_token(name) for name in config.sources}
    return {CANARY, key} | tokens


def quiet_about(desk: Desk, said: Said) -> None:
    for secret in secrets(desk):
        assert secret not in (said.out + said.err).lower()


def test_nothing_is_told_while_all_goes_well(desk: Desk) -> None:
    said = desk("-vv", "sync")
    assert said.status == errors.OK
    assert said.err, "it is loud"
    quiet_about(desk, said)
    for line in ("normalize --all", "report", "status --json", "config show --origin", "doctor"):
        quiet_about(desk, desk("-vv", *line.split()))
    assert in_clear(desk.folder / "data") == set()


def test_nothing_is_told_when_platforms_refuse_or_talk_nonsense(desk: Desk, played: Played) -> None:
    played.inside(lambda sandbox: sandbox.faults.set({"malformed": 0.2, "truncated": 0.1, "5xx": 0.1, "reset": 0.1}))
    quiet_about(desk, desk("-vv", "sync"))
    played.mended()
    tokens = played.sandbox.parts["tiktok_shop"].tokens
    played.inside(lambda _: (setattr(tokens, "refresh_token", "gone"), setattr(tokens, "deauthorized", True)))
    played.inside(lambda sandbox: setattr(sandbox.parts["shopify"].tokens, "revoked", True))
    for words in (("sync",), ("sync", "--json"), ("doctor",)):
        said = desk("-vv", *words)
        assert said.status != errors.OK
        quiet_about(desk, said)
    assert in_clear(desk.folder / "data") == set()


def test_the_search_would_find_something(desk: Desk) -> None:
    assert any(in_clear(desk.folder / "secrets"))
