"""Which rate-limit category of Pinterest a request counts in. Generated: do not edit.

From the platform's own description of API 5.23.0, `x-ratelimit-category` of each operation that is asked;
`python -m tests.connectors.pinterest_limits` writes it anew. https://github.com/pinterest/api-description
"""

from __future__ import annotations

CATEGORIES = {
    ("POST", "/oauth/token"): "org_read",
    ("GET", "/user_account"): "org_read",
    ("GET", "/ad_accounts/{}"): "ads_read",
    ("GET", "/pins"): "org_read",
    ("GET", "/pins/{}/analytics"): "org_analytics",
    ("GET", "/user_account/analytics"): "org_analytics",
    ("GET", "/user_account/analytics/top_pins"): "org_analytics",
    ("GET", "/catalogs"): "catalogs_read",
    ("GET", "/catalogs/product_groups"): "catalogs_read",
    ("GET", "/catalogs/product_groups/{}/products"): "catalogs_read",
    ("POST", "/ad_accounts/{}/reports"): "ads_analytics",
    ("GET", "/ad_accounts/{}/reports"): "ads_analytics",
}
"""(method, path with {} for ids) -> category."""
