"""What a parsed diagram says, element by element, in BPMN's own words; nothing here knows XML or a running case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from engine import feel

SCOPES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
TASKS = "task manualTask userTask serviceTask sendTask receiveTask scriptTask businessRuleTask"
ACTIVITIES = frozenset({*TASKS.split(), "callActivity", *SCOPES})
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"})
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
FLOW_NODES = ACTIVITIES | GATEWAYS | EVENTS


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the diagram: text that is meant as it stands, or FEEL (written with a leading `=`)."""

    text: str
    feel: feel.Expression | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """One `zeebe:input` or `zeebe:output`: `source` is evaluated and written to the path `target`."""

    source: Value
    target: str


@dataclass(slots=True)
class Flow:
    """A sequence flow; `index` is its place among the flows of the diagram."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: Value | None = None
    index: int = 0


@dataclass(slots=True)
class EventDefinition:
    """What an event waits for or brings about.

    `kind` is message, signal, timer, error, escalation, conditional, compensation, cancel, link or terminate.
    `name` is the message, signal or link name; `code` the error or escalation code (None catches all); `timer` is
    date, duration or cycle; `changes` (create, update) of `variables` have a condition looked at again (None: all).
    """

    kind: str
    id: str = ""
    name: Value | None = None
    code: Value | None = None
    correlation_key: Value | None = None
    timer: str | None = None
    expression: Value | None = None
    activity: str | None = None
    waits: bool = True
    variables: frozenset[str] | None = None
    changes: frozenset[str] | None = None
    message_id: str | None = None


@dataclass(slots=True)
class Loop:
    """Multi-instance or standard loop characteristics of an activity."""

    sequential: bool = False
    cardinality: Value | None = None
    collection: Value | None = None
    element: str | None = None
    output_collection: str | None = None
    output_element: Value | None = None
    completion: Value | None = None
    repeat_while: Value | None = None
    maximum: int | None = None
    test_before: bool = False


@dataclass(slots=True)
class Assignment:
    """Who should do a user task, when, and with which form."""

    assignee: Value | None = None
    groups: Value | None = None
    users: Value | None = None
    unit: Value | None = None
    due: Value | None = None
    follow_up: Value | None = None
    priority: Value | None = None


@dataclass(slots=True)
class Form:
    """The form of a user task or a start event."""

    form_id: Value | None = None
    external: Value | None = None
    binding: str = "latest"
    version_tag: str | None = None


@dataclass(slots=True)
class Call:
    """Something outside the diagram that an activity needs: `what` is process, decision or service.

    `effective_on` gives the day whose version of a decision counts; without it that is the day of the step. `tag` is a
    version tag that FEEL finds.
    """

    what: str
    target: Value
    binding: str = "latest"
    version_tag: str | None = None
    tag: Value | None = None
    result: str | None = None
    effective_on: Value | None = None
    retries: Value | None = None
    priority: Value | None = None
    headers: dict[str, str] = field(default_factory=dict)
    parent_variables: bool = True
    child_variables: bool | None = None


@dataclass(slots=True)
class Script:
    """A FEEL expression whose value is written to the variable `result` (to nothing when None)."""

    expression: Value
    result: str | None


@dataclass(slots=True)
class Listener:
    """A service that is called before (`start`) or after (`end`) the work of an element.

    For a user task also before it opens (`creating`), when a person has done it (`completing`), and when it is given to
    somebody (`assigning`), changed (`updating`) or withdrawn (`canceling`), which only the keeper of tasks knows. One
    with a `script` calls nothing, it writes a variable.
    """

    event: str
    type: Value
    retries: Value | None = None
    script: Script | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class AdHoc:
    """What rules an ad-hoc subprocess; `choices` describes the activities that may be started in it."""

    completion: Value | None = None
    cancel_remaining: bool = True
    sequential: bool = False
    active: Value | None = None
    output_collection: str | None = None
    output_element: Value | None = None
    choices: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Node:
    """One flow node. `scope` is the id of the subprocess around it, or of the process."""

    id: str
    type: str
    scope: str
    name: str = ""
    lane: str | None = None
    documentation: str = ""
    line: int = 0
    index: int = 0
    incoming: list[Flow] = field(default_factory=list)
    outgoing: list[Flow] = field(default_factory=list)
    default: str | None = None
    event: EventDefinition | None = None
    attached_to: str | None = None
    interrupting: bool = True
    by_event: bool = False
    is_compensation: bool = False
    handler: str | None = None
    loop: Loop | None = None
    inputs: list[Mapping] = field(default_factory=list)
    outputs: list[Mapping] = field(default_factory=list)
    assignment: Assignment | None = None
    form: Form | None = None
    call: Call | None = None
    script: Script | None = None
    ad_hoc: AdHoc | None = None
    skip: Value | None = None
    listeners: list[Listener] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    boundaries: list[Node] = field(default_factory=list)
    content: Content | None = None
    before: frozenset[str] | None = None

    @property
    def is_activity(self) -> bool:
        """This will tell whether work happens here (a task, a call or a subprocess)."""
        return self.type in ACTIVITIES

    def __repr__(self) -> str:
        return f"<{self.type} {self.id}>"


@dataclass(slots=True)
class Content:
    """What stands directly inside a process or subprocess."""

    nodes: list[Node] = field(default_factory=list)
    starts: list[Node] = field(default_factory=list)
    event_subprocesses: list[Node] = field(default_factory=list)
    links: dict[str, Node] = field(default_factory=dict)
    initial: Node | None = None

    @property
    def entries(self) -> list[Node]:
        """This will return where a token begins: the none start events, or every node that no flow leads to."""
        none = [node for node in self.starts if node.event is None]
        if none or self.starts:
            return none or ([self.initial] if self.initial is not None else [])
        return [node for node in self.nodes if is_entry(node)]


def is_entry(node: Node) -> bool:
    """This will tell whether a person or an implicit start may begin at `node`."""
    return (
        not node.incoming
        and node.attached_to is None
        and not node.by_event
        and not node.is_compensation
        and not (node.event is not None and node.event.kind == "link" and node.type == "intermediateCatchEvent")
    )


def is_choice(node: Node) -> bool:
    """This will tell whether `node` is an activity that a person may start in an ad-hoc subprocess."""
    return node.is_activity and is_entry(node)


@dataclass(frozen=True, slots=True)
class Start:
    """A start event of a process: `kind` is none, message, signal, timer or conditional."""

    element: str
    name: str
    kind: str
    event: EventDefinition | None = None
    form_id: str | None = None
    form_binding: str = "latest"

    @property
    def message(self) -> str | None:
        """This will return the name of the message or signal that starts a case here."""
        return self.event.name.text if self.event and self.event.name else None


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """A user task as the inbox and the designers' check want it."""

    element: str
    name: str
    lane: str | None
    groups: str
    form_id: str | None
    form_binding: str
    properties: dict[str, str]


