"""Pseudonyms and seals."""

from __future__ import annotations

import hmac
import stat
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jalon.connectors.calling_codes import CALLING_CODES
from jalon.errors import ConfigError
from jalon.identifiers import is_international, names_nobody, of_country, without_country
from jalon.privacy import Keyring, _Mac, canonical, make_key, read_key

KEYRING = Keyring(b"k" * 32)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [("email", " Ada@Example.COM ", "ada@example.com"), ("phone", "+33 6 12 34 56 78", "0033612345678")],
)
def test_spellings_of_one_identifier_are_one_person(kind: str, one: str, other: str) -> None:
    assert KEYRING.pseudonym(kind, one) == KEYRING.pseudonym(kind, other)


@given(st.sampled_from(["email", "phone", "tiktok_user"]), st.text())
def test_canonical_form_is_stable_and_never_in_the_hash(kind: str, value: str) -> None:
    assert canonical(kind, canonical(kind, value)) == canonical(kind, value)
    hashed = KEYRING.pseudonym(kind, value)
    assert hashed.startswith(f"{kind}:")
    assert len(hashed) == len(kind) + 33


@given(st.binary(max_size=300))
def test_the_hash_is_hmac_sha256_as_the_standard_library_computes_it(message: bytes) -> None:
    assert _Mac(b"k" * 32).hex(message) == hmac.digest(b"k" * 32, message, "sha256").hex()


def test_without_the_key_hashes_cannot_be_tried() -> None:
    assert KEYRING.pseudonym("phone", "33612345678") != Keyring(b"x" * 32).pseudonym("phone", "33612345678")


NOBODY = [
    *(
        ("phone", text)
        for text in ("-", "n/a", "none", "112", "000000", "0000000000", "06 00 00 00 00", "+33 000 000 000")
    ),
    *(("email", text) for text in ("-", "n/a", "none@none", "ada", "@", "a b@example.org", "")),
    *(("loyalty", text) for text in ("-", " 0 ", "N/A", "--", "0000")),
]


@pytest.mark.parametrize(("kind", "text"), NOBODY)
def test_what_people_write_in_place_of_their_own_names_nobody(kind: str, text: str) -> None:
    assert KEYRING.hasher("till")(kind, text) is None
    assert KEYRING.pseudonyms(kind, text, "till") == []


def test_a_number_that_tells_no_country_is_one_of_its_source_alone() -> None:
    till, other = KEYRING.hasher("till"), KEYRING.hasher("other")
    assert till("phone", "06 12 34 56 78") == till("phone", "06-12345678") != other("phone", "06 12 34 56 78")
    assert till("phone", "06 12 34 56 78") not in (KEYRING.pseudonym("phone", "612345678"), None)
    for number in ("+33 6 12 34 56 78", "0033612345678", "(+33) 612345678"):
        assert till("phone", number) == other("phone", number) == KEYRING.pseudonym("phone", "+33612345678")


def test_whoever_asks_to_be_erased_is_found_under_all_names_that_a_number_may_have() -> None:
    asked = KEYRING.pseudonyms("phone", "06 12 34 56 78", "till")
    assert asked == [KEYRING.hasher("till")("phone", "0612345678"), KEYRING.pseudonym("phone", "0612345678")]
    assert KEYRING.pseudonyms("email", "Ada@example.org", "till") == [KEYRING.pseudonym("email", "ada@example.org")]


@pytest.mark.parametrize(
    ("number", "code", "found"),
    [
        ("06 12 34 56 78", "33", "+33612345678"),
        ("06-12345678", "31", "+31612345678"),
        ("+44 20 7946 0000", "33", "+442079460000"),
        ("0044 20 7946 0000", "33", "+442079460000"),
        ("33612345678", "33", "+33612345678"),
        ("612345678", "34", "+34612345678"),
        ("45 12 34 56", "45", "+4545123456"),
        ("(415) 555-0100", "1", "+14155550100"),
        ("1 415 555 0100", "1", "+14155550100"),
        ("06 1234 5678", "39", "+390612345678"),
    ],
)
def test_a_number_is_of_the_country_that_is_told_unless_it_tells_another(number: str, code: str, found: str) -> None:
    assert KEYRING.pseudonym("phone", of_country(number, code)) == KEYRING.pseudonym("phone", found)


@given(st.sampled_from(sorted(set(CALLING_CODES.values()))), st.from_regex("0?[1-9][0-9]{7,9}", fullmatch=True))
def test_a_number_with_its_country_is_found_where_the_country_was_left_out(code: str, national: str) -> None:
    assume(not names_nobody("phone", national))
    number, till = of_country(national, code), KEYRING.hasher("till")
    forms = without_country(number, set(CALLING_CODES.values()))
    assert till("phone", national) in {till("phone", form) for form in forms}
    assert not any(is_international(form) for form in forms), "none is that of a stranger elsewhere"
    assert without_country(national, {code}) == []


def test_kinds_do_not_mix() -> None:
    assert KEYRING.pseudonym("a", "17").split(":")[1] != KEYRING.pseudonym("b", "17").split(":")[1]


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_a_seal_opens_only_with_its_key_and_purpose(clear: bytes, about: bytes) -> None:
    sealed = KEYRING.seal(clear, about)
    assert KEYRING.unseal(sealed, about) == clear
    for keyring, purpose in ((Keyring(b"x" * 32), about), (KEYRING, about + b"!")):
        with pytest.raises(ConfigError):
            keyring.unseal(sealed, purpose)


def test_a_new_key_is_private_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "jalon.key"
    make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        make_key(path)
    assert read_key(path.read_text()).id == read_key(path.read_text()).id


def test_a_weak_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="Put your copy of it back, or, if nothing is stored yet"):
        read_key("short")
