"""How sure a credited figure is: 90 % intervals from sums by person group.

A figure is a sum over persons, of whom the next ones will be others. Persons fall into 256 groups by chance alone, so
that the sums of the groups differ as sums of other persons would, and tell the variance of the whole: v = 256/255
(Σ x² - y²/256), x the groups' sums and y the figure. It is what resampling the groups would find if it went on for
ever, without its noise and at the cost of one more group-by.

Where no group is below zero the lower end is Jeffreys' for a count of y²/v, each worth v/y (scaled Poisson: Bohm and
Zech, Nucl. Instrum. Methods A 748 (2014) 1-6), and the upper end asks what if one more of the greatest kind m had come,
as Fay and Feuer do (Statistics in Medicine 16 (1997) 791-801): quantiles of gamma distributions of mean y + v/2y and
variance v + v²/2y², and of mean y + m and variance v + m². m is what the greatest group has beyond the mean of them.
Small counts and purses of unlike size are skewed, which the normal y ± 1.645 √v does not know; it is taken where groups
are against each other's sign (refunds above the order).
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis.expr.types import Table

from jalon.attribution.groups import GROUPS

LEVEL = 0.9
NORMAL = 1.6448536269514722
"""Quantile of the normal distribution: between it and its opposite lies `LEVEL`."""
_EXACT = "decimal(19, 0)"
_SPREAD = ("squares", "least", "most")


def sums(rows: Table, keys: Sequence[str], figures: Sequence[str]) -> Table:
    """Return per `keys` what each figure sums to, and how the groups of `person_group` spread.

    Figures are whole numbers. Columns of a figure x: `x`, `x_squares` (exact), `x_least` and `x_most`.
    """
    in_groups = rows.group_by(*keys, "person_group").agg(**{name: rows[name].sum().cast("int64") for name in figures})
    found: dict[str, ibis.Value] = {}
    for name in figures:
        own = in_groups[name]
        exact = own.cast(_EXACT)
        spread = {"": own.sum(), "_squares": (exact * exact).sum(), "_least": own.min(), "_most": own.max()}
        found |= {f"{name}{what}": value for what, value in spread.items()}
    return in_groups.group_by(*keys).agg(**found)


def with_interval(table: Table, name: str, further: tuple[ibis.Value, ibis.Value] | None = None) -> Table:
    """Put `<name>_low` and `<name>_high` in the place of the spread that `sums` told; floats, in units of the figure.

    `further` are the squares of how far down and up another thing reaches that is unsure by itself, such as a split
    that is only likely. Both are joined as Zou and Donner do (Statistics in Medicine 27 (2008) 1693-1702): distances to
    the ends add like deviations, each side by itself.
    """
    columns = {"whole": name, **{what: f"{name}_{what}" for what in _SPREAD}}
    # Each step is a column of its own, since an expression writes what it is made of as often as it names it.
    spread = {f"{step}_": table[column].cast("float64") for step, column in columns.items()}
    down, up = further or (None, None)
    ends = _with_ends(table.mutate(**spread, **({} if further is None else {"down_": down, "up_": up})))
    low, high = ends.low_, ends.high_
    if further is not None:
        far = ends.whole_ - ((ends.whole_ - low) * (ends.whole_ - low) + ends.down_).sqrt()
        low = ibis.ifelse(ends.least_ >= 0, ibis.greatest(far, 0.0), far)
        high = ends.whole_ + ((high - ends.whole_) * (high - ends.whole_) + ends.up_).sqrt()
    rest = [column for column in table.columns if column not in columns.values() or column == name]
    return ends.select(*rest, **{f"{name}_low": low, f"{name}_high": high})


def _with_ends(table: Table) -> Table:
    """Add `low_` and `high_`, the ends of the interval of `whole_`; floats, as are the columns of `_SPREAD`."""
    squares = table.squares_ - table.whole_ * table.whole_ / GROUPS
    table = table.mutate(variance_=ibis.greatest(squares, 0.0) * GROUPS / (GROUPS - 1))
    table = table.mutate(skewed_=(table.least_ >= 0) & (table.whole_ > 0) & (table.variance_ > 0))
    table = table.mutate(
        mean_=ibis.ifelse(table.skewed_, table.whole_, 1.0), spread_=ibis.ifelse(table.skewed_, table.variance_, 1.0)
    )
    table = table.mutate(
        half_=table.spread_ / table.mean_ / 2, more_=ibis.greatest(table.most_ - table.mean_ / GROUPS, 0.0)
    )
    low = _gamma(table.mean_ + table.half_, table.spread_ + 2 * table.half_ * table.half_, -NORMAL)
    high = _gamma(table.mean_ + table.more_, table.spread_ + table.more_ * table.more_, NORMAL)
    reach = NORMAL * table.variance_.sqrt()
    return table.mutate(
        low_=ibis.ifelse(table.skewed_, low, table.whole_ - reach),
        high_=ibis.ifelse(table.skewed_, high, table.whole_ + reach),
    )


def _gamma(mean: ibis.Value, variance: ibis.Value, z: float) -> ibis.Value:
    """Return the quantile of a gamma distribution that is z of the normal one (Wilson and Hilferty 1931)."""
    share = variance / (9 * mean * mean)
    return mean * (1 - share + z * share.sqrt()) ** 3
