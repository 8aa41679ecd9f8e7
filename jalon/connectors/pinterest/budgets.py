"""How many requests Pinterest takes: https://developers.pinterest.com/docs/reference/rate-limits/.

Which category an endpoint belongs to is in `limits`, which is generated from the platform's own description.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from jalon.connectors.base import Allowance, Request
from jalon.connectors.pinterest.limits import CATEGORIES

Access = Literal["trial", "standard", "sandbox"]

MINUTE, DAY = 60.0, 86_400.0
STANDARD = {
    "org_read": 1000,
    "org_analytics": 60,
    "ads_analytics": 300,
    "ads_read": 120_000,
    "catalogs_read": 100,
}
"""Category -> requests per minute, user and app, with standard access."""
TRIAL = Allowance("of a trial's day", 1000, DAY, burst=0.5)
"""With trial access: so many a day and app over all categories, which leaves none of them a limit of its own. Half of
them may go out at once, so that a run gets something done instead of asking once in a minute and a half."""

_ID = re.compile(r"(?<=/)\d+(?=/|$)")


def category(request: Request) -> str | None:
    """Return the category that a request counts in; None: of no endpoint that is known."""
    return CATEGORIES.get((request.method, _ID.sub("{}", request.path)))


def allowances(request: Request, access: Access) -> Sequence[Allowance]:
    """Return the limit that a request falls under beside the 100 a second that hold for all."""
    if access == "sandbox":
        return ()
    if access == "trial":
        return (TRIAL,)
    name = category(request)
    return (Allowance(name, STANDARD[name], MINUTE),) if name in STANDARD else ()
