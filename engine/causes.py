"""What sets off what within one step: lines of messages and signals, and when one goes round and round."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ROUNDS = 100  # how often one event may come back to the same receiver while nobody outside does anything
ALL_ROUNDS = 1_000  # of all lines of one event: processes that answer twice would double with every round
SHOWN = 8  # names of a circle that are told


@dataclass(frozen=True, slots=True)
class Cause:
    """What set off a step: `name` reached `place`, set off by what `before` reached; the first by somebody outside.

    `rounds` counts how often that line has come to this place. A line through ever new receivers may be long: it ends
    where nobody waits any more. One that comes back is a loop that wants something outside to end it, or a mistake.
    """

    name: str
    place: Hashable
    before: Cause | None
    last: Cause | None
    rounds: int

    def told(self) -> str:
        """This will name the messages and signals of the last round, from here to here."""
        names, at = [self.name], self.before
        while at is not None and at is not self.last:
            names.append(at.name)
            at = at.before
        if at is not None:
            names.append(at.name)
        names.reverse()
        return " → ".join(names if len(names) <= SHOWN else [*names[: SHOWN - 2], "…", names[-1]])


def following(name: str, place: Hashable, before: Cause | None) -> Cause:
    """This will go on in the line of `before`: what that has sent reaches `place`."""
    last = before
    while last is not None and last.place != place:
        last = last.before
    return Cause(name, place, before, last, last.rounds + 1 if last is not None else 1)


@dataclass(slots=True)
class Causes:
    """The line on which a step stands (`now`), and how often all lines have come back."""

    now: Cause | None = None
    rounds: int = 0

    @contextmanager
    def reaching(self, place: Hashable, name: str) -> Iterator[None]:
        """This will run the step that the message or signal `name` sets off at `place`."""
        before = self.now
        self.now = following(name, place, before)
        if self.now.rounds > 1:
            self.rounds += 1
        yield
        self.now = before

    @property
    def circle(self) -> str:
        """This will name the messages that go round and round, in a step that must not send any more; else empty."""
        if self.now is None or self.now.rounds < (2 if self.rounds > ALL_ROUNDS else ROUNDS):
            return ""
        return self.now.told()
