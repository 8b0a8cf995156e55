"""Draws what a model has and its drawing lacks, so that a modeler shows every node and every flow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import isfinite

from lxml import etree

from engine.bpmn.bands import TITLE, banded
from engine.bpmn.doubles import aim, tell_apart
from engine.bpmn.layout import GAP_X, GAP_Y, MARGIN, Box, Point, Size, around, arrange
from engine.bpmn.process import EVENTS, FLOW_NODES, GATEWAYS, SCOPES
from engine.bpmn.source import INTERCHANGE, bpmn, children, local

SHAPES = "http://www.omg.org/spec/DD/20100524/DC"
LINES = "http://www.omg.org/spec/DD/20100524/DI"
NAMESPACES = {"bpmndi": INTERCHANGE, "dc": SHAPES, "di": LINES}
EVENT, GATEWAY, TASK, EMPTY = (36.0, 36.0), (50.0, 50.0), (100.0, 80.0), (140.0, 100.0)
PARTNER = 60.0
BESIDE: dict[str, Size] = {
    "textAnnotation": (100.0, 40.0),
    "dataObjectReference": (36.0, 50.0),
    "dataStoreReference": (50.0, 50.0),
}
NODES = FLOW_NODES | {"complexGateway"}
LINKS = ("sequenceFlow", "association")


def draw(root: etree._Element) -> bool:
    """This will add the shapes and edges that are missing or no modeler reads, and tell whether there were any."""
    was_unread = tell_apart(root) | aim(root)
    drawing = _Drawing(root)
    top = 0.0
    for process in children(root, "process"):
        if not any(item.get("id") in drawing.boxes for item in process.iter(*map(bpmn, NODES))):
            top = drawing.whole(process, top)
        else:
            for scope in process.iter(*map(bpmn, ("process", *SCOPES))):
                drawing.complete(scope)
    for collaboration in children(root, "collaboration"):
        plane = drawing.fresh.get(str(collaboration.get("id")))
        if plane is not None:
            drawing.partners(collaboration, plane)
    first = next(children(root, "process"), None)
    if first is not None and next(root.iter(f"{{{INTERCHANGE}}}BPMNPlane"), None) is None:
        drawing.plane(first)  # a modeler opens no file without one, not even to draw in it
    return drawing.has_drawn or was_unread


def put_first(root: etree._Element, process: str) -> bool:
    """This will put the diagram that shows `process` before all others, and tell whether it stood behind one."""
    pools = [pool for pool in root.iter(bpmn("participant")) if pool.get("processRef") == process]
    shown = {process, *(str(above.get("id")) for pool in pools if (above := pool.getparent()) is not None)}
    diagrams = list(root.iter(f"{{{INTERCHANGE}}}BPMNDiagram"))
    found = next((item for item in diagrams if any(plane.get("bpmnElement") in shown for plane in item)), None)
    if found is None or found is diagrams[0]:
        return False
    diagrams[0].addprevious(found)
    return True


class _Flows:
    """The flows of a scope by their ends, and the boundary events by their activity."""

    def __init__(self, scope: etree._Element) -> None:
        self.into: dict[str, list[etree._Element]] = defaultdict(list)
        self.out: dict[str, list[etree._Element]] = defaultdict(list)
        self.seats: dict[str, list[etree._Element]] = defaultdict(list)
        for flow in children(scope, "sequenceFlow"):
            self.into[flow.get("targetRef") or ""].append(flow)
            self.out[flow.get("sourceRef") or ""].append(flow)
        for event in children(scope, "boundaryEvent"):
            self.seats[event.get("attachedToRef") or ""].append(event)


class _Drawing:
    """What is drawn of a document."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.ids = {str(item.get("id")) for item in root.iter(etree.Element)}
        self.boxes: dict[str, Box] = {}
        self.lines: dict[str, etree._Element] = {}
        self.planes: dict[str, etree._Element] = {}
        self.fresh: dict[str, etree._Element] = {}
        self.has_drawn = False
        for plane in root.iter(f"{{{INTERCHANGE}}}BPMNPlane"):
            for item in list(plane):
                self._know(plane, item)

    def _know(self, plane: etree._Element, item: etree._Element) -> None:
        id = item.get("bpmnElement") or ""
        bounds = item.find(f"{{{SHAPES}}}Bounds")
        box = _box(bounds) if bounds is not None else None
        if bounds is not None and box is None:
            plane.remove(item)  # no modeler could show it: it is drawn anew
            return
        self.planes[id] = plane
        if box is not None:
            self.boxes[id] = box
        else:
            self.lines[id] = item

    def _id(self, element: str) -> str:
        id, count = f"{element}_di", 1
        while id in self.ids:
            count += 1
            id = f"{element}_di_{count}"
        self.ids.add(id)
        return id

    def plane(self, process: etree._Element) -> etree._Element:
        """This will return the plane to draw a whole process on: that of its collaboration, or one of its own."""
        pool = self.pool(process)
        around = pool.getparent() if pool is not None else None
        shown = str((process if around is None else around).get("id"))
        for plane in self.root.iter(f"{{{INTERCHANGE}}}BPMNPlane"):
            if plane.get("bpmnElement") in (shown, process.get("id")):
                return plane
        self.has_drawn = True
        diagram = etree.SubElement(self.root, f"{{{INTERCHANGE}}}BPMNDiagram", {"id": self._id(f"{shown}_diagram")})
        given = {"id": self._id(f"{shown}_plane"), "bpmnElement": shown}
        return etree.SubElement(diagram, f"{{{INTERCHANGE}}}BPMNPlane", given)

    def pool(self, process: etree._Element) -> etree._Element | None:
        """This will return the participant of a collaboration that a process belongs to."""
        id = process.get("id")
        return next((item for item in self.root.iter(bpmn("participant")) if item.get("processRef") == id), None)

    def whole(self, process: etree._Element, top: float) -> float:
        """This will draw a process of which nothing is drawn, `top` from above, and return where it ends."""
        nodes = [item for item in process if local(item) in NODES]
        if not nodes:
            return top
        plane, pool, found = self.plane(process), self.pool(process), banded(process, _laid(process))
        area = found.area
        left, down = (TITLE if pool is not None else 0.0) - area.x, top - area.y
        if pool is not None:
            self.shape(plane, pool, Box(0, top, area.width + TITLE, area.height))
            self.fresh[str(plane.get("bpmnElement"))] = plane
        for lane, box in found.lanes:
            self.shape(plane, lane, box.moved(left, down))
        for item in process.iter(*map(bpmn, (*NODES, *BESIDE))):
            place = found.boxes.get(str(item.get("id")))
            if place is not None:
                self.shape(plane, item, place.moved(left, down))
        for item in process.iter(*map(bpmn, LINKS)):
            self.line(plane, item)
        return top + area.height + MARGIN

    def partners(self, collaboration: etree._Element, plane: etree._Element) -> None:
        """This will draw the pools of which nothing is known, below all others, and what flows between pools."""
        drawn = around(self.boxes[id] for id, shown in self.planes.items() if shown is plane and id in self.boxes)
        bottom = drawn.y + drawn.height + MARGIN
        for pool in children(collaboration, "participant"):
            if str(pool.get("id")) not in self.boxes:
                self.shape(plane, pool, Box(drawn.x, bottom, drawn.width, PARTNER))
                bottom += PARTNER + MARGIN
        for flow in children(collaboration, "messageFlow"):
            ends = [self.boxes.get(flow.get(end) or "") for end in ("sourceRef", "targetRef")]
            if ends[0] is not None and ends[1] is not None:
                self.line(plane, flow, _straight(ends[0], ends[1]))

    def complete(self, scope: etree._Element) -> None:
        """This will draw what is missing of a scope of which something is drawn."""
        nodes = {str(item.get("id")): item for item in children(scope, *NODES)}
        drawn = [id for id in nodes if id in self.boxes]
        if not drawn:
            return  # a collapsed subprocess may be left undrawn inside
        if len(drawn) < len(nodes):
            plane, flows = self.planes[drawn[0]], _Flows(scope)
            bottom = around(self.boxes[id] for id in drawn)
            free = Box(bottom.x, bottom.y + bottom.height + GAP_Y, 0, 0)
            for id in [id for id in nodes if id not in self.boxes]:
                self.shape(plane, nodes[id], self._beside(nodes[id], flows, free))
                self._cut(nodes[id], flows)
        for item in children(scope, *LINKS):
            if str(item.get("id")) not in self.lines:
                self.line(self.planes[drawn[0]], item)

    def _beside(self, item: etree._Element, flows: _Flows, free: Box) -> Box:
        """Where a node goes: to the border of its host, onto the flow it was put into, below what leads to it."""
        width, height = _size(item)
        host = self.boxes.get(item.get("attachedToRef") or "")
        if host is not None:
            seat = flows.seats[str(item.get("attachedToRef"))].index(item)
            return Box(host.x + 10 + 45 * seat, host.y + host.height - height / 2, width, height)
        into = flows.into[str(item.get("id"))]
        for flow in into:
            line = self.lines.get(str(flow.get("id")))
            if line is not None:
                x, y = _halfway(_points(line))
                return Box(x - width / 2, y - height / 2, width, height)
        for flow in into:
            source = self.boxes.get(flow.get("sourceRef") or "")
            if source is not None:
                return Box(source.middle[0] + GAP_X, source.y + source.height + GAP_Y, width, height)
        return Box(free.x, free.y, width, height)

    def _cut(self, item: etree._Element, flows: _Flows) -> None:
        """The line of a flow that now leads to a new node ends there; the flow behind the node gets the rest of it."""
        id = str(item.get("id"))
        into, onward = flows.into[id], flows.out[id]
        line = self.lines.get(str(into[0].get("id"))) if len(into) == 1 else None
        if line is None or not onward or str(onward[0].get("id")) in self.lines:
            return
        points, box = _points(line), self.boxes[id]
        near = _nearest(points, box.middle)
        before, after = points[: near + 1], points[near + 1 :]
        if before and after:
            self._write(line, [*before, _edge(box, before[-1])])
            self.line(self.planes[str(into[0].get("id"))], onward[0], [_edge(box, after[0]), *after])

    def shape(self, plane: etree._Element, item: etree._Element, box: Box) -> None:
        """This will draw a node."""
        id = str(item.get("id"))
        shape = etree.SubElement(plane, f"{{{INTERCHANGE}}}BPMNShape", {"id": self._id(id), "bpmnElement": id})
        if local(item) in SCOPES:
            shape.set("isExpanded", "true")
        elif local(item) == "exclusiveGateway":
            shape.set("isMarkerVisible", "true")
        elif local(item) in ("participant", "lane"):
            shape.set("isHorizontal", "true")
        sides = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
        etree.SubElement(shape, f"{{{SHAPES}}}Bounds", {name: f"{value:g}" for name, value in sides.items()})
        self.boxes[id], self.planes[id], self.has_drawn = box, plane, True

    def line(self, plane: etree._Element, item: etree._Element, points: Sequence[Point] = ()) -> None:
        """This will draw a flow or an association between two drawn nodes."""
        source, target = (self.boxes.get(item.get(end) or "") for end in ("sourceRef", "targetRef"))
        if source is None or target is None:
            return
        id = str(item.get("id"))
        line = etree.SubElement(plane, f"{{{INTERCHANGE}}}BPMNEdge", {"id": self._id(id), "bpmnElement": id})
        self._write(line, points or _way(source, target))
        self.lines[id], self.planes[id], self.has_drawn = line, plane, True

    def _write(self, line: etree._Element, points: Sequence[Point]) -> None:
        for old in line.findall(f"{{{LINES}}}waypoint"):
            line.remove(old)
        for at, (x, y) in enumerate(points):
            line.insert(at, etree.Element(f"{{{LINES}}}waypoint", {"x": f"{x:g}", "y": f"{y:g}"}))


