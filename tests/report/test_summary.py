"""The summary for a terminal: the page's figures in lines, in the page's language."""

from __future__ import annotations

import re

import pytest

from jalon.report.figures.gathering import Row
from jalon.report.words import count, money, percent, plain
from tests.report.test_page import BRAND, summed_up, told_of

SPACE = "\u202f"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Row:
    return told_of(tmp_path_factory.mktemp("summary"), BRAND)


def test_it_says_what_is_known_in_lines(told: Row) -> None:
    lines = summed_up(told)
    for said in (
        "Net revenue: €1,058.00 from 3 orders (€234.56 refunded or cancelled)",
        "Orders placed from 4 Mar 2026 to 6 Mar 2026",
        "1 order of €8.00 not counted: an id states",
        "The spring film",
        "€50.00 of 1 order unknown: the order tells of no person",
        "3 records in quarantine",
        "Source net: newest record of",
    ):
        assert said in "\n".join(lines), said
    assert all(len(line) < 140 for line in lines)


def test_it_speaks_french_and_says_the_same(told: Row) -> None:
    english, french = summed_up(told), summed_up(told, "fr")
    assert len(french) == len(english)
    spaced = " ".join("\n".join(french).split())
    for said in (
        "Chiffre d\u2019affaires net : 1 058,00 € pour 3 commandes (234,56 € remboursés ou annulés)",
        "Commandes passées du 4 mars 2026 au 6 mars 2026",
        "The spring film",
        "3 enregistrements en quarantaine",
        "Source net : dernier enregistrement du",
    ):
        assert said in spaced, said
    words = re.compile("(net revenue|orders?|persons?|unknown|source of|refunded|newest|not counted|by the model)\\b")
    assert [line for line in french if words.search(line.lower())] == []


def test_words() -> None:
    assert money("-1234567.5", "EUR") == f"\u22121{SPACE}234{SPACE}567.5{SPACE}EUR"
    assert count(1234.0) == f"1{SPACE}234"
    assert (percent(None), percent(0.034), percent(0.34)) == ("\u2013", f"3.4{SPACE}%", f"34{SPACE}%")
    assert plain("a\n\tb\u200b c", 4) == "a b\u2026"
