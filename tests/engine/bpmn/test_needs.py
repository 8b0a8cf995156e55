"""What a model needs before its cases can run is told once, with the steps that need it."""

from __future__ import annotations

from collections.abc import Callable

from engine import bpmn

BODY = """
<bpmn:startEvent id="s" name="提交"/>
<bpmn:userTask id="a" name="审批" flowable:candidateGroups="chief" flowable:formKey="leave-page"/>
<bpmn:userTask id="b" name="会签" flowable:assignee="${who}"><bpmn:extensionElements>
  <flowable:taskListener event="create" class="a.b.Tell"/></bpmn:extensionElements>
  <bpmn:multiInstanceLoopCharacteristics flowable:collection="${staff.signers(execution)}"
    flowable:elementVariable="who"/></bpmn:userTask>
<bpmn:userTask id="c" name="归档"/>
<bpmn:userTask id="d" name="抄送" flowable:candidateUsers="ann,${helper}"/>
<bpmn:serviceTask id="e" name="通知" camunda:class="x.Tell"/>
<bpmn:businessRuleTask id="f" name="定级" camunda:decisionRef="grade"/>
<bpmn:callActivity id="g" name="整改" calledElement="fix"/>
<bpmn:userTask id="h" name="复核" flowable:assignee="ann"/>
"""


def test_each_thing_is_told_once_with_its_steps(document: Callable[..., bytes]) -> None:
    found = {(need.kind, need.name): need.places for need in bpmn.needs(bpmn.parse(document(BODY)))}
    assert found == {
        ("service", "Tell"): ("会签", "通知"),
        ("function", "staff_signers"): ("会签",),
        ("role", "chief"): ("审批",),
        ("person", "ann"): ("复核",),
        ("form", "leave-page"): ("审批",),
        ("decision", "grade"): ("定级",),
        ("process", "fix"): ("整改",),
        ("variable", "helper"): ("抄送",),
        ("nobody", ""): ("归档",),
    }
