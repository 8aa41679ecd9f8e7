"""What answers of Shopify that are none mean: what happens next, and what people are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors import base
from jalon.connectors.base import Request
from jalon.connectors.shopify import Shopify
from tests.connectors.shopify_shop import (
    answer,
)

ASKED = Request("POST", "/admin/api/2026-10/graphql.json")


def judged(body: Any, status: int = 200, **headers: str) -> base.Fault | None:
    return Shopify().judge(ASKED, answer(body, status, **headers))


def test_a_spent_budget_says_when_there_is_enough_again(contracts: Path) -> None:
    told = json.loads((contracts / "shopify/webhook_contract.json").read_text())["throttled_body"]
    fault = judged(told)
    assert isinstance(fault, base.Wait)
    assert fault.throttled
    assert fault.seconds == pytest.approx((752 - 666) / 50)
    level = Shopify().level(answer(told))
    assert level is not None
    assert level[:3] == (666.0, 1000.0, 50.0)


def test_a_denied_access_names_what_it_needs(contracts: Path) -> None:
    recorded = json.loads((contracts / "shopify/recorded/access_denied_manual_payment.json").read_text())
    fault = judged(recorded["mutation"]["response"])
    assert isinstance(fault, base.Stop)
    assert fault.kind == "auth"
    assert "write_orders" in fault.reason
    assert "orderCreateManualPayment" in fault.reason


def test_every_recorded_search_warning_is_a_refusal(contracts: Path) -> None:
    recorded = json.loads((contracts / "shopify/recorded/search_warnings.json").read_text())
    assert recorded
    for case in recorded:
        fault = judged({"data": {"orders": {}}, "extensions": {"search": case["search"]}})
        warned = any(search.get("warnings") for search in case["search"])
        assert isinstance(fault, base.Stop) is warned, case


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("THROTTLED", base.Wait),
        ("INTERNAL_SERVER_ERROR", base.Wait),
        ("MAX_COST_EXCEEDED", base.Split),
        ("ACCESS_DENIED", base.Stop),
        ("BAD_REQUEST", base.Stop),
        ("undefinedField", base.Stop),
        ("RESOURCE_NOT_FOUND", base.Skip),
    ],
)
def test_the_code_of_an_error_says_what_happens_next(code: str, kind: type[base.Fault]) -> None:
    assert type(judged({"errors": [{"message": "no", "extensions": {"code": code}}], "data": None})) is kind


@pytest.mark.parametrize(
    ("body", "status", "throttled"),
    [
        ({"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}, 200, True),
        ({"errors": "Exceeded 2 calls per second"}, 429, True),
        ({"errors": "no"}, 503, False),
    ],
)
def test_a_spent_budget_is_known_inside_a_good_status_and_by_the_edge_s_own(
    body: Any, status: int, throttled: bool
) -> None:
    fault = judged(body, status)
    assert isinstance(fault, base.Wait)
    assert fault.throttled is throttled


def test_an_internal_error_comes_without_costs() -> None:
    error = {"message": "Internal error", "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": "r"}}
    fault = judged({"errors": [error]})
    assert (type(fault), Shopify().level(answer({"errors": [error]}))) == (base.Wait, None)


def test_an_answer_by_another_version_is_remarked() -> None:
    def told(version: str) -> str | None:
        return Shopify().remark(ASKED, answer({"data": {}}, **{"x-shopify-api-version": version}))

    assert told("2026-10") is None
    assert "asked for API version 2026-10, answered by 2027-04" in str(told("2027-04"))
    assert Shopify().remark(ASKED, answer({"data": {}})) is None


def test_of_several_errors_the_weightiest_counts() -> None:
    errors = [{"message": "no", "extensions": {"code": code}} for code in ("INTERNAL_SERVER_ERROR", "ACCESS_DENIED")]
    assert isinstance(judged({"errors": errors}), base.Stop)
    errors.append({"message": "Throttled", "extensions": {"code": "THROTTLED"}})
    assert isinstance(judged({"errors": errors}), base.Wait)


def test_a_forgotten_cursor_is_no_reason_to_stop() -> None:
    assert isinstance(judged({"errors": [{"message": "Invalid cursor for current pagination sort."}]}), base.Skip)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, base.Stop), (401, base.Renew), (402, base.Stop), (403, base.Stop), (404, base.Stop), (418, base.Stop),
        (423, base.Stop), (429, base.Wait), (430, base.Wait), (500, base.Wait), (503, base.Wait), (599, base.Wait),
    ],
)  # fmt: skip
def test_a_status_says_what_happens_next(status: int, kind: type[base.Fault]) -> None:
    assert type(judged({"errors": "no"}, status)) is kind


@pytest.mark.parametrize("body", [[], "text", 7, None, {}, {"data": None}, {"data": []}])
def test_an_answer_of_another_shape_is_asked_for_again(body: Any) -> None:
    assert isinstance(judged(body), base.Wait)


def test_a_good_answer_is_good() -> None:
    assert judged({"data": {}, "extensions": {"search": [{"query": "x"}]}}) is None


@given(st.text(max_size=400))
def test_what_a_platform_writes_into_a_reason_is_bounded(text: str) -> None:
    fault = judged({"errors": [{"message": text, "extensions": {"code": "BAD_REQUEST"}}]})
    assert fault is not None
    assert len(fault.reason) < 500
