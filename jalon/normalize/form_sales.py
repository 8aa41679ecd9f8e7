"""What own channels tell of sales: orders, their lines, refunds, and what affiliate networks claim of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, get_args

from jalon.normalize.channels import CHANNELS
from jalon.normalize.forms import Form, Moment
from jalon.normalize.records import joined
from jalon.normalize.vocabulary import (
    Fact,
    Order,
    OrderContent,
    OrderLine,
    OrderStatus,
    Refund,
    SellingMode,
    TouchKind,
    Touchpoint,
    Unfit,
)

MODES = get_args(SellingMode)
PLACES = {"till": "shop"}
"""Platform that is no channel -> where it sells."""


class Money(NamedTuple):
    """The money of an order in minor units."""

    goods: int
    shipping: int
    tax: int
    total: int


def order(form: Form) -> Iterator[Fact]:
    """Yield an order, its lines, and who placed it. A purchase as a touchpoint follows from the order by itself."""
    order_id, platform, currency = form.order_id(), form.needed("platform"), form.currency()
    placed, status = form.moment("placed_at"), form.word("status", get_args(OrderStatus)[:3], "paid")
    kind = form.word("kind", ("sale", "sample", "replacement", "exchange", "test"), "sale")
    money = _charged(form, currency)
    gross, discount = _list_price(form, money.goods, currency)
    paid, changed = form.when("paid_at"), form.when("updated_at")
    key = form.order_key()
    yield Order(
        *form.head(key),
        platform=platform,
        order_id=order_id,
        placed_at=placed.at,
        placed_date=placed.day,
        paid_at=paid.at if paid else placed.at if status == "paid" else None,
        cancelled_at=(changed or placed).at if status == "cancelled" else None,
        status=status,
        native_status=status,
        kind=kind,
        currency=currency,
        gross=gross,
        discount=discount,
        goods=money.goods,
        shipping=money.shipping,
        tax=money.tax,
        total=money.total,
        presentment_currency=None,
        presentment_total=None,
        person=form.person(),
        selling_mode=form.word("selling_mode", MODES, "communication"),
        channel=form.channel(PLACES.get(platform, platform)),
        external_ids=form.texts("external_ids"),
        journey="none",
    )
    for number, line in enumerate(form.forms("lines"), 1):
        yield _line(line, key, order_id, platform, currency, line.text("line_id") or str(number))
    yield from form.identities("order")


def order_line(form: Form) -> Iterator[Fact]:
    """Yield a line that came by itself: the same fact as if it had come within its order."""
    order_id, platform = form.order_id(), form.needed("platform")
    yield _line(form, form.order_key(), order_id, platform, form.currency(), form.needed("line_id"))


def _charged(form: Form, currency: str) -> Money:
    """Return the money of an order: what is left out follows from the rest, and the tax from its lines."""
    tax, shipping = form.amount("tax", currency), form.amount("shipping", currency) or 0
    goods, total = form.amount("goods", currency), form.amount("total", currency)
    if goods is None and total is None:
        raise Unfit("missing_field", "neither total nor goods is told")
    if tax is None:
        tax = sum(line.amount("tax", currency) or 0 for line in form.forms("lines"))
        if not tax and goods is not None and total is not None:
            tax = max(total - goods - shipping, 0)
    if goods is None:
        goods = (total or 0) - tax - shipping
    if goods < 0:
        raise Unfit("negative_amount", "tax and shipping are more than the total")
    return Money(goods, shipping, tax, goods + tax + shipping if total is None else total)


def _list_price(form: Form, goods: int, currency: str) -> tuple[int, int]:
    """Return gross and discount: their difference is what was paid for the goods, also where only one is told."""
    gross, discount = form.amount("gross", currency), form.amount("discount", currency)
    if discount is None:
        discount = max((gross or goods) - goods, 0)
    return goods + discount, discount


def _line(form: Form, order: str, order_id: str, platform: str, currency: str, line_id: str) -> OrderLine:
    quantity = form.count("quantity")
    quantity = 1 if quantity is None else quantity
    goods, unit = form.amount("goods", currency), form.amount("unit_price", currency)
    gross, off = form.amount("gross", currency), form.amount("discount", currency)
    if goods is None and unit is not None:
        goods = form.product("unit_price times quantity", unit, quantity, currency)
    if goods is None and gross is not None:
        goods = gross - (off or 0)
    if goods is None or goods < 0:
        raise Unfit("missing_field", f"line {line_id} tells neither goods, unit_price nor gross")
    gross, discount = _list_price(form, goods, currency)
    return OrderLine(
        *form.head(f"{order}|{joined(line_id)}"),
        platform=platform,
        order_id=order_id,
        line_id=line_id,
        product_id=form.text("product_id"),
        sku=form.text("sku"),
        title=form.text("title"),
        quantity=quantity,
        currency=currency,
        gross=gross,
        discount=discount,
        goods=goods,
        tax=form.amount("tax", currency) or 0,
        content_id=form.text("content_id"),
        is_gift=form.flag("is_gift"),
    )


def refund(form: Form) -> Iterator[Fact]:
    """Yield a refund, the touchpoint that it is where it is told by what channel, and who got it."""
    order_id, platform, currency = form.order_id(), form.needed("platform"), form.currency()
    back, key = form.moment("refunded_at"), form.key("refund_id", "platform")
    goods, shipping, tax, total = _given_back(form, currency)
    state = form.word("state", ("succeeded", "pending", "failed"), "succeeded")
    yield Refund(
        *form.head(key),
        platform=platform,
        order_id=order_id,
        refund_id=form.text("refund_id") or key,
        reason=form.word("reason", ("refund", "return", "cancellation"), "refund"),
        state=state,
        occurred_at=back.at,
        occurred_date=back.day,
        currency=currency,
        goods=goods,
        shipping=shipping,
        tax=tax,
        total=total,
    )
    if form.text("channel") or platform in CHANNELS:
        channel = form.channel(platform)
        yield touch(form, f"refund/{key}", "refund", back, channel, order_id, removed=state != "succeeded")
    yield from form.identities("refund")


def _given_back(form: Form, currency: str) -> tuple[int, int, int | None, int]:
    """Return goods, shipping, tax and total of a refund: with and without a minus they are the same money.

    Where neither tax nor goods is told, tax is None, and goods hold it: what of them it is, the order alone tells.
    """
    total, shipping, tax, goods = (_unsigned(form, name, currency) for name in ("total", "shipping", "tax", "goods"))
    if total is None:
        raise Unfit("missing_field", "total is missing")
    rest = total - (shipping or 0)
    if goods is None:
        goods = rest - (tax or 0)
    elif tax is None:
        tax = max(0, rest - goods)
    if goods < 0:
        raise Unfit("negative_amount", "tax and shipping are more than the total")
    return goods, shipping or 0, tax, total


def _unsigned(form: Form, name: str, currency: str) -> int | None:
    units = form.money(name, currency)
    return None if units is None else abs(units)


def touch(
    form: Form, key: str, kind: TouchKind, moment: Moment, channel: str, order_id: str | None, *, removed: bool = False
) -> Touchpoint:
    """Return the touchpoint that a record of something else is too."""
    return Touchpoint(
        *form.head(key),
        platform=form.needed("platform"),
        occurred_at=moment.at,
        occurred_date=moment.day,
        time_is_bound=moment.is_day,
        kind=kind,
        channel=channel,
        person=form.person(),
        order_id=order_id,
        product_id=form.text("product_id"),
        evidence="platform_row",
        selling_mode=form.word("selling_mode", MODES, "communication"),
        removed=removed,
    )


def transaction(form: Form) -> Iterator[Fact]:
    """Yield what a network claims: the sale as a draft that is the shop's order, the publisher's click, the commission.

    The draft is never revenue. It names the shop's order, so that the click stands on the way to that one; where the
    shop is not connected, it stands on the way to nothing. A reversal takes back the commission, and the click too: a
    network reverses what it finds not to have led to the sale, or a sale that was undone.
    """
    number, platform, currency = form.needed("transaction_id"), form.needed("platform"), form.currency()
    status = form.word("status", ("pending", "approved", "reversed"), "pending")
    sold = form.moment("occurred_at")
    creator, content, key = form.needed("creator_id"), form.text("content_id"), form.key("transaction_id", "platform")
    yield _draft(form, key, number, platform, currency, sold, status)
    clicked = form.when("clicked_at") or sold._replace(is_day=True)
    click = touch(
        form, f"transaction/{key}", "content_click", clicked, "affiliate", number, removed=status == "reversed"
    )
    yield click._replace(content_id=content, creator_id=creator, campaign=form.text("campaign"), selling_mode="linked")
    quantity = form.count("quantity")
    quantity = 1 if quantity is None else quantity
    yield OrderContent(
        *form.head(key),
        platform=platform,
        order_id=number,
        sku_id=None,
        product_id=form.text("product_id"),
        content_id=content,
        content_kind="ad" if content else None,
        creator_id=creator,
        campaign=form.text("campaign"),
        quantity=quantity,
        refunded_quantity=quantity if status == "reversed" else 0,
        commission=0 if status == "reversed" else form.amount("commission", currency),
        currency=currency,
        settlement=status,
        rule=f"claimed by {platform}",
        removed=status == "reversed",
    )


def _draft(form: Form, key: str, number: str, platform: str, currency: str, sold: Moment, status: str) -> Order:
    amount = form.amount("sale_amount", currency) or 0
    return Order(
        *form.head(f"transaction/{key}"),
        platform=platform,
        order_id=number,
        placed_at=sold.at,
        placed_date=sold.day,
        paid_at=None,
        cancelled_at=None,
        status="pending",
        native_status=status,
        kind="draft",
        currency=currency,
        gross=amount,
        discount=0,
        goods=amount,
        shipping=0,
        tax=0,
        total=amount,
        presentment_currency=None,
        presentment_total=None,
        person=None,
        selling_mode="linked",
        channel="affiliate",
        origin=form.needed("shop"),
        external_ids=(f"{form.needed('shop')}:{form.needed('order_id')}",),
        journey="none",
    )
