"""What tests of persons, surveys and targets share: a town of buyers who behave as the models say, and its marts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from jalon.attribution.engines.duckdb import DuckDB
from jalon.normalize.vocabulary import Fact
from jalon.report.figures.journey_map import of_personas
from jalon.report.marts.base import Known, opened
from jalon.report.marts.making import MAKERS, _made
from jalon.report.marts.tables import MARTS
from jalon.report.people.settings import NOTHING_WANTED, Condition, Persona, Target, Wanted
from jalon.report.people.told import told_of_people
from tests.handmade import Run, answer, at, day, measure, order, refund, touch

BUILT = (
    *("fct_orders", "fct_refunds", "fct_survey_answers", "fct_measures", "fct_content_metrics_daily"),
    *("fct_journey_map", "bridge_content_products", "rpt_tag_funnel", "rpt_journey_map", "rpt_journey_credit"),
    *("rpt_stage_times", "rpt_surveys", "rpt_stage_measures", "rpt_purchase_models", "rpt_persona_map"),
    *("rpt_targets", "dim_customers", "dim_personas"),
)
"""The marts that tests look at, and those that they are made of."""


class People:
    """Marts in a folder, to be queried by name."""

    def __init__(self, folder: Path, facts: Sequence[Fact], wanted: Wanted = NOTHING_WANTED) -> None:
        self.run = Run(folder, list(facts), models=["linear"])
        self.folder = folder / "marts"
        self.folder.mkdir()
        with DuckDB() as engine:
            base = opened(engine, self.run.facts, self.run.folder, self.folder, Known(wanted=wanted))
            for name in BUILT:
                mart = MARTS[name]
                table = MAKERS[name](base).select(*mart.names) if mart.is_dimension else _made(base, mart)
                instants = [column.name for column in mart.columns if column.type == "instant"]
                engine.write(table, self.folder / f"{name}.parquet", mart.primary_key, instants)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as db:
            for name in BUILT:
                db.execute(f"CREATE VIEW {name} AS SELECT * FROM '{self.folder / name}.parquet'")
            return db.execute(query).fetchall()

    def told(self) -> dict[str, Any]:
        """The figures of the page that are made of these marts."""
        with DuckDB() as engine:
            marts = {name: engine.results(self.folder / f"{name}.parquet") for name in BUILT}
            maps = of_personas(engine.dicts(marts["rpt_persona_map"]), engine.dicts(marts["dim_personas"]))
            return {**told_of_people(engine, marts), "persona_maps": maps}

    def measure(self, name: str, member: str = "", stage: str | None = None) -> tuple[Any, ...]:
        """The value, low, high, n, unit and reason of a measure."""
        where = f"measure = '{name}' AND member = '{member}'" + (f" AND stage = '{stage}'" if stage else "")
        (row,) = self.sql(f"SELECT value, low, high, n, unit, because FROM rpt_stage_measures WHERE {where}")
        return tuple(None if each is None else each if isinstance(each, str) else float(each) for each in row)


FEW: list[Fact] = [
    order("1", 1.1, 1000, person="a"),
    order("2", 1.2, 500, person="a"),
    order("3", 9, 70, person="a", currency="JPY"),
    order("4", 1, 800, person="b"),
    refund("4", 2, 800),
    answer("nps", 9, person="b"),
]
"""Two buyers."""


# --- buyers ---------------------------------------------------------------------------------------------------------


def played(buyers: int, parameters: tuple[float, ...], days: int, seed: int = 5) -> list[tuple[int, list[float]]]:
    """Buyers who behave as BG/NBD says: for each the days of their purchases."""
    chance = np.random.default_rng(seed)
    r, alpha, a, b = parameters
    found = []
    for buyer in range(buyers):
        now = float(chance.uniform(0, days / 2))
        rate, leaves, bought = chance.gamma(r, 1 / alpha) / 7, chance.beta(a, b), [now]
        while (now := now + chance.exponential(1 / rate)) <= days:
            bought.append(now)
            if chance.random() < leaves:
                break
        found.append((buyer, bought))
    return found


DAYS = 400
SEEN = {"observed_at": at(DAYS)}
CHANNELS = ("search", "email")


def town() -> list[Fact]:
    """Some 400 buyers of two kinds over 400 days, what they answered, put into carts, and what platforms count."""
    chance = np.random.default_rng(11)
    facts: list[Fact] = []
    for buyer, bought in played(400, (1.0, 8.0, 1.0, 3.0), DAYS, seed=9):
        person, channel = f"p{buyer:04}", CHANNELS[buyer % 2]
        usual = chance.gamma(4.0, 900.0)
        facts += [
            touch(f"{person}/{n}", bought[0] - 0.5 + n / 10, person, channel=channel, **SEEN)
            for n in range(1 + buyer % 3)
        ]
        worth = [round(usual * chance.uniform(0.5, 1.5)) + 1 for _ in bought]
        facts += [
            order(f"{buyer}-{number}", when, money, person=person, **SEEN)
            for number, (when, money) in enumerate(zip(bought, worth, strict=True))
        ]
    return [*facts, *_answers(), *_looking(), *_counts(), refund("0-0", 300, 200, reason="return", **SEEN)]


def _answers() -> list[Fact]:
    scores = {"nps": [10] * 30 + [8] * 10 + [3] * 10, "csat": [5, 4, 4, 2], "ces": [7, 5, 6], "review": [5, 5, 1]}
    told = [
        answer(survey, score, key=f"{survey}-{n}", person=f"p{n:04}", **_scale(survey), **SEEN)
        for survey, own in scores.items()
        for n, score in enumerate(own)
    ]
    choices = ["won", "won", "won", "lost", "price"]
    none = {"lowest": None, "highest": None, "question": "How did it end?"}
    told += [answer("win_loss", None, key=f"wl-{n}", choice=choice, **none, **SEEN) for n, choice in enumerate(choices)]
    return list(told)


def _scale(survey: str) -> dict[str, int]:
    lowest, highest = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "review": (1, 5)}[survey]
    return {"lowest": lowest, "highest": highest}


def _looking() -> list[Fact]:
    """Persons who buy nothing: they sign up, look, fill carts, or come by a recommendation."""
    return [
        *(touch(f"look-{n}", 100 + n, f"l{n}", kind="product_view", **SEEN) for n in range(8)),
        *(touch(f"cart-{n}", 200, f"c{n}", kind="add_to_cart", channel="site", **SEEN) for n in range(6)),
        *(touch(f"checkout-{n}", 201, f"c{n}", kind="checkout", channel="site", **SEEN) for n in range(6)),
        *(order(f"cart-{n}", 205, 500, person=f"c{n}", **SEEN) for n in range(2)),
        touch("late-cart", DAYS - 1, "late", kind="add_to_cart", channel="site", **SEEN),
        touch("forum", 5, "f", channel="forum", **SEEN),
        *(touch(f"in-{n}", 10, f"s{n}", kind="sign_up", **SEEN) for n in range(10)),
        *(order(f"in-{n}", 10 + 4 * (n + 1), 500, person=f"s{n}", **SEEN) for n in range(6)),
        touch("shares", 20, "s0", kind="share", channel="network", **SEEN),
        touch("shares-too", 20, "l0", kind="share", channel="network", **SEEN),
    ]


def _counts() -> list[Fact]:
    return [
        measure("reach", 100 + 10 * n, key=f"reach/{n}", source="net", start_date=day(n), end_date=day(n + 1), **SEEN)
        for n in range(3)
    ]


WANTED = Wanted(
    {
        "mailers": Persona(
            title="Mailers", title_fr="Abonnés", where=(Condition(column="main_channel", value="email"),)
        ),
        "regulars": Persona(where=(Condition(column="purchases", op=">=", value=3),)),
        "rare": Persona(where=(Condition(column="main_channel", value="forum"),)),
    },
    (
        Target(stage="advocacy", measure="nps", target=20),
        Target(stage="decision", measure="cart_loss", target=0.1),
        Target(stage="discovery", channel="search", measure="touchpoints", target=1000),
        Target(stage="discovery", channel="search", measure="onward", target=0.5),
        Target(stage="discovery", channel="email", measure="net", target=5000),
        Target(stage="purchase", measure="order_value", target=30),
        Target(stage="service", channel="forum", measure="persons", target=10),
        Target(stage="loyalty", channel="", measure="clv", currency="JPY", target=10),
    ),
)
