"""The tables of jalon.toml that jalon itself has, as data: each key, its type, its default, what it means.

Tables of sources, deliveries and personas stand beside what they are for. docs/configuration.md is written from these.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from jalon.report.people.settings import Targets

_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?", re.IGNORECASE)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class Main(_Table):
    """`[jalon]`."""

    store: Path = Path("data")
    """Folder of the store, relative to jalon.toml."""
    key: SecretStr | None = None
    """The installation key; default: the file jalon.key beside jalon.toml."""
    public_url: str | None = None
    """https address under which `jalon serve` is reached from outside; with it, webhooks are subscribed by `sync`."""

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        if url and not _ADDRESS.fullmatch(url):
            raise ValueError("must be an address such as https://hooks.example.com, with no ? and # behind it")
        return url or None


class Serve(_Table):
    """`[serve]`."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8737
    """0: any free one."""
    metrics_port: Annotated[int, Field(ge=0, le=65535)] | None = 8738
    """Loopback port of /metrics; 0: any free one."""
    max_body: Annotated[int, Field(ge=1024, le=8 * 1024 * 1024)] = 1024 * 1024
    """Bytes of the largest body that is taken."""
    connections: Annotated[int, Field(ge=1)] = 1024
    """How many may be open at one time."""
    report_token: SecretStr | None = Field(default=None, min_length=16)
    """With it, and to who has it alone, /report shows the page that was published last; at least 16 characters."""


