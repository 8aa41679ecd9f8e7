"""Stages: where on the way to a purchase, and after it, a touchpoint stands, by a table of rules that can be replaced.

The stage depends on what happened and on whom it happened to: a tag click of someone who already bought is loyalty.
The rules are tried in order and the first that fits decides; its id is kept with the touchpoint, so that it can be
explained.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args

import ibis
from ibis.expr.types import Table

from jalon.errors import ConfigError
from jalon.normalize.vocabulary import TouchKind

STAGES = ("awareness", "discovery", "consideration", "decision", "purchase", "service", "loyalty", "advocacy")
"""The canonical stages, in order."""
UNKNOWN = "unknown"
"""Stage and rule of a touchpoint that no rule fits."""


class Rule(NamedTuple):
    """A row of the rule table. None in a condition: it does not matter."""

    id: str
    stage: str
    kinds: tuple[str, ...]
    """Kinds of touchpoint (`TouchKind`) that the rule is about; empty: all."""
    customer: bool | None = None
    """Whether the person had bought before."""
    known: bool | None = None
    """Whether anything was known of the person before."""
    channels: tuple[str, ...] = ()
    """Channels that the rule is about; empty: all."""


VIEWS = ("impression", "view", "live_view")
"""Kinds of touchpoint of somebody who only saw something."""
_VISITS = ("engagement", "profile_visit", "visit", "search_click", "ad_click", "content_click")
_INTEREST = ("tag_click", "product_view", "save", "question", "sign_up")
AFTER_SALES = ("delivery", "support", "return_requested", "refund", "survey")
"""Kinds of touchpoint that come of a sale. Some sources tell of them, others do not."""

RULES: tuple[Rule, ...] = (
    Rule("repeat-purchase", "loyalty", ("purchase",), customer=True),
    Rule("first-purchase", "purchase", ("purchase",)),
    Rule("after-sales", "service", AFTER_SALES),
    Rule("recommends", "advocacy", ("review", "share", "referral")),
    Rule("customer-asks", "service", ("chat",), customer=True),
    Rule("about-to-buy", "decision", ("add_to_cart", "checkout", "offer_used", "live_cart", "chat")),
    Rule("customer-returns", "loyalty", (*VIEWS, *_VISITS, *_INTEREST, "newsletter"), customer=True),
    Rule("interest", "consideration", (*_INTEREST, "newsletter")),
    Rule("visit", "discovery", _VISITS),
    Rule("seen-again", "discovery", VIEWS, known=True),
    Rule("first-seen", "awareness", VIEWS),
)
"""The default rules, after the stages' typical touchpoints: newsletter engagement and what a customer comes back for is
loyalty; a cart is a decision whoever fills it; a view is awareness as long as nothing else is known of the person."""


def read_rules(rows: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Return rules given as plain mappings. Raises `ConfigError` that names the rule and what is wrong with it."""
    rules = tuple(_read_rule(number, row) for number, row in enumerate(rows, start=1))
    if not rules:
        raise ConfigError(
            "the table of stage rules is empty", "Give at least one rule, or leave the table out to use the default."
        )
    return rules


def _read_rule(number: int, row: Mapping[str, Any]) -> Rule:
    name = f"stage rule {number} ({row.get('id', 'without id')!s:.40})"
    unknown = sorted(set(row) - set(Rule._fields))
    if unknown or not {"id", "stage"} <= set(row):
        raise ConfigError(
            f"{name} has not the fields of a rule",
            f"A rule has id and stage, and may have {', '.join(Rule._fields[2:])}.",
        )
    if row["stage"] not in STAGES:
        raise ConfigError(
            f"{name} leads to the stage {row['stage']!r}, which does not exist", f"Stages are {', '.join(STAGES)}."
        )
    kinds = tuple(row.get("kinds", ()))
    strange = sorted(set(kinds) - set(get_args(TouchKind)))
    if strange:
        raise ConfigError(
            f"{name} is about kinds that do not exist: {', '.join(strange)}",
            f"Kinds are {', '.join(get_args(TouchKind))}.",
        )
    return Rule(
        str(row["id"]), row["stage"], kinds, row.get("customer"), row.get("known"), tuple(row.get("channels", ()))
    )


def with_stage(touches: Table, rules: Iterable[Rule] = RULES) -> Table:
    """Add `stage_rule` and `stage` to touchpoints that have `kind`, `channel`, `is_customer` and `is_known`."""
    rules = tuple(rules)
    fits = [(_fits(touches, rule), rule.id) for rule in rules]
    staged = touches.mutate(stage_rule=ibis.cases(*fits, else_=UNKNOWN))
    return staged.mutate(
        stage=ibis.cases(*[(staged.stage_rule == rule.id, rule.stage) for rule in rules], else_=UNKNOWN)
    )


def _fits(touches: Table, rule: Rule) -> ibis.Value:
    """Return the condition of a rule."""
    conditions = [ibis.literal(True)]
    if rule.kinds:
        conditions.append(touches.kind.isin(rule.kinds))
    if rule.customer is not None:
        conditions.append(touches.is_customer == rule.customer)
    if rule.known is not None:
        conditions.append(touches.is_known == rule.known)
    if rule.channels:
        conditions.append(touches.channel.isin(rule.channels))
    return ibis.and_(*conditions)
