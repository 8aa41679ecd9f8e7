"""How the figures were made, in words: the options of the attribution."""

from __future__ import annotations

from collections.abc import Iterator

from jalon.attribution.models import MODELS
from jalon.report.page.blocks.block import Row
from jalon.report.page.language import Language
from jalon.report.words import plain


def prepared(told: Row, say: Language) -> Row:
    """Return the sentences about windows and what is left out of journeys."""
    return {"window": " ".join(_sentences(told["card"], say))}


def _sentences(card: Row, say: Language) -> Iterator[str]:
    days = say.days(card["lookback_days"])
    if card["repeat"] == "restart":
        yield say._(
            "A journey holds what the buyer, or the order itself, is known to have met in the %(days)s before the "
            "order and after the buyer's previous order.",
            days=days,
        )
    else:
        yield say._(
            "A journey holds what the buyer, or the order itself, is known to have met in the %(days)s before the "
            "order.",
            days=days,
        )
    for what, own in card["lookback"].items():
        yield say._("%(what)s: %(days)s.", what=plain(what), days=say.days(own))
    for model, own in card["model_lookback"].items():
        yield say._("Under the model %(model)s: %(days)s.", model=say.known(MODELS[model].title), days=say.days(own))
    if card["skip"]:
        yield say._("Left out where there is anything else: %(what)s.", what=plain(", ".join(card["skip"])))
    if card["views"] == "exclude":
        yield say._("Views are left out.")
    elif card["views"] != "count":
        yield say._("A view weighs %(part)s of a click.", part=say.percent(card["views"]))
