"""What Pinterest's records mean, beyond the golden files: statuses, money, identities, records of any shape."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.normalize.money import EXPONENTS
from jalon.normalize.pinterest import STREAMS, normalize
from jalon.normalize.pinterest.common import FINALITY, finality
from jalon.normalize.pinterest.figures import ADS, ADS_MONEY, CUTS, DAILY, MOVING
from jalon.normalize.pinterest.pins import KINDS
from jalon.normalize.vocabulary import Content, ContentTag, Context, Instant, Measure, Product, Raw, Touchpoint, Unfit
from tests import golden
from tests.normalize.odd import check_fit_or_unfit, record, spoilt

CONTEXT = Context(ZoneInfo("UTC"), {"username": "paperhouse"})
SAMPLES = golden.samples("pinterest")
DAY = 86_400 * 1_000_000


def sample(stream: str, case: str) -> dict[str, Any]:
    read = json.loads((golden.SAMPLES / "pinterest" / stream / f"{case}.json").read_text())
    return copy.deepcopy(read.get("body", read))


def facts(stream: str, body: Any, observed_at: int = golden.OBSERVED) -> list[Any]:
    return [*normalize(Raw("pins", stream, "k", 0, Instant(observed_at), 1, body), CONTEXT)]


def measures(stream: str, body: Any, **more: Any) -> list[Measure]:
    return [fact for fact in facts(stream, body, **more) if isinstance(fact, Measure)]


@pytest.fixture(scope="module")
def schemas(contracts: Path) -> Any:
    return json.loads((contracts / "pinterest" / "openapi-5.23.0.json").read_text())["components"]["schemas"]


# --- words of the platform --------------------------------------------------------------------------------------------


def test_only_ready_is_final_and_what_was_not_counted_is_not_there(schemas: Any) -> None:
    known = schemas["DataStatus"]["enum"]
    assert len(known) > 20
    firm = {status: finality(status) for status in known}
    assert [status for status, found in firm.items() if found == "final"] == ["READY"]
    assert {status for status, found in firm.items() if found} == set(FINALITY)


@given(st.text() | st.none() | st.integers())
def test_a_status_that_is_not_known_yet_is_never_final(status: Any) -> None:
    assert finality(status) != "final" or status == "READY"


def test_every_creative_type_of_the_description_has_a_kind(schemas: Any) -> None:
    assert set(schemas["CreativeType"]["enum"]) == set(KINDS)


def test_every_column_and_metric_is_the_description_s(schemas: Any) -> None:
    columns = set(schemas["ReportingColumnAsync"]["enum"])
    assert set(ADS) | set(ADS_MONEY) <= columns
    described = json.dumps(schemas["Metrics"]) + json.dumps(schemas["PinAnalyticsMetricsResponse"])
    named = {name for name in DAILY if name in described}
    assert {"IMPRESSION", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE", "VIDEO_MRC_VIEW", "ENGAGEMENT"} <= named


@pytest.mark.parametrize("stream", ["pin_days", "account_days"])
@pytest.mark.parametrize(
    "status", ["BEFORE_DATA_RETENTION_PERIOD", "BEFORE_PIN_FORMAT_METRIC_START_DATE", "IN_BAD_TAG_DATE"]
)
def test_a_zero_under_such_a_status_is_no_zero(stream: str, status: str) -> None:
    body = sample(stream, "ready" if stream == "pin_days" else "own_pins")
    assert measures(stream, body)
    assert not measures(stream, {**body, "data_status": status})


@pytest.mark.parametrize(("told", "kept"), [(10031, 10031), (10031.0, 10031), (2507.75, 2508)])
def test_a_time_that_was_watched_may_have_a_fraction(told: float, kept: int) -> None:
    """The description has numbers there, of which only counts are whole; a day is not lost over a fraction of 1 ms."""
    day = sample("pin_days", "estimate_of_a_video")
    day["metrics"] |= {"VIDEO_V50_WATCH_TIME": told}
    found = {fact.metric: fact.value for fact in measures("pin_days", day)}
    assert found["watch_milliseconds"] == kept
    assert found["impressions"] == 40


# --- identities -------------------------------------------------------------------------------------------------------


def test_a_day_that_is_read_again_is_the_same_figure_and_firmer() -> None:
    first = measures("pin_days", {**sample("pin_days", "ready"), "data_status": "ESTIMATE"})
    last = measures("pin_days", sample("pin_days", "ready"))
    assert [fact.key for fact in first] == [fact.key for fact in last]
    assert ({fact.finality for fact in first}, {fact.finality for fact in last}) == ({"estimate"}, {"final"})


def test_counters_are_kept_day_by_day_so_that_they_may_be_compared() -> None:
    body = sample("pins", "regular")
    first, again = measures("pins", body), measures("pins", body, observed_at=golden.OBSERVED + DAY)
    assert {fact.span for fact in (*first, *again)} == {"lifetime"}
    assert not {fact.key for fact in first} & {fact.key for fact in again}
    assert [fact.value for fact in first] == [fact.value for fact in again]
    assert {fact.key for fact in measures("pins", body, observed_at=golden.OBSERVED + 1)} == {f.key for f in first}


def test_figures_of_days_and_counters_are_never_added_up() -> None:
    def named(stream: str, name: str, **more: str) -> set[tuple[str, str]]:
        return {(fact.metric, fact.span) for fact in measures(stream, sample(stream, name) | more)}

    days, ever = named("pin_days", "estimate_of_a_video"), named("pins", "regular")
    ads = named("ad_days", "with_tag_visits_and_sales")
    strangers = named("top_pins", "each_figure_has_its_status")
    account = set().union(*(named("account_days", "own_pins", cut=cut) for cut in CUTS))
    groups = [days, ever, ads, strangers, account]
    assert all(groups)
    assert len(set().union(*groups)) == sum(map(len, groups))
    assert {metric for metric, _ in days} & {metric for metric, _ in ever}, "the span alone tells them apart"
    assert len(account) == 2 * len(CUTS)


def test_a_product_pin_is_its_product_and_its_sku_joins_it() -> None:
    found = facts("products", sample("products", "on_sale"))
    (product,) = [fact for fact in found if isinstance(fact, Product)]
    (tag,) = [fact for fact in found if isinstance(fact, ContentTag)]
    (content,) = [fact for fact in found if isinstance(fact, Content)]
    assert product.product_id == tag.product_id == tag.content_id == content.content_id == "903972677830"
    assert (product.sku, product.variant_id, content.kind) == ("DS0294-L", "DS0294-L", "product_pin")
    told = facts("pins", sample("pins", "product_tags_of_the_closed_beta"))
    (named,) = [fact for fact in told if isinstance(fact, ContentTag)]
    assert named.product_id == product.product_id, "a tag names the product's Pin"
    (advertised,) = {
        fact.product_id for fact in measures("product_item_days", sample("product_item_days", "known_by_its_pin"))
    }
    assert advertised == product.product_id


def test_a_pin_is_the_same_from_the_list_and_from_the_catalog() -> None:
    product = sample("products", "on_sale")
    alone = facts("pins", product["pin"])
    assert alone == [fact for fact in facts("products", product) if not isinstance(fact, Product | ContentTag)]


def test_nothing_is_an_event() -> None:
    for one in SAMPLES:
        with suppress(Unfit):
            assert not [
                fact for fact in facts(one.stream, sample(one.stream, one.path.stem)) if isinstance(fact, Touchpoint)
            ]


@pytest.mark.parametrize(
    ("stream", "case"), [("ad_days", "with_tag_visits_and_sales"), ("product_item_days", "known_by_its_pin")]
)
def test_conversions_that_are_not_told_any_more_are_taken_back(stream: str, case: str) -> None:
    """They are credited to another ad now. Nothing else is taken back, and a figure that is there never is."""
    body = sample(stream, case)
    told = dict.fromkeys(MOVING, 1) | body
    first = {fact.key for fact in measures(stream, told) if not fact.removed}
    later = measures(stream, {name: value for name, value in body.items() if name not in MOVING})
    gone = {fact.key for fact in later if fact.removed}
    assert {key.split("/")[2] for key in gone} == set(MOVING.values())
    assert gone <= first
    assert {fact.key for fact in later if not fact.removed} == first - gone
    assert not [fact for fact in measures(stream, told) if fact.removed]


# --- money ------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**15) | st.floats(0, 10**12), st.sampled_from(sorted(EXPONENTS)))
def test_millionths_become_minor_units_to_the_nearest(micro: float, currency: str) -> None:
    body = {"id": "1", "DATE": "2025-11-01", "currency": currency, "SPEND_IN_MICRO_DOLLAR": micro}
    (spent,) = [fact for fact in measures("ad_days", body) if not fact.removed]
    exact = Fraction(Decimal(repr(micro))) * 10 ** EXPONENTS[currency] / 1_000_000
    assert abs(spent.value - exact) <= Fraction(1, 2)
    assert spent.currency == currency


@given(st.decimals(0, 10**6, places=2))
def test_a_price_is_what_the_merchant_wrote(price: Decimal) -> None:
    body = sample("products", "on_sale")
    body["metadata"] |= {"price": float(price), "sale_price": None}
    (product,) = [fact for fact in facts("products", body) if isinstance(fact, Product)]
    assert product.price == int(price * 100)


# --- records of any shape ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", SAMPLES, ids=str)
def test_any_field_may_hold_anything(one: golden.Sample) -> None:
    """A record gives facts of the types that the vocabulary promises, or is unfit by name: nothing else."""
    for where, body in spoilt(record(one)):
        check_fit_or_unfit(partial(facts, one.stream, body), where)


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("body", [None, [], "x", 1, {}])
def test_what_is_no_record_is_unfit(stream: str, body: Any) -> None:
    with pytest.raises(Unfit):
        facts(stream, body)


def test_a_stream_that_is_not_known_is_unfit() -> None:
    with pytest.raises(Unfit, match="unknown_stream"):
        facts("orders", {})
