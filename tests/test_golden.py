"""Every sample of every installed connector gives the facts that lie beside it; `make accept` writes them anew."""

from __future__ import annotations

import json

import pytest

from jalon import registry
from tests import golden
from tests.golden import Sample

ALL = [sample for name in registry.names() for sample in golden.samples(name)]


@pytest.mark.parametrize("sample", ALL, ids=str)
def test_a_sample_gives_its_facts(sample: Sample, accept: bool) -> None:
    facts = golden.derive(sample)
    if accept:
        sample.facts.write_text(golden.written(facts))
    assert sample.facts.is_file(), "there is no golden file: look at the facts, then run `make accept`"
    assert facts == json.loads(sample.facts.read_text())


@pytest.mark.parametrize("name", registry.names())
def test_every_stream_has_a_sample(name: str) -> None:
    streams = {stream.name for stream in registry.connector(name).streams}
    assert {sample.stream for sample in golden.samples(name)} == streams


@pytest.mark.parametrize("sample", ALL, ids=str)
def test_the_same_record_gives_the_same_facts(sample: Sample) -> None:
    assert golden.derive(sample) == golden.derive(sample)


def test_no_golden_file_is_left_without_its_sample() -> None:
    expected = {sample.facts for sample in ALL}
    left = set(golden.SAMPLES.rglob("*.facts.json")) - expected
    assert not left
