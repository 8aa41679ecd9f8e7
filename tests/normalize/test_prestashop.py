"""PrestaShop's meaning: the arithmetic of orders and credit slips, local times, and what no record may do."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.normalize.prestashop import normalize
from jalon.normalize.prestashop.money import order_money, slip_money
from jalon.normalize.prestashop.times import instant
from jalon.normalize.vocabulary import Context, Instant, Order, Raw
from tests.normalize.odd import JSON, changed, check_fit_or_unfit, places

CONTEXT = Context(ZoneInfo("Europe/Berlin"), {"currency": "EUR"})
CENTS = st.integers(0, 10**7)
ORDER: dict[str, Any] = {
    "id": 5,
    "currency": "EUR",
    "current_state": "2",
    "valid": "1",
    "module": "ps_checkout",
    "reference": "XKBKNABJK",
    "date_add": "2025-11-20 00:30:00",
    "date_upd": "2025-11-21 10:00:00",
    "invoice_date": "0000-00-00 00:00:00",
    "total_products": "20.000000",
    "total_paid_tax_incl": "24.000000",
    "customer": "c",
    "email": "e",
    "state": {"id": "2", "paid": "1", "logable": "1", "template": "payment"},
    "histories": [{"date_add": "2025-11-20 00:31:00", "state": {"paid": "1"}}],
    "order_rows": [{"id": "1", "product_quantity": "2", "unit_price_tax_excl": "10.000000"}],
}


def facts(body: Any, stream: str = "orders", account: dict[str, str] | None = None) -> list[Any]:
    raw = Raw("shop", stream, "5", 5, Instant(1_764_000_000_000_000), 1, body)
    return list(normalize(raw, CONTEXT._replace(account={"currency": "EUR", **(account or {})})))


def order(**more: Any) -> Order:
    found = facts({**ORDER, **more})[0]
    assert isinstance(found, Order)
    return found


def written(cents: int | Decimal) -> str:
    return f"{Decimal(cents) / 100:.6f}"


@given(st.lists(st.tuples(st.integers(1, 5), CENTS, CENTS), min_size=1, max_size=5), CENTS, CENTS, st.data())
def test_an_order_adds_up_and_its_lines_to_it(
    rows: list[tuple[int, int, int]], shipping: int, wrapping: int, data: st.DataObject
) -> None:
    products = sum(paid for _, paid, _ in rows)
    voucher, tax = data.draw(st.integers(0, products)), sum(tax for *_, tax in rows)
    body = {
        "total_products": written(products),
        "total_discounts_tax_excl": written(voucher),
        "total_shipping_tax_excl": written(shipping),
        "total_wrapping_tax_excl": written(wrapping),
        "total_paid_tax_incl": written(products - voucher + shipping + wrapping + tax),
    }
    given_ = [
        {
            "product_quantity": str(many),
            "unit_price_tax_excl": written(Decimal(paid) / many),
            "unit_price_tax_incl": written(Decimal(paid + tax) / many),
        }
        for many, paid, tax in rows
    ]
    money = order_money(body, given_, "EUR")
    assert money.goods == products - voucher
    assert money.goods + money.shipping + money.tax + wrapping == money.total
    if products:
        assert sum(line.goods for line in money.lines) == money.goods
    assert all(line.gross >= line.goods for line in money.lines)


@pytest.mark.parametrize(
    ("rules", "goods", "shipping"),
    [
        ([], 1300, 700),
        ([{"value_tax_excl": "7.000000", "free_shipping": "1"}], 2000, 0),
        ([{"value_tax_excl": "7.000000", "free_shipping": "0"}], 1300, 700),
        ([{"value_tax_excl": "7.000000", "free_shipping": "1", "deleted": "1"}], 1300, 700),
        (
            [{"value_tax_excl": "2.000000", "free_shipping": "0"}, {"value_tax_excl": "5.0", "free_shipping": 1}],
            1800,
            200,
        ),
        ([{"value_tax_excl": "9.000000", "free_shipping": "1"}], 2000, 0),
    ],
    ids=["not told", "shipping", "goods", "taken off again", "both", "more than was given"],
)
def test_a_voucher_for_free_shipping_is_taken_off_the_shipping(
    rules: list[dict[str, Any]], goods: int, shipping: int
) -> None:
    money = {"total_discounts_tax_excl": "7.000000", "total_shipping_tax_excl": "7.000000"}
    found = order(**money, cart_rules=rules)
    assert (found.goods, found.shipping, found.tax) == (goods, shipping, 400)


@given(CENTS, CENTS, CENTS, CENTS)
def test_a_slip_gives_back_what_it_names(goods: int, tax: int, shipping: int, post_tax: int) -> None:
    slip = {
        "total_products_tax_excl": written(goods),
        "total_products_tax_incl": written(goods + tax),
        "total_shipping_tax_excl": written(shipping),
        "total_shipping_tax_incl": written(shipping + post_tax),
        "amount": written(goods + tax),
        "order_slip_type": "2",
    }
    assert slip_money(slip, "EUR") == (goods, shipping, tax + post_tax, goods + tax + shipping + post_tax)


@given(st.integers(1, 10**7), st.integers(1, 10**6), st.integers(0, 10**6))
def test_an_amount_that_was_chosen_is_goods_by_the_order_s_own_rate(amount: int, goods: int, tax: int) -> None:
    slip = {"amount": written(amount), "order_products": written(goods), "order_products_wt": written(goods + tax)}
    back = slip_money(slip, "EUR")
    assert back.total == amount
    assert back.goods + back.tax == amount
    assert abs(back.goods - Decimal(amount) * goods / (goods + tax)) <= Decimal("0.5")


@pytest.mark.parametrize(
    ("state", "valid", "status"),
    [
        ({"paid": "1", "template": "payment"}, "1", "paid"),
        ({"paid": 1, "template": None}, 0, "paid"),
        ({"paid": "0", "logable": "1", "template": "cashondelivery"}, "1", "paid"),
        ({"paid": "0", "template": "bankwire"}, "0", "pending"),
        ({"paid": "0", "template": "order_canceled"}, "0", "cancelled"),
        ({"paid": "1", "template": "order_canceled"}, "1", "cancelled"),
        ({"paid": "0", "template": "refund"}, "0", "cancelled"),
        ({"paid": "0", "template": "payment_error"}, "0", "cancelled"),
        (None, "1", "paid"),
        (None, "0", "pending"),
    ],
)
def test_a_state_means_what_its_mail_and_its_flag_say(state: Any, valid: Any, status: str) -> None:
    assert order(state=state, valid=valid).status == status


def test_the_settings_say_what_a_state_of_one_s_own_means() -> None:
    found = facts({**ORDER, "current_state": "15"}, account={"state:15": "cancelled"})[0]
    assert found.status == "cancelled"
    assert facts({**ORDER, "current_state": "15"}, account={"state:15": "nonsense"})[0].status == "paid"


def test_an_order_is_paid_when_it_first_came_into_a_paid_state_else_when_it_was_invoiced() -> None:
    paid = {"paid": "1"}
    histories = [
        {"date_add": "2025-11-22 10:00:00", "state": paid},
        {"date_add": "2025-11-21 10:00:00", "state": paid},
        {"date_add": "2025-11-20 10:00:00", "state": {"paid": "0"}},
    ]
    first = instant({"at": "2025-11-21 10:00:00"}, "at", CONTEXT.zone)
    assert order(histories=histories).paid_at == first
    assert order(histories=[], invoice_date="2025-11-21 10:00:00").paid_at == first
    assert order(histories=[]).paid_at is None


def test_days_are_those_of_the_shop() -> None:
    assert str(order().placed_date) == "2025-11-20"
    assert order().placed_at == 1_763_595_000_000_000  # 23:30 UTC the day before


def test_in_the_hour_that_comes_twice_nothing_is_paid_before_it_is_placed() -> None:
    night = order(
        date_add="2025-10-26 02:50:00", histories=[{"date_add": "2025-10-26 02:10:00", "state": {"paid": "1"}}]
    )
    assert night.paid_at is not None
    assert night.paid_at - night.placed_at == 20 * 60 * 1_000_000


@given(st.sampled_from([*places(ORDER), ("amount",), ("combinations",), ("id_order",)]), JSON)
def test_a_field_of_another_kind_makes_a_record_unfit_and_nothing_worse(path: tuple[Any, ...], value: Any) -> None:
    body = changed(ORDER, path, value)
    for stream in ("orders", "order_slips", "products"):
        check_fit_or_unfit(partial(facts, body, stream), (stream, path, value))
