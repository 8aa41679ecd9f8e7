"""What `jalon.testing` says of a connector that breaks its promises, and of samples that do not fit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from jalon.connectors.base import Capability, Delivery, Settings, Stream
from jalon.connectors.door import fields
from jalon.connectors.unasked import UnaskedConnector
from jalon.normalize.records import head
from jalon.normalize.vocabulary import Context, Fact, Identity, Product, Raw
from jalon.testing import accept, broken, samples, unlike
from jalon.testing.promises import OFFERS

GIVEN = (Capability("products", "event", "a day"), Capability("webhooks", "event", "seconds"))
SETTINGS = Settings(connector="stall")


class Stall(UnaskedConnector):
    name: ClassVar[str] = "stall"
    title: ClassVar[str] = "Stall"
    documentation: ClassVar[str] = "https://stall.example/api"
    normalizer: ClassVar[str] = f"{__name__}:normalize"
    settings: ClassVar[type[Settings]] = Settings
    streams: ClassVar[tuple[Stream, ...]] = (Stream(name="products", door=fields("title"), grain="keyed"),)
    capabilities: ClassVar[tuple[Capability, ...]] = (
        *GIVEN,
        *(Capability(offer, "none", note="a stall has none") for offer in OFFERS[:9] if offer != "products"),  # type: ignore[arg-type]
    )
    unasked: ClassVar[tuple[str, str]] = ("nobody is asked", "wait")

    def account(self, settings: Any) -> str:
        return "stall"

    def delivery_key(self, delivery: Delivery) -> str:
        return f"{len(delivery.body)} bytes"


def normalize(raw: Raw, context: Context) -> Iterator[Fact]:
    yield Product(*head(raw, raw.key), "stall", raw.key, raw.key, None, raw.body.get("title"), None, None, None)
    if raw.body.get("title") == "odd":
        yield Identity(*head(raw, raw.key), "a", "b", None)  # type: ignore[arg-type]


class Leaky(Stall):
    streams: ClassVar[tuple[Stream, ...]] = (Stream(name="products", door=lambda body, hasher: body, grain="keyed"),)


class Trusting(Stall):
    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        return "signature" in delivery.headers


class Brittle(Stall):
    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        return bool(delivery.headers["signature"].encode("ascii") in secrets)


class Forgetful(Stall):
    def delivery_key(self, delivery: Delivery) -> str:
        return str(delivery.received_at)


class Homeless(Stall):
    normalizer: ClassVar[str] = "stall.meaning:normalize"

    def hosts(self, settings: Any) -> Mapping[str, Any]:
        return {"api": "https://stall.example"}


class Taciturn(Stall):
    capabilities: ClassVar[tuple[Capability, ...]] = (
        *GIVEN[:1],
        Capability("refunds", "none"),
        Capability("content", "event"),
    )


def test_a_connector_that_keeps_them_breaks_none() -> None:
    assert broken(Stall(), SETTINGS) == []


@pytest.mark.parametrize(
    ("connector", "told"),
    [
        (Leaky, "the stream products lets a field in"),
        (Trusting, "`verify` accepts a delivery that nobody signed"),
        (Brittle, "`verify` raised KeyError in "),
        (Brittle, "`verify` raised UnicodeEncodeError in "),
        (Forgetful, "`delivery_key` is empty, or another for the same delivery"),
        (Homeless, "`hosts` gives for 'api' no tuple of addresses"),
        (Homeless, "names the normalizer 'stall.meaning:normalize', which cannot be loaded"),
        (Taciturn, "`capabilities` does not answer 'journeys'"),
        (Taciturn, "refunds is not offered and its note does not say why"),
        (Taciturn, "content names no delay"),
    ],
)
def test_what_is_broken_is_told(connector: type[Stall], told: str) -> None:
    assert any(told in wrong for wrong in broken(connector(), SETTINGS))


def write(folder: Path, stream: str, case: str, body: Mapping[str, Any]) -> None:
    (folder / stream).mkdir(exist_ok=True)
    (folder / stream / f"{case}.json").write_text(json.dumps(body))


def test_samples_are_held_against_what_lies_beside_them(tmp_path: Path) -> None:
    assert unlike(Stall(), tmp_path) == ["the stream products has no sample"]
    write(tmp_path, "products", "mug", {"title": "Mug", "canary": 1})
    assert unlike(Stall(), tmp_path) == [
        "stall/products/mug: there is no mug.facts.json: look at the facts, then `accept` them"
    ]
    (facts,) = accept(Stall(), tmp_path)
    assert "canary" not in facts.read_text()
    assert unlike(Stall(), tmp_path) == accept(Stall(), tmp_path) == []
    facts.write_text(facts.read_text().replace("Mug", "Cup"))
    assert unlike(Stall(), tmp_path) == [
        "stall/products/mug: gives other facts than lie beside it: fact 0, title: 'Cup' lies there, 'Mug' is given"
    ]


def test_samples_of_no_stream_and_facts_that_are_none_are_told(tmp_path: Path) -> None:
    write(tmp_path, "products", "odd", {"title": "odd"})
    write(tmp_path, "orders", "one", {})
    (tmp_path / "products" / "gone.facts.json").write_text("[]")
    assert len(samples(Stall(), tmp_path)) == 2
    assert unlike(Stall(), tmp_path) == [
        "stall/orders/one: stall has no stream orders",
        "stall/products/odd: evidence is missing",
        "products/gone.facts.json lies there without its sample",
    ]
