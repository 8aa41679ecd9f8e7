"""Signatures are compared as bytes, all of them, and nothing in a header makes that raise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from jalon import registry
from jalon.connectors.signatures import fits, held
from jalon.settings import is_secret

RIGHT = st.lists(st.text(alphabet="0123456789abcdef", min_size=1).map(str.encode), max_size=3)


@given(st.text(alphabet=st.characters()) | st.none(), RIGHT)
def test_a_header_fits_if_it_holds_one_of_the_right_signatures(claimed: str | None, right: list[bytes]) -> None:
    assert fits(claimed, right) is ((claimed or "").strip().encode("utf-8", "surrogatepass") in right)


@given(RIGHT)
def test_whichever_of_them_it_is(right: list[bytes]) -> None:
    assert all(fits(each.decode(), right) for each in right)
    assert not fits("\ud800", right)
    assert not fits("é", right)


def test_only_secrets_that_are_there_are_held_in_their_order() -> None:
    assert held(SecretStr("new"), None, SecretStr("old")) == (b"new", b"old")
    assert held(None) == ()


@pytest.mark.parametrize("name", registry.names())
def test_an_empty_secret_signs_nothing(name: str) -> None:
    """Whoever sends could sign with it."""
    connector = registry.connector(name)
    fields = [key for key, field in connector.settings.model_fields.items() if is_secret(field.annotation)]
    empty = connector.settings.model_construct(**dict.fromkeys(fields, SecretStr("")))
    if name == "hook":
        with pytest.raises(ValueError, match="24 to 64 bytes"):
            connector.secrets(empty)
    else:
        assert b"" not in connector.secrets(empty)