def _size(item: etree._Element) -> Size:
    kind = local(item)
    if kind in SCOPES:
        return EMPTY
    return EVENT if kind in EVENTS else GATEWAY if kind in GATEWAYS or kind == "complexGateway" else TASK


def _laid(process: etree._Element) -> dict[str, Box]:
    """The places of all nodes of a process, those in subprocesses too; the innermost are laid out first."""
    scopes = [process, *process.iter(*map(bpmn, SCOPES))]
    inside: dict[str, dict[str, Box]] = {}
    sizes: dict[str, Size] = {}
    for scope in reversed(scopes):
        boxes = inside[str(scope.get("id"))] = _scope(scope, sizes)
        outline = around(boxes.values())
        sizes[str(scope.get("id"))] = (
            max(outline.width + 2 * MARGIN, EMPTY[0]),
            max(outline.height + 2 * MARGIN, EMPTY[1]),
        )
    found = dict(inside[str(process.get("id"))])
    for scope in scopes[1:]:
        boxes, frame = inside[str(scope.get("id"))], found.get(str(scope.get("id")))
        if frame is None:
            continue  # it stands where no subprocess can stand
        outline = around(boxes.values())
        x, y = frame.x + MARGIN - outline.x, frame.y + MARGIN - outline.y
        found.update({id: box.moved(x, y) for id, box in boxes.items()})
    return found


