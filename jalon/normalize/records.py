"""What every normalizer begins with: which stream is read how, and the header of a fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from jalon.normalize.times import local_date
from jalon.normalize.vocabulary import Context, Fact, Identity, Instant, Normalizer, Order, Raw, Unfit


def facts_of(raw: Raw, context: Context, streams: Mapping[str, Normalizer], title: str) -> Iterable[Fact]:
    """Return what the reader of the record's stream makes of it. Raises `Unfit`: `bad_record`, `unknown_stream`."""
    if not isinstance(raw.body, dict):
        raise Unfit("bad_record", "the record is not an object")
    reader = streams.get(raw.stream)
    if reader is None:
        raise Unfit("unknown_stream", f"{raw.stream!r} is no stream of {title}")
    return reader(raw, context)


def joined(*parts: str | None) -> str:
    """Return parts of a key as one text, from which they can be told: no other parts give the same."""
    return "|".join((part or "").replace("%", "%25").replace("|", "%7C") for part in parts)


def head(raw: Raw, key: str) -> tuple[str, str, int, Instant, int]:
    """Return the header of a fact with this key: the record's own source, version, time and row."""
    return raw.source, key, raw.version, raw.observed_at, raw.inbox_id


def one_person(raw: Raw, names: Sequence[str], evidence: str) -> Iterator[Identity]:
    """Yield that all of these hashes name one person, each as the first one's."""
    for other in names[1:]:
        yield Identity(*head(raw, f"{names[0]}={other}"), left=names[0], right=other, evidence=evidence)


def deleted_order(raw: Raw, context: Context, platform: str, order_id: str) -> Order:
    """Return an order taken back, of which its record tells no more than that it is deleted, and by its version when.

    Its lines and refunds mean nothing without it.
    """
    at = Instant(raw.version)
    return Order(
        *head(raw, order_id), platform=platform, order_id=order_id, placed_at=at,
        placed_date=local_date(at, context.zone), paid_at=None, cancelled_at=at, status="deleted",
        native_status="deleted", kind="sale", currency=context.account.get("currency", "XXX"), gross=0, discount=0,
        goods=0, shipping=0, tax=0, total=0, presentment_currency=None, presentment_total=None, person=None,
        selling_mode="communication", channel="site", removed=True,
    )  # fmt: skip
