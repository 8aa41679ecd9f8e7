"""The page on attribution names every code that tables and explanations show."""

from __future__ import annotations

from pathlib import Path

import pytest

from jalon.attribution.crediting import UNKNOWN_BECAUSE
from jalon.attribution.guards import REASONS
from jalon.attribution.models import MODELS
from jalon.attribution.modes import MODES
from jalon.attribution.modes import RULES as MODE_RULES
from jalon.attribution.patterns import FIELDS
from jalon.attribution.presets import PRESETS
from jalon.attribution.refunds import WARNINGS
from jalon.attribution.sales import NOT_COUNTED, WHY
from jalon.attribution.stages import RULES
from jalon.normalize.channels import CHANNELS

PAGE = (Path(__file__).parent.parent.parent / "docs" / "attribution.md").read_text()
ROWS = [
    [cell.strip().strip("`") for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if line.startswith("|")
]


CODES = (
    *(*UNKNOWN_BECAUSE, *MODELS, *MODE_RULES, *PRESETS, *WHY, *(rule.id for rule in RULES)),
    *(*REASONS, *WARNINGS, *CHANNELS, *FIELDS),
)


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    assert f"`{code}`" in PAGE


def test_the_table_of_stages_is_the_rule_table() -> None:
    told = {row[0]: row[3] for row in ROWS if len(row) == 4}
    assert {rule.id: rule.stage for rule in RULES} == {
        name: stage for name, stage in told.items() if name in {r.id for r in RULES}
    }


def test_the_table_of_sales_says_what_is_counted() -> None:
    told = {row[0]: row[1] for row in ROWS if row[0] in WHY}
    assert told == {code: "no" if code in NOT_COUNTED else "yes" for code in WHY}


def test_modes_are_those_of_the_rules() -> None:
    assert set(MODE_RULES.values()) == set(MODES)
