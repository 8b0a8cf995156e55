"""Why cases stand still, in the reader's language: what the engine wrote, recognised by its sentence.

An incident keeps its reason as an English sentence with everything filled in. `recognise` finds the sentence again and
what filled it, so that incidents of every age speak both languages, and those of one kind are counted together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from engine.dmn import errors as decisions
from engine.feel.errors import LimitExceeded

LONGEST_CODE = 48


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the engine: its code, a pattern that finds it, and how it is said in Chinese."""

    code: str
    pattern: re.Pattern[str]
    chinese: str


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason taken apart: `code` is empty when nobody knows the sentence."""

    code: str
    text: str
    chinese: str


def _sentence(code: str, english: str, chinese: str) -> Sentence:
    parts = re.split(r"\{(\w+)\}", english)
    pattern = "".join(re.escape(part) if place % 2 == 0 else f"(?P<{part}>.+?)" for place, part in enumerate(parts))
    return Sentence(code, re.compile(pattern, re.DOTALL), chinese)


# Where a value of the diagram stands: "condition: it is not text".
PLACES = {
    "condition": "条件",
    "completion condition": "完成条件",
    "loop condition": "循环条件",
    "loop cardinality": "循环次数",
    "input collection": "多实例集合",
    "output element": "多实例结果",
    "active elements": "自由活动的起始项",
    "activateElements": "服务决定启动的活动",
    "input": "输入映射",
    "output": "输出映射",
    "script": "脚本",
    "timer": "定时",
    "assignee": "办理人",
    "candidate groups": "候选岗位",
    "candidate users": "候选人员",
    "unit": "单位",
    "due date": "到期时间",
    "last day": "时限截止日",
    "follow-up date": "跟进时间",
    "priority": "优先级",
    "form": "表单",
    "service": "服务",
    "retries": "重试次数",
    "decision": "决策",
    "effective day": "适用日期",
    "called process": "调用的流程",
    "message name": "消息名称",
    "signal name": "信号名称",
    "version tag": "版本标签",
    "skip condition": "跳过条件",
    "correlation key": "关联键",
    "error code": "错误代码",
    "escalation code": "升级代码",
}
WORDS = {"None": "空", "True": "真", "False": "假"}
_PAIRS = (
    ("by-expression", "{problem}, as {expression} has it", "{problem}（依据 {expression}）"),
    ("not-true-or-false", "the condition is {value}, neither true nor false", "条件的值是 {value}，既不是真也不是假"),
    ("not-text", "it is not text", "不是文本"),
    ("not-texts", "it is not a list of text", "不是文本列表"),
    ("no-moment", "it is no date and time", "不是日期时间"),
    ("no-priority", "it is no number from 0 to 100", "不是 0 到 100 的数字"),
    ("type-not-text", "the type is not text", "类型不是文本"),
    ("id-not-text", "the id is not text", "编号不是文本"),
    ("name-not-text", "the name is not text", "名称不是文本"),
    ("no-number", "it is no number", "不是数字"),
    ("no-day", "this is not a date", "不是日期"),
    ("no-activities", "it is no list of activities inside", "不是其中活动的列表"),
    ("enough-unclear", "whether it is enough is neither true nor false", "是否已完成的值既不是真也不是假"),
    ("enough-and-more", "it begins activities and says that it is enough", "既要启动活动，又说已经完成"),
    ("nothing-decided", "nothing is left to do, and it does not say that it is enough", "没有活动可做，也没有说已经完成"),  # noqa: E501
    ("one-at-a-time", "only one activity at a time can be open here", "此处一次只能进行一项活动"),
    ("no-list", "it is not a list", "不是列表"),
    ("list-too-long", "it has more than {limit} items", "超过 {limit} 项"),
    ("too-long", "it has more than {limit} characters", "超过 {limit} 个字符"),
    ("beyond", "it is beyond {limit}", "超出 {limit}"),
    ("out-of-range", "it is not from 0 to {limit}", "不在 0 到 {limit} 之间"),
    ("no-key", "it is neither text nor a number", "既不是文本也不是数字"),
    ("no-timer", "{text} is not a date, duration or cycle.", "{text} 不是日期、时长或周期"),
    ("no-flow", "No outgoing flow has a true condition, and there is no default flow.", "没有一条流出路径的条件成立，也没有默认路径"),  # noqa: E501
    ("answer-unfit", "The answer is not values by name.", "返回的不是按名称给出的值"),
    ("service-failed", "The service {service} failed: {problem}", "服务 {service} 执行失败：{problem}"),
    ("no-decision", "There is no decision {decision}.", "没有决策 {decision}"),
    ("decision-failed", "The decision {decision} failed: {problem}", "决策 {decision} 执行失败：{problem}"),
    ("no-link", "No link catch event is named {link}.", "没有名为 {link} 的链接捕获事件"),
    ("no-ad-hoc", "This is no ad-hoc subprocess any more.", "这里已不是自由子流程"),
    ("no-call", "No process is called here.", "这里没有调用流程"),
    ("calls-too-deep", "More than {limit} processes call one another.", "流程互相调用超过 {limit} 层"),
    ("no-process", "There is no process {process}.", "没有流程 {process}"),
    ("no-entry", "The process {process} has no none start event.", "流程 {process} 没有空开始事件"),
    ("no-transaction", "There is no transaction to cancel.", "没有可取消的事务"),
    ("listener-refused", "The listener refused the task: {problem}", "任务监听器拒绝了任务：{problem}"),
    ("no-loop", "The activity has no loop any more.", "这里已不是多实例活动"),
    ("no-start", "There is nothing to start with.", "没有可以开始的元素"),
    ("circle", "Messages go round in a circle: {circle}.", "消息循环发送：{circle}"),
    ("uncaught-error", "Nobody catches the error {code}: {problem}", "没有人捕获错误 {code}：{problem}"),
    ("uncaught-error", "Nobody catches the error {code}.", "没有人捕获错误 {code}"),
    ("timer-empty", "The timer has no date, duration or cycle.", "定时器没有日期、时长或周期"),
    ("form-missing", "the form {form} is not deployed", "表单 {form} 尚未发布"),
    ("no-service", "No app registers the service {service}.", "没有流程应用登记服务 {service}"),
    ("no-reason", "the worker gave no reason", "外部程序没有说明原因"),
    ("no-person", "there is no active person {login}", "没有在用的人员 {login}"),
    ("gone", "who had it is no longer here", "原办理人已不在岗"),
    ("own-only", "only who started the case could do it, which bihuan:whenOwn forbids", "只有发起人能办理，而流程图不允许发起人自己办理"),  # noqa: E501
    ("skips", "rules have completed {limit} tasks one after another", "规则已连续自动完成 {limit} 项任务"),
    ("copy-failed", "bihuan:cc {expression}: {problem}", "抄送 {expression} 失败：{problem}"),
    ("no-readers", "Nobody is found for {name}, so no copy can be sent.", "找不到 {name}，无法抄送"),
    ("readers-unclear", "Whom a copy is sent to is given as neither text nor a list of text.", "抄送对象既不是文本也不是文本列表"),  # noqa: E501
    ("no-limit", "no limit {limit} is in force", "没有生效的时限 {limit}"),
    ("not-a-date", "{value} is not a date.", "{value} 不是日期"),
    ("names-nobody", "the diagram names nobody", "流程图没有指定办理人"),
    ("nobody-there", "nobody holds {role} at {unit} or above it", "{unit}及其上级单位无人担任 {role}"),
    ("nobody", "nobody holds {role}", "无人担任 {role}"),
    ("no-unit-at-all", "there is no unit", "没有任何单位"),
    ("no-unit", "there is no unit {unit}", "没有单位 {unit}"),
    ("limit", " ".join((LimitExceeded.__doc__ or "").split()), "表达式超出允许的上限 {allowed}（{limit}）"),
)  # fmt: skip


def _known() -> Iterator[Sentence]:
    for code, english, chinese in _PAIRS:
        yield _sentence(code, english, chinese)
    kinds: list[type[decisions.DecisionFailed]] = [decisions.DecisionFailed]
    for kind in [*kinds, *decisions.DecisionFailed.__subclasses__()]:
        words = re.sub("(?<!^)([A-Z])", r"-\1", kind.__name__).lower()
        yield _sentence(words, " ".join((kind.__doc__ or "").split()), kind.chinese)


SENTENCES = tuple(_known())


@lru_cache(maxsize=4096)
def recognise(text: str) -> Reason:
    """This will take a reason apart; one that nobody knows stays as it is in both languages."""
    place, colon, problem = text.partition(": ")
    named = _place(place) if colon else None
    if named is not None:
        inner = recognise(problem)
        return Reason(inner.code or "expression", text, f"{named}：{inner.chinese}")
    for sentence in SENTENCES:
        found = sentence.pattern.fullmatch(text)
        if found is not None:
            filled = {name: WORDS.get(value) or recognise(value).chinese for name, value in found.groupdict().items()}
            return Reason(sentence.code, text, sentence.chinese.format_map(filled))
    return Reason("", text, text)


def _place(text: str) -> str | None:
    flow = re.fullmatch(r"condition of flow (.+)", text, re.DOTALL)
    return f"路径“{flow[1]}”的条件" if flow else PLACES.get(text)


def say(text: str, language: str = "zh") -> str:
    """This will tell a reason in `zh` or `en`."""
    return text if language == "en" else recognise(text).chinese


def code_of(text: str) -> str:
    """This will return what reasons of the same kind share; empty when nobody knows the sentence."""
    return recognise(text).code[:LONGEST_CODE]
