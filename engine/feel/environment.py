"""What an evaluation may use: the clock, host functions, limits; and the running count against those limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from .errors import LimitExceeded

CLOCK_EVERY = 512  # steps between two looks at the wall clock


class Limits(msgspec.Struct, frozen=True):
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
NOTHING: Mapping[str, Any] = {}  # what a frame binds that stands around no other
_zone = lru_cache(maxsize=64)(ZoneInfo)


class Environment(msgspec.Struct, frozen=True):
    """The world of an evaluation. `now` is an aware time; `zone` decides which day today() is."""

    now: datetime
    functions: Mapping[str, Callable[..., Any]] = NO_FUNCTIONS
    limits: Limits = DEFAULT_LIMITS
    zone: str = "Asia/Shanghai"

    def local_now(self) -> datetime:
        """This will return the time of the clock in the environment's zone."""
        return self.now.astimezone(_zone(self.zone))


class State(msgspec.Struct, eq=False):
    """One evaluation while it runs: how much of its limits it took, and what it has to say."""

    environment: Environment
    warnings: list[tuple[str, int, dict[str, Any]]] | None = None
    steps: int = 0
    check_at: int = CLOCK_EVERY
    deadline: float = 0.0
    depth: int = 0
    position: int = 0
    adopted: dict[int, tuple[Any, Any]] | None = None

    @property
    def limits(self) -> Limits:
        """This will return how much it may take."""
        return self.environment.limits

    def tick(self) -> None:
        """This will count one step. Raises LimitExceeded."""
        self.steps += 1
        if self.steps > self.check_at:
            self._look()

    def spend(self, steps: int) -> None:
        """This will count many steps at once. Raises LimitExceeded."""
        self.steps += steps
        if self.steps > self.check_at:
            self._look()

    def _look(self) -> None:
        if self.steps > self.limits.steps:
            raise LimitExceeded("steps", self.limits.steps)
        self.check_at = self.steps + CLOCK_EVERY
        now = monotonic()
        if not self.deadline:
            # the first 512 steps take well under a millisecond: the clock starts at the first look
            self.deadline = now + self.limits.seconds
        elif now > self.deadline:
            raise LimitExceeded("seconds", self.limits.seconds)

    def enter(self) -> None:
        """This will count one nested call; `leave` gives it back. Raises LimitExceeded."""
        self.depth += 1
        if self.depth > self.limits.depth:
            raise LimitExceeded("depth", self.limits.depth)
        self.steps += 1
        if self.steps > self.check_at:
            self._look()

    def leave(self) -> None:
        """This will end one nested call."""
        self.depth -= 1

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


class Frame(msgspec.Struct, eq=False):
    """The names that an expression sees: its own bindings, those around it, and the context it was given."""

    bound: Mapping[str, Any]
    parent: Frame | None
    root: Mapping[str, Any]
    state: State

    def inner(self, bound: Mapping[str, Any]) -> Frame:
        """This will return a frame inside this one that binds more names."""
        return Frame(bound, self, self.root, self.state)


Code = Callable[[Frame], Any]
