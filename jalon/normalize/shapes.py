"""Which shape is read how: the table that files and the hook share."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jalon.normalize import form_events, form_sales
from jalon.normalize.forms import Form
from jalon.normalize.vocabulary import Context, Fact, Raw, Unfit

READERS: dict[str, Callable[[Form], Iterable[Fact]]] = {
    "orders": form_sales.order,
    "order_lines": form_sales.order_line,
    "refunds": form_sales.refund,
    "touchpoints": form_events.touchpoint,
    "figures": form_events.figures,
    "answers": form_events.answer,
    "transactions": form_sales.transaction,
    "contents": form_events.content,
    "products": form_events.product,
    "identities": form_events.identity,
}
"""Stream, which is the shape's name -> how its records are read."""


def facts(raw: Raw, context: Context) -> list[Fact]:
    """Return the facts in a record. Raises `Unfit` with a reason code, and never quotes the record."""
    read = READERS.get(raw.stream)
    if read is None:
        raise Unfit("unknown_stream", f"{raw.stream!r} is no shape of record")
    return list(read(Form(raw, context)))
