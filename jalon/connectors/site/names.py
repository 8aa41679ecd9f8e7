"""What a link says about itself: which content it stands in, which product it is about, where it stands, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)
_PLACEMENT = re.compile(r"[a-z0-9_-]{1,40}(?:/[a-z0-9_-]{1,40})?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST = 100


class Misnamed(ValueError):
    """A name that no link can have."""


class Names(NamedTuple):
    """Empty where there is none."""

    content: str
    product: str
    placement: str
    campaign: str


def named(given: Mapping[str, str]) -> Names:
    """Return the names of a link, checked. Raises `Misnamed`."""
    names = Names(*((given.get(name) or "").strip() for name in Names._fields))
    for name, value in (("content", names.content), ("product", names.product)):
        if value and not _ID.fullmatch(value):
            raise Misnamed(f"{name} is no id of letters, digits and . _ : - (at most 100)")
    if not _PLACEMENT.fullmatch(names.placement):
        raise Misnamed("placement must be a channel, or channel/place: instagram/story, youtube, email, shop/qr")
    if len(names.campaign) > _LONGEST or _CONTROL.search(names.campaign):
        raise Misnamed("campaign is longer than 100 characters, or holds line ends")
    return names
