"""Worlds in which it is known how many sales there would not be without each channel; most of them no model describes.

    python -m tests.attribution.played_journeys

prints how far each model is from the truth in each of them: the table in docs/attribution.md.

People live through days in steps of three hours. There are two truths. `brought`: at the moment of each sale, the part
of the rate of sales that each channel's touchpoints had; with what came by itself these sum to the sales. `missing`:
what chance decides is drawn once and kept, so that a world in which one channel is switched off is the same world
otherwise; how many sales that world lacks. They differ where channels work together (without either, what both made is
lacking), where effects saturate or sales compete (others take over), and where buyers come back (they are lacking too).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from jalon import attribution
from jalon.attribution.models import MODELS

PEOPLE, DAYS, PER_DAY = 8_000, 90, 8
DAY = 86_400_000_000
SEEDS = range(1, 6)
WEEK = 7 * PER_DAY
BOUGHT = 0.9
"""At this part of a step sales are made."""
WAITS = (2 * PER_DAY, 7 * PER_DAY)
"""Effects that wait come evenly between these steps after the touchpoint."""
SEARCH_BRINGS = 0.25
"""Sales by a search for the brand's name that something led to; by others none, they only show who is about to buy."""
DEFAULT = "incremental"
MODELS_COMPARED = tuple(name for name in MODELS if name not in ("custom", "by_stage", "w_shaped", "full_path"))
"""All but those that look at stages, which these worlds have not."""


class Channel(NamedTuple):
    """A channel that the brand uses. `often`: touchpoints per person and day; `brings`: sales by one of them;
    `half_life`: days until half of these have come."""

    name: str
    often: float
    brings: float
    half_life: float
    draws: float = 0.0
    """Searches for the brand's name that one touchpoint leads to."""
    follows: float = 0.0
    """Touchpoints per day of who came to the shop by itself in the week before: retargeting."""
    to_customers: bool = False
    """Only who has bought before meets it."""


class Kind(NamedTuple):
    """A kind of world. `own`: sales per person and day that need no touchpoint, of most people and of the keen ones."""

    name: str
    channels: tuple[Channel, ...]
    own: tuple[float, float] = (0.0012, 0.0012)
    keen: float = 0.15
    """Share of people who are keen."""
    comes: tuple[float, float] = (0.01, 0.01)
    """Direct visits per day, of most people and of the keen ones; they search for the brand's name half as often."""
    waits: bool = False
    """Effects do not fade: they come evenly over days, from the third on."""
    together: float = 1.0
    """By so much more the first channel brings of who met the second in the week before."""
    saturates: float = 0.0
    """The sales per day that touchpoints bring stay below this; 0: they add up."""
    loyal: float = 1.0
    """By so much more customers buy by themselves."""
    comes_to_buy: float = 0.0
    """Share of sales that are made in a direct visit, whatever brought them."""


VIDEO = Channel("video", 0.02, 0.03, 3)
SOCIAL = Channel("social", 0.03, 0.04, 1)
DISPLAY = Channel("display", 0.06, 0.003, 2)
EMAIL = Channel("email", 0.02, 0.05, 1.5)
AFFILIATE = Channel("affiliate", 0.005, 0.1, 0.5)
COMMON = (VIDEO, SOCIAL, DISPLAY, EMAIL, AFFILIATE)
RETARGETING = Channel("retargeting", 0, 0.003, 1, follows=0.35)

