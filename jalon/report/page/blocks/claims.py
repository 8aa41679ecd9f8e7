"""What platforms claim to have sold, beside what shops know of the same days, and why the two differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from markupsafe import Markup

from jalon.report.page.blocks.block import Row
from jalon.report.page.charts.bars import compared
from jalon.report.page.charts.options import Chart, major
from jalon.report.page.language import N_, Language
from jalon.report.words import decimal_text, plain

PARTS = (
    ("claimed", "k2", N_("Claimed by the platform")),
    ("credited", "k1", N_("Credited by the model")),
    ("here", "k3", N_("Sold on the platform")),
    ("settled", "k4", N_("Settled by the platform")),
)
"""What is compared -> its colour, and what it is called."""


def prepared(told: Row, say: Language) -> Row | None:
    """Return claims per model and currency; None where no platform claims any sale."""
    models = [model["name"] for model in told["models"]]
    pairs = [(model, currency) for currency in _currencies(told) for model in models]
    groups = [_group(told, model, currency, say) for model, currency in pairs]
    shown = [group for group in groups if group["rows"]]
    elsewhere = _elsewhere(told, models[0], say)
    return {"groups": shown, "elsewhere": elsewhere} if shown or elsewhere else None


def _currencies(told: Row) -> list[str]:
    """Return the currencies that the page can show."""
    claimed = {row["currency"] for row in told["claims"]}
    return [currency for currency in told["currencies"] if currency in claimed]


def _elsewhere(told: Row, model: str, say: Language) -> str:
    """Name the claims in a currency of no sale that is known; empty if there are none."""
    own = [row for row in told["claims"] if row["model"] == model and row["currency"] not in told["currencies"]]
    if not own:
        return ""
    amounts = (f"{say.label(row['platform'])} {say.amount(row['claimed'], row['currency'])}" for row in own)
    return say._(
        "Claimed in currencies in which no sale is known: %(amounts)s. Nothing can be set beside it, and nothing is "
        "converted.",
        amounts=", ".join(amounts),
    )


def _group(told: Row, model: str, currency: str, say: Language) -> Row:
    own = [row for row in told["claims"] if (row["model"], row["currency"]) == (model, currency)]
    several = Counter(row["platform"] for row in own)
    rows = [{**row, "name": _name(row, several, say), "ratio": _ratio(row, say)} for row in own]
    return {
        "model": model,
        "currency": currency,
        "rows": rows,
        "says": _says(rows, currency, say),
        "parts": [{"colour": colour, "name": say.known(what)} for _, colour, what in _parts(rows)],
        "because": list(_because(rows, told, currency, say)),
        "chart": _chart(rows, currency, say) if rows else None,
    }


def _name(row: Row, several: Mapping[str, int], say: Language) -> str:
    """Return what a claim is called: its platform, with the source where several sources tell of it."""
    title = say.label(row["platform"])
    return f"{title} ({plain(row['source'], 40)})" if several[row["platform"]] > 1 else title


def _platforms(rows: list[Row]) -> int:
    return len({row["platform"] for row in rows})


def _ratio(row: Row, say: Language) -> str | None:
    """Return how many times what is credited the platform claims."""
    if not row["credited_minor"] or row["credited_minor"] < 0:
        return None
    return say.count(round(row["claimed_minor"] / row["credited_minor"], 1))


def _chart(rows: list[Row], currency: str, say: Language) -> Chart:
    amounts = {
        say.known(what): (colour, [_major(row[f"{name}_minor"], currency) for row in rows])
        for name, colour, what in _parts(rows)
    }
    label = say._("What platforms claim beside what shops know, in %(currency)s", currency=currency)
    return compared(label, [row["name"] for row in rows], amounts, currency)


def _parts(rows: list[Row]) -> list[tuple[str, str, str]]:
    """Return what is known of any of the claims."""
    return [part for part in PARTS if any(row[f"{part[0]}_minor"] is not None for row in rows)]


def _major(minor: int | None, currency: str) -> float | None:
    return None if minor is None else major(minor, currency)


def _says(rows: list[Row], currency: str, say: Language) -> Markup:
    """Say how all claims together stand to all that was sold: each to what was in its own days."""
    known = [row for row in rows if row["sold_minor"] > 0]
    if not known:
        return say.rich_plural(
            "%(number)s platform claims <b>%(claimed)s</b>; no sale of these days is known.",
            "%(number)s platforms claim <b>%(claimed)s</b>; no sale of these days is known.",
            _platforms(rows),
            claimed=_summed(rows, "claimed", currency, say),
        )
    said = _against_sales(known, currency, say)
    others = [row for row in rows if row["sold_minor"] <= 0]
    if not others:
        return said
    of_nothing = say.rich(
        "%(amount)s more is claimed of days in which no sale is known.",
        amount=_summed(others, "claimed", currency, say),
    )
    return Markup("{} {}").format(said, of_nothing)


def _against_sales(rows: list[Row], currency: str, say: Language) -> Markup:
    """Say how many times what was sold is claimed, of claims that each have sales in their days."""
    claimed = _summed(rows, "claimed", currency, say)
    times = say.count(round(sum(row["claimed_minor"] / row["sold_minor"] for row in rows), 1))
    if len({(row["start_date"], row["end_date"]) for row in rows}) > 1:
        return say.rich_plural(
            "%(number)s platform claims <b>%(claimed)s</b>, of different days: each claim held against what all your "
            "shops sold in its own, together %(times)s times that.",
            "%(number)s platforms claim <b>%(claimed)s</b>, of different days: each claim held against what all your "
            "shops sold in its own, together %(times)s times that.",
            _platforms(rows),
            claimed=claimed,
            times=times,
        )
    return say.rich_plural(
        "%(number)s platform claims <b>%(claimed)s</b>, %(times)s times the %(sold)s that all your shops sold in its "
        "days.",
        "%(number)s platforms claim <b>%(claimed)s</b>, %(times)s times the %(sold)s that all your shops sold in these "
        "days.",
        _platforms(rows),
        claimed=claimed,
        times=times,
        sold=_amount(rows[0]["sold_minor"], currency, say),
    )


def _summed(rows: list[Row], name: str, currency: str, say: Language) -> str:
    return _amount(sum(row[f"{name}_minor"] for row in rows), currency, say)


def _because(rows: list[Row], told: Row, currency: str, say: Language) -> Iterator[Markup]:
    """Yield the reasons for the gap that the figures show, each with its size where it has one."""
    if not rows:
        return
    if _platforms(rows) > 1:
        yield say.rich(
            "<b>Duplicates.</b> %(platforms)s count by themselves; a sale that several led to is claimed by each.",
            platforms=say.ngettext("%(number)s platform", "%(number)s platforms", _platforms(rows)),
        )
    yield say.rich(
        "<b>Windows and views.</b> Each counts by its own rule, which is in the table: often purchases days after a "
        "click, or after an ad was only seen. Credit here needs a touchpoint of the buyer."
    )
    back = max(rows, key=lambda row: row["sold_minor"] - row["sold_net_minor"])
    if back["sold_minor"] > back["sold_net_minor"]:
        yield say.rich(
            "<b>Refunds.</b> Of all that was sold from %(first)s to %(last)s, %(amount)s went back; claims are seldom "
            "taken back.",
            first=say.day(back["start_date"]),
            last=say.day(back["last_date"]),
            amount=_amount(back["sold_minor"] - back["sold_net_minor"], currency, say),
        )
    if any(row["open_minor"] for row in rows):
        yield say.rich(
            "<b>Delays.</b> %(amount)s of the claims may still change; some are dated by the click, not by the sale.",
            amount=_summed(rows, "open", currency, say),
        )
    others = [each for each in told["currencies"] if each != currency]
    if others:
        yield say.rich(
            "<b>Currency.</b> Claims in %(currency)s are set beside sales in %(currency)s; what was sold in %(others)s "
            "is in none of these amounts, and nothing is converted.",
            currency=currency,
            others=", ".join(others),
        )


def _amount(minor: int, currency: str, say: Language) -> str:
    return say.amount(decimal_text(minor, currency), currency)
