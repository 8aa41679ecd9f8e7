"""Guards of identity: who is set aside, whose links are cut, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jalon.attribution import guards
from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.options import Options
from jalon.normalize.vocabulary import Fact
from tests.handmade import Plain, order, same, touch

NAMES = [f"n{i:02d}" for i in range(12)]
LINKS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from([1, 2, 3])), min_size=1, max_size=24
)


def family(size: int, **fields: str) -> list[Fact]:
    """A tablet on which so many people have bought in one shop, each under an account of their own."""
    bought = [order(f"o{n}", 2 + n, person=f"account:{n}", **fields) for n in range(size)]
    return [*(same("tablet", f"account:{n}") for n in range(size)), *bought]


def test_a_device_of_many_buyers_of_one_shop_joins_none_of_them(tmp_path: Path) -> None:
    facts = [*family(4), touch("t", 1, "tablet"), touch("u", 1, "account:2")]
    run = Plain(tmp_path, facts)
    (tablet,) = run.rows("people", identifier="tablet")
    assert (tablet["person"], tablet["reason"], tablet["links"]) == (None, "many_buyers", 4)
    assert len({run.order(f"o{n}")["person"] for n in range(4)}) == 4
    assert run.touch("t")["person"] is None
    assert run.journey("o2") == ["u"]
    assert run.result.set_aside == {"many_buyers": 1}
    assert run.result.identifiers_set_aside == 1


def test_some_accounts_in_one_shop_are_still_one_person(tmp_path: Path) -> None:
    run = Plain(tmp_path, family(3))
    assert {run.order(f"o{n}")["person"] for n in range(3)} == {"account:0"}
    assert run.result.set_aside == {}
    assert Plain(tmp_path / "strict", family(3), max_buyers=2).result.set_aside == {"many_buyers": 1}


def test_accounts_in_several_shops_are_no_reason(tmp_path: Path) -> None:
    facts = [same("mail", f"shop{n}:me") for n in range(6)]
    sold = [order("1", 2 + n, source=f"shop{n}", person=f"shop{n}:me", platform=f"web{n}") for n in range(6)]
    run = Plain(tmp_path, [*facts, *sold])
    assert {row["person"] for row in run.rows("sales")} == {"mail"}


def test_many_orders_of_one_buyer_are_no_reason(tmp_path: Path) -> None:
    facts = [touch(f"t{n}", n, "phone", order_id=f"o{n}") for n in range(9)]
    run = Plain(tmp_path, [*facts, *(order(f"o{n}", n + 0.5, person="me") for n in range(9))])
    assert {run.order(f"o{n}")["person"] for n in range(9)} == {"me"}


def test_a_person_that_grows_too_large_is_taken_apart_at_its_weakest_links(tmp_path: Path) -> None:
    """Two households that a forwarded link has joined: each has its own mail, the click's id is in between."""
    facts: list[Fact] = [same(f"a{n}", f"a{n + 1}", evidence="order") for n in range(3)]
    facts += [same(f"b{n}", f"b{n + 1}", evidence="order") for n in range(3)]
    facts += [same("a3", "click", evidence="click_id"), same("b0", "click", evidence="click_id")]
    facts += [touch("t", 1, "a1"), order("1", 2, person="b3")]
    joined = Plain(tmp_path, facts)
    assert joined.journey("1") == ["t"]
    run = Plain(tmp_path / "apart", facts, max_person=8)
    told = {row["identifier"]: (row["person"], row["reason"]) for row in run.rows("people")}
    assert {told[f"a{n}"][0] for n in range(4)} == {"a0"}
    assert {told[f"b{n}"][0] for n in range(4)} == {"b0"}
    assert told["click"] == ("click", "large_person")
    assert sorted(name for name, (_, reason) in told.items() if reason) == ["a3", "b0", "click"]
    assert run.result.set_aside == {"large_person": 3}
    assert run.journey("1") == []


def test_what_hangs_together_by_strong_links_alone_is_taken_apart_too(tmp_path: Path) -> None:
    ring = [same(f"r{n:02d}", f"r{(n + 1) % 20:02d}") for n in range(20)]
    run = Plain(tmp_path, ring, max_person=10)
    assert all(row["person"] == row["identifier"] for row in run.rows("people"))
    assert run.result.set_aside == {"large_person": 20}


def test_cycles_of_identity_are_one_person_and_come_to_an_end(tmp_path: Path) -> None:
    facts = [same("a", "b"), same("b", "c"), same("c", "a"), same("a", "a"), same("b", "a", key="again")]
    run = Plain(tmp_path, [*facts, touch("t", 1, "c"), order("1", 2, person="b")])
    assert {row["person"] for row in run.rows("people")} == {"a"}
    assert {row["identifier"]: row["links"] for row in run.rows("people")} == {"a": 2, "b": 2, "c": 2}
    assert run.journey("1") == ["t"]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(LINKS, st.integers(1, 6))
def test_nobody_is_larger_than_allowed_and_no_strong_link_is_cut_before_a_weak_one(
    links: list[tuple[str, str, int]], most: int
) -> None:
    distinct = {(min(a, b), max(a, b)): held for a, b, held in sorted(links) if a != b}
    rows = {"left": [a for a, _ in distinct], "right": [b for _, b in distinct], "strength": list(distinct.values())}
    with DuckDB() as engine:
        schema = {"left": "string", "right": "string", "strength": "int64"}
        types = pa.schema([("left", pa.string()), ("right", pa.string()), ("strength", pa.int64())])
        roots, cut = guards.grown(engine, engine.take("pairs", pa.table(rows, types), schema), most)
        person = {row["member"]: row["root"] for row in engine.dicts(roots)}
        lost = {(row["left"], row["right"]) for row in engine.dicts(cut)}
    kept = set(distinct) - lost
    assert {person[a] == person[b] for a, b in kept} <= {True}
    sizes: dict[str, int] = {}
    for root in person.values():
        sizes[root] = sizes.get(root, 0) + 1
    assert all(size <= most for size in sizes.values())
    for pair in lost:
        beside = [other for other in kept if set(other) & set(pair)]
        assert all(distinct[other] > distinct[pair] for other in beside), "all of one strength, or none"


def test_every_reason_has_its_words() -> None:
    assert set(guards.SET_ASIDE) < set(guards.REASONS)
    assert all(guards.REASONS.values())
    assert Options().max_buyers < Options().max_links < Options().max_person
