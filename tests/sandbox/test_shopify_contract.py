"""The played Shopify against the official schema and recorded answers."""

from __future__ import annotations

import gzip
import json
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    build_client_schema,
    build_schema,
    parse,
    validate,
)
from shopkeeper import STATUS, open_shop

from jalon.sandbox.shopify.bulk_rules import Validator
from jalon.sandbox.shopify.cost import price
from jalon.sandbox.shopify.door import with_defaults
from jalon.sandbox.shopify.hooks import signature, wrong_address
from jalon.sandbox.shopify.search import Dialect, parse_search


@pytest.fixture(scope="module")
def official(contracts: Path) -> GraphQLSchema:
    introspection = json.loads(
        gzip.decompress((contracts / "shopify/admin_2026-10.introspection.json.gz").read_bytes())
    )
    return build_client_schema(introspection.get("data", introspection), assume_valid=True)


@pytest.fixture(scope="module")
def ours() -> GraphQLSchema:
    return build_schema(resources.files("jalon.sandbox.shopify").joinpath("schema.graphql").read_text("utf-8"))


def recorded(contracts: Path, name: str) -> Any:
    return json.loads((contracts / "shopify/recorded" / name).read_text("utf-8"))


def _differences(mine: Any, theirs: Any) -> list[str]:
    """Return what a type of ours has that the official one of that name has not, or has otherwise."""
    if type(mine) is not type(theirs):
        return [f"{mine.name}: another kind of type"]
    if isinstance(mine, GraphQLEnumType):
        return [f"{mine.name}.{value}" for value in mine.values.keys() - theirs.values.keys()]
    if isinstance(mine, GraphQLUnionType):
        known = {member.name for member in theirs.types}
        return [f"{mine.name} | {member.name}" for member in mine.types if member.name not in known]
    if isinstance(mine, GraphQLObjectType | GraphQLInterfaceType):
        interfaces = {one.name for one in mine.interfaces} - {one.name for one in theirs.interfaces}
        wrong = [f"{mine.name} implements {name}" for name in interfaces]
        return wrong + [
            place for name, field in mine.fields.items() for place in _field(mine.name, name, field, theirs)
        ]
    if isinstance(mine, GraphQLInputObjectType):
        return [
            f"{mine.name}.{name}"
            for name, field in mine.fields.items()
            if name not in theirs.fields or str(field.type) != str(theirs.fields[name].type)
        ]
    return []


def _field(owner: str, name: str, field: Any, theirs: Any) -> list[str]:
    if name not in theirs.fields:
        return [f"{owner}.{name}"]
    other = theirs.fields[name]
    wrong = [] if str(field.type) == str(other.type) else [f"{owner}.{name}: {field.type}, officially {other.type}"]
    for label, argument in field.args.items():
        if label not in other.args or str(argument.type) != str(other.args[label].type):
            wrong.append(f"{owner}.{name}({label})")
    missing = [
        label for label, argument in other.args.items() if str(argument.type)[-1] == "!" and label not in field.args
    ]
    return wrong + [
        f"{owner}.{name}: {label} is required" for label in missing if other.args[label].default_value is None
    ]


def test_our_schema_is_a_part_of_the_official_one(official: GraphQLSchema, ours: GraphQLSchema) -> None:
    wrong = []
    for name, mine in ours.type_map.items():
        if not name.startswith("__"):
            theirs = official.type_map.get(name)
            wrong += _differences(mine, theirs) if theirs else [name]
    assert wrong == []
    assert len(ours.type_map) > 100


def test_a_type_that_differs_is_noticed(official: GraphQLSchema) -> None:
    changed = build_schema("type Order { id: ID name: String! made_up: Int lineItems(first: String): Int }")
    assert _differences(changed.type_map["Order"], official.type_map["Order"]) == [
        "Order.id: ID, officially ID!",
        "Order.made_up",
        "Order.lineItems: Int, officially LineItemConnection!",
        "Order.lineItems(first)",
    ]


async def test_the_official_orders_query_is_answered(contracts: Path, official: GraphQLSchema) -> None:
    text = (contracts / "shopify/orders_query.graphql").read_text("utf-8")
    assert validate(official, parse(text)) == []
    async with open_shop() as shop:
        answer = await shop.ask(text, q="updated_at:>='2026-10-01T00:00:00Z'")
    assert "errors" not in answer
    assert len(answer["data"]["orders"]["nodes"]) == 50
    assert answer["extensions"]["cost"]["requestedQueryCost"] == 527
    assert answer["extensions"]["cost"]["actualQueryCost"] < 527


@pytest.mark.parametrize(("first", "points"), [(10, 302), (25, 452), (50, 527), (100, 677), (250, 827)])
def test_the_price_of_the_orders_query(contracts: Path, ours: GraphQLSchema, first: int, points: int) -> None:
    text = (
        (contracts / "shopify/orders_query.graphql")
        .read_text("utf-8")
        .replace("first:50,after", f"first:{first},after")
    )
    assert _price(ours, text, {}) == points


def _price(schema: GraphQLSchema, text: str, variables: dict[str, Any]) -> int:
    document = parse(text)
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    # The one recording with several operations ran the last.
    return price(schema, document, operations[-1]).requested(with_defaults(operations[-1], variables))


