"""The two platforms that most tests play: where in-app orders, copies, web orders and journeys meet."""

SPINE = ("tiktok_shop", "shopify")
