"""What a browser sends is checked again by the form-js JSON that it was shown."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine import feel, forms
from engine.errors import FaultsFound
from engine.form_fields import Loading
from engine.forms import Form, FormInvalid, Layout

NOON = feel.Environment(now=datetime(2026, 11, 21, 4, 0, tzinfo=UTC))
OUTCOMES = [
    {"value": "同意", "label": "同意挂牌", "style": "primary", "main": True},
    {"value": "退回", "label": "退回", "validate": False, "requires": ["意见"]},
]


def form(*components: dict[str, Any], **rest: Any) -> Form:
    return forms.parse({"id": "tested", "components": list(components), **rest})


def field(kind: str, key: str = "v", label: str = "值", **rest: Any) -> dict[str, Any]:
    return {"type": kind, "key": key, "label": label, **rest}


def load(asked: Form, data: Any, **rest: Any) -> dict[str, Any]:
    return asked.load(data, environment=NOON, **rest)


def errors(asked: Form, data: Any, **rest: Any) -> dict[str, list[str]]:
    with pytest.raises(FormInvalid) as caught:
        load(asked, data, **rest)
    return caught.value.errors


@pytest.mark.parametrize(
    ("component", "sent", "kept"),
    [
        (field("textfield"), "  电炉渣坑 ", "电炉渣坑"),
        (field("textfield"), "", None),
        (field("textarea"), "一\r\n二", "一\n二"),
        (field("number"), "0.10", Decimal("0.1")),
        (field("number"), 12345678901234567890.0, Decimal("12345678901234567000")),
        (field("number"), "9999999999999999999999999999999999", Decimal("9" * 34)),
        (field("number", decimalDigits=2), 1.25, Decimal("1.25")),
        (field("number", serializeToString=True), "1200", "1200"),
        (field("checkbox"), True, True),
        (field("checkbox"), False, False),
        (field("radio", values=[{"label": "红", "value": "red"}]), "red", "red"),
        (field("select", values=[{"label": "一", "value": 1}]), Decimal(1), Decimal(1)),
        (field("checklist", values=["a", "b"]), ["b", "a"], ["b", "a"]),
        (field("taglist", values=["a", "b"]), [], []),
        (field("datetime", subtype="date"), "2026-11-21", "2026-11-21"),
        (field("datetime", subtype="time"), "14:30+08:00", "14:30:00+08:00"),
        (field("datetime", subtype="datetime"), "2026-11-21T14:30", "2026-11-21T14:30:00+08:00"),
        (
            field("datetime", subtype="datetime", timeSerializingFormat="utc_normalized"),
            "2026-11-21T14:30+08:00",
            "2026-11-21T06:30:00+00:00",
        ),
        (
            field("datetime", subtype="datetime", timeSerializingFormat="no_timezone"),
            "2026-11-21T06:30Z",
            "2026-11-21T14:30:00",
        ),
        (
            field("filepicker", multiple=True),
            [{"id": "0198f0a2-0000-7000-8000-000000000001", "url": "javascript:alert(1)"}],
            ["0198f0a2-0000-7000-8000-000000000001"],
        ),
        (field("register", register="criteria", multiple=True), ["GM10-03-01", "GM10-03-01"], ["GM10-03-01"]),
        (field("register", register="enterprises"), "91441702MA00000150", "91441702MA00000150"),
        (
            field("geopoint"),
            {"lat": 21.8581234567, "lng": 112, "note": "x"},
            {"lat": Decimal("21.858123"), "lng": Decimal(112)},
        ),
    ],
)
def test_a_good_value_is_kept_exactly(component: dict[str, Any], sent: Any, kept: Any) -> None:
    assert load(form(component), {"v": sent}) == {"v": kept}


@pytest.mark.parametrize(
    ("component", "sent", "sentence"),
    [
        (field("textfield", validate={"required": True}), "   ", "请填写「值」"),
        (field("textfield"), 7, "「值」须为文字"),
        (field("textfield"), "a\x00b", "控制字符"),
        (field("textfield", validate={"minLength": 3}), "ab", "至少 3 个字，现有 2 个"),
        (field("textfield", validate={"maxLength": 3}), "abcd", "最多 3 个字，现有 4 个"),
        (field("textfield", validate={"maxLength": "=1 + 2"}), "abcd", "最多 3 个字，现有 4 个"),
        (field("textfield", validate={"maxLength": 9999}), "x" * 4001, "最多 4000 个字，现有 4001 个"),
        (field("textfield"), "全角\u3000\x7f尾", "控制字符"),
        (field("textfield"), "x" * 4001, "最多 4000 个字"),
        (field("textfield", validate={"pattern": "^[0-9]+$"}), "12a", "「值」格式不对"),
        (field("textfield", validate={"pattern": "^[0-9]+$", "patternErrorMessage": "只填数字"}), "12a", "只填数字"),
        (field("textfield", validate={"validationType": "email"}), "a@b", "电子邮箱"),
        (field("textfield", validate={"validationType": "phone"}), "abc", "电话号码"),
        (field("number"), "十", "「值」须为数字"),
        (field("number"), True, "「值」须为数字"),
        (field("number"), math.nan, "「值」须为数字"),
        (field("number"), "1e999999", "数字太长"),
        (field("number"), "0." + "1" * 40, "数字太长"),
        (field("number", validate={"min": "=1 + 1"}), 1, "须不小于 2"),
        (field("number", validate={"max": 10}), 10.5, "须不大于 10"),
        (field("number", validate={"step": 0.5}), 0.7, "0.5 的整数倍"),
        (field("number", decimalDigits=2), "1.234", "最多 2 位小数"),
        (field("checkbox", validate={"required": True}), False, "须勾选「值」"),
        (field("checkbox"), "yes", "须为是或否"),
        (field("radio", values=["a"]), "b", "没有选项「b」"),
        (field("radio", values=[{"label": "一", "value": 1}]), True, "没有选项"),
        (field("checklist", values=["a"]), "a", "须为列表"),
        (field("checklist", values=["a"]), ["a", "a"], "「a」重复"),
        (field("checklist", values=["a"], validate={"required": True}), [], "请选择「值」"),
        (field("datetime", subtype="date"), "2026-02-30", "须为日期"),
        (field("datetime", subtype="date"), 20260101, "须为日期"),
        (field("datetime", subtype="datetime"), "2026-02-03", "须为日期和时间"),
        (field("datetime", subtype="time"), "25:00", "须为时间"),
        (field("datetime", subtype="date", disallowPassedDates=True), "2026-11-20", "不能早于今天（2026-11-21）"),
        (field("datetime", subtype="date", validate={"disallowFutureDates": True}), "2026-11-22", "不能晚于今天"),
        (field("filepicker"), "files::raw", "没有上传成功"),
        (field("filepicker", validate={"required": True}), [], "请上传「值」"),
        (field("filepicker"), ["0198f0a2-0000-7000-8000-000000000001", "0198f0a2-0000-7000-8000-000000000002"], "一个"),
        (field("register", register="criteria"), "' or 1=1", "登记簿中的代码"),
        (field("register", register="criteria"), ["A", "B"], "只能选一项"),
        (field("geopoint"), {"lat": 91, "lng": 0}, "须为地图上的点"),
        (field("geopoint"), {"lat": 1}, "须为地图上的点"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence_that_names_the_field(
    component: dict[str, Any], sent: Any, sentence: str
) -> None:
    assert sentence in errors(form(component), {"v": sent})["v"][0]


def test_all_faults_come_at_once_and_in_the_language_of_the_reader() -> None:
    asked = form(
        field("textfield", "a", "甲", validate={"required": True}), field("number", "b", "乙", validate={"min": 0})
    )
    assert errors(asked, {"b": -1}) == {"a": ["请填写「甲」"], "b": ["「乙」须不小于 0"]}
    assert errors(asked, {"b": -1}, locale="en") == {"a": ["“甲” is required"], "b": ["“乙” must be at least 0"]}


def everything() -> Form:
    inner = (
        field("number", "数量", "数量", validate={"min": 1}),
        field("textfield", "单位", "单位", readonly="=this.数量 = 9"),
        field("textfield", "说明", "说明", conditional={"hide": "=this.数量 < parent.下限"}),
    )
    return form(
        field("number", "下限", "下限"),
        {
            "type": "group",
            "path": "五落实",
            "components": [field("textfield", "责任", "责任", validate={"required": True})],
        },
        {"type": "dynamiclist", "path": "清单", "label": "清单", "components": list(inner)},
        field("expression", "行数", expression="=count(清单)"),
        field("datetime", "日期", "日期", subtype="date", disabled=True),
        outcomes=[OUTCOMES[0], {"value": "退回", "label": "退回", "validate": False}],
    )


RIGHT = {
    "下限": 2,
    "五落实": {"责任": " 安办 ", "其他": "x"},
    "清单": [{"数量": 1, "单位": "个", "说明": "x"}, {}, {"数量": 9, "单位": "吨", "说明": "重\r\n要"}],
    "日期": "no day",
}
WRONG = {"下限": "二", "清单": [{"数量": 3}, {"数量": 0, "单位": 7}, {"数量": "x"}]}


def test_what_passes_at_once_is_what_marshmallow_makes_of_it_step_by_step() -> None:
    layout = Layout(everything().fields)
    one, other = (Loading(stored={}, scope={}, environment=NOON, locale="zh", gathers=each) for each in (False, True))
    expected = {
        "下限": Decimal(2),
        "五落实": {"责任": "安办"},
        "清单": [{"数量": Decimal(1), "单位": "个"}, {"数量": Decimal(9), "说明": "重\n要"}],
        "行数": 3,
    }
    assert layout.load(RIGHT, one) == layout.load(RIGHT, other) == expected


def test_faults_on_all_levels_come_at_once_in_the_order_of_the_form() -> None:
    assert list(errors(everything(), WRONG, outcome="同意").items()) == [
        ("下限", ["「下限」须为数字"]),
        ("五落实.责任", ["请填写「责任」"]),
        ("清单.1.数量", ["「数量」须不小于 1"]),
        ("清单.1.单位", ["「单位」须为文字"]),
        ("清单.2.数量", ["「数量」须为数字"]),
    ]


def test_an_outcome_that_does_not_validate_leaves_out_what_is_wrong() -> None:
    rows = [{"数量": 3}, {"数量": 0, "单位": "个"}, {"单位": "吨"}]
    assert load(everything(), {**WRONG, "清单": rows}, outcome="退回") == {
        "五落实": {},
        "清单": [{"数量": Decimal(3)}, {"单位": "个"}, {"单位": "吨"}],
        "行数": 3,
    }


def test_unknown_keys_are_dropped_and_silent_components_ask_nothing() -> None:
    asked = form(field("textfield", "a"), {"type": "text", "text": "# 说明"}, {"type": "separator"})
    assert load(asked, {"a": "x", "b": "y", "__class__": "z"}) == {"a": "x"}
    assert [each.path for each in asked.fields] == ["a"]


@pytest.mark.parametrize("sent", [None, [], "x", 3])
def test_what_is_no_form_data_at_all_is_refused(sent: Any) -> None:
    assert errors(form(field("textfield")), sent) == {"": ["提交的内容不是表单数据"]}


def test_a_hidden_field_is_not_asked_for_and_its_value_is_dropped() -> None:
    asked = form(
        field("checkbox", "停产"),
        field("textfield", "范围", validate={"required": True}, conditional={"hide": "=停产 != true"}),
    )
    assert load(asked, {"停产": False, "范围": "全厂"}) == {"停产": False}
    assert errors(asked, {"停产": True}) == {"范围": ["请填写「值」"]}


def test_what_hides_behind_a_hidden_field_is_hidden_too() -> None:
    asked = form(
        field("textfield", "c", conditional={"hide": '=b != "y"'}),
        field("textfield", "b", conditional={"hide": '=a != "x"'}),
        field("textfield", "a"),
    )
    assert load(asked, {"a": "-", "b": "y", "c": "z"}) == {"a": "-"}
    assert load(asked, {"a": "x", "b": "y", "c": "z"}) == {"a": "x", "b": "y", "c": "z"}


def test_a_group_hides_everything_in_it_and_conditions_see_the_case() -> None:
    inner = field("textfield", validate={"required": True})
    asked = form({"type": "group", "components": [inner], "conditional": {"hide": '=等级 = "一般"'}})
    assert load(asked, {}, case={"等级": "一般"}) == {}
    assert "v" in errors(asked, {}, case={"等级": "重大"})


@pytest.mark.parametrize("lock", [{"disabled": True}, {"readonly": True}, {"readonly": "=阶段 = 2"}])
def test_a_locked_field_ignores_what_is_sent_and_conditions_see_its_stored_value(lock: dict[str, Any]) -> None:
    asked = form(
        field("textfield", "等级", validate={"required": True}, **lock),
        field("textfield", "理由", validate={"required": True}, conditional={"hide": '=等级 = "重大"'}),
    )
    assert load(asked, {"等级": "一般"}, case={"等级": "重大", "阶段": 2}) == {}


def test_choices_come_from_the_case_or_from_an_expression() -> None:
    asked = form(
        field("select", "a", valuesKey="人员"), field("select", "b", valuesExpression="=for x in 人员 return x.value")
    )
    case = {"人员": [{"label": "甲", "value": "1"}]}
    assert load(asked, {"a": "1", "b": "1"}, case=case) == {"a": "1", "b": "1"}
    assert set(errors(asked, {"a": "2", "b": "2"}, case=case)) == {"a", "b"}
    assert set(errors(asked, {"a": "1", "b": "1"})) == {"a", "b"}


def test_a_computed_value_is_computed_again_on_the_server() -> None:
    asked = form(field("number", "a"), field("expression", "b", expression="=a * 2"))
    assert load(asked, {"a": 3, "b": 999}) == {"a": 3, "b": 6}


def test_register_codes_must_exist_on_the_day_that_the_form_names() -> None:
    asked = form(
        field("datetime", "检查日期", subtype="date"),
        field("register", register="criteria", multiple=True, on="检查日期"),
    )
    seen: list[tuple[str, str, str | None]] = []

    def known(register: str, code: str, day: str | None) -> bool:
        seen.append((register, code, day))
        return code == "GM10-03-01"

    sent = {"检查日期": "2026-03-02", "v": ["GM10-03-01"]}
    assert load(asked, sent, known=known) == sent
    assert seen == [("criteria", "GM10-03-01", "2026-03-02")]
    assert "没有代码 X1" in errors(asked, {"v": ["X1"]}, known=known)["v"][0]


def test_nested_paths_keep_what_the_form_does_not_ask() -> None:
    group = {"type": "group", "path": "五落实", "components": [field("number", "资金"), field("textfield", "x.y")]}
    asked = form(group)
    assert load(
        asked, {"五落实": {"资金": 1, "x": {"y": "z"}, "q": 2}}, case={"五落实": {"时限": "明天", "资金": 9}}
    ) == {"五落实": {"时限": "明天", "资金": 1, "x": {"y": "z"}}}
    assert errors(asked, {"五落实": {"资金": "a"}}) == {"五落实.资金": ["「值」须为数字"]}
    assert load(asked, {"五落实": "no"}) == {"五落实": {"x": {}}}


def rows(**rest: Any) -> dict[str, Any]:
    inner = [
        field("textfield", "问题", "问题", validate={"required": True}),
        field("textfield", "补充", conditional={"hide": '=问题 != "其他"'}),
    ]
    return {"type": "dynamiclist", "path": "清单", "label": "清单", "components": inner, **rest}


def test_rows_are_checked_one_by_one_and_empty_ones_are_dropped() -> None:
    asked = form(rows())
    sent = [{"问题": "甲", "补充": "x"}, {"问题": "", "补充": None}, {"问题": "其他", "补充": "y"}]
    assert load(asked, {"清单": sent}) == {"清单": [{"问题": "甲"}, {"问题": "其他", "补充": "y"}]}
    assert errors(asked, {"清单": [{"问题": "甲"}, {"补充": "x"}]}) == {"清单.1.问题": ["请填写「问题」"]}
    assert errors(asked, {"清单": ["甲"]}) == {"清单": ["「清单」须为逐行填写的表"]}


def test_the_number_of_rows_has_limits() -> None:
    asked = form(rows(validate={"minRows": 1, "maxRows": 2}))
    assert errors(asked, {}) == {"清单": ["请填写「清单」"]}
    assert errors(asked, {"清单": [{"问题": ""}]}) == {"清单": ["「清单」至少填写 1 行"]}
    assert errors(asked, {"清单": [{"问题": "甲"}] * 3}) == {"清单": ["「清单」最多填写 2 行"]}
    assert errors(form(rows()), {"清单": [{"问题": "甲"}] * 201}) == {"清单": ["「清单」最多填写 200 行"]}


def fixed() -> Form:
    inner = [
        field("textfield", "事项", readonly=True),
        field("radio", "结论", "结论", values=["合格", "不合格"], validate={"required": True}),
    ]
    return form(
        {
            "type": "dynamiclist",
            "path": "事项",
            "label": "事项",
            "allowAddRemove": False,
            "components": inner,
            "conditional": {"hide": "=事项 = null"},
        }
    )


def test_the_rows_of_a_fixed_list_keep_what_is_read_only() -> None:
    case = {"事项": [{"事项": "甲", "限期": "明天"}, {"事项": "乙"}]}
    sent = {"事项": [{"事项": "改了", "结论": "合格"}, {"结论": "不合格"}]}
    assert load(fixed(), sent, case=case) == {
        "事项": [{"事项": "甲", "限期": "明天", "结论": "合格"}, {"事项": "乙", "结论": "不合格"}]
    }


@pytest.mark.parametrize("sent", [{}, {"事项": None}, {"事项": []}, {"事项": [{"结论": "合格"}]}])
def test_the_rows_of_a_fixed_list_cannot_be_left_out(sent: dict[str, Any]) -> None:
    assert "事项" in errors(fixed(), sent, case={"事项": [{"事项": "甲"}, {"事项": "乙"}]})


def test_rows_cannot_be_added_to_a_fixed_list() -> None:
    sent = {"事项": [{"结论": "合格"}, {"结论": "合格"}]}
    assert "最多填写 1 行" in errors(fixed(), sent, case={"事项": [{"事项": "甲"}]})["事项"][0]


def decision() -> Form:
    asked = (
        field("textfield", "文号", "文号", validate={"required": True}),
        field("textfield", "意见", "意见"),
        field("number", "天数", "天数"),
    )
    return form(*asked, outcomes=OUTCOMES)


def test_an_outcome_must_be_chosen_among_those_of_the_form() -> None:
    assert errors(decision(), {"文号": "1"}) == {"outcome": ["请选择办理结果：同意挂牌、退回"]}
    assert errors(decision(), {"文号": "1"}, outcome="批准") == {"outcome": ["没有办理结果「批准」"]}
    assert errors(form(field("textfield")), {}, outcome="同意") == {"outcome": ["没有办理结果「同意」"]}


def test_an_outcome_that_does_not_validate_asks_only_for_what_it_requires() -> None:
    assert errors(decision(), {}, outcome="同意") == {"文号": ["请填写「文号」"]}
    assert errors(decision(), {}, outcome="退回") == {"意见": ["请填写「意见」"]}
    assert load(decision(), {"意见": "补充照片", "天数": "十"}, outcome="退回") == {"意见": "补充照片"}
    main, back = decision().outcomes
    assert main.is_main
    assert main.label == "同意挂牌"
    assert main.validates
    assert not back.validates
    assert back.requires == ("意见",)


def test_a_check_over_several_fields_is_told_at_its_field() -> None:
    asked = form(
        field("datetime", "从", subtype="date"),
        field("datetime", "到", subtype="date"),
        checks=[{"field": "到", "condition": "=date(从) <= date(到)", "message": "「到」不能早于「从」"}],
    )
    assert load(asked, {"从": "2026-01-01", "到": "2026-01-02"})
    assert errors(asked, {"从": "2026-01-03", "到": "2026-01-02"}) == {"到": ["「到」不能早于「从」"]}


def test_a_bad_form_tells_all_its_faults_at_once() -> None:
    with pytest.raises(FaultsFound) as caught:
        form(
            field("wizard", "a"),
            field("textfield", "b c"),
            field("textfield", "d"),
            field("textfield", "d"),
            field("textfield", "e", conditional={"hide": "=1 +"}),
            field("textfield", "f", validate={"pattern": "(?=x)"}),
            field("select", "g"),
            field("register", "h"),
            outcomes=[{"value": "同意", "requires": ["无"]}, {"value": "同意"}],
            checks=[{"field": "x", "condition": "=true", "message": "m"}],
        )
    assert [fault.code for fault in caught.value.faults] == [
        "form-type",
        "form-key",
        "form-twice",
        "form-feel",
        "form-pattern",
        "form-choices",
        "form-register",
        "form-outcome",
        "form-outcome",
        "form-check",
    ]


def test_a_form_without_components_or_id_is_refused() -> None:
    for schema in ({}, [], {"id": "x"}, {"components": []}):
        with pytest.raises(FaultsFound):
            forms.parse(schema)  # type: ignore[arg-type]


def test_values_are_shown_as_people_read_them() -> None:
    asked = form(
        field("select", "a", values=[{"label": "红（重大）", "value": "red"}]),
        field("checkbox", "b"),
        field("datetime", "c", subtype="datetime"),
        field("checklist", "d", values=[{"label": "甲", "value": "1"}, {"label": "乙", "value": "2"}]),
    )
    shown = dict(zip("abcd", asked.fields, strict=True))
    assert shown["a"].display("red") == "红（重大）"
    assert (shown["b"].display(True), shown["b"].display(False, "en")) == ("是", "No")
    assert shown["c"].display("2026-11-21T14:30:00+08:00") == "2026-11-21 14:30"
    assert shown["d"].display(["1", "2"]) == "甲、乙"


def test_a_key_may_be_called_like_anything_of_a_schema() -> None:
    names = ("load", "fields", "Meta", "context", "dump", "opts", "declared_fields")
    asked = form(*(field("textfield", name) for name in names))
    assert load(asked, dict.fromkeys(names, "x")) == dict.fromkeys(names, "x")


def test_a_hostile_pattern_does_not_stop_the_server() -> None:
    asked = form(field("textfield", validate={"pattern": "^(a+)+$"}))
    assert errors(asked, {"v": "a" * 3000 + "b"})
