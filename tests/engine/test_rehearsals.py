"""Scenario files of process apps: what they may say, and what a failure tells."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine import ProcessApp, rehearsals
from engine.rehearsals import stage
from engine.rehearsals.expectations import EXPECTED
from engine.rehearsals.script import EXPECTED as WORDS

HEAD = """\
name: 报修
app: {app}
start_at: 2026-03-02 09:00
units:
  "4201": {{name: 某市, kind: city, region: "420100"}}
  "420101": {{name: 某县, kind: county, parent: "4201"}}
  420101-yj: {{name: 某局, kind: department, parent: "420101"}}
people:
  alice: [clerk@420101]
  bob: {{name: 乙, roles: [officer@420101-yj]}}
  bella: officer@420101-yj
  olga: {{is_admin: true}}
papers:
  报修单: {{地点: 三楼, 情况: 漏水, 估价: 12.50}}
  贵: {{估价: 5000}}
runs:
"""
STARTED = "{start: 报修单, as: alice}"
WHOLE = """\
- name: 从报修到办结
  steps:
    - start: [报修单, 贵, {情况: '="漏水，" + string(today())'}]
      as: alice
      files: {照片: [漏水.png]}
    - expect:
        tasks: [维修]
        waiting: [late]
        queue: {维修: 维修员@某局}
        due: {维修: P3D}
        limits: {维修: 2026-03-05 09:00, case: null}
        inbox: {bob: [维修], bella: [维修], alice: []}
        documents: {照片: [漏水.png]}
        vars: {情况: 漏水，2026-03-02, 估价: 5000, initiator.login: alice}
        title: 报修：三楼
        badge: 大修
        tone: red
        number: BX-420100-2026-001
        unit: 某县
        state: open
        ended: false
    - {claim: 维修, as: bob}
    - expect: {inbox: {bob: [维修], bella: []}}
    - refused: {complete: 维修, as: bella, with: {处理: 换管}, outcome: 修好}
      because: TaskTaken
    - {release: 维修, as: bob}
    - refused: {complete: 维修, as: bob, outcome: 修好}
      because: {处理: 请填写}
    - {comment: 明天上门, as: bob}
    - {attach: 漏水.png, as: bob}
    - {advance: 3 workdays}
    - expect: {waiting: [], tasks: [维修]}
    - {complete: fix, as: bob, with: {处理: 换管}, outcome: 修好}
    - {complete: 验收, as: bob, outcome: 不合格}
    - expect: {error: FourEyes, tasks: [验收]}
    - {complete: 验收, as: bella, outcome: 不合格}
    - {complete: 维修, as: bob, with: {处理: 换阀}, outcome: 修好}
    - {complete: 验收, as: bella, with: {意见: '=处理 + "，好"'}, outcome: 合格}
    - expect:
        ended: true
        end: 办结
        state: closed
        vars: {意见: 换阀，好}
        documents: [漏水.png, 漏水.png]
        history:
          - started
          - claimed 乙
          - 乙@某局 明天上门
          - 2026-03-05 09:00 timer_fired late
          - completed 验收 不合格
          - completed 维修 乙@某局 修好
          - completed 合格
          - ended 报修
- - {start: 报修单, as: alice}
  - {advance: {to: 2026-12-31 17:00}}
  - {start: 报修单, as: alice}
  - expect: {number: BX-420100-2026-001, badge: 小修}
  - expect: {number: BX-420100-2026-002}
    case: 2
  - {complete: 维修, as: bob, nth: 1, with: {处理: 换管}, outcome: 不修}
  - expect: {ended: false}
  - expect: {ended: true, end: dropped}
    case: 2
"""
HANDED_ON = """\
- steps:
    - {start: 报修单, as: alice}
    - {delegate: 维修, as: bob, to: bella, note: 请看}
    - expect: {inbox: {bob: [], bella: [维修]}}
    - {resolve: 维修, as: bella, note: 已看, with: {处理: 换管}}
    - {add_signs: 维修, as: bob, to: [alice, bella], when: after}
    - {complete: 维修, as: bob, with: {处理: 换管}, outcome: 修好}
    - expect: {tasks: [维修（会签）, 维修（会签）]}
    - refused: {sign: 维修, as: alice, agrees: false}
      because: NoteMissing
    - {sign: 维修, as: alice, agrees: false, text: 太贵}
    - refused: {withdraw: 维修, as: bob}
      because: TooLate
    - {remove_sign: 维修, as: bob, of: bella, note: 不必}
    - {withdraw: 维修, as: bob}
    - {transfer: 维修, as: bob, to: bella}
    - {complete: 维修, as: bella, with: {处理: 换阀}, outcome: 修好}
    - {return: 验收, as: bob, to: 维修, note: 还漏}
    - expect: {inbox: {bella: [维修]}}
