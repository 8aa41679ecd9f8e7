"""Facts made by hand: rows with sensible defaults, written as the store writes them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jalon.attribution.options import Options
from jalon.attribution.run import attribute
from jalon.normalize.vocabulary import (
    KINDS,
    Answer,
    Content,
    ContentTag,
    Fact,
    Identity,
    Measure,
    Order,
    OrderContent,
    OrderLine,
    OrderLink,
    Product,
    Refund,
    Touchpoint,
)
from jalon.store import facts as files

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2026, 3, 1, tzinfo=UTC)


def at(days: float) -> int:
    """Return an instant so many days after the first of March 2026."""
    return (START + timedelta(days=days) - EPOCH) // timedelta(microseconds=1)


def day(days: float) -> date:
    return (START + timedelta(days=days)).date()


_HEADER: dict[str, Any] = {"source": "shop", "version": 0, "observed_at": at(100), "inbox_id": 1}


def order(order_id: str, days: float, goods: int = 1000, **fields: Any) -> Order:
    """An order placed so many days after the start, paid at once."""
    told: dict[str, Any] = {
        **_HEADER,
        "key": order_id,
        "platform": "webshop",
        "order_id": order_id,
        "placed_at": at(days),
        "placed_date": day(days),
        "paid_at": at(days),
        "cancelled_at": None,
        "status": "paid",
        "native_status": "PAID",
        "kind": "sale",
        "currency": "EUR",
        "gross": goods,
        "discount": 0,
        "goods": goods,
        "shipping": 0,
        "tax": 0,
        "total": goods,
        "presentment_currency": None,
        "presentment_total": None,
        "person": None,
        "selling_mode": "communication",
        "channel": "site",
        "origin": None,
        "external_ids": (),
        "customer_order_index": None,
        "journey": "none",
    }
    return Order(**{**told, **fields})


def touch(key: str, days: float, person: str | None = None, **fields: Any) -> Touchpoint:
    """A visit so many days after the start."""
    told: dict[str, Any] = {
        **_HEADER,
        "key": key,
        "platform": "webshop",
        "occurred_at": at(days),
        "occurred_date": day(days),
        "time_is_bound": False,
        "kind": "visit",
        "channel": "search",
        "surface": None,
        "person": person,
        "order_id": None,
        "content_id": None,
        "creator_id": None,
        "product_id": None,
        "campaign": None,
        "referrer_host": None,
        "landing_path": None,
        "evidence": "referrer",
        "selling_mode": "communication",
    }
    return Touchpoint(**{**told, **fields})


def refund(order_id: str, days: float, goods: int, **fields: Any) -> Refund:
    told: dict[str, Any] = {
        **_HEADER,
        "key": f"{order_id}/{days}",
        "platform": "webshop",
        "order_id": order_id,
        "refund_id": f"{order_id}/{days}",
        "reason": "refund",
        "state": "succeeded",
        "occurred_at": at(days),
        "occurred_date": day(days),
        "currency": "EUR",
        "goods": goods,
        "shipping": 0,
        "tax": 0,
        "total": goods,
    }
    return Refund(**{**told, **fields})


def led_by(order_id: str, content_id: str | None, **fields: Any) -> OrderContent:
    """The platform's statement that a content, or None: its creator by whichever, led to an order."""
    told: dict[str, Any] = {
        **_HEADER,
        "key": f"{order_id}/{content_id}",
        "platform": "network",
        "order_id": order_id,
        "sku_id": None,
        "product_id": None,
        "content_id": content_id,
        "content_kind": "video",
        "creator_id": "creator-1",
        "campaign": None,
        "quantity": 1,
        "refunded_quantity": 0,
        "commission": None,
        "currency": None,
        "settlement": None,
        "rule": "affiliate",
    }
    return OrderContent(**{**told, **fields})


def line(order_id: str, line_id: str, **fields: Any) -> OrderLine:
    told: dict[str, Any] = {
        **_HEADER,
        "key": f"{order_id}/{line_id}",
        "platform": "network",
        "order_id": order_id,
        "line_id": line_id,
        "product_id": "p1",
        "sku": "SKU",
        "title": "A thing",
        "quantity": 1,
        "currency": "EUR",
        "gross": 1000,
        "discount": 0,
        "goods": 1000,
        "tax": 0,
        "content_id": None,
        "is_gift": False,
    }
    return OrderLine(**{**told, **fields})


def link(order_id: str, external_id: str, **fields: Any) -> OrderLink:
    """A platform's statement that an order is one elsewhere."""
    told: dict[str, Any] = {
        **_HEADER,
        "key": order_id,
        "platform": "network",
        "order_id": order_id,
        "external_id": external_id,
    }
    return OrderLink(**{**told, **fields})


