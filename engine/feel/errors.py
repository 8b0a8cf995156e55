"""What FEEL says when a text cannot be read, a limit is reached or a value surprises: in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import Invalid

EXPECTATIONS: dict[str, tuple[str, str]] = {
    "expression": ("an expression", "表达式"),
    "name": ("a name", "名称"),
    "type": ("a type", "类型"),
    "end": ("the end of the expression", "表达式结束"),
    "string end": ("a closing quotation mark", "结束引号"),
    "comment end": ("the end of the comment */", "注释结束符 */"),
    "range end": ("], ) or [", "]、) 或 ["),
    "half-width": ("the half-width form", "半角符号"),
    "character": ("a FEEL symbol", "FEEL 符号"),
    "number": ("a number of at most 6144 digits", "不超过 6144 位的数字"),
    "date literal": ("a date, time or duration in quotation marks", "引号内的日期、时间或时长"),
}
END_OF_TEXT = {"en": "the end of the text", "zh": "文本结尾"}


class FeelSyntaxError(Invalid):
    """Line {line}, column {column}: found {found}, expected {expected}."""

    def __init__(self, *, text: str, position: int, found: str | None, expected: str, **details: Any) -> None:
        """This will locate `position` in `text`; `expected` is a key of EXPECTATIONS or the symbol itself."""
        self.source = text
        self.line, self.column = locate(text, position)
        self._found, self._expected = found, expected
        self.found, self.expected = self._words("en")
        super().__init__(line=self.line, column=self.column, found=self.found, expected=self.expected, **details)

    def text(self, language: str = "zh") -> str:
        """This will say what is wrong in `zh` or `en`."""
        found, expected = self._words(language)
        if language == "en":
            return f"Line {self.line}, column {self.column}: found {found}, expected {expected}."
        return f"第 {self.line} 行第 {self.column} 列：遇到{found}，应为{expected}。"

    def _words(self, language: str) -> tuple[str, str]:
        chinese = language != "en"
        if self._found is None:
            found = END_OF_TEXT["zh" if chinese else "en"]
        else:
            found = f"“{self._found}”" if chinese else f'"{self._found}"'
        known = EXPECTATIONS.get(self._expected)
        if known:
            return found, known[1 if chinese else 0]
        return found, f"“{self._expected}”" if chinese else f'"{self._expected}"'


class LimitExceeded(Invalid):
    """The expression needs more {limit} than the allowed {allowed}."""

    WORDS: Mapping[str, str] = {
        "steps": "步数",
        "depth": "嵌套深度",
        "list size": "列表长度",
        "text size": "文本长度",
        "seconds": "秒数",
        "source size": "表达式长度",
    }

    def __init__(self, limit: str, allowed: float) -> None:
        """This will say that `limit` (a key of WORDS) passed `allowed`."""
        self.limit, self.allowed = limit, allowed
        super().__init__(limit=limit, allowed=allowed)

    def text(self, language: str = "zh") -> str:
        """This will say what is wrong in `zh` or `en`."""
        if language == "en":
            return self.message
        return f"表达式超出允许的{self.WORDS.get(self.limit, self.limit)}上限 {self.allowed}。"


WARNINGS: dict[str, tuple[str, str]] = {
    "unknown variable": ("There is no variable “{name}”.", "没有变量“{name}”。"),
    "unknown function": ("There is no function “{name}”.", "没有函数“{name}”。"),
    "unknown property": ("{type} has no property “{name}”.", "{type}没有属性“{name}”。"),
    "not a function": ("“{name}” is not a function.", "“{name}”不是函数。"),
    "operand types": (
        "“{operator}” cannot be used between {left} and {right}.",
        "“{operator}”不能用于{left}与{right}之间。",
    ),
    "operand type": ("“{operator}” cannot be used on {type}.", "“{operator}”不能用于{type}。"),
    "local and zoned": (
        "A time with and a time without zone cannot be compared or subtracted.",
        "带时区的时间与不带时区的时间不能比较或相减。",
    ),
    "not boolean": ("{type} is neither true nor false.", "{type}既不是真也不是假。"),
    "argument type": (
        "Argument “{parameter}” of {function} must be {expected}, not {type}.",
        "函数 {function} 的参数“{parameter}”应为{expected}，而不是{type}。",
    ),
    "arguments": ("{function} cannot be called with these arguments.", "函数 {function} 的参数个数或名称不符。"),
    "function failed": ("{function} has no result for these arguments.", "函数 {function} 对这些参数没有结果。"),
    "host function failed": ("{function} failed: {reason}", "函数 {function} 执行失败：{reason}"),
    "division by zero": ("Division by zero.", "除数为零。"),
    "number out of range": ("The result is not a number that can be kept.", "结果超出可表示的数值范围。"),
    "invalid literal": ("“{text}” is not a date, time or duration.", "“{text}”不是有效的日期、时间或时长。"),
    "index": ("The list has no element {index}.", "列表中没有第 {index} 个元素。"),
    "iteration": ("It is not possible to iterate from {left} to {right}.", "无法从{left}遍历到{right}。"),
    "external function": ("External functions are not available.", "不支持外部函数。"),
    "duplicate key": ("The key “{name}” stands twice in a context.", "上下文中重复出现键“{name}”。"),
    "range ends": ("A range cannot go from {left} to {right}.", "范围不能从{left}到{right}。"),
}

TYPE_NAMES: dict[str, str] = {
    "number": "数字",
    "string": "字符串",
    "boolean": "布尔值",
    "date": "日期",
    "time": "时间",
    "date and time": "日期时间",
    "days and time duration": "天时分秒时长",
    "years and months duration": "年月时长",
    "list": "列表",
    "context": "上下文",
    "range": "范围",
    "function": "函数",
    "Null": "空值",
    "Any": "任意值",
    "date, time or duration": "日期、时间或时长",
}


@dataclass(frozen=True, slots=True)
class Warning:
    """Something that made a value null or surprising, at a place in the text; `message_key` is a key of WARNINGS."""

    message_key: str
    line: int
    column: int
    details: Mapping[str, Any] = field(default_factory=dict)

    def text(self, language: str = "zh") -> str:
        """This will say it in `zh` or `en`."""
        english, chinese = WARNINGS[self.message_key]
        if language == "en":
            return english.format_map(self.details)
        return chinese.format_map({name: _chinese(value) for name, value in self.details.items()})

    def __str__(self) -> str:
        return f"{self.line}:{self.column} {self.text('en')}"


def _chinese(value: Any) -> Any:
    if isinstance(value, str):
        return " / ".join(TYPE_NAMES.get(part, part) for part in value.split(" or "))
    return value


def locate(text: str, position: int) -> tuple[int, int]:
    """This will return line and column of a character, both counted from 1."""
    line = text.count("\n", 0, position) + 1
    return line, position - (text.rfind("\n", 0, position) + 1) + 1
