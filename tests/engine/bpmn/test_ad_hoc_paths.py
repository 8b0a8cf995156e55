"""What is written in an ad-hoc subprocess stays with the activity that was begun; only what is gathered leaves it."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import shifting, stimuli, undoing
from engine.bpmn.outcome import TaskOpened

Walk = Any
TOPS = '<bpmn:message id="m" name="m"><bpmn:extensionElements><zeebe:subscription correlationKey="=1"/></bpmn:extensionElements></bpmn:message>'
OPINIONS = '<zeebe:adHoc outputCollection="all" outputElement="=opinion"/>'
STOP = (
    '<bpmn:boundaryEvent id="stop" attachedToRef="x"><bpmn:messageEventDefinition messageRef="m"/></bpmn:boundaryEvent>'
)


def user(id: str, inner: str = "") -> str:
    return f'<bpmn:userTask id="{id}"><bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements>{inner}</bpmn:userTask>'


def flow(source: str, target: str) -> str:
    return f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}"/>'


INSIDE = user("a") + user("b") + user("c") + flow("b", "c")


def done(condition: str) -> str:
    return f"<bpmn:completionCondition>{condition}</bpmn:completionCondition>"


def ad_hoc(extra: str = "", inside: str = INSIDE, more: str = "", attributes: str = "") -> str:
    body = f'<bpmn:adHocSubProcess id="x"{attributes}><bpmn:extensionElements>{extra}</bpmn:extensionElements>{inside}</bpmn:adHocSubProcess>'
    return f"{body}{more}{user('after')}{flow('x', 'after')}"


def begin(case: Walk, *ids: str) -> None:
    for id in ids:
        case.take(stimuli.EnableActivity(id))


def tasks(case: Walk) -> list[str]:
    return sorted(each.element for group in case.open.values() for each in group if isinstance(each, TaskOpened))


def test_what_is_written_stays_with_what_was_begun_and_what_is_gathered_leaves(walk: Callable[..., Walk]) -> None:
    mapped = '<zeebe:ioMapping><zeebe:input source="=0" target="own"/><zeebe:output source="=count(all)" target="heard"/></zeebe:ioMapping>'
    case = walk(ad_hoc(OPINIONS + mapped))
    case.start(known="before")
    begin(case, "b", "a", "b")
    first, second = sorted(token for token, group in case.open.items() if group[0].element == "b")
    case.take(stimuli.CompleteTask(second, {"opinion": "no", "known": "inside", "own": 9}))
    case.take(stimuli.CompleteTask(first, {"opinion": "yes"}))
    assert case.outcome.data == {"known": "before"}
    seen = {each.local["opinion"]: each.local.get("known") for group in case.open.values() for each in group if each.element == "c"}  # fmt: skip
    assert seen == {"no": "inside", "yes": None}, "the next step of a path sees what was written on it"
    case.complete("a", opinion="well")
    for _ in range(2):
        case.complete("c")
    assert tasks(case) == ["after"]
    assert case.outcome.data == {"known": "before", "all": ["well", "no", "yes"], "heard": 3}


def test_a_path_that_forks_is_gathered_once_when_all_of_it_has_ended(walk: Callable[..., Walk]) -> None:
    inside = user("a") + user("b") + user("c") + flow("a", "b") + flow("a", "c")
    case = walk(ad_hoc(OPINIONS, inside))
    case.start()
    begin(case, "a")
    case.complete("a", opinion="a")
    case.complete("b", opinion="b")
    assert tasks(case) == ["c"]
    case.complete("c", opinion="c")
    assert case.outcome.data == {"all": ["c"]}


@pytest.mark.parametrize(
    ("condition", "answers", "open"),
    [
        ("=opinion = &quot;yes&quot;", ["no", "yes"], ["after"]),
        ("=opinion = &quot;yes&quot;", ["yes", "no"], ["after"]),
        ("=opinion = &quot;yes&quot;", ["no", "no"], ["a"]),
        ("=count(all) = 2", ["no", "no"], ["after"]),
        ("=count(all[item = &quot;no&quot;]) = 2", ["no", "yes"], ["a"]),
    ],
)
def test_the_condition_sees_the_path_that_ends_and_what_was_gathered(
    walk: Callable[..., Walk], condition: str, answers: list[str], open: list[str]
) -> None:
    case = walk(ad_hoc(OPINIONS, INSIDE + done(condition)))
    case.start()
    begin(case, "a", "a", "a")
    for answer in answers:
        if "a" in tasks(case):
            case.complete("a", opinion=answer)
    assert sorted(set(tasks(case))) == open


def test_it_is_enough_before_the_next_step_of_a_path_begins(walk: Callable[..., Walk]) -> None:
    case = walk(ad_hoc("", INSIDE + done("=enough")))
    case.start(enough=False)
    begin(case, "b")
    case.complete("b", enough=True)
    assert (tasks(case), case.outcome.data) == (["after"], {"enough": False})


def test_what_is_waited_for_after_it_is_enough_is_gathered_too(walk: Callable[..., Walk]) -> None:
    held = ad_hoc(OPINIONS, INSIDE + done("=count(all) &gt; 0"), attributes=' cancelRemainingInstances="false"')
    case = walk(held)
    case.start()
    begin(case, "a", "a")
    case.complete("a", opinion=1)
    assert tasks(case) == ["a"]
    case.complete("a", opinion=2)
    assert (tasks(case), case.outcome.data) == (["after"], {"all": [1, 2]})


def test_what_is_interrupted_brings_nothing(walk: Callable[..., Walk]) -> None:
    case = walk(ad_hoc(OPINIONS, INSIDE + done("=false"), STOP), TOPS)
    case.start()
    begin(case, "a", "a")
    case.complete("a", opinion=1)
    assert case.take(stimuli.ReceiveMessage(case.token("stop"))).data == {}


def test_a_task_of_a_path_can_be_taken_back_with_what_it_wrote(walk: Callable[..., Walk]) -> None:
    case = walk(ad_hoc(OPINIONS, INSIDE + done("=false")))
    case.start()
    begin(case, "a", "b")
    before, [token] = (
        case.outcome,
        [token for token, group in case.open.items() if group[0].element == "a" and len(group) == 1],
    )
    after = case.take(stimuli.CompleteTask(token, {"opinion": 1}))
    trace = undoing.trace(token, before.state, after.state, before.data, after.data)
    assert trace is not None
    back = case.take(stimuli.TakeBack(trace))
    assert sorted(back.state["tokens"], key=str) == sorted(before.state["tokens"], key=str)


def test_an_operator_passes_over_a_condition_that_is_none_and_moves_within_a_path(
    walk: Callable[..., Walk],
) -> None:
    case = walk(ad_hoc(OPINIONS, INSIDE + done("=opinion")))
    case.start()
    begin(case, "a", "b")
    [incident] = case.complete("a", opinion=1).incidents
    assert incident.element == "x"
    [failed] = [
        each for each in shifting.standing(case.process, case.outcome.state, case.host) if each.state == "failed"
    ]
    assert (failed.token, failed.may_skip) == (incident.token, True)
    case.take(stimuli.SkipElement(incident.token))
    [task] = [each for group in case.open.values() for each in group if isinstance(each, TaskOpened)]
    case.take(stimuli.MoveToken(task.token, "c", {"opinion": 2}))
    [opened] = [each for group in case.open.values() for each in group if isinstance(each, TaskOpened)]
    assert (opened.element, opened.local["opinion"], case.outcome.data) == ("c", 2, {})


def test_paths_move_to_another_version(walk: Callable[..., Walk], document: Callable[..., bytes]) -> None:
    case = walk(ad_hoc(OPINIONS))
    case.start()
    begin(case, "b")
    case.complete("b", opinion="kept")
    target = bpmn.parse(document(ad_hoc(OPINIONS) + '<bpmn:task id="z"/>')).processes["p"]
    other = bpmn.parse(
        document(
            ad_hoc(OPINIONS).replace('id="x"', 'id="y"').replace('"x_after" sourceRef="x"', '"y_after" sourceRef="y"')
        )
    ).processes["p"]
    with pytest.raises(bpmn.MayNotMigrate) as caught:
        case.take(bpmn.Migrate({"": bpmn.Leg(case.process, other, "", {})}))
    assert [problem.element for problem in caught.value.problems] == ["x", "c"]
    case.take(bpmn.Migrate({"": bpmn.Leg(case.process, target, "", {})}))
    case.process = target
    case.complete("c")
    assert case.outcome.data == {"all": ["kept"]}


def test_in_models_of_flowable_what_is_done_inside_belongs_to_the_case(walk: Callable[..., Walk]) -> None:
    plain = '<bpmn:adHocSubProcess id="x"><bpmn:userTask id="a" flowable:assignee="kermit"/><bpmn:completionCondition>${done}</bpmn:completionCondition></bpmn:adHocSubProcess>'
    case = walk(plain)
    case.start(done=False)
    begin(case, "a")
    outcome = case.complete("a", done=True)
    assert (outcome.ended, outcome.data) == (True, {"done": True})
