"""Whatever models of older engines hold stands in the converted file and in the parsed process: nothing is lost."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import re
from random import Random
from typing import Any
from xml.sax.saxutils import quoteattr

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from engine import bpmn
from engine.bpmn.process import FLOW_NODES, Process
from engine.bpmn.source import local
from engine.errors import FaultsFound

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:flowable="http://flowable.org/bpmn" xmlns:activiti="http://activiti.org/bpmn" targetNamespace="t">'
    '<message id="m1" name="letter"/><message id="m2" name="${topic}"/><signal id="g1" name="alarm"/>'
    '<error id="r1" errorCode="bad"/><escalation id="x1" escalationCode="up"/>'
)
VENDORS = ("camunda", "flowable", "activiti")
CONDITIONS = (
    "${a > 1}",
    "${!done}",
    "#{list.size() == 0}",
    "${execution.getVariable('b') eq 'x'}",
    "${a ge 1 and b lt 2}",
    "${!(a > b || list[i].name.equals('x')) && map[key] != null}",
    "${S(order).prop('sum').numberValue() * 2 % 3 == 1}",
)
TASKS = (
    (
        "userTask",
        ['{v}:assignee="${{who}}"', '{v}:candidateGroups="a, ${{b}}"', '{v}:formKey="f"', '{v}:dueDate="P3D"'],
    ),
    ("serviceTask", ['{v}:class="a.B"', '{v}:expression="${{bean.run(a)}}"', '{v}:delegateExpression="${{bean}}"']),
    (
        "serviceTask",
        ["{v}:expression=\"${{execution.setVariable('z', a + 1)}}\"", '{v}:expression="${{a}}" {v}:resultVariable="z"'],
    ),
    ("sendTask", ['{v}:class="a.B"', '{v}:type="mail"']),
    ("scriptTask", ['scriptFormat="groovy"', 'scriptFormat="juel" {v}:resultVariable="z"']),
    ("businessRuleTask", ['{v}:class="a.B"', 'camunda:decisionRef="d"']),
    ("receiveTask", ['messageRef="m1"', ""]),
    ("callActivity", ['calledElement="other"', 'calledElement="${{which}}"']),
    ("task", [""]),
    ("manualTask", [""]),
)
LISTENERS = (
    '<{v}:executionListener event="start" class="a.L"/>',
    '<{v}:executionListener event="end" expression="${{execution.setVariable(\'y\', 1)}}"/>',
    "<{v}:failedJobRetryTimeCycle>R3/PT1M</{v}:failedJobRetryTimeCycle>",
    '<camunda:inputOutput><camunda:inputParameter name="i">${{a}}</camunda:inputParameter></camunda:inputOutput>',
    '<{v}:executionListener event="start"><{v}:script scriptFormat="groovy">execution.setVariable("q", 1);\nexecution.setVariable("r", q)</{v}:script></{v}:executionListener>',
    '<{v}:executionListener event="end" expression="${{bean.tell(execution, 1)}}"/><{v}:skipped/>',
    '<camunda:inputOutput><camunda:inputParameter name="l-1"><camunda:list><camunda:value>${{a}}</camunda:value></camunda:list></camunda:inputParameter><camunda:outputParameter name="o">${{b}}</camunda:outputParameter></camunda:inputOutput>',
)
SCRIPT = '<script>execution.setVariable("a", 1)\nexecution.setVariable("b", a + 1)</script>'
DATA = '<dataObject id="{id}" name="d"><extensionElements><flowable:value>5</flowable:value></extensionElements></dataObject>'
TIMEOUT = (
    '<camunda:taskListener event="timeout" class="a.T"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
    "</timerEventDefinition></camunda:taskListener>"
)
LOOPS = (
    "<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality><completionCondition>${{nrOfCompletedInstances "
    "== 2}}</completionCondition></multiInstanceLoopCharacteristics>",
    '<multiInstanceLoopCharacteristics isSequential="true" {v}:collection="${{items}}" {v}:elementVariable="item"/>',
)
CATCHES = (
    '<messageEventDefinition messageRef="m1"/>',
    '<messageEventDefinition messageRef="m2"/>',
    '<signalEventDefinition signalRef="g1"/>',
    "<timerEventDefinition><timeDuration>${pause}</timeDuration></timerEventDefinition>",
    "<timerEventDefinition><timeCycle>0 0 12 * * ?</timeCycle></timerEventDefinition>",
    "<conditionalEventDefinition><condition>${a == 1}</condition></conditionalEventDefinition>",
)
BOUNDARIES = (*CATCHES[:4], '<errorEventDefinition errorRef="r1"/>', '<escalationEventDefinition escalationRef="x1"/>')
THROWS = (
    '<messageEventDefinition messageRef="m1" camunda:class="a.M"/>',
    '<signalEventDefinition signalRef="g1"/>',
    '<escalationEventDefinition escalationRef="x1"/>',
    "",
)
ENDS = (*THROWS, '<errorEventDefinition errorRef="r1"/>', "<terminateEventDefinition/>")


class Writing:
    """Writes a random model; `nodes` and the like are what must be found again."""

    def __init__(self, seed: int, size: int) -> None:
        self.random = Random(seed)
        self.nodes: dict[str, str] = {}
        self.events: dict[str, str] = {}
        self.conditions: set[str] = set()
        self.ends: dict[str, tuple[str, str]] = {}
        self.listened: set[str] = set()
        self.xml = f'{HEAD}<process id="p" isExecutable="true">{self.scope("p", size, 0)}</process></definitions>'

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices).format(v=self.random.choice(VENDORS))

    def scope(self, name: str, size: int, depth: int) -> str:
        inside = [self.node(f"{name}_{number}", size, depth) for number in range(self.random.randint(1, size))]
        start, end = f"{name}_start", f"{name}_end"
        self.nodes |= {start: "startEvent", end: "endEvent"}
        definition = self.pick(*(text.replace("{", "{{").replace("}", "}}") for text in ENDS))
        self._event(end, definition)
        data = DATA.format(id=f"{name}_data") if self.random.random() < 0.2 else ""
        parts = [data, f'<startEvent id="{start}"/>', *(xml for xml, _enter, _leave in inside)]
        parts.append(f'<endEvent id="{end}">{definition}</endEvent>')
        steps = [start, *(step for _xml, enter, _leave in inside for step in (enter,)), end]
        leaves = [start, *(leave for _xml, _enter, leave in inside)]
        for number, (source, target) in enumerate(zip(leaves, steps[1:], strict=True)):
            parts.append(self.flow(f"{name}_f{number}", source, target, is_free=source == start))
        return "".join(parts)

    def flow(self, id: str, source: str, target: str, is_free: bool = False) -> str:
        inside = ""
        if not is_free and self.random.random() < 0.2 and "Gateway" not in self.nodes[source]:
            self.conditions.add(id)
            condition = self.random.choice(CONDITIONS).replace("&", "&amp;").replace("<", "&lt;")
            inside = f"<conditionExpression>{condition}</conditionExpression>"
        if self.random.random() < 0.15:
            self.listened.add(id)
            listener = self.pick('<{v}:executionListener event="take" class="a.K"/>')
            inside = f"<extensionElements>{listener}</extensionElements>{inside}"
        self.ends[id] = (source, target)
        return f'<sequenceFlow id="{id}" sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'

    def node(self, id: str, size: int, depth: int) -> tuple[str, str, str]:
        kind = self.random.choice(["task"] * 4 + ["catch", "throw", "gateway"] + ["sub"] * (depth < 2))
        if kind == "gateway":
            return self.gateway(id)
        if kind in ("catch", "throw"):
            choices = CATCHES if kind == "catch" else THROWS
            definition = self.pick(*(text.replace("{", "{{").replace("}", "}}") for text in choices))
            tag = "intermediateCatchEvent" if kind == "catch" else "intermediateThrowEvent"
            self.nodes[id] = tag
            self._event(id, definition)
            return f'<{tag} id="{id}">{definition}</{tag}>', id, id
        if kind == "sub":
            self.nodes[id] = "subProcess"
            inside = self.scope(id, max(1, size // 2), depth + 1)
            return f'<subProcess id="{id}">{inside}</subProcess>{self.boundary(id)}', id, id
        tag, attributes = self.random.choice(TASKS)
        self.nodes[id] = tag
        extensions = [self.pick(*LISTENERS)] if self.random.random() < 0.4 else []
        if tag == "userTask" and self.random.random() < 0.3:
            extensions.append(TIMEOUT)
        body = f"<extensionElements>{''.join(extensions)}</extensionElements>" if extensions else ""
        body += self.random.choice(["<script>a</script>", SCRIPT]) if tag == "scriptTask" else ""
        body += self.pick(*LOOPS) if self.random.random() < 0.2 else ""
        name = quoteattr(f"步骤 {id}") if self.random.random() < 0.5 else '""'
        return f'<{tag} id="{id}" name={name} {self.pick(*attributes)}>{body}</{tag}>{self.boundary(id)}', id, id

    def boundary(self, host: str) -> str:
        if self.random.random() > 0.3:
            return ""
        id, handler = f"{host}_b", f"{host}_h"
        definition = self.random.choice(BOUNDARIES)
        self.nodes |= {id: "boundaryEvent", handler: "userTask"}
        self._event(id, definition)
        flow = self.flow(f"{id}_f", id, handler, is_free=True)
        return f'<boundaryEvent id="{id}" attachedToRef="{host}">{definition}</boundaryEvent><userTask id="{handler}"/>{flow}'

    def gateway(self, id: str) -> tuple[str, str, str]:
        tag = self.random.choice(["exclusiveGateway", "parallelGateway", "inclusiveGateway"])
        left, right, join = f"{id}_l", f"{id}_r", f"{id}_j"
        self.nodes |= {id: tag, join: tag, left: "userTask", right: "userTask"}
        flows = self.flow(f"{id}_1", id, left)
        self.ends[f"{id}_2"] = (id, right)
        condition = "<conditionExpression>${b}</conditionExpression>" if tag != "parallelGateway" else ""
        if condition:
            self.conditions.add(f"{id}_2")
        flows += f'<sequenceFlow id="{id}_2" sourceRef="{id}" targetRef="{right}">{condition}</sequenceFlow>'
        flows += self.flow(f"{id}_3", left, join, is_free=True) + self.flow(f"{id}_4", right, join, is_free=True)
        default = f' default="{id}_1"' if condition else ""
        drawn = f'<{tag} id="{id}"{default}/><userTask id="{left}"/><userTask id="{right}"/><{tag} id="{join}"/>'
        return drawn + flows, id, join

    def _event(self, id: str, definition: str) -> None:
        if definition:
            self.events[id] = definition[1:].split("EventDefinition")[0]


def leads_to(process: Process, id: str) -> str:
    """Where a flow ends: behind the steps that the import has put into it for listeners."""
    target = process.flows[id].target
    while target == f"{id}_taken" or target.endswith("_before"):
        target = process.nodes[target].outgoing[0].target
    return target


def require_all(written: Writing, process: Process) -> None:
    for id, kind in written.nodes.items():
        node = process.nodes[id]
        changed = {"serviceTask": {"serviceTask", "scriptTask", "task"}, "sendTask": {"sendTask", "task"}}.get(
            kind, {kind}
        )
        assert node.type in changed, (id, kind, node.type)
    for id in process.nodes.keys() - written.nodes.keys():
        assert re.fullmatch(r".*_(taken|before|timeout(_\d)?(_call)?)", id), "only what listens comes"
    for id, (source, target) in written.ends.items():
        assert (process.flows[id].source, leads_to(process, id)) == (source, target)
        assert (process.flows[id].condition is not None) == (id in written.conditions)
    assert {f"{id}_taken" for id in written.listened} <= process.nodes.keys()
    for id, kind in written.events.items():
        event = process.nodes[id].event
        assert event is not None, id
        assert event.kind == kind, (id, kind, event.kind)


def parsed(xml: bytes) -> tuple[Process | None, list[Any]]:
    try:
        return bpmn.parse(xml).processes["p"], []
    except FaultsFound as found:
        return None, list(found.faults)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_every_node_flow_condition_and_event_is_found_again(seed: int, size: int) -> None:
    written = Writing(seed, size)
    xml = written.xml.encode()
    straight = bpmn.parse(xml).processes["p"]
    require_all(written, straight)
    made, _notes = bpmn.convert(xml)
    again = bpmn.parse(made)
    require_all(written, again.processes["p"])
    assert again.processes["p"].nodes.keys() == straight.nodes.keys()
    assert again.processes["p"].flows.keys() == straight.flows.keys()
    root = etree.fromstring(made)
    standing = {str(item.get("id")) for item in root.iter(etree.Element) if local(item) in FLOW_NODES}
    shown = {item.get("bpmnElement") for item in root.iter(etree.Element) if str(item.tag).endswith("}BPMNShape")}
    assert standing == straight.nodes.keys()
    assert standing <= shown, "every node is drawn"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(0, 10**9))
def test_a_model_that_lacks_something_is_refused_or_keeps_the_rest(seed: int, size: int, cut: int) -> None:
    written = Writing(seed, size)
    root = etree.fromstring(written.xml)
    everything = [item for item in root.iter(etree.Element) if item.get("id") and local(item) not in ("process", "")]
    gone = everything[cut % len(everything)]
    gone.getparent().remove(gone)
    lost = {str(item.get("id")) for item in gone.iter(etree.Element) if item.get("id")}
    process, faults = parsed(etree.tostring(root))
    if process is None:
        assert faults
        assert all(fault.element for fault in faults), "each fault names its element"
        return
    assert {id for id in written.nodes if id not in lost} <= process.nodes.keys()
    assert {id for id in written.ends if id not in lost} <= process.flows.keys()
