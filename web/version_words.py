"""Words for versions: what of an element differs, what stands in the way of a case, kinds of elements."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Translate = Callable[[str], str]


def N_(message: str) -> str:
    """This will mark `message` for translation."""
    return message


ASPECTS = {
    "name": N_("name"),
    "kind": N_("kind of element"),
    "place": N_("subprocess in which it stands"),
    "attached": N_("step to which it is attached"),
    "lane": N_("lane"),
    "documentation": N_("explanation"),
    "default": N_("default flow"),
    "interrupting": N_("interrupts the step"),
    "compensation": N_("undoes another step"),
    "event": N_("kind of event"),
    "message": N_("message"),
    "signal": N_("signal"),
    "error": N_("error"),
    "escalation": N_("escalation"),
    "correlation": N_("key of the message"),
    "timer": N_("timer"),
    "condition": N_("condition"),
    "undoes": N_("step that is undone"),
    "loop": N_("repeated"),
    "loop-collection": N_("repeated for each of"),
    "loop-item": N_("name of the item"),
    "loop-count": N_("number of repetitions"),
    "loop-result": N_("gathered result"),
    "loop-completion": N_("repeated until"),
    "assignee": N_("person"),
    "groups": N_("roles"),
    "users": N_("persons of the queue"),
    "unit": N_("unit"),
    "due": N_("due time"),
    "follow-up": N_("follow-up time"),
    "priority": N_("priority"),
    "form": N_("form"),
    "called-process": N_("called process"),
    "decision": N_("decision table"),
    "service": N_("service"),
    "binding": N_("version that is bound"),
    "result": N_("result variable"),
    "effective-on": N_("day that decides the version"),
    "retries": N_("attempts"),
    "headers": N_("headers"),
    "script": N_("computation"),
    "inputs": N_("inputs"),
    "outputs": N_("outputs"),
    "listeners": N_("listeners"),
    "ad-hoc": N_("rules of the ad-hoc subprocess"),
    "source": N_("from"),
    "target": N_("to"),
    "version-tag": N_("version tag"),
    "rules": N_("rules"),
    "label": N_("label"),
    "type": N_("kind of field"),
    "validate": N_("checks"),
    "values": N_("choices"),
    "description": N_("help text"),
    "conditional": N_("shown only if"),
    "requires": N_("fields that it requires"),
    "style": N_("look"),
    "limit": N_("limit"),
    "fourEyes": N_("four eyes"),
    "outcome": N_("variable of the outcome"),
    "returnTo": N_("steps to which it may be returned"),
}

VALUES = {
    "yes": N_("yes"),
    "no": N_("no"),
    "sequential": N_("one after the other"),
    "parallel": N_("all at once"),
    "": N_("nothing"),
}

TYPES = {
    "userTask": N_("task of a person"),
    "serviceTask": N_("service task"),
    "sendTask": N_("send task"),
    "receiveTask": N_("receive task"),
    "scriptTask": N_("script task"),
    "businessRuleTask": N_("business rule task"),
    "manualTask": N_("manual task"),
    "task": N_("task without a kind"),
    "callActivity": N_("call of a process"),
    "subProcess": N_("subprocess"),
    "transaction": N_("transaction"),
    "adHocSubProcess": N_("ad-hoc subprocess"),
    "exclusiveGateway": N_("exclusive gateway"),
    "parallelGateway": N_("parallel gateway"),
    "inclusiveGateway": N_("inclusive gateway"),
    "eventBasedGateway": N_("event-based gateway"),
    "startEvent": N_("start event"),
    "endEvent": N_("end event"),
    "intermediateCatchEvent": N_("waiting event"),
    "intermediateThrowEvent": N_("sending event"),
    "boundaryEvent": N_("boundary event"),
    "sequenceFlow": N_("flow"),
}

WAITS = {
    "task": N_("tasks, kept by those who have them"),
    "service": N_("service calls, kept"),
    "timer": N_("timers, kept with their due time"),
    "message": N_("waiting for a message, kept"),
    "signal": N_("waiting for a signal, kept"),
    "conditional": N_("waiting for a condition, looked at again"),
    "adHoc": N_("offered activities, offered anew"),
    "join": N_("waiting for other branches"),
    "halted": N_("standing still; can be tried again afterwards"),
}

REASONS = {
    "unmapped": N_("The new version has no step of this id; choose one that stands for it."),
    "kind-differs": N_("The step is of another kind in the new version."),
    "event-differs": N_("The event is of another kind in the new version."),
    "loop-differs": N_("The step is repeated in another way in the new version."),
    "scope-differs": N_("The step stands in another subprocess in the new version."),
    "join-flow-gone": N_("A branch already waits here by a way that the new version does not have."),
    "listener-differs": N_("A listener is being called that the new version does not have."),
    "undo-lost": N_("The step was done and may have to be undone, but the new version does not have it."),
    "expression-fails": N_("An expression of the new version cannot be evaluated for this case."),
    "form-missing": N_("The form of the step is not deployed."),
    "ended": N_("The case had ended before it was its turn."),
    "elsewhere": N_("The case was no longer on this version when it was its turn."),
    "failed": N_("Moving the case failed."),
}


def aspect(what: str, translate: Translate) -> str:
    """This will name what of an element, field or decision differs."""
    kind, _, rest = what.partition(":")
    if kind == "property":
        name = rest.removeprefix("bihuan:")
        return translate(ASPECTS[name]) if name in ASPECTS else name
    if kind == "field":
        path, _, part = rest.partition(":")
        return f"{path} · {translate(ASPECTS.get(part, part))}" if part else path
    return translate(ASPECTS.get(what, what))


def value(text: str, translate: Translate) -> str:
    """This will write a value of an element; nothing is said to be nothing."""
    known = VALUES.get(text) or TYPES.get(text)
    return translate(known) if known else text


def kind(type: str, translate: Translate) -> str:
    """This will name a kind of element."""
    return translate(TYPES.get(type, type))


def waits(code: str, translate: Translate) -> str:
    """This will tell what becomes of those who wait at a step."""
    return translate(WAITS.get(code, code))


def reason(problem: Any, translate: Translate) -> str:
    """This will tell why a case does not move, with the detail that the engine gives."""
    words = translate(REASONS.get(problem.code, problem.code))
    return f"{words} {problem.detail}".strip()


def reasons(problems: Iterable[Any], translate: Translate) -> list[str]:
    """This will tell everything that stands in the way of a case, each with its step."""
    return [
        translate(": ").join(filter(None, (problem.name or problem.element, reason(problem, translate))))
        for problem in problems
    ]
