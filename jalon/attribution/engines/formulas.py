"""Texts that a spreadsheet would run: CSV files are opened there, and what is in them comes from anybody."""

from __future__ import annotations

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula, or skips before one; also in their wide forms."""


def harmless(text: str) -> str:
    """Return SQL that puts an apostrophe before a text, itself SQL, that a spreadsheet would run."""
    starts = ", ".join(f"chr({ord(start)})" for start in STARTS)
    return f"CASE WHEN left({text}, 1) IN ({starts}) THEN chr(39) || {text} ELSE {text} END"
