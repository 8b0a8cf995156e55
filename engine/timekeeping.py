"""The part of the front door that keeps the time: limits, and the calendar that they are counted by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from engine import limit_changes, limit_rules, publications
from engine.access import Actor
from engine.calendar_years import Year
from engine.calendars import Calendar
from engine.limit_definitions import LimitDefinition
from engine.limit_rules import RuleForeseen
from engine.mailroom import Mailroom
from engine.models import Limit, Resource
from engine.publications import YearForeseen
from engine.reckoning import Reckoning, Term


class Timekeeping(Mailroom):
    """Limits and the calendar; every method is one transaction."""

    @property
    def calendar(self) -> Calendar:
        """This will return the calendar in force."""
        return self.look(lambda turn: turn.calendar)

    def publish_year(self, year: Year, *, by: Actor, note: str = "") -> Year:
        """This will put a new version of a year of the calendar in force; running limits follow with the next jobs.

        Raises OperatorsOnly, YearInvalid, YearUnchanged.
        """
        return self.write(by, publications.publish_year, year, note=note)

    def foresee_year(self, year: Year, *, by: Actor) -> YearForeseen:
        """This will tell which days and running limits publishing a year would change. Raises OperatorsOnly."""
        return self.look(publications.foresee_year, year, by=by)

    def deploy_limit(self, app: str, content: str, *, by: Actor, note: str = "") -> Resource:
        """This will put one limit (the YAML of its entry) in force as a new version; what runs keeps its own.

        Raises DesignersOnly, AppNotFound, LimitRuleUnchanged, and FaultsFound with every fault.
        """
        return self.write(by, limit_rules.deploy_limit, app, content, note=note)

    def foresee_rule(self, app: str, content: str, day: date, *, by: Actor) -> RuleForeseen:
        """This will tell what `deploy_limit` would do, and when a limit that begins on `day` would be due.

        It raises what `deploy_limit` raises.
        """
        return self.look(limit_rules.foresee_rule, app, content, day, by=by)

    def pause_limit(
        self, limit_id: UUID, *, by: Actor, ground: str, approver: str, evidence: Sequence[UUID] = ()
    ) -> Limit:
        """This will stop the clock of a limit on a legal ground; what is left is kept.

        Raises MayNotDecide, GroundMissing, NotPausable, LimitStopped, LimitOver, LimitEnded, LimitNotFound.
        """
        return self.write(by, limit_changes.pause, limit_id, ground=ground, approver=approver, evidence=evidence)

    def resume_limit(self, limit_id: UUID, *, by: Actor, note: str = "") -> Limit:
        """This will let a stopped clock go on with what was left. Raises MayNotDecide, LimitRuns, LimitEnded."""
        return self.write(by, limit_changes.resume, limit_id, note=note)

    def extend_limit(
        self,
        limit_id: UUID,
        term: Term | date,
        *,
        by: Actor,
        reason: str,
        decision: str = "",
        asked_on: date | None = None,
    ) -> Limit:
        """This will extend a limit by a term, or to the day that a decision names.

        `decision` is its number, `asked_on` the day of the request (today without it). Raises MayNotDecide,
        GroundMissing, NotExtendable, AskedTooLate, LimitOver, LimitStopped, ExtensionInvalid, LimitEnded.
        """
        return self.write(
            by, limit_changes.extend, limit_id, term=term, reason=reason, decision=decision, asked_on=asked_on
        )

    def foresee_limit(
        self,
        limit_id: UUID,
        verb: str,
        *,
        by: Actor,
        term: Term | date | None = None,
        asked_on: date | None = None,
    ) -> Reckoning:
        """This will tell what `pause`, `resume` or `extend` would make of a limit now; it raises what that raises."""
        return self.look(limit_changes.foresee, limit_id, verb, by=by, term=term, asked_on=asked_on)

    def explain_limit(self, limit_id: UUID) -> tuple[Limit, LimitDefinition, Reckoning]:
        """This will return a limit, its rule, and each step towards its due time. Raises LimitNotFound."""
        return self.look(limit_changes.explain, limit_id)
