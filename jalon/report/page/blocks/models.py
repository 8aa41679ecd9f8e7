"""Models side by side: what each credits channels with, and where they disagree most."""

from __future__ import annotations

from jalon.report.page.blocks.block import Row
from jalon.report.page.charts.options import Chart, major
from jalon.report.page.charts.points import Spread, spread
from jalon.report.page.language import Language
from jalon.report.shown import chosen_model
from jalon.report.words import decimal_text


def prepared(told: Row, say: Language) -> Row | None:
    """Return per currency what models say of channels; None where there is but one model."""
    titles = {model["name"]: say.known(model["title"]) for model in told["models"]}
    groups = [_group(currency, told, titles, say) for currency in told["currencies"]]
    shown = [group for group in groups if group["rows"]]
    return {"groups": shown, "titles": list(titles.values())} if len(titles) > 1 and shown else None


def _group(currency: str, told: Row, titles: dict[str, str], say: Language) -> Row:
    by_channel: dict[str, dict[str, int]] = {}
    for row in told["by_channel"]:
        if row["currency"] == currency and row["id"] is not None and row["model"] in titles:
            by_channel.setdefault(row["id"], {})[row["model"]] = row["net_minor"]
    whole = {name: {**dict.fromkeys(titles, 0), **found} for name, found in by_channel.items()}
    order = sorted(whole, key=lambda name: (-max(whole[name].values()), name))
    rows = [_row(name, whole[name], titles, currency, say) for name in order]
    return {
        "currency": currency,
        "rows": rows,
        "says": _says(rows, currency, say),
        "chart": _chart(rows, titles, chosen_model(told), currency, say) if rows else None,
    }


def _row(channel: str, amounts: dict[str, int], titles: dict[str, str], currency: str, say: Language) -> Row:
    least, most = min(amounts, key=lambda name: amounts[name]), max(amounts, key=lambda name: amounts[name])
    return {
        "name": say.label(channel),
        "minor": amounts,
        "amounts": [decimal_text(amounts[name], currency) for name in titles],
        "least": (titles[least], amounts[least]),
        "most": (titles[most], amounts[most]),
        "apart": amounts[most] - amounts[least],
    }


def _says(rows: list[Row], currency: str, say: Language) -> str:
    """Say on which channel models are furthest apart, and by which rules."""
    if not rows:
        return ""
    widest = max(rows, key=lambda row: row["apart"])
    if not widest["apart"]:
        return say._("All models agree.")
    return say.rich(
        "Models disagree most on <b>%(channel)s</b>: %(low)s by %(least)s, %(high)s by %(most)s. That is no error of "
        "measurement: each answers another question.",
        channel=widest["name"],
        low=say.amount(decimal_text(widest["least"][1], currency), currency),
        least=widest["least"][0],
        high=say.amount(decimal_text(widest["most"][1], currency), currency),
        most=widest["most"][0],
    )


def _chart(rows: list[Row], titles: dict[str, str], chosen: str, currency: str, say: Language) -> Chart:
    spreads = [
        Spread(row["name"], {titles[name]: major(minor, currency) for name, minor in row["minor"].items()})
        for row in rows
    ]
    label = say._("What each model credits channels with, in %(currency)s", currency=currency)
    return spread(label, spreads, currency, chosen=titles[chosen], between=say._("From the least to the most"))
