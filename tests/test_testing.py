"""What `jalon.testing` says of a connector that breaks its promises, and of samples that do not fit."""

from __future__ import annotations

import gzip
import hmac
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from jalon.connectors.base import (
    Answer,
    Batch,
    Capability,
    Connector,
    Credentials,
    Delivery,
    Fault,
    Opened,
    Record,
    Ref,
    Request,
    Session,
    Settings,
    Skip,
    Stream,
    Undelivered,
    Wait,
    Window,
)
from jalon.connectors.door import fields
from jalon.connectors.signatures import fits
from jalon.connectors.unasked import UnaskedConnector
from jalon.normalize.records import head
from jalon.normalize.vocabulary import Context, Fact, Identity, Product, Raw
from jalon.testing import Reply, accept, broken, played, samples, unlike
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

    def secrets(self, settings: Any) -> tuple[bytes, ...]:
        return b"a secret of a stall", b"an older one"

    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        return fits(delivery.headers.get("signature"), [signature(delivery.body, secret) for secret in secrets])

    def delivery_key(self, delivery: Delivery) -> str:
        return f"{len(delivery.body)} bytes"

    def fetch(self, session: Session, stream: Stream, keys: Sequence[str]) -> AsyncIterator[Batch]:
        raise NotImplementedError

    def open(self, delivery: Delivery, settings: Any) -> Opened:
        return Opened("product", refs=[Ref("products", "1")])


def signature(body: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, body, "sha256").hexdigest().encode()


def signed(secret: bytes = b"an older one") -> Delivery:
    return Delivery({"signature": signature(b"{}", secret).decode()}, b"{}", 0.0)


def normalize(raw: Raw, context: Context) -> Iterator[Fact]:
    yield Product(*head(raw, raw.key), "stall", raw.key, raw.key, None, raw.body.get("title"), None, None, None)
    match raw.body.get("title"):
        case "odd":
            yield Identity(*head(raw, raw.key), "a", "b", None)  # type: ignore[arg-type]
        case "twice":
            yield from normalize(raw._replace(body={}), context)
        case "headless":
            yield Identity("shop", raw.key, 0, raw.observed_at, 2, "a", "b", "card")
        case "drifted":
            int(raw.body["title"])
        case "foreign":
            yield {"title": "Mug"}  # type: ignore[misc]


def mute(raw: Raw, context: Context) -> None:
    """Forget to return."""


class Mute(Stall):
    normalizer: ClassVar[str] = f"{__name__}:mute"


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


class Deaf(Stall):
    verify = Connector.verify  # type: ignore[assignment]


class Refusing(Stall):
    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        return False


class Careless(Stall):
    """Looks at the signature of what it expects, not of what came."""

    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        return fits(delivery.headers.get("signature"), [signature(b"{}", secret) for secret in secrets])


class Loose(Stall):
    def secrets(self, settings: Any) -> Any:
        return ["a secret of a stall"]


class Lost(Stall):
    def open(self, delivery: Delivery, settings: Any) -> Opened:
        return Opened("product", refs=[Ref("product", "1")], records=[Record("1", 0, {})])


class Fetchless(Stall):
    fetch = Connector.fetch


class Silent(Fetchless):
    capabilities: ClassVar[tuple[Capability, ...]] = tuple(
        each._replace(grain="none", delay="", note="a stall has none") if each.offer == "webhooks" else each
        for each in Stall.capabilities
    )
    open = Connector.open


class Confused(Stall):
    def open(self, delivery: Delivery, settings: Any) -> Opened:
        raise Undelivered("it names no product")


class Blank(Stall):
    def open(self, delivery: Delivery, settings: Any) -> Any:
        return None


class Undecided(Stall):
    def wants(self, settings: Any, stream: str) -> Any:
        return None


class Unknowing(Stall):
    def wants(self, settings: Any, stream: str) -> bool:
        return bool({"orders": True}[stream])


def test_a_connector_that_keeps_them_breaks_none() -> None:
    assert broken(Stall(), SETTINGS, [signed(), signed(b"a secret of a stall")]) == []


