"""The web shop's own site as its analytics tell it, played: the visits of everybody, also of those who buy nothing.

Some visits are clicks on content, the others people make of their own accord, at moments that no purchase has to do
with. All are drawn from the world's seed alone, so that a world is the same with them as without. A buyer's click that
the shop tells on the way to an order is told here too, with the same address and time: were it left out, the clicks
of those who bought would be the ones that are missing.

`TABLES` is how jalon is told to read the files. A browser is known by a number of its own, and by an e-mail address
once its owner has bought.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from jalon.sandbox.exports import by_month, table, written
from jalon.sandbox.visits import DAY, Tracks
from jalon.sandbox.world import Visit, World

SOURCE = "site_log"
TABLES = f"""
[sources.{SOURCE}]
connector = "files"
folder = "site-log"

[sources.{SOURCE}.tables.visits]
files = "visits-*.csv"
template = "touchpoints"
columns = {{ id = "session", occurred_at = "began", customer = "browser", referrer = "came_from" }}
constants = {{ platform = "site", kind = "visit", customer_of = "browser" }}

[sources.{SOURCE}.tables.browsers]
files = "browsers.csv"
template = "identities"
columns = {{ customer = "browser" }}
constants = {{ customer_of = "browser", evidence = "checkout" }}
"""
"""What jalon.toml says about these files; `site-log` is the folder beside it."""
OFTEN = 1 / 30
"""Visits per day of one's own accord, of the average person; some come often and most rarely (exponential)."""
FIRST_ID = 916_000_000_000_000_000


def web_people(world: World) -> list[str]:
    """Return who goes to the web shop: those who bought there, and the same share of those who bought nowhere."""
    chance = Random(f"{world.seed}/site/people")
    goes = {f"p{number}": chance.random() < world.web_share for number in range(world.people)}
    goes |= {sale.shopper: sale.platform == "shopify" for sale in world.sales}
    return [person for person, yes in goes.items() if yes]


def visits(world: World, *, told_with_orders: bool = False) -> list[Visit]:
    """Return the visits of everybody, oldest first.

    `told_with_orders` adds those other than clicks that the shop tells with an order: people who are about to buy come
    by any way, and to the site they look like all others.
    """
    people = web_people(world)
    tracks = Tracks(Random(f"{world.seed}/site/visits"), world.links, FIRST_ID)
    found = [*_clicks(world, set(people), tracks), *_of_their_own_accord(world, people, tracks)]
    if told_with_orders:
        found += [visit for visit in world.visits.values() if visit.content is None]
    return sorted(found, key=lambda visit: (visit.at, visit.id))


def _clicks(world: World, people: set[str], tracks: Tracks) -> Iterator[Visit]:
    known = {(visit.shopper, visit.content, visit.at): visit for visit in world.visits.values()}
    for click in world.exposures:
        if click.clicked and click.shopper in people:
            made = tracks.from_content(click)
            yield known.get((made.shopper, made.content, made.at), made)


def _of_their_own_accord(world: World, people: Iterable[str], tracks: Tracks) -> Iterator[Visit]:
    chance = Random(f"{world.seed}/site/own accord")
    for person in people:
        often = chance.expovariate(1 / OFTEN) / DAY
        at = world.start + chance.expovariate(often)
        while at < world.horizon:
            yield tracks.other(int(at), person, chance.choice(world.products).sku)
            at += chance.expovariate(often)


# --- as files -------------------------------------------------------------------------------------------------------


def configure(config: Path) -> None:
    """Add the source that reads these files to a jalon.toml, unless it is there."""
    text = config.read_text()
    if f"[sources.{SOURCE}]" not in text:
        config.write_text(text + TABLES)


def drop(world: World, folder: Path, now: float, *, told_with_orders: bool = False) -> list[Path]:
    """Write into `folder` what the site's analytics export at `now` (unix seconds); return the files that are new."""
    folder.mkdir(parents=True, exist_ok=True)
    browsers = {person: f"b{7919 * number + 104_729:x}" for number, person in enumerate(web_people(world))}
    seen = (visit for visit in visits(world, told_with_orders=told_with_orders) if visit.at <= now)
    made = by_month(folder, "visits", _VISIT_HEAD, ((one.at, _row(one, browsers[one.shopper])) for one in seen))
    bought = {sale.shopper for sale in world.sales if sale.platform == "shopify" and sale.placed_at <= now}
    known = [(browsers[person], world.shoppers[person].email) for person in browsers if person in bought]
    named = written(folder / "browsers.csv", table(("browser", "email"), known)) if known else None
    return [*made, named] if named else made


_VISIT_HEAD = ("session", "began", "browser", "landing_page", "came_from")


def _row(visit: Visit, browser: str) -> tuple[str, ...]:
    began = datetime.fromtimestamp(visit.at, UTC).isoformat()
    return (visit.id, began, browser, visit.landing_page, visit.referrer or "")
