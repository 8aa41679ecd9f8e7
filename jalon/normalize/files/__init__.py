"""What rows of files mean: what `jalon.normalize.shapes` says of records that own channels tell.

A row has been read by its template before: what is here is a record of a shape, whatever the file looked like. So the
same row in two files, or in a file and a later, longer one, is one record, and gives the same facts.
"""

from __future__ import annotations

from jalon.normalize.shapes import facts
from jalon.normalize.vocabulary import Context, Fact, Raw


def normalize(raw: Raw, context: Context) -> list[Fact]:
    """Return the facts in a row. Raises `Unfit`."""
    return facts(raw, context)
