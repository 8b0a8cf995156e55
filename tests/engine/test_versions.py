"""Versions of a process: compared, rolled back, and running cases moved from one to another."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select

from engine import (
    CaseEnded,
    Conflict,
    DesignersOnly,
    Engine,
    FaultsFound,
    OperatorsOnly,
    ProcessApp,
    history,
    migration_runs,
    queries,
)
from engine.bpmn import MayNotMigrate
from engine.migration_plans import (
    ElementUnfit,
    ElementUnknown,
    NothingChosen,
    OtherApp,
    Plan,
    SameVersion,
    Selection,
    Step,
)
from engine.models import Case, Job, Task
from engine.rollbacks import NothingToRollBack

TIMER = (
    '<bpmn:boundaryEvent id="slow" attachedToRef="fix" cancelActivity="false">'
    '<bpmn:timerEventDefinition id="slowTimer">'
    '<bpmn:timeDuration xsi:type="bpmn:tFormalExpression">P2D</bpmn:timeDuration></bpmn:timerEventDefinition>'
    '</bpmn:boundaryEvent><bpmn:endEvent id="told"/><bpmn:sequenceFlow id="f9" sourceRef="slow" targetRef="told"/>'
)


@pytest.fixture
def folder(tmp_path: Path, repair: ProcessApp) -> Path:
    return Path(shutil.copytree(repair.folder, tmp_path / "repair"))


@pytest.fixture
def engine(make_engine: Callable[..., Engine], repair: ProcessApp, machines: ProcessApp, folder: Path) -> Engine:
    repair.folder = folder
    return make_engine([repair, machines])


def diagram(engine: Engine, cast: Any, version: int = 1) -> str:
    found = next(row for row in engine.read(queries.versions, cast.olga, "repair") if row.version == version)
    xml: str = engine.read(queries.diagram, cast.olga, found.id)
    return xml


def start(engine: Engine, cast: Any, place: str = "一楼") -> Case:
    return engine.start_case("repair", {"地点": place, "情况": "漏水"}, by=cast.alice)


def deploy(engine: Engine, cast: Any, *changes: tuple[str, str]) -> int:
    xml = diagram(engine, cast)
    for old, new in changes:
        assert old in xml
        xml = xml.replace(old, new)
    return engine.deploy_diagram("repair", xml, by=cast.olga, note="改").id


def first_version(engine: Engine, cast: Any) -> int:
    return next(row.id for row in engine.read(queries.versions, cast.olga, "repair") if row.version == 1)


RENAMED = (('id="fix"', 'id="mend"'), ('Ref="fix"', 'Ref="mend"'), ('name="维修"', 'name="抢修"'))


def with_timer(xml: str) -> tuple[str, str]:
    return "</bpmn:process>", TIMER + "</bpmn:process>"


def plan(engine: Engine, cast: Any, target: int, **elements: str | None) -> Plan:
    return Plan(Step(first_version(engine, cast), target, elements))


def work(engine: Engine) -> None:
    while engine.run_due_jobs():
        pass


def test_versions_tell_who_when_why_and_what_runs_on_them(engine: Engine, cast: Any) -> None:
    start(engine, cast)
    deploy(engine, cast, ('name="维修"', 'name="抢修"'))
    start(engine, cast)
    start(engine, cast)
    rows = engine.read(queries.versions, cast.olga, "repair")
    assert [(row.version, row.running, row.is_in_force, row.deployed_by, row.note) for row in rows] == [
        (2, 2, True, "己", "改"),
        (1, 1, False, "", ""),
    ]
    with pytest.raises(DesignersOnly):
        engine.read(queries.versions, cast.bob, "repair")


def test_a_comparison_names_what_is_added_removed_and_changed(engine: Engine, cast: Any, folder: Path) -> None:
    form = folder / "forms" / "fix.json"
    form.write_text(form.read_text().replace('"label": "处理"', '"label": "怎么处理的"'))
    engine.deploy_app("repair")
    old = first_version(engine, cast)
    changes = (('name="维修"', 'name="抢修"'), ('candidateGroups="officer"', 'candidateGroups="leader"'))
    new = deploy(engine, cast, *changes, ("</bpmn:process>", TIMER + "</bpmn:process>"))
    found = engine.compare_versions(old, new, by=cast.olga)
    assert {element.id for element in found.diagram.added} == {"slow", "told", "f9"}
    assert found.diagram.removed == []
    fix = next(element for element in found.diagram.changed if element.id == "fix")
    assert {(each.what, each.before, each.after) for each in fix.differences} >= {
        ("name", "维修", "抢修"),
        ("groups", "officer", "leader"),
    }
    back = engine.compare_versions(new, old, by=cast.olga)
    assert {element.id for element in back.diagram.removed} == {"slow", "told", "f9"}
    with pytest.raises(DesignersOnly):
        engine.compare_versions(old, new, by=cast.bob)


def test_a_form_deployed_with_a_version_is_part_of_the_comparison(engine: Engine, cast: Any, folder: Path) -> None:
    old = first_version(engine, cast)
    form, bpmn_file = folder / "forms" / "fix.json", folder / "repair.bpmn"
    form.write_text(form.read_text().replace('"label": "处理"', '"label": "怎么处理的"'))
    bpmn_file.write_text(bpmn_file.read_text().replace('name="维修"', 'name="抢修"'))
    engine.deploy_app("repair")
    new = engine.read(queries.versions, cast.olga, "repair")[0].id
    [change] = engine.compare_versions(old, new, by=cast.olga).resources
    assert (change.kind, change.key, change.before, change.after) == ("form", "fix", 1, 2)
    assert [(each.before, each.after) for each in change.differences] == [("处理", "怎么处理的")]


def test_moving_one_case_takes_everything_along(engine: Engine, cast: Any, statements: Any) -> None:
    case = start(engine, cast)
    [task] = engine.read(queries.inbox, cast.bob).items
    engine.claim_task(task.id, by=cast.bob)
    target = deploy(engine, cast, *RENAMED)
    moved, report = engine.migrate_case(case.id, plan(engine, cast, target, fix="mend"), by=cast.olga, note="改名")
    assert (moved.definition_id, [each.after.id for each in report.moved]) == (target, ["mend", "late"])
    view = engine.read(queries.case, cast.olga, case.id)
    [kept] = view.tasks
    assert (kept.id, kept.element, kept.name, kept.definition_id) == (task.id, "mend", "抢修", target)
    assert (kept.assignee_id, kept.created_at, kept.due_at) == (cast.bob.person_id, task.created_at, task.due_at)
    [event] = [event for event in view.history if event.kind == "migrated"]
    detail = json.loads(event.detail)
    assert (event.actor_id, event.name) == (cast.olga.person_id, "1 → 2")
    assert (detail["elements"], detail["note"]) == ({"fix": "mend"}, "改名")
    engine.read(history.verify, case.id)
    done = engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    assert done.definition_id == target


def test_a_case_that_cannot_move_stays_wholly_as_it_was(engine: Engine, cast: Any) -> None:
    case = start(engine, cast)
    before = engine.read(lambda session: session.execute(select(*Case.__table__.c).where(Case.id == case.id)).one())
    target = deploy(engine, cast, *RENAMED)
    with pytest.raises(MayNotMigrate) as refused:
        engine.migrate_case(case.id, plan(engine, cast, target), by=cast.olga)
    assert [(each.code, each.element, each.name) for each in refused.value.problems] == [("unmapped", "fix", "维修")]
    assert before == engine.read(
        lambda session: session.execute(select(*Case.__table__.c).where(Case.id == case.id)).one()
    )


def test_only_operators_move_cases(engine: Engine, cast: Any) -> None:
    case = start(engine, cast)
    target = deploy(engine, cast, ('name="维修"', 'name="抢修"'))
    engine.give_role("bob", "process_designer", "420101-yj", by=cast.olga)
    ordered = plan(engine, cast, target)
    for refused in (
        lambda: engine.migrate_case(case.id, ordered, by=cast.bob),
        lambda: engine.preview_migration(ordered, by=cast.bob),
        lambda: engine.order_migration(ordered, by=cast.bob),
        lambda: engine.read(queries.migrations, cast.bob),
    ):
        with pytest.raises(OperatorsOnly):
            refused()


def test_a_plan_that_makes_no_sense_is_refused(engine: Engine, cast: Any) -> None:
    case = start(engine, cast)
    target = deploy(engine, cast, ('name="维修"', 'name="抢修"'))
    first = first_version(engine, cast)
    other = next(row.id for row in engine.read(queries.definitions, cast.olga) if row.app == "machines")
    for wrong, error in (
        (Plan(Step(first, first)), SameVersion),
        (Plan(Step(first, other)), OtherApp),
        (Plan(Step(first, target, {"nowhere": "fix"})), ElementUnknown),
        (Plan(Step(first, target, {"fix": "nowhere"})), ElementUnknown),
        (Plan(Step(first, target, {"fix": "accepted"})), ElementUnfit),
    ):
        with pytest.raises(error):
            engine.preview_migration(wrong, by=cast.olga)
    with pytest.raises(NothingChosen):
        engine.order_migration(Plan(Step(first, target)), Selection(numbers=["nobody's"]), by=cast.olga)
    engine.cancel_case(case.id, by=cast.olga, reason="试")
    with pytest.raises(CaseEnded):
        engine.migrate_case(case.id, Plan(Step(first, target)), by=cast.olga)


def test_a_preview_counts_and_changes_nothing(engine: Engine, cast: Any) -> None:
    here, there = start(engine, cast), start(engine, cast, "二楼")
    [task] = [task for task in engine.read(queries.inbox, cast.bob).items if task.case_id == there.id]
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    target = deploy(engine, cast, *RENAMED, ("</bpmn:process>", TIMER.replace('"fix"', '"mend"') + "</bpmn:process>"))
    found = engine.preview_migration(plan(engine, cast, target), by=cast.olga)
    assert (found.total, found.movable) == (2, 1)
    assert [(problem.code, problem.element, count) for problem, count in found.reasons] == [("unmapped", "fix", 1)]
    assert [looked.id for looked in found.refused] == [here.id]
    found = engine.preview_migration(plan(engine, cast, target, fix="mend"), by=cast.olga)
    assert (found.total, found.movable, found.refused) == (2, 2, [])
    assert {(shift.before.id, shift.after.id, shift.waits, shift.count) for shift in found.shifts} == {
        ("fix", "mend", "task", 1),
        ("late", "late", "timer", 1),
        ("check", "check", "task", 1),
    }
    assert [(node.id, count) for node, count in found.opened] == [("slow", 1)]
    assert {row.running for row in engine.read(queries.versions, cast.olga, "repair")} == {0, 2}
    one = engine.preview_migration(plan(engine, cast, target, fix="mend"), Selection(element="check"), by=cast.olga)
    assert [looked.id for looked in one.moved] == [there.id]


def test_many_cases_move_in_the_background_each_with_its_result(engine: Engine, cast: Any) -> None:
    cases = [start(engine, cast, f"{number}楼") for number in range(5)]
    [gone, done, *_] = cases
    target = deploy(engine, cast, ("</bpmn:process>", TIMER + "</bpmn:process>"))
    ordered = engine.order_migration(plan(engine, cast, target), by=cast.olga, note="加时限")
    engine.cancel_case(gone.id, by=cast.olga, reason="试")
    engine.migrate_case(done.id, plan(engine, cast, target), by=cast.olga)
    work(engine)
    found = engine.read(queries.migration, cast.olga, ordered.id)
    assert (found.migration.state, found.moved, found.left, found.refused, found.waiting) == ("finished", 3, 2, 0, 0)
    left = engine.read(queries.migrated_cases, cast.olga, ordered.id, state="left").items
    assert {(each.id, each.reasons[0].code) for each in left} == {(gone.id, "ended"), (done.id, "elsewhere")}
    jobs = engine.read(lambda session: list(session.scalars(select(Job).where(Job.element == "slow"))))
    assert {job.case_id for job in jobs} == {case.id for case in cases} - {gone.id}
    for case in cases:
        engine.read(history.verify, case.id)


def test_a_migration_is_stopped_resumed_and_what_was_refused_tried_again(engine: Engine, cast: Any) -> None:
    for number in range(3):
        start(engine, cast, f"{number}楼")
    broken = deploy(engine, cast, *RENAMED)
    ordered = engine.order_migration(plan(engine, cast, broken), by=cast.olga)
    engine.stop_migration(ordered.id, by=cast.olga)
    work(engine)
    assert engine.read(queries.migration, cast.olga, ordered.id).waiting == 3
    with pytest.raises(Conflict):
        engine.stop_migration(ordered.id, by=cast.olga)
    engine.resume_migration(ordered.id, by=cast.olga)
    work(engine)
    found = engine.read(queries.migration, cast.olga, ordered.id)
    assert (found.migration.state, found.refused, found.moved) == ("finished", 3, 0)
    with pytest.raises(Conflict):
        engine.resume_migration(ordered.id, by=cast.olga)
    engine.resume_migration(ordered.id, by=cast.olga, refused=True)
    work(engine)
    assert engine.read(queries.migration, cast.olga, ordered.id).refused == 3


class Killed(BaseException):
    """The worker's process is gone."""