KINDS = (
    Kind("effects that add up", COMMON),
    Kind("keen people come and search by themselves", COMMON, own=(0.0005, 0.006), comes=(0.003, 0.08)),
    Kind(
        "retargeting of who is about to buy",
        (VIDEO, SOCIAL, EMAIL, RETARGETING),
        own=(0.0005, 0.006),
        comes=(0.003, 0.08),
    ),
    Kind("two channels that work together", (SOCIAL, VIDEO, DISPLAY, EMAIL), together=4),
    Kind("effects that saturate", tuple(c._replace(often=3 * c.often) for c in COMMON), saturates=0.02),
    Kind(
        "impressions that lead to searches",
        (SOCIAL, EMAIL, Channel("display", 0.06, 0.002, 2, draws=0.12)),
        comes=(0.004, 0.004),
    ),
    Kind("effects that wait some days", COMMON, waits=True),
    Kind(
        "mails to customers, who buy again anyway",
        (VIDEO, SOCIAL, DISPLAY, Channel("email", 0.1, 0.01, 1.5, to_customers=True)),
        loyal=6,
    ),
    Kind("people who come back by themselves to buy", COMMON, comes_to_buy=0.5),
)
"""One world after the other, by what is hard about it."""


class Rows(NamedTuple):
    """Who met what, or bought, in which step."""

    person: np.ndarray
    step: int
    channel: str | None
    """None: a sale."""
    within: float | None = None
    """At which part of the step; None: by chance, before sales."""


