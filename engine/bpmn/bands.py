"""Lanes of a process that nobody has drawn: the steps of each lane beside each other, the lanes one below the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from engine.bpmn.layout import GAP_Y, MARGIN, Box, around
from engine.bpmn.source import children, text_of

TITLE, LEAST = 30.0, 120.0
_NONE = ""


@dataclass(slots=True)
class Banded:
    """Where nodes and lanes go, and the area that they fill; outer lanes come before those inside."""

    boxes: dict[str, Box]
    area: Box
    lanes: list[tuple[etree._Element, Box]] = field(default_factory=list)


def banded(process: etree._Element, boxes: Mapping[str, Box]) -> Banded:
    """This will move the nodes of a process into their lanes; what is in no lane stands above them."""
    outline = around(boxes.values())
    left, right = outline.x - MARGIN, outline.x + outline.width + MARGIN
    lanes = list(_lanes(process, 0))
    if not lanes:
        return Banded(dict(boxes), Box(left, outline.y - MARGIN, right - left, outline.height + 2 * MARGIN))
    bands = _bands(process, [lane for lane, _ in lanes], boxes)
    moved: dict[str, Box] = {}
    spans: dict[str, tuple[float, float]] = {}
    bottom = 0.0
    for home, ids in bands.items():
        placed = _close({id: boxes[id] for id in ids})
        found = around(placed.values())
        moved.update({id: box.moved(0, bottom + MARGIN - found.y) for id, box in placed.items()})
        height = max(found.height + 2 * MARGIN, LEAST) if home or ids else 0.0
        spans[home] = (bottom, bottom + height)
        bottom += height
    deepest = max(depth for _, depth in lanes)
    result = Banded(moved, Box(left - TITLE * (deepest + 1), 0, right - left + TITLE * (deepest + 1), bottom))
    for lane, depth in lanes:
        inside = [spans[id] for item, _ in [(lane, 0), *_lanes(lane, 0)] if (id := str(item.get("id"))) in spans]
        x, y = left - TITLE * (deepest + 1 - depth), inside[0][0]
        result.lanes.append((lane, Box(x, y, right - x, inside[-1][1] - y)))
    return result


def _lanes(above: etree._Element, depth: int) -> Iterator[tuple[etree._Element, int]]:
    for group in children(above, "laneSet", "childLaneSet"):
        for lane in children(group, "lane"):
            yield lane, depth
            yield from _lanes(lane, depth + 1)


def _bands(process: etree._Element, lanes: list[etree._Element], boxes: Mapping[str, Box]) -> dict[str, list[str]]:
    """What stands in each innermost lane, subprocesses with everything inside and activities with their events."""
    homes: dict[str, str] = {}
    innermost = [str(lane.get("id")) for lane in lanes if not any(_lanes(lane, 0))]
    for lane in lanes:
        here = next(
            (id for item, _ in [(lane, 0), *_lanes(lane, 0)] if (id := str(item.get("id"))) in innermost), _NONE
        )
        homes.update({text_of(reference): here for reference in children(lane, "flowNodeRef")})
    bands: dict[str, list[str]] = {_NONE: [], **{lane: [] for lane in innermost}}
    known: dict[str, list[str]] = defaultdict(list)
    for item in process:
        id = str(item.get("id"))
        home = homes.get(item.get("attachedToRef") or id, _NONE)
        known[home] += [inner for each in item.iter(etree.Element) if (inner := str(each.get("id"))) in boxes]
    for home, ids in known.items():
        bands[home] += ids
    return bands


def _close(boxes: Mapping[str, Box]) -> dict[str, Box]:
    """The same boxes without the room that those of other lanes left between them."""
    found: dict[str, Box] = {}
    free, shift = None, 0.0
    for id, box in sorted(boxes.items(), key=lambda pair: pair[1].y):
        top = box.y - shift
        if free is not None and top > free + GAP_Y:
            shift += top - free - GAP_Y
        found[id] = box.moved(0, -shift)
        bottom = found[id].y + box.height
        free = bottom if free is None else max(free, bottom)
    return found
