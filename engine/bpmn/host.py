"""What a case may ask of its surroundings while it steps; the only way out of the pure world of BPMN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from engine import feel
from engine.bpmn.stimuli import Data
from engine.errors import Invalid

if TYPE_CHECKING:
    from engine.bpmn.process import Process


@dataclass(frozen=True, slots=True)
class Called:
    """A process that a call activity found: `key` names its definition (one version) for ever."""

    key: str
    process: Process


@dataclass(frozen=True, slots=True)
class Decided:
    """The result of a decision and its log (inputs, matched rules, outputs, version) for the history."""

    value: Any
    log: Data


class ServiceError(Exception):
    """A service ends with the BPMN error `code`."""

    def __init__(self, code: str, message: str = "", data: Data | None = None) -> None:
        """This will be caught by the error event that catches `code` in the case."""
        self.code, self.message, self.data = code, message, data or {}
        super().__init__(f"{code} {message}".strip())


class AnswerUnfit(Invalid):
    """The answer is not values by name."""


def answered(answer: Any) -> Data:
    """This will return what a service answered as case data keep it. Raises AnswerUnfit, NotJson, LimitExceeded."""
    if not isinstance(answer or {}, Mapping):
        raise AnswerUnfit
    found: Data = feel.to_json(dict(answer or {}))
    return found


class Host(Protocol):
    """Definitions, decisions, services and FEEL functions of the case that steps."""

    @property
    def circle(self) -> str:
        """This will name the messages that go round and round when the case must not send any more; else empty."""

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """This will give FEEL the functions of engine and app by name (names may hold spaces)."""

    def called(self, process_id: str, binding: str, version_tag: str | None, caller_key: str) -> Called:
        """This will find a process to call; raises LookupError when there is none."""

    def definition(self, key: str) -> Process:
        """This will return the definition that a snapshot names."""

    def decide(
        self,
        decision_id: str,
        binding: str,
        version_tag: str | None,
        caller_key: str,
        data: Data,
        now: datetime,
        on: date | None = None,
    ) -> Decided:
        """This will evaluate the version of a decision in force `on` a day (that of `now` when None).

        Raises LookupError when there is none, BihuanError when it fails.
        """

    def service(self, type: str) -> Callable[[Data, Mapping[str, str]], Data] | None:
        """This will return the function to call inside the step, or None: the service is called as a job."""
