"""Strict decoding within bounds, and the door."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.door import each, fields, link, person
from jalon.connectors.wire import MAX_DEPTH, Malformed, decode, decode_amid, depth, encode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=30,
)


def hasher(kind: str, value: str) -> str:
    return f"{kind}:{len(value)}"


NONE = "nothing that can be read"
WORDS = [b'"a"', b'"a":1', b"null", b"true", b'{"a":1}', b"[1]"]


def read(decoder: Callable[[bytes], Any], body: bytes) -> Any:
    """Return what a decoder makes of a body."""
    try:
        return decoder(body)
    except ValueError:
        return NONE


def standard(body: bytes) -> Any:
    """Return the JSON value in a body as the standard library reads it, in UTF-8 and without numbers that are none."""

    def number(text: str) -> float:
        if not math.isfinite(found := float(text)):
            raise ValueError(text)
        return found

    return json.loads(body.decode(), parse_float=number, parse_constant=number)


@given(JSON)
def test_decodes_what_the_standard_library_encodes(value: object) -> None:
    assert decode(json.dumps(value).encode()) == value


PIECES = st.lists(
    st.sampled_from([*b'{}[]:,"1-.e\\n \n', *b"\x00\xff"]).map(lambda byte: bytes([byte])) | st.sampled_from(WORDS),
    max_size=12,
).map(b"".join)


@given(PIECES | st.binary(max_size=300))
def test_any_bytes_are_what_the_standard_library_reads_or_malformed(body: bytes) -> None:
    assert read(decode, body) == read(standard, body)


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", '{"a":1', "\ufeff{}", '"\\ud8"', '"\\ud800', "1e999", "01", "'a'"]
)
def test_near_json_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        decode(text.encode())


@given(st.dictionaries(st.text(st.characters(), max_size=8), st.text(st.characters(), max_size=8), max_size=4))
def test_half_a_surrogate_pair_spoils_nothing_else(value: dict[str, str]) -> None:
    """Threat 12: JSON's grammar allows it, and no text can hold it."""
    sent = json.dumps(value | {"cut": "emoji \ud83d", "kept": "\\ud800 \U0001f600"})
    understood = re.sub("[\ud800-\udfff]", "\ufffd", json.dumps(json.loads(sent), ensure_ascii=False))
    assert decode(sent.encode()) == json.loads(understood)


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 1_000, 200_000])
def test_deep_nesting_is_refused_without_recursion(levels: int) -> None:
    with pytest.raises(Malformed, match="deeper"):
        decode(b"[" * levels + b"]" * levels)


def test_brackets_in_text_do_not_count() -> None:
    body = json.dumps({"a": "[" * 500 + '\\"{', "b": [1]}).encode()
    assert depth(body) == 2
    assert decode(body)["b"] == [1]


def test_64_bit_ids_survive() -> None:
    assert decode(b'{"id":18446744073709551615}')["id"] == 18446744073709551615


DOOR_OF_LINES = fields("sku", buyer=person("u"))
DOOR = fields("id", user=person("u"), page=link, lines=each(DOOR_OF_LINES))


def test_only_named_fields_pass_the_door() -> None:
    record = {
        "id": "1",
        "email": "canary@example.com",
        "user": 77,
        "lines": [{"sku": "A", "note": "canary", "buyer": "x"}, "junk"],
    }
    assert DOOR(record, hasher) == {"id": "1", "user": "u:2", "lines": [{"sku": "A", "buyer": "u:1"}, None]}


def test_addresses_keep_marks_of_origin_alone() -> None:
    url = "https://me:pw@shop.example:8443/p/tee?utm_source=tiktok&email=canary@x.y&ttclid=E.C.P.canary#canary"
    kept = link(url, hasher)
    assert kept == "https://shop.example/p/tee?utm_source=tiktok&ttclid=ttclid%3A12"


@given(JSON | st.dictionaries(st.sampled_from(["id", "user", "page", "lines", "email"]), JSON))
def test_whatever_a_record_holds_only_named_fields_in_their_form_pass(record: object) -> None:
    passed = DOOR(record, hasher)
    if not isinstance(record, dict):
        assert passed is None
        return
    assert passed.keys() == record.keys() & {"id", "user", "page", "lines"}
    assert passed.get("id") == record.get("id")
    assert passed.get("user") == (f"u:{len(str(record['user']))}" if record.get("user") not in (None, "") else None)
    assert passed.get("page") is None or isinstance(record["page"], str)
    lines = record.get("lines")
    assert passed.get("lines") == ([DOOR_OF_LINES(line, hasher) for line in lines] if isinstance(lines, list) else None)


WARNING = b"<br />\n<b>Warning</b>:  Undefined array key [a] in <b>/w/{x}.php</b> on line <b>1</b><br />\n"


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", WARNING, b"\nNotice: a [b] in c on line 1\n", b"\r\n \t"])
@pytest.mark.parametrize("behind", [b"", b"\n", b"\n<!-- Cached page, 0.1 s -->", b"\n<br />\n<b>Notice</b>: x"])
def test_json_is_found_amid_what_a_server_prints(before: bytes, behind: bytes) -> None:
    assert decode_amid(before + b'[{"id":1,"text":"\\n{"}]' + behind) == [{"id": 1, "text": "\n{"}]


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), min_size=1, max_size=5), st.data())
def test_a_cut_answer_is_not_taken_for_a_whole_one(value: dict[str, str], data: st.DataObject) -> None:
    whole = encode(value)
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(Malformed):
        decode_amid(WARNING + whole[:cut])


@given(PIECES | st.binary(max_size=200))
def test_what_is_found_amid_anything_at_all_is_the_whole_or_an_object_or_a_list_in_it(body: bytes) -> None:
    found, whole = read(decode_amid, body), read(decode, body)
    assert found == whole or (whole == NONE and isinstance(found, dict | list))
