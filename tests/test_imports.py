"""How the modules import each other; which room may import which is told to import-linter, which brings grimp along."""

from __future__ import annotations

from graphlib import TopologicalSorter

import grimp


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports for types alone and those inside functions count too: a circle of them is a definition out of place."""
    graph = grimp.build_graph("jalon", cache_dir=None)
    TopologicalSorter({name: graph.find_modules_directly_imported_by(name) for name in graph.modules}).prepare()
