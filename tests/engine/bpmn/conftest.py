"""Diagrams of these tests and a case that can be walked by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine import bpmn, feel
from engine.bpmn import stimuli
from engine.bpmn.outcome import Opened, Outcome, TaskOpened
from engine.bpmn.process import Process

DIAGRAMS = Path(__file__).parents[2] / "apps" / "bpmn"
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:flowable="http://flowable.org/bpmn" '
    'xmlns:bihuan="http://bihuan.dev/schema/bpmn/1.0" id="definitions" targetNamespace="http://bihuan.dev/tests">'
)


class PlainHost:
    """A host with the functions, services and processes that a test gives it."""

    circle = ""

    def __init__(self, **processes: Process) -> None:
        self.functions: Mapping[str, Callable[..., Any]] = {}
        self.services: dict[str, Callable[[Any, Mapping[str, str]], Any]] = {}
        self.processes = processes

    def called(self, process_id: str, binding: str, version_tag: str | None, caller_key: str) -> bpmn.Called:
        return bpmn.Called(f"{process_id}:1", self.processes[process_id])

    def definition(self, key: str) -> Process:
        return self.processes[key.removesuffix(":1")]

    def decide(self, *arguments: Any) -> bpmn.Decided:
        raise LookupError

    def service(self, type: str) -> Callable[[Any, Mapping[str, str]], Any] | None:
        return self.services.get(type)


@dataclass
class Walk:
    """One case; its snapshot goes through JSON after every step, as it would through a database."""

    process: Process
    host: PlainHost = field(default_factory=PlainHost)
    outcome: Outcome = field(default_factory=lambda: Outcome({}, {}))
    open: dict[int, list[Opened]] = field(default_factory=dict)
    now: datetime = NOW

    def take(self, stimulus: stimuli.Stimulus) -> Outcome:
        state = feel.loads(feel.encode(self.outcome.state)) or None
        self.outcome = bpmn.step(self.process, state, self.outcome.data, stimulus, self.now, self.host)
        for closed in self.outcome.closed:
            self.open.pop(closed.token, None)
        for opened in self.outcome.opened:
            self.open.setdefault(opened.token, []).append(opened)
        return self.outcome

    def start(self, **data: Any) -> Outcome:
        return self.take(stimuli.Start(data))

    def token(self, element: str) -> int:
        return next(
            token for token, group in sorted(self.open.items()) if any(item.element == element for item in group)
        )

    def complete(self, element: str, **data: Any) -> Outcome:
        tasks = [item for _, group in sorted(self.open.items()) for item in group if isinstance(item, TaskOpened)]
        return self.take(stimuli.CompleteTask(next(item.token for item in tasks if item.element == element), data))

    @property
    def elements(self) -> list[str]:
        return sorted(item.element for group in self.open.values() for item in group)


def wrap(body: str, tops: str = "", attributes: str = "") -> bytes:
    """A document in the dialect with one process `p`."""
    process = f'<bpmn:process id="p" isExecutable="true"{attributes}>{body}</bpmn:process>'
    return f"{HEAD}{tops}{process}</bpmn:definitions>".encode()


@pytest.fixture
def load() -> Callable[[str], Process]:
    def read(name: str) -> Process:
        return next(iter(bpmn.parse((DIAGRAMS / f"{name}.bpmn").read_bytes()).processes.values()))

    return read


@pytest.fixture
def walk() -> Callable[..., Walk]:
    def begin(body: str | Process, tops: str = "", **processes: Process) -> Walk:
        process = body if isinstance(body, Process) else bpmn.parse(wrap(body, tops)).processes["p"]
        return Walk(process, PlainHost(**processes))

    return begin


@pytest.fixture
def document() -> Callable[..., bytes]:
    return wrap
