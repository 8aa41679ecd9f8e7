"""What a record's fields may be, and what a shape of records is.

| kind | in a record (JSON) | |
| --- | --- | --- |
| id, ids | text or integer; a list of them | never an e-mail address |
| text | text of at most 500 characters | titles, names of campaigns: the brand's own words, never a person's |
| code | one word of letters, digits, `-` and `_` | an answer that was chosen; free text is refused |
| word | one of the words listed | |
| name | small letters, digits and `_` | |
| count, integer | whole number | |
| money | decimal text, `27.98`, or an integer | in the record's currency |
| currency | ISO 4217 | |
| time | ISO 8601 with offset, or a day alone | a day alone counts as its end, in the account's zone |
| day | ISO 8601 | |
| flag | true or false | |
| email, phone, loyalty, customer | text | a person: only a keyed hash is stored |
| link | address of a page | host, path and marks of origin are kept |
| lines | list of objects | |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal[
    "id", "ids", "text", "code", "word", "name", "count", "integer", "money", "currency", "time", "day", "flag",
    "email", "phone", "loyalty", "customer", "link", "lines",
]  # fmt: skip


class Field(NamedTuple):
    """A field of a record. `words`: what a `word` may be."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    words: tuple[str, ...] = ()


Need = Mapping[str, tuple[str, ...]]
"""Fields of which one must be told -> the words that it must be then; none: any will do."""


class Shape(NamedTuple):
    """One kind of record. `key` names the fields that are its identity; where none of them is told, its content is.

    `within` names the fields that the key holds for: systems count from 1, each for itself. `identity` says in words
    what makes two records one. Of each of `needs` one field must be told.
    """

    name: str
    type: str
    meaning: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    identity: str
    within: tuple[str, ...] = ("platform",)
    needs: tuple[Need, ...] = ()
    complete: bool = False
    """True: a record told again without some of its parts (`lines`, `product_ids`) has these no more."""


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PERSON = (
    Field("email", "email", "E-mail address of the person."),
    Field("phone", "phone", "Phone number of the person, with its country code."),
    Field("loyalty", "loyalty", "Number in the loyalty programme."),
    Field("customer", "customer", "Number or name of the person in the system that tells."),
    Field("customer_of", "name", "Which system that is: `customer` joins only with records that name the same one."),
)
"""Who it was: all that are given are stated to be one person, all may be left out."""


def key_of(shape: Shape, data: Mapping[str, object]) -> str | None:
    """Return what names a record of a shape, by its fields as told; None: nothing but its content does.

    Parts are joined by `|`, and one that is left out is empty, so that a till's receipt 12 is not the order 12.
    """
    parts = [_plain(data.get(name)) for name in shape.key]
    if not any(parts):
        return None
    return "|".join([*(_plain(data.get(name)) for name in shape.within), *parts])


def _plain(value: object) -> str:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text.replace("%", "%25").replace("|", "%7C")
