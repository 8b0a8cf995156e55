"""Whatever the import says of a model, officials read why in Chinese."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.pofile import read_po

from engine import Fault, bpmn
from engine.bpmn.faults import fault
from web import faults, import_reasons

ENGINE = Path(bpmn.__file__).parent
CATALOG = Path(import_reasons.__file__).parent / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
TELLING = {"kept": 3, "impossible": 3, "refuse": 3}


def text_of(node: ast.expr, module: ModuleType) -> str | None:
    """What an expression says, with `x1` where it names something."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part, module) or "" for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return "x1"
    if isinstance(node, ast.Name) and node.id.isupper():
        return str(getattr(module, node.id))
    return None


def reasons() -> Iterator[str]:
    """Every reason that stands in the modules of the import."""
    for path in sorted(ENGINE.glob("*.py")):
        module = importlib.import_module(f"engine.bpmn.{path.stem}")
        for node in ast.walk(ast.parse(path.read_text())):
            found: list[ast.expr] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in TELLING:
                found = node.args[3:4] if ast.unparse(node.func.value) == "report" else []
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Untranslatable"):
                found = [item.value for item in node.keywords]
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "why":
                ways = node.value
                found = [ways.body, ways.orelse] if isinstance(ways, ast.IfExp) else [ways]
            yield from (text for item in found if (text := text_of(item, module)))
    yield from bpmn.vocabulary.REASONS.values()


@pytest.fixture(scope="module")
def chinese() -> dict[str, str]:
    with CATALOG.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file)}


def is_chinese(text: str) -> bool:
    return re.search(r"[\u4e00-\u9fff]", text) is not None


def test_every_reason_of_the_import_is_chinese_for_officials(chinese: dict[str, str]) -> None:
    found = sorted(set(reasons()))
    assert len(found) > 50
    said = {why: import_reasons.told(why, lambda text: chinese.get(text, text)) for why in found}
    assert [why for why, text in said.items() if not is_chinese(text)] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("due: ${a.b()} (b) (execution.getId() is not known here)", "due: ${a.b()} (b) (此处没有 execution.getId())"),
        ("script: f(a) (a service script-groovy is needed)", "script: f(a) (需要服务 script-groovy)"),
        ("assignee: x (nothing here does the same)", "assignee: x (此处没有对应功能)"),
        ("note: f(a)", "note: f(a)"),
    ],
)
def test_the_reason_of_a_note_is_told_whatever_its_value_holds(chinese: dict[str, str], text: str, told: str) -> None:
    found = Fault(text, code="imported")
    assert faults.reason(found, lambda text: chinese.get(text, text), is_chinese=True) == told


def test_why_a_model_is_refused_is_chinese_to_its_end(chinese: dict[str, str]) -> None:
    found = fault("expression-foreign", "x", None, 1, place="condition", text="a", problem="it is written in groovy")
    said = faults.reason(found, lambda text: chinese.get(text, text), is_chinese=True)
    assert said == "条件：a 无法转换为 FEEL：以 groovy 编写"
