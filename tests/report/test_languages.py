"""English and French: every sentence of the page has its French, with the same things in it, and none is left over."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

import jalon.report
from jalon.report.page.language import catalogs, language
from jalon.report.page.page import environment
from jalon.report.page.phrases import phrases
from jalon.report.page.readers import LANGUAGES
from jalon.report.words import orders

HOME = Path(jalon.report.__file__).parent
SPACE, APART = "\u202f", "\u00a0"
HOLDER = re.compile(r"%\((\w+)\)s|(%%)|(</?\w+>)")
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2), "rich": None, "rich_plural": (1, 2)}


def in_templates() -> Iterator[tuple[str, ...]]:
    for path in (HOME / "page" / "templates").rglob("*.html"):
        for _, _, message, _ in babel_extract(
            io.BytesIO(path.read_bytes()), ("_", "ngettext"), (), {"silent": "false"}
        ):
            yield tuple(filter(None, message)) if isinstance(message, tuple) else (message,)


def in_code() -> Iterator[tuple[str, ...]]:
    for path in HOME.rglob("*.py"):
        with path.open("rb") as file:
            for _, message, _, _ in extract("python", file, keywords=KEYWORDS):
                yield message if isinstance(message, tuple) else (message,)


@cache
def used() -> tuple[tuple[str, ...], ...]:
    """Every message that something says: alone, or as singular and plural."""
    return tuple(dict.fromkeys([*in_templates(), *in_code(), *((phrase,) for phrase in phrases())]))


def translated(name: str) -> Iterator[tuple[str, Message]]:
    for part, text in catalogs(name):
        yield from ((part, message) for message in read_po(io.BytesIO(text)) if message.id)


def ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


OTHERS = [name for name in LANGUAGES if name != "en"]


@pytest.mark.parametrize("name", OTHERS)
def test_every_message_is_translated_and_none_is_left_over(name: str) -> None:
    known = [ids(message) for _, message in translated(name)]
    singles = {message[0] for message in used()}
    assert {message for message in used() if message not in known and message[:1] not in known} == set()
    assert {message for message in known if message not in used() and message[0] not in singles} == set()


@pytest.mark.parametrize("name", OTHERS)
def test_no_message_is_in_two_catalogs_unsure_or_empty(name: str) -> None:
    found = list(translated(name))
    first = {ids(message)[0]: part for part, message in reversed(found)}
    assert [(part, message.id) for part, message in found if first[ids(message)[0]] != part] == []
    assert [message.id for _, message in found if message.fuzzy or not all(strings(message))] == []


def strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


@pytest.mark.parametrize("name", OTHERS)
def test_a_translation_holds_what_its_message_holds(name: str) -> None:
    for _, message in translated(name):
        wanted = {holder.group() for text in ids(message) for holder in HOLDER.finditer(text)}
        for text in strings(message):
            assert {holder.group() for holder in HOLDER.finditer(text)} == wanted, message.id


SIGNS = {"fr": re.compile(r"(?<!\u202f)[;?!]|(?<!\u00a0)(:(?!\w)|»|%%)|«(?!\u00a0)")}
"""Language -> what its typography refuses. French, as the Imprimerie nationale has it: a narrow no-break space before
`;`, `?` and `!`, a no-break space before `:` and `%` and inside quotation marks."""


@pytest.mark.parametrize("name", OTHERS)
def test_no_line_breaks_before_a_sign_of_punctuation(name: str) -> None:
    found = [
        (part, text) for part, message in translated(name) for text in strings(message) if SIGNS[name].search(text)
    ]
    assert found == []


def test_numbers_days_and_money_are_written_as_the_language_writes_them() -> None:
    english, french = language("en"), language("fr")
    assert [say.amount("-1234567.50", "EUR") for say in (english, french)] == [
        "\u2212€1,234,567.50", f"\u22121{SPACE}234{SPACE}567,50{APART}€"
    ]  # fmt: skip
    assert [say.amount("5", "JPY") for say in (english, french)] == ["JP¥5", f"5{APART}JPY"]
    assert english.amount("5.125", "KWD") == f"KWD{APART}5.125", "as many places as it has; letters stand apart"
    assert [say.percent(0.034) for say in (english, french)] == ["3.4%", f"3,4{APART}%"]
    assert [say.percent(-0.25) for say in (english, french)] == ["\u221225%", f"\u221225{APART}%"]
    tiny = [english.percent(share) for share in (0, 0.0006, 0.0004, -0.0001)]
    assert tiny == ["0%", "0.1%", "< 0.1%", "> \u22120.1%"]
    assert [say.placed("2026-12-31", "2026-12-31") for say in (english, french)] == [
        "Orders placed on 31 Dec 2026", "Commandes passées le 31 déc. 2026"
    ]  # fmt: skip
    assert [say.percent(None) for say in (english, french)] == ["\u2013"] * 2
    assert [say.count(1234.56) for say in (english, french)] == ["1,235", f"1{SPACE}235"]
    assert [say.day("2026-08-04") for say in (english, french)] == ["4 Aug 2026", "4 août 2026"]
    assert [say.moment("2026-08-04 09:05 UTC") for say in (english, french)] == [
        "4 Aug 2026 09:05 UTC", "4 août 2026 09:05 UTC"
    ]  # fmt: skip
    assert english.moment("yesterday") == "yesterday"


def test_one_or_several_is_decided_by_the_number_that_is_shown() -> None:
    """Shares of orders are summed up: what is written as 1 is one order, whatever lies behind it."""
    nearly = (0.96, 1.04, 1.06, 1.96, 0.04, 99.96)
    assert [language("en").orders(number) for number in nearly] == [
        "1 order", "1 order", "1.1 orders", "2 orders", "0 orders", "100 orders"
    ]  # fmt: skip
    assert [language("fr").orders(number) for number in nearly] == [
        "1 commande", "1 commande", "1,1 commande", "2 commandes", "0 commande", "100 commandes"
    ]  # fmt: skip
    assert language("fr").orders(1.3) == "1,3 commande"
    assert [orders(number) for number in nearly[:4]] == ["1 order", "1 order", "1.1 orders", "2 orders"]


def test_one_and_a_half_is_plural_in_english_and_singular_in_french() -> None:
    assert [language("en").orders(number) for number in (0, 1, 1.5, 2)] == [
        "0 orders", "1 order", "1.5 orders", "2 orders"
    ]  # fmt: skip
    assert [language("fr").orders(number) for number in (0, 1, 1.5, 2)] == [
        "0 commande", "1 commande", "1,5 commande", "2 commandes"
    ]  # fmt: skip


def test_a_language_with_the_same_names_is_made_once_and_so_are_its_templates() -> None:
    french = language("fr", {"net": "Le réseau"})
    assert environment(language("fr", {"net": "Le réseau"})) is environment(french)
    others = (language("en", {"net": "Le réseau"}), language("fr", {"net": "Un autre"}), language("fr"))
    assert len({id(environment(each)) for each in (french, *others)}) == 4
    assert [each.label("net") for each in (french, *others)] == ["Le réseau", "Le réseau", "Un autre", "Net"]