@dataclass(frozen=True, slots=True)
class Use:
    """One FEEL expression and where it stands: `place` is e.g. condition, input, timer, assignee."""

    element: str
    name: str
    place: str
    expression: feel.Expression


@dataclass(slots=True)
class Process:
    """One process of a diagram: all its nodes, flat, and what they need from outside.

    `closing` is no node of the diagram: it carries the listeners that are called when nothing else is left to do.
    """

    id: str
    name: str = ""
    version_tag: str | None = None
    is_executable: bool = True
    documentation: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    lanes: list[str] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    content: Content = field(default_factory=Content)
    closing: Node | None = None
    strict: bool = True
    is_native: bool = True
    uses: list[Use] = field(default_factory=list)
    forms: dict[str, str] = field(default_factory=dict)
    cache: dict[str, Any] = field(default_factory=dict)

    @property
    def starts(self) -> list[Start]:
        """This will return the start events of the process itself, in document order."""
        return [
            Start(
                element=node.id,
                name=node.name,
                kind=node.event.kind if node.event else "none",
                event=node.event,
                form_id=node.form.form_id.text if node.form and node.form.form_id else None,
                form_binding=node.form.binding if node.form else "latest",
            )
            for node in self.content.starts
        ]

    @property
    def tasks(self) -> list[TaskInfo]:
        """This will return the user tasks, in document order."""
        return [
            TaskInfo(
                element=node.id,
                name=node.name,
                lane=node.lane,
                groups=node.assignment.groups.text if node.assignment and node.assignment.groups else "",
                form_id=node.form.form_id.text if node.form and node.form.form_id else None,
                form_binding=node.form.binding if node.form else "latest",
                properties=dict(node.properties),
            )
            for node in self.nodes.values()
            if node.type == "userTask"
        ]

    def _calls(self, what: str) -> list[str]:
        found = {node.call.target.text for node in self.nodes.values() if node.call and node.call.what == what}
        return sorted(found)

    @property
    def called_processes(self) -> list[str]:
        """This will return the ids of called processes; one that is found by FEEL begins with `=`."""
        return self._calls("process")

    @property
    def decisions(self) -> list[str]:
        """This will return the ids of called decisions; one that is found by FEEL begins with `=`."""
        return self._calls("decision")

    @property
    def service_types(self) -> list[str]:
        """This will return the types of called services; one that is found by FEEL begins with `=`."""
        every = (listener for node in self.listened() for listener in node.listeners)
        listened = {listener.type.text for listener in every if listener.script is None}
        return sorted({*self._calls("service"), *listened})

    def listened(self) -> list[Node]:
        """This will return everything that listeners may stand at: all nodes, and the end of the process itself."""
        return [*self.nodes.values(), *([self.closing] if self.closing is not None else [])]

    def inside(self, scope: str) -> Content:
        """This will return what stands directly inside the process or the subprocess `scope`."""
        content = self.nodes[scope].content if scope in self.nodes else self.content
        return content if content is not None else Content()

    def walk(self) -> Iterator[Node]:
        """This will go through all nodes in document order."""
        return iter(self.nodes.values())


@dataclass(frozen=True, slots=True)
class Note:
    """What became of something imported: `kind` is translated, kept or impossible, for the reason `why`."""

    element: str
    name: str
    kind: str
    code: str
    text: str
    line: int | None = None
    why: str = ""


@dataclass(slots=True)
class Diagram:
    """All processes of one file, and notes of what was translated."""

    processes: dict[str, Process]
    notes: list[Note] = field(default_factory=list)
