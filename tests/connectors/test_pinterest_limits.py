"""How often Pinterest may be asked: the table is what its description says, and the budgets keep to it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from jalon.connectors.base import Request
from jalon.connectors.pinterest.budgets import STANDARD, TRIAL, category
from jalon.connectors.pinterest.limits import CATEGORIES
from tests.connectors import pinterest_limits
from tests.connectors.pinterest_fakes import AD_ACCOUNT, CONNECTOR, NOW, FakeSession, answer, page, settings


def test_the_table_is_what_the_description_says(contracts: Path) -> None:
    written = pinterest_limits.module(contracts / "pinterest" / "openapi-5.23.0.json")
    assert pinterest_limits.MODULE.read_text() == written, "run python -m tests.connectors.pinterest_limits"


def test_every_category_has_a_limit() -> None:
    assert set(CATEGORIES.values()) == set(STANDARD)


@pytest.mark.parametrize(
    ("request_", "name", "per_minute"),
    [
        (Request("GET", "/pins"), "org_read", 1000),
        (Request("GET", "/pins/813744226420795884/analytics"), "org_analytics", 60),
        (Request("GET", "/user_account/analytics/top_pins"), "org_analytics", 60),
        (Request("GET", "/catalogs/product_groups/443727193917/products"), "catalogs_read", 100),
        (Request("POST", f"/ad_accounts/{AD_ACCOUNT}/reports"), "ads_analytics", 300),
        (Request("GET", f"/ad_accounts/{AD_ACCOUNT}"), "ads_read", 120_000),
        (Request("POST", "/oauth/token"), "org_read", 1000),
    ],
)
def test_a_request_falls_under_the_limit_of_its_category(request_: Request, name: str, per_minute: float) -> None:
    (allowance,) = CONNECTOR.allowances(request_, settings(access="standard"))
    assert (allowance.name, allowance.requests, allowance.seconds) == (name, per_minute, 60)
    assert CONNECTOR.allowances(request_, settings(access="trial")) == (TRIAL,)
    assert CONNECTOR.allowances(request_, settings(access="sandbox")) == ()


def test_an_app_on_trial_has_a_thousand_requests_a_day() -> None:
    assert (TRIAL.requests, TRIAL.seconds) == (1000, timedelta(days=1).total_seconds())
    assert settings().access == "trial", "what an app has until it is granted more"


def test_the_account_s_own_rate_is_below_what_holds_for_all() -> None:
    burst = CONNECTOR.starting_rate * 0.1
    assert CONNECTOR.starting_rate + burst <= 100


async def test_nothing_is_asked_that_has_no_limit() -> None:
    """Whatever `doctor` and a greeting ask is in the table; what is read is held against it in the tests of reading."""
    user = {"id": "1", "username": "u", "account_type": "BUSINESS"}
    session = FakeSession(
        lambda r: page([]) if r.path in ("/pins", "/catalogs") else answer(user | {"token": "t"}),
        NOW,
        ad_account_id=AD_ACCOUNT,
    )
    _ = [finding async for finding in CONNECTOR.examine(session)]
    assert len(session.asked) == 6
    assert all(category(request) for request in session.asked)