@pytest.mark.parametrize(
    ("connector", "told"),
    [
        (Refusing, "`verify` refuses a delivery that is signed: b'{}'"),
        (Careless, "`verify` accepts a body that is not the one that was signed: b'{} '"),
        (Loose, "`secrets` must give a tuple of bytes (`signatures.held`)"),
        (Lost, "`open` names the stream 'product', and there is none of that name, for b'{}'"),
        (Lost, "`open` gives a record of the stream None, and there is none of that name, for b'{}'"),
        (Fetchless, "`open` asks for a key of products, and there is no `fetch`, for b'{}'"),
        (Confused, "`secrets`, `verify` or `open` raised Undelivered in tests.test_testing, line "),
        (Blank, "`open` gives no `Opened`, for b'{}'"),
    ],
)
def test_what_a_signed_delivery_shows_is_told(connector: type[Stall], told: str) -> None:
    assert not any(wrong.startswith(told) for wrong in broken(connector(), SETTINGS))
    assert any(wrong.startswith(told) for wrong in broken(connector(), SETTINGS, [signed()]))


@pytest.mark.parametrize(
    ("connector", "told"),
    [
        (Leaky, "the stream products lets a field in"),
        (Trusting, "`verify` accepts a delivery that nobody signed"),
        (Brittle, "`verify` raised KeyError in "),
        (Brittle, "`verify` raised UnicodeEncodeError in "),
        (Forgetful, "`delivery_key` is empty, or another for the same delivery"),
        (Undecided, "`wants` gives neither True nor False, for products"),
        (Unknowing, "`wants` raised KeyError in "),
        (Homeless, "`hosts` gives for 'api' no tuple of addresses"),
        (Homeless, "names the normalizer 'stall.meaning:normalize', which cannot be loaded"),
        (Taciturn, "`capabilities` does not answer 'journeys'"),
        (Taciturn, "refunds is not offered and its note does not say why"),
        (Taciturn, "content names no delay"),
        (Deaf, "`capabilities` offers 'webhooks', and `verify` is left as the contract has it"),
        (Silent, "nothing reads the stream products: it is `keyed`, and there is no `fetch`"),
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


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("twice", "products 'a' comes twice: of two facts of a kind with one key only one would stay"),
        ("headless", "identities 'a' does not begin with the record's own source, time and row"),
        ("drifted", "gives no facts: ValueError in tests.test_testing, line "),
        ("drifted", ": invalid literal for int() with base 10: 'drifted'"),
        ("foreign", "dict is no kind of fact"),
    ],
)
def test_a_sample_that_gives_no_facts_is_told_with_the_reason_and_the_others_too(
    tmp_path: Path, title: str, told: str
) -> None:
    write(tmp_path, "products", "a", {"title": title})
    write(tmp_path, "products", "b", {"title": "Mug"})
    (tmp_path / "products" / "c.json").write_text("{")
    first, second, third = unlike(Stall(), tmp_path)
    assert first.startswith("stall/products/a: ")
    assert told in first
    assert "there is no b.facts.json" in second
    assert third.startswith("stall/products/c: gives no facts: JSONDecodeError")


def test_a_normalizer_that_returns_nothing_is_told(tmp_path: Path) -> None:
    write(tmp_path, "products", "mug", {"title": "Mug"})
    assert unlike(Mute(), tmp_path) == [
        "stall/products/mug: the normalizer gave nothing: it must yield or return its facts"
    ]


# --- a platform that is played ----------------------------------------------------------------------------------------

TODAY = datetime(2025, 11, 24, tzinfo=UTC)


