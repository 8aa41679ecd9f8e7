"""The visits that lead to a purchase in the web shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from jalon.sandbox.world import Exposure, Visit

DAY = 86_400
WINDOW = 30 * DAY
SHOP = "https://atelier-jalon.example"

# source, referrer, UTM parameters, weight
_OTHER_WAYS: tuple[tuple[str, str | None, dict[str, str]], ...] = (
    ("direct", None, {}),
    ("direct", None, {}),
    ("google", "https://www.google.com/", {}),
    ("email", None, {"source": "newsletter", "medium": "email", "campaign": "autumn"}),
    ("google", "https://www.google.com/", {"source": "google", "medium": "cpc", "campaign": "brand"}),
    ("instagram", "https://l.instagram.com/", {"source": "instagram", "medium": "social", "campaign": "drop1"}),
    ("facebook", "https://l.facebook.com/", {}),
    ("pinterest", "https://www.pinterest.com/", {"source": "pinterest", "medium": "social", "campaign": "drop1"}),
    ("youtube", "https://www.youtube.com/", {}),
    ("reddit", "https://www.reddit.com/", {}),
)
_CONTENT_REFERRER = "https://www.tiktok.com/"


class Tracks:
    """Make visits; `visits` holds all of them by id. `links`: how the links of each content are marked."""

    def __init__(self, rng: Random, links: Mapping[str, str], first_id: int = 915_000_000_000_000_000) -> None:
        self._rng = rng
        self._links = links
        self._first_id = first_id
        self.visits: dict[str, Visit] = {}
        self._utm: dict[str, dict[str, str]] = {}
        self._pages: dict[str, str] = {}

    def lead_to(self, placed: int, shopper: str, sku: str, clicked: Sequence[Exposure]) -> tuple[str, ...]:
        """Make the visits before a web sale placed at `placed` and return their ids, oldest first, within 30 days."""
        rng = self._rng
        made = [self.from_content(click) for click in clicked if placed - WINDOW < click.at < placed - 20]
        for _ in range(rng.choice((0, 1, 1, 2))):
            at = max(placed - WINDOW + 60, placed - 20 - int(rng.expovariate(1 / (3 * DAY))))
            made.append(self.other(at, shopper, sku))
        if not made:
            made.append(self.other(placed - 15, shopper, sku))
        made.sort(key=lambda visit: (visit.at, visit.id))
        return tuple(visit.id for visit in made)

    def _keep(self, visit: Visit) -> Visit:
        self.visits[visit.id] = visit
        return visit

    def _new_id(self) -> str:
        return str(self._first_id + len(self.visits) * 1_009 + self._rng.randrange(1_000))

    def from_content(self, click: Exposure) -> Visit:
        """Make the visit that a click on a content leads to."""
        link = self._links[click.content]
        utm = self._tags(click.content) if link != "untagged" else {}
        page = self._page(click.sku, click.content, link)
        if link == "click_id":
            page += f"&ttclid=E.C.P.{self._rng.getrandbits(64):x}"
        return self._keep(
            Visit(self._new_id(), click.shopper, click.at + 5, page, _CONTENT_REFERRER, "tiktok", utm, click.content)
        )

    def _tags(self, content: str) -> dict[str, str]:
        if content not in self._utm:
            self._utm[content] = {"source": "tiktok", "medium": "social", "campaign": "drop1", "content": content}
        return self._utm[content]

    def _page(self, sku: str, content: str, link: str) -> str:
        key = f"{sku}|{content}"
        if key not in self._pages:
            path = f"{SHOP}/products/{sku.lower()}"
            self._pages[key] = path if link == "untagged" else f"{path}?{_query(self._tags(content))}"
        return self._pages[key]

    def other(self, at: int, shopper: str, sku: str) -> Visit:
        """Make a visit by some other way."""
        way = self._rng.randrange(len(_OTHER_WAYS))
        source, referrer, utm = _OTHER_WAYS[way]
        key = f"{sku}|way {way}"
        if key not in self._pages:
            path = f"{SHOP}/" if source == "direct" else f"{SHOP}/products/{sku.lower()}"
            self._pages[key] = f"{path}?{_query(utm)}" if utm else path
        return self._keep(Visit(self._new_id(), shopper, at, self._pages[key], referrer, source, utm))


def _query(utm: dict[str, str]) -> str:
    return "&".join(f"utm_{name}={value}" for name, value in utm.items())
