"""Execution listeners: services that are called before and after the work of an element."""

from __future__ import annotations

from typing import Any

from engine.bpmn.activities import call_service
from engine.bpmn.process import Call
from engine.bpmn.run import Run, operation
from engine.bpmn.tokens import Token


@operation
def listen(run: Run, token: Token, event: str, index: int, data: dict[str, Any]) -> None:
    """This will call the listeners of `event` (start or end) one after the other, then go on with the element."""
    if data:
        run.write(token, data)
    token.info.pop("listens", None)
    listeners = [listener for listener in token.node.listeners if listener.event == event]
    if index >= len(listeners):
        run.push(("work", token) if event == "start" else ("finish", token))
        return
    listener = listeners[index]
    token.info["listens"] = [event, index]
    call = Call("service", listener.type, retries=listener.retries, headers={"listener": event})
    call_service(run, token, call, "listen", event, index + 1)
