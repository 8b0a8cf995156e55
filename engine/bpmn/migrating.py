"""Moving a case to another version of its diagram: every token keeps its id and what it waits for, or nothing moves.

As in Camunda 8: a token moves to an element of the same kind in the same scope. A timer, message or signal that has a
counterpart is kept as it is (a timer with its due time, a message with its key); one without is cancelled; what the new
version adds to an activity in hand begins to wait now, a timer counted from this moment. A task keeps who has it, since
when and until when. Beyond it: compensation records move too, and what failed may be migrated and then tried again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.bpmn import counterparts
from engine.bpmn.adhoc import is_question, offered
from engine.bpmn.counterparts import Leg, Problem
from engine.bpmn.host import Host
from engine.bpmn.outcome import ActivityOffered, Outcome, State
from engine.bpmn.process import Node
from engine.bpmn.run import Run, Stuck
from engine.bpmn.stimuli import Data, Migrate
from engine.bpmn.tokens import Token, Tree
from engine.bpmn.waiting import event_starts, subscribe
from engine.errors import Conflict


class MayNotMigrate(Conflict):
    """The case cannot move to the other version: {reasons}."""

    def __init__(self, problems: list[Problem]) -> None:
        """This will carry everything that is in the way."""
        self.problems = problems
        super().__init__(reasons="; ".join(f"{problem.element}: {problem.code}" for problem in problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A token that stands at `before` and will stand at `after`, an element of the definition `key`.

    `waits` tells what for: task, service, timer, message, signal, conditional, adHoc; scope, join or halted (an
    incident) when it waits for nothing by itself. `form_id` and `local` are those of a task.
    """

    token: int
    kind: str
    before: Node
    after: Node
    key: str
    waits: str
    form_id: str | None = None
    local: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """What moving a case means for everything that is open in it; nothing moves when there are problems."""

    problems: list[Problem] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    cancelled: list[Node] = field(default_factory=list)
    opened: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class _Place:
    """Where a token stood, and where it goes; `target` is None for a subscription that is cancelled."""

    token: Token
    leg: Leg
    before: Node
    target: Node | None


def migrate(state: State, data: Data, stimulus: Migrate, now: datetime, host: Host) -> Outcome:
    """This will return the case on its new definitions, and what that opened and closed. Raises MayNotMigrate."""
    report, outcome = preview(state, data, stimulus, now, host)
    if report.problems:
        raise MayNotMigrate(report.problems)
    return outcome


def preview(state: State, data: Data, stimulus: Migrate, now: datetime, host: Host) -> tuple[Report, Outcome]:
    """This will tell what moving a case means, and what would come of it; a report with problems: nothing moves."""
    report = Report()
    tree = Tree.load(stimulus.legs[""].source, state, dict(data), host)
    run = Run(tree, now, host)
    try:
        _move_all(run, stimulus.legs, report)
        if not report.problems:
            run.drain()
    except Stuck as trouble:
        report.problems.append(Problem("expression-fails", detail=trouble.reason))
    for raised in run.incidents.values():
        report.problems.append(Problem("expression-fails", raised.element, raised.name, raised.reason))
    return report, run.outcome()


def _move_all(run: Run, legs: Mapping[str, Leg], report: Report) -> None:
    tokens = [run.tree.root, *run.tree.root.descendants()]
    places = [place for token in tokens if (place := _place(token, legs, report)) is not None]
    records = {token.id: _records(token, legs, report) for token in tokens}
    if report.problems:
        return
    scopes = [_scope(token, legs) for token in tokens if token.inner_key in legs]
    for token in tokens:
        token.info.update(records[token.id])
        _follow(token, legs)
    for place in places:
        if place.target is not None:
            _stand(place, place.target)
    _read_again(run)
    for place in places:
        if place.target is None and place.token.alive:
            report.cancelled.append(place.before)
            run.remove(place.token, True)
    _subscribe_anew(run, places, scopes, report)
    for place in places:
        if place.target is not None and place.token.alive and place.token.kind != "path":
            report.moved.append(_moved(run, place, place.target))
    _go_on(run, places)


def _scope(token: Token, legs: Mapping[str, Leg]) -> tuple[Token, Leg, list[Node]]:
    """A token, the leg of what is inside it, and the starts of event subprocesses that it waited for, if a scope."""
    starts = event_starts(token.content.event_subprocesses, token) if token.kind in ("act", "case") else []
    return token, legs[token.inner_key], starts


