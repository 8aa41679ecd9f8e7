"""The brand's own channels, played: tills, mailings, surveys, costs of ads.

None of them is in the world; each is drawn from its seed and its shoppers alone, so that the same world has the same
ones, and what has happened by a moment is the same however often it is asked. `drop` writes what of it comes as files,
`Till` and `Answer` are what a played webhook tells (`jalon.sandbox.hook`). `TABLES` is how jalon is told to read the
files: as different from each other as such exports are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from jalon.sandbox.exports import by_month, table, written
from jalon.sandbox.money import decimal
from jalon.sandbox.world import Shopper, World

DAY = 86_400
PARIS = ZoneInfo("Europe/Paris")
CURRENCY = "EUR"
VAT = 20
"""Percent on top of the net price."""
SOURCE = "own"
TABLES = f"""
[sources.{SOURCE}]
connector = "files"
folder = "drop"
timezone = "Europe/Paris"

[sources.{SOURCE}.tables.till]
files = "till-*.csv"
template = "till_orders"
delimiter = ";"
encoding = "cp1252"
decimal = ","
dates = "%d/%m/%Y %H:%M:%S"
phone_prefix = "33"
columns = {{ order_id = "N° ticket", total = "Montant TTC", tax = "TVA", loyalty = "Fidélité" }}
constants = {{ currency = "{CURRENCY}" }}

[sources.{SOURCE}.tables.till_refunds]
files = "refunds-*.csv"
template = "till_refunds"
delimiter = ";"
decimal = ","
dates = "%d/%m/%Y %H:%M:%S"
columns = {{ refund_id = "Avoir", order_id = "Ticket d'origine", total = "Montant TTC", tax = "TVA" }}
constants = {{ currency = "{CURRENCY}" }}

[sources.{SOURCE}.tables.nps]
files = "nps.jsonl"
template = "survey_answers"
constants = {{ survey = "nps", channel = "email" }}

[sources.{SOURCE}.tables.mails]
files = "mail-events-*.csv"
template = "email_events"

[sources.{SOURCE}.tables.costs]
files = "ad-costs.csv"
template = "ad_costs"
"""
"""What jalon.toml says about these files; `drop` is the folder beside it."""


class _Writing(TypedDict):
    delimiter: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Till:
    """A receipt; money in minor units, tax included in `total`. `back` is when all of it was given back, if ever."""

    number: str
    till: str
    at: int
    total: int
    tax: int
    shopper: Shopper | None
    """Who showed a loyalty card; most people show none."""
    back: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a survey after a purchase in the web shop."""

    id: str
    survey: str
    at: int
    score: int
    shopper: Shopper
    order_id: str


@dataclass(frozen=True, slots=True)
class Opening:
    """A mail was opened, or a link in it clicked."""

    at: int
    kind: str
    shopper: Shopper
    campaign: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What one campaign cost on one UTC day."""

    day: str
    campaign: str
    spend: int
    impressions: int
    clicks: int


def loyalty(shopper: Shopper) -> str:
    """Return the number on a shopper's loyalty card."""
    return f"9{int(shopper.id.removeprefix('p')):07d}"


# --- what happened --------------------------------------------------------------------------------------------------


