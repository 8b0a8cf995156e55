"""Where nodes go that nobody has drawn: in columns along the flows, branches one below the other."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

GAP_X, GAP_Y, MARGIN = 50.0, 40.0, 40.0
Size = tuple[float, float]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the drawing; `y` grows downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> Point:
        """This will return the centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    def moved(self, x: float, y: float) -> Box:
        """This will return the same rectangle, `x` further right and `y` further down."""
        return Box(self.x + x, self.y + y, self.width, self.height)


def around(boxes: Iterable[Box]) -> Box:
    """This will return the smallest rectangle that holds all `boxes`, or an empty one at the origin."""
    found = list(boxes)
    if not found:
        return Box(0, 0, 0, 0)
    x, y = min(box.x for box in found), min(box.y for box in found)
    right, bottom = max(box.x + box.width for box in found), max(box.y + box.height for box in found)
    return Box(x, y, right - x, bottom - y)


def arrange(sizes: Mapping[str, Size], flows: Sequence[tuple[str, str]]) -> dict[str, Box]:
    """This will give every node of `sizes` a place; `flows` are pairs of nodes, from source to target."""
    columns: dict[int, list[str]] = defaultdict(list)
    forward = _forward(list(sizes), flows)
    levels = _levels(list(sizes), forward)
    for id in sizes:
        columns[levels[id]].append(id)
    sources: dict[str, list[str]] = defaultdict(list)
    for source, target in forward:
        sources[target].append(source)
    boxes: dict[str, Box] = {}
    x = 0.0
    for level in sorted(columns):
        width = max(sizes[id][0] for id in columns[level])
        free = 0.0
        for id in sorted(columns[level], key=lambda id: _height(id, sources, boxes)):
            own = sizes[id]
            wanted = _height(id, sources, boxes) - own[1] / 2
            y = max(free, wanted)
            boxes[id] = Box(x + (width - own[0]) / 2, y, *own)
            free = y + own[1] + GAP_Y
        x += width + GAP_X
    return boxes


def _height(id: str, sources: Mapping[str, list[str]], boxes: Mapping[str, Box]) -> float:
    """How far down a node would stand beside the nodes that lead to it."""
    drawn = [boxes[source].middle[1] for source in sources.get(id, ()) if source in boxes]
    return min(drawn, default=40.0)


def _forward(nodes: Sequence[str], flows: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The flows without those that lead back to where they came from."""
    targets: dict[str, list[str]] = {id: [] for id in nodes}
    entered = set()
    for source, target in flows:
        if source in targets and target in targets:
            targets[source].append(target)
            entered.add(target)
    state: dict[str, int] = {}
    back: set[tuple[str, str]] = set()
    for first in sorted(nodes, key=lambda id: id in entered):
        stack = [(first, iter(targets[first]))] if first not in state else []
        state.setdefault(first, 1)
        while stack:
            id, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                state[id] = 2
                stack.pop()
            elif state.get(following) == 1:
                back.add((id, following))
            elif following not in state:
                state[following] = 1
                stack.append((following, iter(targets[following])))
    return [(source, target) for source in nodes for target in targets[source] if (source, target) not in back]


def _levels(nodes: Sequence[str], forward: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The column of each node: one further than the furthest that leads to it."""
    targets: dict[str, list[str]] = defaultdict(list)
    waits: dict[str, int] = dict.fromkeys(nodes, 0)
    for source, target in forward:
        targets[source].append(target)
        waits[target] += 1
    levels = dict.fromkeys(nodes, 0)
    ready = deque(id for id in nodes if not waits[id])
    while ready:
        id = ready.popleft()
        for target in targets[id]:
            levels[target] = max(levels[target], levels[id] + 1)
            waits[target] -= 1
            if not waits[target]:
                ready.append(target)
    return levels
