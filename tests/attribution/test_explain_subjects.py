"""Why contents, creators and customers have their credit: figures equal a recount, and no reason is left out."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from jalon.attribution.explain import explain
from jalon.errors import JalonError
from jalon.normalize.vocabulary import Fact
from jalon.report.explanation import lines
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.marts.tables import MARTS
from tests.attribution.handmade_brand import brand
from tests.attribution.recount_moves import rows
from tests.handmade import Run, content, order, same, touch

_VIEWS = (100 + 200 + 300, 3, 3)
"""Sum, days, and how many of them are final."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("subjects"), brand(2), models=["first", "last", "linear"])


@pytest.fixture(scope="module")
def marts(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_marts(run.facts, run.folder, tmp_path_factory.mktemp("marts"), MartOptions(csv=False)).folder


def told(run: Run, word: str, **options: Any) -> dict[str, Any]:
    found = explain(run.facts, run.folder, word, **options)
    assert json.loads(json.dumps(found)) == found
    text = list(lines(found))
    assert max(map(len, text)) <= 110, max(text, key=len)
    return found


def recount(run: Run, column: str, value: str) -> dict[str, tuple[int, int, float]]:
    """Return model -> orders, net, shares of a content or creator; a touch without creator has its content's."""
    makers = {"v0": "nora", "v1": "olu", "v2": None, "v3": "nora", "v4": "olu"}
    own = {
        row["touch_uid"]
        for row in rows(run.folder, "touches")
        if value == (row[column] or (column == "creator_id" and makers.get(row["content_id"])))
    }
    sales = {row["order_uid"]: row["is_sale"] for row in rows(run.folder, "sales")}
    found: dict[str, tuple[set[str], list[int], list[float]]] = {}
    for row in rows(run.folder, "credit"):
        if row["touch_uid"] in own:
            orders, nets, weights = found.setdefault(row["model"], (set(), [], []))
            orders.add(row["order_uid"])
            nets.append(row["net"])
            weights.append(float(row["weight"]) if sales[row["order_uid"]] else 0)
    return {model: (len(parts[0]), sum(parts[1]), round(sum(parts[2]), 6)) for model, parts in found.items()}


@pytest.mark.parametrize(
    ("word", "column"), [("content:v1", "content_id"), ("nora", "creator_id"), ("olu", "creator_id")]
)
def test_the_credit_of_each_model_equals_a_recount_and_the_mart(run: Run, marts: Path, word: str, column: str) -> None:
    found = told(run, word)
    value = word.rpartition(":")[2]
    figures = {row["model"]: (row["orders"], row["net"], round(float(row["weight"]), 6)) for row in found["credit"]}
    assert figures == recount(run, column, value)
    assert set(figures) == {"first", "last", "linear"}
    mart = next(name for name, shape in MARTS.items() if {"cut", "net_low_minor"} <= set(shape.names))
    for row in rows(marts, mart):
        if (row["cut"], row["value"]) == (found["kind"], value):
            (own,) = [one for one in found["credit"] if one["model"] == row["model"]]
            assert {name: row[f"{name}_minor"] for name in ("net", "net_low", "net_high")} == {
                name: own[name] for name in ("net", "net_low", "net_high")
            }


def test_a_content_is_told_with_what_people_did_and_what_is_counted(run: Run) -> None:
    found = told(run, "v1", model="last")
    assert (found["kind"], found["model"], found["content"][0]["title"]) == ("content", "last", "Clip 1")
    met = [row for row in rows(run.folder, "touches") if row["content_id"] == "v1" and row["is_counted"]]
    counts = Counter((row["stage"], row["kind"], row["channel"], row["evidence"]) for row in met)
    assert {
        tuple(row[name] for name in ("stage", "kind", "channel", "evidence")): row["touchpoints"]
        for row in found["touches"]
    } == counts
    (views,) = found["measures"]
    assert (views["metric"], views["total"], views["rows"], views["final"]) == ("views", *_VIEWS)
    best = [row["net"] for row in found["orders"]]
    assert best == sorted(best, reverse=True)
    assert "Orders with most credit under last" in "\n".join(lines(found))


def test_orders_and_contents_with_most_credit_are_those_of_each_currency(tmp_path: Path) -> None:
    """A thousand yen are not more than fifty euros, whatever their minor units; the currency of most sales is first."""
    facts: list[Fact] = [content("v", creator_id="nora"), content("w", creator_id="nora")]
    sold = [*((f"eur{number}", number, "EUR") for number in range(1, 13)), ("yen", 9_999, "JPY"), ("won", 7_000, "JPY")]
    for name, goods, currency in sold:
        shown = "w" if name == "won" else "v"
        facts += [touch(name, 1, name, content_id=shown), order(name, 2, goods, person=name, currency=currency)]
    run = Run(tmp_path, facts, models=["last"])
    eur = [f"shop:eur{number}" for number in range(12, 2, -1)]
    assert [row["order_uid"] for row in told(run, "content:v")["orders"]] == [*eur, "shop:yen"]
    nora = told(run, "nora")
    assert [row["order_uid"] for row in nora["orders"]] == [*eur, "shop:yen", "shop:won"]
    assert [(row["content_id"], row["currency"]) for row in nora["contents"]] == [
        ("v", "EUR"), ("v", "JPY"), ("w", "JPY"),
    ]  # fmt: skip


def test_a_customer_is_told_with_all_that_joined_them(run: Run) -> None:
    cookie = next(row["identifier"] for row in rows(run.folder, "people") if row["identifier"].endswith("-cookie"))
    found = told(run, cookie, model="linear")
    person = cookie.removesuffix("-cookie")
    assert found == told(run, f"customer:{person}", model="linear"), "any identifier means the same customer"
    assert {row["identifier"] for row in found["identifiers"]} == {person, cookie}
    assert [(row["left"], row["right"], row["by"], row["evidence"]) for row in found["links"]] == [
        (cookie, person, "identity", "login")
    ]
    own = [row for row in rows(run.folder, "touches") if row["person"] == found["person"]]
    assert [row["touch_uid"] for row in found["touches"]] == [
        row["touch_uid"] for row in sorted(own, key=lambda row: (row["occurred_at"], row["touch_uid"]))
    ]
    led = {(row["touch_uid"], row["order_uid"]) for row in rows(run.folder, "steps")}
    assert {(row["touch_uid"], uid) for row in found["touches"] for uid in row["leads_to"]} == {
        pair for pair in led if pair[0] in {row["touch_uid"] for row in own}
    }
    placed = [row["order_uid"] for row in rows(run.folder, "sales") if row["person"] == found["person"]]
    assert sorted(row["order_uid"] for row in found["sales"]) == sorted(placed)


def test_one_id_of_several_things_is_asked_back_with_the_choices(tmp_path: Path) -> None:
    facts = [
        touch("t", 1, "17", content_id="17", creator_id="17"),
        order("17", 2, person="17"),
        content("18", creator_id="nora"),
        order("content:19", 3),
    ]
    run = Run(tmp_path, facts, models=["linear"])
    with pytest.raises(JalonError, match="several things are called '17'") as caught:
        explain(run.facts, run.folder, "17")
    assert "order:shop:17, content:17, creator:17, customer:17" in caught.value.remedy
    kinds = [told(run, f"{kind}:17")["kind"] for kind in ("order", "content", "creator", "customer")]
    assert kinds == ["order", "content", "creator", "customer"]
    assert told(run, "shop:18")["id"] == "18", "as the mart of contents names it"
    assert told(run, "content:19")["kind"] == "order", "an id may begin like a kind"
    with pytest.raises(JalonError, match="no creator 'nobody' is known"):
        explain(run.facts, run.folder, "creator:nobody")
    with pytest.raises(JalonError, match="'markov' was not computed") as caught:
        explain(run.facts, run.folder, "nora", model="markov")
    assert "Computed were linear" in caught.value.remedy


def test_an_identifier_of_many_is_told_as_such_and_beside_whom_it_stands(tmp_path: Path) -> None:
    facts = [same(f"p{number}", "till") for number in range(4)]
    facts += [same("p1", "p1-card"), touch("t", 1, "till"), order("1", 2, person="p1")]  # type: ignore[list-item]
    run = Run(tmp_path, facts, models=["linear"], max_links=3)
    aside = told(run, "till")
    (identifier,) = aside["identifiers"]
    assert (aside["person"], aside["touches"]) == (None, [])
    assert (identifier["identifier"], identifier["links"], identifier["reason"]) == ("till", 4, "many_links")
    assert "set aside, so it joins nobody" in "\n".join(lines(aside))
    own = told(run, "p1-card")
    assert [row["identifier"] for row in own["identifiers"]] == ["p1", "p1-card"]
    assert [row["identifier"] for row in own["set_aside"]] == ["till"]
    assert "not by till, linked with 4 others\n       many_links: " in "\n".join(lines(own))


def test_who_is_known_by_an_order_is_joined_by_it(tmp_path: Path) -> None:
    facts = [touch("t", 1, "cookie", order_id="1"), order("1", 2, person="a")]
    found = told(Run(tmp_path, facts, models=["linear"]), "a")
    assert [(row["left"], row["right"], row["by"], row["fact"]) for row in found["links"]] == [
        ("cookie", "a", "order", "shop:t")
    ]
    assert "led to shop:1 (100.0%, 10.00 EUR)" in "\n".join(lines(found)).replace("\u202f", " ")
