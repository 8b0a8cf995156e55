"""Listeners: services that are called before and after the work of an element, and around a person's task.

`start` comes before the work and `end` after it. Between them `creating` comes before a task opens, and `completing`
when a person has done it: the service sees what was submitted, may correct it, or deny it with a ServiceError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import feel
from engine.bpmn.activities import call_service
from engine.bpmn.host import ServiceError
from engine.bpmn.process import Call
from engine.bpmn.run import Run, Stuck, operation
from engine.bpmn.tokens import Token
from engine.bpmn.variables import context, put
from engine.errors import Invalid

_THEN = {"start": "work", "creating": "open_task", "end": "finish"}
OF_TASKS = frozenset({"creating", "completing"})


class Denied(Invalid):
    """{reason}"""


@operation
def listen(run: Run, token: Token, event: str, index: int, data: dict[str, Any]) -> None:
    """This will call the listeners of `event` one after the other, then go on with the element."""
    if is_denial(token, data):
        raise Denied(reason=str(data.get("deniedReason") or "denied"))
    if data and event == "completing":
        token.info["submitted"] = {**token.info.get("submitted", {}), **data}
    token.info.pop("listens", None)
    listeners = [listener for listener in token.node.listeners if listener.event == event]
    if data and event == "start" and token.process.is_native and listeners[index - 1].script is None:
        token.local.update(data)  # Camunda 8: what a start listener brings is the element's own
    elif data and event != "completing":
        for name in data if event == "end" and not token.is_item else ():
            token.local.pop(name, None)  # what an end listener brings leaves the element
        run.write(token, data)
    if index < len(listeners):
        listener = listeners[index]
        if listener.script is not None:
            value = feel.to_json(run.evaluate(listener.script.expression, token, "listener"))
            name, value = put(context(token), listener.script.result or "", value)
            run.push(("listen", token, event, index + 1, {name: value}))
            return
        token.info["listens"] = [event, index]
        headers = {**token.node.headers, **listener.headers, "listener": event}
        call = Call("service", listener.type, retries=listener.retries, headers=headers)
        try:
            call_service(run, token, call, "listen", event, index + 1)
        except ServiceError as error:
            refuse(run, token, error, in_step=True)
    elif event == "completing":
        run.push(("complete", token, token.info.pop("submitted", {})))
    else:
        run.push((_THEN[event], token))


def is_denial(token: Token, answer: Mapping[str, Any]) -> bool:
    """This will tell whether a listener of a completion answers that it is denied, as those of Camunda 8 do."""
    return answer.get("denied") is True and token.info.get("listens", [""])[0] == "completing"


def refuse(run: Run, token: Token, error: ServiceError, in_step: bool = False) -> None:
    """This will end a listener of a task with an error: a completion is denied, a task that should open is stuck.

    Denied inside the step, nothing has happened at all and the person reads why (raises Denied); denied later by a job,
    a new task opens in its place.
    """
    event, index = token.info["listens"]
    if event == "creating":
        run.hold(token, Stuck(f"The listener refused the task: {error}", code=error.code), ["listen", event, index, {}])
    elif in_step:
        raise Denied(reason=error.message or error.code)
    else:
        token.info.pop("listens")
        token.info.pop("submitted", None)
        # A task that was done stays done in the tables; what opens is another one.
        run.push(("open_task", run.tree.renew(token)))
