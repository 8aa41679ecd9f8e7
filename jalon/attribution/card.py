"""The card of a run: with which options the attribution tables were made, and what was left out of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jalon.errors import StoreError

NAME = "run.json"


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


def set_aside(folder: Path) -> dict[str, int]:
    """Return why identifiers were set aside, as codes of `guards.REASONS`, and how many; empty where nothing was run.

    Raises `StoreError` if the card cannot be read.
    """
    if not (folder / NAME).is_file():
        return {}
    told: dict[str, int] = read_card(folder).get("set_aside", {})
    return told
