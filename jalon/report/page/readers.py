"""Who reads the page, and in which language: as data, so that commands and settings can name them at no cost."""

from __future__ import annotations

from typing import NamedTuple

LANGUAGES = {"en": "en_GB", "fr": "fr_FR"}
"""Language -> the locale that writes its numbers and days."""


class Role(NamedTuple):
    """A reader: what it asks, and the blocks that come first for it; the rest follow in the order of the page."""

    asks: str
    first: tuple[str, ...]


ROLES = {
    "sales": Role(
        "where buyers come from and what they were after",
        ("headline", "channels", "selling_modes", "customers", "platforms", "journey_map"),
    ),
    "content": Role(
        "which content serves which stage", ("headline", "contents", "creators", "journey_map", "channels", "counted")
    ),
    "management": Role(
        "the funnel, and what to look at first", ("headline", "journey_map", "moves", "selling_modes", "coverage")
    ),
}
"""`--for` -> reader. Which blocks a reader sees at all stands beside each block in `blocks.registry`."""
