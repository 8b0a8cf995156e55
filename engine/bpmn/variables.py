"""Variables of a case: who sees which, and where a written one goes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import filterfalse
from typing import Any

from engine.bpmn.outcome import State
from engine.bpmn.stimuli import Data
from engine.bpmn.tokens import Token


def layers(token: Token) -> list[Data]:
    """This will return the variables that `token` sees, the nearest first, the document of its process last."""
    found: list[Data] = []
    if token.is_boundary:
        token = token.above
    while True:
        if token.local:
            found.append(token.local)
        if token.kind == "body" and not token.process.is_native:
            found.append(counters(token))  # Camunda 8: only its completion condition sees them
        elif token.kind != "path" and token.node.ad_hoc is not None and token.node.ad_hoc.choices:
            found.append({"adHocSubProcessElements": token.node.ad_hoc.choices})
        above = token.parent
        if above is None:
            found.append(token.doc if token.doc is not None else {})
            return found
        if above.doc is not None:
            found.append(above.doc)
            return found
        token = above


def context(token: Token) -> Mapping[str, Any]:
    """This will return all variables that `token` sees, to be read only."""
    found = layers(token)
    if len(found) == 1:
        return found[0]
    merged: Data = {}
    for layer in reversed(found):
        merged.update(layer)
    return merged


def counters(body: Token) -> Data:
    """This will return the counters of a multi-instance activity under the names of Camunda 8 and of Camunda 7."""
    total, done = body.info.get("n", 0), body.info.get("done", 0)
    active = min(1, total - done) if "next" in body.info else total - done
    return {
        "numberOfInstances": total,
        "numberOfActiveInstances": active,
        "numberOfCompletedInstances": done,
        "numberOfTerminatedInstances": body.info.get("terminated", 0),
        "nrOfInstances": total,
        "nrOfActiveInstances": active,
        "nrOfCompletedInstances": done,
    }


def write(token: Token, data: Data) -> set[str]:
    """This will write each variable where it exists, from `token` upwards, else into the document of its process.

    What is written on a path of an ad-hoc subprocess stays there. It returns the variables that are new.
    """
    if token.is_boundary:
        token = token.above
    while True:
        if token.local and not data.keys().isdisjoint(token.local):
            token.local.update((name, value) for name, value in data.items() if name in token.local)
            data = {name: value for name, value in data.items() if name not in token.local}
        above = token.parent
        if token.kind == "path":
            target = token.local
        elif above is None or above.doc is not None:
            owner = token if above is None else above
            if owner.doc is None:
                owner.doc = {}
            target = owner.doc
        else:
            token = above
            continue
        new = set(filterfalse(target.__contains__, data))
        target.update(data)
        return new


def around(token: Token) -> Data:
    """This will return the local variables that `token` sees: its own and those of the scopes around it."""
    found: list[Data] = [token.local]
    while token.parent is not None and token.parent.doc is None:
        token = token.parent
        found.append(token.local)
    merged: Data = {}
    for layer in reversed(found):
        merged.update(layer)
    return merged


def visible(state: State, id: int, data: Data) -> Data | None:
    """This will return what the token `id` of a snapshot sees of the case's `data`; None when it stands no more."""
    rows = {row[0]: row for row in state.get("tokens", ())}
    found: list[Data] = []
    row = rows.get(id)
    if row is None:
        return None
    document = data
    while row is not None and row[1] is not None:
        found.append(row[4] or {})
        row = rows.get(row[1])
        if row is not None and row[6] is not None:
            document = row[6]
            break
    merged = dict(document)
    for layer in reversed(found):
        merged.update(layer)
    return merged


def put(base: Mapping[str, Any], path: str, value: Any) -> tuple[str, Any]:
    """This will return a variable and its new value when `value` is written to the path `a.b.c`; it mutates nothing."""
    name, *steps = path.split(".")
    return name, _merge(base.get(name), steps, value)


def _merge(current: Any, steps: list[str], value: Any) -> Any:
    if not steps:
        return value
    fields = dict(current) if isinstance(current, dict) else {}
    fields[steps[0]] = _merge(fields.get(steps[0]), steps[1:], value)
    return fields
