"""The summary for a terminal: what the page says, in some thirty lines of text, in the page's language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from jalon.report.figures.gathering import Row
from jalon.report.page.language import Language
from jalon.report.shown import chosen_model
from jalon.report.summary.customers import lines as of_people
from jalon.report.words import plain

LISTED, TITLE = 5, 40
"""Contents and creators that are named, and letters of a title that are shown."""
_ON_THE_PAGE = ("map", "segment_maps", "persona_maps", "moves", "after_sales")
"""Figures of the journey map and of how people move, which are left to the page and to the marts."""


def summary(figures: Row) -> Row:
    """Return those of the figures that the summary is made of; `lines` makes text of them.

    The journey map and how people move are left to the page and to the marts.
    """
    return {name: value for name, value in figures.items() if name not in _ON_THE_PAGE}


def lines(figures: Row, say: Language) -> Iterator[str]:
    """Yield the summary as lines of text."""
    yield from _headline(figures, say)
    yield from _shares(say._("Selling modes"), figures["by_mode"], "selling_mode", say)
    yield from _shares(say._("Customers"), figures["by_customer"], "customer", say)
    yield from _shares(say._("Platforms"), figures["by_platform"], "platform", say)
    model = chosen_model(figures)
    yield from _named(say._("Content"), figures["by_content"], model, say)
    yield from _named(say._("Creators"), figures["by_creator"], model, say)
    yield from _organic([row for row in figures["organic"] if row["model"] == model], say)
    yield from _conversions(figures["conversions"], model, say)
    yield from of_people(figures, say)
    yield from _shares(say._("How much is known"), figures["coverage"], "basis", say)
    for row in figures["unknown"]:
        in_part = "%(amount)s of %(orders)s unknown, %(parts)s of them in part:"
        message = in_part if row["in_part"] else "%(amount)s of %(orders)s unknown:"
        yield f"    {_counted(message, row, 'net', say)}"
    yield from _gaps(figures, say)
    yield from _freshness(figures, say)


def _counted(message: str, row: Row, money: str, say: Language) -> str:
    """Return a message of the page about orders and their money, with the reason behind it."""
    amount, parts = say.amount(row[money], row["currency"]), say.count(row.get("in_part", 0))
    said = say._(message, amount=amount, orders=say.orders(row["orders"]), parts=parts)
    return f"{said} {say.known(row['because'])}"


def _organic(rows: list[Row], say: Language) -> Iterator[str]:
    name = say._("would have come anyway")
    for row in rows:
        yield f"  {name:<40.40} {say.amount(row['net'], row['currency']):>20}  {say.orders(row['orders'])}"


def _conversions(rows: list[Row], model: str, say: Language) -> Iterator[str]:
    """Yield for each conversion beside orders how many there were, and the channels credited with most."""
    own = [row for row in rows if row["model"] == model]
    for conversion in dict.fromkeys(row["conversion"] for row in own):
        mine = [row for row in own if row["conversion"] == conversion]
        yield ""
        number = say.count(round(sum(row["conversions"] for row in mine)))
        yield say._("%(conversion)s: %(number)s", conversion=say.label(conversion), number=number)
        for row in mine[: LISTED + 1]:
            channel = say.label(row["channel"]) if row["channel"] else say._("nobody")
            yield f"  {channel:<40.40} {say.count(round(row['conversions'], 1)):>20}"


def _headline(figures: Row, say: Language) -> Iterator[str]:
    period = figures["period"]
    if not figures["headline"]:
        yield say._("No sale is known yet")
    for row in figures["headline"]:
        yield _earned(row, say)
    if figures["converted"]:
        yield from _converted(figures["converted"], say)
    if period["first"]:
        yield say.placed(period["first"], period["last"])
    for row in figures["not_counted"]:
        yield _counted("%(orders)s of %(amount)s not counted:", row, "goods", say)
    for row in figures["warnings"]:
        yield _counted("Look at %(orders)s of net %(amount)s:", row, "net", say)
    for row in figures["refunds_unmatched"]:
        many = "%(number)s refunds of %(amount)s not taken off:"
        amount = say.amount(row["goods"], row["currency"])
        said = say.ngettext("%(number)s refund of %(amount)s not taken off:", many, row["refunds"], amount=amount)
        yield f"{said} {say._('their orders are not known; compare their order numbers with those of the orders')}"


def _converted(row: Row, say: Language) -> Iterator[str]:
    """Yield what all of it is in one currency, and what has no rate."""
    amount, orders = say.amount(row["net"], row["currency"]), say.orders(row["orders"])
    yield say._("In one currency: %(amount)s from %(orders)s, by the rates of their days", amount=amount, orders=orders)
    for each in row["without_rate"]:
        amount = say.amount(each["net"], each["currency"])
        yield say._("No rate is known for %(orders)s of %(amount)s", orders=say.orders(each["orders"]), amount=amount)


def _earned(row: Row, say: Language) -> str:
    amount = say.amount(row["net"], row["currency"])
    said = say._("Net revenue: %(amount)s from %(orders)s", amount=amount, orders=say.orders(row["orders"]))
    if not row["reversed_minor"]:
        return said
    back = say._("%(amount)s refunded or cancelled", amount=say.amount(row["reversed"], row["currency"]))
    return f"{said} ({back})"


def _shares(title: str, rows: list[Row], name: str, say: Language) -> Iterator[str]:
    if rows:
        yield ""
        yield title
    for row in rows:
        amount = say.amount(row["net"], row["currency"])
        share, orders = say.percent(row["share"]), say.orders(row["orders"])
        if row.get("in_part"):
            orders = f"{orders} ({say._('%(number)s in part', number=say.count(row['in_part']))})"
        yield f"  {say.label(row[name]):<18.40} {amount:>20}  {share:>6}  {orders}"


def _named(title: str, rows: list[Row], model: str, say: Language) -> Iterator[str]:
    """Yield the best of each currency, and what names none."""
    own = [row for row in rows if row["model"] == model]
    if any(row["id"] is not None for row in own):
        yield ""
        yield say._("%(title)s (credit by the model %(model)s, with its 90 %% range)", title=title, model=model)
        for currency in dict.fromkeys(row["currency"] for row in own):
            yield from _best([row for row in own if row["currency"] == currency], say)


def _best(rows: list[Row], say: Language) -> Iterator[str]:
    named = [row for row in rows if row["id"] is not None][:LISTED]
    for row in [*named, *(row for row in rows if row["id"] is None)]:
        name = say._("none named") if row["id"] is None else plain(row["title"] or row["id"])
        reach = f"({say.span(row['net_low'], row['net_high'])})"
        net = f"{say.amount(row['net'], row['currency']):>20} {reach:<17}"
        yield f"  {name:<32.32} {net} {', '.join([say.orders(row['orders']), *_doubts(row, say)])}"


def _doubts(row: Row, say: Language) -> Iterator[str]:
    if row["modelled_minor"]:
        yield say._("%(amount)s modelled", amount=say.amount(row["modelled"], row["currency"]))
    if row["too_few"] and row["id"] is not None:
        yield say._("too few to rank")


def _gaps(figures: Row, say: Language) -> Iterator[str]:
    """Say what is missing because no platform tells it; the page says why."""
    if figures["gaps"]:
        yield ""
        yield say._("What the sources do not tell (never zero: unknown)")
    titles = list(_titles(figures["gaps"]))
    width = max(map(len, titles), default=0)
    for title, row in zip(titles, figures["gaps"], strict=True):
        what = ", ".join(say.known(gap["what"]) for gap in (*row["not_offered"], *row["not_said"]))
        yield f"  {title:<{width}}  {what}"


def _titles(gaps: list[Row]) -> Iterator[str]:
    """Yield what each source is called: by its connector, and by its own name too where several are of one."""
    shared = Counter(row["title"] for row in gaps)
    for row in gaps:
        title = plain(row["title"])[:TITLE]
        yield f"{title} ({plain(row['source'])[:TITLE]})" if shared[row["title"]] > 1 else title


def _freshness(figures: Row, say: Language) -> Iterator[str]:
    yield ""
    for row in figures["sources"]:
        said = say._("source %(name)s:", name=plain(row["source"]))
        yield f"{_capital(said)} {', '.join(_read(row, say))}"
    if figures["as_of"]:
        yield _capital(say._("as of %(moment)s", moment=say.moment(figures["as_of"])))
    if figures["quarantine"]:
        held = say.ngettext(
            "%(number)s record in quarantine", "%(number)s records in quarantine", figures["quarantine"]
        )
        yield f"{held} (jalon quarantine list)"


def _capital(said: str) -> str:
    return said[:1].upper() + said[1:]


def _read(row: Row, say: Language) -> Iterator[str]:
    if row["newest"]:
        yield say._("newest record of %(moment)s", moment=say.moment(row["newest"]))
    else:
        yield say._("no record yet")
    if row["read_to"]:
        yield say._("read to %(moment)s", moment=say.moment(row["read_to"]))
