"""Repairing a case beyond moving one token: elements are begun wherever they stand, then tokens are ended.

As in Camunda 8: all of it or nothing; what is begun interrupts nothing; a subprocess that is not open opens without its
start event and input mappings; one whose last token is ended, ends with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine import feel
from engine.bpmn import adhoc
from engine.bpmn.moving import enter, why_not_begin
from engine.bpmn.process import SCOPES, Node, Process
from engine.bpmn.run import Run
from engine.bpmn.stimuli import Activation, Modify
from engine.bpmn.tokens import Token, TokenGone
from engine.bpmn.waiting import event_starts, examine_conditions, subscribe
from engine.errors import Invalid

CALLS_OFF = "it is the last one in a called process; end the call instead"
SEVERAL = "its subprocess is open more than once; say in which one"


class CannotModify(Invalid):
    """“{element}” cannot be begun or ended there: {reason}."""


def possible(process: Process) -> list[Node]:
    """This will list the elements of a process that could be begun, in document order."""
    return [node for node in process.walk() if _why_not(process, node) is None]


def modify(run: Run, stimulus: Modify) -> None:
    """This will begin elements with the variables given, then end tokens. Raises CannotModify, TokenGone."""
    mark = len(run.agenda)
    for each in stimulus.activate:
        _activate(run, each)
    run.agenda[mark:] = run.agenda[mark:][::-1]
    for id in stimulus.terminate:
        _terminate(run, id)
    if not run.tree.root.has_live_children:
        raise CannotModify(element=run.tree.root.process.id, reason="nothing would be open; cancel the case instead")
    examine_conditions(run)


def _activate(run: Run, wanted: Activation) -> None:
    within = _within(run, wanted)
    owner = next((each for each in (within, *within.ancestors()) if _holds_process(each)), run.tree.root)
    node = owner.inner.nodes.get(wanted.element)
    if node is None:
        reason = "a flow is no element" if wanted.element in owner.inner.flows else "the process has no such element"
        raise CannotModify(element=wanted.element, reason=reason)
    obstacle = _why_not(owner.inner, node)
    if obstacle is not None:
        raise CannotModify(element=node.name or node.id, reason=obstacle)
    scopes = {owner.inner.id: owner}
    for around in _around(owner.inner, node):
        owner = _open(run, owner, around, within, node)
        scopes[around.id] = owner
    for scope, data in wanted.data.items():
        if scope and scope not in scopes:
            raise CannotModify(element=node.name or node.id, reason="data are given to a scope that is not around it")
        holder = scopes[scope] if scope else run.tree.root
        document = holder.local if holder.doc is None else holder.doc
        run.created.update(name for name in data if name not in document)
        document.update(feel.to_json(dict(data)))
        run.changed.update(data)
    if node.by_event:
        _begin_handler(run, owner, node)
    elif owner.node.ad_hoc is not None and owner.kind == "act":
        enter(run, node, adhoc.path_in(run, owner))
    else:
        enter(run, node, owner)


def _within(run: Run, wanted: Activation) -> Token:
    if wanted.within is None:
        return run.tree.root
    token = run.tree.tokens.get(wanted.within)
    if token is None:
        raise TokenGone(token=wanted.within)
    return token


def _holds_process(token: Token) -> bool:
    return token.parent is None or token.doc is not None


def _why_not(process: Process, node: Node) -> str | None:
    """Why nothing can begin at `node` by itself, wherever that is."""
    if (reason := why_not_begin(node)) is not None:
        return reason
    if any(process.nodes[flow.source].type == "eventBasedGateway" for flow in node.incoming):
        return "it is one of several events that a gateway waits for; begin the gateway"
    if any(around.loop is not None for around in _around(process, node)):
        return "it is inside a multi-instance subprocess"
    return None


def _around(process: Process, node: Node) -> list[Node]:
    """The subprocesses around `node`, the outermost first."""
    found: list[Node] = []
    around = process.nodes.get(node.scope)
    while around is not None:
        found.append(around)
        around = process.nodes.get(around.scope)
    return found[::-1]


def _open(run: Run, owner: Token, node: Node, within: Token, wanted: Node) -> Token:
    """The open subprocess `node` inside `owner`, which is opened when there is none."""
    standing = [each for each in _inside(owner) if each.node is node]
    chosen = [each for each in standing if each is within or each in within.ancestors()]
    if len(chosen or standing) > 1:
        raise CannotModify(element=wanted.name or wanted.id, reason=SEVERAL)
    if standing:
        return (chosen or standing)[0]
    token = run.create("act", node, adhoc.path_in(run, owner) if owner.node.ad_hoc is not None else owner)
    run.tell("entered", token)
    if node.ad_hoc is not None:
        adhoc.offer(run, token)
    subscribe(run, token, event_starts(node.content.event_subprocesses if node.content else [], token), False)
    subscribe(run, token, node.boundaries, True)
    return token


def _inside(owner: Token) -> Iterator[Token]:
    """What stands directly inside a scope, on the paths of an ad-hoc subprocess too."""
    for child in owner.children.values():
        if child.kind == "path":
            yield from _inside(child)
        elif child.kind == "act" and child.node.type in SCOPES:
            yield child


def _begin_handler(run: Run, owner: Token, node: Node) -> None:
    """An event subprocess begins with its start event, as if that had happened; it interrupts nothing."""
    holder = run.create("act", node, owner)
    run.tell("entered", holder)
    start = owner.inner.inside(node.id).starts[0]
    run.push(("arrive", run.create("act", start, holder), {}))


def _terminate(run: Run, id: int) -> None:
    token = run.tree.tokens.get(id)
    if token is None or token.parent is None:
        raise TokenGone(token=id)
    if token.kind == "sub":
        raise CannotModify(element=token.node.name or token.node.id, reason="it only waits beside an activity")
    name = token.node.name or token.node.id
    while True:
        scope = token.above
        run.remove(token, True)
        if scope.kind == "body" and scope.has_live_children:
            scope.info["terminated"] = scope.info.get("terminated", 0) + 1
        if scope.parent is None or scope.has_live_children:
            return
        if scope.doc is not None:
            raise CannotModify(element=name, reason=CALLS_OFF)
        token = scope
