"""Golden files: the facts that a sample must give lie beside it.

A sample is `tests/samples/CONNECTOR/STREAM/CASE.json`: the body of a record as its connector hands it out, before the
door; or that `body` beside `key`, `version`, `observed_at` (microseconds), `zone` and `account`, where they matter. It
goes through the stream's door, with a hasher that shows what was hashed as what, and through the normalizer. Beside it
lies `CASE.facts.json`: the facts, or why the record is unfit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jalon import registry
from jalon.connectors.base import Stream
from jalon.normalize.vocabulary import KINDS, Context, Fact, Instant, Raw, Unfit
from jalon.store.facts import columns_of

SAMPLES = Path(__file__).parent / "samples"
OBSERVED = 1_764_000_000_000_000
"""When a sample was read if it does not say: 2025-11-24 16:00 UTC."""
NAMES = {row: name for name, row in KINDS.items()}


class Sample(NamedTuple):
    connector: str
    stream: str
    path: Path

    @property
    def facts(self) -> Path:
        return self.path.with_suffix(".facts.json")

    def __str__(self) -> str:
        return f"{self.connector}/{self.stream}/{self.path.stem}"


def samples(connector: str) -> list[Sample]:
    """Return the samples of a connector, by stream and case."""
    paths = sorted(path for path in (SAMPLES / connector).glob("*/*.json") if not path.name.endswith(".facts.json"))
    return [Sample(connector, path.parent.name, path) for path in paths]


def derive(sample: Sample) -> list[dict[str, Any]]:
    """Return what a sample gives, as it stands in a golden file. Raises `Misfit` for types or words that are wrong."""
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
    context = Context(ZoneInfo(given.get("zone", "UTC")), given.get("account", {}))
    try:
        facts = list(registry.normalizer(sample.connector)(raw, context))
        columns_of(facts)
        return [*_shown(facts)]
    except Unfit as unfit:
        return [{"unfit": unfit.reason, "detail": unfit.detail}]


def stream(sample: Sample) -> Stream:
    """Return the stream of a sample. Raises `LookupError` if its connector has none of that name."""
    return next(one for one in registry.connector(sample.connector).streams if one.name == sample.stream)


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
