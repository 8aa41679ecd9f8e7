"""What Pinterest's records mean: which stream is read where.

Which id makes a fact the same fact again; nothing has a version, so what was read last stands:

| fact | key |
| --- | --- |
| content | Pin id, whether it came from the list of Pins or from a catalog |
| tag | Pin id / Pin id of the product |
| product | Pin id of the product |
| figure of a Pin's day | pin / Pin id / metric / day |
| counter since a Pin's beginning | pin / Pin id / lifetime / metric / day on which it was read |
| figure of the account's day | account / cut / metric / day |
| figure of a stranger's Pin | top_pin / Pin id / metric / day |
| figure of an ad's day, of a product's in ads | ad / ad id / metric / day, ad_product / item id / metric / day |

Nothing here is about a single person who looked, clicked or bought: Pinterest tells none. A day that is read again
gives the same keys, whatever stretch of time it was asked with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jalon.normalize.pinterest import figures as pinterest_figures
from jalon.normalize.pinterest import pins as pinterest_pins
from jalon.normalize.records import facts_of
from jalon.normalize.vocabulary import Context, Fact, Raw


def normalize(raw: Raw, context: Context) -> Iterable[Fact]:
    """Return the facts in one record. Raises `Unfit` with a reason code for what cannot become facts."""
    return facts_of(raw, context, STREAMS, "Pinterest")


STREAMS: dict[str, Callable[[Raw, Context], list[Fact]]] = {
    "pins": pinterest_pins.pin,
    "pin_days": pinterest_figures.pin_day,
    "account_days": pinterest_figures.account_day,
    "top_pins": pinterest_figures.top_pin,
    "products": pinterest_pins.product,
    "ad_days": pinterest_figures.ad_day,
    "product_item_days": pinterest_figures.product_item_day,
}