def _place(token: Token, legs: Mapping[str, Leg], report: Report) -> _Place | None:
    leg = legs.get(token.key)
    if leg is None or token.parent is None:
        return None
    node, code = counterparts.find(leg, token.node)
    if token.kind == "sub":
        if node is None or code is not None or not _is_watched(leg, token, node):
            if leg.elements.get(token.node.id):
                report.problems.append(Problem(code or "scope-differs", token.node.id, token.node.name))
            node = None
        return _Place(token, leg, token.node, node)
    if node is not None and code is None:
        code = _unfit(leg, token, node)
    if (node is None or code is not None) and token.kind != "path":  # told of the subprocess around it
        report.problems.append(Problem(code or "unmapped", token.node.id, token.node.name))
    return _Place(token, leg, token.node, node)


def _unfit(leg: Leg, token: Token, node: Node) -> str | None:
    if counterparts.scope(leg, token.node.scope) != node.scope:
        return "scope-differs"
    if token.kind == "join" and counterparts.flow(leg, token.node, node, token.info["flow"]) is None:
        return "join-flow-gone"
    if "listens" in token.info:
        event, index = token.info["listens"]
        old, new = ([each.type.text for each in at.listeners if each.event == event] for at in (token.node, node))
        if old[: index + 1] != new[: index + 1]:
            return "listener-differs"
    return None


def _is_watched(leg: Leg, token: Token, node: Node) -> bool:
    """Whether the new version waits for `node` at the same place: boundary, event subprocess, gateway, question."""
    owner, old = token.above, token.node
    if is_question(token):
        return True
    if old.type == "boundaryEvent":
        return node.attached_to == counterparts.image(leg, old.attached_to or "")
    if old.type == "startEvent":
        around, within = leg.source.nodes[old.scope], leg.target.nodes.get(node.scope)
        return (
            within is not None
            and within.by_event
            and node.scope == counterparts.scope(leg, old.scope)
            and within.scope == counterparts.scope(leg, around.scope)
        )
    gateway, code = counterparts.find(leg, owner.node)
    return code is None and gateway is not None and any(flow.target == node.id for flow in gateway.outgoing)


def _records(token: Token, legs: Mapping[str, Leg], report: Report) -> dict[str, Any]:
    """The compensation records of a scope in the words of the target."""
    changed: dict[str, Any] = {}
    inner = legs.get(token.inner_key)
    if inner is not None and "completed" in token.info:
        changed["completed"] = _renamed(inner, token.info["completed"], report)
    return changed


def _renamed(leg: Leg, records: Iterable[list[Any]], report: Report) -> list[list[Any]]:
    found = []
    for id, local, inner in records:
        node = leg.source.nodes.get(id)
        after, code = counterparts.find(leg, node) if node is not None else (None, "unmapped")
        if after is not None and code is None:
            found.append([after.id, local, _renamed(leg, inner, report)])
        elif id not in leg.elements or leg.elements[id]:
            report.problems.append(Problem("undo-lost", id, node.name if node is not None else id))
    return found


def _follow(token: Token, legs: Mapping[str, Leg]) -> None:
    """Points the processes in and around a token at their new definitions."""
    around, inside = legs.get(token.key), legs.get(token.inner_key)
    calls = token.parent is None or "key" in token.info
    if calls and inside is not None:
        token.inner = inside.target
        if "key" in token.info:
            token.info["key"] = token.inner_key = inside.key
    if around is not None:
        token.process = around.target
        token.key = around.key if token.key else ""
        if not calls:
            token.inner, token.inner_key = token.process, token.key


def _stand(place: _Place, node: Node) -> None:
    token, before = place.token, place.before
    if token.kind == "join":
        token.info["flow"] = counterparts.flow(place.leg, before, node, token.info["flow"])
    loop, old = node.loop, before.loop
    if loop is not None and old is not None and token.kind == "body":
        if loop.output_collection is not None:
            token.info.setdefault("out", [None] * token.info["n"])
    elif loop is not None and old is not None and token.is_item:
        if loop.element and old.element and loop.element != old.element:
            token.local[loop.element] = token.local.pop(old.element, None)
        output = loop.output_element
        if output is not None and output.feel is not None and output.feel.text.strip() in output.feel.names:
            token.local.setdefault(output.feel.text.strip(), None)
    token.node = node


def _read_again(run: Run) -> None:
    """The index of conditions follows the nodes where tokens now stand."""
    tree = run.tree
    tree.conditions.clear()
    for token in tree.tokens.values():
        event = token.node.event
        if token.parent is not None and token.kind != "body" and event is not None and event.kind == "conditional":
            tree.conditions[token.id] = token


