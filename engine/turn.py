"""What one call of the engine carries through its transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import catalog as catalogs
from engine import directory as directories
from engine import prepared
from engine.access import Actor
from engine.apps import ProcessApp
from engine.bpmn.outcome import MessageSent, SignalSent
from engine.calendars import Calendar
from engine.catalog import Catalog
from engine.causes import Cause, Causes
from engine.definitions import Library, Surroundings
from engine.directory import Directory
from engine.errors import Conflict
from engine.lives import Live
from engine.prepared import Prepared

_STAMPS = Prepared(select(catalogs.stamp(), directories.stamp()))


class LostRace(Conflict):
    """Somebody else changed this case at the same moment; try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A case began to wait for a message: perhaps it came early."""

    case_id: UUID
    message: str
    correlation_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A case that a message with a key had begun has ended: the next one with that key may begin another."""

    process_id: str
    correlation_key: str


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A signal that a case threw: it has taken that itself, as far as it waited for it at that moment."""

    case_id: UUID
    sent: SignalSent


Queue = deque[tuple[Any, Cause | None]]
Post = tuple[Queue, Queue, Queue]


@dataclass(slots=True)
class Turn:
    """One transaction: its session, the time and the person of the call, and messages still to be delivered.

    `causes` tell what set off the step that runs; `post` holds what was sent, awaited and ended, with its cause.
    `is_locking` tells that a race was lost before: this time rows are locked before they are read. `again` names for
    steps that a case goes back to who did them last. While rules complete tasks, `skipped` counts them and
    `person_id` is whose doing set them off.
    """

    session: Session
    now: datetime
    by: Actor
    library: Library
    is_locking: bool = False
    sent: list[MessageSent | Broadcast] = field(default_factory=list)
    awaited: list[Awaited] = field(default_factory=list)
    ended: list[Begun] = field(default_factory=list)
    queues: dict[tuple[int, str], int] = field(default_factory=dict)  # found or made: for all once this is committed
    again: dict[str, int | None] = field(default_factory=dict)
    skipped: int = 0
    person_id: int | None = None
    causes: Causes = field(default_factory=Causes)
    lives: dict[UUID, Live] = field(default_factory=dict)  # cases as this leaves them: for all once it is committed
    post: Post = field(default_factory=lambda: (deque(), deque(), deque()))
    _catalog: Catalog | None = None
    _directory: Directory | None = None

    @property
    def catalog(self) -> Catalog:
        """This will return what is deployed."""
        if self._catalog is None:
            self.refresh()
        assert self._catalog is not None
        return self._catalog

    @property
    def directory(self) -> Directory:
        """This will return the org tree and its members."""
        if self._directory is None:
            self.refresh()
        assert self._directory is not None
        return self._directory

    @property
    def calendar(self) -> Calendar:
        """This will return the calendar in force."""
        return self.library.calendar(self.session, self.catalog)

    def refresh(self) -> None:
        """This will look whether catalog or directory changed, in one question."""
        self.look(*(prepared.first(self.session, _STAMPS, {}) or (None, None)))

    def look(self, catalog_version: Any, directory_version: Any) -> None:
        """This will take the catalog and the directory as of these versions (read along with something else)."""
        self._catalog = self.library.catalog(self.session, catalog_version or 0)
        self._directory = self.library.directories.current(self.session, directory_version or 0)

    def tell(self, case_id: UUID, sent: Sequence[MessageSent | SignalSent]) -> None:
        """This will let the rest of the world hear, in this transaction, what a case has sent."""
        self.sent.extend(Broadcast(case_id, each) if isinstance(each, SignalSent) else each for each in sent)

    @contextmanager
    def reaching(self, place: Hashable, name: str) -> Iterator[None]:
        """This will run the step that the message or signal `name` sets off at `place`."""
        with self.causes.reaching(place, name):
            yield
            self.collect()

    def collect(self) -> None:
        """This will put what was sent, awaited and ended into the post, with what set it off."""
        told: tuple[list[Any], ...] = (self.sent, self.awaited, self.ended)
        for queue, new in zip(self.post, told, strict=True):
            queue.extend((each, self.causes.now) for each in new)
            new.clear()

    @property
    def is_telling(self) -> bool:
        """This will tell whether messages are still to be delivered, or early ones to be looked for."""
        return bool(self.sent or self.awaited or any(self.post))

    def surroundings(self, app: ProcessApp, definition_id: int) -> Surroundings:
        """This will return what a case of `app` and `definition_id` may ask while it steps."""
        return Surroundings(
            self.session, self.library, self.catalog, self.directory, app, definition_id, circle=self.causes.circle
        )
