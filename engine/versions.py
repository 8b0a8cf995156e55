"""The part of the front door that knows versions: compare them, put an earlier one back, move running cases."""

from __future__ import annotations

from uuid import UUID

from engine import migration_plans, migration_runs, rollbacks, version_changes
from engine.access import Actor, require_designer, require_operator
from engine.bpmn import Report
from engine.migration_plans import Plan, Preview, Selection
from engine.models import Case, Definition, Migration
from engine.proof import Proof
from engine.rollbacks import Rollback
from engine.version_changes import Comparison

ALL = Selection()


class Versions(Proof):
    """What designers and operators do with versions; every method is one transaction."""

    def compare_versions(self, old_id: int, new_id: int, *, by: Actor) -> Comparison:
        """This will tell what another version has added, removed and changed, with its forms and decisions.

        Raises DesignersOnly, DefinitionNotFound, NotComparable.
        """
        require_designer(by)
        return self.look(version_changes.compare, old_id, new_id)

    def preview_rollback(self, definition_id: int, *, by: Actor) -> Rollback:
        """This will tell what putting an earlier version back in force changes. Raises DesignersOnly."""
        require_designer(by)
        return self.look(rollbacks.preview, definition_id)

    def roll_back(self, definition_id: int, *, by: Actor, note: str = "") -> Definition:
        """This will put an earlier version back in force for new cases, as a new version with the same content.

        Its forms and decisions come back as they last were with it. Running cases stay on theirs. Raises DesignersOnly,
        NothingToRollBack, FaultsFound when its diagram no longer passes the check.
        """
        return self.write(by, rollbacks.roll_back, definition_id, note=note)

    def preview_migration(self, plan: Plan, selection: Selection = ALL, *, by: Actor) -> Preview:
        """This will tell what a plan means for every case chosen. Raises OperatorsOnly, PlanInvalid."""
        require_operator(by)
        return self.look(migration_plans.preview, plan, selection)

    def preview_case_migration(self, case_id: UUID, plan: Plan, *, by: Actor) -> Preview:
        """This will tell what a plan means for one case. Raises OperatorsOnly, CaseNotFound, PlanInvalid."""
        require_operator(by)
        return self.look(migration_plans.preview_one, case_id, plan)

    def order_migration(self, plan: Plan, selection: Selection = ALL, *, by: Actor, note: str = "") -> Migration:
        """This will have the workers move the cases chosen, each in one transaction. Raises PlanInvalid."""
        return self.write(by, migration_runs.order, plan, selection, note=note)

    def stop_migration(self, migration_id: UUID, *, by: Actor) -> Migration:
        """This will leave the cases that still wait on their version. Raises OperatorsOnly, MigrationEnded."""
        return self.write(by, migration_runs.stop, migration_id)

    def resume_migration(self, migration_id: UUID, *, by: Actor, refused: bool = False) -> Migration:
        """This will let a stopped migration go on; `refused`: with what was refused. Raises OperatorsOnly."""
        return self.write(by, migration_runs.resume, migration_id, refused=refused)

    def migrate_case(self, case_id: UUID, plan: Plan, *, by: Actor, note: str = "") -> tuple[Case, Report]:
        """This will move one case at once. Raises OperatorsOnly, CaseEnded, PlanInvalid, MayNotMigrate."""
        return self.write(by, migration_runs.move_one, case_id, plan, note=note)
