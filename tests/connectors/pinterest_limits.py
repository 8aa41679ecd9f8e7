"""Write `jalon/connectors/pinterest/limits.py` from Pinterest's own description of its API.

    .venv/bin/python -m tests.connectors.pinterest_limits

Every operation of the description names its rate-limit category (`x-ratelimit-category`); the table holds those that
the connector asks. A test compares the committed table with what this gives.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DESCRIPTION = ROOT.parent / "shared" / "contracts" / "pinterest" / "openapi-5.23.0.json"
MODULE = ROOT / "jalon" / "connectors" / "pinterest" / "limits.py"

ASKED = (
    ("POST", "/oauth/token"),
    ("GET", "/user_account"),
    ("GET", "/ad_accounts/{}"),
    ("GET", "/pins"),
    ("GET", "/pins/{}/analytics"),
    ("GET", "/user_account/analytics"),
    ("GET", "/user_account/analytics/top_pins"),
    ("GET", "/catalogs"),
    ("GET", "/catalogs/product_groups"),
    ("GET", "/catalogs/product_groups/{}/products"),
    ("POST", "/ad_accounts/{}/reports"),
    ("GET", "/ad_accounts/{}/reports"),
)
"""What the connector asks; ids in paths are {}."""

HEAD = '''"""Which rate-limit category of Pinterest a request counts in. Generated: do not edit.

From the platform's own description of API {version}, `x-ratelimit-category` of each operation that is asked;
`python -m tests.connectors.pinterest_limits` writes it anew. https://github.com/pinterest/api-description
"""

from __future__ import annotations

CATEGORIES = {{
{rows}
}}
"""(method, path with {{}} for ids) -> category."""
'''


def module(description: Path) -> str:
    """Return the text of the module. Raises `LookupError` for an operation that the description does not have."""
    spec = json.loads(description.read_text())
    found = {
        (method.upper(), re.sub(r"\{[^}]+\}", "{}", path)): operation["x-ratelimit-category"]
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
        if method in {"get", "post"}
    }
    rows = [f'    ("{method}", "{path}"): "{found[method, path]}",' for method, path in ASKED]
    return HEAD.format(version=spec["info"]["version"], rows="\n".join(rows))


if __name__ == "__main__":
    MODULE.write_text(module(DESCRIPTION))
