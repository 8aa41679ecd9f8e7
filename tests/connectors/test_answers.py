"""Answers are taken apart alike for every platform: ids exactly, lists whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from jalon.connectors.answers import part, rows, text
from jalon.connectors.base import Wait


def test_ids_are_text_whatever_they_come_as() -> None:
    assert text(52092230991604940) == "52092230991604940"
    assert (text("7"), text(None), text(True), text(1.5), text({})) == ("7", "", "", "", "")


def test_a_list_that_is_left_out_is_empty() -> None:
    assert rows({}, "items") == rows({"items": None}, "items") == []
    assert rows({"items": [{"id": 1}]}, "items") == [{"id": 1}]


@pytest.mark.parametrize("found", [{"id": 1}, "x", [1], [{"id": 1}, None]])
def test_what_is_no_list_of_objects_is_asked_for_again(found: Any) -> None:
    with pytest.raises(Wait, match="'items' is not a list of objects"):
        rows({"items": found}, "items")


@pytest.mark.parametrize("found", [None, [], "x", 1])
def test_what_is_no_object_is_an_empty_one(found: Any) -> None:
    assert part({"metrics": found}, "metrics") == part({}, "metrics") == {}
    assert part({"metrics": {"a": 1}}, "metrics") == {"a": 1}
