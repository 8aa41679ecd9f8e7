"""The stage of a touchpoint depends on what happened and on whom it happened to, by rules that can be replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from jalon.attribution.presets import MEMBERS, PRESETS
from jalon.attribution.stages import RULES, STAGES, read_rules
from jalon.errors import ConfigError
from jalon.normalize.vocabulary import TouchKind
from tests.handmade import Plain, at, order, touch

LOOKS = ("impression", "view", "live_view")
VISITS = ("engagement", "profile_visit", "visit", "search_click", "ad_click", "content_click")
INTEREST = ("tag_click", "product_view", "save", "question", "sign_up", "newsletter")
BEFORE = {
    **dict.fromkeys(LOOKS, "awareness"),
    **dict.fromkeys(VISITS, "discovery"),
    **dict.fromkeys(INTEREST, "consideration"),
    **dict.fromkeys(("add_to_cart", "checkout", "offer_used", "live_cart", "chat"), "decision"),
    "purchase": "purchase",
    **dict.fromkeys(("delivery", "support", "return_requested", "refund", "survey"), "service"),
    **dict.fromkeys(("review", "share", "referral"), "advocacy"),
    "other": "unknown",
}
"""Kind -> stage of what happens to somebody of whom nothing is known."""
AFTER = {**BEFORE, **dict.fromkeys((*LOOKS, *VISITS, *INTEREST, "purchase"), "loyalty"), "chat": "service"}
"""Kind -> stage of what happens to a customer."""


def test_every_kind_has_its_stage_for_strangers_and_for_customers(tmp_path: Path) -> None:
    kinds = get_args(TouchKind)
    strangers = [touch(f"s/{kind}", 5, f"stranger:{kind}", kind=kind) for kind in kinds]
    customers = [
        touch(f"c/{kind}", 5, f"customer:{kind}", kind=kind, source="net") for kind in kinds if kind != "purchase"
    ]
    orders = [order(f"{kind}", 1, person=f"customer:{kind}") for kind in kinds]
    orders.append(order("again", 5, person="customer:purchase"))
    run = Plain(tmp_path, [*strangers, *customers, *orders])
    staged = {row["key"]: row["stage"] for row in run.rows("touches")}
    assert {kind: staged[f"s/{kind}"] for kind in kinds} == BEFORE
    assert {kind: staged["again" if kind == "purchase" else f"c/{kind}"] for kind in kinds} == AFTER
    assert staged["visit"] == "purchase", "the first order is no loyalty"


def test_a_view_by_someone_known_is_discovery_and_customers_are_so_only_after_the_order(tmp_path: Path) -> None:
    facts = [
        touch("first", 1, "a", kind="view"),
        touch("second", 2, "a", kind="view"),
        touch("clicks", 3, "a", kind="tag_click"),
        order("1", 4, person="a"),
        touch("later", 5, "a", kind="tag_click"),
    ]
    run = Plain(tmp_path, facts)
    rules = {row["key"]: row["stage_rule"] for row in run.rows("touches")}
    assert (rules["first"], rules["second"], rules["clicks"]) == ("first-seen", "seen-again", "interest")
    assert (rules["1"], rules["later"]) == ("first-purchase", "customer-returns")


def test_the_shops_own_count_tells_of_orders_from_before_the_facts(tmp_path: Path) -> None:
    facts = [
        touch("t", 1, "a", kind="tag_click"),
        order("1", 4, person="a", customer_order_index=3),
        order("2", 4, customer_order_index=1),
    ]
    run = Plain(tmp_path, facts)
    assert run.touch("t")["stage"] == "loyalty"
    assert run.order("1")["prior_sales"] == 3
    assert [run.touch(each)["stage"] for each in ("1", "2")] == ["loyalty", "loyalty"]


def test_a_purchase_told_by_a_record_after_the_order_is_still_the_first(tmp_path: Path) -> None:
    facts = [order("1", 4, person="a"), touch("paid", 4.5, None, kind="purchase", order_id="1")]
    run = Plain(tmp_path, facts)
    assert run.touch("paid")["stage"] == "purchase"
    assert not run.rows("touches", fact="orders"), "one purchase is not told twice"


@pytest.mark.parametrize("fields", [{"status": "pending", "paid_at": None}, {"kind": "sample"}])
def test_what_is_no_sale_makes_no_customer_and_no_purchase(tmp_path: Path, fields: dict[str, Any]) -> None:
    facts = [order("1", 4, person="a", **fields), touch("p", 4, "a", kind="purchase", order_id="1"), touch("t", 5, "a")]
    run = Plain(tmp_path, facts)
    assert run.touch("t")["stage"] == "discovery"
    assert not run.touch("p")["is_counted"]


def test_rules_can_be_replaced_and_the_first_that_fits_decides(tmp_path: Path) -> None:
    rules = [
        {"id": "mail", "stage": "loyalty", "channels": ["email"]},
        {"id": "visits", "stage": "awareness", "kinds": ["visit"], "customer": False},
        {"id": "known", "stage": "decision", "known": True},
    ]
    facts = [
        touch("m", 1, "a", channel="email"),
        touch("v", 2, "b"),
        touch("k", 3, "b", kind="save"),
        touch("u", 1, "c", kind="save"),
    ]
    run = Plain(tmp_path, facts, stage_rules=rules)
    found = {row["key"]: (row["stage"], row["stage_rule"]) for row in run.rows("touches")}
    assert found == {
        "m": ("loyalty", "mail"), "v": ("awareness", "visits"), "k": ("decision", "known"), "u": ("unknown", "unknown")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "empty"),
        ([{"stage": "loyalty"}], "rule 1"),
        ([{"id": "a", "stage": "loyalty"}, {"id": "b", "stage": "bliss"}], "bliss"),
        ([{"id": "a", "stage": "loyalty", "kinds": ["tap"]}], "tap"),
        ([{"id": "a", "stage": "loyalty", "kind": ["visit"]}], "has not the fields"),
    ],
)
def test_a_rule_that_is_wrong_is_named(rows: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        read_rules(rows)
    assert caught.value.remedy


def test_the_default_rules_name_stages_and_kinds_that_exist() -> None:
    assert read_rules([rule._asdict() for rule in RULES]) == RULES
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_places_every_canonical_stage_once(preset: str) -> None:
    members = [member for stage in PRESETS[preset] for member in stage.members]
    assert sorted(members) == sorted(MEMBERS)
    assert len({stage.id for stage in PRESETS[preset]}) == len(PRESETS[preset])


def test_presets_have_the_stages_of_the_field() -> None:
    french = {name: [stage.french for stage in stages] for name, stages in PRESETS.items()}
    assert french["five-phases"] == ["Découverte", "Considération", "Achat", "Service", "Recommandation"]
    assert french["lifecycle"] == ["Découverte", "Activation", "Premier achat", "Ré-achat", "Fidélisation"]
    assert [stage.id for stage in PRESETS["canonical"]] == list(STAGES)


def test_as_of_an_instant_nobody_is_a_customer_yet(tmp_path: Path) -> None:
    facts = [order("1", 1, person="a", observed_at=at(9)), touch("t", 5, "a", observed_at=at(6))]
    assert Plain(tmp_path, facts).touch("t")["stage"] == "loyalty"
    assert Plain(tmp_path / "then", facts, as_of=at(7)).touch("t")["stage"] == "discovery"
