"""The blocks of the page in their order. For whom others come first: `readers.ROLES`."""

from __future__ import annotations

from collections.abc import Iterator

from jalon.report.page.blocks import (
    claims,
    credit,
    funnel,
    headline,
    journey_map,
    made,
    measures,
    models,
    moves,
    personas,
    products,
    restated,
    sales,
    targets,
    told,
    ways,
    weeks,
)
from jalon.report.page.blocks.block import Block, Placed, Row
from jalon.report.page.language import Language
from jalon.report.page.readers import ROLES

BLOCKS = (
    Block("headline", headline.prepared),
    Block("journey_map", journey_map.prepared),
    Block("targets", targets.prepared),
    Block("weeks", weeks.prepared, ("sales", "management")),
    Block("selling_modes", sales.modes, half=True),
    Block("coverage", sales.coverage, ("management",), half=True),
    Block("customers", sales.customers, ("sales", "management"), half=True),
    Block("platforms", sales.platforms, ("sales", "management"), half=True),
    Block("restated", restated.prepared),
    Block("moves", moves.prepared, ("management", "content")),
    Block("ways", ways.prepared),
    Block("channels", credit.channels),
    Block("models", models.prepared, ("management",)),
    Block("contents", credit.contents, ("sales", "content"), half=True),
    Block("creators", credit.creators, ("sales", "content"), half=True),
    Block("products", products.prepared, ("sales", "content")),
    Block("funnel", funnel.prepared, ("sales", "content")),
    Block("claims", claims.prepared, ("sales", "management")),
    Block("measures", measures.measures, ("sales", "management")),
    Block("surveys", measures.surveys, ("sales", "management")),
    Block("personas", personas.prepared),
    Block("conversions", told.conversions, ("sales", "management")),
    Block("counted", told.counted, ("content",)),
    Block("gaps", told.gaps, ("content", "management")),
    Block("made", made.prepared),
)
"""A page for nobody in particular has all of them."""


def chosen(role: str | None) -> list[Block]:
    """Return the blocks of a reader in their order, or all of them."""
    if role is None:
        return list(BLOCKS)
    own = [block for block in BLOCKS if role in block.roles]
    first = ROLES[role].first
    return sorted(own, key=lambda block: first.index(block.name) if block.name in first else len(first))


def placed(figures: Row, say: Language, role: str | None) -> list[Placed]:
    """Return the blocks that have something to show; a half stands beside the next half, or else fills the row."""
    prepared = ((block, block.prepared(figures, say)) for block in chosen(role))
    return list(_in_rows([(block, it) for block, it in prepared if it is not None]))


def _in_rows(blocks: list[tuple[Block, Row]]) -> Iterator[Placed]:
    waiting = True
    for number, (block, it) in enumerate(blocks):
        begins = block.half and waiting
        beside = begins and number + 1 < len(blocks) and blocks[number + 1][0].half
        yield Placed(block, it, half=beside or (block.half and not waiting))
        waiting = not beside