def _scope(scope: etree._Element, known: dict[str, Size]) -> dict[str, Box]:
    """The places of what stands directly in a scope; boundary events sit at the lower border of their activity."""
    events = {str(item.get("id")): item.get("attachedToRef") or "" for item in children(scope, "boundaryEvent")}
    nodes = [item for item in children(scope, *NODES) if local(item) != "boundaryEvent"]
    sizes = {id: known.get(id, _size(item)) for item in nodes if (id := str(item.get("id")))}
    flows = [
        (events.get(source, source), target)
        for item in children(scope, *LINKS)
        if (source := item.get("sourceRef") or "") and (target := item.get("targetRef") or "")
    ]
    boxes = arrange(sizes, flows)
    seated: dict[str, int] = {}
    for id, host_id in events.items():
        host = boxes.get(host_id)
        seat = seated[host_id] = seated.get(host_id, -1) + 1
        if host is not None:
            boxes[id] = Box(host.x + 10 + 45 * seat, host.y + host.height - EVENT[1] / 2, *EVENT)
        else:
            boxes[id] = Box(45.0 * seat, -2 * EVENT[1], *EVENT)
    above = around(boxes.values()).y - GAP_Y - 50
    for at, item in enumerate(children(scope, *BESIDE)):
        boxes[str(item.get("id"))] = Box(120.0 * at, above, *BESIDE[local(item)])
    return boxes


