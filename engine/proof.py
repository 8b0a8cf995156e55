"""The part of the front door that proves: that cases hold together, that histories are what was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine import actions, anchors, audit, backups, board_counts, exports, invariants, mining, restoring
from engine.access import SYSTEM, Actor, require_operator
from engine.audit import Verdict
from engine.backups import Manifest, Progress
from engine.invariants import Unsound
from engine.mining import Chosen
from engine.models import Anchor
from engine.operations import Operations
from engine.transactions import Busy


class Proof(Operations):
    """What operators and auditors ask; nothing of it changes a case."""

    _files: Path

    def check_soundness(
        self, *, by: Actor, number: str | None = None, with_files: bool = False, is_deep: bool = False
    ) -> list[Unsound]:
        """This will tell what does not fit together in all cases, or in one, and what to do.

        `with_files` looks for every attachment in the store, `is_deep` reads them whole. Raises OperatorsOnly,
        CaseNotFound.
        """
        require_operator(by)
        with self.snapshot() as session:
            case_id = audit.find(session, number) if number is not None else None
            found = list(invariants.look(session, case_id=case_id))
            if case_id is None:
                found += invariants.look_at_references(session)
                found += invariants.look_at_boards(session)
            if with_files:
                found += invariants.look_at_files(session, self._files, is_deep=is_deep)
        return found

    def recount_boards(self, *, by: Actor) -> int:
        """This will correct counts of boards that are not those of the open tasks, while everybody works on.

        It returns how many were wrong. Raises OperatorsOnly.
        """
        require_operator(by)
        wrong = self.write(by, board_counts.recount)
        while self.write(by, board_counts.fold):
            pass
        if wrong:
            self.write(by, actions.note, "recount", reason=board_counts.WHY, detail={"counts": wrong})
        return wrong

    def anchor(self, *, by: Actor) -> Anchor:
        """This will seal what happened since the last anchor under one digest. Raises OperatorsOnly, Busy."""
        require_operator(by)
        made = self.write(by, anchors.make)
        if made is None:
            raise Busy
        return made

    def anchor_daily(self) -> Anchor | None:
        """This will anchor once a day, whichever of many processes asks first; None when the day has its anchor."""
        return self.write(SYSTEM, anchors.make, is_daily=True)

    def anchors(self, *, by: Actor, limit: int = 100) -> list[Anchor]:
        """This will return the newest anchors, the newest first. Raises OperatorsOnly."""
        require_operator(by)
        return self.read(anchors.listed, limit)

    def verify_histories(
        self, *, by: Actor, line: str = "", processes: int | None = None, progress: audit.Progress | None = None
    ) -> Verdict:
        """This will find every changed, removed or inserted event, case and anchor, however many there are.

        `line` is that of an anchor as it was printed: it seals all anchors up to its own. `processes` share the work
        (default: as many as the machine has cores). Raises OperatorsOnly, LineInvalid.
        """
        require_operator(by)
        printed = anchors.read_line(line) if line else None
        return audit.verify(self.database, printed=printed, processes=processes, progress=progress)

    def verify_case(self, number: str, *, by: Actor) -> Verdict:
        """This will verify the history of one case, also of a deleted one. Raises OperatorsOnly, CaseNotFound."""
        require_operator(by)
        with self.snapshot() as session:
            return audit.verify_case(session, audit.find(session, number))

    def export_history(self, case_id: UUID, *, by: Actor) -> dict[str, Any]:
        """This will return the history of a case, network addresses included, as JSON that proves itself without us.

        Raises OperatorsOnly, CaseNotFound.
        """
        require_operator(by)
        with self.snapshot() as session:
            return exports.document(session, case_id)

    def export_log(self, chosen: Chosen, *, by: Actor, is_ocel: bool = False) -> Iterator[str]:
        """This will stream histories for process mining, as XES or as OCEL 2.0 JSON. Raises OperatorsOnly."""
        require_operator(by)
        return self._log(mining.ocel if is_ocel else mining.xes, chosen)

    def _log(self, write: Callable[[Session, Chosen], Iterator[str]], chosen: Chosen) -> Iterator[str]:
        with self.snapshot() as session:
            yield from write(session, chosen)

    def find_case(self, number: str, *, by: Actor) -> UUID:
        """This will return the id of the case with a number, kept or deleted. Raises OperatorsOnly, CaseNotFound."""
        require_operator(by)
        return self.read(audit.find, number)

    def back_up(self, target: Path, *, by: Actor, progress: Progress | None = None) -> Manifest:
        """This will write database and attachments into one file while everybody works on.

        Raises OperatorsOnly, FileThere, DiskFull.
        """
        require_operator(by)
        with self.snapshot() as session:
            return backups.write(session, self._files, target, progress=progress)

    def restore(
        self, source: Path, *, by: Actor, is_forced: bool = False, progress: Progress | None = None
    ) -> Manifest:
        """This will fill this empty database and its folder of attachments from a backup of either kind of database.

        `is_forced` lets it replace what is there. Raises OperatorsOnly, NotEmpty, BackupInvalid, BackupDamaged,
        BackupTooNew, RowRefused, DiskFull; then everything is as it was.
        """
        require_operator(by)
        return restoring.restore(self.database, source, self._files, is_forced=is_forced, progress=progress)

    def snapshot(self) -> AbstractContextManager[Session]:
        """This will open a session that sees the database as it was at one moment, however long it reads."""
        return audit.at_one_moment(self.database)
