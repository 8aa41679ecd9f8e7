"""What platforms count and what they do not tell, and conversions beside orders, for reading."""

from __future__ import annotations

from collections import Counter

from jalon.report.page.blocks.block import Row
from jalon.report.page.language import Language


def counted(told: Row, say: Language) -> Row | None:
    """Return how many figures platforms count, and how much of them is final."""
    rows = told["measures"]
    if not rows:
        return None
    says = say._(
        "You have %(figures)s of %(platforms)s; %(share)s of their values are final.",
        platforms=say.ngettext("%(number)s platform", "%(number)s platforms", len({row["platform"] for row in rows})),
        figures=say.ngettext("%(number)s figure", "%(number)s figures", len(rows)),
        share=say.percent(sum(row["final"] for row in rows) / sum(row["rows"] for row in rows)),
    )
    return {"says": says}


def gaps(told: Row, say: Language) -> Row | None:
    """Return how many sources leave something out, and what most of them do."""
    if not told["gaps"]:
        return None
    missing = Counter(gap["what"] for row in told["gaps"] for gap in (*row["not_offered"], *row["not_said"]))
    what, sources = max(missing.items(), key=lambda item: (item[1], item[0]))
    says = say._(
        "Not everything is told by %(sources)s; what is missed most is %(what)s (%(number)s).",
        sources=say.ngettext("%(number)s source", "%(number)s sources", len(told["gaps"])),
        what=say.known(what),
        number=say.ngettext("%(number)s source", "%(number)s sources", sources),
    )
    return {"says": says}


def conversions(told: Row, say: Language) -> Row | None:
    """Return per model what each conversion was credited to most."""
    if not told["conversions"]:
        return None
    models = dict.fromkeys(row["model"] for row in told["conversions"])
    return {"said": {model: " ".join(_of(told["conversions"], model, say)) for model in models}}


def _of(rows: list[Row], model: str, say: Language) -> list[str]:
    own = [row for row in rows if row["model"] == model]
    names = dict.fromkeys(row["conversion"] for row in own)
    return [_most([row for row in own if row["conversion"] == name], say) for name in names]


def _most(rows: list[Row], say: Language) -> str:
    """Say what most of a conversion is credited to, or that it is nobody's."""
    best = max(rows, key=lambda row: row["conversions"])
    told = {
        "conversion": say.label(best["conversion"]),
        "part": say.count(best["conversions"]),
        "whole": say.count(round(sum(row["conversions"] for row in rows), 1)),
    }
    if not best["channel"]:
        return say._("%(conversion)s: %(part)s of %(whole)s are credited to nobody.", **told)
    return say._("%(conversion)s: %(part)s of %(whole)s by %(channel)s.", channel=say.label(best["channel"]), **told)
