"""Connected components of a graph given as pairs of names: who is one person under several identifiers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


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
