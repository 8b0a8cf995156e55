"""Run DMN TCK folders: `python -m tests.tck DIR [-v] [NAME...]`.

Each folder holds models and `*-test-*.xml` with inputs and expected results. Numbers are compared to 1e-8; a result
marked `errorResult` passes on null or an error. The last line tells the counts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from engine import dmn, feel
from engine.errors import BihuanError
from engine.feel.durations import parse_duration
from engine.feel.environment import State
from engine.feel.values import equal

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
TOLERANCE = Decimal("1e-8")
ENVIRONMENT = feel.Environment(datetime.now(UTC), zone="UTC")
Element = etree._Element


@dataclass
class Outcome:
    """One expected result and whether it came."""

    folder: str
    case: str
    node: str
    passed: bool
    is_error: bool
    is_table: bool
    wanted: Any
    found: Any


def main() -> None:
    """This will run the folders and print the counts."""
    arguments = argparse.ArgumentParser(prog="python -m tests.tck")
    arguments.add_argument("directory", type=Path)
    arguments.add_argument("names", nargs="*", help="only folders that contain one of these")
    arguments.add_argument("-v", "--verbose", action="store_true", help="tell of each result that differs")
    given = arguments.parse_args()
    if not given.directory.is_dir():
        arguments.error(f"{given.directory} is not a folder")
    outcomes: list[Outcome] = []
    for folder in sorted({path.parent for path in given.directory.rglob("*.dmn")}):
        if given.names and not any(name in folder.name for name in given.names):
            continue
        outcomes += run_folder(folder)
    if given.verbose:
        for each in outcomes:
            if not each.passed:
                print(f"{each.folder} {each.case} {each.node}: wanted {each.wanted!r}, found {each.found!r}")
    print(summary(outcomes))
    sys.exit(0 if outcomes else 1)


def summary(outcomes: list[Outcome]) -> str:
    """This will return the last line."""
    plain = [each for each in outcomes if not each.is_error]
    tables = [each for each in outcomes if each.is_table]
    return (
        f"tck: {passed(outcomes)} of {len(outcomes)} results, {passed(plain)} of {len(plain)} non-error, "
        f"{passed(tables)} of {len(tables)} decision tables"
    )


def passed(outcomes: list[Outcome]) -> int:
    """This will count what passed."""
    return sum(each.passed for each in outcomes)


def run_folder(folder: Path) -> list[Outcome]:
    """This will run all test files of a folder."""
    models = load_models(folder)
    outcomes: list[Outcome] = []
    for path in sorted(folder.glob("*.xml")):
        root = etree.parse(path).getroot()
        if local(root) != "testCases":
            continue
        name = next((child.text or "" for child in root if local(child) == "modelName"), "").strip()
        model = models.get(name) or models.get(f"{name}.dmn")
        for case in named(root, "testCase"):
            outcomes += run_case(folder.name, case, model)
    return outcomes


def load_models(folder: Path) -> dict[str, dmn.Model]:
    """This will read the models of a folder; one that imports others waits until they are read."""
    waiting = {path.name: path.read_bytes() for path in sorted(folder.glob("*.dmn"))}
    models: dict[str, dmn.Model] = {}
    ready = True
    while waiting and ready:
        read = {name: dmn.parse(xml, models.values(), strict=False) for name, xml in waiting.items()}
        complete = {
            name: model for name, model in read.items() if not any(fault.code == "import" for fault in model.faults)
        }
        ready = bool(complete)
        models.update(complete or read)
        for name in complete:
            del waiting[name]
    return models


def run_case(folder: str, case: Element, model: dmn.Model | None) -> Iterator[Outcome]:
    """This will run one test case and yield an outcome for each expected result."""
    inputs: dict[str, Any] = {}
    for node in named(case, "inputNode"):
        inputs[node.get("name", "")] = value_of(node)
    invocable = case.get("invocableName")
    for node in named(case, "resultNode"):
        name = node.get("name", "")
        expected = next(named(node, "expected"), None)
        wanted = value_of(expected) if expected is not None else None
        is_error = node.get("errorResult") == "true"
        found: Any = None
        failed = False
        try:
            if model is None:
                raise dmn.NoSuchDecision(decision=name, model="none")
            called = invocable if invocable and case.get("type") != "decision" else name
            found = dmn.evaluate(model, called, inputs, ENVIRONMENT, strict=False).value
            if called != name and isinstance(found, dict) and name in found:
                found = found[name]
        except BihuanError as problem:
            failed, found = True, problem
        good = (failed or found is None) if is_error else not failed and same(wanted, found)
        part = model.find(name) if model else None
        is_table = isinstance(part, dmn.Decision) and part.table is not None
        yield Outcome(folder, case.get("id", ""), name, good, is_error, is_table, wanted, found)


def named(element: Element, name: str) -> Iterator[Element]:
    """This will yield the children with this local name."""
    return (child for child in element if local(child) == name)


def local(element: Element) -> str:
    """This will return the tag without namespace, empty for comments."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def value_of(element: Element) -> Any:
    """This will read value, list or components inside an element."""
    components = list(named(element, "component"))
    if components:
        return {each.get("name", ""): value_of(each) for each in components}
    for child in element:
        kind = local(child)
        if kind == "value":
            return scalar(child)
        if kind == "list":
            return [value_of(item) for item in named(child, "item")]
    return None


def scalar(element: Element) -> Any:
    """This will read a value by its xsi:type."""
    if element.get(f"{XSI}nil") == "true":
        return None
    text = element.text or ""
    kind = element.get(f"{XSI}type", "xsd:string").rpartition(":")[2]
    if kind in ("decimal", "double", "integer", "int", "long", "float"):
        return Decimal(text.strip())
    if kind == "boolean":
        return text.strip() == "true"
    readers: dict[str, Any] = {
        "date": feel.parse_date,
        "time": feel.parse_time,
        "dateTime": feel.parse_date_time,
        "duration": parse_duration,
    }
    if kind in readers:
        return readers[kind](text.strip())
    return text


def same(wanted: Any, found: Any) -> bool:
    """This will compare an expected value with the value found."""
    if isinstance(wanted, list):
        return isinstance(found, list) and len(wanted) == len(found) and all(map(same, wanted, found))
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict) and wanted.keys() == found.keys() and all(same(wanted[k], found[k]) for k in wanted)
        )
    if isinstance(wanted, Decimal) and isinstance(found, Decimal):
        return abs(wanted - found) <= TOLERANCE
    if wanted is None or found is None:
        return wanted is None and found is None
    return equal(wanted, found, State(ENVIRONMENT)) is True


if __name__ == "__main__":
    main()
