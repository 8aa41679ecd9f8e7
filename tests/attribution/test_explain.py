"""Why an order has its credit: nothing that decided is left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jalon.attribution.explain import explain
from jalon.errors import JalonError, StoreError
from jalon.report.explanation import lines
from tests.handmade import Run, at, order, refund, same, touch


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    facts = [
        touch(
            "t",
            1,
            "cookie",
            channel="network",
            kind="tag_click",
            evidence="own_click",
            version=3,
            inbox_id=17,
            content_id="v1",
        ),
        same("cookie", "id"),
        order("1", 3, 999, person="id", version=8, inbox_id=21),
        order("copy", 3.1, origin="webshop", source="erp", platform="erp", external_ids=("webshop:1",)),
        refund("1", 5, 100),
        refund("1", 6, 50, state="pending"),
        order("2", 9),
        order("1", 50, source="other", platform="othershop"),
    ]
    return Run(tmp_path_factory.mktemp("explain"), facts)


def test_an_order_is_explained_from_touch_to_cent(run: Run) -> None:
    told = explain(run.facts, run.folder, "shop:1")
    assert json.loads(json.dumps(told)) == told
    assert told["order"]["net"] == 899
    assert told["order"]["revision"] == {"version": 8, "observed_at": "2026-06-09T00:00:00+00:00", "inbox_id": 21}
    (step,) = told["journey"]
    assert (step["stage"], step["stage_rule"], step["evidence"], step["content_id"]) == (
        "consideration",
        "interest",
        "own_click",
        "v1",
    )
    assert step["revision"]["inbox_id"] == 17
    assert [refund["counts"] for refund in told["refunds"]] == [True, False]
    assert told["copies"] == [{"order_uid": "erp:copy", "why": "copy_by_id"}]
    (credit,) = told["credit"]["linear"]
    assert (credit["weight"], credit["amount"], credit["reversed"], credit["net"]) == ("1.000000000", 999, 100, 899)
    assert told["window"]["lookback_days"] == 30


def test_an_order_that_is_not_one_is_asked_back(run: Run) -> None:
    with pytest.raises(JalonError, match="no order"):
        explain(run.facts, run.folder, "404")
    with pytest.raises(JalonError, match="several") as caught:
        explain(run.facts, run.folder, "1")
    assert "order:other:1, order:shop:1" in caught.value.remedy


def test_it_explains_as_of_the_same_instant(tmp_path: Path) -> None:
    facts = [order("1", 3, 999, observed_at=at(4)), refund("1", 5, 100, observed_at=at(6))]
    run = Run(tmp_path, facts, as_of=at(5))
    told = explain(run.facts, run.folder, "1")
    assert (told["order"]["net"], told["refunds"], told["window"]["as_of"]) == (999, [], "2026-03-06T00:00:00+00:00")


def test_it_says_which_fact_names_whose_an_order_is(tmp_path: Path) -> None:
    said = same("visitor", "order:shop:1", source="site", key="order/shop/1", evidence="purchase", inbox_id=7)
    run = Run(
        tmp_path, [touch("t", 1, "visitor"), said, order("1", 2), touch("u", 3, "cookie", order_id="2"), order("2", 4)]
    )
    told = explain(run.facts, run.folder, "1")
    assert (told["named_by"]["fact"], told["named_by"]["identifier"]) == ("site:order/shop/1", "visitor")
    sentence = "it tells no person; site:order/shop/1 says whose it is (known by purchase)"
    assert sentence in "\n".join(lines(told))
    assert sentence in "\n".join(lines(explain(run.facts, run.folder, "visitor")))
    assert "shop:u says whose it is (known by referrer)" in "\n".join(lines(explain(run.facts, run.folder, "order:2")))


def test_tables_of_another_version_say_what_to_run(tmp_path: Path) -> None:
    """They may lack columns."""
    run = Run(tmp_path, [order("1", 1)])
    card = json.loads((run.folder / "run.json").read_text())
    (run.folder / "run.json").write_text(json.dumps({**card, "form": card["form"] - 1}))
    with pytest.raises(StoreError, match="another version") as refused:
        explain(run.facts, run.folder, "1")
    assert "jalon attribute" in refused.value.remedy
