"""What the meanings of Pinterest's records share: the platform's name, its days, how firm figures are, whole counts."""

from __future__ import annotations

from typing import Any

from jalon.normalize.fields import count
from jalon.normalize.measures import Finality

PLATFORM = "pinterest"
ZONE = "UTC"
"""Pinterest counts by UTC days: https://developers.pinterest.com/docs/api/v5/pins-analytics, `start_date`."""
API = "v5"

# https://developers.pinterest.com/docs/api/v5/pins-analytics, schema DataStatus
FINALITY: dict[str, Finality] = {"READY": "final", "ESTIMATE": "estimate", "PROCESSING": "processing"}
NOT_COUNTED = ("BEFORE_", "IN_BAD_TAG_DATE")
"""Beginnings of a status under which nothing was counted: what figures come with it mean nothing."""
WITHHELD = "_SMALLER_THAN_THRESHOLD"
"""End of a status under which a figure is withheld, since it is about too few people."""


def finality(status: Any) -> Finality | None:
    """Return how firm a figure is; None: there is none. A status that is not known yet is no final one."""
    if not isinstance(status, str) or not status:
        return "estimate"
    if status.startswith(NOT_COUNTED) or status.endswith(WITHHELD):
        return None
    return FINALITY.get(status, "estimate")


def whole(value: Any, name: str) -> int:
    """Return a count, which the platform may write as 240.0. Raises `Unfit('negative_quantity')` for what is none."""
    return count(int(value) if type(value) is float and value.is_integer() else value, name)