def _number(item: etree._Element, name: str) -> float | None:
    try:
        found = float(item.get(name) or "")
    except ValueError:
        return None
    return found if isfinite(found) else None


def _box(bounds: etree._Element) -> Box | None:
    x, y, width, height = (_number(bounds, name) for name in ("x", "y", "width", "height"))
    if x is None or y is None or width is None or height is None:
        return None
    return Box(x, y, width, height)


def _points(line: etree._Element) -> list[Point]:
    return [(_number(item, "x") or 0.0, _number(item, "y") or 0.0) for item in line.iter(f"{{{LINES}}}waypoint")]


def _pairs(points: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    return pairwise(points)


def _length(first: Point, second: Point) -> float:
    return abs(second[0] - first[0]) + abs(second[1] - first[1])


def _halfway(points: Sequence[Point]) -> Point:
    left = sum(_length(*pair) for pair in _pairs(points)) / 2
    for first, second in _pairs(points):
        length = _length(first, second)
        if length >= left and length > 0:
            part = left / length
            return first[0] + (second[0] - first[0]) * part, first[1] + (second[1] - first[1]) * part
        left -= length
    return points[0] if points else (0.0, 0.0)


def _nearest(points: Sequence[Point], middle: Point) -> int:
    """The segment of a line on which a point lies."""
    ends = [
        _length(first, middle) + _length(middle, second) - _length(first, second) for first, second in _pairs(points)
    ]
    return ends.index(min(ends)) if ends else 0


def _way(source: Box, target: Box) -> list[Point]:
    """A line in right angles: straight on, around one corner, or back below both."""
    (x, y), (to_x, to_y) = source.middle, target.middle
    right, bottom = source.x + source.width, source.y + source.height
    if target.x >= right + 10:
        if source.height <= EVENT[1] and target.y > bottom:
            return [(x, bottom), (x, to_y), (target.x, to_y)]
        turn = target.x - min(GAP_X / 2, (target.x - right) / 2)
        return [(right, y), *([(turn, y), (turn, to_y)] if y != to_y else []), (target.x, to_y)]
    if target.y >= bottom + 10:
        return [(x, bottom), *([] if x == to_x else [(x, target.y - 10), (to_x, target.y - 10)]), (to_x, target.y)]
    below = max(bottom, target.y + target.height) + 25
    return [(x, bottom), (x, below), (to_x, below), (to_x, target.y + target.height)]


def _straight(source: Box, target: Box) -> list[Point]:
    """A line straight up or down between a pool and what stands above or below it."""
    narrow, wide = sorted((source, target), key=lambda box: box.width)
    x = narrow.middle[0]
    if wide.x <= x <= wide.x + wide.width:
        if source.y + source.height <= target.y:
            return [(x, source.y + source.height), (x, target.y)]
        if target.y + target.height <= source.y:
            return [(x, source.y), (x, target.y + target.height)]
    return _way(source, target)


def _edge(box: Box, towards: Point) -> Point:
    """The middle of the side of a box that faces a point."""
    x, y = box.middle
    across, down = towards[0] - x, towards[1] - y
    if abs(across) * box.height >= abs(down) * box.width:
        return (box.x + box.width if across > 0 else box.x), y
    return x, (box.y + box.height if down > 0 else box.y)
