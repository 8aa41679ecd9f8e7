"""Ready-made templates: for each kind of export, which column is which field of which shape.

A column is found by its head, folded: small letters without accents, everything else `_` ("Receipt No." is
`receipt_no`). The field's own name is tried first, then the heads listed, in order; a user's mapping stands above all.
In JSON, what lies within an object is named by its path (`order_status_state`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from jalon.connectors.templates.fields import Field, Shape
from jalon.connectors.templates.samples import EXAMPLES
from jalon.connectors.templates.shapes import LINE, SHAPES

Words = Mapping[str, Mapping[str, str]]


class Template(NamedTuple):
    """How one kind of file is read. `heads`: field -> heads of columns that are it, besides its own name.

    `constants` hold for every row, unless a column or the user says otherwise. `words`: field -> word in the file
    (folded) -> what it is. `required`: fields that this kind of file must have, besides the shape's own.
    """

    name: str
    shape: Shape
    about: str
    heads: Mapping[str, str]
    constants: Mapping[str, str] = MappingProxyType({})
    words: Words = MappingProxyType({})
    required: tuple[str, ...] = ()

    @property
    def example(self) -> str:
        """A small file of this kind."""
        return EXAMPLES[self.name]

    def fields(self) -> list[Field]:
        """Return the fields that a file of this kind may have; those that it must have are marked."""
        return [
            field._replace(
                required=(field.required or field.name in self.required) and field.name not in self.constants
            )
            for field in self.shape.fields
        ]


_PEOPLE = {
    "email": "mail e_mail email_address customer_email courriel adresse_e_mail",
    "phone": "phone_number mobile telephone telefon tel customer_phone",
    "loyalty": "loyalty_number loyalty_card card_number carte_fidelite fidelite kundenkarte",
    "customer": "customer_id customer_number client kundennummer",
}
_RECEIPT = (
    "receipt receipt_no receipt_number receipt_id ticket ticket_no ticket_number no_ticket bon bon_nr order_no "
    "transaction_no"
)
_TILL = "till till_no register register_id terminal terminal_id caisse kasse pos pos_id store_till"
_TAX = "vat vat_amount tax_amount total_tax tva mwst"
_TOTAL = "amount total_amount total_incl_tax total_ttc montant montant_ttc gesamt summe"
_PRICES = {"currency": "currency_code devise waehrung", "tax": _TAX, "total": _TOTAL}
_LINES = {
    "line_id": "line line_no position pos_no ligne id",
    "sku": "item item_no article article_no ean barcode retailer_id",
    "title": "item_name article_name product_name product libelle", "quantity": "qty quantite menge units",
    "unit_price": "price unit_net_price price_per_unit_amount", "goods": "net net_amount amount_excl_tax total_ht",
    "tax": _TAX, "gross": "list_price", "discount": "discount_amount remise rabatt",
}  # fmt: skip
LINE_HEADS: Mapping[str, str] = {field.name: _LINES.get(field.name, "") for field in LINE}
"""Heads of what lies in a list of lines."""
_CAMPAIGN_HEADS = "campaign campaign_name campaign_no newsletter mailing kampagne campagne"
_DAY_HEADS = "date day sent_on send_date reporting_starts jour tag datum"
_SENT_AT = "timestamp date event_time event_date occurred created_at datetime"

_LIST = (
    Template(
        "till_orders",
        SHAPES["orders"],
        "Receipts of a till: one row per receipt. Nobody need be known.",
        {
            "order_id": _RECEIPT, "till_id": _TILL,
            "placed_at": "date datetime sold_at time timestamp date_heure datum",
            **_PRICES, "discount": "discount_amount remise rabatt",
            "goods": "net net_amount total_excl_tax total_ht netto",
            "status": "state statut", "updated_at": "modified_at changed_at", **_PEOPLE,
        },
        {"platform": "till", "channel": "shop", "customer_of": "till"},
        {"status": {"completed": "paid", "closed": "paid", "open": "pending", "void": "cancelled",
                    "voided": "cancelled", "paye": "paid", "annule": "cancelled", "bezahlt": "paid",
                    "storniert": "cancelled"}},
    ),
    Template(
        "till_lines",
        SHAPES["order_lines"],
        "Lines of receipts, beside `till_orders`: one row per article.",
        {"order_id": _RECEIPT, "till_id": _TILL, "currency": _PRICES["currency"], **_LINES},
        {"platform": "till"},
    ),
    Template(
        "till_refunds",
        SHAPES["refunds"],
        "Money given back at a till: one row per refund, naming the receipt of the sale.",
        {
            "refund_id": "refund refund_no refund_number credit_note avoir gutschrift", "till_id": _TILL,
            "order_id": f"original_receipt original_ticket sale_receipt {_RECEIPT}",
            "refunded_at": "date datetime refund_date time timestamp datum", **_PRICES, **_PEOPLE,
        },
        {"platform": "till", "channel": "shop", "customer_of": "till"},
    ),
    Template(
        "email_campaigns",
        SHAPES["figures"],
        "Figures of mailings: one row per campaign and day of sending. Counts, never persons.",
        {
            "campaign_id": _CAMPAIGN_HEADS, "start": _DAY_HEADS, "sends": "sent emails_sent recipients envois",
            "delivered": "deliveries", "opens": "unique_opens opened", "clicks": "unique_clicks clicked",
            "bounces": "bounced hard_bounces", "unsubscribes": "unsubscribed opt_outs", "complaints": "spam_reports",
        },
        {"platform": "mailing"},
        required=("campaign_id",),
    ),
    Template(
        "email_events",
        SHAPES["touchpoints"],
        "Openings and clicks of mailings: one row per person and event.",
        {
            "id": "event_id message_event_id", "occurred_at": _SENT_AT, "kind": "event event_type action type",
            "campaign": _CAMPAIGN_HEADS, "landing_page": "url link clicked_url", "content_id": "message_id mail_id",
            **_PEOPLE,
        },
        {"platform": "mailing", "channel": "email", "customer_of": "mailing"},
        {"kind": {"open": "newsletter", "opened": "newsletter", "click": "content_click", "clicked": "content_click",
                  "subscribe": "sign_up", "subscribed": "sign_up"}},
    ),
    Template(
        "forum_posts",
        SHAPES["touchpoints"],
        "Contributions in a forum or community: who and when, never what was written.",
        {
            "id": "post_id message_id topic_id", "occurred_at": f"posted_at posted {_SENT_AT}",
            "kind": "type action post_type", "customer": "user_id member member_id username author author_id",
            "content_id": "thread_id topic thread", "product_id": "product", "email": _PEOPLE["email"],
        },
        {"platform": "forum", "channel": "forum", "customer_of": "forum"},
        {"kind": {"post": "engagement", "reply": "engagement", "answer": "engagement", "topic": "question",
                  "thread": "question", "like": "engagement", "registration": "sign_up", "register": "sign_up",
                  "recommendation": "referral"}},
    ),
    Template(
        "survey_answers",
        SHAPES["answers"],
        "Answers to surveys (CES, CSAT, NPS, win/loss): one row per question and person.",
        {
            "answer_id": "response_id id reponse_id", "survey": "survey_type type",
            "answered_at": f"submitted_at completed_at response_date {_SENT_AT}",
            "score": "rating note value nps bewertung", "choice": "answer_code option outcome reason_code",
            "question": "question_text", "order_id": "order order_no",
            **_PEOPLE,
        },
        {"platform": "survey", "customer_of": "survey"},
        {"survey": {"net_promoter_score": "nps", "customer_effort_score": "ces", "customer_satisfaction": "csat",
                    "winloss": "win_loss", "win_loss_analysis": "win_loss"},
         "choice": {"gagne": "won", "gagnee": "won", "perdu": "lost", "perdue": "lost"}},
    ),
    Template(
        "reviews",
        SHAPES["answers"],
        "Ratings of products or of the shop: the stars, never the words.",
        {
            "answer_id": "review_id id", "answered_at": f"reviewed_at submitted_at {_SENT_AT}",
            "score": "rating stars note", "product_id": "product product_number", "order_id": "order order_no",
            **_PEOPLE,
        },
        {"platform": "reviews", "survey": "review", "customer_of": "reviews"},
        required=("score",),
    ),
    Template(
        "affiliate_transactions",
        SHAPES["transactions"],
        "Transactions of an affiliate network; exported again, a changed status is a newer revision.",
        {
            "transaction_id": "id transaction conversion_id action_id",
            "order_id": "order_ref order_reference advertiser_order_id",
            "occurred_at": "transaction_date sale_date event_date date", "clicked_at": "click_date click_time",
            "updated_at": "validation_date modified_date last_modified",
            "status": "commission_status transaction_status state",
            "creator_id": "publisher_id publisher affiliate affiliate_id site_id partner",
            "content_id": "ad_id link_id creative_id", "campaign": "programme program advertiser",
            "sale_amount": "order_value order_amount sale amount",
            "commission": "commission_amount payout", "currency": _PRICES["currency"], "product_id": "sku",
        },
        {"platform": "affiliate"},
        {"status": {"open": "pending", "confirmed": "approved", "accepted": "approved", "paid": "approved",
                    "locked": "approved", "declined": "reversed", "rejected": "reversed", "cancelled": "reversed",
                    "deleted": "reversed"}},
    ),
    Template(
        "ad_costs",
        SHAPES["figures"],
        "What advertising cost: one row per campaign and day.",
        {
            "start": _DAY_HEADS, "end": "reporting_ends", "campaign_id": _CAMPAIGN_HEADS,
            "content_id": "ad ad_id ad_name",
            "spend": "cost amount_spent costs kosten depense", "currency": _PRICES["currency"],
            "impressions": "impr", "clicks": "link_clicks", "conversion_value": "conv_value purchase_value revenue",
            "conversions": "purchases results",
        },
        {},
        required=("spend", "currency", "campaign_id"),
    ),
    Template(
        "meta_orders",
        SHAPES["orders"],
        "Orders placed in Instagram or Facebook while that existed: archived answers of the order API, one per line.",
        # Blocked with Graph API v26.0, removed from all versions on 2026-10-27: archives alone are left.
        # https://developers.facebook.com/documentation/ads-commerce/commerce-platform/
        {
            "order_id": "id", "platform": "channel", "placed_at": "created", "updated_at": "last_updated",
            "status": "order_status_state", "currency": "estimated_payment_details_total_amount_currency",
            "goods": "estimated_payment_details_subtotal_items_amount", "tax": "estimated_payment_details_tax_amount",
            "shipping": "estimated_payment_details_subtotal_shipping_amount",
            "total": "estimated_payment_details_total_amount_amount", "email": "buyer_details_email",
            "lines": "items_data items", "kind": "is_test_order",
        },
        {"selling_mode": "native"},
        {"status": {"fb_processing": "pending", "created": "paid", "in_progress": "paid", "completed": "paid"},
         "kind": {"true": "test", "false": "sale"}},
    ),
)  # fmt: skip
_PLAIN = [Template(shape.name, shape, shape.meaning, {}) for shape in SHAPES.values()]
TEMPLATES: dict[str, Template] = {template.name: template for template in (*_LIST, *_PLAIN)}
"""Name -> template: those for known kinds of export, then one for each shape with nothing but the fields' own names."""