def test_recorded_prices_of_what_we_play_are_ours(contracts: Path, ours: GraphQLSchema) -> None:
    compared = 0
    for line in (contracts / "shopify/recorded/query_costs.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if validate(ours, parse(row["query"]), max_errors=1, hide_suggestions=True) == []:
            assert _price(ours, row["query"], row["variables"] or {}) == row["requestedQueryCost"], row["fixture"]
            compared += 1
    assert compared > 100


def test_recorded_search_warnings_are_ours(contracts: Path) -> None:
    compared = 0
    for row in recorded(contracts, "search_warnings.json"):
        if "metaobjects-filter" in row["fixture"]:
            continue  # metaobjects read times otherwise than orders and products do
        for seen in row["search"]:
            dialect = _dialect_of(seen)
            node = parse_search(seen["query"])
            assert node is not None
            assert dialect.echo(node) == seen["parsed"]
            assert dialect.warnings(node) == seen["warnings"]
            compared += 1
    assert compared >= 15


def _dialect_of(seen: dict[str, Any]) -> Dialect:
    """Return a dialect that knows what the recorded resource knew, in the recorded shop's time zone."""
    fields: dict[str, Any] = {"updated_at": "time", "id": "id", "tag": "text", "sku": "text", "name": "text"}
    for warning in seen["warnings"]:
        if warning["code"] == "invalid_value":
            fields[warning["field"]] = frozenset({"completed"})
        else:
            fields.pop(warning["field"], None)
    return Dialect(fields, ZoneInfo("Etc/GMT+5"), free_text=False)


@pytest.mark.parametrize("name", ["bulk_run_query_validators.json", "bulk_run_query_user_error_codes.json"])
def test_recorded_refusals_of_bulk_queries_are_ours(contracts: Path, ours: GraphQLSchema, name: str) -> None:
    cases = recorded(contracts, name)["validations"]
    for label, case in cases.items():
        expected = case["response"]["data"]["bulkOperationRunQuery"]["userErrors"]
        assert Validator(ours).check(case["variables"]["query"]) == expected, label


async def test_recorded_complaints_about_paging_arguments_are_ours(contracts: Path) -> None:
    cases = recorded(contracts, "bulk_read_arg_validation.json")["cases"]
    async with open_shop() as shop:
        for label in ("missingWindow", "firstAndLast", "invalidCreatedAt", "nonBulkOperationGid"):
            case = cases[label]
            answer = await shop.ask(case["query"], **case["variables"])
            assert _without_places(answer["errors"]) == _without_places(case["response"]["errors"]), label
            assert answer["data"] == case["response"]["data"]
            seen, cost = case["response"]["extensions"]["cost"], answer["extensions"]["cost"]
            assert cost["requestedQueryCost"] == seen["requestedQueryCost"]
            assert cost["actualQueryCost"] == seen["actualQueryCost"]


def _without_places(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in error.items() if name != "locations"} for error in errors]


def test_recorded_complaints_about_addresses_are_ours(contracts: Path) -> None:
    rows = recorded(contracts, "webhook_subscription_lifecycle.json")["updateValidation"]
    for label, uri in (("updateBlankUri", ""), ("updateHttpUri", "http://example.com")):
        errors = rows[label]["response"]["payload"]["data"]["webhookSubscriptionUpdate"]["userErrors"]
        assert wrong_address(uri) == errors[0]["message"]


def test_the_published_signature_is_ours(contracts: Path) -> None:
    vectors = json.loads((contracts / "shopify/webhook_contract.json").read_text("utf-8"))["vectors"]
    good = vectors[0]
    assert signature(good["secret"], good["raw_body"].encode()) == good["hmac_base64"]
    assert signature(vectors[1]["secret"], vectors[1]["raw_body"].encode()) != good["hmac_base64"]


async def test_a_throttled_answer_has_the_published_shape(contracts: Path) -> None:
    published = json.loads((contracts / "shopify/webhook_contract.json").read_text("utf-8"))["throttled_body"]
    async with open_shop(maximum_available=20, restore_rate=0.001) as shop:
        tired = [await shop.ask("{orders(first:20){nodes{id}}}") for _ in range(8)][-1]
    assert tired.keys() == published.keys()
    assert tired["errors"][0]["message"] == published["errors"][0]["message"]
    assert tired["errors"][0]["extensions"] == published["errors"][0]["extensions"]
    assert tired["extensions"]["cost"].keys() == published["extensions"]["cost"].keys()
    assert tired["extensions"]["cost"]["actualQueryCost"] is None


async def test_a_bulk_operation_has_the_recorded_fields(contracts: Path) -> None:
    run = recorded(contracts, "bulk_poll_and_result.json")["runs"]["runQueryGroupObjectsDefault"]
    seen = run["terminalOperation"]
    async with open_shop() as shop:
        job, lines = await shop.export(run["run"]["variables"]["query"])
        whole = (await shop.data(run["statusPolls"][0]["query"], id=job["id"]))["bulkOperation"]
    assert whole.keys() == seen.keys()
    assert {name: type(value) for name, value in whole.items()} == {name: type(value) for name, value in seen.items()}
    assert lines[0].keys() == run["result"]["records"][0].keys()
    assert int(whole["objectCount"]) == len(lines)


async def test_the_status_of_a_job_costs_one_point() -> None:
    async with open_shop() as shop:
        answer = await shop.ask(STATUS, id="gid://shopify/BulkOperation/1")
    assert answer["data"] == {"bulkOperation": None}
    assert answer["extensions"]["cost"]["requestedQueryCost"] == 1
