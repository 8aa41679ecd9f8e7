"""Read bodies within bounds: how long they may be as sent, and how long once unpacked."""

from __future__ import annotations

import zlib
from typing import Protocol

MAX_BODY = 64 << 20
MAX_RATIO = 200
"""JSON of platforms packs 5 to 30 times; what packs 200 times is made to fill a memory."""
FREE = 1 << 20
"""Below this many unpacked bytes the ratio says nothing: a page of empty rows packs very well."""
MAX_LINE = 16 << 20
ENCODINGS = "gzip, deflate"


class TooLarge(Exception):
    """The body is longer than it may be."""


class Damaged(Exception):
    """The body cannot be unpacked."""


class Decoder(Protocol):
    """Turns chunks as sent into chunks as meant."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return what `chunk` unpacks to. Raises `TooLarge`, `Damaged`."""

    def end(self) -> None:
        """Check that the body was whole. Raises `Damaged`."""


class Plain:
    """A body that is not packed."""

    def __init__(self, limit: int = MAX_BODY) -> None:
        self._left = limit

    def feed(self, chunk: bytes) -> list[bytes]:
        self._left -= len(chunk)
        if self._left < 0:
            raise TooLarge("the answer is longer than allowed")
        return [chunk]

    def end(self) -> None:
        """Nothing to check: the connection itself says whether all bytes came."""


class Packed:
    """A gzip or deflate body, unpacked in pieces of bounded size."""

    PIECE = 1 << 18

    def __init__(self, encoding: str, limit: int = MAX_BODY) -> None:
        self._gzip = encoding in {"gzip", "x-gzip"}
        self._limit = limit
        self._taken = self._given = 0
        self._member: zlib._Decompress | None = None

    def feed(self, chunk: bytes) -> list[bytes]:
        self._taken += len(chunk)
        pieces: list[bytes] = []
        pending = False
        while chunk or pending:
            member = self._member or self._open(chunk)
            try:
                piece = member.decompress(chunk, self.PIECE)
            except zlib.error:
                raise Damaged("the packed answer is damaged") from None
            # A full piece may leave output inside zlib although all input is taken.
            pending = len(piece) == self.PIECE and not member.eof
            chunk = member.unused_data or member.unconsumed_tail
            self._member = None if member.eof else member
            self._count(len(piece))
            pieces.append(piece)
        return pieces

    def end(self) -> None:
        if self._member is not None:
            raise Damaged("the packed answer ends early")

    def _open(self, head: bytes) -> zlib._Decompress:
        if self._gzip:
            return zlib.decompressobj(zlib.MAX_WBITS | 16)
        # Servers send "deflate" both with the zlib header that the RFC asks for and without it.
        wrapped = head[0] & 0x0F == 8 and (len(head) < 2 or (head[0] << 8 | head[1]) % 31 == 0)
        return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)

    def _count(self, size: int) -> None:
        self._given += size
        if self._given > self._limit:
            raise TooLarge("the unpacked answer is longer than allowed")
        if self._given > FREE and self._given > self._taken * MAX_RATIO:
            raise TooLarge(f"the answer unpacks to more than {MAX_RATIO} times its size")


def decoder(encoding: str, limit: int = MAX_BODY) -> Decoder:
    """Return the decoder for a `Content-Encoding`. Raises `Damaged` for one that was not asked for."""
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return Plain(limit)
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return Packed(encoding, limit)
    raise Damaged("the answer is packed in a way that was not asked for")


class File:
    """A file as its reader wants it: one that is itself packed (`orders.csv.gz`) is unpacked, however it is sent."""

    GZIP = b"\x1f\x8b"

    def __init__(self, encoding: str, limit: int) -> None:
        self._sent, self._limit = decoder(encoding, limit), limit
        self._head = b""
        self._file: Decoder | None = None

    def feed(self, chunk: bytes) -> list[bytes]:
        return [piece for sent in self._sent.feed(chunk) for piece in self._within(sent)]

    def _within(self, sent: bytes) -> list[bytes]:
        if self._file is None:
            sent = self._head = self._head + sent
            if self.GZIP.startswith(sent):  # nothing, or half of the mark
                return []
            self._file = Packed("gzip", self._limit) if sent.startswith(self.GZIP) else Plain(self._limit)
        return self._file.feed(sent)

    def end(self) -> None:
        self._sent.end()
        if self._file is not None:
            self._file.end()
        elif self._head:
            raise Damaged("the packed answer ends early")


class Lines:
    """Cuts a stream of chunks into lines of bounded length."""

    def __init__(self, longest: int = MAX_LINE) -> None:
        self._longest = longest
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that `chunk` completes, without their ends. Raises `TooLarge`."""
        head, *rest = chunk.split(b"\n")
        self._keep(head)
        if not rest:
            return []
        lines = [self._take(), *rest[:-1]]
        self._keep(rest[-1])
        return [line.removesuffix(b"\r") for line in lines if line.strip()]

    def end(self) -> list[bytes]:
        """Return the last line, if the file does not end with a line's end."""
        last = self._take()
        return [last] if last.strip() else []

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._longest:
            raise TooLarge(f"a line of the file is longer than {self._longest} bytes")
        self._parts.append(part)

    def _take(self) -> bytes:
        line = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        return line