class Attribution(_Table):
    """`[attribution]`."""

    lookback_days: Annotated[int, Field(ge=1, le=730)] = 30
    """Days before an order within which its touchpoints may lie."""
    lookback: dict[str, Annotated[float, Field(gt=0, le=730)]] = {}
    """Days for touchpoints of a kind, as { view = 1, "surface:live" = 0.02 }; the first pattern that fits decides."""
    model_lookback: dict[str, Annotated[float, Field(gt=0, le=730)]] = {}
    """Days for a model in place of `lookback_days`, as { last = 7 }."""
    repeat: Literal["restart", "continue"] = "restart"
    """Whether the journey to an order begins after the person's previous sale, or looks back over the whole window."""
    views: Literal["count", "exclude"] | Annotated[float, Field(ge=0.001, le=1)] = "count"
    """What impressions and views weigh: as clicks do, nothing (exclude), or a part of a click."""
    skip: tuple[str, ...] = ()
    """Patterns of touchpoints that journeys with others leave out, as ["direct", "search+campaign:Brand*"]."""
    conversions: tuple[str, ...] = ("order",)
    """What is credited beside orders, as ["order", "first_purchase", "sign_up", "add_to_cart"]; counted one each."""
    conversion_values: dict[str, Annotated[float, Field(ge=0, lt=10**9)]] = {}
    """What one of these is worth, in no currency, as { sign_up = 5 }; it is never added to revenue."""
    max_links: Annotated[int, Field(ge=1, le=10**9)] = 50
    """An identifier that is linked with more others than this is shared by many persons, and joins none."""
    max_buyers: Annotated[int, Field(ge=1, le=10**9)] = 3
    """So is one that is linked with more buyers of one shop than this: a family's device, a shared mailbox."""
    max_person: Annotated[int, Field(ge=2, le=10**9)] = 500
    """A person of more identifiers than this is taken apart at its weakest links."""
    clock_skew_seconds: Annotated[float, Field(ge=0, le=86_400)] = 10.0
    """So long after its order a touchpoint that is stated to belong to it may be dated."""
    same_visit_minutes: Annotated[float, Field(ge=0, le=1440)] = 30.0
    """A visit that an order states and another source tells of the person within so long is one; 0: it is two."""
    models: tuple[str, ...] = ()
    """Models to compute; empty: the six rules, markov, shapley and incremental; and custom, if it has weights."""
    half_life_days: Annotated[float, Field(gt=0, le=36_525)] = 7.0
    """Days before an order after which a touchpoint counts half in the model `time_decay`."""
    markov_order: Annotated[int, Field(ge=1, le=4)] | Literal["auto"] = 1
    """How many states back the model `markov` looks; auto: as many as tell most of journeys it has not seen."""
    markov_state: Literal["channel", "stage", "stage_channel", "content_group"] = "channel"
    """What steps are told apart by in the model `markov`; content_group: the contents met most, others by surface."""
    prior_journeys: Annotated[float, Field(gt=0, le=10**9)] = 10.0
    """For so many journeys the prior counts in the models `shapley_rate`, `shapley_noisy_or` and `shao_li`."""
    prior_conversions: Annotated[float, Field(gt=0, le=10**9)] = 5.0
    """By so many conversions of the mean channel each channel is known beforehand, and by less where channels are
    unlike, in the model `incremental`."""
    model_error: Annotated[float, Field(ge=0, le=0.999)] = 0.08
    """By so much of it an effect of the model `incremental` may be off, as a standard deviation, since no world is of
    the model's form; its intervals take that in."""
    intent: tuple[str, ...] = ()
    """Patterns of touchpoints that show that somebody is about to buy and bring no sale, in the model `incremental`;
    empty: add_to_cart, checkout, live_cart, direct and brand_search."""
    holdouts: tuple[dict[str, Any], ...] = ()
    """What hold-out tests found, as tables [[attribution.holdouts]]: docs/attribution.md#hold-out-tests."""
    custom: tuple[float, float, float] | dict[str, float] | None = None
    """Weights of the model `custom`: [first step, those between together, last], or { stage = weight, ... }."""
    stages: Literal["canonical", "five-phases", "six-steps", "classic", "lifecycle"] = "canonical"
    """Stage model that the page shows first; the marts hold all."""
    share_out: bool = True
    """Share orders without a path out over the content that could have led to them, and trace visits that name only
    their network to content; labelled as modelled."""
    copy_hours: Annotated[int, Field(ge=0, le=876_600)] = 48
    """How far apart an order and its unmarked copy in another shop may be placed."""
    memory_limit: str | None = Field(default=None, pattern=r"^[1-9][0-9]*(MB|GB)$", examples=["4GB"])
    """Memory that DuckDB may use for attribution and for marts, as 4GB, which a million orders need; the rest goes to
    temporary files. Without it, a quarter of the machine's or the container's, at least 1 GB."""
    engine: Literal["duckdb", "spark"] = "duckdb"
    """What computes: duckdb in jalon's own process, or spark (docs/engines.md)."""
    spark_master: Annotated[str, Field(min_length=1)] = "local[*]"
    """Where Spark runs: local[cores] on this machine, or a cluster's address such as spark://host:7077."""
    spark: dict[str, Any] = Field(default_factory=dict)
    """Spark's own settings, as the table [attribution.spark], by their names without `spark.`: `driver.memory`."""


class Report(_Table):
    """`[report]`."""

    lang: Literal["en", "fr"] = "en"
    """Language of page and summary: en or fr; `--lang` stands above it."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = Field(default=None, examples=["EUR"])
    """Currency that the marts convert orders and credit to, beside their own (docs/marts.md)."""
    rates: Path | None = Field(default=None, examples=["rates.csv"])
    """CSV of the rates by which that is done: `date`, `currency`, `rate` (what one unit is worth) and `source`."""


TABLES: dict[str, type[BaseModel]] = {
    **{"jalon": Main, "serve": Serve, "attribution": Attribution, "report": Report},
    "targets": Targets,
}

ENVIRONMENT = {
    "JALON_STORE": ("jalon", "store"),
    "JALON_PUBLIC_URL": ("jalon", "public_url"),
    "JALON_HOST": ("serve", "host"),
    "JALON_PORT": ("serve", "port"),
}
"""Environment variables that stand above jalon.toml."""


def is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or SecretStr in get_args(annotation)