"""

Fail = Callable[..., str]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "漏水.png"
    Image.new("RGB", (8, 8), "blue").save(path)
    return path


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a scenario: the runs of an app, below the same head."""

    def write(runs: str, app: str = "repair") -> Path:
        path = tmp_path / "scenario.yaml"
        path.write_text(HEAD.format(app=app) + runs, encoding="utf-8")
        return path

    return write


@pytest.fixture
def fail(write: Callable[..., Path], repair: ProcessApp, machines: ProcessApp) -> Fail:
    """Runs one run of these steps, which must fail, and returns the message."""

    def fail(*steps: str, app: str = "repair") -> str:
        runs = "- - " + "\n  - ".join(steps) + "\n"
        (result,) = rehearsals.run_file(write(runs, app), {"repair": repair, "machines": machines})
        assert not result.passed
        return result.message

    return fail


def test_people_take_a_case_from_its_start_to_its_end(
    write: Callable[..., Path], repair: ProcessApp, picture: Path
) -> None:
    results = rehearsals.run_file(write(WHOLE), {"repair": repair})
    assert [(result.passed, result.message) for result in results] == [(True, ""), (True, "")]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("{expect: {tasks: [验收]}}", "step 2 (scenario.yaml line 18) {expect: {'tasks': ['验收']}}: "
         "tasks expected ['验收'], but there is ['维修']; open tasks ['维修'], waiting ['late'], "
         "the clock stands at 2026-03-02 09:00"),
        ("{expect: {vars: {估价: 13}}}", "variable 估价 expected 13, but there is 12.5"),
        ("{expect: {ended: true}}", "ended expected True, but there is False"),
        ("{expect: {end: 办结}}", "end expected 办结, but there is None"),
        ("{expect: {waiting: []}}", "waiting expected [], but there is ['late']"),
        ("{expect: {queue: {维修: 维修员@某县}}}", "of 维修 expected ['维修员@某县'], but there is ['维修员@某局']"),
        ("{expect: {queue: {维修: leader@420101-yj}}}", "queue of 维修 expected ['leader@420101-yj'], but there is"),
        ("{expect: {queue: {验收: 维修员@某局}}}", "queue of 验收 expected ['维修员@某局'], but there is []"),
        ("{expect: {due: {维修: 2026-03-05}}}", "due date of 维修 expected 2026-03-05, but there is 2026-03-05 09:00"),
        ("{expect: {due: {维修: 3 workdays}}}", "but there is 2026-03-05 09:00 (since 2026-03-02 09:00)"),
        ("{expect: {due: {维修: null}}}", "due date of 维修 expected None, but there is 2026-03-05 09:00"),
        ("{expect: {due: {维修: 三天}}}", "due cannot be {'维修': '三天'}: 三天 is not a date, duration or cycle"),
        ("{expect: {inbox: {zoe: []}}}", "inbox cannot be {'zoe': []}: There is no active person zoe"),
        ("{expect: {due: {验收: 3 workdays}}}", "of 验收 expected 3 workdays, but there is nothing of this name"),
        ("{expect: {limits: {case: 2026-03-05}}}", "limit case expected 2026-03-05, but there is no due date"),
        ("{expect: {limits: {整改: 2026-03-05}}}", "limit 整改 expected 2026-03-05, but there is nothing of this name"),
        ("{expect: {documents: [漏水.png]}}", "documents expected ['漏水.png'], but there is []"),
        ("{expect: {inbox: {bob: []}}}", "inbox of bob expected [], but there is ['维修']"),
        ("{expect: {title: 报修}}", "title expected 报修, but there is 报修：三楼"),
        ("{expect: {state: closed}}", "state expected closed, but there is open"),
        ("{expect: {unit: 某市}}", "unit expected 某市, but there is 某县"),
        ("{expect: {incidents: [fix]}}", "incidents expected ['fix'], but there is []"),
        ("{expect: {history: [ended]}}", "ended (in this order), but there is 2026-03-02 09:00 started"),
        ("{expect: {history: [entered, started]}}", "history expected started (in this order)"),
        ("{expect: {error: true}}", "it should have been refused because of True, but was not"),
        ("{expect: {ended: false}, case: 2}", "there is no case 2; 1 were started"),
        ("{complete: 验收, as: bob}", "step 2 (scenario.yaml line 18) {complete: 验收, as: bob}: no task 验收 is open; "
         "open tasks ['维修']"),
        ("{complete: 维修, as: bob, nth: 1}", "no task 维修 is open"),
        ("{complete: 维修, as: alice}", "it was refused: NotYours: This task waits for 维修员@某局"),
        ("{complete: 维修, as: zoe}", "PersonNotFound: There is no active person zoe"),
        ("{complete: 维修, as: bob, outcome: 修好}", "it was refused: FormInvalid: {'处理': '请填写「处理」'}"),
        ("{complete: 维修, as: bob, with: {处理: '=换管'}}", "=换管: "),
        ("{complete: 维修, as: bob, files: {凭证: 没有.png}}", "没有.png cannot be read"),
        ("{advance: {to: 2026-03-01}}", "the clock stands at 2026-03-02 09:00 and does not go back to 2026-03-01"),
        ("{message: nothing}", "nobody waits for the message nothing"),
        ("{enable: fix, as: bob}", "it was refused"),
        ("{refused: {complete: 维修, as: bob, outcome: 不修}, because: NotYours}",
         "it should have been refused because of NotYours, but was not; open tasks [], waiting [], ended at dropped"),
        ("{refused: {complete: 维修, as: alice}, because: FourEyes}",
         "it should have been refused because of FourEyes, but there is NotYours: This task waits for 维修员@某局"),
        ("{refused: {complete: 维修, as: bob, outcome: 修好}, because: [凭证]}",
         "it should have been refused because of ['凭证'], but there is FormInvalid: {'处理': '请填写「处理」'}"),
        ("{refused: {complete: 维修, as: bob, outcome: 修好}, because: {处理: 太长}}", "because of {'处理': '太长'}"),
    ],
    ids=itertools.count(1),
)  # fmt: skip
def test_a_failure_says_which_step_what_was_expected_and_what_stood_there(fail: Fail, step: str, said: str) -> None:
    assert said in fail(STARTED, step)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("{dance: 维修}", "scenario.yaml line 18: no verb in {dance: ...}; verbs are start, complete"),
        ("{complete: 维修, as: bob, mit: {}}", "scenario.yaml line 18: complete has no mit; it has complete, as, with"),
        ("{complete: 维修, claim: 维修, as: bob}", "line 18: the verbs complete and claim stand in one step"),
        ("{complete: 维修}", "line 18: complete needs as: who does it"),
        ("{complete: 7, as: bob}", "line 18: complete needs a name or a text, not 7"),
        ("{complete: 维修, as: bob, nth: 第一}", "line 18: nth is a number"),
        ("{complete: 维修, as: bob, with: 维修单}", "line 18: the paper 维修单 is not there; papers are 报修单, 贵"),
        ("{complete: 维修, as: bob, with: {处理: '=1 +'}}", "line 18: =1 + cannot be read: Line 1"),
        ("{advance: 3 weeks}", "line 18: advance reads PT1H, P3D, 3 workdays or {to: 2026-03-09 17:00}, not 3 weeks"),
        ("{advance: {until: 2026-03-09}}", "line 18: advance has no until; it has to"),
        ("{refused: {complete: 维修, as: bob}}", "line 18: refused needs because"),
        ("{refused: {complete: 维修, as: bob}, because: 7}", "line 18: refused needs because: the kind of the refusal"),
        ("{refused: {expect: {}}, because: NotYours}", "line 18: no verb in {expect: ...}"),
        ("{expect: {mood: good}}", "line 18: expect has no mood; it has tasks"),
        ("{expect: {queue: 维修员}}", "line 18: queue needs values by name"),
        ("{part: 维修}", "line 18: the part 维修 is not there; parts are -"),
        ("dance", "line 16: dance is no step"),
        ("{complete: 维修, as: bob, as: bella}", "scenario.yaml line 18: as stands here for the second time"),
        ("{complete: 维修", "scenario.yaml line 19: expected ',' or '}'"),
    ],
    ids=itertools.count(1),
)
def test_what_nobody_knows_is_refused_with_its_line_before_anything_happens(fail: Fail, step: str, said: str) -> None:
    assert said in fail(STARTED, step)


