"""A translated model opens in a modeler with every node and every flow; what was drawn stays where it was."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from lxml import etree

from engine import bpmn
from engine.bpmn.drawing import LINES, NODES, SHAPES
from engine.bpmn.layout import Box
from engine.bpmn.source import INTERCHANGE, MODEL, local

DIAGRAMS = sorted((Path(__file__).parents[2] / "apps" / "bpmn").glob("*.bpmn"))
HEAD = (
    f'<definitions xmlns="{MODEL}" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:flowable="http://flowable.org/bpmn" '
    f'xmlns:bpmndi="{INTERCHANGE}" xmlns:omgdc="{SHAPES}" xmlns:omgdi="{LINES}" targetNamespace="t">'
)
X = 'x="200"'
BODY = (
    '<process id="p" isExecutable="true"><startEvent id="s"/><userTask id="work"><extensionElements>'
    '<camunda:taskListener event="timeout" class="org.example.Remind"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></camunda:taskListener>'
    '</extensionElements></userTask><endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="work"/>'
    '<sequenceFlow id="f2" sourceRef="work" targetRef="e"><extensionElements><camunda:executionListener event="take" class="org.example.Note"/></extensionElements></sequenceFlow></process>'
)
DRAWN = (
    '<bpmndi:BPMNDiagram id="d"><bpmndi:BPMNPlane id="pl" bpmnElement="p">'
    '<bpmndi:BPMNShape id="s_di" bpmnElement="s"><omgdc:Bounds x="100" y="100" width="36" height="36"/></bpmndi:BPMNShape>'
    '<bpmndi:BPMNShape id="w_di" bpmnElement="work"><omgdc:Bounds x="200" y="80" width="100" height="80"/></bpmndi:BPMNShape>'
    '<bpmndi:BPMNShape id="e_di" bpmnElement="e"><omgdc:Bounds x="700" y="300" width="36" height="36"/></bpmndi:BPMNShape>'
    '<bpmndi:BPMNEdge id="f1_di" bpmnElement="f1"><omgdi:waypoint x="136" y="118"/><omgdi:waypoint x="200" y="120"/></bpmndi:BPMNEdge>'
    '<bpmndi:BPMNEdge id="f2_di" bpmnElement="f2"><omgdi:waypoint x="300" y="120"/><omgdi:waypoint x="718" y="120"/><omgdi:waypoint x="718" y="300"/></bpmndi:BPMNEdge>'
    "</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"
)


def boxes(root: etree._Element) -> dict[str, Box]:
    found = {}
    for shape in root.iter(f"{{{INTERCHANGE}}}BPMNShape"):
        bounds = shape.find(f"{{{SHAPES}}}Bounds")
        found[shape.get("bpmnElement")] = Box(*(float(bounds.get(name)) for name in ("x", "y", "width", "height")))
    return found


def lines(root: etree._Element) -> dict[str, list[tuple[float, float]]]:
    edges = root.iter(f"{{{INTERCHANGE}}}BPMNEdge")
    return {
        edge.get("bpmnElement"): [(float(p.get("x")), float(p.get("y"))) for p in edge.iter(f"{{{LINES}}}waypoint")]
        for edge in edges
    }


def elements(root: etree._Element, *names: str) -> Iterator[etree._Element]:
    return (item for item in root.iter(etree.Element) if local(item) in names)


def touches(box: Box, point: tuple[float, float]) -> bool:
    x, y = point
    return box.x - 1 <= x <= box.x + box.width + 1 and box.y - 1 <= y <= box.y + box.height + 1


def require_whole(root: etree._Element) -> None:
    shown, edges = boxes(root), lines(root)
    for node in elements(root, *NODES):
        assert node.get("id") in shown, node.get("id")
    for flow in elements(root, "sequenceFlow"):
        points = edges[flow.get("id")]
        assert touches(shown[flow.get("sourceRef")], points[0]), flow.get("id")
        assert touches(shown[flow.get("targetRef")], points[-1]), flow.get("id")


def test_nodes_that_the_import_adds_are_drawn_and_what_was_drawn_stays() -> None:
    xml, _notes = bpmn.convert(f"{HEAD}{BODY}{DRAWN}</definitions>".encode())
    root = etree.fromstring(xml)
    require_whole(root)
    shown = boxes(root)
    assert (shown["work"], shown["e"]) == (Box(200, 80, 100, 80), Box(700, 300, 36, 36))
    added = set(shown) - {"s", "work", "e"}
    assert added == {"f2_taken", "work_timeout", "work_timeout_call"}
    assert touches(shown["work"], shown["work_timeout"].middle), "a boundary event sits on its task"
    assert touches(shown["f2_taken"], lines(root)["f2"][-1])
    assert lines(root)["f2_on"][1:] == [(718, 120), (718, 300)], "the rest of the old line leads on"
    assert bpmn.parse(xml).processes["p"].nodes.keys() == {"s", "work", "e", *added}


def test_a_model_without_drawing_gets_one(tmp_path: Path) -> None:
    xml, _notes = bpmn.convert(f"{HEAD}{BODY}</definitions>".encode())
    require_whole(etree.fromstring(xml))


@pytest.mark.parametrize("path", DIAGRAMS, ids=[path.stem for path in DIAGRAMS])
def test_every_diagram_is_shown_whole_and_no_node_hides_another(path: Path) -> None:
    root = etree.fromstring(bpmn.shown(path.read_bytes()))
    require_whole(root)
    shown = boxes(root)
    for scope in elements(root, "process", "subProcess", "transaction", "adHocSubProcess"):
        inside = {item.get("id"): shown[item.get("id")] for item in scope if local(item) in NODES}
        outside = shown.get(scope.get("id"))
        for box in inside.values():
            assert outside is None or (
                touches(outside, (box.x, box.y)) and touches(outside, (box.x + box.width, box.y + box.height))
            )
        plain = {item.get("id") for item in scope if local(item) in NODES and local(item) != "boundaryEvent"}
        for one, other in combinations(sorted(plain & inside.keys()), 2):
            first, second = inside[one], inside[other]
            apart = first.x + first.width <= second.x or second.x + second.width <= first.x
            assert apart or first.y + first.height <= second.y or second.y + second.height <= first.y, (one, other)


def test_pools_are_drawn_around_their_processes() -> None:
    pools = '<collaboration id="c"><participant id="one" processRef="a"/><participant id="two" processRef="b"/><messageFlow id="mf" sourceRef="one" targetRef="two"/></collaboration>'
    processes = "".join(
        f'<process id="{id}" isExecutable="true"><startEvent id="{id}_s"/><userTask id="{id}_t"/><sequenceFlow id="{id}_f" sourceRef="{id}_s" targetRef="{id}_t"/></process>'
        for id in "ab"
    )
    root = etree.fromstring(bpmn.convert(f"{HEAD}{pools}{processes}</definitions>".encode())[0])
    require_whole(root)
    shown = boxes(root)
    for pool, id in (("one", "a"), ("two", "b")):
        assert touches(shown[pool], shown[f"{id}_t"].middle)
    assert shown["one"].y + shown["one"].height <= shown["two"].y
    [plane] = root.iter(f"{{{INTERCHANGE}}}BPMNPlane")
    assert plane.get("bpmnElement") == "c"


def test_a_whole_drawing_of_the_dialect_is_shown_as_it_is() -> None:
    xml, _notes = bpmn.convert(f"{HEAD}{BODY}{DRAWN}</definitions>".encode())
    assert bpmn.shown(xml) == xml


@pytest.mark.parametrize("broken", ['x="far"', 'x="nan"', 'x="1e999"', ""])
def test_a_shape_that_no_modeler_could_show_is_drawn_anew(broken: str) -> None:
    root = etree.fromstring(bpmn.convert(f"{HEAD}{BODY}{DRAWN.replace(X, broken)}</definitions>".encode())[0])
    assert {node.get("id") for node in elements(root, *NODES)} <= boxes(root).keys()


def test_of_several_drawings_that_of_the_process_asked_for_comes_first() -> None:
    plain = '<process id="{0}" isExecutable="true"><startEvent id="s{0}"/><userTask id="t{0}"/><sequenceFlow id="f{0}" sourceRef="s{0}" targetRef="t{0}"/></process>'
    pool = '<collaboration id="c"><participant id="us" processRef="q"/></collaboration>'
    for mark in ("", ' zeebe:mark=""'):
        head = HEAD.replace(
            'targetNamespace="t"', f'targetNamespace="t" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"{mark}'
        )
        xml = f"{head}{pool}{plain.format('p')}{plain.format('q')}</definitions>".encode()
        for process, first in (("p", "p"), ("q", "c"), ("gone", "p")):
            planes = etree.fromstring(bpmn.shown(xml, process)).iter(f"{{{INTERCHANGE}}}BPMNPlane")
            assert next(planes).get("bpmnElement") == first
        planes = etree.fromstring(bpmn.adopted(xml, "q")[0].encode().split(b"?>", 1)[1]).iter(
            f"{{{INTERCHANGE}}}BPMNPlane"
        )
        assert [plane.get("bpmnElement") for plane in planes] == ["c", "p"]


def test_what_cannot_be_translated_is_drawn_all_the_same() -> None:
    body = '<process id="p"><startEvent id="s"/><exclusiveGateway id="g"/><task id="a"/><sequenceFlow id="f" sourceRef="s" targetRef="g"/><sequenceFlow id="h" sourceRef="g" targetRef="a"><conditionExpression>level == \'x\'</conditionExpression></sequenceFlow></process>'
    xml, notes = bpmn.adopted(f"{HEAD}{body}</definitions>".encode())
    assert set(boxes(etree.fromstring(xml.encode().split(b"?>", 1)[1]))) == {"s", "g", "a"}
    assert [(note.element, note.kind) for note in notes] == [("h", "impossible")]


def test_what_has_the_id_of_something_else_is_called_otherwise_since_modelers_drop_it() -> None:
    drawn = DRAWN.replace('id="e_di"', 'id="w_di"').replace('id="f1_di"', 'id="work"').replace('id="pl"', 'id="p"')
    root = etree.fromstring(bpmn.convert(f'{HEAD[:-1]} id="p">{BODY}{drawn}</definitions>'.encode())[0])
    ids = [item.get("id") for item in root.iter(etree.Element) if item.get("id")]
    assert len(ids) == len(set(ids))
    require_whole(root)
    assert next(elements(root, "process")).get("id") == "p", "what others refer to keeps its id"


@pytest.mark.parametrize("plane", ["t:p", "gone", "defs"])
def test_a_drawing_that_refers_by_qualified_names_or_is_of_nothing_is_one_that_modelers_follow(plane: str) -> None:
    drawn = DRAWN.replace('bpmnElement="', 'bpmnElement="t:').replace("t:p", plane)
    xml = f'{HEAD[:-1]} xmlns:t="t" id="defs">{BODY}{drawn}</definitions>'.encode()
    for found in (bpmn.convert(xml)[0], bpmn.shown(xml), bpmn.adopted(xml)[0].encode()):
        root = etree.fromstring(found)
        require_whole(root)
        assert boxes(root)["e"] == Box(700, 300, 36, 36)
        [shown] = root.iter(f"{{{INTERCHANGE}}}BPMNPlane")
        assert shown.get("bpmnElement") == "p"


def test_a_process_with_nothing_in_it_has_a_plane_to_draw_on() -> None:
    xml = bpmn.adopted(f'{HEAD}<process id="p"/></definitions>'.encode())[0]
    [plane] = etree.fromstring(xml.encode().split(b"?>", 1)[1]).iter(f"{{{INTERCHANGE}}}BPMNPlane")
    assert plane.get("bpmnElement") == "p"


def test_lanes_hold_their_steps_and_partners_stand_below_with_what_flows_to_them() -> None:
    pools = '<collaboration id="c"><participant id="us" processRef="p"/><participant id="them" name="Citizen"/><messageFlow id="mf" sourceRef="a" targetRef="them"/><messageFlow id="mg" sourceRef="them" targetRef="b"/></collaboration>'
    lanes = '<laneSet id="ls"><lane id="desk"><flowNodeRef>a</flowNodeRef><flowNodeRef>b</flowNodeRef></lane><lane id="office"><childLaneSet id="cs"><lane id="idle"/><lane id="lead"><flowNodeRef>u</flowNodeRef></lane></childLaneSet></lane></laneSet>'
    steps = '<userTask id="a"/><subProcess id="u"><startEvent id="us_s"/></subProcess><boundaryEvent id="late" attachedToRef="u"><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent><userTask id="b"/><task id="free"/>'
    ends = (("a", "u"), ("u", "b"), ("b", "free"))
    flows = "".join(f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in ends)
    xml = bpmn.adopted(f'{HEAD}{pools}<process id="p">{lanes}{steps}{flows}</process></definitions>'.encode())[0]
    root = etree.fromstring(xml.encode().split(b"?>", 1)[1])
    require_whole(root)
    shown, drawn = boxes(root), lines(root)
    homes = {"a": {"desk"}, "b": {"desk"}, "free": set()}
    for id in ("a", "b", "free", "u", "us_s", "late"):
        inside = {lane for lane in ("desk", "office", "idle", "lead") if touches(shown[lane], shown[id].middle)}
        assert inside == homes.get(id, {"office", "lead"}), id
        assert touches(shown["us"], shown[id].middle)
    assert shown["idle"].height + shown["lead"].height == shown["office"].height
    assert shown["them"].y > shown["us"].y + shown["us"].height
    assert touches(shown["a"], drawn["mf"][0])
    assert touches(shown["them"], drawn["mf"][-1])
    assert touches(shown["b"], drawn["mg"][-1])
