"""Undoing completed work: what was completed is recorded in its scope; its handlers begin together.

A record is [element, local variables, inner records]. As in Camunda 7, 8 and Flowable all handlers begin at once, that
of the last completed activity first, and the throwing event waits for all of them: what is done inside the step is
undone in reverse order of completion, and what people or jobs undo does not wait for one another.
"""

from __future__ import annotations

from typing import Any

from engine.bpmn.process import EventDefinition, Node, Process
from engine.bpmn.run import Run, Stuck, operation
from engine.bpmn.stimuli import Data
from engine.bpmn.tokens import Token

Record = list[Any]


def _compensation_boundary(node: Node) -> Node | None:
    for boundary in node.boundaries:
        if boundary.event is not None and boundary.event.kind == "compensation":
            return boundary
    return None


def _compensation_subprocess(process: Process, node: Node) -> Node | None:
    for holder in node.content.event_subprocesses if node.content is not None else ():
        for start in process.inside(holder.id).starts:
            if start.event is not None and start.event.kind == "compensation":
                return holder
    return None


def record(run: Run, token: Token) -> None:
    """This will remember a completed activity that can be compensated, in the scope around it."""
    node = token.node
    if node.is_compensation:
        return
    inner = token.info.get("completed") or []
    has_handler = _compensation_boundary(node) is not None
    if has_handler and token.is_item and token.process.is_native:
        return  # Camunda 8: undone once, when all items are done; the old engines undo each item
    if node.content is None:
        if not has_handler:
            return
        inner = []
    elif not inner and not has_handler and _compensation_subprocess(token.process, node) is None:
        return
    local = {name: value for name, value in token.local.items() if name != "loopCounter"}
    # An item can be undone when all items are done: until then its multi-instance activity is not completed.
    _remember(token.above if token.is_item else scope_of(token), [[node.id, local, inner]])


def _remember(scope: Token, records: list[Record]) -> None:
    if records:
        scope.info["completed"] = [*scope.info.get("completed", []), *records]


def record_items(run: Run, body: Token) -> None:
    """This will remember a completed multi-instance activity: its items, or the whole when that has one handler."""
    _remember(scope_of(body), body.info.pop("completed", []))
    if body.process.is_native and _compensation_boundary(body.node) is not None:
        record(run, body)


def scope_of(token: Token) -> Token:
    """This will return the scope that `token` stands in, looking through multi-instance bodies and ad-hoc paths."""
    for above in token.ancestors():
        if above.kind not in ("body", "path"):
            return above
    return token


def throw(run: Run, token: Token, event: EventDefinition) -> None:
    """This will compensate what the event names, or everything completed in its scope."""
    chosen: list[Record] = []
    for scope in _visible(token):
        kept: list[Record] = []
        for entry in scope.info.get("completed", []):
            (chosen if event.activity is None or entry[0] == event.activity else kept).append(entry)
        _keep(scope, kept)
    if not event.waits:
        run.push(("complete", token, {}))
        token = run.create("act", token.node, token.above)
        token.info["beside"] = 1
    _begin(run, token, chosen)


def _keep(scope: Token, records: list[Record]) -> None:
    if records:
        scope.info["completed"] = records
    else:
        scope.info.pop("completed", None)


def _visible(token: Token) -> list[Token]:
    """The scope of the thrower; from inside an event subprocess also the scope that this handles events of."""
    scopes = [scope_of(token)]
    while scopes[-1].node.by_event and scopes[-1].parent is not None:
        scopes.append(scope_of(scopes[-1]))
    return scopes[::-1]


def _begin(run: Run, token: Token, records: list[Record]) -> None:
    """Begins all handlers, that of the last completed activity first; the thrower goes on when the last has ended."""
    mark = len(run.agenda)
    for entry in reversed(_leaves(token.process, records, {})):
        _handle(run, token, entry)
    run.agenda[mark:] = run.agenda[mark:][::-1]
    if not token.has_live_children:
        run.push(("undone", token))


def _leaves(process: Process, records: list[Record], local: Data) -> list[Record]:
    """The records that have a handler of their own, those inside completed subprocesses too, in order of completion."""
    found: list[Record] = []
    for id, own, inner in records:
        node = process.nodes.get(id)
        if node is None:
            continue
        seen = {**local, **own}
        if _compensation_boundary(node) is None and _compensation_subprocess(process, node) is None:
            found.extend(_leaves(process, inner, seen))
        else:
            found.append([id, seen, inner])
    return found


def _handle(run: Run, token: Token, entry: Record) -> None:
    id, local, inner = entry
    node = token.process.nodes.get(id)
    if node is None:
        return
    boundary = _compensation_boundary(node)
    if boundary is not None and boundary.handler is not None:
        handler = run.create("act", token.process.nodes[boundary.handler], token)
        handler.local.update(local)
        run.tell("compensated", token, activity=id, by=boundary.handler)
        run.push(("begin", handler))
        return
    holder = _compensation_subprocess(token.process, node)
    if holder is not None:
        scope = run.create("act", holder, token)
        scope.local.update(local)
        _keep(scope, inner)
        run.tell("compensated", token, activity=id, by=holder.id)
        start = token.process.inside(holder.id).starts[0]
        run.push(("arrive", run.create("act", start, scope), {}))
        return


@operation
def undone(run: Run, token: Token) -> None:
    """This will go on from an event whose compensation handlers have all ended."""
    if token.info.get("cancels"):
        _leave_transaction(run, token)
    elif token.info.get("beside"):
        scope = token.above
        run.remove(token)
        run.push(("done", scope))
    else:
        run.push(("complete", token, {}))


def cancel_transaction(run: Run, token: Token) -> None:
    """This will end what is open in the transaction around `token`, undo what is done and leave by its cancel event.

    Camunda 7: what was done in a subprocess that has not completed goes with it, only what is completed is undone.
    """
    transaction = next((above for above in token.ancestors() if above.node.type == "transaction"), None)
    if transaction is None:
        raise Stuck("There is no transaction to cancel.")
    records: list[Record] = transaction.info.pop("completed", [])
    node = token.node
    run.clear(transaction)
    thrower = run.create("act", node, transaction)
    thrower.info["cancels"] = 1
    _begin(run, thrower, records)


def _leave_transaction(run: Run, token: Token) -> None:
    transaction = token.above
    host = transaction.above if transaction.is_item else transaction
    for node in host.node.boundaries:
        if node.event is not None and node.event.kind == "cancel":
            scope = host.above
            run.remove(host, True)
            run.push(("arrive", run.create("act", node, scope), {}))
            return
    run.clear(transaction)
    run.push(("leave", host))