def test_all_faults_of_a_file_are_told_at_once(fail: Fail) -> None:
    said = fail(STARTED, "{dance: 维修}", "{sing: 维修}")
    assert "line 18: no verb in {dance: ...}" in said
    assert "line 19: no verb in {sing: ...}" in said


def test_every_word_of_expect_has_a_meaning() -> None:
    assert set(WORDS) == {*EXPECTED, "error"}


def test_an_incident_fails_the_step_that_raised_it_unless_it_is_expected(
    fail: Fail, write: Callable[..., Path], machines: ProcessApp
) -> None:
    start = "{start: {金额: 多}, process: doubtful, as: bob}"
    assert "the case stands still: 大？: " in fail(start, app="machines")
    runs = f"- - {start}\n  - expect: {{incidents: [big], ended: false}}\n"
    (result,) = rehearsals.run_file(write(runs, "machines"), {"machines": machines})
    assert result.passed, result.message


def test_services_messages_signals_and_timers_happen_as_they_would(
    write: Callable[..., Path], machines: ProcessApp, post: Any
) -> None:
    runs = """\
- - {start: {number: 21}, process: calling, as: bob}
  - expect: {vars: {doubled: 42, sent_to: bob}, end: end}
- - {start: {key: A1}, process: waiting, as: bob}
  - refused: {message: answer, key: B2}
    because: nobody waits
  - {message: answer, key: A1, with: {said: 好}}
  - expect: {tasks: [阅], waiting: [], vars: {said: 好}}
- - {start: {}, process: pausing, as: bob}
  - {start: {}, process: listening, as: bob}
  - {advance: PT59M}
  - expect: {waiting: [hear, pause], tasks: []}
  - {signal: alarm}
  - {set: {key: x}}
  - {advance: PT1M}
  - expect: {waiting: [], tasks: [查看, 阅], vars: {key: x}}
  - expect: {ended: true}
    case: 2
"""
    results = rehearsals.run_file(write(runs, "machines"), {"machines": machines})
    assert [result.message for result in results if not result.passed] == []
    assert len(post.keys) == 1


