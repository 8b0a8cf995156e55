"""What can happen to a case from outside: the last argument but one of `step`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct, field

from engine.bpmn.counterparts import Leg

Data = dict[str, Any]


class Start(Struct, frozen=True):
    """The case begins, at its none start event or at the start event `element`."""

    data: Data = field(default_factory=dict)
    element: str | None = None


class CompleteTask(Struct, frozen=True):
    """A person finished the task at `token`."""

    token: int
    data: Data = field(default_factory=dict)


class FireTimer(Struct, frozen=True):
    """The timer at `token` is due."""

    token: int


class ReceiveMessage(Struct, frozen=True):
    """The message subscription at `token` received its message."""

    token: int
    data: Data = field(default_factory=dict)


class ReceiveSignal(Struct, frozen=True):
    """A signal was broadcast: every catcher of `name` in the case takes it."""

    name: str
    data: Data = field(default_factory=dict)


class Trigger(Struct, frozen=True):
    """What is waited for at `token` happens there and nowhere else, whatever it is: a trial asks for it."""

    token: int
    data: Data = field(default_factory=dict)


class CompleteService(Struct, frozen=True):
    """The service called at `token` answered with `data`."""

    token: int
    data: Data = field(default_factory=dict)


class KeepValues(Struct, frozen=True):
    """The service called at `token` failed and is tried again: `data` are variables of the element itself."""

    token: int
    data: Data


class ThrowError(Struct, frozen=True):
    """The task or service at `token` ended with the BPMN error `code`."""

    token: int
    code: str
    message: str = ""
    data: Data = field(default_factory=dict)


class ThrowEscalation(Struct, frozen=True):
    """The task or service at `token` raised the BPMN escalation `code` and goes on."""

    token: int
    code: str
    data: Data = field(default_factory=dict)


class ChangeData(Struct, frozen=True):
    """The case data was changed from outside; conditional events are looked at again."""

    data: Data


class EnableActivity(Struct, frozen=True):
    """A person started the activity `element` of the ad-hoc subprocess at `token` (any open one when None)."""

    element: str
    token: int | None = None


class RetryIncident(Struct, frozen=True):
    """What failed at `token` is tried again."""

    token: int


class ReturnTo(Struct, frozen=True):
    """The case goes back from the task at `token` to the earlier `element`; that token is withdrawn.

    `withdraw_others` also withdraws every other token of the same scope that `element` precedes. With `into_callers`
    the step may be one of a process that called this one: the call is withdrawn with all that is open in it.
    """

    token: int
    element: str
    withdraw_others: bool = True
    into_callers: bool = False


class SkipElement(Struct, frozen=True):
    """What fails or waits at `token` goes on as if its element were done and had left `data`."""

    token: int
    data: Data = field(default_factory=dict)


class MoveToken(Struct, frozen=True):
    """The token is withdrawn where it stands; the case goes on at `element` of the same process, with `data`."""

    token: int
    element: str
    data: Data = field(default_factory=dict)


class Activation(Struct, frozen=True):
    """An element that is to be begun; `data` are variables by scope: the id of a process or subprocess, "" the case.

    `within` is a token in the subprocess or called process where it is to begin, when that is not the only one open.
    """

    element: str
    data: Mapping[str, Data] = field(default_factory=dict)
    within: int | None = None


class Modify(Struct, frozen=True):
    """Elements begin and then tokens are ended, all or nothing; what is ended neither maps nor tells anything."""

    activate: tuple[Activation, ...] = ()
    terminate: tuple[int, ...] = ()


class Migrate(Struct, frozen=True):
    """The case moves: each process in it whose key is in `legs` to another definition; "" is the case's own.

    A process that the case calls and that has no leg stays on its definition.
    """

    legs: Mapping[str, Leg]


class TakeBack(Struct, frozen=True):
    """The step that completed a task is undone, as `trace` tells; its timers are `pause` later than they were set."""

    trace: Data
    pause: timedelta = timedelta()


class Cancel(Struct, frozen=True):
    """The whole case ends here, everything open in it is withdrawn."""


Stimulus = (
    Start
    | CompleteTask
    | FireTimer
    | ReceiveMessage
    | ReceiveSignal
    | Trigger
    | CompleteService
    | KeepValues
    | ThrowError
    | ThrowEscalation
    | ChangeData
    | EnableActivity
    | RetryIncident
    | ReturnTo
    | SkipElement
    | MoveToken
    | Modify
    | Migrate
    | TakeBack
    | Cancel
)
