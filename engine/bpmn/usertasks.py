"""User tasks: who may do them, until when, with which form; all found when the task opens."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from engine import feel
from engine.bpmn import timers
from engine.bpmn.outcome import TaskOpened
from engine.bpmn.process import Assignment, Value
from engine.bpmn.run import Run, operation
from engine.bpmn.tokens import Token
from engine.bpmn.variables import around, context

_NO_ASSIGNMENT = Assignment()


def user(run: Run, token: Token) -> None:
    """This will put a task before a person, after the services that listen to that."""
    if any(listener.event == "creating" for listener in token.node.listeners):
        run.push(("listen", token, "creating", 0, {}))
    else:
        open_task(run, token)


@operation
def open_task(run: Run, token: Token) -> None:
    """This will put a task before a person, when its listeners have done their part."""
    task = _task(run, token)
    token.info["open"] = 1
    run.open(token, task)


def _task(run: Run, token: Token) -> TaskOpened:
    node = token.node
    given = node.assignment or _NO_ASSIGNMENT
    form = node.form
    return TaskOpened(
        token=token.id,
        element=node.id,
        name=node.name,
        process_key=token.key,
        lane=node.lane,
        assignee=text(run, token, given.assignee, "assignee"),
        groups=_texts(run, token, given.groups, "candidate groups"),
        users=_texts(run, token, given.users, "candidate users"),
        unit=text(run, token, given.unit, "unit"),
        due_at=_instant(run, token, given.due, "due date"),
        follow_up_at=_instant(run, token, given.follow_up, "follow-up date"),
        priority=_priority(run, token, given.priority),
        form_id=text(run, token, form.form_id, "form") if form else None,
        form_binding=form.binding if form else "latest",
        external_form=text(run, token, form.external, "form") if form else None,
        local=around(token),
        properties=node.properties,
        headers=node.headers,
    )


def text(run: Run, token: Token, value: Value | None, what: str) -> str | None:
    """This will return the text that a value of the diagram gives; anything else but null is an incident."""
    if value is None:
        return None
    found = _name(run.evaluate(value, token, what), token)
    if found is None or isinstance(found, str):
        return found or None
    raise run.trouble(value, context(token), what, "it is not text")


def _name(found: Any, token: Token) -> Any:
    """Logins of older engines may be numbers: there whatever names somebody was written as text."""
    if token.process.is_native or isinstance(found, bool) or not isinstance(found, int | Decimal):
        return found
    return str(feel.to_json(found))


def _texts(run: Run, token: Token, value: Value | None, what: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if value.feel is None:
        return tuple(map(str.strip, value.text.split(",")))
    found = run.evaluate(value, token, what)
    if found is None:
        return ()
    names = [_name(item, token) for item in (found if isinstance(found, list) else [found])]
    if all(isinstance(item, str) for item in names):
        return tuple(names)
    raise run.trouble(value, context(token), what, "it is not a list of text")


def _instant(run: Run, token: Token, value: Value | None, what: str) -> datetime | None:
    if value is None:
        return None
    found = run.evaluate(value, token, what)
    if found is None or found == "":
        return None
    try:
        if isinstance(found, str) and found.startswith("P") and not token.process.is_native:
            return timers.duration(found).after(run.now)  # older engines count it from now
        return timers.instant(found)
    except timers.TimerInvalid:
        raise run.trouble(value, context(token), what, "it is no date and time") from None


def _priority(run: Run, token: Token, value: Value | None) -> int:
    if value is None:
        return 50
    found = feel.to_json(run.evaluate(value, token, "priority"))
    try:
        number = int(found)
    except (TypeError, ValueError):
        number = -1
    is_whole = isinstance(found, str) or (not isinstance(found, bool) and found == number)
    if not is_whole or not 0 <= number <= 100:
        raise run.trouble(value, context(token), "priority", "it is no number from 0 to 100")
    return number
