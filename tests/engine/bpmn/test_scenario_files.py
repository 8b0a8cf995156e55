"""Scenario files of diagrams: what is wrong in one is told with its line, and time and messages go as in the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import scenarios

Write = Callable[..., Path]
PLAIN = '<bpmn:userTask id="do"/>'
FLOW = '<bpmn:sequenceFlow id="{0}_{1}" sourceRef="{0}" targetRef="{1}"/>'
KEYED = '<zeebe:subscription correlationKey="{}"/>'
PAID = '<bpmn:message id="m" name="paid"><bpmn:extensionElements>{}</bpmn:extensionElements></bpmn:message>'
EVENT = '<bpmn:{tag} id="{id}"><bpmn:{kind}EventDefinition {kind}Ref="{ref}"/>{more}</bpmn:{tag}>'


@pytest.fixture
def write(tmp_path: Path, document: Callable[..., bytes]) -> Write:
    """Writes a diagram and a scenario with these steps as its one run (or the whole of its text) beside it."""

    def make(steps: str = "", body: str = PLAIN, tops: str = "", *, head: str = "", text: str = "") -> Path:
        (tmp_path / "p.bpmn").write_bytes(document(body, tops))
        path = tmp_path / "s.yaml"
        path.write_text(text or f"models: [p.bpmn]\nprocess: p\n{head}runs:\n  - [{steps}]\n", encoding="utf-8")
        return path

    return make


def said_of(path: Path) -> str:
    return "; ".join(result.message for result in scenarios.run_file(path) if not result.passed)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("{start: {}}, {complte: do}", "s.yaml line 4: step 2: the step has no verb; verbs are start, complete,"),
        ("{start: {}, complete: do}", "start and complete stand in one step"),
        ("{start: {}}, {complete: do, whit: {a: 1}}", "complete has no whit; it has with, nth, as, queue"),
        ("{start: {}}, {complete: do, with: 5}", "with needs values by name, not 5"),
        ("{start: {}}, {complete: do, nth: x}", "nth is a number, 0 first"),
        ("{start: {}}, {complete: do, nth: -1}", "nth is a number, 0 first"),
        ("{start: {}}, {complete: [do]}", "complete needs a name, not ['do']"),
        ("{start: {}}, {message: paid, key: [1]}", "key is text or a number, not [1]"),
        ("{start: {}}, {message: }", "message needs a name, not None"),
        ("{start: [1]}", "start needs values by name, not [1]"),
        ("{start: {}}, {expect: nothing}", "expect needs values by name, not 'nothing'"),
        ("{start: {}}, {expect: {taks: [do]}}", "expect has no taks; it has error, ended, tasks,"),
        ("{start: {}}, {expect: {tasks: do}}", "tasks is a list of names, not 'do'"),
        ("{start: {}}, {expect: {vars: [a]}}", "vars is values by name, not ['a']"),
        ("{start: {}}, {expect: {ended: 1}}", "ended is true or false, not 1"),
        ("{start: {}}, {advance: tomorrow}", "advance reads PT1H, P3D, 3 workdays or {to: 2026-03-09 17:00}"),
        ("{start: {}}, {advance: -PT1H}", "the clock does not go back"),
        ("{start: {}}, {expect: {tasks: [do, 5]}}", "tasks expected ['5', 'do'], but there is ['do']"),
        ("start", "start is no step"),
        ("", "runs is a list of runs, and each of them a list of steps"),
        ("{start: {}, start: {}}", "s.yaml line 4: start stands here for the second time"),
    ],
)
def test_what_nobody_understands_is_refused_with_its_line(write: Write, steps: str, said: str) -> None:
    assert said in said_of(write(steps))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: [p.bpmn]\nprocess: p\nruns: {a: 1}\n", "s.yaml line 3: runs is a list of runs"),
        ("models: [5]\nprocess: p\nruns: [[{start: {}}]]\n", "models is a list of files"),
        ("models: [q.bpmn]\nprocess: p\nruns: [[{start: {}}]]\n", "the model q.bpmn cannot be read"),
        ("models: [s.yaml]\nprocess: p\nruns: [[{start: {}}]]\n", "the model s.yaml: "),
        ("models: p.bpmn\nprocess: q\nruns: [[{start: {}}]]\n", "no model has the process q; there are p"),
        ("models:\nprocess: p\nruns: []\n", "models, process and runs must be given"),
        ("models: [p.bpmn]\nprocess: p\nruns: [[{start: {}}]]\nservces: noop\n", "line 4: there is no servces"),
        ("models: [p.bpmn]\nprocess: p\nruns: [[{start: {}}]]\nservices: 5\n", "services is noop, or for each"),
        ("models: [p.bpmn]\nprocess: p\nruns: [[{start: {}}]]\nscripts: 5\n", "scripts needs for each element"),
        ("models: [p.bpmn]\nprocess: p\nruns: [[{start: {}}]]\nstart_at: now\n", "start_at reads 2026-03-02 09:00"),
        ("models: [p.bpmn\nprocess: p\n", "s.yaml line 2: "),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_line(write: Write, text: str, said: str) -> None:
    assert said in said_of(write(text=text))


def test_all_faults_are_told_at_once_and_a_file_may_say_where_it_is_from(write: Write) -> None:
    said = said_of(write("{start: {}}, {dance: 1}, {complete: do, how: well}", head="source: a book\n"))
    assert "no verb" in said
    assert "complete has no how" in said
    assert said_of(write("{start: {}}, {complete: do}, {expect: {ended: true}}", head="source: a book\n")) == ""


def test_numbers_and_dates_are_those_that_people_wrote(write: Write) -> None:
    script = '<bpmn:scriptTask id="do"><bpmn:extensionElements><zeebe:script expression="=a * 3" resultVariable="b"/></bpmn:extensionElements></bpmn:scriptTask>'  # noqa: E501
    data = "{a: 0.1, day: 2026-01-05, far: 1e3}"
    assert (
        said_of(write(f'{{start: {data}}}, {{expect: {{vars: {{b: 0.3, day: "2026-01-05", far: 1000}}}}}}', script))
        == ""
    )


def test_working_days_are_those_of_the_calendar_that_comes_along(write: Write) -> None:
    waits = '<bpmn:intermediateCatchEvent id="wait"><bpmn:timerEventDefinition><bpmn:timeDate>=end of day(workdays(today(), 3))</bpmn:timeDate></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>'  # noqa: E501
    steps = "{start: {}}, {advance: 3 workdays}, {expect: {waiting: [wait]}}, {advance: {to: 2026-02-25 23:59:58}}, {expect: {ended: false}}, {advance: PT1S}, {expect: {ended: true}}"  # noqa: E501
    assert said_of(write(steps, waits, head="start_at: 2026-02-13 10:00\n")) == ""


def test_an_early_message_is_forgotten_after_its_time(write: Write) -> None:
    sends = EVENT.format(tag="intermediateThrowEvent", id="send", kind="message", ref="m", more="").replace(
        ">", '><bpmn:extensionElements><zeebe:properties><zeebe:property name="timeToLive" value="PT1H"/></zeebe:properties></bpmn:extensionElements>', 1)  # fmt: skip  # noqa: E501
    hears = EVENT.format(tag="intermediateCatchEvent", id="hear", kind="message", ref="m", more="")
    body = sends + PLAIN + hears + FLOW.format("send", "do") + FLOW.format("do", "hear")
    keyed = PAID.format(KEYED.format("=1"))
    assert said_of(write("{start: {}}, {complete: do}, {expect: {ended: true}}", body, keyed)) == ""
    late = "{start: {}}, {advance: PT1H}, {complete: do}, {expect: {waiting: [hear]}}"
    assert said_of(write(late, body, keyed)) == ""


def test_who_goes_on_waiting_takes_all_messages_that_came_early(write: Write) -> None:
    ttl = '<bpmn:extensionElements><zeebe:properties><zeebe:property name="timeToLive" value="PT1H"/></zeebe:properties></bpmn:extensionElements>'  # noqa: E501
    sends = "".join(
        EVENT.format(tag="intermediateThrowEvent", id=id, kind="message", ref="m", more="").replace(">", f">{ttl}", 1)
        for id in ("one", "two")
    )
    hears = EVENT.format(tag="boundaryEvent", id="hear", kind="message", ref="m", more="").replace(
        ' id="hear"', ' id="hear" attachedToRef="do" cancelActivity="false"'
    )
    body = sends + PLAIN + hears + '<bpmn:userTask id="file"/>' + FLOW.format("one", "two") + FLOW.format("two", "do")
    steps = "{start: {}}, {expect: {tasks: [do, file, file], waiting: [hear]}}"
    assert said_of(write(steps, body + FLOW.format("hear", "file"), PAID.format(KEYED.format("=1")))) == ""


def test_a_key_may_be_a_number_however_it_is_written(write: Write) -> None:
    hears = EVENT.format(tag="intermediateCatchEvent", id="hear", kind="message", ref="m", more="")
    steps = "{start: {k: 17}}, {message: paid, key: 17.0}, {expect: {ended: true}}"
    assert said_of(write(steps, hears, PAID.format(KEYED.format("=k")))) == ""
    other = "{start: {k: 17}}, {message: paid, key: 18}, {expect: {error: true}}"
    assert said_of(write(other, hears, PAID.format(KEYED.format("=k")))) == ""


def test_a_task_whose_name_holds_an_expression_is_called_by_its_id(write: Write) -> None:
    task = '<bpmn:userTask id="do" name="Check ${amount}" camunda:assignee="bob"/>'
    steps = "{start: {}}, {expect: {tasks: [do]}}, {complete: do}, {expect: {ended: true}}"
    assert said_of(write(steps, task)) == ""


def test_processes_that_send_to_each_other_in_a_circle_are_told_so(write: Write) -> None:
    body = EVENT.format(tag="startEvent", id="begin", kind="message", ref="m", more="")
    body += EVENT.format(tag="endEvent", id="again", kind="message", ref="m", more="") + FLOW.format("begin", "again")
    assert "go round in a circle: paid → paid" in said_of(write("{message: paid}", body, PAID.format("")))


def test_a_message_of_a_case_reaches_whoever_waits_for_its_key_and_nobody_else(write: Write) -> None:
    begins = '<bpmn:startEvent id="begin"/><bpmn:exclusiveGateway id="way" default="way_hear"/>'
    sends = EVENT.format(tag="endEvent", id="send", kind="message", ref="m", more="")
    hears = EVENT.format(tag="intermediateCatchEvent", id="hear", kind="message", ref="m", more="")
    sending = '<bpmn:sequenceFlow id="way_send" sourceRef="way" targetRef="send"><bpmn:conditionExpression>=sends</bpmn:conditionExpression></bpmn:sequenceFlow>'  # noqa: E501
    body = begins + sends + hears + FLOW.format("begin", "way") + sending + FLOW.format("way", "hear")
    steps = "{start: {k: 1, sends: false}}, {start: {k: 2, sends: true}}, {expect: {waiting: [hear], ended: false}}, {start: {k: 1.0, sends: true}}, {expect: {ended: true}}"  # noqa: E501
    assert said_of(write(steps, body, PAID.format(KEYED.format("=k")))) == ""
