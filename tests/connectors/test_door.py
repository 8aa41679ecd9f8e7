"""What of an address comes in, and in which form."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.door import CLICK_IDS, MARKS, SHARED_IDS, each, fields, link, person

PAGE = "https://anna:secret@shop.example/p?utm_source=ig&email=anna@x.example&{}#top"


def hashed(kind: str, value: str) -> str:
    return f"hashed {kind} {value}"


def query(given: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(link(PAGE.format(given), hashed)).query))


def test_of_an_address_only_place_and_marks_come_in() -> None:
    assert link(PAGE.format("page=2"), hashed) == "https://shop.example/p?utm_source=ig"
    assert query("cart_origin=instagram") == {"utm_source": "ig", "cart_origin": "instagram"}


@pytest.mark.parametrize(("given", "name"), [("fbclid=AbC", "fbclid"), ("ScCid=AbC", "sccid"), ("jclid=AbC", "jclid")])
def test_a_click_id_is_hashed_by_its_exact_value_whatever_the_case_of_its_name(given: str, name: str) -> None:
    assert query(given)[name] == f"hashed {name} AbC"


@pytest.mark.parametrize("name", ["gbraid", "wbraid", "WBRAID"])
def test_an_id_that_many_clicks_share_joins_nothing(name: str) -> None:
    assert query(f"{name}=0AAAAA-one-of-many")[name.lower()] == "1"


def test_an_id_that_is_made_when_nobody_has_clicked_does_not_come_in() -> None:
    assert query("srsltid=AfmBO") == {"utm_source": "ig"}


NAMES = {name for names in (MARKS, CLICK_IDS, SHARED_IDS) for name in names}


@given(st.text(max_size=80))
def test_of_no_address_more_comes_in_than_its_marks(text: str) -> None:
    for address in (text, f"https://[{text}/?{text}", f"https://{text}@shop.example/?{text}={text}&ref={text}#{text}"):
        passed = link(address, hashed)
        assert passed is None or parse_names(passed) <= NAMES


def parse_names(address: str) -> set[str]:
    """Return the names in the query of an address."""
    return {name for name, _ in parse_qsl(address.partition("?")[2], keep_blank_values=True)}


def test_what_is_not_named_stays_outside() -> None:
    door = fields("id", buyer=person("email"), lines=each("sku"))
    given = {"id": "1", "buyer": "Anna@x.example", "lines": [{"sku": "A", "note": "for Anna"}], "note": "call me"}
    assert door(given, hashed) == {"id": "1", "buyer": "hashed email Anna@x.example", "lines": [{"sku": "A"}]}
    assert door(["no object"], hashed) is None


@pytest.mark.parametrize("kind", ["e-mail", "Email", "", "tiktok user"])
def test_a_kind_of_person_that_is_no_word_is_refused_where_it_is_written(kind: str) -> None:
    with pytest.raises(ValueError, match="must be called by small letters, digits and _"):
        person(kind)
