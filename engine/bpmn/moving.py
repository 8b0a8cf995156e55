"""How tokens come to a node, and how the inside of a scope opens and closes."""

from __future__ import annotations

from engine.bpmn import gateways
from engine.bpmn.process import Flow, Node
from engine.bpmn.run import Run, Stuck
from engine.bpmn.tokens import Token
from engine.bpmn.waiting import event_starts, subscribe


def why_not_begin(node: Node) -> str | None:
    """This will tell why nothing can begin at `node` by itself, whatever stands around it."""
    if node.type == "boundaryEvent":
        return "an event at the edge of an activity waits with that activity only"
    if node.type == "startEvent":
        return "a start event begins a whole process or subprocess"
    if node.is_compensation:
        return "a compensation handler undoes its activity only"
    return None


def enter(run: Run, node: Node, scope: Token, flow: Flow | None = None) -> None:
    """This will bring a token to `node`, over `flow`, and have it begin there."""
    if len(node.incoming) > 1 and flow is not None:
        if node.type == "parallelGateway":
            gateways.join_parallel(run, node, scope, flow)
            return
        if node.type == "inclusiveGateway":
            gateways.wait_inclusive(run, node, scope, flow)
            return
    run.push(("begin", run.create("act", node, scope)))


def close_events(run: Run, scope: Token) -> None:
    """This will stop waiting for the event subprocesses of a scope that has ended."""
    for child in list(scope.children.values()):
        if child.kind == "sub" and not child.is_boundary:
            run.remove(child, True)


def open_scope(run: Run, scope: Token) -> None:
    """This will start what stands inside `scope`: its event subprocesses begin to wait, then its entries begin."""
    content = scope.content
    mark = len(run.agenda)
    if content.event_subprocesses:
        subscribe(run, scope, event_starts(content.event_subprocesses, scope), False)
    for node in content.entries:
        enter(run, node, scope)
    run.agenda[mark:] = run.agenda[mark:][::-1]
    if not content.nodes:
        run.push(("done", scope))
    elif not content.entries:
        raise Stuck("There is nothing to start with.")
