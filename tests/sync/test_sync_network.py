"""Connections go to the allowed hosts, at addresses of the public internet."""

from __future__ import annotations

import httpcore
import pytest

from jalon import registry
from jalon.connectors.base import Request, Stop, Wait
from jalon.sync.client import Client
from jalon.sync.network import AllowList, PublicNetwork, is_loopback, is_public, origin

HOSTS = {"api": ("https://api.example.com",), "files": ("https://files.example.com", "https://files2.example.com:8443")}

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "ff02::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::1",
    "2001:db8::1",
    "not an address",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_told_from_public_ones(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


HOSTILE = [
    "https://evil.example/next",
    "http://api.example.com/next",
    "https://api.example.com.evil.example/",
    "https://api.example.com@evil.example/",
    "https://user:pass@api.example.com/",
    "https://@api.example.com/",
    "https://api.example.com:444/",
    "https://api.example.com./",
    "https://evil.example\\@api.example.com/",
    "https://127.0.0.1/",
    "http://127.0.0.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "https://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "https://\u0430pi.example.com/",
    "ftp://api.example.com/",
    "file:///etc/passwd",
    "//api.example.com/",
    "https://api.example.com:port/",
    "https://[api.example.com/",
    "",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_addresses_are_refused_without_being_repeated_whole(url: str) -> None:
    with pytest.raises(Stop) as refusal:
        AllowList(HOSTS).check(url)
    assert "pass" not in refusal.value.reason
    assert refusal.value.remedy


@pytest.mark.parametrize(
    "url", ["https://api.example.com/a?b", "HTTPS://API.example.com:443/x", "https://files2.example.com:8443/f"]
)
def test_the_listed_hosts_are_allowed(url: str) -> None:
    assert AllowList(HOSTS).check(url).host.endswith("example.com")


def test_clear_text_is_for_this_machine_only() -> None:
    assert origin("http://127.0.0.1:8000").port == 8000
    assert origin("http://[::1]:8000").host == "::1"
    with pytest.raises(Stop, match="without TLS"):
        origin("http://192.168.1.4")


async def test_a_name_that_leads_inside_is_not_followed() -> None:
    async def inside(host: str, port: int) -> list[str]:
        return ["10.0.0.7", "::1", "169.254.169.254"]

    with pytest.raises(Stop, match="private network"):
        await PublicNetwork(frozenset(), inside).connect_tcp("api.example.com", 443)


SHOPS = {"connector": "shopify", "shop": "s.myshopify.com", "access_token": "shpat_x"}


@pytest.mark.parametrize("host", [address for address in PRIVATE if " " not in address and "%" not in address])
async def test_an_address_from_the_configuration_leads_inside_no_network(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threat 14: the operator's base addresses go through the same filter; loopback must be written as such."""
    connected: list[str] = []

    async def connect(self: object, host: str, *rest: object) -> httpcore.AsyncNetworkStream:
        connected.append(host)
        raise httpcore.ConnectError("closed")

    async def itself(host: str, port: int) -> list[str]:
        return [host]

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    written = f"https://[{host}]" if ":" in host else f"https://{host}"
    connector = registry.connector("shopify")
    given = connector.settings.model_validate({**SHOPS, "api_url": written})
    client = Client(connector.hosts(given), resolver=itself)
    try:
        with pytest.raises((Stop, Wait)):
            await client.send(Request("GET", "/"))
    finally:
        await client.close()
    assert connected == [host] if is_loopback(host) else connected == []


async def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers differently the second time gains nothing: there is no second time."""
    answers = iter([["127.0.0.1", "93.184.216.34"], ["127.0.0.1"]])
    connected: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    async def connect(self: object, host: str, *rest: object) -> httpcore.AsyncNetworkStream:
        connected.append(host)
        raise httpcore.ConnectError("closed")

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    with pytest.raises(httpcore.ConnectError):
        await PublicNetwork(frozenset(), rebinding).connect_tcp("api.example.com", 443)
    assert connected == ["93.184.216.34"]


async def test_a_loopback_base_address_leads_to_loopback_only() -> None:
    async def elsewhere(host: str, port: int) -> list[str]:
        return ["93.184.216.34"]

    with pytest.raises(Stop, match="private network"):
        await PublicNetwork(frozenset({"localhost"}), elsewhere).connect_tcp("localhost", 80)


@pytest.mark.parametrize("bases", ["https://api.example.com", None, (None,), {"https://api.example.com"}])
def test_hosts_that_are_no_tuple_of_addresses_are_named(bases: object) -> None:
    with pytest.raises(Stop, match=r"its connector's `hosts` gives for 'api' no tuple of addresses"):
        AllowList({"api": bases})  # type: ignore[dict-item]