def content(content_id: str, title: str | None = None, **fields: Any) -> Content:
    told: dict[str, Any] = {
        **_HEADER,
        "key": content_id,
        "platform": "network",
        "content_id": content_id,
        "kind": "video",
        "surface": "feed",
        "creator_id": "creator-1",
        "title": title,
        "posted_at": at(0),
        "ended_at": None,
        "url": None,
        "selling_mode": "linked",
    }
    return Content(**{**told, **fields})


def tag(content_id: str, product_id: str, **fields: Any) -> ContentTag:
    """A product tagged in a content."""
    told: dict[str, Any] = {**_HEADER, "key": f"{content_id}/{product_id}", "platform": "network"}
    return ContentTag(**{**told, "content_id": content_id, "product_id": product_id, **fields})


def product(product_id: str, variant_id: str, **fields: Any) -> Product:
    """A variant of a product."""
    told: dict[str, Any] = {
        **_HEADER,
        "key": f"{product_id}/{variant_id}",
        "platform": "webshop",
        "product_id": product_id,
        "variant_id": variant_id,
        "sku": f"{product_id}-{variant_id}",
        "title": "A thing",
        "status": "active",
        "price": 1000,
        "currency": "EUR",
    }
    return Product(**{**told, **fields})


def answer(survey: Any, score: int | None, **fields: Any) -> Answer:
    """An answer to a survey, on a scale from 0 to 10."""
    told: dict[str, Any] = {
        **_HEADER,
        "key": f"{survey}/{score}",
        "platform": "survey",
        "survey": survey,
        "question": None,
        "answered_at": at(5),
        "answered_date": day(5),
        "score": score,
        "lowest": 0,
        "highest": 10,
        "choice": None,
        "person": None,
        "order_id": None,
        "product_id": None,
    }
    return Answer(**{**told, **fields})


def measure(metric: str, value: int, **fields: Any) -> Measure:
    told: dict[str, Any] = {
        **_HEADER,
        "key": f"{metric}/{fields.get('content_id', '')}",
        "platform": "network",
        "metric": metric,
        "content_id": None,
        "product_id": None,
        "creator_id": None,
        "start_date": day(0),
        "end_date": day(1),
        "zone": "UTC",
        "value": value,
        "currency": None,
        "finality": "final",
        "definition": "v1",
    }
    return Measure(**{**told, **fields})


def same(left: str, right: str, **fields: Any) -> Identity:
    """Two identifiers stated to be one person."""
    told: dict[str, Any] = {**_HEADER, "key": f"{left}={right}", "left": left, "right": right, "evidence": "login"}
    return Identity(**{**told, **fields})


def write(folder: Path, facts: Iterable[Fact]) -> Path:
    """Write facts as one segment and return the folder."""
    by_kind: dict[str, list[Fact]] = {}
    for fact in facts:
        by_kind.setdefault(next(kind for kind, row in KINDS.items() if row is type(fact)), []).append(fact)
    files.write_segment(folder, 0, {kind: [files.batch(kind, rows)] for kind, rows in by_kind.items()})
    return folder


class Run:
    """Facts written, attributed and read back."""

    def __init__(self, folder: Path, facts: Iterable[Fact], **options: Any) -> None:
        self.facts = write(folder / "facts", facts)
        self.folder = folder / "attribution"
        self.result = attribute(self.facts, self.folder, Options(**options))

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """Return the rows of a table in which columns have these values."""
        rows = pq.read_table(self.folder / f"{table}.parquet").to_pylist()
        return [row for row in rows if all(row[name] == value for name, value in where.items())]

    def order(self, order_id: str) -> dict[str, Any]:
        (row,) = self.rows("sales", order_id=order_id)
        return row

    def touch(self, key: str) -> dict[str, Any]:
        (row,) = self.rows("touches", key=key)
        return row

    def journey(self, order_id: str) -> list[str]:
        """Return the keys of the touches on the journey to an order, in order."""
        steps = self.rows("steps", order_uid=self.order(order_id)["order_uid"])
        return [step["touch_uid"].partition(":")[2] for step in sorted(steps, key=lambda step: step["position"])]

    def credit(self, order_id: str, model: str) -> dict[str | None, int]:
        """Return touch -> net credit of an order in a model."""
        rows = self.rows("credit", order_uid=self.order(order_id)["order_uid"], model=model)
        return {row["touch_uid"] and row["touch_uid"].partition(":")[2]: row["net"] for row in rows}


class Plain(Run):
    """A run that credits by the last touch alone: for sales, persons, stages and journeys, which no model changes."""

    def __init__(self, folder: Path, facts: Iterable[Fact], **options: Any) -> None:
        super().__init__(folder, facts, **{"models": ["last"], **options})
