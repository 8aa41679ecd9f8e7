"""What Meta's advertising figures mean: measures by ad and by product, and the products that they name.

https://developers.facebook.com/docs/marketing-api/reference/ads-insights

| fact | key | version |
| --- | --- | --- |
| measure by ad | ad / ad id / metric / day | 0: the latest reading stands |
| measure by product | campaign / campaign id / product / product id / metric / day | 0 |
| product | product id | 0 |

All of it is measures. `attributed_purchases` and `attributed_gmv` are what the platform claims for its ads, by one
action and the windows that the question named; the shop's own orders are counted elsewhere, and the two are never
added. Figures by ad and by product are two cuts of the same money. A figure that is left out is no measure: it is not
zero. One that an earlier reading of the day told is taken back by it (`store.revisions`): claims are restated, and what
has become none is left out. So are all figures of a row that is `gone`. Reach and rates are left out: they do not add
up.

Days are those of the ad account's zone, money is in its currency. A figure is an estimate while the platform restates
it, and final once it was read 28 days after its day (the record says so: `settled`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from jalon.normalize.fields import Row, count, needed, not_negative, objects, text, texts
from jalon.normalize.measures import Figure, Subject, measures, one_day, settled
from jalon.normalize.money import MAX_DIGITS, exponent, minor
from jalon.normalize.records import facts_of, head
from jalon.normalize.times import day_of
from jalon.normalize.vocabulary import Context, Fact, Product, Raw, Unfit

PLATFORM = "meta_ads"

COUNTS = {
    "impressions": "impressions",
    "clicks": "clicks",
    "inline_link_clicks": "link_clicks",
    "shop_clicks": "shop_clicks",
    "product_views": "product_views",
}
"""Field -> metric. `clicks` are all on an ad, those on its name and its likes among them."""
OUTBOUND = "outbound_click"
"""Action of `outbound_clicks`."""
OWN_WINDOWS = "the account's own windows"
USUAL = frozenset({"7d_click", "1d_view"})
"""The windows that an account counts over unless it is told others: its own may stand in for them."""

# https://developers.facebook.com/docs/marketing-api/insights/breakdowns: by product, purchases have fields of their own
CONVERTED = {
    "converted_product_omni_purchase": "converted_product_omni_purchase_values",
    "converted_product_website_pixel_purchase": "converted_product_website_pixel_purchase_value",
}
"""Field that counts purchases of a product -> field of their money; only those of one action were asked for."""

_DECIMAL = re.compile(r"-?[0-9]{1,17}(?:\.[0-9]{1,17})?", re.ASCII)


def normalize(raw: Raw, context: Context) -> Iterable[Fact]:
    """Return the facts in one record. Raises `Unfit` with a reason code for what cannot become facts."""
    return facts_of(raw, context, STREAMS, "Meta ads")


# --- records ----------------------------------------------------------------------------------------------------------


def _ad(raw: Raw, context: Context) -> list[Fact]:
    """Return the figures of an ad on a day, under its campaign and ad set."""
    if raw.body.get("gone"):
        return []
    body, ad = raw.body, needed(raw.body, "ad_id")
    path = "/".join((needed(body, "campaign_id"), needed(body, "adset_id"), ad))
    subject, currency = _subject(body, context, f"ad/{ad}", path), _currency(body, context)
    claimed = _claimed(body, "actions", "action_values", currency, text(body, "action"))
    outbound = _tallied(body, "outbound_clicks", OUTBOUND, ())
    clicked = [Figure("outbound_clicks", _whole(outbound.value))] if outbound else []
    return [*measures(raw, PLATFORM, subject, (*_spent(body, currency), *claimed, *clicked))]


def _product(raw: Raw, context: Context) -> list[Fact]:
    """Return a product by its name, or its figures in a campaign on a day."""
    if raw.body.get("gone"):
        return []
    # The breakdown's value is `id, name`; that form is documented nowhere, so a bare id is read as well.
    product, _, title = (part.strip() for part in needed(raw.body, "product_id").partition(","))
    if "day" not in raw.body:
        return [_named(raw, product, title or None)]
    body, campaign = raw.body, needed(raw.body, "campaign_id")
    subject = _subject(body, context, f"campaign/{campaign}/product/{product}", campaign)._replace(product_id=product)
    currency = _currency(body, context)
    claimed = [
        figure for counted, worth in CONVERTED.items() for figure in _claimed(body, counted, worth, currency, None)
    ]
    return [*measures(raw, PLATFORM, subject, [*_spent(body, currency), *claimed])]


# --- figures ----------------------------------------------------------------------------------------------------------


class Tally(NamedTuple):
    """An action's figure, and the windows that it was counted over."""

    value: Decimal
    windows: str


