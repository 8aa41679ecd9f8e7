"""The golden files of the connectors in this tree: `tests/samples/CONNECTOR/STREAM/CASE.json`; see `jalon.testing`."""

from __future__ import annotations

from pathlib import Path

from jalon import registry, testing
from jalon.normalize.vocabulary import KINDS
from jalon.testing import Sample, derive
from jalon.testing.samples import OBSERVED, differs, stream, written

__all__ = ["KINDS", "OBSERVED", "SAMPLES", "Sample", "derive", "differs", "samples", "stream", "written"]

SAMPLES = Path(__file__).parent / "samples"


def samples(connector: str) -> list[Sample]:
    """Return the samples of a connector, by stream and case."""
    return testing.samples(registry.connector(connector), SAMPLES / connector)
