"""What operators do to a case that cannot go on as it stands: correct its data, pass over a step, move or set tokens.

Each can be tried before: a preview is the very step, taken and not written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from engine import bpmn, cases, feel, grounds
from engine.access import Actor, require_operator
from engine.bpmn import shifting
from engine.bpmn.outcome import ConditionAwaited, Opened, Outcome, ServiceCalled, TaskOpened, TimerOpened
from engine.bpmn.shifting import Standing
from engine.bpmn.stimuli import Activation, ChangeData, Modify, MoveToken, SkipElement, Stimulus
from engine.cases import Running
from engine.errors import BihuanError, Invalid
from engine.history import Entry
from engine.models import Case
from engine.turn import Turn

Data = dict[str, Any]
LARGEST = 256 * 1024  # bytes of one change, as JSON
LONGEST_NAME = 200
TRUTHS = {"true": True, "是": True, "false": False, "否": False}


class ValueRefused(Invalid):
    """“{name}” cannot be changed like this: {reason}."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a step would do: what `kind` of thing, at which element; `detail` says more of it."""

    kind: str
    element: str
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """A variable of the case data, before and after; `is_new` tells that there was none."""

    name: str
    old: Any
    new: Any
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What a step would do: what it withdraws, opens, fails at, sends and changes; whether the case ends.

    `starving` names joins that would wait for a branch on which nothing stands any more.
    """

    withdrawn: list[Effect] = field(default_factory=list)
    opened: list[Effect] = field(default_factory=list)
    failed: list[Effect] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    starving: list[str] = field(default_factory=list)
    is_end: bool = False


def typed(name: str, current: Any, text: str, *, as_json: bool = False) -> Any:
    """This will read what an operator typed for a variable: of the type that it has now, or as JSON.

    Text stays text, whatever it looks like; a number must be a number, a list stays a list. Raises ValueRefused.
    """
    if isinstance(current, str) and not as_json:
        return text
    plain = text.strip()
    if isinstance(current, bool) and not as_json:
        if plain.lower() not in TRUTHS:
            raise ValueRefused(name=name, reason="it is true or false")
        return TRUTHS[plain.lower()]
    if isinstance(current, int | float | Decimal) and not as_json:
        return _number(name, plain)
    try:
        value = feel.loads(plain)
    except (ValueError, RecursionError) as error:
        raise ValueRefused(name=name, reason="this is not JSON; text stands in quotation marks") from error
    if isinstance(current, list | dict) and not as_json and type(value) is not type(current):
        reason = "it is a list and stays one" if isinstance(current, list) else "it is an object and stays one"
        raise ValueRefused(name=name, reason=reason)
    return value


def _number(name: str, text: str) -> Any:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueRefused(name=name, reason="it is a number")
    return int(number) if number == number.to_integral_value() and "." not in text else number


def check(data: Mapping[str, Any]) -> Data:
    """This will return case data to write, as JSON keeps them. Raises ValueRefused."""
    for name, value in data.items():
        if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
            raise ValueRefused(name=name, reason=f"a name has 1 to {LONGEST_NAME} characters")
        try:
            if not _is_json(value):
                raise TypeError(name)
            size = len(feel.dumps(value).encode("utf-8", "surrogatepass"))
        except (TypeError, ValueError, RecursionError, BihuanError) as error:
            raise ValueRefused(name=name, reason="this is not JSON") from error
        if size > LARGEST:
            raise ValueRefused(name=name, reason=f"it is larger than {LARGEST // 1024} KB")
    found: Data = feel.loads(feel.dumps(dict(data)))
    if len(feel.dumps(found)) > LARGEST:
        raise ValueRefused(name=next(iter(found)), reason=f"it is larger than {LARGEST // 1024} KB")
    return found


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_json(each) for name, each in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_json, value))
    return value is None or isinstance(value, str | bool | int | float | Decimal)


def change_data(turn: Turn, case_id: UUID, data: Mapping[str, Any], *, reason: str) -> Case:
    """This will correct case data; the history keeps who, why, old and new. Raises ReasonMissing, ValueRefused."""
    require_operator(turn.by)
    return cases.change_data(turn, case_id, check(data), reason=grounds.given(reason))


def skip(turn: Turn, case_id: UUID, token: int, data: Mapping[str, Any], *, reason: str) -> Case:
    """This will go on from where a token fails or waits as if its element were done. Raises CannotSkip, TokenGone."""
    return _shift(turn, case_id, "passed_over", SkipElement(token, check(data)), {}, reason)


def move(turn: Turn, case_id: UUID, token: int, element: str, data: Mapping[str, Any], *, reason: str) -> Case:
    """This will withdraw a token and go on at another element. Raises CannotMove, TokenGone."""
    return _shift(turn, case_id, "moved", MoveToken(token, element, check(data)), {"to": element}, reason)


def modify(turn: Turn, case_id: UUID, activate: Sequence[Activation], terminate: Sequence[int], *, reason: str) -> Case:
    """This will begin elements and then end tokens, all or nothing. Raises CannotModify, TokenGone, ValueRefused."""
    require_operator(turn.by)
    reason = grounds.given(reason)
    stimulus = _modification(activate, terminate)
    running = cases.load(turn, case_id)
    cases.require_open(running)
    places = _places(turn, running)
    told: Data = {
        "reason": reason,
        "begun": [
            {"element": each.element, **({"data": each.data} if each.data else {})} for each in stimulus.activate
        ],
        "ended": [{"token": id, "element": places[id].id if id in places else ""} for id in stimulus.terminate],
    }
    cases.advance(turn, running, stimulus, before=[Entry(kind="modified", detail=told)])
    return running.as_case()


def _modification(activate: Sequence[Activation], terminate: Sequence[int]) -> Modify:
    begun = (replace(each, data={scope: check(data) for scope, data in each.data.items()}) for each in activate)
    return Modify(tuple(begun), tuple(terminate))


def _shift(turn: Turn, case_id: UUID, kind: str, stimulus: SkipElement | MoveToken, detail: Data, reason: str) -> Case:
    require_operator(turn.by)
    reason = grounds.given(reason)
    running = cases.load(turn, case_id)
    cases.require_open(running)
    node = _places(turn, running).get(stimulus.token)
    told = {"reason": reason, "token": stimulus.token, **detail, **({"data": stimulus.data} if stimulus.data else {})}
    if "to" in detail:
        told["to_name"] = _name(running, detail["to"])
    entry = Entry(kind=kind, element=node.id if node else "", name=node.name if node else "", detail=told)
    cases.advance(turn, running, stimulus, before=[entry])
    return running.as_case()


def _name(running: Running, element: str) -> str:
    node = running.process.nodes.get(element)
    return node.name if node is not None else ""


def _places(turn: Turn, running: Running) -> dict[int, bpmn.Node]:
    host = turn.surroundings(running.app, running.row["definition_id"])
    return shifting.places(running.process, running.state, host)


def standing(turn: Turn, running: Running) -> list[Standing]:
    """This will list where a case stands and what can be done there; an ended case stands nowhere."""
    host = turn.surroundings(running.app, running.row["definition_id"])
    return shifting.standing(running.process, running.state, host) if running.state.get("tokens") else []


def preview_skip(turn: Turn, by: Actor, case_id: UUID, token: int, data: Mapping[str, Any]) -> Preview:
    """This will tell what `skip` would do now. Raises what that raises."""
    return _preview(turn, by, case_id, SkipElement(token, check(data)))


def preview_move(turn: Turn, by: Actor, case_id: UUID, token: int, element: str, data: Mapping[str, Any]) -> Preview:
    """This will tell what `move` would do now. Raises what that raises."""
    return _preview(turn, by, case_id, MoveToken(token, element, check(data)))


def preview_modify(
    turn: Turn, by: Actor, case_id: UUID, activate: Sequence[Activation], terminate: Sequence[int]
) -> Preview:
    """This will tell what `modify` would do now. Raises what that raises."""
    return _preview(turn, by, case_id, _modification(activate, terminate))


def preview_data(turn: Turn, by: Actor, case_id: UUID, data: Mapping[str, Any]) -> Preview:
    """This will tell what a correction of the data would do now. Raises what that raises."""
    return _preview(turn, by, case_id, ChangeData(check(data)))


def _preview(turn: Turn, by: Actor, case_id: UUID, stimulus: Stimulus) -> Preview:
    require_operator(by)
    running = cases.load(turn, case_id)
    cases.require_open(running)
    host = turn.surroundings(running.app, running.row["definition_id"])
    before = {node.id for node in shifting.starving(running.process, running.state, host)}
    places = shifting.places(running.process, running.state, host)
    outcome = bpmn.step(running.process, running.state, running.data, stimulus, turn.now, host)
    after = shifting.starving(running.process, outcome.state, host) if not outcome.ended else []
    return Preview(
        withdrawn=list(_withdrawn(running, outcome, places)),
        opened=[_opened(each) for each in outcome.opened],
        failed=[Effect("incident", each.element, each.name, each.reason) for each in outcome.incidents],
        sent=[getattr(each, "message", "") or getattr(each, "signal", "") for each in outcome.sent],
        changed=_changed(running.data, outcome.data),
        starving=[node.name or node.id for node in after if node.id not in before],
        is_end=outcome.ended,
    )


def _withdrawn(running: Running, outcome: Outcome, places: Mapping[int, bpmn.Node]) -> Iterator[Effect]:
    closed = [each.token for each in outcome.closed]
    for token in [*closed, *(token for token in outcome.resolved if token not in closed)]:
        node = places.get(token)
        kind = running.waiting.get(str(token), "wait" if token in closed else "incident")
        yield Effect(kind, node.id if node else "", node.name if node else "")


def _opened(opened: Opened) -> Effect:
    kinds = {TaskOpened: "task", TimerOpened: "job", ServiceCalled: "job", ConditionAwaited: "wait"}
    detail = ",".join((*opened.groups, *opened.users)) if isinstance(opened, TaskOpened) else ""
    return Effect(kinds.get(type(opened), "subscription"), opened.element, opened.name, detail)


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Changed]:
    return [
        Changed(name, old.get(name), value, name not in old)
        for name, value in new.items()
        if name not in old or old[name] != value
    ]