class Market(Connector):
    """`GET /products?page`; `GET /products/ID`; a file of ids at https://files.market.example/all.gz."""

    name: ClassVar[str] = "market"
    title: ClassVar[str] = "Market"
    documentation: ClassVar[str] = "https://market.example/api"
    normalizer: ClassVar[str] = f"{__name__}:normalize"
    settings: ClassVar[type[Settings]] = Settings
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(name="products", door=fields("id title"), grain="all", every=timedelta(days=1)),
        Stream(name="ids", door=fields("id"), grain="all"),
    )
    capabilities: ClassVar[tuple[Capability, ...]] = ()

    def account(self, settings: Any) -> str:
        return "market"

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        return {"api": ("https://market.example/v1",), "files": ("https://files.market.example",)}

    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        return request

    def judge(self, request: Request, answer: Answer) -> Fault | None:
        if answer.status == 404:
            return Skip("there is no such product")
        return None if answer.status == 200 else Wait(f"it answers {answer.status}")

    def credentials(self, settings: Any) -> Credentials:
        return Credentials("token")

    async def greet(self, session: Session) -> Mapping[str, str]:
        return {"shop_id": "1"}

    async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        if window.stream.name == "ids":
            lines = [line async for line in session.lines("https://files.market.example/all.gz")]
            yield Batch([Record(line.decode(), 0, {"id": line.decode()}) for line in lines])
            return
        data = (await session.ask(Request("GET", "/products", {"page": window.cursor or "1"}))).data
        yield Batch([Record(row["id"], 0, row) for row in data["rows"]], data["next"])
        if data["next"]:
            again = (await session.ask(Request("GET", "/products", {"page": data["next"]}))).data
            yield Batch([Record(row["id"], 0, row) for row in again["rows"]])

    async def fetch(self, session: Session, stream: Stream, keys: Sequence[str]) -> AsyncIterator[Batch]:
        for key in keys:
            yield Batch([Record(key, 0, (await session.ask(Request("GET", f"/products/{key}"))).data)])


MARKET, AT_MARKET = Market(), Settings(connector="market")


def listed(request: Request) -> Any:
    if request.query["page"] == "1":
        return {"rows": [{"id": "mug", "title": "Mug", "stock": 3}], "next": "2"}
    return {"rows": [{"id": "jug", "title": "Jug"}, {"id": "", "title": "Nameless"}], "next": None}


def test_a_played_platform_is_asked_by_the_real_engine() -> None:
    """By path or by a function, page by page, through the door, and what is refused is held as in any run."""
    answers = {"/v1/products": listed, "/all.gz": gzip.compress(b"mug\njug\n")}
    with played(MARKET, AT_MARKET, answers) as market:
        outcome = market.sync()
        assert (outcome.state, outcome.counts.new) == ("ok", 4)
        assert market.records("products") == {
            "mug": {"id": "mug", "title": "Mug"},
            "jug": {"id": "jug", "title": "Jug"},
        }
        assert set(market.records("ids")) == {"mug", "jug"}
        assert market.held() == [("products", "", "no_identity")]
        paths = {(request.host, request.path, request.query.get("page")) for request in market.asked}
        assert paths == {
            ("market.example", "/v1/products", "1"),
            ("market.example", "/v1/products", "2"),
            ("files.market.example", "/all.gz", None),
        }
        market.asked.clear()
        market.clock.time += 3600
        assert market.sync().counts.new == 0
        assert {request.path for request in market.asked} == {"/all.gz"}, "the list of products was read today"


def test_of_a_played_platform_a_window_or_keys_are_read_alone() -> None:
    with played(MARKET, AT_MARKET, {"/v1/products": listed, "/v1/products/mug": {"id": "mug"}}) as market:
        pages = market.pull("products", TODAY, TODAY + timedelta(days=1), cursor="2")
        assert [[record.key for record in page.records] for page in pages] == [["jug", ""]]
        assert [record.key for page in market.fetch("products", "mug") for record in page.records] == ["mug"]
        with pytest.raises(Skip, match="no such product"):
            market.fetch("products", "hat")


def test_whoever_waits_for_a_played_platform_has_waited_and_gives_up_as_in_any_run() -> None:
    replies = iter([Reply(b"busy", 503, {"retry-after": "30"}), {"id": "mug"}])
    with played(MARKET, AT_MARKET, lambda _: next(replies)) as market:
        began = market.clock.time
        assert market.fetch("products", "mug")
        assert 30 <= market.clock.time - began < 60
    with played(MARKET, AT_MARKET, lambda _: Reply(status=503)) as market, pytest.raises(Wait, match="503"):
        market.fetch("products", "mug")


def test_what_an_answer_of_a_test_raises_is_the_tests_own() -> None:
    def answer(request: Request) -> Any:
        assert "limit" in request.query

    with played(MARKET, AT_MARKET, answer) as market:
        for ask in (market.sync, lambda: market.fetch("products", "mug")):
            with pytest.raises(AssertionError):
                ask()