def test_a_worker_that_dies_leaves_no_case_between_and_another_goes_on(
    engine: Engine, cast: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [start(engine, cast, f"{number}楼") for number in range(4)]
    target = deploy(engine, cast, ("</bpmn:process>", TIMER + "</bpmn:process>"))
    ordered = engine.order_migration(plan(engine, cast, target), by=cast.olga)
    move, count = migration_runs.case_migration.move, [0]

    def dies(turn: Any, *args: Any, **kwargs: Any) -> Any:
        count[0] += 1
        found = move(turn, *args, **kwargs)
        if count[0] == 3:
            raise Killed
        return found

    monkeypatch.setattr(migration_runs.case_migration, "move", dies)
    with pytest.raises(Killed):
        work(engine)
    found = engine.read(queries.migration, cast.olga, ordered.id)
    assert (found.moved, found.waiting) == (2, 2)
    clock.advance(minutes=6)
    work(engine)
    found = engine.read(queries.migration, cast.olga, ordered.id)
    assert (found.migration.state, found.moved, count[0]) == ("finished", 4, 5)
    for case in cases:
        events = engine.read(queries.case, cast.olga, case.id).history
        assert [event.kind for event in events].count("migrated") == 1
        engine.read(history.verify, case.id)


@pytest.mark.parametrize("attempt", range(3))
def test_a_case_that_is_completed_while_it_is_migrated_does_both_or_one_after_the_other(
    engine: Engine, cast: Any, attempt: int
) -> None:
    """Exactly one order of the two wins, and nothing of either is lost."""
    bob, olga = cast.bob, cast.olga
    case = start(engine, cast)
    [task] = engine.read(queries.inbox, bob).items
    target = deploy(engine, cast, ('name="维修"', 'name="抢修"'))
    ordered, gate = plan(engine, cast, target), Barrier(2)
    problems: list[Exception] = []

    def run(action: Callable[[], Any]) -> None:
        gate.wait()
        try:
            action()
        except Conflict as problem:
            problems.append(problem)

    threads = [
        Thread(target=run, args=(lambda: engine.migrate_case(case.id, ordered, by=olga),)),
        Thread(
            target=run,
            args=(lambda: engine.complete_task(task.id, by=bob, data={"处理": "换管"}, outcome="修好"),),
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    view = engine.read(queries.case, olga, case.id)
    kinds = [event.kind for event in view.history]
    assert (kinds.count("migrated"), view.case.definition_id) == (1, target)
    assert {row.element: row.state for row in view.tasks} == {"fix": "done", "check": "open"}
    assert {row.definition_id for row in view.tasks if row.state == "open"} == {target}
    engine.read(history.verify, case.id)


def test_a_suspended_case_moves_and_new_timers_have_their_whole_time_when_it_is_resumed(
    engine: Engine, cast: Any, clock: Any
) -> None:
    case = start(engine, cast)
    engine.suspend_case(case.id, by=cast.olga, reason="改流程")
    clock.advance(days=5)
    target = deploy(engine, cast, ("</bpmn:process>", TIMER + "</bpmn:process>"))
    engine.migrate_case(case.id, plan(engine, cast, target), by=cast.olga)
    clock.advance(days=5)
    work(engine)
    engine.resume_case(case.id, by=cast.olga)
    clock.advance(days=1)
    work(engine)
    assert "timer_fired" not in [event.kind for event in engine.read(queries.case, cast.olga, case.id).history]
    clock.advance(days=1, minutes=1)
    work(engine)
    assert "timer_fired" in [event.kind for event in engine.read(queries.case, cast.olga, case.id).history]


def test_signatures_that_are_asked_for_move_with_their_task(engine: Engine, cast: Any) -> None:
    case = start(engine, cast)
    [task] = engine.read(queries.inbox, cast.bob).items
    engine.claim_task(task.id, by=cast.bob)
    engine.add_signs(task.id, ["bella"], by=cast.bob, when="before", note="看看")
    target = deploy(engine, cast, *RENAMED)
    engine.migrate_case(case.id, plan(engine, cast, target, fix="mend"), by=cast.olga)
    rows = engine.read(lambda session: list(session.scalars(select(Task).where(Task.case_id == case.id))))
    assert {(row.kind, row.state, row.element, row.definition_id) for row in rows} == {
        ("task", "held", "mend", target),
        ("sign", "open", "mend", target),
    }
    [sign] = [row for row in rows if row.kind == "sign"]
    engine.sign_task(sign.id, by=cast.bella, text="同意", agrees=True)
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")


def test_a_rollback_puts_an_earlier_version_in_force_with_its_forms(engine: Engine, cast: Any, folder: Path) -> None:
    form, bpmn_file = folder / "forms" / "fix.json", folder / "repair.bpmn"
    form.write_text(form.read_text().replace('"label": "处理"', '"label": "怎么处理的"'))
    bpmn_file.write_text(bpmn_file.read_text().replace('name="维修"', 'name="抢修"'))
    engine.deploy_app("repair")
    bad = start(engine, cast)
    first = first_version(engine, cast)
    found = engine.preview_rollback(first, by=cast.olga)
    assert (found.current.version, found.target.version, found.faults) == (2, 1, None)
    assert [(change.key, change.before, change.after) for change in found.resources] == [("fix", 2, 1)]
    assert [element.id for element in found.diagram.changed] == ["fix"]
    with pytest.raises(DesignersOnly):
        engine.roll_back(first, by=cast.bob)
    engine.give_role("bob", "process_designer", "420101-yj", by=cast.olga)
    made = engine.roll_back(first, by=cast.bob, note="第 2 版有误")
    assert (made.version, made.restores) == (3, 1)
    good = start(engine, cast, "二楼")
    assert good.definition_id == made.id
    for case, name, label in ((bad, "抢修", "怎么处理的"), (good, "维修", "处理")):
        [task] = [task for task in engine.read(queries.inbox, cast.bob).items if task.case_id == case.id]
        shown = engine.read(queries.task, cast.bob, task.id).form["components"][0]["label"]
        assert (task.name, shown) == (name, label)
    with pytest.raises(NothingToRollBack):
        engine.roll_back(first, by=cast.olga)
    with pytest.raises(NothingToRollBack):
        engine.roll_back(made.id, by=cast.olga)
    assert engine.deploy_app("repair") is None
    back = Plan(Step(bad.definition_id, made.id))
    assert engine.migrate_case(bad.id, back, by=cast.olga)[0].definition_id == made.id


def test_a_rollback_to_what_no_longer_passes_the_check_is_refused(
    engine: Engine, cast: Any, repair: ProcessApp
) -> None:
    first = first_version(engine, cast)
    deploy(engine, cast, ('candidateGroups="officer"', 'candidateGroups="leader"'))
    object.__setattr__(repair, "roles", {name: title for name, title in repair.roles.items() if name != "officer"})
    found = engine.preview_rollback(first, by=cast.olga)
    assert found.faults is not None
    with pytest.raises(FaultsFound):
        engine.roll_back(first, by=cast.olga)


def test_moving_a_case_asks_the_database_a_fixed_number_of_questions(
    engine: Engine, cast: Any, statements: Any
) -> None:
    cases = [start(engine, cast, f"{number}楼") for number in range(3)]
    target = deploy(engine, cast, ('name="维修"', 'name="抢修"'))
    ordered = plan(engine, cast, target)
    engine.migrate_case(cases[0].id, ordered, by=cast.olga)
    counts = []
    for case in cases[1:]:
        with statements(engine) as seen:
            engine.migrate_case(case.id, ordered, by=cast.olga)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 9, seen