def test_a_program_elsewhere_answers_fails_or_ends_with_an_error(write: Callable[..., Path]) -> None:
    folder = Path(__file__).parents[1] / "apps" / "elsewhere"
    app = ProcessApp(name="elsewhere", title="外部", folder=folder, process="stamping", starters={"stamping": ("*",)})
    app.external("stamp")
    runs = """\
- - {start: {文件名: 指令书.pdf}, as: bob}
  - expect: {services: [stamp], ended: false}
  - {advance: PT10M}
  - refused: {service: print}
    because: no service print waits
  - refused: {service: stamp, as: bob}
    because: SystemsOnly
  - {service: stamp, fails: 没有纸}
  - refused: {service: stamp}
    because: no service stamp waits
  - {advance: PT1H}
  - {service: stamp, with: {signed: '="已签：" + file'}}
  - expect: {services: [], vars: {签章件: 已签：指令书.pdf}, end: stamped}
- - {start: {文件名: 指令书.pdf}, as: bob}
  - {service: stamp, error: REFUSED}
  - expect: {end: unstamped}
- - {start: {文件名: 指令书.pdf}, as: bob}
  - {advance: P1D}
  - expect: {services: [], end: given_up, history: [2026-03-02 11:00 timer_fired late]}
"""
    results = rehearsals.run_file(write(runs, "elsewhere"), {"elsewhere": app})
    assert [result.message for result in results] == ["", "", ""]


def test_a_refusal_that_changed_the_case_is_a_failure(fail: Fail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "MAX_FIRINGS", 1)
    said = fail("{refused: {advance: PT3H}, because: became due}", app="machines")
    assert "it was refused (StepRefused: more than 1 jobs became due), but changed cases" in said


def test_a_service_that_breaks_down_fails_its_step(fail: Fail) -> None:
    assert "step 1 (scenario.yaml line 17)" in (said := fail("{start: {}, process: calling, as: bob}", app="machines"))
    assert "number" in said


