"""What a brand has beside touchpoints and orders, for the report: lines, refunds, content and its counts, answers."""

from __future__ import annotations

from pathlib import Path

from benchmarks import engines
from benchmarks.engines import COMMON, DAYS, PER_PERSON, first_of

TOUCHES = 10
"""Per order."""
LINES = 2
"""Per order."""
REFUNDED = 20
"""Orders to a refund."""
ANSWERING = 25
"""Orders to an answer."""
CONTENTS, PRODUCTS, CREATORS = 5_000, 1_000, 300
METRICS = ("views", "tag_clicks", "sku_orders", "tag_clicks")
"""What is counted of each content and day; the last of its one product."""
COUNTED = 60
"""Days that each content is counted on."""

_DAY = f"DATE '2026-01-01' + floor(b * {DAYS})::INT"
_AT = f"make_timestamptz((1767225600 + b * {DAYS * 86_400})::BIGINT * 1000000)"
_PRODUCT = f"printf('p%04d', h % {PRODUCTS})"


def _row(kind: str) -> str:
    return f"(i - {first_of(kind)})"


def _sold(kind: str, each: int) -> str:
    """Return the number of the order that a row of another kind is of, `each` rows to one (or one to `-each`)."""
    place = f"{_row(kind)} // {each}" if each > 0 else f"{_row(kind)} * {-each}"
    return f"({first_of('orders')} + {place})"


def _paid(order: str) -> str:
    return f"(500 + ((hash(4 * {order}) >> 1)::BIGINT % 20000))"


def _line_of(order: str) -> str:
    """Return what a line costs: the first of two a third of the order, the other the rest."""
    third = f"{_paid(order)} // 3"
    return f"CASE WHEN i % {LINES} = 0 THEN {third} ELSE {_paid(order)} - {third} END"


_OF_LINE, _OF_REFUND, _OF_ANSWER = (
    _sold("order_lines", LINES),
    _sold("refunds", -REFUNDED),
    _sold("answers", -ANSWERING),
)
_CONTENT = f"({_row('measures')} // {COUNTED * len(METRICS)})"
_METRIC = f"{list(METRICS)}[1 + {_row('measures')} % {len(METRICS)}]"
_COUNTED = f"DATE '2026-01-01' + ({_row('measures')} // {len(METRICS)} % {COUNTED})::INT"
FACTS = {
    **engines.FACTS,
    "touchpoints": {**engines.FACTS["touchpoints"], "content_id": f"printf('v%03d', h % {CONTENTS})"},
    "order_lines": {
        **COMMON,
        "key": "printf('l%09d', i)", "order_id": f"printf('o%09d', {_OF_LINE})", "line_id": "printf('l%09d', i)",
        "product_id": _PRODUCT, "sku": _PRODUCT, "title": _PRODUCT, "quantity": "1", "currency": "'EUR'",
        "gross": _line_of(_OF_LINE), "goods": _line_of(_OF_LINE), "discount": "0", "tax": "0", "is_gift": "false",
    },
    "refunds": {
        **COMMON,
        "key": "printf('r%09d', i)", "order_id": f"printf('o%09d', {_OF_REFUND})", "refund_id": "printf('r%09d', i)",
        "reason": "'size'", "state": "'succeeded'", "occurred_at": _AT, "occurred_date": _DAY, "currency": "'EUR'",
        "goods": _paid(_OF_REFUND), "shipping": "0", "tax": "0", "total": _paid(_OF_REFUND),
    },
    "contents": {
        **COMMON,
        "key": "printf('v%03d', i - " + str(first_of("contents")) + ")",
        "content_id": "printf('v%03d', i - " + str(first_of("contents")) + ")",
        "kind": "CASE WHEN h % 5 = 0 THEN 'live' ELSE 'video' END", "creator_id": f"printf('k%03d', h % {CREATORS})",
        "title": "printf('Content %d', h % 1000000)", "posted_at": "TIMESTAMPTZ '2026-01-01 00:00:00Z'",
    },
    "products": {
        **COMMON,
        "key": f"printf('p%04d', {_row('products')})", "product_id": f"printf('p%04d', {_row('products')})",
        "sku": f"printf('p%04d', {_row('products')})", "title": "printf('Product %d', h % 1000000)",
        "status": "'active'", "price": "2500", "currency": "'EUR'",
    },
    "measures": {
        **COMMON,
        "key": "printf('m%09d', i)", "metric": _METRIC, "content_id": f"printf('v%03d', {_CONTENT})",
        "product_id": f"CASE WHEN {_row('measures')} % {len(METRICS)} = {len(METRICS) - 1} "
        f"THEN printf('p%04d', {_CONTENT} % {PRODUCTS}) END",
        "start_date": _COUNTED, "end_date": f"{_COUNTED} + 1", "zone": "'UTC'",
        "value": f"CASE {_row('measures')} % {len(METRICS)} WHEN 0 THEN 200 + h % 2000 WHEN 2 THEN h % 3 "
        "ELSE h % 50 END", "finality": "'final'", "joinable": "true", "span": "'days'", "definition": "'counted'",
    },
    "answers": {
        **COMMON,
        "key": "printf('a%09d', i)", "survey": "'nps'", "question": "'recommend'", "answered_at": _AT,
        "answered_date": _DAY, "score": "h % 11", "lowest": "0", "highest": "10",
        "order_id": f"printf('o%09d', {_OF_ANSWER})",
    },
}  # fmt: skip
"""Kind of fact -> column -> SQL, as in `engines.FACTS`."""


def sizes(orders: int) -> dict[str, int]:
    """Return how many rows of each kind go with so many orders: content and products are as many for any brand."""
    return {
        "touchpoints": orders * TOUCHES,
        "orders": orders,
        "identities": orders * TOUCHES // PER_PERSON,
        "order_lines": orders * LINES,
        "refunds": orders // REFUNDED,
        "contents": CONTENTS,
        "products": PRODUCTS,
        "measures": CONTENTS * COUNTED * len(METRICS),
        "answers": orders // ANSWERING,
    }


def written(folder: Path, orders: int) -> None:
    """Write all facts of a brand with so many orders."""
    engines.write(folder, FACTS, sizes(orders), orders * TOUCHES // PER_PERSON)
