"""The report page: one HTML file that opens from a disk and asks the network for nothing.

What can be switched (model, stage model, currency, whose map) is switched by radio buttons and style alone. The page's
policy allows its one style sheet and its scripts, by hash, and nothing else; foreign texts are escaped, cut and kept
from turning the writing around. What stands on the page is in `blocks`, what it says in which language in `language`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jalon import __version__
from jalon.attribution.publish import replacing
from jalon.report.figures.gathering import Row
from jalon.report.page.blocks import map_views
from jalon.report.page.blocks.registry import placed
from jalon.report.page.blocks.shades import SHADES
from jalon.report.page.charts.assets import scripts
from jalon.report.page.language import Language, language
from jalon.report.shown import chosen_model
from jalon.report.words import plain

SCRIPTS: tuple[str, ...] = scripts()
"""Scripts of the page, in their order."""


@dataclass(frozen=True, slots=True)
class View:
    """How a page shows figures: language, reader, the stage model shown first, what people call platforms."""

    lang: str = "en"
    role: str | None = None
    stages: str = "canonical"
    names: Mapping[str, str] = field(default_factory=dict)


USUAL = View()


def write_page(told: Row, path: Path, view: View = USUAL) -> Path:
    """Write the page for figures to `path` in one step and return it; the same figures give the same bytes.

    Like the store it is for this user alone. Raises `StoreError`.
    """
    html = render(told, view)
    with replacing(path, private=True) as new:
        new.write_text(html, encoding="utf-8")
    return path


def render(told: Row, view: View = USUAL) -> str:
    """Return the page for figures as HTML."""
    say = language(view.lang, view.names)
    made = environment(say)
    models = [model["name"] for model in told["models"]]
    switches = {"m": models, "p": list(told["map"]), "c": [str(i) for i in range(len(told["currencies"]))]}
    whose = [view.id for view in map_views.views(told, say)]
    style = made.get_template("style.css").render(switches=switches, views=whose, heats=range(1, SHADES + 1))
    return made.get_template("page.html").render(
        told=told,
        style=Markup(style),  # noqa: S704 # made from this package's words and numbers alone
        scripts=[Markup(script) for script in SCRIPTS],  # noqa: S704 # files of this package
        policy=policy([style], SCRIPTS),
        title=say._("Journey report"),
        version=__version__,
        chosen=chosen_model(told),
        stages=view.stages,
        coins={currency: number for number, currency in enumerate(told["currencies"])},
        blocks=placed(told, say, view.role),
    )


@lru_cache(maxsize=8)  # templates are compiled once for all pages in a language
def environment(say: Language) -> Environment:
    """Return what templates are rendered with: a language's sentences, and its numbers, days and money as filters."""
    made = Environment(
        loader=PackageLoader("jalon.report.page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    made.filters.update(
        plain=plain, label=say.label, known=say.known, foreign=say.foreign, count=say.count, percent=say.percent,
        orders=say.orders, persons=say.persons, days=say.days, day=say.day, moment=say.moment,
    )  # fmt: skip
    made.globals.update(say=say, amount=say.amount, whole=say.whole, span=say.span, bar=_bar)
    made.globals.update({"_": say.rich, "ngettext": say.rich_plural})
    return made


def policy(styles: Iterable[str], scripts: Iterable[str]) -> str:
    """Return the content security policy that allows these style sheets and scripts, and nothing else."""
    parts = {"style-src": styles, "script-src": scripts}
    allowed = [f"{kind} {' '.join(_digest(text) for text in texts)}" for kind, texts in parts.items() if texts]
    return "; ".join(("default-src 'none'", *allowed, "base-uri 'none'", "form-action 'none'"))


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _bar(share: float | None) -> str:
    """Return a share of 1 as the width of a bar, of 100."""
    return f"{min(max(share or 0.0, 0.0), 1.0) * 100:.2f}"
