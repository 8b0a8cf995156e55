"""The part of the front door that proves: that cases hold together, that histories are what was written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from engine import invariants
from engine.access import Actor, require_operator
from engine.invariants import Unsound
from engine.operations import Operations


class Proof(Operations):
    """What operators and auditors ask; nothing of it changes a case."""

    _files: Path

    def check_soundness(
        self, *, by: Actor, case_id: UUID | None = None, with_files: bool = False, is_deep: bool = False
    ) -> list[Unsound]:
        """This will tell what does not fit together in all cases, or in one, and what to do. Raises OperatorsOnly.

        `with_files` looks for every attachment in the store, `is_deep` reads them whole.
        """
        require_operator(by)
        with self.snapshot() as session:
            found = list(invariants.look(session, case_id=case_id))
            if with_files:
                found += invariants.look_at_files(session, self._files, is_deep=is_deep)
        return found

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """This will open a session that sees the database as it was at one moment, however long it reads."""
        with self._sessions.reading() as session:
            if self.database.dialect.name == "postgresql":
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session
