"""What one step of a case brought about: the answer of `step`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from engine.bpmn.stimuli import Data

LONGEST_NAME = 200  # characters of the name of a message or signal, and of a correlation key
State = dict[str, Any]
"""JSON-compatible snapshot: open tokens and local data only, never specs, so that its size follows what is open."""


class Opened(Struct, kw_only=True):
    """A token now waits at `element`. `token` is unique in its case for ever."""

    token: int
    element: str
    name: str
    process_key: str


class TaskOpened(Opened, kw_only=True):
    """A person has something to do. All expressions of its diagram are already evaluated.

    `local` holds what only this task sees (input mappings, the item and counter of a multi-instance).
    `properties` holds `zeebe:properties` and the `bihuan:` attributes that are literal, `headers` `zeebe:taskHeaders`.
    """

    lane: str | None = None
    assignee: str | None = None
    groups: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    unit: str | None = None
    due_at: datetime | None = None
    follow_up_at: datetime | None = None
    priority: int = 50
    form_id: str | None = None
    form_binding: str = "latest"
    external_form: str | None = None
    local: Data = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class TimerOpened(Opened, kw_only=True):
    """A timer runs until `due_at` (UTC). A repeating one is opened again with a new token when it fires."""

    due_at: datetime


class MessageAwaited(Opened, kw_only=True):
    """A message `message` with `correlation_key` is waited for (None: any)."""

    message: str
    correlation_key: str | None = None


class SignalAwaited(Opened, kw_only=True):
    """A broadcast of `signal` is waited for."""

    signal: str


class ConditionAwaited(Opened, kw_only=True):
    """A condition over the case data is waited for; only `step` looks at it, it is told for display."""


class ServiceCalled(Opened, kw_only=True):
    """The service `type` is to be called as a job with `data` (its visible variables) and constant `headers`.

    `priority` orders jobs that are due: the higher first.
    """

    type: str
    retries: int = 3
    priority: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Data = field(default_factory=dict)


class ActivityOffered(Opened, kw_only=True):
    """An activity of an ad-hoc subprocess may be started by a person; `token` is that of the subprocess."""


class Closed(Struct, kw_only=True):
    """What waited at `token` waits no longer: it was `done`, or `withdrawn` because something else ended it."""

    token: int
    element: str
    withdrawn: bool = False


class MessageSent(Struct, kw_only=True):
    """A message leaves the case; it is delivered inside the same transaction, or kept for `time_to_live` seconds."""

    message: str
    correlation_key: str | None = None
    data: Data = field(default_factory=dict)
    time_to_live: int = 0


class SignalSent(Struct, kw_only=True):
    """A signal leaves the case for every catcher outside it (those inside have already taken it)."""

    signal: str
    data: Data = field(default_factory=dict)


class IncidentRaised(Struct, kw_only=True):
    """The token stands still at `element` until `RetryIncident`: `reason` is for people.

    `detail` has the expression, its place and the values of its variables.
    """

    token: int
    element: str
    name: str
    reason: str
    detail: Data = field(default_factory=dict)


class Event(Struct, kw_only=True):
    """One line of the history: what happened (`kind`, see `EVENT_KINDS`) at which element."""

    kind: str
    element: str
    name: str = ""
    token: int | None = None
    detail: Data = field(default_factory=dict)


EVENT_KINDS = (
    "started",
    "entered",
    "completed",
    "withdrawn",
    "skipped",
    "flow_taken",
    "message_received",
    "signal_received",
    "timer_fired",
    "error_caught",
    "escalation_caught",
    "compensated",
    "decision_made",
    "called",
    "returned",
    "called_off",
    "ended",
)


class Outcome(Struct):
    """New state and data of the case, and everything its keeper must store or do, in order of occurrence."""

    state: State
    data: Data
    opened: list[Opened] = field(default_factory=list)
    closed: list[Closed] = field(default_factory=list)
    sent: list[MessageSent | SignalSent] = field(default_factory=list)
    incidents: list[IncidentRaised] = field(default_factory=list)
    resolved: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    ended: bool = False
    end_element: str | None = None
