"""Connected components of a graph given as pairs of names: who is one person under several identifiers.

Both forms give the same rows. The one over arrays is the quicker where the pairs fit into this process; the one in
rounds of joins and sums never leaves the engine.
"""

from __future__ import annotations

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.types import Table

from jalon.attribution.engine import Engine

COLUMNS = {"member": "string", "root": "string"}


def rooted(engine: Engine, pairs: Table) -> Table:
    """Return (member, root) for every name in the pairs (left, right), by the way that suits the engine."""
    if not engine.in_process:
        return components_in_rounds(engine, pairs)
    found = engine.rows(pairs)
    grouped = components(found["left"].combine_chunks(), found["right"].combine_chunks())
    return engine.take("roots", grouped, COLUMNS)


def components(left: pa.Array, right: pa.Array) -> pa.Table:
    """Return (member, root) for every name in the pairs `left[i]`-`right[i]`; the root is the first name of its
    component.

    Labels fall along the edges and along themselves (hooking and pointer jumping) until none changes, which takes about
    log(longest path) rounds of array arithmetic; after Shiloach and Vishkin, J. Algorithms 3 (1982) 57-67.
    """
    names = pc.unique(pa.concat_arrays([left, right]))
    names = names.take(pc.sort_indices(names))
    a = pc.index_in(left, names).to_numpy(zero_copy_only=False).astype(np.int64)
    b = pc.index_in(right, names).to_numpy(zero_copy_only=False).astype(np.int64)
    return pa.table({"member": names, "root": names.take(pa.array(_labels(a, b, len(names))))})


def _labels(a: np.ndarray, b: np.ndarray, size: int) -> np.ndarray:
    """Return for each node the smallest node of its component."""
    label = np.arange(size, dtype=np.int64)
    while True:
        low = np.minimum(label[a], label[b])
        before = label.copy()
        np.minimum.at(label, before[a], low)
        np.minimum.at(label, before[b], low)
        while not np.array_equal(label, label[label]):
            label = label[label]
        if np.array_equal(label, before):
            return label


def components_in_rounds(engine: Engine, pairs: Table) -> Table:
    """Return and keep (member, root) as `components` does, by the engine's own means.

    Each round hangs every name's greater neighbours, and then its smaller ones, on the smallest of them, until all
    hang on the roots themselves; about log(names) rounds: the alternating algorithm of Kiveris, Lattanzi, Mirrokni,
    Rastogi and Vassilvitskii, Connected Components in MapReduce and Beyond, SoCC 2014.
    """
    edges = engine.keep("hung", _downward(pairs.select("left", "right")))
    while not _all_on_roots(engine, edges):
        edges = engine.keep("hung", _on_smaller(_on_greater(edges)))
    roots = edges.select(member="low", root="low").union(edges.select(member="high", root="low")).distinct()
    return engine.keep("roots", roots)


def _downward(pairs: Table) -> Table:
    """Return the distinct edges from the greater name (`high`) to the smaller (`low`)."""
    apart = pairs.select(low=ibis.least(pairs.left, pairs.right), high=ibis.greatest(pairs.left, pairs.right))
    return apart.filter(apart.low != apart.high).distinct()


def _on_greater(edges: Table) -> Table:
    """Hang the greater neighbours of each name on the smallest of it and its neighbours ("large star")."""
    near = edges.select(name="high", other="low").union(edges.select(name="low", other="high"))
    least = ibis.least(near.name, near.other.min().over(group_by=near.name))
    hung = near.mutate(least=least)
    return hung.filter(hung.other > hung.name).select(low="least", high="other").distinct()


def _on_smaller(edges: Table) -> Table:
    """Hang each name and its smaller neighbours on the smallest of these ("small star")."""
    least = edges.low.min().over(group_by=edges.high)
    hung = edges.mutate(least=least)
    below = hung.filter(hung.low != hung.least)
    return hung.select(low="least", high="high").union(below.select(low="least", high="low")).distinct()


def _all_on_roots(engine: Engine, edges: Table) -> bool:
    """Return whether each name hangs on one other, and on one that hangs on none."""
    ways = edges.group_by("high").agg(ways=edges.count())
    crowded = ways.filter(ways.ways > 1).select("high")
    between = edges.select(high="low").semi_join(edges, "high")
    (left,) = engine.dicts(crowded.union(between).agg(left=lambda rows: rows.count()))
    return not left["left"]
