"""Errors, escalations and signals: who catches what was thrown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.bpmn.mappings import take_over
from engine.bpmn.outcome import SignalSent
from engine.bpmn.process import Node
from engine.bpmn.run import Run, Stuck, operation
from engine.bpmn.tokens import Token
from engine.bpmn.waiting import catch


def throw_signal(run: Run, token: Token, name: str) -> None:
    """This will let every catcher of `name` in the case take the signal, then go on, then tell the other cases."""
    require_end(run)
    data = dict(token.local)
    run.sent.append(SignalSent(signal=name, data=data))
    run.push_all([*(("fire", catcher, data) for catcher in catchers(run, name)), ("complete", token, {})])


def require_end(run: Run) -> None:
    """This will let nothing more be sent in a circle of messages, which nobody outside would end: an incident."""
    if run.host.circle:
        raise Stuck(f"Messages go round in a circle: {run.host.circle}.", circle=run.host.circle)


def catchers(run: Run, name: str) -> list[Token]:
    """This will return the tokens that wait for the signal `name` now."""
    return [
        token
        for token in run.tree.tokens.values()
        if token.node.event is not None and token.node.event.kind == "signal" and token.info.get("open") == name
    ]


def _handlers(origin: Token, kind: str) -> Iterator[tuple[Token, Node]]:
    """Catching events from `origin` upwards: at each level the event subprocesses inside, then the boundary outside."""
    child, token = origin, origin
    while True:
        if token is not origin and token.kind in ("act", "case") and not token.info.get("interrupted"):
            for start in _event_subprocess_starts(token, child, kind):
                yield token, start
        if token.kind in ("act", "body") and not token.is_item:
            for node in token.node.boundaries:
                if node.event is not None and node.event.kind == kind:
                    yield token, node
        if token.parent is None:
            return
        child, token = token, token.parent


def _event_subprocess_starts(scope: Token, child: Token, kind: str) -> Iterator[Node]:
    for holder in scope.content.event_subprocesses:
        if holder is child.node:
            continue  # what is thrown inside a handler is not caught by that handler again
        for start in scope.inner.inside(holder.id).starts:
            if start.event is not None and start.event.kind == kind:
                yield start


def find(run: Run, origin: Token, kind: str, code: str | None) -> tuple[Token, Node] | None:
    """This will find the nearest event that catches `code`; at one level the exact one beats the one that takes all."""
    best: tuple[Token, Node] | None = None
    level: tuple[int, bool] | None = None
    for owner, node in _handlers(origin, kind):
        here = (owner.id, node.type == "boundaryEvent")
        if best is not None and here != level:
            return best
        wanted = node.event.code if node.event is not None else None
        if wanted is None:
            best, level = best or (owner, node), here
        elif code is not None and run.evaluate(wanted, owner, f"{kind} code") == code:
            return owner, node
    return best


@operation
def throw_error(run: Run, token: Token, code: str | None, message: str, data: dict[str, Any]) -> None:
    """This will interrupt up to the event that catches the error; one that nobody catches is an incident.

    In models of Camunda 7 an uncaught error ends its path in silence, as it does there.
    """
    found = find(run, token, "error", code)
    if found is None:
        if token.process.strict:
            what = f"{code}: {message}" if message else f"{code}."
            raise Stuck(f"Nobody catches the error {what}", code=code, message=message)
        scope = token.above
        run.remove(token, True)
        run.push(("done", scope))
        return
    owner, node = found
    _hand_over(run, owner, node)
    run.tell("error_caught", owner, code=code, message=message, by=node.id)
    catch(run, owner, node, data, {"errorCode": code, "errorMessage": message})


@operation
def throw_escalation(run: Run, token: Token, code: str | None, data: dict[str, Any], goes_on: bool) -> None:
    """This will tell the nearest event that catches the escalation; the thrower goes on unless that interrupts it."""
    found = find(run, token, "escalation", code)
    if goes_on:
        run.push(("complete", token, {}))
    if found is not None:
        owner, node = found
        _hand_over(run, owner, node)
        run.tell("escalation_caught", owner, code=code, by=node.id)
        catch(run, owner, node, data, {"escalationCode": code})


def _hand_over(run: Run, owner: Token, node: Node) -> None:
    """A called process that throws hands its results over first, as Camunda does."""
    if (
        node.type == "boundaryEvent"
        and owner.node.type == "callActivity"
        and owner.kind == "act"
        and owner.doc is not None
    ):
        if owner.node.outputs:
            take_over(run, owner, dict(owner.doc))
        elif owner.node.call is not None and owner.node.call.child_variables:
            run.write(owner, owner.doc)
