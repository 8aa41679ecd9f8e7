"""The promises: each is asked of a connector and its settings, and yields in words how it is broken.

No promise asks the platform. What is told of deliveries is tried with many that nobody signed: whatever header is
looked for is there, and holds anything. Only its author can sign some as the platform does.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Iterator, Sequence
from typing import Any, get_args

from jalon import registry
from jalon.connectors.base import Connector, Delivery, Offer, Opened
from jalon.connectors.contract import wrong_in
from jalon.errors import JalonError, kind_and_place

Promise = Callable[[Connector, Any], Iterator[str]]
OFFERS: tuple[str, ...] = get_args(Offer)
DELIVERIES = 200
CANARY = "canary"


def broken(connector: Connector, settings: Any, signed: Sequence[Delivery] = ()) -> list[str]:
    """Return the promises that a connector breaks, in words; empty: it keeps them all.

    `settings` are those of a made-up account, with all that the connector needs of one. `signed` are deliveries as the
    platform signs them with these settings' secrets, the older ones among them too.
    """
    kept = [wrong for promise in PROMISES for wrong in promise(connector, settings)]
    return kept + [wrong for delivery in signed for wrong in understands(connector, settings, delivery)]


def keeps_the_contract(connector: Connector, _settings: Any) -> Iterator[str]:
    """What it says of itself has the form that the contract asks for, and its normalizer is there."""
    yield from wrong_in(connector)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", connector.name):
        yield f"`name` {connector.name!r} must be small letters, digits and _"
    try:
        if not callable(registry.normalizer_of(connector)):
            yield f"`normalizer` {connector.normalizer!r} is no function"
    except JalonError as error:
        yield error.message


def answers_each_offer(connector: Connector, _settings: Any) -> Iterator[str]:
    """Each offer is answered, also by no: what is not answered is shown as not said."""
    for offer in OFFERS:
        if offer not in {capability.offer for capability in connector.capabilities}:
            yield f"`capabilities` does not answer {offer!r}"


def says_what_it_wants(connector: Connector, settings: Any) -> Iterator[str]:
    """Of each stream it says whether the settings want it."""
    for stream in connector.streams:
        try:
            wanted: object = connector.wants(settings, stream.name)
        except Exception as error:
            yield f"`wants` raised {kind_and_place(error)}, for {stream.name}"
        else:
            if not isinstance(wanted, bool):
                yield f"`wants` gives neither True nor False, for {stream.name}"


def explains_what_is_missing(connector: Connector, _settings: Any) -> Iterator[str]:
    """What is offered says after how long; what is not says why, in the words that explain an empty column."""
    for each in connector.capabilities:
        if each.grain != "none":
            if not each.delay:
                yield f"`capabilities`: {each.offer} names no delay"
        elif not re.search(r"\w+ \w+", each.note):
            yield f"`capabilities`: {each.offer} is not offered and its note does not say why"
        elif each.delay or each.lookback:
            yield f"`capabilities`: {each.offer} is not offered and has a delay or a look-back"


def says_how_it_is_told(connector: Connector, _settings: Any) -> Iterator[str]:
    """What receives deliveries verifies them and opens them; streams without windows are read by key, or as files."""
    if receives(connector):
        for name in ("secrets", "verify", "delivery_key", "open"):
            if _is_inherited(connector, name):
                yield f"`capabilities` offers 'webhooks', and `{name}` is left as the contract has it"
    keyed = [stream.name for stream in connector.streams if stream.grain == "keyed"]
    if keyed and not receives(connector) and all(_is_inherited(connector, name) for name in ("fetch", "sheet", "open")):
        yield f"nothing reads the stream {keyed[0]}: it is `keyed`, and there is no `fetch`"


def _is_inherited(connector: Connector, name: str) -> bool:
    return getattr(type(connector), name) is getattr(Connector, name)


def lets_no_unknown_field_in(connector: Connector, _settings: Any) -> Iterator[str]:
    """What a door does not name stays outside."""
    for stream in connector.streams:
        passed = stream.door({"canary_field": CANARY, "id": "1"}, lambda _kind, _value: "hash")
        if CANARY in str(passed):
            yield f"the stream {stream.name} lets a field in that its door does not name"


def names_its_hosts(connector: Connector, settings: Any) -> Iterator[str]:
    """What it connects to are roles with one address or more each, and an account has a name."""
    try:
        hosts = dict(connector.hosts(settings))
        account = connector.account(settings)
    except Exception as error:
        yield f"`hosts` or `account` raised {kind_and_place(error)}"
        return
    for role, bases in hosts.items():
        if not isinstance(bases, tuple | list) or not all(isinstance(base, str) for base in bases):
            yield f"`hosts` gives for {role!r} no tuple of addresses"
    if not isinstance(account, str) or not account:
        yield "`account` must be a text that is not empty"


def refuses_what_nobody_signed(connector: Connector, settings: Any) -> Iterator[str]:
    """A delivery that no secret signed is refused and nothing is raised, whatever its bytes."""
    for delivery, secrets in _unsigned():
        yield from accepted(connector, settings, delivery, secrets)


def accepted(connector: Connector, settings: Any, delivery: Delivery, secrets: Sequence[bytes]) -> Iterator[str]:
    """Yield how a connector takes a delivery that none of the secrets signed, unless it refuses it."""
    try:
        if connector.verify(delivery, settings, secrets) is not False:
            yield f"`verify` accepts a delivery that nobody signed: {delivery!r}"
    except Exception as error:
        yield f"`verify` raised {kind_and_place(error)}, for {delivery!r}"


def knows_a_delivery_again(connector: Connector, _settings: Any) -> Iterator[str]:
    """A connector that receives deliveries names each by what stays the same when it is sent again."""
    if receives(connector):
        for delivery, _ in _unsigned():
            yield from mistaken(connector, delivery)


def receives(connector: Connector) -> bool:
    """Say whether a connector says that it receives deliveries."""
    return any(each.offer == "webhooks" and each.grain != "none" for each in connector.capabilities)


def mistaken(connector: Connector, delivery: Delivery) -> Iterator[str]:
    """Yield how a connector does not know a delivery again that is sent a second time."""
    try:
        first, again = (connector.delivery_key(delivery._replace(received_at=at)) for at in (1.0, 2.0))
    except Exception as error:
        yield f"`delivery_key` raised {kind_and_place(error)}, for {delivery!r}"
        return
    if not first or first != again:
        yield f"`delivery_key` is empty, or another for the same delivery: {delivery!r}"


def understands(connector: Connector, settings: Any, delivery: Delivery) -> Iterator[str]:
    """A delivery that the platform signed is accepted, refused once a byte of it is another, and opened."""
    shown = f"{delivery.body[:80]!r}"
    try:
        secrets = connector.secrets(settings)
        if not isinstance(secrets, tuple) or not all(isinstance(secret, bytes) for secret in secrets):
            yield "`secrets` must give a tuple of bytes (`signatures.held`)"
            return
        if connector.verify(delivery, settings, secrets) is not True:
            yield f"`verify` refuses a delivery that is signed: {shown}"
        for changed in (delivery.body + b" ", b"x" + delivery.body[1:]):
            if connector.verify(delivery._replace(body=changed), settings, secrets) is not False:
                yield f"`verify` accepts a body that is not the one that was signed: {changed[:80]!r}"
        opened: object = connector.open(delivery, settings)
    except Exception as error:
        yield f"`secrets`, `verify` or `open` raised {kind_and_place(error)}: {error}, for {shown}"
        return
    if isinstance(opened, Opened):
        yield from _unreadable(connector, opened, shown)
    else:
        yield f"`open` gives no `Opened`, for {shown}"


def _unreadable(connector: Connector, opened: Opened, shown: str) -> Iterator[str]:
    """Yield what of an opened delivery nobody would read."""
    streams = {stream.name for stream in connector.streams}
    for name in (ref.stream for ref in opened.refs):
        if name not in streams:
            yield f"`open` names the stream {name!r}, and there is none of that name, for {shown}"
        elif _is_inherited(connector, "fetch"):
            yield f"`open` asks for a key of {name}, and there is no `fetch`, for {shown}"
    for record in opened.records:
        if record.stream not in streams:
            yield f"`open` gives a record of the stream {record.stream!r}, and there is none of that name, for {shown}"


PROMISES: tuple[Promise, ...] = (
    keeps_the_contract,
    answers_each_offer,
    says_what_it_wants,
    explains_what_is_missing,
    says_how_it_is_told,
    lets_no_unknown_field_in,
    names_its_hosts,
    refuses_what_nobody_signed,
    knows_a_delivery_again,
)


class _AnyHeader(dict[str, str]):
    """Headers of which each that is looked for is there and says the same."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def __missing__(self, _: str) -> str:
        return self.text

    def __contains__(self, _: object) -> bool:
        return True

    def get(self, *_: Any) -> Any:
        return self.text

    def __repr__(self) -> str:
        return f"every header {self.text!r}"


def _unsigned() -> Iterator[tuple[Delivery, tuple[bytes, ...]]]:
    """Yield deliveries that nobody signed, the same ones each time, and secrets that could have signed them."""
    yield Delivery({}, b"{}", 0.0), ()
    yield Delivery({}, b"", 0.0), (b"a secret",)
    chance = random.Random(7)  # noqa: S311  # the same deliveries each time are the point
    latin = "".join(map(chr, range(256)))
    for _ in range(DELIVERIES):
        alphabet = chance.choice((latin, string.hexdigits, string.printable))
        text = "".join(chance.choices(alphabet, k=chance.choice((0, 1, 44, 64, 88))))
        body = chance.choice((b"{}", b"[]", b"null", b'{"topic": 1}', chance.randbytes(chance.randrange(200))))
        yield Delivery(_AnyHeader(text), body, 0.0), tuple(chance.randbytes(32) for _ in range(chance.randrange(3)))
