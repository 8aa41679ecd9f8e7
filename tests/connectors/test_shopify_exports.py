"""Exports of Shopify: when one is asked for, what its lines become, and what stands in for it where it fails."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jalon.connectors import base
from tests.connectors.shopify_shop import (
    NOW,
    Script,
    order,
    page,
    pulled,
    window,
)

DAY = timedelta(days=1)

URL = "https://storage.googleapis.com/export.jsonl"
COMPLETED = {"status": "COMPLETED", "url": URL, "objectCount": "4", "createdAt": "2026-07-01T11:00:00Z"}


def exporting(operation: Any = None, errors: Any = ()) -> Script:
    def reply(name: str, variables: dict[str, Any]) -> Any:
        started = {"bulkOperation": {"id": "gid://shopify/BulkOperation/88"}, "userErrors": list(errors)}
        return {
            "Count": {"ordersCount": {"count": 5001}},
            "Export": {"bulkOperation": operation} if "id" in variables else {"bulkOperationRunQuery": started},
            "Orders": {"orders": page([order(9)])},
        }[name]

    return Script(reply)


def line(body: Any) -> bytes:
    return json.dumps(body).encode()


EXPORT = [
    line(order(1, taxesIncluded=True, refunds=[{"id": "gid://shopify/Refund/1"}])),
    line(order(2, taxesIncluded=False)),
    line({"id": "gid://shopify/LineItem/11", "__parentId": "gid://shopify/Order/1", "quantity": 1}),
    line({"id": "gid://shopify/CustomerVisit/21", "__parentId": "gid://shopify/Order/2"}),
]


async def test_a_large_window_is_exported_and_comes_back_when_it_is_done() -> None:
    (batch,) = await pulled(exporting(), window(NOW - 30 * DAY))
    assert (batch.cursor, batch.records) == ("bulk:88:0", ())
    assert batch.later is not None
    assert batch.later > NOW.timestamp()
    running = {"status": "RUNNING", "createdAt": "2026-07-01T11:59:00Z"}
    (again,) = await pulled(exporting(running), window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert (again.cursor, again.later) == ("bulk:88:0", NOW.timestamp() + 15)


async def test_a_short_window_is_not_even_counted() -> None:
    shop = exporting()
    await pulled(shop, window(NOW - timedelta(hours=6)))
    assert [name for name, _ in shop.asked] == ["Orders"]
    await pulled(shop, window(NOW - timedelta(hours=6), backfill=True))
    assert shop.asked[1][0] == "Count"


async def test_an_exports_lines_become_records_of_their_own() -> None:
    shop = exporting(COMPLETED)
    shop.files[URL] = EXPORT
    (batch,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert [(record.stream, record.key) for record in batch.records] == [
        (None, "1"), (None, "2"), ("order_lines", "11"), ("visits", "21"),
    ]  # fmt: skip
    assert batch.records[2].body["order"] == {"id": "gid://shopify/Order/1"}
    assert [record.body.get("taxesIncluded") for record in batch.records[2:]] == [True, False]
    assert list(batch.follow) == [base.Ref("orders", "1")], "an export cannot hold the lines of refunds"


@pytest.mark.parametrize(
    ("told", "again"),
    [
        ({}, False),
        ({"refunds": [{"id": "gid://shopify/Refund/1"}]}, True),
        ({"edited": True}, True),
        ({"customerJourneySummary": {"ready": False}}, True),
        ({"customerJourneySummary": {"ready": True}}, False),
        ({"sourceName": "tiktok", "totalDiscountsSet": {"shopMoney": {"amount": "5.0"}}}, True),
        ({"sourceName": "tiktok", "totalDiscountsSet": {"shopMoney": {"amount": "0.0"}}}, False),
        ({"sourceName": "web", "totalDiscountsSet": {"shopMoney": {"amount": "5.0"}}}, False),
    ],
)
async def test_what_an_export_cannot_hold_of_an_order_is_read_by_id(told: dict[str, Any], again: bool) -> None:
    shop = exporting({**COMPLETED, "objectCount": "1"})
    shop.account = {**shop.account, "channel:tiktok": "tiktok_shop"}
    shop.files[URL] = [line(order(1, **told))]
    (batch,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert list(batch.follow) == [base.Ref("orders", "1")] * again


async def test_an_order_with_a_return_is_read_whole_after_an_export_whatever_its_own_status_says() -> None:
    """`Order.returnStatus` stays NO_RETURN where all returns were declined or cancelled."""
    shop = exporting({**COMPLETED, "objectCount": "2"})
    declined = {"id": "gid://shopify/Return/31", "__parentId": "gid://shopify/Order/1", "status": "DECLINED"}
    shop.files[URL] = [line(order(1, returnStatus="NO_RETURN")), line(declined)]
    (batch,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert ([record.key for record in batch.records], list(batch.skipped)) == (["1"], [])
    assert list(batch.follow) == [base.Ref("orders", "1")]


async def test_an_order_of_a_gift_card_is_read_whole_after_an_export() -> None:
    shop = exporting({**COMPLETED, "objectCount": "1"})
    card = {"id": "gid://shopify/LineItem/11", "__parentId": "gid://shopify/Order/1", "isGiftCard": True}
    shop.files[URL] = [line(card)]
    (batch,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert list(batch.follow) == [base.Ref("orders", "1")]


async def test_an_export_is_gone_on_with_at_the_line_where_it_was_left() -> None:
    shop = exporting(COMPLETED)
    shop.files[URL] = EXPORT
    (rest,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:2"))
    assert [(record.key, record.body["taxesIncluded"]) for record in rest.records] == [("11", True), ("21", False)]


async def test_an_export_is_read_in_batches_of_bounded_size() -> None:
    shop = exporting({**COMPLETED, "objectCount": "1200"})
    shop.files[URL] = [line(order(n, taxesIncluded=False)) for n in range(1200)]
    batches = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert [(len(batch.records), batch.cursor) for batch in batches] == [
        (500, "bulk:88:500"),
        (500, "bulk:88:1000"),
        (200, None),
    ]


@pytest.mark.parametrize("lines", [EXPORT[:3], [*EXPORT[:3], EXPORT[3][:20]]])
async def test_a_file_that_was_cut_does_not_count_as_read(lines: list[bytes]) -> None:
    shop = exporting(COMPLETED)
    shop.files[URL] = lines
    with pytest.raises(base.Wait, match="export"):
        await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))


async def test_an_export_of_nothing_has_no_file() -> None:
    (batch,) = await pulled(
        exporting({**COMPLETED, "objectCount": "0", "url": None}), window(NOW - 30 * DAY, cursor="bulk:88:0")
    )
    assert (list(batch.records), batch.cursor, batch.later) == ([], None, None)


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED", "CANCELED"])
async def test_a_failed_export_is_replaced_by_paging(status: str) -> None:
    shop = exporting({"status": status, "errorCode": "TIMEOUT", "partialDataUrl": URL})
    told, paged = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:500"))
    assert [skipped.reason for skipped in told.skipped] == ["bulk_failed"]
    assert [record.key for record in paged.records] == ["9"]


@pytest.mark.parametrize(
    "ended",
    [
        {"completedAt": (NOW - timedelta(days=7, seconds=1)).isoformat()},
        {"completedAt": (NOW - timedelta(hours=1)).isoformat(), "url": None},
    ],
)
async def test_an_export_whose_file_is_not_there_any_more_is_replaced_by_paging(ended: dict[str, Any]) -> None:
    """Files lie ready for seven days: a source that was not read meanwhile must not wait for one for ever."""
    told, paged = await pulled(exporting({**COMPLETED, **ended}), window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert [(skipped.reason, "EXPIRED" in skipped.detail) for skipped in told.skipped] == [("bulk_failed", True)]
    assert [record.key for record in paged.records] == ["9"]
    shop = exporting({**COMPLETED, "completedAt": (NOW - timedelta(days=6)).isoformat()})
    shop.files[URL] = EXPORT
    (batch,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert len(batch.records) == 4


async def test_an_export_that_is_denied_stops_with_a_remedy() -> None:
    denied = exporting({"status": "FAILED", "errorCode": "ACCESS_DENIED"})
    with pytest.raises(base.Stop) as stopped:
        await pulled(denied, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert stopped.value.kind == "auth"


@pytest.mark.parametrize("code", ["OPERATION_IN_PROGRESS", "LIMIT_REACHED"])
async def test_an_export_for_which_there_is_no_place_is_asked_for_again(code: str) -> None:
    (batch,) = await pulled(exporting(errors=[{"message": "busy", "code": code}]), window(NOW - 30 * DAY))
    assert (batch.cursor, batch.later) == (None, NOW.timestamp() + 60)


async def test_an_export_that_is_gone_is_replaced_by_paging() -> None:
    _, paged = await pulled(exporting(None), window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert [record.key for record in paged.records] == ["9"]


async def test_the_recorded_refusals_of_exports(contracts: Path) -> None:
    recorded = json.loads((contracts / "shopify/recorded/bulk_concurrency_limit.json").read_text())
    busy = recorded["sixthRun"]["response"]["data"]["bulkOperationRunQuery"]["userErrors"]
    (batch,) = await pulled(exporting(errors=busy), window(NOW - 30 * DAY))
    assert (batch.cursor, batch.later) == (None, NOW.timestamp() + 60), "places are taken: the same again later"
    recorded = json.loads((contracts / "shopify/recorded/bulk_run_query_validators.json").read_text())
    for case in recorded["validations"].values():
        refused = case["response"]["data"]["bulkOperationRunQuery"]["userErrors"]
        (batch,) = await pulled(exporting(errors=refused), window(NOW - 30 * DAY))
        assert (batch.cursor, batch.skipped[0].reason) == ("page:", "bulk_refused")


async def test_the_recorded_life_of_an_export(contracts: Path) -> None:
    recorded = json.loads((contracts / "shopify/recorded/bulk_poll_and_result.json").read_text())
    run = recorded["runs"]["runQueryGroupObjectsTrue"]
    created, done = (poll["response"]["data"]["bulkOperation"] for poll in run["statusPolls"])
    (waiting,) = await pulled(exporting(created), window(NOW - 30 * DAY, cursor="bulk:8001977286962:0"))
    assert waiting.later is not None
    shop = exporting({**done, "objectCount": str(len(run["result"]["records"]))})
    shop.files[done["url"]] = [line(record) for record in run["result"]["records"]]
    (batch,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:8001977286962:0"))
    assert {skipped.reason for skipped in batch.skipped} == {"unknown_row"}, (
        "products are no orders, and are not lost in silence"
    )
