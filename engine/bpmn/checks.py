"""What makes a diagram impossible to execute although each of its elements is understood: rules between elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.bpmn.faults import DiagramFault, fault
from engine.bpmn.process import SCOPES, Flow, Node, Note, Process, is_entry

CATCHING = frozenset({"receiveTask", "intermediateCatchEvent", "boundaryEvent", "startEvent"})
Rule = Callable[[Process, Node], Iterator[DiagramFault]]


# Faults of a scope that may only follow from what was told of something inside it.
_OF_SCOPES = frozenset({"no-entry", "event-subprocess-start", "subprocess-starts", "ad-hoc-empty", "scope-empty"})


def check(process: Process, told: frozenset[str] = frozenset()) -> list[DiagramFault]:
    """This will return every fault of `process`, in document order, but those that follow from the faults of `told`.

    `told` are the ids of elements that are refused already.
    """
    found = [problem for node in process.walk() for rule in _RULES for problem in rule(process, node)]
    found.extend(_entries(process, None))
    found.extend(_twice(process, _handler_starts(process, process.content.event_subprocesses)))
    found.extend(_twice(process, process.content.starts))
    found.extend(_flows(process))
    return [problem for problem in found if not (told and _follows(process, problem, told))]


def _follows(process: Process, problem: DiagramFault, told: frozenset[str]) -> bool:
    """Whether a fault may be gone once the faults of `told` are mended: it is told only if it still stands then."""
    if problem.element in told or told & set(map(str, problem.details.values())):
        return True
    flows = [process.flows[id] for id in told if id in process.flows]
    ends = {end for flow in flows for end in (flow.source, flow.target)}
    nodes = [process.nodes[id] for id in told | ends if id in process.nodes]
    is_lost = any(id not in process.nodes and id not in process.flows for id in told)
    if problem.code in _OF_SCOPES:
        return is_lost or any(node.scope == problem.element for node in nodes)
    if problem.code == "link-missing":
        return any(node.type == "intermediateCatchEvent" for node in nodes)
    return problem.code == "handler-missing" and is_lost


def lint(process: Process) -> list[Note]:
    """This will return what is allowed but surely not meant: nodes that no token comes to."""
    found = []
    handlers = {node.handler for node in process.walk()}
    for node in process.walk():
        starts = process.inside(node.scope).starts
        around = process.nodes.get(node.scope)
        is_offered = around is not None and around.type == "adHocSubProcess"
        if starts and node.type != "startEvent" and is_entry(node) and not is_offered:
            text = f"No flow leads to {node.name or node.id}: it is never done."
            found.append(Note(node.id, node.name, "kept", "unreachable", text, node.line))
        if node.is_compensation and node.id not in handlers:
            text = f"No compensation event leads to {node.name or node.id}: it is never done."
            found.append(Note(node.id, node.name, "kept", "unreachable", text, node.line))
        if not process.is_native and _kind(node) == "message" and _lacks_key(process, node):
            text = "The message has no correlation key: whichever case waits longest takes it."
            found.append(Note(node.id, node.name, "kept", "correlation", text, node.line))
        if starts and node in starts and _kind(node) == "conditional" and node.scope == process.id:
            text = "Nobody looks at this condition before there is a case: such a start event starts none by itself."
            found.append(Note(node.id, node.name, "kept", "conditional-start", text, node.line))
        if node.type in SCOPES and node.content is not None and not node.content.nodes:
            text = "Nothing stands in this subprocess: it is passed."
            found.append(Note(node.id, node.name, "kept", "scope-empty", text, node.line))
    return found


def _at(node: Node, code: str, **details: object) -> DiagramFault:
    return fault(code, node.id, node.name, node.line, **details)


def _kind(node: Node) -> str:
    return node.event.kind if node.event is not None else "none"


def _flows(process: Process) -> Iterator[DiagramFault]:
    checked = ("exclusiveGateway", "inclusiveGateway") if process.is_native else ("exclusiveGateway",)
    for node in process.walk():
        if node.type not in checked or len(node.outgoing) < 2:
            continue
        open_flows = [flow for flow in node.outgoing if flow.condition is None and flow.id != node.default]
        # Camunda 7 takes a single flow without condition for the default.
        if process.is_native or len(open_flows) > 1:
            for flow in open_flows:
                yield _at(node, "flow-condition-missing", flow=_name(process, flow), id=flow.id)


def _name(process: Process, flow: Flow) -> str:
    """A flow as a drawing shows it: by its name, or by what it leads to."""
    if flow.name.strip():
        return " ".join(flow.name.split())
    target = process.nodes.get(flow.target)
    return f"→ {target.name}" if target is not None and target.name else flow.id


def _defaults(process: Process, node: Node) -> Iterator[DiagramFault]:
    if node.default and node.default not in {flow.id for flow in node.outgoing}:
        yield _at(node, "default-missing", flow=node.default)
    for flow in node.outgoing:
        if flow.id == node.default and flow.condition is not None and process.is_native:
            yield _at(node, "default-conditional", flow=_name(process, flow))


def _ends(process: Process, node: Node) -> Iterator[DiagramFault]:
    if node.type == "startEvent" and node.incoming:
        yield _at(node, "start-incoming")
    if node.type == "endEvent" and node.outgoing:
        yield _at(node, "end-outgoing")
    if node.by_event and (node.incoming or node.outgoing):
        yield _at(node, "event-subprocess-flow")


def _boundaries(process: Process, node: Node) -> Iterator[DiagramFault]:
    if node.type != "boundaryEvent":
        return
    host = process.nodes.get(node.attached_to or "")
    if host is None or not host.is_activity or host.scope != node.scope or host.by_event:
        yield _at(node, "boundary-detached", ref=node.attached_to or "")
        return
    if node.incoming:
        yield _at(node, "boundary-incoming")
    kind = _kind(node)
    if (
        kind in ("error", "cancel", "compensation")
        and not node.interrupting
        and process.is_native
        and kind != "compensation"
    ):
        yield _at(node, "non-interrupting", kind=kind)
    if kind == "cancel" and host.type != "transaction":
        yield _at(node, "cancel-outside")
    if kind == "compensation":
        yield from _compensation(process, node)


def _compensation(process: Process, node: Node) -> Iterator[DiagramFault]:
    if node.outgoing:
        yield _at(node, "compensation-flow")
    handler = process.nodes.get(node.handler or "")
    if handler is None:
        yield _at(node, "handler-missing")
    elif not handler.is_activity or handler.by_event or handler.scope != node.scope:
        yield _at(node, "handler-invalid", ref=handler.id)
    elif handler.incoming or handler.outgoing:
        yield _at(handler, "handler-flow")


def _subprocess(process: Process, node: Node) -> Iterator[DiagramFault]:
    if node.type not in SCOPES or node.content is None:
        return
    starts = node.content.starts
    if node.by_event:
        if node.loop is not None:
            yield _at(node, "event-subprocess-loop")
        if len(starts) != 1 or starts[0].event is None:
            yield _at(node, "event-subprocess-start")
        elif _kind(starts[0]) == "error" and not starts[0].interrupting and process.is_native:
            yield _at(starts[0], "non-interrupting", kind="error")
        elif _kind(starts[0]) == "compensation" and node.scope == process.id:
            yield _at(starts[0], "compensation-process")
        return
    if node.type == "adHocSubProcess":
        for inner in node.content.nodes:
            if inner.type in ("startEvent", "endEvent"):
                yield _at(inner, "ad-hoc-event", type=inner.type)
        if not any(inner.is_activity and not inner.incoming and not inner.by_event for inner in node.content.nodes):
            yield _at(node, "ad-hoc-empty")
        return
    if len(starts) > 1 or any(start.event is not None for start in starts):
        yield _at(node, "subprocess-starts")
    yield from _entries(process, node)


def _entries(process: Process, node: Node | None) -> Iterator[DiagramFault]:
    content = process.content if node is None else node.content
    if content is None:
        return
    if node is None:
        for start in content.starts:
            if _kind(start) in ("error", "escalation", "compensation"):
                yield _at(start, "start-kind", kind=_kind(start))
    if node is not None and not content.nodes:
        # Modelers that describe draw a collapsed subprocess and leave it empty: it is passed.
        if process.is_native:
            yield _at(node, "scope-empty")
        return
    if not content.entries and not content.starts:
        id, name, line = (process.id, process.name, None) if node is None else (node.id, node.name, node.line)
        yield fault("no-entry", id, name, line)


def _event_gateway(process: Process, node: Node) -> Iterator[DiagramFault]:
    if node.type != "eventBasedGateway":
        return
    if not node.outgoing:
        yield _at(node, "event-gateway-narrow")
    for flow in node.outgoing:
        target = process.nodes.get(flow.target)
        if target is None:
            continue
        if target.type not in ("intermediateCatchEvent", "receiveTask") or _kind(target) == "link" or target.loop:
            yield _at(node, "event-gateway-target", ref=target.name or target.id)
        elif len(target.incoming) > 1 and process.is_native:
            yield _at(node, "event-gateway-shared", ref=target.name or target.id)


def _links(process: Process, node: Node) -> Iterator[DiagramFault]:
    if _kind(node) != "link" or node.event is None:
        return
    link = node.event.name.text if node.event.name else ""
    throws = node.type == "intermediateThrowEvent"
    if throws and link not in process.inside(node.scope).links:
        yield _at(node, "link-missing", link=link)
    if node.outgoing if throws else node.incoming:
        yield _at(node, "link-flow")


def _messages(process: Process, node: Node) -> Iterator[DiagramFault]:
    event = node.event
    if event is None or event.kind != "message" or not process.is_native or event.name is None:
        return
    if _lacks_key(process, node):
        yield _at(node, "correlation-missing", message=event.name.text)


def _lacks_key(process: Process, node: Node) -> bool:
    is_root_start = node.type == "startEvent" and node.scope == process.id
    catches = node.type in CATCHING and not is_root_start
    return catches and node.event is not None and node.event.correlation_key is None


def _throws(process: Process, node: Node) -> Iterator[DiagramFault]:
    kind = _kind(node)
    if node.type not in ("endEvent", "intermediateThrowEvent"):
        return
    if kind == "cancel" and not any(scope.type == "transaction" for scope in _around(process, node)):
        yield _at(node, "cancel-outside")
    activity = node.event.activity if node.event is not None else None
    if kind == "compensation" and activity:
        target = process.nodes.get(activity)
        visible = {scope.id for scope in _around(process, node)[:1]} or {process.id}
        around = _around(process, node)
        while around and around[0].by_event:
            visible.add(around[0].scope)
            around = around[1:]
        if target is None or not target.is_activity or target.scope not in visible:
            yield _at(node, "compensation-target", ref=activity)
        elif process.is_native and not _is_undone(target):
            yield _at(node, "compensation-nothing", ref=target.name or activity)


def _is_undone(target: Node) -> bool:
    """Camunda 8: what is named needs a handler, or is a subprocess with what was done inside."""
    if target.type in SCOPES and not target.by_event:
        return True
    return any(_kind(boundary) == "compensation" for boundary in target.boundaries)


def _caught_twice(process: Process, node: Node) -> Iterator[DiagramFault]:
    """Of two that catch the same error Camunda 7 takes the first; here it is refused, as in Camunda 8."""
    yield from _twice(process, node.boundaries)
    if node.content is not None:
        undoing = [boundary for boundary in node.boundaries if _kind(boundary) == "compensation"][:1]
        yield from _twice(process, undoing + _handler_starts(process, node.content.event_subprocesses))


def _handler_starts(process: Process, holders: list[Node]) -> list[Node]:
    return [start for holder in holders for start in process.inside(holder.id).starts]


def _twice(process: Process, catchers: list[Node]) -> Iterator[DiagramFault]:
    seen: dict[tuple[str | None, ...], Node] = {}
    for node in catchers:
        key = _caught(process, node)
        first = seen.setdefault(key, node) if key is not None else node
        if key is not None and first is not node:
            yield _at(node, "catch-twice", ref=first.name or first.id, what=key[1])


def _caught(process: Process, node: Node) -> tuple[str | None, ...] | None:
    """What only one event of a place can catch: a second one would wait for ever. None: several may."""
    event = node.event
    if event is None:
        return None
    if event.kind in ("error", "escalation") and process.is_native:
        return (event.kind, event.code.text if event.code is not None else f"every {event.kind}")
    if event.kind in ("compensation", "cancel"):
        return (event.kind, event.kind)
    if event.kind == "message" and event.name is not None:
        begins = node.type == "startEvent" and node.scope == process.id
        key = None if begins or event.correlation_key is None else event.correlation_key.text
        return (event.kind, event.name.text, key)
    return None


def _around(process: Process, node: Node) -> list[Node]:
    found = []
    scope = process.nodes.get(node.scope)
    while scope is not None:
        found.append(scope)
        scope = process.nodes.get(scope.scope)
    return found


_RULES: tuple[Rule, ...] = (
    _defaults,
    _ends,
    _boundaries,
    _subprocess,
    _event_gateway,
    _links,
    _messages,
    _throws,
    _caught_twice,
)