class _State:
    """What is true of people at a step; switched off, `without` never happens."""

    def __init__(self, kind: Kind, people: int, without: str | None) -> None:
        self.kind, self.without = kind, without
        self.presses = np.zeros((len(kind.channels), people))
        """Sales per day that the touchpoints of each channel bring now."""
        self.met = np.zeros((len(kind.channels), DAYS * PER_DAY, people), np.uint8)
        self.drawn = np.zeros((len(kind.channels), people))
        """Searches per day that the touchpoints of each channel lead to."""
        self.sought = np.zeros((len(kind.channels), people))
        """Sales per day that such searches bring."""
        self.came = np.full(people, -WEEK)
        self.customer = np.zeros(people, bool)

    def fade(self) -> None:
        """Let a step pass."""
        for number, channel in enumerate(self.kind.channels):
            self.presses[number] *= _left(channel.half_life)
        self.drawn *= _left(2)
        self.sought *= _left(0.5)

    def often(self, channel: Channel, step: int) -> np.ndarray:
        """Return how many touchpoints of a channel come per day."""
        follows = channel.follows * (step - self.came < WEEK)
        whom = self.customer if channel.to_customers else 1.0
        off: float = channel.name != self.without
        often: np.ndarray = (channel.often + follows) * whom * off
        return often

    def meet(self, number: int, who: np.ndarray, step: int) -> None:
        channel = self.kind.channels[number]
        more = 1.0
        if number == 0 and self.kind.together > 1:
            recent = self.met[1, max(step - WEEK, 0) : step + 1, who].any(axis=1)
            more = np.where(recent, self.kind.together, 1.0)
        self.met[number, step, who] = 1
        self.presses[number, who] += channel.brings * more * _fades(channel.half_life)
        self.drawn[number, who] += channel.draws * _fades(2)

    def seek(self, who: np.ndarray) -> None:
        """Let people search for the brand's name whom touchpoints led to it."""
        drawn = self.drawn[:, who]
        self.sought[:, who] += SEARCH_BRINGS * _fades(0.5) * drawn / drawn.sum(axis=0)

    def rates(self, step: int, keen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the sales per day that come by themselves (people), and by each channel (channels, people)."""
        kind = self.kind
        pressed = (self._waited(step) if kind.waits else self.presses) + self.sought
        if kind.saturates:
            pressed = pressed / (1 + pressed.sum(axis=0) / kind.saturates)
        return np.where(keen, kind.own[1], kind.own[0]) * np.where(self.customer, kind.loyal, 1.0), pressed

    def _waited(self, step: int) -> np.ndarray:
        early, late = max(step - WAITS[1], 0), max(step - WAITS[0], 0)
        brings = np.array([[channel.brings] for channel in self.kind.channels])
        rate: np.ndarray = brings * self.met[:, early:late].sum(axis=1) / ((WAITS[1] - WAITS[0]) / PER_DAY)
        return rate

    def buy(self, who: np.ndarray, step: int) -> None:
        """Let sales happen: what led to one leads to no other."""
        self.presses[:, who] = self.drawn[:, who] = self.sought[:, who] = 0
        self.met[:, : step + 1, who] = 0
        self.customer[who] = True


def _fades(half_life: float) -> float:
    return float(np.log(2)) / half_life


def _left(half_life: float) -> float:
    return 2.0 ** (-1 / PER_DAY / half_life)


class World:
    """A world of a kind, with and without each of its channels."""

    def __init__(self, kind: Kind, seed: int, people: int = PEOPLE, days: int = DAYS) -> None:
        self.kind, self.seed, self.people, self.days = kind, seed, people, days
        self.keen = np.random.default_rng([seed, 0]).random(people) < kind.keen
        self.rows, brought, expected = self._lived(None)
        self.brought = {c.name: float(many) for c, many in zip(kind.channels, brought, strict=True)}
        """For each channel how many sales it brought."""
        self.expected = {c.name: float(many) for c, many in zip(kind.channels, expected, strict=True)}
        """For each channel how many sales it would bring on average, were people what they are over and over again."""

    def missing(self) -> dict[str, int]:
        """Return for each channel how many sales there would not be without it."""
        return {c.name: _sold(self.rows) - _sold(self._lived(c.name)[0]) for c in self.kind.channels}

    def _lived(self, without: str | None) -> tuple[list[Rows], np.ndarray, np.ndarray]:
        """Return what happened, and how many sales each channel brought, and was to bring by its rates."""
        state, rows = _State(self.kind, self.people, without), list[Rows]()
        brought, expected = np.zeros((2, len(self.kind.channels)))
        for step in range(self.days * PER_DAY):
            rng = np.random.default_rng([self.seed, 1, step])
            state.fade()
            for number, channel in enumerate(self.kind.channels):
                who = _hit(rng, state.often(channel, step))
                state.meet(number, who, step)
                rows.append(Rows(who, step, channel.name))
            rows += self._signs(rng, state, step)
            own, pressed = state.rates(step, self.keen)
            whole = own + pressed.sum(axis=0)
            sales = _hit(rng, whole)
            brought += (pressed / whole)[:, sales].sum(axis=1)
            expected += (pressed / whole) @ -np.expm1(-whole / PER_DAY)
            by_visit = sales[rng.random(self.people)[sales] < self.kind.comes_to_buy]
            rows += [Rows(by_visit, step, "direct", BOUGHT - 0.05), Rows(sales, step, None, BOUGHT)]
            state.buy(sales, step)
        return rows, brought, expected

    def _signs(self, rng: np.random.Generator, state: _State, step: int) -> list[Rows]:
        """Let people come by themselves, and search for the brand's name."""
        often = np.where(self.keen, self.kind.comes[1], self.kind.comes[0])
        came, searched, led = _hit(rng, often), _hit(rng, often / 2), _hit(rng, state.drawn.sum(axis=0))
        state.came[came] = step
        state.seek(led)
        return [Rows(came, step, "direct"), Rows(searched, step, "brand_search"), Rows(led, step, "brand_search")]

    def table(self) -> pa.Table:
        """Return what is seen of the world: a table for `jalon.attribution`."""
        rng = np.random.default_rng([self.seed, 2])
        person = np.concatenate([row.person for row in self.rows])
        within = [row.within * np.ones(len(row.person)) if row.within else self._early(rng, row) for row in self.rows]
        step = np.concatenate([row.step + part for row, part in zip(self.rows, within, strict=True)])
        channel = [row.channel for row in self.rows for _ in row.person]
        return pa.table(
            {
                "person": person.astype(str),
                "time": pa.array((step * (DAY / PER_DAY)).astype(np.int64), pa.timestamp("us", "UTC")),
                "channel": pa.array(channel, pa.string()),
                "conversion": [name is None for name in channel],
            }
        )

    def _early(self, rng: np.random.Generator, row: Rows) -> np.ndarray:
        return rng.random(len(row.person)) * BOUGHT * 0.9


def _hit(rng: np.random.Generator, per_day: np.ndarray) -> np.ndarray:
    """Return whom it strikes in one step, of the same draws whatever the rates are."""
    return np.flatnonzero(rng.random(len(per_day)) < -np.expm1(-per_day / PER_DAY))


def _sold(rows: Sequence[Rows]) -> int:
    return sum(len(row.person) for row in rows if row.channel is None)


# --- models against the truth -----------------------------------------------------------------------------------------


def credited(world: World, models: Sequence[str], **options: Any) -> dict[str, dict[str, float]]:
    """Return model -> channel -> sales credited; what belongs to nobody is left out."""
    found = attribution.credit(world.table(), models, **options)
    sums = found.group_by(["model", "channel"]).aggregate([("weight", "sum")]).to_pylist()
    told: dict[str, dict[str, float]] = {model: {} for model in models}
    for row in sums:
        if row["channel"] is not None:
            told[row["model"]][row["channel"]] = float(row["weight_sum"])
    return told


def error(credit: Mapping[str, float], truth: Mapping[str, float]) -> float:
    """Return what is wrong over channels, by the sales that channels truly brought."""
    wrong = sum(abs(credit.get(name, 0.0) - truth.get(name, 0.0)) for name in {*credit, *truth})
    return wrong / sum(truth.values())


def intervals(world: World, credit: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Return for each channel the 90 % interval of its effect, taken to the credit."""
    rows = attribution.channel_effects(world.table(), DEFAULT).to_pylist()
    ends = {row["channel"]: (row["low"] / row["effect"], row["high"] / row["effect"]) for row in rows}
    return {name: (low * credit.get(name, 0.0), high * credit.get(name, 0.0)) for name, (low, high) in ends.items()}


class Found(NamedTuple):
    """Of one world: errors by model against both truths; and whether what each channel brought, what it was to bring on
    average, and what is missing without it lie in its interval by the default."""

    errors: dict[str, tuple[float, float]]
    inside: list[tuple[bool, ...]]


def measured(kind: Kind, seed: int, people: int = PEOPLE) -> Found:
    """Play a world, and hold the models against what channels brought, and against what is missing without them."""
    world = World(kind, seed, people)
    brought, missing = world.brought, world.missing()
    credit = credited(world, MODELS_COMPARED)
    ends = intervals(world, credit[DEFAULT])
    truths = (brought, world.expected, missing)
    inside = [tuple(low <= truth[name] <= high for truth in truths) for name, (low, high) in ends.items()]
    return Found({model: (error(own, brought), error(own, missing)) for model, own in credit.items()}, inside)


def main() -> None:
    """Write the table, a row per world and a column per model; the number of seeds may be given."""
    seeds = list(SEEDS)[: int(sys.argv[1])] if len(sys.argv) > 1 else SEEDS
    sys.stdout.write(f"| world | {' | '.join(MODELS_COMPARED)} | truth in the 90 % interval |\n")
    sys.stdout.write(f"| --- |{' --- |' * (len(MODELS_COMPARED) + 1)}\n")
    for kind in KINDS:
        found = [measured(kind, seed) for seed in seeds]
        cells = [_cell([each.errors[model] for each in found], ".2f") for model in MODELS_COMPARED]
        cells.append(_cell([row for each in found for row in each.inside], ".0%"))
        sys.stdout.write(f"| {kind.name} | {' | '.join(cells)} |\n")
        sys.stdout.flush()


def _cell(rows: Sequence[tuple[float, ...]], how: str) -> str:
    """Return the means against each truth."""
    return " · ".join(f"{float(np.mean(column)):{how}}" for column in zip(*rows, strict=True))


if __name__ == "__main__":
    main()
