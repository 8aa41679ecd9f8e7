"""What of Meta's advertising figures may come in: the streams with their doors. Nothing in them is about a person.

Which id and time survive a retry: the day, and the ids that the figures are cut by. Figures carry no update time of
their own, so the version is 0 and the latest reading stands. It tells all there is of its row: an action that has
become none is left out by the platform, and so is taken back. A row that is left out of a day that was read whole is
told as `gone`. What a product is called is a record of its own, since many rows name it.

| stream | key |
| --- | --- |
| ads | day / ad id |
| products | day / campaign id / product id; `product` / product id |

Figures are cut by ad only: those of ad sets and campaigns are their sums, and reading them beside the ads' would count
everything three times. By product they are a second cut of the same money.
"""

from __future__ import annotations

from datetime import timedelta

from jalon.connectors.base import Stream
from jalon.connectors.door import each, fields

_STAMP = "day api settled windows action report_time gone"
"""What the reading adds to each row: `insights.stamp`; to one that is not told any more, `insights.gone`."""
WINDOWS = "1d_click 7d_click 28d_click 1d_view 1d_ev"
_ACTIONS = each(f"action_type value {WINDOWS}")
_FIGURES = "spend impressions clicks inline_link_clicks shop_clicks product_views"

AD = fields(
    f"{_STAMP} account_currency campaign_id adset_id ad_id date_start date_stop {_FIGURES}",
    outbound_clicks=_ACTIONS,
    actions=_ACTIONS,
    action_values=_ACTIONS,
)

PRODUCT = fields(
    f"{_STAMP} account_currency campaign_id product_id product_retailer_id date_start date_stop {_FIGURES}",
    converted_product_omni_purchase=_ACTIONS,
    converted_product_omni_purchase_values=_ACTIONS,
    converted_product_website_pixel_purchase=_ACTIONS,
    converted_product_website_pixel_purchase_value=_ACTIONS,
)

RESTATED = timedelta(days=28)
"""For so long after a day its figures are restated: conversions come late, and are taken back."""
_LOOKED_BACK = RESTATED + timedelta(days=7)
"""So that a look back still finds each day after it has settled, also where there is one in six days only."""
_READ_AGAIN = timedelta(hours=20)
_KEPT = timedelta(days=1120)
"""The platform answers for 37 months: https://developers.facebook.com/docs/marketing-api/insights"""

STREAMS = (
    Stream(
        name="ads",
        door=AD,
        grain="day",
        lookback=_LOOKED_BACK,
        every=_READ_AGAIN,
        retention=_KEPT,
        complete=True,
        recalled=True,
    ),
    Stream(
        name="products",
        door=PRODUCT,
        grain="day",
        lookback=_LOOKED_BACK,
        every=_READ_AGAIN,
        retention=_KEPT,
        complete=True,
        recalled=True,
        optional=True,
    ),
)
