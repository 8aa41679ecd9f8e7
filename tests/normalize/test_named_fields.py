"""What a row's maker does not name is not told: that nothing is left out by mistake, over all normalizers."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import jalon.normalize
from jalon import registry
from jalon.normalize.vocabulary import HEADER, KINDS
from jalon.testing.samples import NAMES
from tests import golden

MODULES = sorted(Path(jalon.normalize.__file__).parent.rglob("*.py"))
JUDGED = frozenset({"evidence", "selling_mode"})
"""Fields whose default is a word, which says something: each normalizer has to choose its own."""


def makers(module: Path) -> Iterator[tuple[str, int, set[str]]]:
    """Yield each row that is made in a module: its name, the line, and the fields that it is given."""
    rows = {row.__name__: row for row in KINDS.values()}
    tree = ast.parse(module.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in rows:
            placed = sum(places(argument, tree) for argument in node.args)
            named = {keyword.arg for keyword in node.keywords if keyword.arg}
            yield node.func.id, node.lineno, {*rows[node.func.id]._fields[:placed], *named}


def places(argument: ast.expr, tree: ast.Module) -> int:
    """Return how many fields an argument fills: one, a constant's length, or a header."""
    if not isinstance(argument, ast.Starred):
        return 1
    constants = {
        ast.unparse(node.targets[0]): len(node.value.elts)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)
    }
    return constants.get(ast.unparse(argument.value), len(HEADER))


def test_whatever_makes_a_row_chooses_its_words() -> None:
    judged = {row.__name__: JUDGED & set(row._fields) for row in KINDS.values()}
    lacking = [
        f"{module.name}:{line}: {name} without {field}"
        for module in MODULES
        for name, line, given in makers(module)
        for field in judged[name] - given
    ]
    assert not lacking


def test_each_field_that_may_be_left_out_is_told_by_a_sample() -> None:
    rows = {NAMES[row]: row for row in KINDS.values()}
    facts = [
        fact
        for name in registry.names()
        for sample in golden.samples(name)
        for fact in json.loads(sample.facts.read_text())
        if fact.get("fact") in rows
    ]
    told = {
        (fact["fact"], field)
        for fact in facts
        for field, default in rows[fact["fact"]]._field_defaults.items()
        if fact[field] != (list(default) if isinstance(default, tuple) else default)
    }
    may_lack = {(name, field) for name, row in rows.items() for field in row._field_defaults if field != "removed"}
    assert may_lack - told == set()
