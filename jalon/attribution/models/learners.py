"""Models that weigh by what channels did in all journeys."""

from __future__ import annotations

from jalon.attribution import points
from jalon.attribution.models.card import Model

LEARNERS = (
    Model(
        "markov",
        "Markov",
        "A channel did as much as sales would be missing if whoever reaches it were lost.",
        "channels by their removal effect (s N)_c (N r)_c / (N_cc s N r), exact, from journeys with and without a "
        "sale; the touchpoints of a channel alike",
        "Anderl, Becker, von Wangenheim and Schumann, IJRM 33 (2016) 457-474",
        points.by_effect,
        learns=True,
        parameters=("markov_order",),
    ),
    Model(
        "shapley_rate",
        "Shapley (rates)",
        "A channel did as much as it lifts, on average over the channels met before it, the share of journeys that "
        "lead to a sale.",
        "channels by Σ D(T)/|T| over the sets T with it, D the dividends of v(S), the rate of journeys that met "
        "none but S; values below zero count as zero; the touchpoints of a channel alike",
        "Shapley 1953; dividends after Harsanyi 1959",
        points.by_effect,
        learns=True,
        parameters=("prior_journeys",),
    ),
)