def _subscribe_anew(
    run: Run, places: list[_Place], scopes: list[tuple[Token, Leg, list[Node]]], report: Report
) -> None:
    for place in places:
        if place.target is None or not place.token.alive:
            continue
        if "gate" in place.token.info:
            _gate(run, place, place.target, report)
        elif _watches_boundaries(place.token):
            new = _added(place.leg, place.before.boundaries, place.target.boundaries)
            _watch(run, place.token, new, True, report)
    for token, leg, old in scopes:
        if token.alive and _watches_events(token):
            new = event_starts(token.content.event_subprocesses, token)
            _watch(run, token, _added(leg, old, new), False, report)


def _added(leg: Leg, old: Iterable[Node], new: Iterable[Node]) -> list[Node]:
    """The nodes of the new version that are the counterpart of none of the old: they are to be waited for."""
    known = set()
    for node in old:
        after, code = counterparts.find(leg, node)
        if after is not None and code is None:
            known.add(after.id)
    return [node for node in new if node.id not in known]


def _watch(run: Run, owner: Token, nodes: list[Node], boundary: bool, report: Report) -> None:
    waited = [node for node in nodes if node.event is not None and node.event.kind in counterparts.WAITED]
    report.opened.extend(waited)
    subscribe(run, owner, waited, boundary)


def _gate(run: Run, place: _Place, node: Node, report: Report) -> None:
    old = [place.leg.source.nodes[flow.target] for flow in place.before.outgoing]
    new = [place.leg.target.nodes[flow.target] for flow in node.outgoing]
    for target in _added(place.leg, old, new):
        report.opened.append(target)
        run.push(("watch_gate", run.create("sub", target, place.token)))


def _watches_boundaries(token: Token) -> bool:
    if token.kind not in ("act", "body") or token.is_item or not token.node.is_activity:
        return False
    if "listens" in token.info or "incident" in token.info:
        return False
    return "open" in token.info or token.has_live_children


def _watches_events(token: Token) -> bool:
    if token.kind not in ("act", "case") or "incident" in token.info or "interrupted" in token.info:
        return False
    is_scope = token.parent is None or token.doc is not None or token.node.content is not None
    return is_scope and ("open" in token.info or token.has_live_children)


def _moved(run: Run, place: _Place, node: Node) -> Moved:
    token = place.token
    waits = _waits(token)
    form_id = _form(run, token) if waits == "task" else None
    return Moved(
        token=token.id,
        kind=token.kind,
        before=place.before,
        after=node,
        key=token.key,
        waits=waits,
        form_id=form_id,
        local=dict(token.local) if waits == "task" else {},
    )


def _waits(token: Token) -> str:
    if "incident" in token.info:
        return "halted"
    if token.kind == "join":
        return "join"
    if "open" not in token.info:
        return "scope"
    if "listens" in token.info or is_question(token):
        return "service"
    if token.node.type == "adHocSubProcess":
        return "scope" if token.node.call is not None else "adHoc"
    if token.node.type == "userTask" and token.kind == "act":
        return "task"
    if token.node.call is not None or token.node.event is None:
        return "message" if token.node.type == "receiveTask" else "service"
    return token.node.event.kind


def _form(run: Run, token: Token) -> str | None:
    form = token.node.form
    found = run.evaluate(form.form_id, token, "form") if form is not None and form.form_id is not None else None
    return found if isinstance(found, str) and found else None


def _go_on(run: Run, places: list[_Place]) -> None:
    """What the new version no longer waits for goes on: joins with fewer ways in, conditions that are true now."""
    for place in places:
        token, node = place.token, place.target
        if node is None or not token.alive:
            continue
        if token.kind == "join" and node.type == "parallelGateway":
            _complete_join(run, token, node)
        elif token.node.type == "adHocSubProcess" and token.kind == "act" and "open" in token.info:
            for each in offered(token):
                run.open(token, ActivityOffered(token=token.id, element=each.id, name=each.name, process_key=token.key))
        elif _waits(token) == "conditional" and _text(place.before) != _text(node):
            run.push(("examine", token, True))


def _text(node: Node) -> str:
    return node.event.expression.text if node.event is not None and node.event.expression is not None else ""


def _complete_join(run: Run, token: Token, node: Node) -> None:
    scope = token.above
    waiting: dict[str, Token] = {}
    for child in scope.children.values():
        if child.kind == "join" and child.node is node:
            waiting.setdefault(child.info["flow"], child)
    if len(waiting) < len(node.incoming):
        return
    for child in waiting.values():
        run.tree.remove(child)
    run.push(("begin", run.create("act", node, scope)))
