"""Bulk operations of the played Shopify."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shopkeeper import RUN, STATUS, Shopkeeper, open_shop

from jalon.sandbox.shopify.bulk import lines
from jalon.sandbox.shopify.cost import Bucket

DAY = 86_400
EXPORT = """{orders(query:"%s"){edges{node{id updatedAt transactions{id amountSet{shopMoney{amount}}}
lineItems{edges{node{id sku quantity}}}
customerJourneySummary{ready moments{edges{node{occurredAt ... on CustomerVisit{id source}}}}}}}}}"""
CANCEL = "mutation($id:ID!){bulkOperationCancel(id:$id){bulkOperation{id status} userErrors{field message}}}"


async def test_an_export_holds_what_paging_shows() -> None:
    search = "updated_at:>='2026-10-20T00:00:00Z'"
    fields = """id updatedAt transactions{id amountSet{shopMoney{amount}}} lineItems(first:50){nodes{id sku quantity}}
    customerJourneySummary{ready moments(first:50){nodes{occurredAt ... on CustomerVisit{id source}}}}"""
    async with open_shop() as shop:
        job, rows = await shop.export(EXPORT % search)
        paged = await shop.orders(fields, search)
    assert (job["status"], job["errorCode"]) == ("COMPLETED", None)
    assert int(job["objectCount"]) == len(rows)
    assert int(job["rootObjectCount"]) == len(paged) > 60
    children: dict[str, dict[str, list[Any]]] = {}
    for row in rows:
        if "__parentId" in row:
            kind = row["id"].split("/")[3]
            body = {name: value for name, value in row.items() if name != "__parentId"}
            children.setdefault(row["__parentId"], {}).setdefault(kind, []).append(body)
    orders = {row["id"]: row for row in rows if "__parentId" not in row}
    assert orders.keys() == {order["id"] for order in paged}
    for order in paged:
        mine = children.get(order["id"], {})
        assert _sorted(mine.get("LineItem", [])) == _sorted(order["lineItems"]["nodes"])
        summary = order["customerJourneySummary"]
        moments = summary["moments"]["nodes"] if summary else []
        assert _sorted(mine.get("CustomerVisit", [])) == _sorted(moments)
        exported = orders[order["id"]]
        assert exported["transactions"] == order["transactions"]
        assert exported["customerJourneySummary"] == ({"ready": summary["ready"]} if summary else None)
        assert "lineItems" not in exported


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["id"]))


async def test_children_stand_apart_unless_they_are_grouped() -> None:
    query = "{orders{edges{node{id lineItems{edges{node{id}}}}}}}"
    async with open_shop() as shop:
        _, apart = await shop.export(query)
        _, grouped = await shop.export(query, grouped=True)
    assert _adjacent(apart) == 0
    assert _adjacent(grouped) == sum("__parentId" not in row for row in grouped) > 100
    assert _sorted(apart) == _sorted(grouped)


def _adjacent(rows: list[dict[str, Any]]) -> int:
    return sum(child.get("__parentId") == parent["id"] for parent, child in pairwise(rows))


@given(st.lists(st.integers(0, 3), min_size=2, max_size=6))
def test_no_child_is_lost_in_flattening(counts: list[int]) -> None:
    nodes = [
        {"id": f"p{number}", "items": {"edges": [{"node": {"id": f"p{number}c{child}"}} for child in range(count)]}}
        for number, count in enumerate(counts)
    ]
    names = frozenset({"items"})
    for grouped in (True, False):
        rows = list(lines(nodes, names, grouped=grouped))
        assert {row["id"]: row["__parentId"] for row in rows if "__parentId" in row} == {
            f"p{number}c{child}": f"p{number}" for number, count in enumerate(counts) for child in range(count)
        }
        seen: set[str] = set()
        for row in rows:
            assert row.get("__parentId", row["id"]) in seen | {row["id"]}
            seen.add(row["id"])


async def test_an_empty_result_has_no_address() -> None:
    async with open_shop() as shop:
        job, rows = await shop.export(EXPORT % "updated_at:>='2031-01-01T00:00:00Z'")
    assert (job["status"], job["objectCount"], job["url"], job["fileSize"]) == ("COMPLETED", "0", None, None)
    assert rows == []


async def test_the_address_is_signed_and_ends() -> None:
    async with open_shop() as shop:
        job, _ = await shop.export("{products{edges{node{id}}}}")
        forged = await shop.client.get(job["url"][:-4] + "0000")
        other = await shop.client.get(job["url"].replace("7964079784242", "7964079784243"))
        shop.sandbox.clock.advance(7 * DAY + 60)
        late = await shop.client.get(job["url"])
        over = (await shop.data(STATUS, id=job["id"]))["bulkOperation"]
    assert (over["status"], over["url"]) == ("EXPIRED", None)
    assert [forged.status_code, other.status_code, late.status_code] == [400, 400, 400]


async def test_five_run_at_once_and_the_sixth_is_refused() -> None:
    query = "{products{edges{node{id}}}}"
    async with open_shop(bulk_seconds=60) as shop:
        started = [(await shop.data(RUN, q=query, g=False))["bulkOperationRunQuery"] for _ in range(6)]
        ids = [one["bulkOperation"]["id"] for one in started[:5]]
        (refused,) = started[5]["userErrors"]
        newest = await shop.data("{currentBulkOperation{id status}}")
    assert refused == {
        "field": None,
        "code": "OPERATION_IN_PROGRESS",
        "message": f"A bulk query operation for this app and shop is already in progress: {', '.join(ids)}.",
    }
    assert newest["currentBulkOperation"]["id"] == ids[-1]
    assert newest["currentBulkOperation"]["status"] in ("CREATED", "RUNNING")


async def test_a_job_goes_through_its_states_and_can_be_cancelled() -> None:
    async with open_shop(bulk_seconds=60) as shop:
        answer = (await shop.data(RUN, q="{orders{edges{node{id}}}}", g=False))["bulkOperationRunQuery"]
        identity = answer["bulkOperation"]["id"]
        await _until(shop, identity, "RUNNING")
        cancelled = (await shop.data(CANCEL, id=identity))["bulkOperationCancel"]["bulkOperation"]
        job = await _until(shop, identity, "CANCELED")
        again = (await shop.data(CANCEL, id=identity))["bulkOperationCancel"]
    assert answer["bulkOperation"]["status"] == "CREATED"
    assert cancelled["status"] == "CANCELING"
    assert job["url"] is None
    assert job["completedAt"] is not None
    assert "cannot be canceled" in again["userErrors"][0]["message"]


async def _until(shop: Shopkeeper, identity: str, status: str) -> dict[str, Any]:
    while True:
        job: dict[str, Any] = (await shop.data(STATUS, id=identity))["bulkOperation"]
        if job["status"] == status:
            return job
        assert job["status"] in ("CREATED", "RUNNING", "CANCELING")
        await asyncio.sleep(0.01)


async def test_a_scope_that_is_missing_ends_the_job() -> None:
    async with open_shop() as shop:
        shop.part.scopes.discard("read_returns")
        job, _ = await shop.export("{orders{edges{node{id returns{edges{node{id}}}}}}}")
    assert (job["status"], job["errorCode"]) == ("FAILED", "ACCESS_DENIED")


async def test_refund_lines_cannot_be_exported() -> None:
    query = "{orders{edges{node{id refunds{refundLineItems{edges{node{id}}}}}}}}"
    async with open_shop() as shop:
        answer = (await shop.data(RUN, q=query, g=False))["bulkOperationRunQuery"]
    assert "within a list field" in answer["userErrors"][0]["message"]


@pytest.mark.parametrize(
    "query", ["{orders{edges{node{id colour}}}}", '{orders{edges{node{id lineItems(first:"x"){edges{node{id}}}}}}}']
)
async def test_a_query_that_the_schema_does_not_know_is_refused(query: str) -> None:
    async with open_shop() as shop:
        answer = (await shop.data(RUN, q=query, g=False))["bulkOperationRunQuery"]
    assert answer["bulkOperation"] is None
    assert answer["userErrors"][0]["message"].startswith("Invalid bulk query: ")


# --- the bucket -----------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 900), st.floats(0, 5)), max_size=40))
def test_no_more_is_taken_than_the_bucket_gives(steps: list[tuple[int, float]]) -> None:
    clock = [0.0]
    bucket = Bucket(1000, 100, lambda: clock[0])
    taken = 0.0
    for points, wait in steps:
        taken += points if bucket.take(points) else 0
        clock[0] += wait
        assert taken <= 1000 + 100 * clock[0] + 1e-6
        assert 0 <= bucket.status()["currentlyAvailable"] <= 1000


async def test_the_bucket_refills_and_gives_back_what_was_not_used() -> None:
    text = '{orders(first:100,query:"id:1"){nodes{id lineItems(first:100){nodes{id}}}}}'
    async with open_shop(maximum_available=150, restore_rate=1) as shop:
        first = (await shop.ask(text))["extensions"]["cost"]
        assert first["requestedQueryCost"] == 110
        assert first["actualQueryCost"] == 2
        assert first["throttleStatus"]["currentlyAvailable"] >= 147
        second = await shop.ask("{orders(first:250){nodes{id lineItems(first:10){nodes{id}}}}}")
        await shop.ask("{orders(first:250){nodes{id lineItems(first:10){nodes{id}}}}}")
        tired = await shop.ask("{orders(first:250){nodes{id lineItems(first:10){nodes{id}}}}}")
        shop.sandbox.clock.advance(200)
        rested = await shop.ask("{orders(first:250){nodes{id lineItems(first:10){nodes{id}}}}}")
    assert "data" in second
    assert tired["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert "data" in rested
