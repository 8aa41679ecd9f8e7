"""Identifiers that are one person are joined, and what many share joins nobody."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from jalon.attribution.components import components
from tests.handmade import Run, order, same, touch

NAMES = st.sampled_from([f"n{i:02d}" for i in range(14)])


@given(st.lists(st.tuples(NAMES, NAMES), max_size=30))
def test_components_are_those_of_a_walk(pairs: list[tuple[str, str]]) -> None:
    left, right = (pa.array([pair[side] for pair in pairs], pa.string()) for side in (0, 1))
    found = components(left, right).to_pydict()
    assert dict(zip(found["member"], found["root"], strict=True)) == _walked(pairs)


def _walked(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return member -> first name of its component, by walking."""
    near: dict[str, set[str]] = {}
    for left, right in pairs:
        near.setdefault(left, set()).add(right)
        near.setdefault(right, set()).add(left)
    roots: dict[str, str] = {}
    for start in sorted(near):
        ahead = [start]
        while ahead:
            name = ahead.pop()
            if name not in roots:
                roots[name] = start
                ahead += near[name]
    return roots


def test_a_long_chain_and_a_ring_are_one_person_each() -> None:
    chain = [f"c{i:05d}" for i in range(3000)]
    ring = [f"r{i:05d}" for i in range(500)]
    left, right = pa.array(chain[:-1] + ring), pa.array(chain[1:] + ring[1:] + ring[:1])
    roots = components(left, right).column("root")
    assert set(roots.to_pylist()) == {"c00000", "r00000"}


def test_identities_join_touches_to_orders(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        [touch("t", 1, "cookie:1"), same("cookie:1", "mail:1"), same("mail:1", "id:1"), order("1", 2, person="id:1")],
    )
    assert run.touch("t")["person"] == run.order("1")["person"] == "cookie:1"
    assert run.journey("1") == ["t"]


def test_an_identity_may_name_an_order_of_another_source_for_its_buyer(tmp_path: Path) -> None:
    """Whoever placed it is meant; an order that nobody told, or of nobody, joins nothing."""
    shop = order("1", 2, person="id:1")
    known, unknown = (same(f"visitor:{n}", f"order:{shop.source}:{n}") for n in (1, 9))
    elsewhere = same("visitor:2", "order:another:1")
    touches = [touch("t", 1, "visitor:1"), touch("u", 1, "visitor:9"), touch("v", 1, "visitor:2")]
    run = Run(tmp_path, [*touches, known, unknown, elsewhere, shop])
    assert run.journey("1") == ["t"]
    assert run.touch("u")["person"] == "visitor:9"
    assert run.touch("v")["person"] == "visitor:2"


def test_a_touch_that_belongs_to_an_order_tells_who_its_person_is(tmp_path: Path) -> None:
    run = Run(
        tmp_path, [touch("t", 1, "click:1", order_id="1"), touch("u", 0.5, "click:1"), order("1", 2, person="id:1")]
    )
    assert run.journey("1") == ["u", "t"]


def test_a_touch_without_person_is_its_orders(tmp_path: Path) -> None:
    run = Run(tmp_path, [touch("t", 1, None, order_id="1"), order("1", 2, person="id:1")])
    assert run.touch("t")["person"] == "id:1"


def test_an_identifier_that_many_share_is_set_aside_with_all_that_carries_only_it(tmp_path: Path) -> None:
    shared = [same("till", f"id:{i}") for i in range(4)]
    facts = [
        *shared,
        touch("t", 1, "till"),
        touch("u", 1, "id:1"),
        order("1", 2, person="id:1"),
        order("2", 2, person="till"),
    ]
    run = Run(tmp_path, facts, max_links=3)
    assert run.result.identifiers_set_aside == 1
    assert run.touch("t")["person"] is None
    assert run.order("2")["person"] is None
    assert run.journey("1") == ["u"]
    assert run.rows("people", identifier="till")[0]["links"] == 4


def test_at_the_limit_an_identifier_still_joins(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        [*(same("till", f"id:{i}") for i in range(3)), touch("t", 1, "id:2"), order("1", 2, person="id:0")],
        max_links=3,
    )
    assert run.journey("1") == ["t"]


def test_an_identity_that_is_taken_back_joins_no_more(tmp_path: Path) -> None:
    facts = [
        same("a", "b", inbox_id=1),
        same("a", "b", inbox_id=2, removed=True),
        touch("t", 1, "a"),
        order("1", 2, person="b"),
    ]
    assert Run(tmp_path, facts).journey("1") == []
