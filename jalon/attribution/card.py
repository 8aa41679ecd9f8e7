"""The card of a run: with which options the attribution tables were made, and what was left out of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jalon.errors import StoreError

NAME = "run.json"
FORM = 2
"""Form of the tables: raise it with each column that readers need, so that tables of an older version say so."""


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write the card by the names of what it says; inside, all is in its own order."""
    (folder / NAME).write_text(json.dumps(dict(sorted(card.items())), indent=1) + "\n")


def read_card(folder: Path) -> dict[str, Any]:
    """Return the card of the tables in a folder. Raises `StoreError` if there is none."""
    try:
        card: dict[str, Any] = json.loads((folder / NAME).read_text())
    except (OSError, ValueError) as error:
        raise StoreError(f"{folder / NAME} cannot be read", "Run `jalon attribute` first.") from error
    return card


def read_whole(folder: Path) -> dict[str, Any]:
    """Return the card of tables that have all columns. Raises `StoreError` if there is none, or of another version."""
    card = read_card(folder)
    if card.get("form") != FORM:
        raise StoreError(f"the tables in {folder} are of another version of jalon", "Run `jalon attribute`.")
    return card


def set_aside(folder: Path) -> dict[str, int]:
    """Return why identifiers were set aside, as codes of `guards.REASONS`, and how many; empty where nothing was run.

    Raises `StoreError` if the card cannot be read.
    """
    if not (folder / NAME).is_file():
        return {}
    told: dict[str, int] = read_card(folder).get("set_aside", {})
    return told
