"""`bihuan check` and `bihuan convert` of a model of another engine: what remains to be done stands first."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Fault, bpmn
from tests.web.test_cli import Run, run  # noqa: F401
from web import faults

MODEL = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:flowable="http://flowable.org/bpmn"
 targetNamespace="x"><process id="leave" isExecutable="true"><startEvent id="s"/>
<userTask id="t" name="部门审批" flowable:candidateGroups="chief" flowable:dataType="ROLES" flowable:text="科长">
 <extensionElements><flowable:taskListener event="create" delegateExpression="${teller}"/>
 <flowable:taskListener event="complete" delegateExpression="${teller}"/></extensionElements></userTask>
<userTask id="u" name="归档"/><serviceTask id="m" name="脚本" flowable:triggerable="true" flowable:class="a.Post"/>
<sequenceFlow id="f" sourceRef="s" targetRef="t"/><sequenceFlow id="g" sourceRef="t" targetRef="u"/>
<sequenceFlow id="h" sourceRef="u" targetRef="m"><conditionExpression>${flowUtil.may(execution)}</conditionExpression>
</sequenceFlow></process></definitions>"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "leave.bpmn").write_text(MODEL, encoding="utf-8")
    return tmp_path / "leave.bpmn"


def test_a_report_says_first_what_remains_to_be_done(run: Run, model: Path, tmp_path: Path) -> None:  # noqa: F811
    answer = run("convert", str(model), "-o", str(tmp_path / "new.bpmn"))
    lines = [line.replace(f"{model}", "leave") for line in answer.stdout.splitlines()]
    assert lines[0] == "leave: before cases can run, its process app needs"
    assert lines[1:6] == [
        "  service teller: 部门审批",
        "  service Post: 脚本",
        "  FEEL function flowUtil_may: 归档 → 脚本",
        "  role chief: 部门审批",
        "  somebody who does it: the diagram names nobody: 归档",
    ]
    assert "  dataType, text: 部门审批: no engine reads it, only programs of your own" in lines
    assert not [line for line in lines if "->" in line], "translations are counted, not listed"
    assert list(bpmn.parse((tmp_path / "new.bpmn").read_bytes()).processes) == ["leave"]


def test_a_file_of_a_drawing_tool_is_told_what_it_needs_and_what_is_passed(run: Run, tmp_path: Path) -> None:  # noqa: F811
    drawn = tmp_path / "drawn.bpmn"
    text = (
        MODEL[: MODEL.index("<process ")]
        + '<process id="p"><startEvent id="s"/><userTask id="t" name="核查"/>{}</process></definitions>'
    )
    drawn.write_text(text.format('<sequenceFlow id="f" sourceRef="s" targetRef="t"/>'), encoding="utf-8")
    assert "somebody who does it: the diagram names nobody: 核查" in run("check", str(drawn)).stdout
    drawn.write_text(text.format('<task id="a" name="归档"/>'), encoding="utf-8")
    assert "归档: Nobody is asked to do this step" in run("convert", str(drawn), "-o", str(tmp_path / "n.bpmn")).stdout


def test_each_translation_is_printed_when_asked(run: Run, model: Path) -> None:  # noqa: F811
    assert "->" in run("check", str(model), "--each").stdout


def test_the_report_speaks_chinese(run: Run, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    answer = run("check", str(model)).stdout
    assert "案件运行之前，流程应用还需要" in answer
    assert "办理人：流程图没有指定办理人: 归档" in answer


def test_what_runs_otherwise_than_drawn_is_told_in_chinese(
    run: Run,  # noqa: F811
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    model.write_text(MODEL.replace("</process>", '<userTask id="l" name="补正"/></process>'), encoding="utf-8")
    assert "没有流线通向“补正”：它永远不会被办理。" in run("check", str(model)).stdout


def test_why_nothing_here_does_the_same_is_told_in_the_readers_language() -> None:
    said = {"a task has the same name in every case": "任务名称在每个案件中都相同"}
    fault = Fault("name: 核查：${x} (a task has the same name in every case)", code="imported")
    told = faults.reason(fault, lambda text: said.get(text, text), is_chinese=True)
    assert told == "name: 核查：${x} (任务名称在每个案件中都相同)"
