"""What a run of the attribution engine may be told, with the defaults that it uses when told nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from jalon.attribution import numbers
from jalon.attribution.codes import MAX_ORDER
from jalon.attribution.effects.states import STATES
from jalon.attribution.holdouts import Holdout, read
from jalon.attribution.models import MODELS, USUAL
from jalon.attribution.numbers import Span
from jalon.attribution.patterns import check
from jalon.attribution.points import PLACES
from jalon.attribution.stages import STAGES, UNKNOWN
from jalon.errors import ConfigError
from jalon.normalize.times import DAY
from jalon.normalize.vocabulary import TouchKind

NOT_CREDITED = ("purchase", "delivery", "return_requested", "refund")
"""Kinds of touchpoint that follow from a sale, so that they cannot have led to it."""
INTENT = ("add_to_cart", "checkout", "live_cart", "direct", "brand_search")
"""Patterns of touchpoints by which people show that they are about to buy."""
FIRST_PURCHASE = "first_purchase"
"""Conversion: a sale to somebody to whom none is known before."""

Engines = Literal["duckdb", "spark"]
BESIDE = {"memory_limit", "threads", "temp_folder", "spark", "spark_master"}
"""Options that decide where and how fast, and about no row."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to attribute. All times of the data are microseconds since the epoch, UTC."""

    as_of: int | None = None
    """Only what had been observed at this instant; None: everything."""
    lookback_days: float = 30
    """How long before an order its touchpoints may lie."""
    lookback: Mapping[str, float] = field(default_factory=dict)
    """Pattern (`patterns`) -> days, in place of `lookback_days` for touchpoints that fit it; the first that fits."""
    model_lookback: Mapping[str, float] = field(default_factory=dict)
    """Model -> days, in place of `lookback_days` under that model; `lookback` holds where it is shorter."""
    views: Literal["count", "exclude"] | float = "count"
    """What views weigh: as much as others, nothing at all (they are on no journey), or so much of a click."""
    skip: Sequence[str] = ()
    """Patterns of touchpoints that are left out of journeys that have others, such as `direct`."""
    conversions: Sequence[str] = ("order",)
    """What is credited: orders always; beside them `first_purchase`, or touchpoints of a kind, such as `sign_up`."""
    conversion_values: Mapping[str, float] = field(default_factory=dict)
    """What a conversion that is no order is worth, in no currency; without it, nothing: it is only counted."""
    clock_skew_seconds: float = 10
    """So long after its order a touchpoint that is stated to belong to it may be dated, since clocks differ."""
    same_visit_minutes: float = 30
    """A visit that an order states, and another source tells of the person within so long, is one visit; 0: is two."""
    repeat: Literal["restart", "continue"] = "restart"
    """`restart`: the journey to an order begins after the person's previous sale, so that a touchpoint leads to one
    sale at most, beside the one that a platform states it to belong to. `continue`: every order looks back over its
    whole window."""
    models: Sequence[str] = USUAL
    half_life_days: float = 7
    """After this time a touchpoint weighs half, in the model `time_decay`."""
    markov_order: int | Literal["auto"] = 1
    """How many states back the model `markov` looks; `auto`: as many as tell most of ways it has not seen."""
    markov_state: Literal["channel", "stage", "stage_channel", "content_group"] = "channel"
    """What the states of the model `markov` are: see `effects.states`."""
    prior_journeys: float = 10
    """For so many journeys the prior counts in the models `shapley_rate`, `shapley_noisy_or` and `shao_li`."""
    prior_conversions: float = 5
    """By so many conversions of the mean channel each channel is known beforehand, and by less where channels turn out
    unlike, in the model `incremental`."""
    model_error: float = 0.08
    """By so much of it an effect may be off, as a standard deviation, since the world is of another form than the model
    `incremental`: its intervals take that in beside chance."""
    intent: Sequence[str] = INTENT
    """Patterns of touchpoints that show that somebody is about to buy and bring no sale, in the model `incremental`."""
    holdouts: Sequence[Mapping[str, Any] | Holdout] = ()
    """What hold-out tests found, by which every model is calibrated; rows as `holdouts` describes them."""
    custom: Sequence[float] | Mapping[str, float] | None = None
    """Weights of the model `custom`: three numbers (first step, those between together, last), or stage -> weight."""
    max_touches: int = 100
    """Of longer journeys only the latest touchpoints are kept; `Result.touches_cut` says how many were not."""
    max_links: int = 50
    """An identifier that is linked with more others than this is shared by many persons, and joins none."""
    max_buyers: int = 3
    """So is one that is linked with more buyers of one shop than this."""
    max_person: int = 500
    """A person of more identifiers than this is taken apart at its weakest links."""
    copy_hours: float = 48
    """How far apart a sale and its copy in another shop may have been placed, where no id tells that they are one."""
    share_out: bool = True
    """Whether orders without a path are shared out over the content that could have led to them, and visits that name
    only their network are traced to content: both as modelled credit."""
    not_credited: Sequence[str] = NOT_CREDITED
    stage_rules: Sequence[Mapping[str, Any]] | None = None
    """Replaces the rule table of `stages`; rows as its `Rule`."""
    engine: Engines = "duckdb"
    """What computes: DuckDB inside this process, or Spark (`pip install 'jalon[spark]'`)."""
    spark_master: str = "local[*]"
    """Where Spark runs: `local[cores]`, or the address of a cluster, such as `spark://host:7077`."""
    spark: Mapping[str, Any] = field(default_factory=dict)
    """Further settings of Spark by their names without the leading `spark.`, such as `driver.memory`, or nested."""
    memory_limit: str | None = None
    """Memory that DuckDB may use, such as 4GB; None: a quarter of the machine's, at least 1 GB."""
    threads: int | None = None
    temp_folder: Path | None = field(default=None)
    """Where what does not fit into memory goes; None: the system's temporary folder."""

    def __post_init__(self) -> None:
        for name, span in _NUMBERS.items():
            if not (name in _MAY_BE_NONE and getattr(self, name) is None):
                numbers.check(name, getattr(self, name), span)
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise ConfigError(
                    f"there is no {name} {getattr(self, name)!r}", f"Known are: {', '.join(map(str, words))}."
                )
        self._check_shapes()
        self._check_models()
        self._check_journeys()
        self._check_conversions()
        self._check_places()

    def _check_shapes(self) -> None:
        for name in ("lookback", "model_lookback", "conversion_values", "spark"):
            if not isinstance(getattr(self, name), Mapping):
                raise ConfigError(f"{name} = {getattr(self, name)!r} is no table", f"Write {name} = {{...: ...}}.")
        for name in ("conversions", "models", "not_credited"):
            given = getattr(self, name)
            if isinstance(given, str) or not all(isinstance(word, str) for word in _each(given)):
                raise ConfigError(f"{name} = {given!r} is no list of words", f'Write {name} = ["...", "..."].')

    def _check_models(self) -> None:
        unknown = sorted(set(self.models) - set(MODELS))
        if unknown or not self.models:
            known = ", ".join(MODELS)
            raise ConfigError(
                f"no attribution model is called {', '.join(unknown) or 'nothing'}", f"Known are: {known}."
            )
        if self.markov_order not in ("auto", *range(1, MAX_ORDER + 1)):
            raise ConfigError(
                f"markov_order = {self.markov_order!r} is no order", f"Give a number from 1 to {MAX_ORDER}, or auto."
            )
        if self.markov_state not in STATES:
            raise ConfigError(f"markov_state = {self.markov_state!r} is no state", f"Give one of {', '.join(STATES)}.")
        if self.custom is not None or "custom" in self.models:
            self._check_custom()
        if "custom" not in self.models and self.custom is not None:
            raise ConfigError(
                "custom would change nothing, since models names no custom", 'Add "custom" to models, or leave it out.'
            )

    def _check_places(self) -> None:
        """Check where and how fast; a folder may be told as text."""
        limit, folder = self.memory_limit, self.temp_folder
        if limit is not None and not (isinstance(limit, str) and _MEMORY.fullmatch(limit)):
            raise ConfigError(f"memory_limit = {limit!r} is no amount of memory", "Write it as 4GB or 500MB.")
        if folder is not None and not isinstance(folder, (str, Path)):
            raise ConfigError(f"temp_folder = {folder!r} is no folder", "Give the path of one.")
        if folder is not None:
            object.__setattr__(self, "temp_folder", Path(folder))

    def _check_conversions(self) -> None:
        known = ("order", FIRST_PURCHASE, *(kind for kind in get_args(TouchKind) if kind not in self.not_credited))
        if strange := sorted(set(self.conversions) - set(known)):
            raise ConfigError(f"no conversion is called {', '.join(strange)}", f"Known are: {', '.join(known)}.")
        for name, worth in self.conversion_values.items():
            named = name != "order" and name in self.conversions
            if not (named and numbers.number(worth) and 0 <= worth < 10**9):
                raise ConfigError(
                    f"conversion_values: {name} = {worth!r} is the value of no conversion",
                    "Name one of `conversions`, but not order, with a number that is not below zero.",
                )

    def _check_journeys(self) -> None:
        check(self.lookback, "lookback")
        check(self.skip, "skip")
        check(self.intent, "intent")
        read(self.holdouts)
        known = {"lookback": self.lookback, "model_lookback": self.model_lookback}
        for name, days in ((f"{setting} of {key}", days) for setting in known for key, days in known[setting].items()):
            numbers.check(name, days, _NUMBERS["lookback_days"])
        if strange := sorted(set(self.model_lookback) - set(MODELS)):
            raise ConfigError(
                f"model_lookback names {', '.join(strange)}, which is no model", f"Known are: {', '.join(MODELS)}."
            )
        if self.views not in ("count", "exclude") and not (numbers.number(self.views) and 0.001 <= self.views <= 1):
            raise ConfigError(
                f"views = {self.views!r} is no weight", "Give count, exclude, or a number from 0.001 to 1."
            )

    def _check_custom(self) -> None:
        by_stage = isinstance(self.custom, Mapping) and set(self.custom) <= {*STAGES, UNKNOWN}
        by_place = isinstance(self.custom, (list, tuple)) and len(self.custom) == len(PLACES)
        weights = list(self.weights.values()) if by_stage or by_place else []
        if not all(numbers.number(w) and w >= 0 for w in weights) or not any(weights):
            raise ConfigError(
                f"custom = {self.custom!r} are no weights",
                "Give three numbers (first step, those between together, last), or a weight for each of some stages of "
                f"{', '.join(STAGES)}; none below zero, not all zero.",
            )

    @classmethod
    def names(cls) -> set[str]:
        """Return the names of all options."""
        return {each.name for each in fields(cls)}

    def of_models(self, models: Sequence[str]) -> Options:
        """Return what some of the models are told, without the weights of `custom` where it is not among them."""
        return replace(self, models=models, custom=self.custom if "custom" in models else None)

    @property
    def weights(self) -> Mapping[str, float]:
        """The weights of the model `custom`, by place or stage."""
        return self.custom if isinstance(self.custom, Mapping) else dict(zip(PLACES, self.custom or (), strict=False))

    def decisive(self) -> dict[str, Any]:
        """Return every option that decides about rows, as data for JSON; of patterns the first that fits decides, so
        that their order tells too."""
        found = {name: getattr(self, name) for name in sorted(self.names() - BESIDE)}
        told = {name: dict(value) if isinstance(value, Mapping) else value for name, value in found.items()}
        rules = "default" if self.stage_rules is None else [dict(rule) for rule in self.stage_rules]
        return {**told, "custom": dict(self.weights) or None, "stage_rules": rules}

    def parameters(self, model: str) -> Mapping[str, Any]:
        """Return what a model is told."""
        if model == "custom":
            return self.weights
        return {name: getattr(self, name) for name in MODELS[model].parameters}

    @property
    def window(self) -> int:
        """The look-back window in microseconds."""
        return round(self.lookback_days * DAY)

    @property
    def conversion_kinds(self) -> list[str]:
        """The conversions that are kinds of touchpoint."""
        return [name for name in self.conversions if name not in ("order", FIRST_PURCHASE)]

    def worth(self, conversion: str) -> int:
        """Return what a conversion is worth, in hundredths."""
        return round(self.conversion_values.get(conversion, 0) * 100)

    @property
    def widest(self) -> int:
        """The widest look-back window of all models, in microseconds."""
        own = [days for name, days in self.model_lookback.items() if name in self.models]
        return round(max(self.lookback_days, *own, 0) * DAY)


