"""XML from outside: refused or read, always soon, never more."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import bpmn
from engine.bpmn.source import MAX_BYTES
from engine.errors import BihuanError, FaultsFound
from tests.patience import soon

DIAGRAMS = sorted((Path(__file__).parents[2] / "apps" / "bpmn").glob("*.bpmn"))
OLD = sorted((Path(__file__).parents[2] / "apps" / "situations").glob("*.bpmn"))


def code_of(xml: bytes) -> str | None:
    with pytest.raises(FaultsFound) as raised:
        bpmn.parse(xml)
    return raised.value.faults[0].code


def test_a_doctype_is_refused_with_or_without_entities() -> None:
    assert code_of(b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>') == "doctype-refused"
    assert code_of(b"<!DOCTYPE x><x/>") == "doctype-refused"


def test_entities_that_multiply_do_not_multiply() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 20}">' for n in range(1, 12))
    with soon():
        assert code_of(f'<!DOCTYPE x [<!ENTITY a0 "lol">{entities}]><x>&a11;</x>'.encode()) == "doctype-refused"


def test_what_is_too_large_too_deep_or_too_much_is_refused(document: Callable[..., bytes]) -> None:
    assert code_of(b"<x>" + b" " * MAX_BYTES + b"</x>") == "too-large"
    assert code_of(b"<x>" * 200 + b"</x>" * 200) == "too-deep"
    assert code_of(document("<bpmn:task/>" * 70_000)) == "too-many-elements"


def test_what_is_no_bpmn_is_refused() -> None:
    assert code_of(b"") == "xml-malformed"
    assert code_of(b"<html/>") == "not-bpmn"
    assert code_of(b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>') == "no-process"


def test_a_chain_of_a_thousand_tasks_is_read_and_run(document: Callable[..., bytes], walk: Callable) -> None:
    flows = "".join(f'<bpmn:sequenceFlow id="f{n}" sourceRef="t{n}" targetRef="t{n + 1}"/>' for n in range(1000))
    tasks = "".join(f'<bpmn:task id="t{n}"/>' for n in range(1001))
    with soon():
        case = walk(tasks + flows)
        assert case.start().ended


def test_subprocesses_may_be_nested_as_deep_as_elements_may(walk: Callable) -> None:
    depth = 80
    body = (
        "".join(f'<bpmn:subProcess id="s{n}">' for n in range(depth))
        + '<bpmn:task id="t"/>'
        + "</bpmn:subProcess>" * depth
    )
    assert walk(body).start().ended


def try_parse(xml: bytes) -> None:
    with soon():
        with contextlib.suppress(BihuanError):
            bpmn.parse(xml)
        for tried in (bpmn.convert, bpmn.shown):
            with contextlib.suppress(BihuanError):
                tried(xml)


def damaged(whole: bytes, random: Random, rounds: int) -> bytes:
    xml = bytearray(whole)
    pieces = [
        b'id=""',
        b"<",
        b"=",
        b'sourceRef="f"',
        b"</bpmn:task>",
        b"\x00",
        b"&#x0;",
        b"tns:",
        b'isSequential="true"',
    ]
    for _ in range(rounds):
        at = random.randrange(len(xml))
        choice = random.randrange(4)
        if choice == 0:
            del xml[at : at + random.randrange(1, 60)]
        elif choice == 1:
            xml[at:at] = random.choice(pieces)
        elif choice == 2:
            other = random.randrange(len(xml))
            xml[at : at + 20] = xml[other : other + 40]
        else:
            xml[at] = random.randrange(256)
    return bytes(xml)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(index=st.integers(0, len(DIAGRAMS) - 1), seed=st.integers(0, 2**30), rounds=st.integers(1, 8))
def test_damaged_diagrams_are_read_or_refused(index: int, seed: int, rounds: int) -> None:
    try_parse(damaged(DIAGRAMS[index].read_bytes(), Random(seed), rounds))


WORDS = [
    "process", "startEvent", "endEvent", "task", "userTask", "subProcess", "transaction", "adHocSubProcess", "callActivity",
    "boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent", "exclusiveGateway", "eventBasedGateway",
    "sequenceFlow", "timerEventDefinition", "messageEventDefinition", "linkEventDefinition", "compensateEventDefinition",
    "multiInstanceLoopCharacteristics", "association", "laneSet", "lane", "flowNodeRef", "extensionElements", "message",
    "documentation", "conditionExpression", "dataObjectReference", "timeCycle", "complexGateway",
]  # fmt: skip
NAMES = [
    "id",
    "name",
    "sourceRef",
    "targetRef",
    "attachedToRef",
    "default",
    "messageRef",
    "triggeredByEvent",
    "isForCompensation",
]


def element(random: Random, depth: int) -> str:
    tag = random.choice(WORDS)
    given = {
        name: random.choice([f"n{random.randrange(30)}", "true", "", "x:n1", "=1", "${x}"])
        for name in random.sample(NAMES, 3)
    }
    given["id"] = f"n{random.randrange(1000)}"
    attributes = "".join(f' {name}="{value}"' for name, value in given.items())
    inside = (
        "".join(element(random, depth - 1) for _ in range(random.randrange(4)))
        if depth
        else random.choice(["", "a", "=x"])
    )
    return f"<bpmn:{tag}{attributes}>{inside}</bpmn:{tag}>"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**30), native=st.booleans())
def test_nonsense_made_of_bpmn_words_is_read_or_refused(
    document: Callable[..., bytes], seed: int, native: bool
) -> None:
    random = Random(seed)
    body = "".join(element(random, 4) for _ in range(6))
    try_parse(document(body, element(random, 1), ' zeebe:mark=""' if native else ""))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(xml: bytes) -> None:
    with pytest.raises(FaultsFound):
        bpmn.parse(xml)


def test_many_faults_and_many_flows_are_told_soon(document: Callable[..., bytes]) -> None:
    flows = "".join(
        f'<bpmn:sequenceFlow id="f{n}" sourceRef="a" targetRef="b"><bpmn:conditionExpression>x &gt;</bpmn:conditionExpression></bpmn:sequenceFlow>'
        for n in range(12_000)
    )
    with soon():
        with pytest.raises(FaultsFound) as raised:
            bpmn.parse(document(f'<bpmn:task id="a"/><bpmn:task id="b"/>{flows}', "", ' zeebe:mark=""'))
        assert len(raised.value.faults) == 12_000


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(index=st.integers(0, len(OLD) - 1), seed=st.integers(0, 2**30), rounds=st.integers(1, 8))
def test_damaged_models_of_older_engines_are_converted_and_drawn_or_refused(index: int, seed: int, rounds: int) -> None:
    xml = damaged(OLD[index].read_bytes(), Random(seed), rounds)
    with soon(), contextlib.suppress(BihuanError):
        made, _notes = bpmn.convert(xml)
        with contextlib.suppress(FaultsFound):
            again = bpmn.parse(made)
            assert again.processes
        assert bpmn.shown(made) == made, "what was drawn once is whole"


def test_a_wide_model_without_drawing_is_drawn_soon(document: Callable[..., bytes]) -> None:
    tasks = "".join(f'<bpmn:task id="t{n}"/>' for n in range(1000))
    flows = "".join(f'<bpmn:sequenceFlow id="f{n}" sourceRef="g" targetRef="t{n}"/>' for n in range(1000))
    with soon():
        assert bpmn.shown(document(f'<bpmn:parallelGateway id="g"/>{tasks}{flows}')).count(b"BPMNShape ") == 1001
