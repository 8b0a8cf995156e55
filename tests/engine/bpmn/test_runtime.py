"""How a case steps: purity, incidents, returns, calls, cost."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import stimuli
from engine.bpmn.outcome import ActivityOffered, Closed, MessageSent, ServiceCalled, SignalSent, TaskOpened, TimerOpened
from engine.bpmn.process import Process
from engine.bpmn.run import StepTooLong
from engine.bpmn.runtime import NoStart, NoSuchStart, NotOffered, NotWaiting, Uncaught
from engine.bpmn.tokens import SnapshotInvalid, TokenGone
from engine.errors import Conflict, Invalid
from tests.patience import soon

USER = (
    '<bpmn:userTask id="{0}"{1}><bpmn:extensionElements><zeebe:userTask/>{2}</bpmn:extensionElements></bpmn:userTask>'
)


def user(id: str, extra: str = "", attributes: str = "") -> str:
    return USER.format(id, attributes, extra)


def flow(source: str, target: str, condition: str = "") -> str:
    inside = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
    id = f"{source}_{target}"
    return f'<bpmn:sequenceFlow id="{id}" sourceRef="{source}" targetRef="{target}">{inside}</bpmn:sequenceFlow>'


def calls(work: Callable[[], object]) -> int:
    """This will tell how many functions are called: what a clock would measure, were the machine idle."""
    found = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


def test_ten_thousand_rounds_of_rework_cost_constant_time_and_room(load: Callable, walk: Callable) -> None:
    case = walk(load("rework"))
    case.start()
    sizes, costs = [], []

    def rework(rounds: int) -> None:
        for _ in range(rounds):
            case.complete("do")
            case.complete("check", good=False)

    for _ in range(10):
        rework(990)
        costs.append(calls(lambda: rework(10)))
        sizes.append(len(json.dumps(case.outcome.state)))
    assert max(sizes) - min(sizes) < 10, "only the digits of the token numbers grow"
    assert max(costs) < 1.1 * min(costs), "what is collected between calls a few functions, too"
    assert case.complete("do").opened
    assert case.complete("check", good=True).ended


def test_a_step_changes_nothing_that_it_was_given(load: Callable, walk: Callable) -> None:
    case = walk(load("countersign"))
    case.start(signers=["a", "b", "c"], nested={"list": [1, {"x": 1}]})
    state, data = case.outcome.state, case.outcome.data
    before = copy.deepcopy((state, data))
    event = stimuli.CompleteTask(case.token("sign"), {"agrees": True, "nested": {"list": []}})
    first = bpmn.step(case.process, state, data, event, case.now, case.host)
    again = bpmn.step(case.process, state, data, event, case.now, case.host)
    assert (state, data) == before
    assert first == again


def test_a_condition_that_is_neither_true_nor_false_is_an_incident_that_can_be_resumed(
    load: Callable, walk: Callable
) -> None:
    case = walk(load("document_order"))
    (incident,) = case.start(x="text").incidents
    assert incident.element == "choose"
    assert incident.detail["expression"] == "=x > 1"
    assert incident.detail["values"] == {"x": "text"}
    assert not case.outcome.ended
    assert case.take(stimuli.RetryIncident(incident.token)).incidents, "nothing was repaired yet"
    case.take(stimuli.ChangeData({"x": 5}))
    resumed = case.take(stimuli.RetryIncident(incident.token))
    assert resumed.resolved == [incident.token]
    assert not resumed.incidents
    assert case.elements == ["first"]
    with pytest.raises(TokenGone):
        case.take(stimuli.RetryIncident(incident.token))


def test_an_incident_names_the_variables_that_are_missing(load: Callable, walk: Callable) -> None:
    (incident,) = walk(load("document_order")).start().incidents
    assert incident.detail["missing"] == ["x"]


def test_an_error_that_nobody_catches_is_an_incident(load: Callable, walk: Callable) -> None:
    case = walk(load("passing_tasks"))
    (service,) = case.start(amount=2).opened
    assert isinstance(service, ServiceCalled)
    assert (service.type, service.retries, service.headers, service.data["doubled"]) == ("mail", 5, {"to": "all"}, 4)
    (incident,) = case.take(stimuli.ThrowError(service.token, "OTHER", "it burns")).incidents
    assert incident.detail == {"code": "OTHER", "message": "it burns"}
    (again,) = case.take(stimuli.RetryIncident(incident.token)).opened
    assert isinstance(again, ServiceCalled)
    assert case.take(stimuli.CompleteService(again.token, {"answer": {"code": 1}})).ended


def test_an_error_of_a_task_that_nobody_catches_is_refused(load: Callable, walk: Callable) -> None:
    case = walk(load("rework"))
    case.start()
    with pytest.raises(Uncaught):
        case.take(stimuli.ThrowError(case.token("do"), "ANY"))
    assert case.elements == ["do", "late"]


def test_a_service_inside_the_step_is_called_at_once(load: Callable, walk: Callable) -> None:
    case = walk(load("passing_tasks"))
    case.host.services["mail"] = lambda data, headers: {"answer": {"code": data["doubled"] + 1}}
    assert case.start(amount=4).ended
    assert case.outcome.data == {"amount": 4, "code": 9}


def test_a_service_inside_the_step_may_end_with_an_error(load: Callable, walk: Callable) -> None:
    def refuse(data: Any, headers: Any) -> Any:
        raise bpmn.ServiceError("NO", "not today")

    case = walk(load("passing_tasks"))
    case.host.services["mail"] = refuse
    case.start(amount=4)
    assert case.elements == ["repair"]


def test_what_waited_is_told_closed_as_done_or_withdrawn(load: Callable, walk: Callable) -> None:
    case = walk(load("rework"))
    case.start()
    task, timer = case.token("do"), case.token("late")
    assert case.complete("do").closed == [
        Closed(token=task, element="do", withdrawn=False),
        Closed(token=timer, element="late", withdrawn=True),
    ]


def test_a_task_that_is_done_cannot_be_completed_again(load: Callable, walk: Callable) -> None:
    case = walk(load("rework"))
    case.start()
    token = case.token("do")
    case.complete("do")
    with pytest.raises(Conflict):
        case.take(stimuli.CompleteTask(token))
    with pytest.raises(NotWaiting):
        case.take(stimuli.FireTimer(case.token("check")))


def test_a_loop_that_never_rests_is_stopped(walk: Callable) -> None:
    body = (
        '<bpmn:startEvent id="s"/><bpmn:task id="a"/><bpmn:task id="b"/>'
        + flow("s", "a")
        + flow("a", "b")
        + flow("b", "a")
    )
    with pytest.raises(StepTooLong):
        walk(body).start()


def test_starting_needs_one_none_start_event_or_a_named_one(load: Callable, walk: Callable) -> None:
    case = walk(load("correlation"))
    with pytest.raises(NoStart):
        case.start()
    with pytest.raises(NoSuchStart):
        case.take(stimuli.Start({}, "wait"))
    assert [opened.element for opened in case.take(stimuli.Start({"number": 1}, "begin")).opened] == ["wait"]


def test_a_task_tells_everything_that_its_queue_needs(walk: Callable) -> None:
    extra = (
        '<zeebe:assignmentDefinition assignee="=handler.name" candidateGroups="inspectors, chiefs" candidateUsers="=helpers"/>'
        '<zeebe:taskSchedule dueDate="=now() + duration(&quot;P1D&quot;)" followUpDate="2026-03-02T12:00:00+08:00"/>'
        '<zeebe:priorityDefinition priority="=40 + 30"/><zeebe:formDefinition formId="inspect" bindingType="deployment"/>'
        '<zeebe:properties><zeebe:property name="hint" value="look"/></zeebe:properties>'
        '<zeebe:ioMapping><zeebe:input source="=企业.名称" target="name"/></zeebe:ioMapping>'
    )
    case = walk(user("t", extra, ' name="检查" bihuan:unit="=unit" bihuan:limit="three-days"'))
    outcome = case.start(handler={"name": "bob"}, helpers=["carol"], unit="street-1", 企业={"名称": "甲"})
    (task,) = outcome.opened
    assert isinstance(task, TaskOpened)
    assert (task.name, task.assignee, task.groups, task.users) == ("检查", "bob", ("inspectors", "chiefs"), ("carol",))
    assert (task.unit, task.priority, task.form_id, task.form_binding) == ("street-1", 70, "inspect", "deployment")
    assert task.due_at is not None
    assert (task.due_at - case.now).days == 1
    assert task.follow_up_at is not None
    assert task.follow_up_at.isoformat() == "2026-03-02T04:00:00+00:00"
    assert task.local == {"name": "甲"}
    assert task.properties == {"hint": "look", "bihuan:unit": "=unit", "bihuan:limit": "three-days"}


def test_a_wrong_assignment_is_an_incident(walk: Callable) -> None:
    case = walk(user("t", '<zeebe:assignmentDefinition candidateGroups="=1 + 1"/>'))
    assert "not a list of text" in case.start().incidents[0].reason


def test_messages_and_signals_leave_the_case_with_their_data(load: Callable, walk: Callable) -> None:
    case = walk(load("sending_and_jumping"))
    case.start(text="hello")
    sent = case.complete("pause").sent
    assert sent == [
        MessageSent(message="news", correlation_key="hello", data={"text": "hello"}),
        SignalSent(signal="over"),
    ]


def test_a_called_process_stays_on_its_version_in_the_snapshot(load: Callable, walk: Callable) -> None:
    case = walk(load("calling"), called=load("called"))
    (task,) = case.start(a=1, which="called").opened
    assert task.process_key == "called:1"
    assert "called:1" in json.dumps(case.outcome.state)
    case.complete("inner", z=5)
    assert case.outcome.data["result"] == {"y": 6}
    assert case.elements == ["after"]


def test_a_snapshot_of_another_diagram_is_refused(load: Callable, walk: Callable) -> None:
    case = walk(load("rework"))
    case.start()
    with pytest.raises(SnapshotInvalid):
        bpmn.step(load("one_document"), case.outcome.state, {}, stimuli.CompleteTask(1), case.now, case.host)


def test_a_snapshot_holds_no_code_and_no_specs(load: Callable, walk: Callable) -> None:
    case = walk(load("rework"))
    case.start(evil="__import__('os').abort()")
    text = json.dumps(case.outcome.state)
    assert "Do" not in text
    assert "evil" not in text
    assert len(text) < 200


def test_tampering_with_a_snapshot_runs_nothing(load: Callable, walk: Callable) -> None:
    case = walk(load("rework"))
    case.start()
    state = json.loads(json.dumps(case.outcome.state))
    state["tokens"][0][5]["incident"] = ["__import__", "os"]
    with pytest.raises(Invalid):
        bpmn.step(case.process, state, {}, stimuli.RetryIncident(state["tokens"][0][0]), case.now, case.host)


def test_cancelling_withdraws_everything(load: Callable, walk: Callable) -> None:
    case = walk(load("event_subprocesses"))
    case.start()
    outcome = case.take(stimuli.Cancel())
    assert outcome.ended
    assert all(closed.withdrawn for closed in outcome.closed)
    assert case.elements == []


@pytest.fixture
def parallel(walk: Callable) -> Any:
    body = (
        '<bpmn:startEvent id="s"/><bpmn:parallelGateway id="fork"/><bpmn:parallelGateway id="join"/>'
        + "".join(user(id) for id in ("first", "left", "left2", "right", "last"))
        + f'<bpmn:subProcess id="sub">{user("inside")}{user("inside2")}{flow("inside", "inside2")}</bpmn:subProcess>'
        + "".join(
            flow(*pair.split(">"))
            for pair in [
                "s>first",
                "first>fork",
                "fork>left",
                "left>left2",
                "left2>join",
                "fork>sub",
                "sub>right",
                "right>join",
                "join>last",
            ]
        )
    )
    case = walk(body)
    case.start()
    case.complete("first")
    return case


def earlier(case: Any, element: str) -> list[str]:
    steps = bpmn.earlier_steps(case.process, case.outcome.state, case.token(element), case.host)
    return [step.node.id for step in steps]


def test_a_task_may_be_returned_to_what_precedes_it(parallel: Any) -> None:
    parallel.complete("left")
    parallel.complete("inside")
    assert earlier(parallel, "left2") == ["first", "left"]
    assert earlier(parallel, "inside2") == ["first", "inside"]


def test_returning_inside_a_branch_leaves_the_other_branch_alone(parallel: Any) -> None:
    parallel.complete("left")
    parallel.take(stimuli.ReturnTo(parallel.token("left2"), "left"))
    assert parallel.elements == ["inside", "left"]


def test_returning_before_the_fork_withdraws_all_branches(parallel: Any) -> None:
    parallel.complete("left")
    parallel.complete("left2")
    outcome = parallel.take(stimuli.ReturnTo(parallel.token("inside"), "first"))
    assert parallel.elements == ["first"]
    assert [closed.element for closed in outcome.closed] == ["inside"]
    for element in ("first", "left", "inside", "left2", "inside2", "right"):
        parallel.complete(element)
    assert parallel.elements == ["last"]
    assert parallel.complete("last").ended


def test_returning_with_others_left_alone_keeps_them(parallel: Any) -> None:
    parallel.take(stimuli.ReturnTo(parallel.token("left"), "first", withdraw_others=False))
    assert parallel.elements == ["first", "inside"]


def test_returning_to_a_later_step_is_refused(parallel: Any) -> None:
    with pytest.raises(Invalid):
        parallel.take(stimuli.ReturnTo(parallel.token("left"), "last"))


def test_ad_hoc_activities_are_offered(load: Callable, walk: Callable) -> None:
    case = walk(load("ad_hoc"))
    offers = [
        opened.element for opened in case.start(enough=False, level=1).opened if isinstance(opened, ActivityOffered)
    ]
    assert offers == ["photo", "note"]
    with pytest.raises(NotOffered):
        case.take(stimuli.EnableActivity("after"))
    case.take(stimuli.EnableActivity("photo"))
    ended = case.complete("photo", enough=True)
    assert "free" in [closed.element for closed in ended.closed]


def test_sequential_ad_hoc_activities_come_one_by_one(walk: Callable) -> None:
    case = walk(f'<bpmn:adHocSubProcess id="x" ordering="Sequential">{user("a")}{user("b")}</bpmn:adHocSubProcess>')
    case.start()
    case.take(stimuli.EnableActivity("a"))
    with pytest.raises(NotOffered):
        case.take(stimuli.EnableActivity("b"))
    assert case.complete("a").ended


def test_an_ad_hoc_subprocess_begins_what_the_diagram_names_and_gathers_results(walk: Callable) -> None:
    extra = (
        '<bpmn:extensionElements><zeebe:adHoc activeElementsCollection="=which" outputCollection="found" '
        'outputElement="=result"/></bpmn:extensionElements>'
    )
    case = walk(f'<bpmn:adHocSubProcess id="x">{extra}{user("a")}{user("b")}</bpmn:adHocSubProcess>')
    case.start(which=["a", "b"])
    case.complete("b", result=2)
    assert case.complete("a", result=1).ended
    assert case.outcome.data["found"] == [2, 1]


def test_a_repeating_timer_opens_anew_with_its_next_due_time(load: Callable, walk: Callable) -> None:
    case = walk(load("repeated_boundaries"))
    timers = [opened for opened in case.start().opened if isinstance(opened, TimerOpened)]
    for hours in (1, 2, 3):
        (timer,) = timers
        assert (timer.due_at - case.now).total_seconds() == hours * 3600
        outcome = case.take(stimuli.FireTimer(timer.token))
        timers = [opened for opened in outcome.opened if isinstance(opened, TimerOpened)]
    assert timers == []


def test_standard_loops_repeat_while_the_condition_holds(walk: Callable) -> None:
    loop = "<bpmn:standardLoopCharacteristics{0}><bpmn:loopCondition>=n &lt; 3</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
    case = walk(user("t").replace("</bpmn:userTask>", loop.format("") + "</bpmn:userTask>"))
    case.start(n=0)
    case.complete("t", n=1)
    assert case.complete("t", n=3).ended
    before = walk(user("t").replace("</bpmn:userTask>", loop.format(' testBefore="true"') + "</bpmn:userTask>"))
    assert before.start(n=9).ended


def test_execution_listeners_are_called_around_the_work(walk: Callable) -> None:
    listeners = (
        '<zeebe:executionListeners><zeebe:executionListener eventType="start" type="before"/>'
        '<zeebe:executionListener eventType="end" type="after"/></zeebe:executionListeners>'
    )
    case = walk(user("t", listeners))
    case.host.services["before"] = lambda data, headers: {"log": [headers["listener"]]}
    (task,) = case.start().opened
    assert isinstance(task, TaskOpened)
    assert (task.local, case.outcome.data) == ({"log": ["start"]}, {})
    (job,) = case.complete("t").opened
    assert isinstance(job, ServiceCalled)
    assert job.type == "after"
    assert case.take(stimuli.CompleteService(job.token, {"log": ["end"]})).ended
    assert case.outcome.data["log"] == ["end"]


def test_output_mappings_write_paths_and_keep_results_inside(walk: Callable) -> None:
    mapping = '<zeebe:ioMapping><zeebe:output source="=a + 1" target="r.x"/><zeebe:output source="=r.x + b" target="r.y"/></zeebe:ioMapping>'
    case = walk(user("t", mapping))
    case.start(r={"kept": True})
    case.complete("t", a=1, b=2)
    assert case.outcome.data == {"r": {"kept": True, "x": 2, "y": 4}}


def test_a_boundary_event_takes_what_the_error_brings(walk: Callable) -> None:
    mapping = '<bpmn:extensionElements><zeebe:ioMapping><zeebe:output source="=errorCode + 原因" target="why"/></zeebe:ioMapping></bpmn:extensionElements>'
    case = walk(
        f'{user("t")}<bpmn:boundaryEvent id="b" attachedToRef="t">{mapping}<bpmn:errorEventDefinition/></bpmn:boundaryEvent>{user("u")}{flow("b", "u")}'
    )
    case.start()
    case.take(stimuli.ThrowError(case.token("t"), "E1", "", {"原因": "坏了"}))
    assert case.outcome.data == {"why": "E1坏了"}
    assert case.elements == ["u"]


def test_one_step_of_the_rework_process_calls_few_functions(load: Callable, walk: Callable) -> None:
    case = walk(load("rework"))
    case.start()
    assert calls(lambda: case.complete("do")) < 200


def test_a_process_tells_what_it_needs_from_outside(load: Callable) -> None:
    process: Process = load("calling")
    assert process.called_processes == ["=which"]
    assert [start.kind for start in load("timers").starts] == ["timer", "none"]
    assert load("passing_tasks").service_types == ["mail"]
    assert load("deciding").decisions == ["grade_decision"]
    assert [task.name for task in load("rework").tasks] == ["Do", "Check"]
    uses = {(use.element, use.place, use.expression.text) for use in load("rework").uses}
    assert uses == {("f_good_done", "condition", "good")}


def test_a_called_process_sees_nothing_that_is_not_passed_to_it(load: Callable, walk: Callable) -> None:
    case = walk(load("calling"), called=load("called"))
    case.start(a=1, which="called", secret="hidden")
    assert "hidden" not in json.dumps(case.outcome.state)
    assert '"x": 1' in json.dumps(case.outcome.state)


def test_what_a_handler_throws_again_is_caught_further_out(walk: Callable) -> None:
    def handler(id: str, then: str) -> str:
        event = '<bpmn:escalationEventDefinition escalationRef="late"/>'
        return (
            f'<bpmn:subProcess id="{id}" triggeredByEvent="true"><bpmn:startEvent id="{id}s">{event}</bpmn:startEvent>{then}'
            f"{flow(f'{id}s', f'{id}t')}</bpmn:subProcess>"
        )

    event = '<bpmn:escalationEventDefinition escalationRef="late"/>'
    again = f'<bpmn:endEvent id="inner_t">{event}</bpmn:endEvent>'
    body = (
        f'<bpmn:subProcess id="sub"><bpmn:startEvent id="s"/><bpmn:endEvent id="e">{event}</bpmn:endEvent>{flow("s", "e")}'
        f"{handler('inner_', again)}</bpmn:subProcess>{handler('outer_', user('outer_t'))}"
    )
    case = walk(body, '<bpmn:escalation id="late" escalationCode="LATE"/>')
    case.start()
    assert case.elements == ["outer_t"]
    kinds = [(event.kind, event.detail.get("by")) for event in case.outcome.events if event.kind == "escalation_caught"]
    assert kinds == [("escalation_caught", "inner_s"), ("escalation_caught", "outer_s")]


def test_a_snapshot_of_an_ended_case_is_empty(load: Callable, walk: Callable) -> None:
    case = walk(load("compensating"))
    case.start(log=[])
    case.complete("flight", ok=True)
    case.complete("travel")
    case.complete("undo_flight")
    assert case.complete("home").ended
    assert case.outcome.state["tokens"] == []


def test_two_thousand_items_open_and_close_in_reasonable_time(walk: Callable) -> None:
    loop = (
        '<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=items" '
        'inputElement="item"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>'
    )
    script = '<bpmn:extensionElements><zeebe:script expression="=item + numberOfActiveInstances" resultVariable="x"/></bpmn:extensionElements>'
    case = walk(f'<bpmn:scriptTask id="t">{script}{loop}</bpmn:scriptTask>')
    with soon():
        assert case.start(items=list(range(2000))).ended
