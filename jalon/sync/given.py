"""What a bulk file has given already, so that it is passed over when the file is asked for again."""

from __future__ import annotations

from hashlib import blake2b

from jalon.sync.client import Futile

_SIZE = 16
"""Bytes of a digest."""


class Given:
    """The lines of one file that were given, as their number and digest. Each reading begins with `rewind`."""

    def __init__(self) -> None:
        self._number = 0
        self._digest = blake2b(digest_size=_SIZE)
        self.rewind()

    def rewind(self) -> None:
        """Stand before the first line again."""
        self._met = 0
        self._again = blake2b(digest_size=_SIZE)

    def is_new(self, line: bytes) -> bool:
        """Say whether the next line was not given yet; from now on it was. Raises `Futile` if the file is another."""
        self._met += 1
        if self._met > self._number:
            self._number += 1
            _add(self._digest, line)
            return True
        _add(self._again, line)
        if self._met == self._number and self._again.digest() != self._digest.digest():
            raise Futile("the file reads otherwise than before its connection broke")
        return False

    def end(self) -> None:
        """Raise `Futile` if the file ends before what it gave."""
        if self._met < self._number:
            raise Futile(f"the file ends after {self._met} lines, of which it gave {self._number} before it broke")


def _add(digest: blake2b, line: bytes) -> None:
    digest.update(line)
    digest.update(b"\n")