_EVER = 36_525
"""Days of a hundred years."""
_MANY = 10**9
_NUMBERS = {
    "as_of": Span(-(2**62), 2**62, whole=True),
    "lookback_days": Span(0, _EVER, above=True),
    "clock_skew_seconds": Span(0, 86_400),
    "same_visit_minutes": Span(0, 1440),
    "half_life_days": Span(0, _EVER, above=True),
    "prior_journeys": Span(0, _MANY, above=True),
    "prior_conversions": Span(0, _MANY, above=True),
    "model_error": Span(0, 0.999),
    "max_touches": Span(1, _MANY, whole=True),
    "max_links": Span(1, _MANY, whole=True),
    "max_buyers": Span(1, _MANY, whole=True),
    "max_person": Span(1, _MANY, whole=True),
    "copy_hours": Span(0, _EVER * 24),
    "threads": Span(1, 1024, whole=True),
}
_MAY_BE_NONE = ("as_of", "threads")
_WORDS: dict[str, tuple[Any, ...]] = {
    "engine": get_args(Engines),
    "repeat": ("restart", "continue"),
    "share_out": (True, False),
}
_MEMORY = re.compile(r"[0-9]+(\.[0-9]+)? ?([KMGT]i?)?B", re.IGNORECASE)


def _each(given: Any) -> Iterable[Any]:
    """Return what is in a list of any kind; of what is none, something that is no word."""
    return given if isinstance(given, Iterable) else (None,)
