"""What is asked of Instagram exists by the platform's own description."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jalon.connectors.facebook import reading as facebook_reading
from jalon.connectors.instagram import reading
from jalon.connectors.instagram.account import PAGE_FIELDS


def spec(contracts: Path, node: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((contracts / "meta" / "specs" / f"{node}.json").read_text())
    return found


def enum(contracts: Path, name: str) -> set[str]:
    found = json.loads((contracts / "meta" / "specs" / "enum_types.extract.json").read_text())
    return set(next(each["values"] for each in found if each["name"] == name))


@pytest.mark.parametrize("node", ["IGMedia", "IGMediaForIGOnlyAPI"])
def test_every_field_asked_for_exists_under_both_logins(contracts: Path, node: str) -> None:
    described = spec(contracts, node)
    known = {field["name"] for field in described["fields"]} | {api.get("endpoint") for api in described["apis"]}
    assert {name.partition("{")[0] for name in reading.FIELDS.replace("{id,media_type}", "").split(",")} <= known


DOCUMENTED_ONLY = {"link_clicks"}
"""In the reference of media insights for stories, and in no enumeration of v25."""


def test_every_metric_and_breakdown_of_media_exists(contracts: Path) -> None:
    groups = [group for kind in reading.BY_KIND.values() for group in kind]
    metrics = {name for group in groups for name in group.metrics}
    assert metrics - DOCUMENTED_ONLY <= enum(contracts, "shadowigmediainsights_metric_enum_param")
    cuts = {group.breakdown for group in groups if group.breakdown}
    assert cuts <= enum(contracts, "shadowigmediainsights_breakdown_enum_param")


def test_every_metric_and_breakdown_of_the_account_exists(contracts: Path) -> None:
    metrics = {name for group in reading.OF_ACCOUNT for name in group.metrics}
    assert metrics <= enum(contracts, "shadowiguserinsights_metric_enum_param")
    cuts = {group.breakdown for group in reading.OF_ACCOUNT if group.breakdown}
    assert cuts <= enum(contracts, "shadowiguserinsights_breakdown_enum_param")


def test_every_edge_exists_and_tags_and_catalogues_with_facebook_login_alone(contracts: Path) -> None:
    shared = {"media", "stories", "live_media", "insights"}
    apart = {"available_catalogs", "catalog_product_search"}
    facebook, own = (
        {api.get("endpoint") for api in spec(contracts, node)["apis"]} for node in ("IGUser", "IGUserForIGOnlyAPI")
    )
    assert shared | apart <= facebook
    assert shared <= own
    assert not apart & own
    assert "product_tags" in {api.get("endpoint") for api in spec(contracts, "IGMedia")["apis"]}
    assert "product_tags" not in {api.get("endpoint") for api in spec(contracts, "IGMediaForIGOnlyAPI")["apis"]}


def test_every_field_of_posts_and_products_exists(contracts: Path) -> None:
    post = spec(contracts, "PagePost")
    known = {field["name"] for field in post["fields"]} | {api.get("endpoint") for api in post["apis"]}
    asked = facebook_reading.POST_FIELDS.replace("{media_type,type}", "").split(",")
    assert set(asked) <= known
    for node, names in (("ProductItem", facebook_reading.PRODUCT_FIELDS), ("LiveVideo", facebook_reading.LIVE_FIELDS)):
        assert set(names.split(",")) <= {field["name"] for field in spec(contracts, node)["fields"]}
    edges = {api.get("endpoint") for api in spec(contracts, "Page")["apis"]}
    assert {"published_posts", "video_reels", "live_videos", "insights", "subscribed_apps"} <= edges


def test_every_subscribed_field_of_a_page_exists(contracts: Path) -> None:
    assert set(PAGE_FIELDS) <= enum(contracts, "pagesubscribed_apps_subscribed_fields_enum_param")
