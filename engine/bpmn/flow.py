"""How tokens move: they begin at a node, complete its work, leave over its flows, and the last one ends its scope."""

from __future__ import annotations

from typing import Any

from engine.bpmn import activities, adhoc, calls, compensation, gateways, loops
from engine.bpmn.mappings import apply_inputs, take_over
from engine.bpmn.moving import close_events, enter
from engine.bpmn.outcome import Event
from engine.bpmn.process import ACTIVITIES, Flow, Node
from engine.bpmn.returning import keep_on, without_kept
from engine.bpmn.run import Run, Stuck, operation
from engine.bpmn.tokens import Token
from engine.bpmn.waiting import examine_conditions, subscribe

BEHAVIOURS = {**activities.BEHAVIOURS, "callActivity": calls.call, "adHocSubProcess": adhoc.open_ad_hoc}


@operation
def begin(run: Run, token: Token) -> None:
    """This will start the work of the node where `token` stands."""
    node = token.node
    if node.type not in ACTIVITIES:
        run.tell("entered", token)
        if node.listeners and any(listener.event == "start" for listener in node.listeners):
            run.push(("listen", token, "start", 0, {}))
        else:
            BEHAVIOURS[node.type](run, token)
        return
    if node.loop is not None and token.parent is not None and token.parent.kind != "body":
        loops.open_body(run, token, node.loop)
        return
    if node.skip is not None and run.decide(node.skip, token, "skip condition"):
        run.tell("skipped", token, condition=node.skip.text)
        run.push(("pass_by", token))
        return
    if node.inputs:
        apply_inputs(run, token)
    run.tell("entered", token)
    if node.listeners:
        run.push(("listen", token, "start", 0, {}))
    else:
        run.push(("work", token))


@operation
def pass_by(run: Run, token: Token) -> None:
    """This will go on from an activity that is skipped: nothing in it happens, and nothing can be undone later."""
    if token.is_item:
        loops.item_done(run, token)
    else:
        run.push(("leave", token))


@operation
def work(run: Run, token: Token) -> None:
    """This will do what the activity is for, once its inputs are there and its boundary events wait."""
    node = token.node
    if not node.boundaries or token.is_item:
        BEHAVIOURS[node.type](run, token)
        return
    run.push(("perform", token))
    subscribe(run, token, node.boundaries, True)


@operation
def perform(run: Run, token: Token) -> None:
    """This will do what an activity is for whose boundary events wait; they wait no more while it cannot begin."""
    try:
        BEHAVIOURS[token.node.type](run, token)
    except Stuck as trouble:
        _drop_boundaries(run, token)
        run.hold(token, trouble, ["work"])


@operation
def complete(run: Run, token: Token, data: dict[str, Any]) -> None:
    """This will take over what the node produced and go on from it."""
    node = token.node
    take_over(run, token, data)
    if run.changed and run.tree.conditions:
        _drop_boundaries(run, token)
    if node.listeners and any(listener.event == "end" for listener in node.listeners):
        run.push(("listen", token, "end", 0, {}))
    else:
        run.push(("finish", token))
    examine_conditions(run)


def _drop_boundaries(run: Run, token: Token) -> None:
    """What is completed cannot be interrupted any more; Camunda: nor does what it wrote fire its own boundary."""
    for child in list(token.children.values()):
        if child.is_boundary:
            run.remove(child, True)


@operation
def finish(run: Run, token: Token) -> None:
    """This will leave the node, or count one more item of its multi-instance activity as done."""
    run.tell("completed", token)
    node, above = token.node, token.above
    is_activity = node.type in ACTIVITIES
    if is_activity:
        compensation.record(run, token)
    if token.is_item:
        loops.item_done(run, token)
        return
    run.push(("leave", token))
    if above.node.type == "adHocSubProcess" and is_activity and not adhoc.is_last(token):
        run.push(("ad_hoc_progress", above))


@operation
def leave(run: Run, token: Token) -> None:
    """This will move on over the outgoing flows; where there is none, the path ends."""
    scope, node = token.above, token.node
    if token.children and node.boundaries:
        _drop_boundaries(run, token)
    flows = outgoing(run, token)
    if flows and (len(node.outgoing) > 1 or node.type == "exclusiveGateway"):
        for flow in flows:
            run.tell("flow_taken", token, flow=flow.id, to=flow.target)
    if "kept" in scope.info:
        flows = without_kept(token, scope, flows)
    nodes = token.process.nodes
    if not flows and scope.node.ad_hoc is not None and scope.kind != "path":
        adhoc.gather(run, token, scope)
    run.remove(token)
    if not flows:
        run.push(("done", scope))
        return
    mark, first = len(run.agenda), run.tree.next
    for flow in flows:
        enter(run, nodes[flow.target], scope, flow)
    if "kept" in token.info:
        keep_on(scope, first)
    if len(flows) > 1:
        run.agenda[mark:] = run.agenda[mark:][::-1]


def outgoing(run: Run, token: Token) -> list[Flow]:
    """This will choose the flows to take."""
    node = token.node
    flows = node.outgoing
    if node.type == "exclusiveGateway":
        return gateways.exclusive(run, token)
    if node.type == "parallelGateway" or not flows or (len(flows) == 1 and flows[0].condition is None):
        return flows
    return gateways.inclusive(run, token)


@operation
def done(run: Run, scope: Token) -> None:
    """This will end `scope` when nothing is left in it."""
    if any(child.kind != "sub" for child in scope.children.values()):
        if scope.node.type == "adHocSubProcess" and scope.kind == "act":
            run.push(("path_ended", scope))
        return
    if scope.kind == "path":
        run.push(("path_done", scope))
        return
    if scope.inner.closing is not None and "closing" not in scope.info and _holds_process(scope):
        _close_process(run, scope, scope.inner.closing)
    elif scope.kind == "case":
        run.clear(scope)
        scope.info.clear()
        run.ended = True
        run.events.append(Event(kind="ended", element=scope.process.id, name=scope.process.name, token=scope.id))
    elif scope.kind == "body":
        loops.close_if_done(run, scope)
    elif scope.node.type in ("intermediateThrowEvent", "endEvent"):
        run.push(("undone", scope))
    elif scope.node.type == "adHocSubProcess":
        run.push(("path_ended", scope))
    elif scope.node.type == "callActivity":
        run.push(("come_back", scope))
    else:
        close_events(run, scope)
        run.push(("complete", scope, {}))


def _holds_process(scope: Token) -> bool:
    return scope.kind == "case" or (scope.node.type == "callActivity" and scope.doc is not None)


def _close_process(run: Run, scope: Token, closing: Node) -> None:
    """Calls what listens to the end of the process in `scope`; the process has ended when that is done."""
    close_events(run, scope)
    scope.info["closing"] = 1
    run.push(("listen", run.create("act", closing, scope), "end", 0, {}))
