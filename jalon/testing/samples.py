"""Golden files: the facts that a sample must give lie beside it.

A sample is `SAMPLES/STREAM/CASE.json`: the body of a record as its connector hands it out, before the door; or that
`body` beside `key`, `version`, `observed_at` (microseconds), `zone` and `account`, where they matter. It goes through
the stream's door, with a hasher that shows what was hashed as what, and through the normalizer. Beside it lies
`CASE.facts.json`: the facts, or why the record is unfit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jalon import registry
from jalon.connectors.base import Connector, Stream
from jalon.errors import kind_and_place
from jalon.normalize.vocabulary import KINDS, Context, Fact, Instant, Raw, Unfit
from jalon.store.columns import Misfit
from jalon.store.facts import columns_of

OBSERVED = 1_764_000_000_000_000
"""When a sample was read if it does not say: 2025-11-24 16:00 UTC."""
FACTS = ".facts.json"
NAMES = {row: name for name, row in KINDS.items()}


class UnknownStream(LookupError):
    """A sample lies in a folder that is called like no stream of its connector."""


class Sample(NamedTuple):
    """A record, whose it is, and of which stream."""

    connector: Connector
    stream: str
    path: Path

    @property
    def facts(self) -> Path:
        """Where the facts lie that it must give."""
        return self.path.with_suffix(FACTS)

    def __str__(self) -> str:
        return f"{self.connector.name}/{self.stream}/{self.path.stem}"


def samples(connector: Connector, folder: Path) -> list[Sample]:
    """Return the samples of a connector, by stream and case."""
    paths = sorted(path for path in folder.glob("*/*.json") if not path.name.endswith(FACTS))
    return [Sample(connector, path.parent.name, path) for path in paths]


def derive(sample: Sample) -> list[dict[str, Any]]:
    """Return what a sample gives, as it stands in a golden file.

    Raises `Misfit` for facts of other types or words than the vocabulary's, or whose keys do not tell them apart,
    `UnknownStream`, and what the normalizer raises.
    """
    raw, context = stored(sample)
    try:
        found: Any = registry.normalizer_of(sample.connector)(raw, context)
        facts = None if found is None else list(found)
    except Unfit as unfit:
        return [{"unfit": unfit.reason, "detail": unfit.detail}]
    if facts is None:
        raise Misfit("the normalizer gave nothing: it must yield or return its facts")
    columns_of(facts)
    _check_heads(raw, facts)
    return [*_shown(facts)]


def _check_heads(raw: Raw, facts: list[Fact]) -> None:
    """Raise `Misfit` for a fact that is not headed as one of its record, and for two of a kind with one key."""
    met = set()
    for fact in facts:
        name = f"{NAMES[type(fact)]} {fact.key!r}"
        if (fact.source, fact.observed_at, fact.inbox_id) != (raw.source, raw.observed_at, raw.inbox_id):
            raise Misfit(f"{name} does not begin with the record's own source, time and row (`normalize.records.head`)")
        if name in met:
            raise Misfit(f"{name} comes twice: of two facts of a kind with one key only one would stay")
        met.add(name)


def stored(sample: Sample) -> tuple[Raw, Context]:
    """Return the record of a sample as it stands in the inbox, and what its normalizer is told beside it."""
    read = json.loads(sample.path.read_text())
    given = read if "body" in read else {"body": read}
    body = stream(sample).door(given["body"], lambda kind, value: f"hashed {kind}: {value}")
    raw = Raw(
        source="shop",
        stream=sample.stream,
        key=given.get("key", sample.path.stem),
        version=given.get("version", 0),
        observed_at=Instant(given.get("observed_at", OBSERVED)),
        inbox_id=1,
        body=json.loads(json.dumps(body)),
    )
    return raw, Context(ZoneInfo(given.get("zone", "UTC")), given.get("account", {}))


def stream(sample: Sample) -> Stream:
    """Return the stream of a sample. Raises `UnknownStream` if its connector has none of that name."""
    for one in sample.connector.streams:
        if one.name == sample.stream:
            return one
    raise UnknownStream(f"{sample.connector.name} has no stream {sample.stream}")


def unlike(connector: Connector, folder: Path) -> list[str]:
    """Return what of a connector's samples is not as it should be, in words; empty: all is.

    Each stream has a sample, each sample gives the facts that lie beside it, twice the same, and no facts lie alone.
    """
    found = samples(connector, folder)
    there = {sample.stream for sample in found}
    wrong = [f"the stream {each.name} has no sample" for each in connector.streams if each.name not in there]
    wrong += [f"{sample}: {why}" for sample in found for why in differs(sample)]
    alone = set(folder.glob(f"*/*{FACTS}")) - {sample.facts for sample in found}
    return wrong + [f"{path.relative_to(folder)} lies there without its sample" for path in sorted(alone)]


def differs(sample: Sample) -> Iterator[str]:
    """Yield how a sample's facts are not those that lie beside it."""
    try:
        stream(sample)
        facts, again = derive(sample), derive(sample)
        told = json.loads(sample.facts.read_text()) if sample.facts.is_file() else None
    except (Misfit, UnknownStream) as error:
        yield str(error)
        return
    except Exception as error:
        yield f"gives no facts: {kind_and_place(error)}: {error}"
        return
    if facts != again:
        yield "the same record gives other facts the second time"
    if told is None:
        yield f"there is no {sample.facts.name}: look at the facts, then `accept` them"
    elif facts != told:
        yield f"gives other facts than lie beside it: {_first_difference(told, facts)}"


def _first_difference(told: list[dict[str, Any]], facts: list[dict[str, Any]]) -> str:
    """Name the first field that differs."""
    for number, (was, now) in enumerate(zip(told, facts, strict=False)):
        for name in {**was, **now}:
            if was.get(name) != now.get(name):
                return f"fact {number}, {name}: {was.get(name)!r} lies there, {now.get(name)!r} is given"
    return f"{len(told)} facts lie there, {len(facts)} are given"


def accept(connector: Connector, folder: Path) -> list[Path]:
    """Write the facts that the samples give beside them, and return what has changed. Raises as `derive` does."""
    changed = []
    for sample in samples(connector, folder):
        text = written(derive(sample))
        if not sample.facts.is_file() or sample.facts.read_text() != text:
            sample.facts.write_text(text)
            changed.append(sample.facts)
    return changed


def _shown(facts: Any) -> Iterator[dict[str, Any]]:
    for fact in facts:
        yield {"fact": NAMES[type(fact)], **_fields(fact)}


def _fields(fact: Fact) -> dict[str, Any]:
    """Return a fact's fields as JSON; what is the same in all samples is left out."""
    fields = {name: _plain(value) for name, value in fact._asdict().items()}
    return {name: value for name, value in fields.items() if name not in {"source", "inbox_id", "observed_at"}}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else list(value) if isinstance(value, tuple) else value


def written(facts: list[dict[str, Any]]) -> str:
    """Return the text of a golden file."""
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
