"""What a connector says of itself is held against the contract before anything is read by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

import pytest

from jalon import registry
from jalon.connectors.base import Capability, Settings, Stream
from jalon.connectors.door import fields
from jalon.connectors.unasked import UnaskedConnector
from jalon.errors import ConfigError

ORDERS = Stream(name="orders", door=fields("id"), grain="keyed")


class Stall(UnaskedConnector):
    """A connector of another distribution, with all that the contract asks for."""

    name: ClassVar[str] = "stall"
    title: ClassVar[str] = "Stall"
    documentation: ClassVar[str] = "https://stall.example/api"
    normalizer: ClassVar[str] = "stall.meaning:normalize"
    settings: ClassVar[type[Settings]] = Settings
    streams: ClassVar[tuple[Stream, ...]] = (ORDERS,)
    capabilities: ClassVar[tuple[Capability, ...]] = (Capability("web_orders", "event", "a day"),)
    unasked: ClassVar[tuple[str, str]] = ("nobody is asked", "wait")

    def account(self, settings: Any) -> str:
        return "stall"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install the stall beside jalon's own connectors."""
    entries = {**registry._entries(), "stall": EntryPoint("stall", f"{__name__}:Stall", registry.GROUP)}
    monkeypatch.setattr(registry, "_entries", lambda: entries)
    registry.connector.cache_clear()
    yield
    registry.connector.cache_clear()


@pytest.mark.usefixtures("installed")
def test_a_connector_that_keeps_the_contract_is_loaded() -> None:
    assert registry.connector("stall").title == "Stall"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("attribute", "value", "told"),
    [
        ("name", "stand", "gives a connector called 'stand'"),
        ("name", None, "gives a connector called None"),
        ("title", None, "`title` must be a text"),
        ("documentation", " ", "`documentation` must be the address"),
        ("normalizer", "stall.meaning", "`normalizer` must be a text like `module:function`"),
        ("settings", Settings(connector="stall"), "`settings` must be a subclass of base.Settings"),
        ("streams", ORDERS, "`streams` must be a tuple of base.Stream"),
        ("streams", (ORDERS, ORDERS), "`streams` names 'orders' twice"),
        ("capabilities", None, "`capabilities` must be a tuple of base.Capability"),
        ("capabilities", (Capability("orders", "event"),), "`capabilities`: the offer 'orders' is none of content, "),  # type: ignore[arg-type]
        ("capabilities", (Capability("refunds", "count"),), "`capabilities`: the grain 'count' is none of event, "),  # type: ignore[arg-type]
        ("customer_kind", "till:", "`customer_kind` must be a word of small letters"),
        ("aliases", "buyers.stall.example", "`aliases` must be a tuple of domains, in small letters"),
        ("aliases", ("@buyers.stall.example",), "`aliases` must be a tuple of domains"),
        ("aliases", ("Buyers.stall.example",), "`aliases` must be a tuple of domains"),
        ("starting_rate", 0, "`starting_rate` must be a number above zero"),
    ],
)
def test_a_connector_that_breaks_the_contract_is_named_with_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, attribute: str, value: object, told: str
) -> None:
    monkeypatch.setattr(Stall, attribute, value)
    with pytest.raises(ConfigError) as refused:
        registry.connector("stall")
    assert "'stall'" in refused.value.message
    assert told in refused.value.message
    assert refused.value.remedy


@pytest.mark.parametrize("place", [__name__, f"{__name__}:Settings", f"{__name__}:ORDERS", f"{__name__}:timedelta"])
def test_an_entry_point_that_leads_to_no_connector_is_told(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setattr(registry, "_entries", lambda: {"stall": EntryPoint("stall", place, registry.GROUP)})
    registry.connector.cache_clear()
    with pytest.raises(ConfigError) as refused:
        registry.connector("stall")
    assert f": its entry point {place} leads to no subclass of " in refused.value.message
    assert "Name the class there" in refused.value.remedy


@pytest.mark.usefixtures("installed")
def test_a_normalizer_that_cannot_be_loaded_is_named() -> None:
    with pytest.raises(ConfigError, match=r"connector 'stall' names the normalizer .*ModuleNotFoundError"):
        registry.normalizer("stall")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"grain": "hour"}, "the stream orders: grain 'hour' is none of time, day, all, keyed"),
        ({"name": "All orders"}, "the stream 'All orders' must be called by small letters"),
        ({"door": "id"}, "the stream orders: its door is none"),
        ({"window": timedelta(0)}, "its window must be longer than nothing"),
        ({"lookback": timedelta(days=-1)}, "cannot be negative"),
        ({"retention": timedelta(0)}, "its retention must be longer than nothing"),
        ({"batch": 0}, "a batch takes one key at least"),
    ],
)
def test_a_stream_that_cannot_be_read_is_refused_where_it_is_written(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Stream(**{"name": "orders", "door": fields("id"), **wrong})