def _spent(body: Row, currency: str) -> Iterator[Figure]:
    """Yield what was paid and what was seen for it."""
    if spend := text(body, "spend"):
        yield Figure("spend", not_negative(_money(spend, currency)), currency)
    for name, metric in COUNTS.items():
        if body.get(name) not in (None, ""):
            yield Figure(metric, count(body[name], name))


def _claimed(body: Row, counted: str, worth: str, currency: str, action: str | None) -> Iterator[Figure]:
    """Yield purchases and their money as the platform claims them, by one action (None: the only one there is)."""
    windows = tuple(texts(body, "windows"))
    if purchases := _tallied(body, counted, action, windows):
        yield Figure("attributed_purchases", _whole(purchases.value), definition=_claim(body, purchases.windows))
    if money := _tallied(body, worth, action, windows):
        value = not_negative(_money(str(money.value), currency))
        yield Figure("attributed_gmv", value, currency, _claim(body, money.windows))


def _tallied(body: Row, name: str, action: str | None, windows: tuple[str, ...]) -> Tally | None:
    """Return an action's figure; None where the platform gives none.

    The windows that are asked for lie beside each other (`Settings.attribution_windows`), so their figures add up.
    Where it splits a figure by none of them there is `value`, which is counted over the account's own windows: it
    stands in for the usual windows, and for no others, which it may exceed. Raises `Unfit('bad_record')` where an
    action comes twice.
    """
    found = [row for row in objects(body, name) if action is None or row.get("action_type") == action]
    if len(found) > 1:
        raise Unfit("bad_record", f"{name!r} has {len(found)} figures of one action")
    row = found[0] if found else {}
    by_window = [_decimal(row[window]) for window in windows if row.get(window) not in (None, "")]
    if by_window:
        return Tally(sum(by_window, Decimal()), "+".join(windows))
    if windows and frozenset(windows) != USUAL:
        return None
    return None if row.get("value") in (None, "") else Tally(_decimal(row["value"]), OWN_WINDOWS)


def _decimal(value: Any) -> Decimal:
    """Return a figure: all of them come as text. Raises `Unfit('bad_money')`."""
    written = str(value) if isinstance(value, str) or type(value) is int else ""
    if _DECIMAL.fullmatch(written) is None:
        raise Unfit("bad_money", f"{str(value)[:40]!r} is no plain decimal figure")
    return Decimal(written)


def _money(written: str, currency: str) -> int:
    """Return an amount in minor units, rounded: claimed money is converted, and comes with any number of places."""
    places = Decimal(1).scaleb(-exponent(currency))
    return minor(_decimal(written).quantize(places), currency)


def _whole(value: Decimal) -> int:
    """Return a count. Raises `Unfit('negative_quantity')` for parts of one, and for less than none."""
    if value != value.to_integral_value() or not 0 <= value < 10**MAX_DIGITS:
        raise Unfit("negative_quantity", f"{value} is no count")
    return int(value)


# --- facts ------------------------------------------------------------------------------------------------------------


def _subject(body: Row, context: Context, key: str, campaign: str) -> Subject:
    return Subject(
        key,
        one_day(_day(body)),
        context.account.get("zone") or context.zone.key,
        settled(body),
        _version(body),
        campaign_id=campaign,
    )


def _version(body: Row) -> str:
    return f"insights {body.get('api')}"


def _claim(body: Row, windows: str) -> str:
    """Return by what is claimed: API version, action, windows, and the day that a purchase belongs to."""
    return f"{_version(body)}, {body.get('action')}, {windows}, by {body.get('report_time')} time"


def _named(raw: Raw, product: str, title: str | None) -> Product:
    """Return a product; the retailer's own id is its SKU."""
    return Product(
        *head(raw, product),
        platform=PLATFORM,
        product_id=product,
        variant_id=product,
        sku=text(raw.body, "product_retailer_id"),
        title=title,
    )


def _day(body: Row) -> date:
    """Return the day of a row's figures. Raises `Unfit` where they are of another day, or of several."""
    day = day_of(needed(body, "day"))
    for name in ("date_start", "date_stop"):
        if text(body, name) not in (None, day.isoformat()):
            raise Unfit("bad_record", f"{name!r} is {str(body[name])[:40]!r}, but {day} was asked for")
    return day


def _currency(body: Row, context: Context) -> str:
    return text(body, "account_currency") or context.account.get("currency") or ""


STREAMS: dict[str, Callable[[Raw, Context], list[Fact]]] = {"ads": _ad, "products": _product}
