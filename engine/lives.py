"""Cases in memory as their last step left them, so that the next step here need not read their documents again.

A case is taken out to be stepped and put back when its step is committed: no two steps ever hold the same one, and
what a failed step has touched is forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any
from uuid import UUID

Data = dict[str, Any]
ROOM = 4_000_000  # characters of all documents and snapshots together; what they hold takes about ten times as much


@dataclass(slots=True)
class Live:
    """A case as a step wrote it, and what it wrote: its document and its snapshot."""

    written: tuple[str, str]
    data: Data
    kept: Data

    @property
    def size(self) -> int:
        """This will return the length of what was written, in characters."""
        return len(self.written[0]) + len(self.written[1])


class Lives:
    """The cases of one process that were stepped last, for all its threads."""

    def __init__(self, room: int = ROOM) -> None:
        """This will keep cases whose documents and snapshots have `room` characters together."""
        self._room = room
        self._size = 0
        self._kept: OrderedDict[UUID, Live] = OrderedDict()
        self._lock = Lock()

    def take(self, case_id: UUID, written: tuple[str, str]) -> Live | None:
        """This will hand out a case for good, when it is here and nobody has written anything else since."""
        with self._lock:
            found = self._kept.pop(case_id, None)
            if found is None:
                return None
            self._size -= found.size
        return found if found.written == written else None

    def keep(self, lives: dict[UUID, Live]) -> None:
        """This will take in cases whose step is committed; those that were not stepped for the longest time go."""
        with self._lock:
            for case_id, live in lives.items():
                old = self._kept.pop(case_id, None)
                self._kept[case_id] = live
                self._size += live.size - (old.size if old is not None else 0)
            while self._size > self._room:
                _id, gone = self._kept.popitem(last=False)
                self._size -= gone.size
