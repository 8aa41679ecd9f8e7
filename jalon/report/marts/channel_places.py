"""Where channels stand on the journey map: the brand's own places, the networks, the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jalon.normalize.channels import CHANNELS, NETWORKS

BEFORE_NETWORKS = ("site", "shop")
AFTER_NETWORKS = ("search", "forum", "mobile", "email")
"""The journey map's channels: the brand's own places, the networks, these, then all others."""
GROUPS = ("1 own", "2 network", "3 other")
"""The groups that the channels fall into, sorted by name."""


def place(channel: str) -> tuple[str, int]:
    """Return the group of a channel on the map, and its place in it where that is fixed."""
    if channel in BEFORE_NETWORKS:
        return (GROUPS[0], BEFORE_NETWORKS.index(channel))
    if channel in NETWORKS:
        return (GROUPS[1], 0)
    if channel in AFTER_NETWORKS:
        return (GROUPS[2], AFTER_NETWORKS.index(channel))
    return (GROUPS[2], len(AFTER_NETWORKS))


def in_order(channels: Iterable[str], weights: Mapping[str, int]) -> list[str]:
    """Order channels by their place; those without one of their own by weight, the greatest first."""
    return sorted(channels, key=lambda channel: (*place(channel), -weights.get(channel, 0), channel))


def all_in_order(met: Iterable[str]) -> list[str]:
    """Return every channel that visits are read as, and those that were met, in order."""
    return in_order({*CHANNELS, *BEFORE_NETWORKS, *met}, {})
