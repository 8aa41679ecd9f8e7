"""Bodies come in whole or not at all, and never larger than allowed."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.sync.bodies import Damaged, File, Lines, Packed, TooLarge, decoder


def packed(data: bytes, form: str) -> bytes:
    if form == "gzip":
        return gzip.compress(data)
    if form == "raw deflate":
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(data) + packer.flush()
    return zlib.compress(data)


FORMS = {"gzip": "gzip", "deflate": "deflate", "raw deflate": "deflate"}


def fed(encoding: str, data: bytes, size: int) -> bytes:
    unpack = decoder(encoding)
    out = [piece for start in range(0, len(data), size) for piece in unpack.feed(data[start : start + size])]
    unpack.end()
    return b"".join(out)


@given(st.binary(max_size=5000), st.sampled_from(sorted(FORMS)), st.integers(1, 700), st.integers(1, 400))
def test_unpacks_whatever_the_chunks(data: bytes, form: str, size: int, times: int) -> None:
    assert fed(FORMS[form], packed(data * times, form), size) == data * times


@given(st.binary(min_size=1, max_size=500), st.sampled_from(sorted(FORMS)), st.data())
def test_notices_that_the_end_is_missing(data: bytes, form: str, more: st.DataObject) -> None:
    whole = packed(data, form)
    cut = more.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(Damaged):
        fed(FORMS[form], whole[:cut], 100)


def outcome(encoding: str, data: bytes, size: int) -> bytes | type[Exception]:
    """Return what is unpacked, or by what it is refused."""
    try:
        return fed(encoding, data, size)
    except (Damaged, TooLarge) as refusal:
        return type(refusal)


SPOILT = st.builds(
    lambda data, form, cut, more: packed(data, form)[:cut] + more,
    st.binary(max_size=100),
    st.sampled_from(sorted(FORMS)),
    st.none() | st.integers(0, 30),
    st.binary(min_size=1, max_size=10) | st.binary(max_size=50).map(gzip.compress),
)


@given(SPOILT | st.binary(min_size=1, max_size=300), st.sampled_from(["gzip", "deflate"]), st.integers(1, 50))
def test_arbitrary_bytes_are_refused_or_unpacked_alike_whatever_the_chunks(
    data: bytes, encoding: str, size: int
) -> None:
    assert outcome(encoding, data, size) == outcome(encoding, data, len(data))


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate"]), st.integers(2, 400), st.integers(1, 255))
def test_a_wrong_byte_is_noticed_or_changes_nothing(data: bytes, form: str, place: int, change: int) -> None:
    spoilt = bytearray(packed(data, form))
    spoilt[max(place % len(spoilt), 2)] ^= change
    assert outcome(form, bytes(spoilt), 50) in (Damaged, data)


def test_members_of_a_gzip_file_follow_each_other() -> None:
    assert fed("gzip", gzip.compress(b"one,") + gzip.compress(b"two"), 7) == b"one,two"


def test_stops_at_the_ratio_long_before_the_limit() -> None:
    bomb = gzip.compress(b"0" * (200 << 20), 9)
    unpack = Packed("gzip")
    pieces: list[bytes] = []

    def feed() -> None:
        for start in range(0, len(bomb), 4096):
            pieces.extend(unpack.feed(bomb[start : start + 4096]))

    with pytest.raises(TooLarge, match="200 times"):
        feed()
    assert sum(map(len, pieces)) < 4 << 20


def test_stops_at_the_limit() -> None:
    noise = bytes(range(256)) * 40
    unpack = decoder("gzip", 5000)
    with pytest.raises(TooLarge, match="longer than allowed"):
        unpack.feed(gzip.compress(noise))
    plain = decoder("", 5)
    assert plain.feed(b"12345") == [b"12345"]
    with pytest.raises(TooLarge):
        plain.feed(b"6")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "nonsense"])
def test_refuses_what_was_not_asked_for(encoding: str) -> None:
    with pytest.raises(Damaged, match="not asked for"):
        decoder(encoding)


@given(
    st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b""))), st.integers(1, 9)
)
def test_lines_are_those_of_the_file(lines: list[bytes], size: int) -> None:
    data = b"\r\n".join(lines)
    cutter = Lines()
    found = [line for start in range(0, len(data), size) for line in cutter.feed(data[start : start + size])]
    assert found + cutter.end() == [line for line in lines if line.strip()]


def test_a_line_without_end_is_cut_off() -> None:
    cutter = Lines(1000)
    for _ in range(10):
        assert cutter.feed(b"x" * 100) == []
    with pytest.raises(TooLarge, match="longer than 1000 bytes"):
        cutter.feed(b"x")


def read(encoding: str, sent: bytes, size: int) -> bytes:
    """Return what a file says that is sent in chunks."""
    file = File(encoding, 1 << 20)
    pieces = [piece for start in range(0, len(sent), size) for piece in file.feed(sent[start : start + size])]
    file.end()
    return b"".join(pieces)


@given(st.text(max_size=300), st.booleans(), st.booleans(), st.integers(1, 60))
def test_a_file_is_unpacked_whether_it_is_packed_itself_or_only_sent_so(
    text: str, packed_itself: bool, sent_packed: bool, size: int
) -> None:
    data = gzip.compress(text.encode()) if packed_itself else text.encode()
    sent = gzip.compress(data) if sent_packed else data
    if not packed_itself and data == File.GZIP[:1]:
        return  # half of the mark alone is no text of anybody's
    assert read("gzip" if sent_packed else "", sent, size) == text.encode()


@pytest.mark.parametrize("cut", [1, 2, 15])
def test_a_packed_file_that_ends_early_is_damaged(cut: int) -> None:
    with pytest.raises(Damaged):
        read("", gzip.compress(b"a line\n" * 9)[:cut], 1)
