"""The history in sentences: why rules decided, which button was pressed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from engine import Event, feel
from web import chronicle

LOG = {
    "decisions": [
        {
            "tables": [
                {
                    "table": "隐患等级建议",
                    "inputs": [{"label": "需要停产", "value": "局部"}, {"label": "外部因素", "value": True}],
                    "matched": [{"rule": 2, "annotations": ["判定标准第十四条"]}],
                }
            ]
        }
    ],
    "output": {"等级": "重大", "理由": None},
    "version": 3,
}


def an_event(**told: Any) -> Event:
    """Something that happened in a case."""
    at = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
    usual = {"case_id": uuid4(), "seq": 1, "at": at, "actor_id": None, "actor": "", "task_id": None, "detail": "{}"}
    return Event(**{**usual, "origin": "", "hash": "", **told})


@pytest.fixture
def decided() -> Event:
    return an_event(kind="decision_made", element="grade", name="建议等级", detail=feel.dumps(LOG))


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh", ["隐患等级建议：需要停产 局部、外部因素 是 → 规则 2 判定标准第十四条",
                "结论：等级 重大、理由 未填（决策表第 3 版）"]),
        ("en", ["隐患等级建议: 需要停产 局部, 外部因素 yes → rule 2 判定标准第十四条",
                "Outcome: 等级 重大, 理由 not given (version 3 of the table)"]),
    ],
)  # fmt: skip
def test_a_decision_tells_what_it_was_asked_which_rule_matched_and_its_version(
    app: Flask, decided: Event, language: str, told: list[str]
) -> None:
    from flask_babel import force_locale

    with app.test_request_context(), force_locale(language):
        [line] = chronicle.lines([decided], {}, ())
    assert line.text.splitlines() == told
    assert line.who == ""


def test_one_outcome_has_the_words_of_the_form_in_which_it_was_chosen(app: Flask) -> None:
    plan, listing = uuid4(), uuid4()
    events = [
        an_event(kind="completed", element="e", name="审批", actor="甲@局", task_id=task) for task in (plan, listing)
    ]
    with app.test_request_context():
        lines = chronicle.lines(events, {plan: "同意方案", listing: "同意挂牌"}, ())
    assert [line.outcome for line in lines] == ["同意挂牌", "同意方案"]
