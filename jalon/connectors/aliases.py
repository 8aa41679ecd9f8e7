"""Addresses that a platform makes up for its buyers: they tell where an order was made, and not by whom."""

from __future__ import annotations

from jalon.added_aliases import aliases

ALIASES = {"scs.tiktokw.us": "tiktok_shop"}
"""Domain of the addresses in copied orders -> platform. Seen in orders that apps copied into web shops. Those of other
distributions are declared by their connectors (`Connector.aliases`)."""


def alias_of(email: object) -> str | None:
    """Return the platform that made an address up; None: a person's own, or none."""
    if not isinstance(email, str):
        return None
    domain = email.rpartition("@")[2].lower()
    return ALIASES.get(domain) or aliases().get(domain)
