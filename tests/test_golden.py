"""Every sample of every installed connector gives the facts that lie beside it; `make accept` writes them anew."""

from __future__ import annotations

import pytest

from jalon import registry
from tests import golden
from tests.golden import Sample

ALL = [sample for name in registry.names() for sample in golden.samples(name)]


@pytest.mark.parametrize("sample", ALL, ids=str)
def test_a_sample_gives_its_facts_each_time(sample: Sample, accept: bool) -> None:
    if accept:
        sample.facts.write_text(golden.written(golden.derive(sample)))
    assert list(golden.differs(sample)) == []


@pytest.mark.parametrize("name", registry.names())
def test_every_stream_has_a_sample(name: str) -> None:
    streams = {stream.name for stream in registry.connector(name).streams}
    assert {sample.stream for sample in golden.samples(name)} == streams


def test_no_golden_file_is_left_without_its_sample() -> None:
    expected = {sample.facts for sample in ALL}
    left = set(golden.SAMPLES.rglob("*.facts.json")) - expected
    assert not left
