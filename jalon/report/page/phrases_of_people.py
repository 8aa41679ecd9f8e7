"""Texts of tables about persons that the page says in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator

from jalon.report.page.blocks.measures import SURVEYS
from jalon.report.page.blocks.targets import CELLS
from jalon.report.people import figure_rows, lifetime
from jalon.report.people.measure_list import MEASURES
from jalon.report.people.rfm import TITLES


def phrases() -> Iterator[str]:
    """Yield titles and definitions of measures, why they are not known, segments, surveys, measures of cells."""
    for measure in MEASURES.values():
        yield from (measure.title, measure.definition)
    yield from (*TITLES.values(), *SURVEYS.values(), *CELLS.values(), *figure_rows.REASONS, *lifetime.REASONS)
