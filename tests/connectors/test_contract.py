"""What a connector says of itself is held against the contract before anything is read by it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jalon.connectors.base import Stream
from jalon.connectors.door import fields


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"grain": "hour"}, "the stream orders: grain 'hour' is none of time, day, all, keyed"),
        ({"name": "All orders"}, "the stream 'All orders' must be called by small letters"),
        ({"door": "id"}, "the stream orders: its door is none"),
        ({"window": timedelta(0)}, "its window must be longer than nothing"),
        ({"lookback": timedelta(days=-1)}, "cannot be negative"),
        ({"retention": timedelta(0)}, "its retention must be longer than nothing"),
        ({"batch": 0}, "a batch takes one key at least"),
    ],
)
def test_a_stream_that_cannot_be_read_is_refused_where_it_is_written(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Stream(**{"name": "orders", "door": fields("id"), **wrong})
