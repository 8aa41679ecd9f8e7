"""Affiliate sales of YouTube, as the Merchant API tells them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jalon.connectors.base import Answer, Skip, Stop, Wait
from tests.connectors.played import all_of
from tests.connectors.youtube_fakes import (
    CONNECTOR,
    STREAMS,
    FakeSession,
    Official,
    by_path,
    day_window,
    plain,
)


@pytest.fixture(scope="module")
def described(contracts: Path) -> Official:
    return Official(contracts)


SEARCH = "/reports/v1alpha/accounts/123/reports:search"


def sold(identity: str) -> dict[str, Any]:
    price = {"amountMicros": "39980000", "currencyCode": "USD"}
    return {
        "youtubeContentPerformanceView": {
            "videoId": identity,
            "clicks": "12",
            "grossSales": price,
            "taggedProductIds": ["sku1"],
        }
    }


@pytest.mark.parametrize("stream", ["affiliate_contents", "affiliate_products"])
async def test_each_day_is_one_question(stream: str, described: Official) -> None:
    session = FakeSession(by_path({SEARCH: {}}), merchant_account="123")
    (batch,) = await all_of(CONNECTOR.pull(session, day_window(stream)))
    described.hold(session.asked[0])
    assert "BETWEEN '2026-11-18' AND '2026-11-18'" in json.loads(session.asked[0].body)["query"]
    assert (batch.records, batch.cursor) == ([], None)


async def test_affiliate_rows_come_over_all_pages(described: Official) -> None:
    pages = [{"results": [sold("a")], "nextPageToken": "t"}, {"results": [sold("b"), {"other": {}}]}]
    session = FakeSession(by_path({SEARCH: pages}), merchant_account="123", merchant_timezone="Europe/Paris")
    batches = await all_of(CONNECTOR.pull(session, day_window("affiliate_contents")))
    for request in session.asked:
        described.hold(request)
    assert json.loads(session.asked[1].body)["pageToken"] == "t"
    assert [record.key for batch in batches for record in batch.records] == ["123/2026-11-18/a", "123/2026-11-18/b", ""]
    body = batches[0].records[0].body
    assert (body["zone"], body["day"], body["clicks"], body["account"]) == ("Europe/Paris", "2026-11-18", "12", "123")
    again = FakeSession(by_path({SEARCH: pages[1]}), merchant_account="123")
    await all_of(CONNECTOR.pull(again, day_window("affiliate_contents", cursor="t")))
    assert json.loads(again.asked[0].body)["pageToken"] == "t"


@pytest.mark.parametrize("name", ["affiliate_contents", "affiliate_products"])
def test_a_day_s_sales_are_read_again_for_as_long_as_goods_come_back(name: str) -> None:
    """Net sales sink with each refund. How long is not documented: a month of returns is in any case."""
    assert STREAMS[name].lookback >= timedelta(days=35)
    assert timedelta(0) < STREAMS[name].every <= timedelta(days=1)


async def test_a_day_that_is_not_over_in_the_merchants_zone_waits() -> None:
    now = datetime(2026, 11, 19, 8, tzinfo=UTC).timestamp()
    session = FakeSession(by_path({}), now, merchant_account="123", merchant_timezone="Pacific/Honolulu")
    (batch,) = await all_of(CONNECTOR.pull(session, day_window("affiliate_contents")))
    assert batch.later == datetime(2026, 11, 19, 10, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (plain(429, "RESOURCE_EXHAUSTED"), Wait),
        (plain(403, "PERMISSION_DENIED"), Stop),
        (plain(400, "INVALID_ARGUMENT"), Skip),
    ],
)
async def test_refusals_of_the_merchant_api(reply: Answer, fault: type[Exception]) -> None:
    session = FakeSession(by_path({SEARCH: reply}), merchant_account="123")
    with pytest.raises(fault):
        await all_of(CONNECTOR.pull(session, day_window("affiliate_products")))
