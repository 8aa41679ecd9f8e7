"""The tag funnel by kind of content: seen, clicked, ordered, and how much of the content can be bought from."""

from __future__ import annotations

from jalon.report.page.blocks.block import Row
from jalon.report.page.charts.options import Chart
from jalon.report.page.charts.points import Rate, rates
from jalon.report.page.language import Language


def prepared(told: Row, say: Language) -> Row | None:
    """Return the funnel and its rates; None where no content is counted or told."""
    if not told["funnel"] and not told["shoppable"]:
        return None
    rows = [{**row, "name": _name(row, say)} for row in told["funnel"]]
    return {
        "says": " ".join(filter(None, (_says(rows, say), _shoppable(told["shoppable"], say)))),
        "rows": rows,
        "clicks": _chart(rows, "click", say._("Clicks on product tags per view of content with tags"), say),
        "orders": _chart(rows, "order", say._("Orders per click on a product tag"), say),
        "shoppable": [
            {**row, "share": None if row["shoppable"] is None else row["shoppable"] / row["contents"]}
            for row in told["shoppable"]
        ],
    }


def _name(row: Row, say: Language) -> str:
    return f"{say.label(row['platform'])} · {say.label(row['kind'])}"


def _chart(rows: list[Row], rate: str, label: str, say: Language) -> Chart | None:
    """Return the rates that are known; those above one are none that one could draw beside the others."""
    shares = [
        Rate(row["name"], row[f"{rate}_rate"], _ends(row, rate))
        for row in rows
        if row[f"{rate}_rate"] is not None and row[f"{rate}_rate"] <= 1
    ]
    return rates(label, shares, of=label, ends=say._("Its 90 %% range")) if shares else None


def _ends(row: Row, rate: str) -> tuple[float, float] | None:
    low, high = row[f"{rate}_rate_low"], row[f"{rate}_rate_high"]
    return None if low is None or high is None else (low, high)


def _says(rows: list[Row], say: Language) -> str:
    """Say where most views become clicks, and whether it is clearly so."""
    known = sorted((row for row in rows if row["click_rate_low"] is not None), key=lambda row: -row["click_rate"])
    if not known:
        return say._("No platform tells clicks on product tags beside views: the funnel is not known, not empty.")
    best = known[0]
    told = {
        "name": best["name"],
        "rate": say.percent(best["click_rate"]),
        "low": say.percent(best["click_rate_low"]),
        "high": say.percent(best["click_rate_high"]),
    }
    rival = max(known[1:], key=lambda row: row["click_rate_high"], default=None)
    if rival is not None and best["click_rate_low"] <= rival["click_rate_high"]:
        return say._(
            "%(name)s turns views into clicks on product tags most often, %(rate)s (%(low)s to %(high)s), but not "
            "clearly more often than %(other)s.",
            **told,
            other=rival["name"],
        )
    return say._("%(name)s turns views into clicks on product tags most often: %(rate)s (%(low)s to %(high)s).", **told)


def _shoppable(rows: list[Row], say: Language) -> str:
    """Say how much of the content products are tagged in, of the platforms that tell it."""
    known = [row for row in rows if row["shoppable"] is not None]
    if not known:
        return ""
    contents = sum(row["contents"] for row in known)
    return say._(
        "Products are tagged in %(share)s of %(contents)s.",
        share=say.percent(sum(row["shoppable"] for row in known) / contents),
        contents=say.ngettext("%(number)s content", "%(number)s contents", contents),
    )
