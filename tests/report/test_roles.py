"""Readers of the page: what matters to them comes first, what does not is left out, nothing is invented."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from jalon.cli import cli
from jalon.report.figures.gathering import figures
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.page.blocks.block import ALL, Block
from jalon.report.page.blocks.registry import BLOCKS, _in_rows, chosen
from jalon.report.page.page import View, render
from jalon.report.page.readers import LANGUAGES, ROLES
from tests.handmade import Run, content, order, touch

NAMES = [block.name for block in BLOCKS]


def test_roles_are_named_once_and_name_only_blocks_that_they_see() -> None:
    assert tuple(ROLES) == ALL
    assert len(set(NAMES)) == len(NAMES)
    for role, reader in ROLES.items():
        seen = [block.name for block in chosen(role)]
        assert seen[: len(reader.first)] == list(reader.first)
        assert {"headline", "journey_map", "made"} <= set(seen)


@pytest.mark.parametrize("role", ROLES)
def test_what_does_not_come_first_keeps_the_order_of_the_page(role: str) -> None:
    rest = [block.name for block in chosen(role) if block.name not in ROLES[role].first]
    assert rest == sorted(rest, key=NAMES.index)
    assert len(rest) + len(ROLES[role].first) < len(NAMES), "something is left out"
    assert [block.name for block in chosen(None)] == NAMES


def rows(*halves: bool) -> list[bool]:
    blocks = [(Block(str(number), lambda told, say: {}, half=half), {}) for number, half in enumerate(halves)]
    return [placed.half for placed in _in_rows(blocks)]


def test_halves_stand_beside_each_other_and_one_alone_fills_the_row() -> None:
    assert rows(True, True, False) == [True, True, False]
    assert rows(True, False, True) == [False, False, False]
    assert rows(True, True, True, False, True, True) == [True, True, False, False, True, True]
    for halves in itertools.product([False, True], repeat=6):
        groups = [len(list(own)) for is_half, own in itertools.groupby(rows(*halves)) if is_half]
        assert all(length % 2 == 0 for length in groups), halves


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("roles")
    facts = [
        touch("t", 1, "a", channel="network", content_id="v"),
        content("v", "A film"),
        order("1", 2, 1000, person="a"),
    ]
    run = Run(folder, facts, models=["last", "linear"])
    build_marts(run.facts, run.folder, folder / "marts", MartOptions(csv=False))
    return figures(folder / "marts", run.folder)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("role", [None, *ROLES])
def test_a_page_has_the_blocks_of_its_reader_in_their_order(told: dict[str, Any], role: str | None, lang: str) -> None:
    html = render(told, View(lang, role))
    shown = re.findall(r'<section id="(\w+)"', html)
    wanted = [block.name for block in chosen(role)]
    assert shown == [name for name in wanted if name in shown]
    assert shown[0] == "headline"
    assert len(re.findall("<nav ", html)) == 1
    assert f'<html lang="{lang}">' in html
    for name in shown[1:]:
        assert f'aria-labelledby="{name}-title"' in html


def test_the_help_of_report_says_what_each_reader_asks() -> None:
    said = " ".join(CliRunner().invoke(cli, ["report", "--help"]).output.split())
    for role, reader in ROLES.items():
        assert f"{role} ({reader.asks})" in said
