"""The rules that a diagram gives for who does a task, as `bihuan:` attributes or zeebe properties of a user task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine import bpmn, feel
from engine.errors import BihuanError

DISPATCH, WHEN_EMPTY, WHEN_OWN, WHEN_AGAIN = "dispatch", "whenEmpty", "whenOwn", "whenAgain"
FOUR_EYES, OUTCOME, SKIP_OUTCOME = "fourEyes", "outcome", "skipOutcome"
QUEUE, ROTATE, LEAST = "queue", "rotate", "least"
INCIDENT, UP, OPERATOR, SKIP = "incident", "up", "operator", "skip"
NEVER, WITHDRAW, KEEP = "none", "withdraw", "keep"
RETURN_TO, RETURN_CALLER = "returnTo", "returnCaller"
ALLOW, REFUSE, ASK = "allow", "refuse", "ask"
VALUES = {  # the first is meant when nothing is said
    DISPATCH: (QUEUE, ROTATE, LEAST),
    WHEN_EMPTY: (INCIDENT, UP, OPERATOR, SKIP),
    WHEN_OWN: (ALLOW, REFUSE, SKIP, UP),
    WHEN_AGAIN: (ASK, SKIP),
    "transfer": (ALLOW, NEVER),
    "returnOthers": (WITHDRAW, KEEP),
    RETURN_CALLER: (NEVER, ALLOW),
}
URGE_PAUSE, URGE_MOST = "urgePause", "urgeMost"
NUMBERS = {
    URGE_PAUSE: (10, 100_000),
    URGE_MOST: (3, 1_000),
}  # default and most: minutes, times of one person
CC = "cc"


def said(properties: Mapping[str, str], name: str) -> str:
    """This will return what the diagram says under `name`, as attribute or as property; without it the default."""
    found = properties.get(f"bihuan:{name}", properties.get(name, "")).strip()
    return found or VALUES.get(name, ("",))[0]


def number(properties: Mapping[str, str], name: str) -> int:
    """This will return a number that the diagram gives, or the default of `NUMBERS`."""
    found = said(properties, name)
    return int(found) if found.isascii() and found.isdigit() else NUMBERS[name][0]


def elements(properties: Mapping[str, str]) -> list[str]:
    """This will return the steps that somebody else has to have done: `fourEyes`."""
    return said(properties, FOUR_EYES).replace(",", " ").split()


def return_faults(process: bpmn.Process, node: bpmn.Node) -> Iterator[tuple[str, str]]:
    """This will find steps that a task may not be returned to whatever the diagram says: they do not come before it."""
    found = said(node.properties, RETURN_TO)
    if node.type != "userTask" or found in ("", NEVER):
        return
    possible = bpmn.steps_before(process, node)
    for element in found.replace(",", " ").split():
        if element not in possible:
            yield "return-unknown", f"bihuan:{RETURN_TO} names {element}, which is no step before this one"


def faults(node: bpmn.Node, outcomes: bool) -> Iterator[tuple[str, str]]:
    """This will find values that mean nothing; `outcomes`: the form of the task has buttons to choose from."""
    if node.type != "userTask":
        return
    for name, values in VALUES.items():
        found = said(node.properties, name)
        if found not in values:
            yield "rule-unknown", f"bihuan:{name} is {found}, not one of {', '.join(values)}"
    for name, (_default, most) in NUMBERS.items():
        found = said(node.properties, name)
        if found and not (found.isascii() and found.isdigit() and int(found) <= most):
            yield "rule-unknown", f"bihuan:{name} is {found}, not a number from 0 to {most}"
    try:
        feel.literal_or_expression(said(node.properties, CC))
    except BihuanError as error:
        yield "rule-unknown", f"bihuan:{CC}: {error.message}"
    if outcomes and not said(node.properties, SKIP_OUTCOME):
        for name in (WHEN_EMPTY, WHEN_OWN, WHEN_AGAIN):
            if said(node.properties, name) == SKIP:
                reason = (
                    f"bihuan:{name} skips a task whose form asks for a choice: bihuan:{SKIP_OUTCOME} has to name it"
                )
                yield "skip-outcome-missing", reason
