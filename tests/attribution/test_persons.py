"""Identifiers that are one person are joined, and what many share joins nobody."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from jalon.attribution.components import components
from tests.handmade import Plain, order, same, touch

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
    run = Plain(
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
    run = Plain(tmp_path, [*touches, known, unknown, elsewhere, shop])
    assert run.journey("1") == ["t"]
    assert run.touch("u")["person"] == "visitor:9"
    assert run.touch("v")["person"] == "visitor:2"


def test_a_touch_that_belongs_to_an_order_tells_who_its_person_is(tmp_path: Path) -> None:
    run = Plain(
        tmp_path, [touch("t", 1, "click:1", order_id="1"), touch("u", 0.5, "click:1"), order("1", 2, person="id:1")]
    )
    assert run.journey("1") == ["u", "t"]


def test_a_touch_without_person_is_its_orders(tmp_path: Path) -> None:
    run = Plain(tmp_path, [touch("t", 1, None, order_id="1"), order("1", 2, person="id:1")])
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
    run = Plain(tmp_path, facts, max_links=3)
    assert run.result.identifiers_set_aside == 1
    assert run.touch("t")["person"] is None
    assert run.order("2")["person"] is None
    assert run.journey("1") == ["u"]
    assert run.rows("people", identifier="till")[0]["links"] == 4


def test_at_the_limit_an_identifier_still_joins(tmp_path: Path) -> None:
    run = Plain(
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
    assert Plain(tmp_path, facts).journey("1") == []


def test_an_order_that_tells_no_person_has_who_is_stated_to_have_placed_it(tmp_path: Path) -> None:
    """A click of theirs is on its journey, whether a source states the buyer or a touchpoint names the order."""
    facts = [touch("t", 1, "visitor:1"), touch("u", 3, "cookie"), touch("v", 3.5, "cookie", order_id="2")]
    said = same("visitor:1", "order:shop:1", source="site", evidence="purchase")
    run = Plain(tmp_path, [*facts, said, order("1", 2), order("2", 4), order("3", 5)])
    assert {n: run.order(n)["person"] for n in "123"} == {"1": "visitor:1", "2": "cookie", "3": None}
    assert (run.journey("1"), run.journey("2")) == (["t"], ["u", "v"])
    assert run.credit("1", "last") == {"t": 1000}
    assert {n: run.order(n)["named_by"] for n in "123"} == {
        "1": "site:visitor:1=order:shop:1",
        "2": "shop:v",
        "3": None,
    }


def test_who_was_named_comes_back_as_a_customer(tmp_path: Path) -> None:
    facts = [*(touch(f"t{n}", n, "cookie", order_id=f"{n}") for n in (1, 2)), *(order(f"{n}", n + 0.5) for n in (1, 2))]
    run = Plain(tmp_path, [*facts, same("cookie", "mail"), order("3", 4, person="mail")])
    assert [run.order(n)["customer"] for n in "123"] == ["new", "returning", "returning"]
    assert len({row["person"] for row in run.rows("sales")}) == 1


def test_a_person_that_an_order_tells_is_not_replaced(tmp_path: Path) -> None:
    run = Plain(tmp_path, [touch("t", 1, "cookie", order_id="1"), order("1", 2, person="a"), order("2", 3)])
    assert (run.order("1")["identifier"], run.order("1")["named_by"]) == ("a", None)


def test_of_several_who_are_named_one_has_the_order_and_the_others_are_not_joined(tmp_path: Path) -> None:
    """The strongest evidence, then the last touchpoint before the order; in whatever order the facts come."""
    facts = [
        touch("early", 1, "b", order_id="1", evidence="platform_order"),
        touch("late", 1.5, "c", order_id="1", evidence="platform_order"),
        touch("after", 3, "a", order_id="1", evidence="platform_order"),
        touch("weak", 1.9, "d", order_id="1", evidence="utm"),
        same("e", "order:shop:1", evidence="purchase"),
        *(touch(f"of {name}", 0.5, name) for name in "abcde"),
        order("1", 2),
    ]
    for folder, told in (("one", facts), ("other", facts[::-1])):
        run = Plain(tmp_path / folder, told)
        assert run.order("1")["person"] == "c"
        assert {run.touch(f"of {name}")["person"] for name in "abcde"} == set("abcde")
        assert "of c" in run.journey("1")
        assert not {"of a", "of b", "of d", "of e"} & set(run.journey("1"))


def test_who_names_more_orders_than_one_person_places_is_set_aside(tmp_path: Path) -> None:
    """A till's own customer names the orders of strangers; whoever else names one of them has it."""
    till = [touch(f"t{n}", n, "till", order_id=f"o{n}") for n in range(5)]
    facts = [*till, *(order(f"o{n}", n + 0.5) for n in range(5)), same("z", "order:shop:o1", evidence="purchase")]
    run = Plain(tmp_path, [*facts, touch("own", 1, "z")], max_links=4)
    assert run.rows("people", identifier="till")[0]["reason"] == "many_links"
    assert {f"o{n}": run.order(f"o{n}")["person"] for n in range(5)} == {
        **dict.fromkeys(["o0", "o2", "o3", "o4"]),
        "o1": "z",
    }
    assert "own" in run.journey("o1")
    assert {row["person"] for row in Plain(tmp_path / "as many", facts[:-1]).rows("sales")} == {"till"}


def test_a_few_orders_that_tell_no_person_are_no_accounts(tmp_path: Path) -> None:
    """Of a guest without account nobody knows how many buyers they are: a visitor may buy five times."""
    facts = [same("visitor", f"order:shop:{n}", key=f"{n}") for n in range(5)]
    run = Plain(tmp_path, [*facts, touch("t", 0, "visitor"), *(order(f"{n}", n + 1) for n in range(5))])
    assert {run.order(f"{n}")["person"] for n in range(5)} == {"visitor"}


def test_who_names_a_copy_placed_its_sale(tmp_path: Path) -> None:
    copy = order("c", 2.1, source="erp", platform="erp", origin="webshop", external_ids=("webshop:1",))
    run = Plain(tmp_path, [touch("t", 1, "cookie"), same("cookie", "order:erp:c"), order("1", 2), copy])
    assert run.order("1")["person"] == "cookie"
    assert run.credit("1", "last") == {"t": 1000}


def test_a_number_that_two_orders_have_names_neither_of_them(tmp_path: Path) -> None:
    till = order("1", 3, key="till|1", platform="till")
    facts = [
        order("1", 2, key="webshop|1"),
        till,
        same("cookie", "order:shop:1"),
        touch("own", 2.5, "card", platform="till", order_id="1"),
    ]
    run = Plain(tmp_path, facts)
    assert {row["platform"]: row["person"] for row in run.rows("sales")} == {"webshop": None, "till": "card"}


def test_what_named_the_buyer_and_was_taken_back_names_nobody(tmp_path: Path) -> None:
    said = same("visitor", "order:shop:1", inbox_id=1)
    facts = [touch("t", 1, "visitor"), order("1", 2), said]
    assert Plain(tmp_path / "before", facts).journey("1") == ["t"]
    assert Plain(tmp_path / "after", [*facts, said._replace(inbox_id=2, removed=True)]).order("1")["person"] is None
