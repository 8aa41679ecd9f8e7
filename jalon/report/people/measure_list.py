"""The measures of each stage as data: what they are called, what they mean, in which unit, and which way is better."""

from __future__ import annotations

from typing import Literal, NamedTuple

Better = Literal["more", "less", ""]
Unit = Literal["of 1", "persons", "days", "points", "purchases", "currency", "orders"]


class Measure(NamedTuple):
    """A measure. `member` says what its rows are told apart by, where there are several."""

    name: str
    stage: str
    title: str
    unit: Unit
    better: Better
    definition: str
    member: str = ""


NEW_DAYS = 30
"""Days that a person is new for."""

MEASURES = {
    measure.name: measure
    for measure in (
        Measure(
            "daily_reach", "awareness", "Persons reached a day", "persons", "more",
            "Persons that the platform says an account reached on a day, on average over the days it tells; persons of "
            "several days, accounts or platforms may not be added up.", "platform",
        ),
        Measure(
            "known_persons", "awareness", "Persons known", "persons", "more",
            "Persons who are known by a pseudonym, whether or not they have bought.",
        ),
        Measure(
            "new_persons", "awareness", "Persons new in 30 days", "persons", "more",
            "Persons whose first touchpoint lies in the last 30 days of what is known.",
        ),
        Measure(
            "recommended_visits", "discovery", "Traffic by recommendation", "of 1", "more",
            "Share of visits that came by a recommendation: another site, a forum, a referral.",
        ),
        Measure(
            "reaches_purchase", "", "Buys later", "of 1", "more",
            "Of the persons who were in the stage before they had bought, the share that has bought since.",
        ),
        Measure(
            "ces", "consideration", "Customer effort score", "points", "more",
            "Mean answer to how easy it was, from 1 to 7, 7 the easiest; other scales are stretched to it.",
        ),
        Measure(
            "tag_click_rate", "consideration", "Tag click-through rate", "of 1", "more",
            "Clicks on product tags per view of content that has tags, where the platform counts both; of all content "
            "where no tag is known.", "platform",
        ),
        Measure(
            "product_view_rate", "consideration", "Product-view rate", "of 1", "more",
            "Of the persons who were met before or beside a purchase, the share that looked at a product.",
        ),
        Measure(
            "cart_loss", "decision", "Carts lost", "of 1", "less",
            "Of the carts and checkouts that known persons began, the share without an order in the look-back window; "
            "those whose window is not over are left out.",
        ),
        Measure(
            "win_rate", "decision", "Won", "of 1", "more",
            "Of the win/loss answers that say won or lost, the share won.",
        ),
        Measure(
            "conversion_rate", "purchase", "Conversion rate", "of 1", "more",
            "Of all known persons, the share that has bought.",
        ),
        Measure(
            "time_from_first_touch", "purchase", "First touchpoint to first purchase", "days", "less",
            "After so long half of the persons met have bought, those who have not yet included (Kaplan and Meier).",
        ),
        Measure(
            "time_from_sign_up", "purchase", "Sign-up to first purchase", "days", "less",
            "After so long half of the persons who signed up have bought, those who have not yet included (Kaplan and "
            "Meier).",
        ),
        Measure(
            "order_value", "purchase", "Average order value", "currency", "more",
            "Mean goods money of an order, after discounts, before tax, shipping and refunds.", "currency",
        ),
        Measure(
            "csat", "service", "Customer satisfaction", "of 1", "more",
            "Share of answers in the upper quarter of the scale: 4 and 5 of 5.",
        ),
        Measure(
            "return_rate", "service", "Orders returned", "of 1", "less",
            "Share of orders of which goods came back, of sources that tell of any return.",
        ),
        Measure(
            "refund_rate", "service", "Money refunded or cancelled", "of 1", "less",
            "Of all goods money that was booked, of orders too that were paid and then cancelled, the share that "
            "refunds and cancellation took back.", "currency",
        ),
        Measure(
            "segment", "service", "Customers by segment", "persons", "",
            "Customers in each RFM segment: by how recently, how often and for how much they bought.", "segment",
        ),
        Measure(
            "next_purchase_score", "service", "Next-purchase score", "of 1", "more",
            "Share of customers expected to buy in the next 90 days (BG/NBD).",
        ),
        Measure(
            "repeat_rate", "loyalty", "Repeat rate", "of 1", "more",
            "Share of customers who bought on two days or more.",
        ),
        Measure(
            "expected_purchases", "loyalty", "Purchases expected", "purchases", "more",
            "Purchases that all customers together are expected to make in the next 90 days (BG/NBD).",
        ),
        Measure(
            "clv", "loyalty", "Customer lifetime value", "currency", "more",
            "Net revenue expected of a customer in the next 365 days, on average, not discounted (BG/NBD with "
            "Gamma-Gamma).", "currency",
        ),
        Measure(
            "nps", "advocacy", "Net Promoter Score", "points", "more",
            "Share of answers 9 and 10 less share of answers 0 to 6, of 0 to 10, times 100.",
        ),
        Measure(
            "rating", "advocacy", "Rating", "points", "more",
            "Mean rating of reviews, from 1 to 5; other scales are stretched to it.",
        ),
        Measure(
            "ambassadors", "advocacy", "Ambassadors", "persons", "more",
            "Persons who would recommend or rate well by their latest answer, or who bought and share, refer or "
            "review.",
        ),
    )
}  # fmt: skip
"""Name -> measure, in the order in which they are told. Where `stage` is empty, there is a row for each stage."""
