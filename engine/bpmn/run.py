"""One step while it runs: the agenda of what is to be done next, and what it brought about so far."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from engine import feel
from engine.bpmn.host import Host
from engine.bpmn.outcome import Closed, Event, IncidentRaised, MessageSent, Opened, Outcome, SignalSent
from engine.bpmn.process import Node, Value
from engine.bpmn.tokens import Token, Tree
from engine.bpmn.variables import context, write
from engine.errors import BihuanError, Invalid

MAX_OPERATIONS = 100_000
MAX_TOKENS = 50_000
_ORDERS = frozenset({"<", ">", "<=", ">="})

Operation = Callable[..., None]
OPERATIONS: dict[str, Operation] = {}


class StepTooLong(Invalid):
    """The case does not come to rest: a loop without a person, a timer or a message in it runs for ever."""


class Stuck(BihuanError):
    """{reason}"""

    def __init__(self, reason: str, /, **detail: Any) -> None:
        """This will become an incident at the token whose work raised it."""
        self.reason, self.detail = reason, detail
        super().__init__(reason=reason)


def operation(function: Operation) -> Operation:
    """This will let the agenda call `function` by its name; its first arguments are the run and a token."""
    OPERATIONS[function.__name__] = function
    return function


def _is_false_of_null(expression: feel.Expression, known: Any, environment: feel.Environment) -> bool:
    """Whether nothing but null among its operands leaves a condition of an imported model open.

    There null is neither less nor more than anything; a variable that does not exist, and values of other kinds, are
    faults there, too.
    """
    is_path = re.fullmatch(r"[\w.]+", expression.text.strip()) is not None
    return not is_path and all(_tells_null(each) for each in expression.explain(known, environment).warnings)


def _tells_null(warning: feel.Warning) -> bool:
    details = warning.details
    if warning.message_key == "operand types":
        return details["operator"] in _ORDERS and "Null" in (details["left"], details["right"])
    return warning.message_key == "unknown property" and details["type"] in ("context", "Null")


class Run:
    """The working space of one step."""

    def __init__(self, tree: Tree, now: datetime, host: Host) -> None:
        """This will work on `tree` at the moment `now`."""
        self.tree, self.now, self.host = tree, now, host
        self.environment = feel.Environment(now=now, functions=host.functions)
        self.agenda: list[tuple[Any, ...]] = []
        self.push: Callable[[tuple[Any, ...]], None] = self.agenda.append  # done before everything that waits already
        self.first = tree.next
        self.opened: dict[int, list[Opened]] = {}
        self.closed: list[Closed] = []
        self.sent: list[MessageSent | SignalSent] = []
        self.incidents: dict[int, IncidentRaised] = {}
        self.resolved: list[int] = []
        self.events: list[Event] = []
        self.changed: set[str] = set()
        self.created: set[str] = set()
        self.seen: set[int] = set()
        self.ended = False
        self.end_element: str | None = None

    def push_all(self, items: Sequence[tuple[Any, ...]]) -> None:
        """This will put work on the agenda, to be done before everything else, the first item first."""
        self.agenda.extend(reversed(items))

    def drain(self) -> None:
        """This will work until nothing moves; what cannot go on becomes an incident at its token."""
        agenda, tokens, joins = self.agenda, self.tree.tokens, self.tree.joins
        for _ in range(MAX_OPERATIONS):
            if not agenda:
                if joins:
                    OPERATIONS["settle"](self, self.tree.root)
                if not agenda:
                    return
                continue
            item = agenda.pop()
            token = item[1]
            if not token.alive:
                continue
            if len(tokens) > MAX_TOKENS:
                break
            try:
                OPERATIONS[item[0]](self, *item[1:])
            except Stuck as trouble:
                self.hold(token, trouble, [item[0], *item[2:]])
        raise StepTooLong()

    def hold(self, token: Token, trouble: Stuck, retry: list[Any]) -> None:
        """This will raise an incident at `token`; `retry` is the operation that is tried again."""
        token.info["incident"] = retry
        self.incidents[token.id] = IncidentRaised(
            token=token.id, element=token.node.id, name=token.node.name, reason=trouble.reason, detail=trouble.detail
        )

    def create(self, kind: str, node: Node, parent: Token, boundary: bool = False) -> Token:
        """This will put a new token at `node`."""
        return self.tree.add(kind, node, parent, boundary)

    def open(self, token: Token, opened: Opened) -> None:
        """This will tell that `token` waits."""
        self.opened.setdefault(token.id, []).append(opened)

    def remove(self, token: Token, withdrawn: bool = False) -> None:
        """This will take `token` and everything below it away, and tell so for what waited."""
        if token.children:
            for below in list(token.descendants())[::-1]:
                self.close(below, True)
                self.tree.remove(below)
        self.close(token, withdrawn)
        self.tree.remove(token)

    def clear(self, scope: Token) -> None:
        """This will take everything below `scope` away."""
        for child in list(scope.children.values()):
            self.remove(child, True)

    def close(self, token: Token, withdrawn: bool = False) -> None:
        """This will tell that what waited at `token` waits no longer, while the token itself goes on."""
        info = token.info
        if self.incidents:
            self.incidents.pop(token.id, None)
        if "incident" in info:
            del info["incident"]
            if token.id < self.first:
                self.resolved.append(token.id)
        if "open" in info:
            del info["open"]
            if self.opened.pop(token.id, None) is None:
                self.closed.append(Closed(token=token.id, element=token.node.id, withdrawn=withdrawn))
            if withdrawn and token.kind == "act":
                self.tell("withdrawn", token)
        elif withdrawn and token.doc is not None and token.parent is not None:
            self.tell("called_off", token)

    def tell(self, kind: str, token: Token, **detail: Any) -> None:
        """This will write one line of the history."""
        node = token.node
        self.events.append(Event(kind=kind, element=node.id, name=node.name, token=token.id, detail=detail))

    def evaluate(self, value: Value, token: Token, what: str, extra: dict[str, Any] | None = None) -> Any:
        """This will return the value of the diagram's `value` as `token` sees it."""
        if value.feel is None:
            return value.text
        known = context(token)
        if extra:
            known = {**known, **extra}
        try:
            return value.feel.evaluate(known, self.environment)
        except BihuanError as error:
            raise self.trouble(value, known, what, error.message) from error

    def trouble(self, value: Value, known: Any, what: str, reason: str) -> Stuck:
        """This will describe an expression that gave nothing useful, with the values of its variables."""
        names = sorted(value.feel.names) if value.feel else []
        shown = {name: feel.to_json(known[name]) for name in names if name in known}
        missing = [name for name in names if name not in known]
        return Stuck(f"{what}: {reason}", expression=value.text, place=what, values=shown, missing=missing)

    def decide(self, value: Value, token: Token, what: str, extra: dict[str, Any] | None = None) -> bool:
        """This will return the truth of a condition; anything but true or false is an incident."""
        found = self.evaluate(value, token, what, extra)
        if found is True or found is False:
            return bool(found)
        known = {**context(token), **(extra or {})}
        is_open = found is None and value.feel is not None and not token.process.is_native
        if is_open and value.feel and _is_false_of_null(value.feel, known, self.environment):
            return False
        raise self.trouble(value, known, what, f"the condition is {feel.to_json(found)!r}, neither true nor false")

    def write(self, token: Token, data: dict[str, Any]) -> None:
        """This will write each variable where it exists, from `token` upwards, else into the document."""
        self.created.update(write(token, data))
        self.changed.update(data)

    def outcome(self) -> Outcome:
        """This will gather what the step brought about."""
        return Outcome(
            state=self.tree.dump(),
            data=self.tree.root.doc or {},
            opened=[opened for group in self.opened.values() for opened in group],
            closed=self.closed,
            sent=self.sent,
            incidents=list(self.incidents.values()),
            resolved=self.resolved,
            events=self.events,
            ended=self.ended,
            end_element=self.end_element,
        )
