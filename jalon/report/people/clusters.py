"""Proposed personas: groups of buyers who are alike, found in the data and not declared by anybody.

k-means (Lloyd, IEEE Trans. Inf. Theory 28 (1982) 129-137) from the starts of k-means++ (Arthur and Vassilvitskii, SODA
2007) over features of mean 0 and deviation 1. How many groups there are is what the mean silhouette says (Rousseeuw,
J. Comput. Appl. Math. 20 (1987) 53-65); where that finds no structure, nothing is proposed. All chance is seeded.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jalon.report.people.fitting import Floats

MOST = 6
"""Groups that are tried at most."""
FEWEST_BUYERS = 50
LEAST_SILHOUETTE = 0.25
"""Below it there is no substantial structure (Kaufman and Rousseeuw, Finding Groups in Data, 1990)."""
SMALLEST = 5
LEAST_SHARE = 0.02
"""So many buyers, and so large a share of them, a group has at least."""
LEARNT_FROM = 10_000
JUDGED_BY = 1_500
_STARTS = 5
_ROUNDS = 100


class Groups(NamedTuple):
    """The group of each buyer, from 1, the largest first; empty where none were found, with the reason."""

    group: np.ndarray
    silhouette: float | None
    because: str = ""


def proposed(features: Floats) -> Groups:
    """Return the groups of buyers with these features, a row each. The order of rows decides who is learnt from."""
    none = np.zeros(0, np.int64)
    if len(features) < FEWEST_BUYERS:
        return Groups(none, None, f"{len(features)} buyers are known; {FEWEST_BUYERS} are needed")
    scaled = _standardised(features)
    sample = scaled[:LEARNT_FROM]
    found = [
        (_silhouette(sample[:JUDGED_BY], centres), centres) for centres in _tried(sample) if _large(sample, centres)
    ]
    best, centres = max(found, key=lambda each: each[0], default=(0.0, features))
    if best < LEAST_SILHOUETTE:
        return Groups(none, best, "buyers fall into no distinct groups")
    return Groups(_by_size(_nearest(scaled, centres)), best)


def _standardised(features: Floats) -> Floats:
    """Return features of mean 0 and deviation 1; what does not vary says nothing."""
    spread = features.std(axis=0)
    varies = spread > 0
    scaled: Floats = (features[:, varies] - features[:, varies].mean(axis=0)) / spread[varies]
    return scaled


def _large(sample: Floats, centres: Floats) -> bool:
    """Tell whether each group is large enough to be one: a few who are like nobody else are none."""
    sizes = np.bincount(_nearest(sample, centres), minlength=len(centres))
    return bool(sizes.min() >= max(SMALLEST, LEAST_SHARE * len(sample)))


def _tried(sample: Floats) -> list[Floats]:
    """Return the best centres for each number of groups."""
    kinds = len(np.unique(sample, axis=0)) if sample.size else 1
    return [_centres(sample, groups) for groups in range(2, min(MOST, kinds - 1) + 1)]


def _centres(sample: Floats, groups: int) -> Floats:
    chance = np.random.default_rng(groups)
    found = [_settled(sample, _start(sample, groups, chance)) for _ in range(_STARTS)]
    return min(found, key=lambda centres: float(_distances(sample, centres).min(axis=1).sum()))


def _start(sample: Floats, groups: int, chance: np.random.Generator) -> Floats:
    """Return first centres: each next one far from those before, by chance."""
    centres = sample[[chance.integers(len(sample))]]
    for _ in range(groups - 1):
        far = _distances(sample, centres).min(axis=1)
        following = chance.choice(len(sample), p=far / far.sum())
        centres = np.vstack([centres, sample[following]])
    return centres


def _settled(sample: Floats, centres: Floats) -> Floats:
    """Return the centres where moving them to the middle of their groups changes nothing more."""
    for _ in range(_ROUNDS):
        nearest = _nearest(sample, centres)
        sums = np.eye(len(centres))[nearest].T @ sample
        counts = np.bincount(nearest, minlength=len(centres))[:, None]
        moved = np.where(counts > 0, sums / np.maximum(counts, 1), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres


def _distances(points: Floats, centres: Floats) -> Floats:
    """Return the squared distances of points to centres."""
    squared = (points**2).sum(axis=1)[:, None] - 2 * points @ centres.T + (centres**2).sum(axis=1)
    distances: Floats = np.maximum(squared, 0)
    return distances


def _nearest(points: Floats, centres: Floats) -> np.ndarray:
    nearest: np.ndarray = _distances(points, centres).argmin(axis=1)
    return nearest


def _silhouette(points: Floats, centres: Floats) -> float:
    """Return the mean silhouette of points: how much nearer to their own group than to the next."""
    own = _nearest(points, centres)
    apart = np.sqrt(_distances(points, points))
    member = np.eye(len(centres))[own]
    sizes = member.sum(axis=0)
    to_group = apart @ member / np.maximum(sizes, 1)
    inside = (apart * (own[:, None] == own)).sum(axis=1) / np.maximum(sizes[own] - 1, 1)
    other = np.where((member > 0) | (sizes == 0), np.inf, to_group).min(axis=1)
    larger = np.maximum(inside, other)
    alone = (sizes[own] < 2) | ~np.isfinite(other) | (larger == 0)
    return float(np.where(alone, 0.0, (other - inside) / np.where(alone, 1, larger)).mean())


def _by_size(groups: np.ndarray) -> np.ndarray:
    """Number groups from 1, the largest first."""
    sizes = np.bincount(groups)
    rank = np.empty(len(sizes), np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(1, len(sizes) + 1)
    numbered: np.ndarray = rank[groups]
    return numbered
