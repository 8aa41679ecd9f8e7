"""The brand's own short links. `serve` keeps them in memory and reads them anew when their stamp has moved.

A link is known by what it says: the same source, address and names are the same link, whose code is made from them with
the installation's key. So making it again, on whatever machine, gives the code that is printed already, and codes
cannot be guessed nor counted through. Links are never deleted: what was printed must stay what it was.
"""

from __future__ import annotations

import re
import sqlite3
from typing import NamedTuple

from jalon.privacy import Keyring
from jalon.store import sources

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letters that are taken for another. https://www.crockford.com/base32.html"""
_ALIKE = str.maketrans("oil", "011")
CODE_LENGTH = 10
"""50 bits."""
_CODE = re.compile(rf"[{_ALPHABET}]{{{CODE_LENGTH}}}")
_STAMP = "links"


class Link(NamedTuple):
    """A short link. Names are empty where there is none; `created_at` in unix seconds."""

    code: str
    source: str
    target: str
    content: str
    product: str
    placement: str
    campaign: str
    created_at: float
    disabled: int = 0


def code_of(keyring: Keyring, source: str, target: str, *names: str) -> str:
    """Return the code of a link with these names: content, product, placement, campaign."""
    number = int(keyring.fingerprint("\0".join(("link", source, target, *names))), 16)
    return "".join(_ALPHABET[(number >> 5 * place) & 31] for place in range(CODE_LENGTH))


def read_code(text: str) -> str | None:
    """Return the code that a person or a scanner meant: in any case, with letters that look alike; None: it is none."""
    code = text.lower().translate(_ALIKE)
    return code if _CODE.fullmatch(code) else None


def add(db: sqlite3.Connection, link: Link) -> Link:
    """Keep a link; return the one that is kept, which may be an older one that says the same."""
    columns = ", ".join(Link._fields)
    added = db.execute(
        f"INSERT INTO links ({columns}) VALUES ({', '.join('?' * len(link))}) "  # noqa: S608  # our own names
        "ON CONFLICT (code) DO NOTHING",
        link,
    )
    if added.rowcount:
        _stamp(db)
        return link
    found = get(db, link.code)
    assert found is not None
    return found


def get(db: sqlite3.Connection, code: str) -> Link | None:
    """Return a link by its code."""
    row = db.execute(f"SELECT {', '.join(Link._fields)} FROM links WHERE code = ?", (code,)).fetchone()  # noqa: S608
    return None if row is None else Link._make(row)


def all_of(db: sqlite3.Connection, source: str | None = None) -> list[Link]:
    """Return the links of a source, or all, in the order in which they were made."""
    rows = db.execute(
        f"SELECT {', '.join(Link._fields)} FROM links WHERE source = coalesce(?, source) "  # noqa: S608
        "ORDER BY created_at, code",
        (source,),
    )
    return [Link._make(row) for row in rows]


def disable(db: sqlite3.Connection, code: str, disabled: bool = True) -> bool:
    """Switch a link off, or on again; False: there is none of that code."""
    found = db.execute("UPDATE links SET disabled = ? WHERE code = ?", (int(disabled), code)).rowcount
    if found:
        _stamp(db)
    return bool(found)


def remove(db: sqlite3.Connection, source: str) -> None:
    """Remove all links of a source, which is used no more."""
    db.execute("DELETE FROM links WHERE source = ?", (source,))
    _stamp(db)


def stamp(db: sqlite3.Connection) -> str:
    """Return what changes with every change of a link."""
    return sources.get(db, "", _STAMP) or "0"


def _stamp(db: sqlite3.Connection) -> None:
    sources.put(db, "", _STAMP, str(int(stamp(db)) + 1))
