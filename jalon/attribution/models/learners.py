"""Models that weigh by what channels did in all journeys."""

from __future__ import annotations

from jalon.attribution import points
from jalon.attribution.models.card import Model

LEARNERS = (
    Model(
        "incremental",
        "Incremental",
        "Each touchpoint raises the rate of sales for a while, on top of what comes anyway; who comes by itself shows "
        "intent, and is not brought by that.",
        "the rate of sales is μ + Σ β ω exp(-ω age) at each moment; a touchpoint has its part of it at the sale, and "
        "a part of what later signs of intent have; the rest belongs to nobody",
        "the additive hazard of Zhang, Wei and Ren (ICDM 2014) and Ji and Wang (AAAI 2017), with a baseline",
        points.by_channel,
        learns=True,
        leaves=True,
        parameters=("prior_conversions", "model_error", "intent"),
    ),
    Model(
        "markov",
        "Markov",
        "A channel did as much as sales would be missing if whoever reaches it were lost.",
        "channels by their removal effect (s N)_c (N r)_c / (N_cc s N r), exact, from journeys with and without a "
        "sale; the touchpoints of a channel alike",
        "Anderl, Becker, von Wangenheim and Schumann, IJRM 33 (2016) 457-474",
        points.by_effect,
        learns=True,
        parameters=("markov_order", "markov_state"),
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
    Model(
        "shapley_counterfactual",
        "Shapley (counterfactual)",
        "A touchpoint earned its share of the sale, less what a quiet day at that stage of the journey earns: that "
        "much doing nothing would have brought.",
        "each sale alike over its distinct players, (stage, channel) and (stage, nothing), φ; then "
        "φ(s, c) - n(s, c) φ(s, nothing) / n(s, nothing), n moments of all journeys; the rest belongs to nobody",
        "Singal, Besbes, Désir, Goyal and Iyengar, Management Science 68 (2022) 7457-7479; stages and quiet days "
        "stand for their states and moments without action",
        points.by_channel,
        learns=True,
        leaves=True,
    ),
    Model(
        "shapley_noisy_or",
        "Shapley (noisy-or)",
        "Each channel brings the sale with a chance of its own, whatever the others do; what several would have "
        "brought they share.",
        "channels by p_c times the integral from 0 to 1 of Π (1 - t p_j) over the journey's other channels, "
        "p the likeliest chances by all journeys, beside a leak that needs none; the touchpoints of a channel alike",
        "Shapley 1953 in the multilinear form of Owen 1972, of the noisy-or of Pearl 1988",
        points.by_effect,
        learns=True,
        parameters=("prior_journeys",),
    ),
    Model(
        "shao_li",
        "Probabilistic (pairs)",
        "A channel did what it adds to the chance of a sale, alone and beside each one other channel.",
        "channels by p_c + Σ (p_cj - p_c - p_j) / (2 (n - 1)) over the journey's other channels j, p the rates of the "
        "journeys that met them; values below zero count as zero; the touchpoints of a channel alike",
        "Shao and Li, KDD 2011",
        points.by_effect,
        learns=True,
        parameters=("prior_journeys",),
    ),
    Model(
        "logistic",
        "Logistic (bagged)",
        "A channel did as much as it raises the log-odds of a sale, the others being what they are.",
        "channels by their mean coefficient over many regressions on drawn journeys and channels; below zero counts as "
        "zero; the touchpoints of a channel alike",
        "Shao and Li, KDD 2011; bagging after Breiman 1996",
        points.by_effect,
        learns=True,
    ),
)