def test_parts_and_papers_come_from_files_in_use_and_faults_name_them(
    tmp_path: Path, write: Callable[..., Path], repair: ProcessApp
) -> None:
    shared = tmp_path / "shared.yml"
    shared.write_text(
        "papers:\n  换管: {处理: 换管}\nparts:\n  修好:\n    - {complete: 维修, as: bob, with: 换管, outcome: 修好}\n"
    )
    path = write("- [{start: 报修单, as: alice}, {part: 修好}, {expect: {tasks: [维修]}}]\n")
    path.write_text(path.read_text().replace("papers:", "uses: shared.yml\npapers:"))
    (result,) = rehearsals.run_file(path, {"repair": repair})
    assert "step 3 (scenario.yaml line 18)" in result.message
    assert "but there is ['验收']" in result.message
    shared.write_text(shared.read_text().replace("outcome", "outgo"))
    (result,) = rehearsals.run_file(path, {"repair": repair})
    assert "shared.yml line 5: complete has no outgo" in result.message
    shared.unlink()
    (result,) = rehearsals.run_file(path, {"repair": repair})
    assert "shared.yml" in result.message


def test_a_part_cannot_name_itself(write: Callable[..., Path], repair: ProcessApp) -> None:
    path = write("- [{part: 圈}]\n")
    path.write_text(path.read_text().replace("papers:", "parts: {圈: [{part: 圈}]}\npapers:"))
    assert "the part 圈 names itself" in rehearsals.run_file(path, {"repair": repair})[0].message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("app: repair", "app: leave", "there is no app leave; there are repair"),
        ("app: repair", "app: repair\nworld: demo", "the app repair has no world demo"),
        ("start_at: 2026-03-02 09:00", "start_at: 三月", "scenario.yaml line 3: start_at reads 2026-03-02 09:00"),
        ("kind: city", "level: city", "scenario.yaml line 5: the unit 4201 needs name and kind"),
        ("name: 报修", "nom: 报修", "scenario.yaml line 1: a scenario of an app has no nom; it has name, app"),
        ("[clerk@420101]", "clerk", "scenario.yaml line 9: the roles of alice read role@unit"),
        ("[clerk@420101]", "clerk@999", "There is no unit with the code 999"),
        ("runs:\n", "runs: []\nlater:\n", "runs is a list of runs"),
    ],
)
def test_a_wrong_head_is_refused(write: Callable[..., Path], repair: ProcessApp, old: str, new: str, said: str) -> None:
    path = write(f"- - {STARTED}\n")
    path.write_text(path.read_text().replace(old, new, 1))
    (result,) = rehearsals.run_file(path, {"repair": repair})
    assert not result.passed
    assert said in result.message


def test_an_app_that_cannot_be_put_in_force_fails_with_its_faults(
    write: Callable[..., Path], repair: ProcessApp, tmp_path: Path
) -> None:
    repair.folder = Path(shutil.copytree(repair.folder, tmp_path / "app"))
    diagram = repair.folder / "repair.bpmn"
    diagram.write_text(diagram.read_text().replace('targetRef="closed"', 'targetRef="gone"'))
    (result,) = rehearsals.run_file(write(f"- - {STARTED}\n"), {"repair": repair})
    assert "gone" in result.message


def test_the_report_runs_files_of_both_kinds(write: Callable[..., Path], repair: ProcessApp, tmp_path: Path) -> None:
    diagrams = sorted((Path(__file__).parents[1] / "apps" / "bpmn").glob("*.yaml"))[0]
    good = write(f"- - {STARTED}\n").rename(tmp_path / "good.yaml")
    bad = write(f"- - {STARTED}\n  - {{expect: {{tasks: []}}}}\n")
    lines = [line for line, _ in rehearsals.report([diagrams, good, bad], {"repair": repair})]
    assert lines[1] == f"passed {good} (报修)"
    assert lines[2].startswith(f"FAILED {bad} (报修), run 1: step 2 (scenario.yaml line 18)")
    assert lines[-1] == "scenarios: 2 of 3 passed"


def test_what_handlers_do_beside_finishing_tasks_is_played(write: Callable[..., Path], repair: ProcessApp) -> None:
    (result,) = rehearsals.run_file(write(HANDED_ON), {"repair": repair})
    assert result.passed, result.message


def test_a_verb_without_its_target_is_refused_with_its_line(fail: Fail) -> None:
    assert "line 18: transfer needs to: a login" in fail(STARTED, "{transfer: 维修, as: bob}")
