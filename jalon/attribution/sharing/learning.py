"""What orders teach whose content the platform names: how long a click takes to become an order, and how often."""

from __future__ import annotations

import numpy as np

from jalon.attribution.sharing.mixture import Clicks, Exposure, Floats, Named, Prior, exposure

RATIOS = tuple(step / 20 for step in range(20))
SHAPES = tuple(float(shape) for shape in np.geomspace(0.2, 20, 25))
UNTAUGHT = 0.5
"""Ratio of the delay where no order names its content: most orders come within two days."""
FEWEST = 3
"""Contents from which a prior can be learned."""


def learned_ratio(clicks: Clicks, named: Named, window: int, days: int) -> float:
    """Return the delay's ratio under which the days of the named orders are likeliest, given how many there are."""
    if not len(named.orders):
        return UNTAUGHT
    return max(RATIOS, key=lambda ratio: _days_likelihood(exposure(clicks, ratio, window, days), named, days))


def _days_likelihood(found: Exposure, named: Named, days: int) -> float:
    """Return the log likelihood of the days, conditional on each content's total: orders per click do not matter."""
    if not len(found.value):
        return 0.0
    products = 1 + int(max(found.product.max(), named.product.max()))
    keys = (found.content * products + found.product) * days + found.day
    wanted = (named.content * products + named.product) * days + named.day
    order = np.argsort(keys)
    place = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
    value = np.where(keys[place] == wanted, found.value[place], 0.0)
    total = found.by_content(int(max(found.content.max(), named.content.max())) + 1)
    share = np.maximum(value, 1e-9) / np.maximum(total[named.content], 1e-9)
    return float(np.sum(named.orders * np.log(share)))


def learned_prior(orders: Floats, exposed: Floats) -> Prior | None:
    """Return the prior of orders per click under which the contents' orders are likeliest (negative binomial).

    None where there is nothing to learn from.
    """
    kept = exposed > 0
    orders, exposed = orders[kept], exposed[kept]
    if len(orders) < FEWEST or orders.sum() <= 0:
        return None
    mean = float(orders.sum() / exposed.sum())
    priors = [Prior(shape, shape / mean) for shape in SHAPES]
    return max(priors, key=lambda prior: _counts_likelihood(prior, orders, exposed))


def _counts_likelihood(prior: Prior, orders: Floats, exposed: Floats) -> float:
    shape, rate = prior
    constant = _log_gamma(orders + shape) - _log_gamma(np.full(len(orders), shape))
    known = shape * np.log(rate / (rate + exposed)) + orders * np.log(exposed / (rate + exposed))
    return float(np.sum(constant + known))


def _log_gamma(x: Floats) -> Floats:
    """Return ln Γ(x) for x > 0, to ten digits: Stirling's series (DLMF 5.11.1) after a shift by eight."""
    y = x + 8
    series = 1 / (12 * y) - 1 / (360 * y**3) + 1 / (1260 * y**5)
    shift = sum(np.log(x + step) for step in range(8))
    return np.asarray((y - 0.5) * np.log(y) - y + 0.5 * np.log(2 * np.pi) + series - shift)
