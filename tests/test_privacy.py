"""Pseudonyms and seals."""

from __future__ import annotations

import hmac
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.errors import ConfigError
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
    with pytest.raises(ConfigError, match="jalon init"):
        read_key("short")
