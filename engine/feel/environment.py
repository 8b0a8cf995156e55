"""What an evaluation may use: the clock, host functions, limits; and the running count against those limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from .errors import LimitExceeded

CLOCK_EVERY = 512  # steps between two looks at the wall clock


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one evaluation may take: `steps`, nested calls, list elements, characters, and wall time in seconds."""

    steps: int = 1_000_000
    depth: int = 64
    list_size: int = 100_000
    text_size: int = 1_000_000
    seconds: float = 2.0


DEFAULT_LIMITS = Limits()
MAX_SOURCE = 100_000  # characters of one expression
MAX_NESTING = 80  # nested brackets, ifs, fors in one expression
MAX_CHAIN = 400  # operators or steps in one unbracketed chain, as in a + b + c
NO_FUNCTIONS: Mapping[str, Callable[..., Any]] = {}


@dataclass(frozen=True, slots=True)
class Environment:
    """The world of an evaluation. `now` is an aware time; `zone` decides which day today() is."""

    now: datetime
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=lambda: NO_FUNCTIONS)
    limits: Limits = DEFAULT_LIMITS
    zone: str = "Asia/Shanghai"

    def local_now(self) -> datetime:
        """This will return the time of the clock in the environment's zone."""
        return self.now.astimezone(ZoneInfo(self.zone))


class State:
    """One evaluation while it runs: what is left of its limits, and what it has to say."""

    __slots__ = ("adopted", "check_at", "deadline", "depth", "environment", "limits", "position", "steps", "warnings")

    def __init__(self, environment: Environment, warnings: list[tuple[str, int, dict[str, Any]]] | None = None) -> None:
        self.environment = environment
        self.limits = environment.limits
        self.steps = environment.limits.steps
        self.check_at = self.steps - CLOCK_EVERY
        self.deadline = 0.0
        self.depth = environment.limits.depth
        self.warnings = warnings
        self.adopted: dict[int, tuple[Any, Any]] = {}
        self.position = 0

    def tick(self) -> None:
        """This will count one step. Raises LimitExceeded."""
        self.steps -= 1
        if self.steps < self.check_at:
            self._look()

    def spend(self, steps: int) -> None:
        """This will count many steps at once. Raises LimitExceeded."""
        self.steps -= steps
        if self.steps < self.check_at:
            self._look()

    def _look(self) -> None:
        if self.steps < 0:
            raise LimitExceeded("steps", self.limits.steps)
        self.check_at = self.steps - CLOCK_EVERY
        now = monotonic()
        if not self.deadline:
            # the first 512 steps take well under a millisecond: the clock starts at the first look
            self.deadline = now + self.limits.seconds
        elif now > self.deadline:
            raise LimitExceeded("seconds", self.limits.seconds)

    def enter(self) -> None:
        """This will count one nested call; `leave` gives it back. Raises LimitExceeded."""
        self.depth -= 1
        if self.depth < 0:
            raise LimitExceeded("depth", self.limits.depth)
        self.tick()

    def leave(self) -> None:
        """This will end one nested call."""
        self.depth += 1

    def check_list(self, size: int) -> None:
        """This will refuse a list of more than the allowed elements, and count them. Raises LimitExceeded."""
        if size > self.limits.list_size:
            raise LimitExceeded("list size", self.limits.list_size)
        self.spend(size)

    def check_text(self, size: int) -> None:
        """This will refuse a text of more than the allowed characters. Raises LimitExceeded."""
        if size > self.limits.text_size:
            raise LimitExceeded("text size", self.limits.text_size)
        if size > 1000:
            self.spend(size // 1000)

    def warn(self, key: str, position: int, **details: Any) -> None:
        """This will remember a warning if somebody asked for warnings."""
        if self.warnings is not None and len(self.warnings) < 100:
            self.warnings.append((key, position, details))


class Values(dict[str, Any]):
    """A context whose values are FEEL values already: nothing in it needs to be converted."""


class Frame:
    """The names that an expression sees: its own bindings, those around it, and the context it was given."""

    __slots__ = ("bound", "parent", "root", "state")

    def __init__(self, bound: Mapping[str, Any], parent: Frame | None, root: Mapping[str, Any], state: State) -> None:
        self.bound = bound
        self.parent = parent
        self.root = root
        self.state = state

    def inner(self, bound: Mapping[str, Any]) -> Frame:
        """This will return a frame inside this one that binds more names."""
        return Frame(bound, self, self.root, self.state)


Code = Callable[[Frame], Any]
