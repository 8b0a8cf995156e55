"""What else a case may be in the middle of when it moves: items, called processes, subscriptions, and rows of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import Engine, ProcessApp, history, queries
from engine.migration_plans import Plan, Step
from engine.models import Job, Subscription, Task

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="http://bihuan.dev/tests">'
    '<bpmn:message id="m" name="recalled"><bpmn:extensionElements><zeebe:subscription correlationKey="=key"/>'
    "</bpmn:extensionElements></bpmn:message>"
)
USER = (
    '<bpmn:extensionElements><zeebe:userTask/><zeebe:assignmentDefinition candidateGroups="officer"/>'
    "</bpmn:extensionElements>"
)
LOOP = (
    "<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements>"
    '<zeebe:loopCharacteristics inputCollection="=[1,2]" inputElement="item"/>'
    "</bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>"
)


def flow(one: str, other: str) -> str:
    return f'<bpmn:sequenceFlow id="{one}-{other}" sourceRef="{one}" targetRef="{other}"/>'


def caller(sign: str, recall: str, extra: str = "") -> str:
    """Two sign, and meanwhile the opinion of another process is asked; a message recalls it."""
    return (
        f'{HEAD}<bpmn:process id="moving" isExecutable="true">'
        '<bpmn:startEvent id="in"/><bpmn:parallelGateway id="both"/>'
        f'<bpmn:userTask id="{sign}" name="会签">{USER}{LOOP}</bpmn:userTask>'
        '<bpmn:callActivity id="ask" name="征求意见"><bpmn:extensionElements><zeebe:calledElement processId="asked"/>'
        "</bpmn:extensionElements></bpmn:callActivity>"
        f'<bpmn:boundaryEvent id="{recall}" attachedToRef="ask"><bpmn:messageEventDefinition messageRef="m"/>'
        f'</bpmn:boundaryEvent><bpmn:endEvent id="gone"/><bpmn:endEvent id="out"/>{extra}'
        f"{flow('in', 'both')}{flow('both', sign)}{flow('both', 'ask')}{flow(sign, 'out')}{flow('ask', 'out')}"
        f"{flow(recall, 'gone')}</bpmn:process></bpmn:definitions>"
    )


def asked(name: str) -> str:
    return (
        f'{HEAD}<bpmn:process id="asked" isExecutable="true"><bpmn:startEvent id="begin"/>'
        f'<bpmn:userTask id="answer" name="{name}">{USER}</bpmn:userTask><bpmn:endEvent id="end"/>'
        f"{flow('begin', 'answer')}{flow('answer', 'end')}</bpmn:process></bpmn:definitions>"
    )


TIMER = (
    '<bpmn:boundaryEvent id="late" attachedToRef="signed" cancelActivity="false"><bpmn:timerEventDefinition>'
    "<bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>"
    f'<bpmn:endEvent id="told"/>{flow("late", "told")}'
)


@pytest.fixture
def engine(make_engine: Callable[..., Engine], tmp_path: Path) -> Engine:
    folder = tmp_path / "moving"
    folder.mkdir()
    (folder / "moving.bpmn").write_text(caller("sign", "recall"))
    (folder / "asked.bpmn").write_text(asked("答复"))
    app = ProcessApp(
        name="moving",
        title="迁移",
        folder=folder,
        process="moving",
        roles={"officer": "维修员"},
        starters={"moving": ("*",)},
    )
    return make_engine([app])


def rows(engine: Engine, model: Any) -> list[Any]:
    return engine.read(lambda session: list(session.scalars(select(model).order_by(model.id))))


def first(engine: Engine, cast: Any, process: str) -> int:
    return int(engine.read(queries.versions, cast.olga, process)[-1].id)


@pytest.mark.parametrize("moves", [False, True], ids=["called-stays", "called-moves"])
def test_items_called_processes_and_subscriptions_move_with_their_rows(
    engine: Engine, cast: Any, clock: Any, moves: bool
) -> None:
    case = engine.start_case("moving", {"key": "k"}, by=cast.alice)
    [one, *_] = [task for task in engine.read(queries.inbox, cast.bob).items if task.element == "sign"]
    engine.complete_task(one.id, by=cast.bob, data={})
    old = {"moving": first(engine, cast, "moving"), "asked": first(engine, cast, "asked")}
    target = engine.deploy_diagram("moving", caller("signed", "withdrawn", TIMER), by=cast.olga).id
    inner = engine.deploy_diagram("asked", asked("书面答复"), by=cast.olga).id
    clock.advance(days=1)
    elements = {"sign": "signed", "recall": "withdrawn"}
    called = [Step(old["asked"], inner)] if moves else []
    engine.migrate_case(case.id, Plan(Step(old["moving"], target, elements), called), by=cast.olga)

    opened = {task.element: (task.name, task.definition_id) for task in rows(engine, Task) if task.state == "open"}
    answer = ("书面答复", inner) if moves else ("答复", old["asked"])
    assert opened == {"signed": ("会签", target), "answer": answer}
    assert [(row.element, row.correlation_key) for row in rows(engine, Subscription)] == [("withdrawn", "k")]
    [timer] = [job for job in rows(engine, Job) if job.case_id == case.id]
    assert (timer.element, timer.due_at) == ("late", clock.now + timedelta(days=1))

    for task in engine.read(queries.inbox, cast.bob).items:
        engine.complete_task(task.id, by=cast.bob, data={})
    view = engine.read(queries.case, cast.olga, case.id)
    assert (view.case.state, rows(engine, Subscription)) == ("closed", [])
    assert [job for job in rows(engine, Job) if job.case_id == case.id] == []
    engine.read(history.verify, case.id)


def test_the_message_still_reaches_a_case_that_has_moved(engine: Engine, cast: Any) -> None:
    case = engine.start_case("moving", {"key": "k"}, by=cast.alice)
    target = engine.deploy_diagram("moving", caller("signed", "withdrawn"), by=cast.olga).id
    elements = {"sign": "signed", "recall": "withdrawn"}
    plan = Plan(Step(first(engine, cast, "moving"), target, elements))
    engine.migrate_case(case.id, plan, by=cast.olga)
    engine.publish_message("recalled", "k")
    states = {task.element: task.state for task in rows(engine, Task)}
    assert states == {"signed": "open", "answer": "withdrawn"}
    assert engine.check_soundness(by=cast.olga) == []
