"""Templates and shapes: data that fits together, examples that are read, a schema that says what the door says."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from jalon.connectors.files.values import fold
from jalon.connectors.templates.doors import MISPLACED, door_of
from jalon.connectors.templates.fields import Shape, key_of
from jalon.connectors.templates.schema import schema
from jalon.connectors.templates.shapes import CHANNELS, SHAPES, TYPES
from jalon.connectors.templates.tables import TEMPLATES, Template
from jalon.connectors.templates.versions import version_of
from jalon.normalize.channels import CHANNELS as KNOWN_CHANNELS
from jalon.normalize.form_events import AMOUNTS, COUNTS, TELLABLE
from jalon.normalize.shapes import READERS, facts
from jalon.normalize.vocabulary import Context, Instant, Raw, Unfit
from tests.golden import SAMPLES, samples

BODY = Draft202012Validator(schema())


def hashed(kind: str, value: str) -> str:
    return f"hash of {kind}"


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda each: each.name)
def test_a_template_speaks_of_fields_that_there_are(template: Template) -> None:
    known = {field.name: field for field in template.shape.fields}
    for said in (template.heads, template.constants, template.words, template.required):
        assert set(said) <= set(known)
    for heads in template.heads.values():
        assert heads.split() == [fold(head) for head in heads.split()], "heads are written folded"
    for name, words in template.words.items():
        assert known[name].kind == "code" or set(words.values()) <= set(known[name].words)
    for name, value in template.constants.items():
        assert not known[name].words or value in known[name].words


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda each: each.name)
def test_no_head_means_two_fields(template: Template) -> None:
    """Of the heads that are listed; a field's own name may be another one's head, and then stands above it."""
    heads = [head for name, listed in template.heads.items() for head in {*listed.split()} - {name}]
    own = {field.name for field in template.shape.fields}
    assert not {head for head in heads if heads.count(head) > 1} - own - {"type", "id"}


def test_the_shapes_and_their_meaning_know_each_other() -> None:
    assert set(SHAPES) == set(READERS)
    figures = {field.name for field in SHAPES["figures"].fields}
    assert {*COUNTS, *AMOUNTS} <= figures
    kinds = next(field for field in SHAPES["touchpoints"].fields if field.name == "kind")
    assert set(kinds.words) == set(TELLABLE)
    for shape in SHAPES.values():
        named = {*shape.key, *(name for need in shape.needs for name in need)}
        assert named <= {field.name for field in shape.fields}
    assert set(CHANNELS) == set(KNOWN_CHANNELS)


EVENTS: dict[str, dict[str, Any]] = {
    "order": {"order_id": "1", "platform": "phone", "placed_at": "2026-11-20", "currency": "EUR"},
    "touchpoint": {"platform": "mailing", "occurred_at": "2026-11-20", "kind": "question"},
    "answer": {"platform": "kiosk", "survey": "nps", "answered_at": "2026-11-20"},
}
"""What is needed of each type of event whatever else is told."""


@pytest.mark.parametrize(
    ("type", "more", "is_fit"),
    [
        ("order", {"total": "5"}, False),
        ("order", {"total": "5", "channel": "mobile"}, True),
        ("order", {"goods": "5", "channel": "mobile"}, True),
        ("order", {"channel": "mobile"}, False),
        ("order", {"total": "5", "platform": "till"}, True),
        ("order", {"total": "5", "platform": "instagram"}, True),
        ("touchpoint", {}, False),
        ("touchpoint", {"channel": "email"}, True),
        ("touchpoint", {"landing_page": "https://shop.example/"}, True),
        ("answer", {}, False),
        ("answer", {"score": 9}, True),
        ("answer", {"choice": "won"}, True),
    ],
)
def test_the_schema_says_of_the_least_events_what_becomes_of_them(
    type: str, more: dict[str, Any], is_fit: bool
) -> None:
    data = {**EVENTS[type], **more}
    assert BODY.is_valid({"type": type, "data": data}) is is_fit
    shape = TYPES[type]
    through = door_of(shape)(data, hashed)
    raw = Raw("hook", shape.name, "k", 0, Instant(0), 1, through)
    if is_fit:
        assert facts(raw, Context(ZoneInfo("UTC"), {}))
    else:
        with pytest.raises(Unfit) as refused:
            facts(raw, Context(ZoneInfo("UTC"), {}))
        assert refused.value.reason == "missing_field"


def test_the_schema_is_one_and_takes_what_the_samples_hold() -> None:
    Draft202012Validator.check_schema(schema())
    types = {shape.name: shape.type for shape in SHAPES.values()}
    taken = refused = 0
    for sample in samples("hook"):
        event = {"type": types[sample.stream], "data": json.loads(sample.path.read_text())["body"]}
        is_fit = "unfit" not in json.loads(sample.facts.read_text())[0]
        if is_fit:
            BODY.validate(event)
            BODY.validate([event, event])
            taken += 1
        else:
            refused += 1
    assert taken >= 10
    assert refused
    assert (SAMPLES / "hook").is_dir()


@pytest.mark.parametrize(
    "event",
    [
        {"type": "order"},
        {"type": "orders", "data": {}},
        {"type": "answer", "data": {"platform": "k", "survey": "nps", "answered_at": "yesterday"}},
        {"type": "answer", "data": {"platform": "k", "survey": "poll", "answered_at": "2026-11-20"}},
        {"type": "figures", "data": {"platform": "k", "start": "2026-11-20", "clicks": -1}},
        {"type": "figures", "data": {"platform": "k", "start": "2026-11-20", "spend": 1.5}},
        [{"type": "identity", "data": "ada@example.org"}],
    ],
)
def test_the_schema_refuses_what_would_be_refused(event: Any) -> None:
    assert not BODY.is_valid(event)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=lambda each: each.name)
def test_a_door_lets_no_person_and_no_unknown_field_through(shape: Any) -> None:
    body = {field.name: "ada@example.org" for field in shape.fields} | {"note": "canary"}
    through = door_of(shape)(body, hashed)
    assert "ada@" not in json.dumps(through)
    assert "note" not in through
    assert {name for name, value in through.items() if value == "hash of email"} <= {"email"}


def test_the_customer_of_one_system_is_not_the_customer_of_another() -> None:
    door = door_of(SHAPES["touchpoints"])
    seen = [
        door({"customer": "17", **of}, lambda kind, value: f"{kind}:{value}")["customer"]
        for of in ({}, {"customer_of": "forum"}, {"customer_of": "shopify_customer"}, {"customer_of": "no kind!"})
    ]
    assert seen == ["customer:17", "forum:17", "shopify_customer:17", "customer:17"]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_a_door_takes_whatever_stands_in_a_field(value: Any) -> None:
    for shape in SHAPES.values():
        through = door_of(shape)({field.name: value for field in shape.fields}, hashed)
        assert set(through) <= {field.name for field in shape.fields}


def test_text_of_persons_is_not_kept_where_a_code_belongs() -> None:
    through = door_of(SHAPES["answers"])({"choice": "It was too dear for me", "question": "Why?"}, hashed)
    assert through == {"question": "Why?", "choice": MISPLACED}


def test_keys_of_tills_do_not_run_into_each_other() -> None:
    orders = SHAPES["orders"]
    keys = [
        key_of(orders, {"till_id": till, "order_id": order})
        for till, order in (("1", "2|3"), ("1|2", "3"), ("", "1|2|3"))
    ]
    assert len(set(keys)) == 3
    assert key_of(orders, {"platform": "till", "till_id": 1, "order_id": 2}) == "till|1|2"
    assert key_of(SHAPES["touchpoints"], {"platform": "x"}) is None


@pytest.mark.parametrize("shape", [shape for shape in SHAPES.values() if shape.key], ids=lambda shape: shape.name)
def test_two_systems_that_count_alike_do_not_run_into_each_other(shape: Shape) -> None:
    told = dict.fromkeys(shape.key, "1001")
    keys = {key_of(shape, {**told, "platform": name, "survey": "nps"}) for name in ("till", "phone", "till|1", "ti")}
    assert len(keys) == 4


def test_two_surveys_that_count_alike_do_not_run_into_each_other() -> None:
    told = {"platform": "survey", "answer_id": "1"}
    assert len({key_of(SHAPES["answers"], {**told, "survey": name}) for name in ("nps", "review")}) == 2


@pytest.mark.parametrize(
    ("changed", "version"),
    [
        ("2026-11-20T10:00:00Z", 1_795_168_800_000_000),
        ("2026-11-20T11:00:00+01:00", 1_795_168_800_000_000),
        ("2026-11-20", 1_795_132_800_000_000),
        ("yesterday", 0),
        (None, 0),
        (17, 0),
        ("0001-01-01T00:00:00+14:00", 0),
    ],
)
def test_a_version_is_when_the_record_changed(changed: Any, version: int) -> None:
    assert version_of(changed) == version


def test_types_are_named_once() -> None:
    assert len(TYPES) == len(SHAPES)