def receipts(world: World, tills: Sequence[str], name: str = "till") -> list[Till]:
    """Return the receipts of some tills over the whole world, oldest first. Numbers begin anew at each till."""
    chance = Random(f"{world.seed}/{name}")
    people = list(world.shoppers.values())
    found: list[Till] = []
    for till in tills:
        moments = sorted(chance.randrange(world.start, world.horizon) for _ in range(len(people) // 3 + 5))
        for number, at in enumerate(moments, 1):
            net = chance.choice(world.products).prices[CURRENCY] * chance.choice((1, 1, 2))
            tax = net * VAT // 100
            known = chance.choice(people) if chance.random() < 0.3 else None
            back = at + chance.randrange(DAY, 8 * DAY) if chance.random() < 0.25 else None
            found.append(Till(f"{number:06d}", till, at, net + tax, tax, known, back))
    return sorted(found, key=lambda one: (one.at, one.till))


def answers(world: World, survey: str) -> list[Answer]:
    """Return what buyers of the web shop answered, oldest first: `nps` some days after the order, `csat` sooner."""
    chance = Random(f"{world.seed}/{survey}")
    highest, wait = (10, 6) if survey == "nps" else (5, 2)
    found = []
    for sale in world.sales:
        if sale.platform == "shopify" and sale.kind == "sale" and chance.random() < 0.4:
            at = sale.placed_at + chance.randrange(DAY, wait * DAY)
            score = min(highest, chance.choice((2, 4, 5, 5, 8, 9, 9, 10)))
            found.append(
                Answer(f"{survey}-{sale.order_id}", survey, at, score, world.shoppers[sale.shopper], sale.order_id)
            )
    return sorted(found, key=lambda one: (one.at, one.id))


def openings(world: World) -> list[Opening]:
    """Return who opened and clicked the weekly mailing, oldest first; some clicks come shortly before a purchase."""
    chance = Random(f"{world.seed}/mail")
    found = []
    for sale in world.sales:
        if sale.platform == "shopify" and chance.random() < 0.25:
            at = sale.placed_at - chance.randrange(600, 2 * DAY)
            campaign, shopper = f"weekly-{at // (7 * DAY)}", world.shoppers[sale.shopper]
            found.append(Opening(at, "open", shopper, campaign))
            if chance.random() < 0.6:
                found.append(Opening(at + 40, "click", shopper, campaign))
    return sorted(found, key=lambda one: (one.at, one.kind, one.shopper.id))


def costs(world: World, until: float) -> list[Cost]:
    """Return what ads cost on each whole UTC day until a moment."""
    found = []
    for day in range(world.start // DAY, int(until) // DAY):
        for campaign in ("brand-search", "shopping"):
            chance = Random(f"{world.seed}/ads/{campaign}/{day}")
            clicks = chance.randrange(20, 90)
            written = datetime.fromtimestamp(day * DAY, UTC).date().isoformat()
            found.append(Cost(written, campaign, clicks * chance.randrange(25, 60), clicks * 21, clicks))
    return found


# --- as files -------------------------------------------------------------------------------------------------------


def configure(config: Path) -> None:
    """Add the source that reads these files to a jalon.toml, unless it is there."""
    text = config.read_text()
    if f"[sources.{SOURCE}]" not in text:
        config.write_text(text + TABLES)


def drop(world: World, folder: Path, now: float) -> list[Path]:
    """Write into `folder` what the channels export at `now` (unix seconds); return the files.

    Called again later, it leaves what has not changed and adds to the rest, as exports do: the till's files are by
    month, and a receipt that was given back has a row in the refunds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sold = [one for one in receipts(world, ("1", "2")) if one.at <= now]
    made = [
        *by_month(folder, "till", _TILL_HEAD, ((one.at, _till_row(one)) for one in sold), encoding="cp1252", **_FRENCH),
        *by_month(folder, "refunds", _BACK_HEAD, _refund_rows(sold, now), encoding="utf-8-sig", **_FRENCH),
        *by_month(folder, "mail-events", _MAIL_HEAD, _mail_rows(world, now), zone=PARIS),
        written(folder / "ad-costs.csv", table(_COST_HEAD, map(_cost_row, costs(world, now)))),
        written(folder / "nps.jsonl", _nps_lines(world, now)),
    ]
    return [path for path in made if path is not None]


_FRENCH: _Writing = {"delimiter": ";", "zone": PARIS}
_TILL_HEAD = ("N° ticket", "Caisse", "Date", "Montant TTC", "TVA", "Fidélité", "Téléphone", "Vendeuse")
_BACK_HEAD = ("Avoir", "Ticket d'origine", "Caisse", "Date", "Montant TTC", "TVA", "Motif")
_MAIL_HEAD = ("timestamp", "event", "email", "campaign", "url", "user_agent")
_COST_HEAD = ("date", "platform", "campaign", "spend", "currency", "impressions", "clicks")


def _till_row(one: Till) -> tuple[str, ...]:
    who = one.shopper
    phone = "0" + who.phone.removeprefix("+33") if who else ""
    money = (_french(one.total), _french(one.tax))
    return (one.number, one.till, _paris(one.at), *money, loyalty(who) if who else "", phone, "Élodie")


def _refund_rows(sold: Iterable[Till], now: float) -> Iterator[tuple[int, tuple[str, ...]]]:
    for one in sold:
        if one.back is not None and one.back <= now:
            money = (f"-{_french(one.total)}", f"-{_french(one.tax)}")
            yield one.back, (f"A{one.till}-{one.number}", one.number, one.till, _paris(one.back), *money, "échange")


def _mail_rows(world: World, now: float) -> Iterator[tuple[int, tuple[str, ...]]]:
    for one in openings(world):
        if one.at <= now:
            url = (
                f"https://shop.example/new?utm_source=mailing&utm_campaign={one.campaign}"
                if one.kind == "click"
                else ""
            )
            at = datetime.fromtimestamp(one.at, UTC).isoformat()
            yield one.at, (at, one.kind, one.shopper.email.upper(), one.campaign, url, "canary-agent")


def _cost_row(one: Cost) -> tuple[str, ...]:
    spend = decimal(one.spend, CURRENCY)
    return one.day, "google_ads", one.campaign, spend, CURRENCY, str(one.impressions), str(one.clicks)


def _nps_lines(world: World, now: float) -> str:
    rows: list[dict[str, Any]] = [
        {
            "response_id": one.id,
            "submitted_at": datetime.fromtimestamp(one.at, UTC).isoformat(),
            "score": one.score,
            "email": one.shopper.email,
            "comment": f"canary words of {one.shopper.first_name}",
        }
        for one in answers(world, "nps")
        if one.at <= now
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _french(units: int) -> str:
    whole, _, places = decimal(units, CURRENCY).partition(".")
    return f"{int(whole):,}".replace(",", "\u00a0") + f",{places}"


def _paris(at: int) -> str:
    return f"{datetime.fromtimestamp(at, PARIS):%d/%m/%Y %H:%M:%S}"
