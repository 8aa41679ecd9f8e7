"""An explanation (`jalon.attribution.explain`) as text for a terminal, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jalon.report.explanation import changes, contents, customers, orders
from jalon.report.explanation.wording import Row

_LINES: dict[str, Callable[[Row], Iterator[str]]] = {
    "order": orders.lines,
    "content": contents.lines,
    "creator": contents.lines,
    "customer": customers.lines,
}
"""What was explained -> what words it."""


def lines(told: Row) -> Iterator[str]:
    """Yield what decided about the credit of something, as lines."""
    yield from _LINES[told["kind"]](told)
    if "since" in told:
        yield from changes.lines(told["since"], told["model"])
