"""Where two models disagree (`jalon.attribution.compare`), as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from jalon.report.explanation.wording import Row, columns, cut, in_money
from jalon.report.words import count, orders, percent, plain

WIDTH = 100
LISTED = 15
"""Values that are listed, those that differ most."""
_STEPS = 6
"""Of longer journeys only the ends are told."""


def lines(compared: Row) -> Iterator[str]:
    """Yield where two models disagree and why, as lines."""
    first, second = compared["models"]
    for model in compared["models"]:
        yield from wrap(f"{model['title']} ({model['name']}): {model['assumes']}", WIDTH, subsequent_indent="  ")
        if because := model["not_learnt"]:
            said = f"It could learn nothing here, and credits nobody: {because}."
            yield from wrap(said, WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield ""
    yield from _agreement(compared)
    for currency in compared["currencies"]:
        yield ""
        yield from _currency(currency, compared["by"], first["name"], second["name"])


def _agreement(compared: Row) -> Iterator[str]:
    counts = compared["orders"]
    if not counts["all"]:
        yield "No order is credited yet."
        return
    share = percent(counts["agree"] / counts["all"])
    yield f"Of {orders(counts['all'])} the two agree entirely on {count(counts['agree'])} ({share})."
    if counts["within"]:
        yield f"On {count(counts['within'])} they disagree only within one {compared['by']}, which moves nothing below."


def _currency(moves: Row, by: str, first: str, second: str) -> Iterator[str]:
    code = moves["currency"]
    if not moves["moved"]:
        yield f"In {code} nothing lies elsewhere under {second} than under {first}."
        return
    moved, net = (in_money({"currency": code, "x": moves[name]}, "x") for name in ("moved", "net"))
    share = percent(moves["moved"] / moves["net"] if moves["net"] > 0 else None)
    yield f"{moved} of {net} net revenue lie elsewhere under {second} than under {first} ({share})"
    rows = [_row(row, code) for row in moves["values"][:LISTED]]
    yield from columns((by, first, second, "difference", "", "orders"), rows, (1, 2, 3, 4, 5))
    if (more := len(moves["values"]) - LISTED) > 0:
        yield f"  and {more} more with smaller differences"
    for row in moves["values"]:
        yield from _why(row, code, second)


def _row(row: Row, code: str) -> list[str]:
    amounts = [in_money({**row, "currency": code}, name) for name in ("a", "b", "difference")]
    share = f"{row['difference'] / row['a']:+.0%}" if row["a"] > 0 and row["difference"] else ""
    return [_name(row), *amounts, share, count(row["orders"])]


def _name(row: Row) -> str:
    if row["value"] is None:
        return "(nobody)"
    return cut(row["title"] or row["value"], 32) or "(none named)"


def _why(row: Row, code: str, second: str) -> Iterator[str]:
    """Say which journeys make the difference of a value."""
    if not row["patterns"]:
        return
    yield ""
    yield f"  Why {_name(row)} has {'more' if row['difference'] > 0 else 'less'} under {second}:"
    for pattern in row["patterns"]:
        amount = in_money({**pattern, "currency": code}, "difference")
        yield f"    {_pattern(pattern)}: {orders(pattern['orders'])}, {amount}"
    for example in row["examples"]:
        amounts = [in_money({**example, "currency": code}, name) for name in ("a", "b")]
        yield f"    e.g. {cut(example['order_uid'], 40)}: {amounts[0]} → {amounts[1]}"
        yield f"         {_path(example['path'])}"


def _pattern(pattern: Row) -> str:
    if pattern["begins"] is None:
        return "orders without a journey"
    if pattern["single"]:
        return f"journeys that are one step, {plain(pattern['begins'])}"
    return f"journeys that begin with {plain(pattern['begins'])} and end with {plain(pattern['ends'])}"


def _path(path: list[str]) -> str:
    steps = [plain(step) for step in path]
    if len(steps) > _STEPS:
        steps = [*steps[:3], f"({len(steps) - _STEPS} more)", *steps[-3:]]
    return " → ".join(steps) or "no journey"
