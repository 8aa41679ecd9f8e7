"""Addresses that a platform makes up for its buyers: they tell where an order was made, and not by whom."""

from __future__ import annotations

ALIASES = {"scs.tiktokw.us": "tiktok_shop"}
"""Domain of the addresses in copied orders -> platform. Seen in orders that apps copied into web shops."""


def alias_of(email: object) -> str | None:
    """Return the platform that made an address up; None: a person's own, or none."""
    return ALIASES.get(email.rpartition("@")[2].lower()) if isinstance(email, str) else None
