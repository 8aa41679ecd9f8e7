"""From an expression to an engine's SQL."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ibis.backends.sql import compilers
from ibis.expr.operations import Node
from ibis.expr.types import Table


def sql_of(table: Table, dialect: str) -> str:
    """Return the SQL of an expression in a dialect of ibis."""
    return _translated(table.op(), dialect)


@lru_cache(maxsize=2048)
def _translated(expression: Node, dialect: str) -> str:
    """Translate an expression; a process that attributes again meets the same ones."""
    compiler = getattr(compilers, dialect).compiler
    tree = compiler.to_sqlglot(expression.to_expr())
    for node in tree.walk():
        _say_as_float(node)
    return str(tree.sql(dialect=compiler.dialect, copy=False))


def _say_as_float(literal: Any) -> None:
    """Write a fraction with an exponent: `8.64` is a decimal, of which each engine makes its own, `8.64e0` a float."""
    if literal.key == "literal" and not literal.is_string and "." in literal.this and "e" not in literal.this.lower():
        literal.set("this", f"{literal.this}e0")
