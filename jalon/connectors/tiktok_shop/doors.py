"""What of TikTok Shop's records may come in: the streams with their doors.

A buyer's id becomes a keyed hash. The buyer's e-mail is an alias that the platform makes up, which joins nothing: it is
dropped, as are recipient, phone, tax number (cpf), nickname, avatar, messages and notes. A creator's public handle
stays: it is the author of content, not a buyer.

Which id and time survive a redelivery:

| stream | key | version |
| --- | --- | --- |
| orders | order id | update_time |
| affiliate_orders | order id / SKU id / content id (the content's kind where it has no id) | 0: there is none |
| returns, cancellations | return id, cancel id | update_time |
| videos, lives | day / content id | 0 |
| video_products | day / video id / product id | 0 |
| live_products | LIVE id / product id: the platform counts a LIVE as a whole, not by day | 0 |
| products | product id | update_time |
| content_tags | content id / product id | time of the delivery, which is in its signed body |
| external_orders | order id / platform | 0 |

Affiliate orders are paged by SKU row before they are grouped by order, so one order may come on two pages: hence one
record per row, with the order's fields beside it, and no page overwrites what another brought.
"""

from __future__ import annotations

from datetime import timedelta

from jalon.connectors.base import Stream
from jalon.connectors.door import each, fields, person

_AMOUNT = fields("amount currency")
_REFUND = fields(
    "currency refund_total refund_subtotal refund_shipping_fee refund_tax retail_delivery_fee buyer_service_fee"
)
_CREATOR = fields("user_name")

ORDER = fields(
    "id status create_time update_time paid_time cancel_time delivery_time commerce_platform order_type is_cod"
    " is_on_hold_order is_sample_order is_replacement_order replaced_order_id is_exchange_order"
    " exchange_source_order_id",
    user_id=person("tiktok_user"),
    payment=fields(
        "currency sub_total shipping_fee seller_discount platform_discount total_amount original_total_product_price"
        " tax product_tax shipping_fee_tax"
    ),
    line_items=each(
        "id sku_id product_id seller_sku product_name sale_price original_price seller_discount platform_discount"
        " currency display_status is_gift room_id",
        item_tax=each("tax_amount"),
    ),
)

AFFILIATE_ORDER = fields(
    "order_id create_time delivery_time sku_id product_id quantity content_type content_id creator_username campaign_id"
    " open_collaboration_id target_collaboration_id settlement_status commission_model commission_rate"
    " refunded_quantity returned_quantity fully_return is_carousel",
    price=_AMOUNT,
    estimated_commission_base=_AMOUNT,
    actual_commission_base=_AMOUNT,
    estimated_paid_commission=_AMOUNT,
    actual_paid_commission=_AMOUNT,
)

RETURN = fields(
    "return_id order_id return_type return_status role create_time update_time pre_return_id next_return_id"
    " is_quick_refund",
    refund_amount=_REFUND,
    return_line_items=each("return_line_item_id order_line_item_id sku_id", refund_amount=_REFUND),
)

CANCELLATION = fields(
    "cancel_id order_id cancel_type cancel_status role create_time update_time",
    refund_amount=_REFUND,
    cancel_line_items=each("cancel_line_item_id order_line_item_id sku_id", refund_amount=_REFUND),
)

VIDEO = fields(
    "day api settled id title video_post_time username views likes comments shares new_followers v_to_l_clicks"
    " product_impressions product_clicks items_sold sku_orders",
    creator=_CREATOR,
    gmv=_AMOUNT,
    attributed_gmv=_AMOUNT,
    indirect_gmv=_AMOUNT,
    products=each("id name"),
)

VIDEO_PRODUCT = fields(
    "day api settled video_id id name product_impressions product_clicks units_sold customers",
    gmv=_AMOUNT,
)

LIVE = fields(
    "day api settled id title start_time end_time",
    creator=_CREATOR,
    interaction_performance=fields("comments likes new_followers shares"),
    sales_performance=fields(
        "created_sku_orders live_attributed_items_sold live_attributed_orders live_attributed_sku_orders"
        " attributed_customers",
        live_gmv=_AMOUNT,
        live_attributed_gmv=_AMOUNT,
        live_indirect_gmv=_AMOUNT,
    ),
    traffic=fields("views viewers impressions product_impressions product_clicks"),
)

LIVE_PRODUCT = fields(
    "start end api settled live_id id name",
    sales=fields("items_sold customers created_sku_orders sku_orders main_orders", direct_gmv=_AMOUNT),
    traffic=fields("product_impressions produt_clicks product_clicks add_to_cart_count"),
)

PRODUCT = fields(
    "id title status create_time update_time",
    skus=each(
        "id seller_sku",
        price=fields("currency tax_exclusive_price sale_price"),
        status_info=fields("status"),
    ),
)

CONTENT_TAG = fields("content_id product_id scene type timestamp")

EXTERNAL_ORDERS = fields(
    "order_id platform",
    external_orders=each("id platform", line_items=each("id origin_id")),
)

_DAY = timedelta(days=1)
_RESTATED = timedelta(days=14)
"""Figures of a day are read again for so long."""
_READ_AGAIN = timedelta(hours=20)
_VISIBLE = timedelta(minutes=1)

STREAMS = (
    Stream(name="orders", door=ORDER, window=timedelta(days=30), lag=_VISIBLE, batch=50, lookback=_DAY, every=_DAY),
    Stream(name="returns", door=RETURN, window=timedelta(days=7), lag=_VISIBLE, batch=50, lookback=_DAY, every=_DAY),
    Stream(
        name="cancellations",
        door=CANCELLATION,
        window=timedelta(days=7),
        lag=_VISIBLE,
        batch=50,
        lookback=_DAY,
        every=_DAY,
    ),
    Stream(
        name="affiliate_orders",
        door=AFFILIATE_ORDER,
        window=timedelta(days=7),
        lookback=timedelta(days=90),
        every=_DAY,
        lag=timedelta(minutes=5),
        optional=True,
    ),
    Stream(name="videos", door=VIDEO, grain="day", lookback=_RESTATED, every=_READ_AGAIN, optional=True),
    Stream(name="video_products", door=VIDEO_PRODUCT, grain="keyed", optional=True),
    Stream(name="lives", door=LIVE, grain="day", lookback=_RESTATED, every=_READ_AGAIN, optional=True),
    Stream(name="live_products", door=LIVE_PRODUCT, grain="keyed", optional=True),
    Stream(
        name="products",
        door=PRODUCT,
        window=timedelta(days=3650),
        lag=_VISIBLE,
        whole=True,
        optional=True,
    ),
    Stream(name="content_tags", door=CONTENT_TAG, grain="keyed", optional=True),
    Stream(name="external_orders", door=EXTERNAL_ORDERS, grain="keyed"),
)
