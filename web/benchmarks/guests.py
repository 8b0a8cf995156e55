"""A diagram from anywhere as an app that can be put in force: what it names and is not beside it gets a stand-in."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine import ProcessApp

PROCESS = re.compile(r'<(?:\w+:)?process\b[^>]*\bid="([^"]+)"')
RUNS = re.compile(r'\bisExecutable="true"')
GROUPS = re.compile(r'candidateGroups="([^"=]+)"')
SERVICES = re.compile(r'<(?:\w+:)?(?:taskDefinition|executionListener|taskListener)\b[^>]*\btype="([^"=:]+)"')
FORMS = re.compile(r'<(?:\w+:)?formDefinition\b[^>]*\bformId="([^"=]+)"')
OWN = re.compile(r'<(?:\w+:)?(?:process|decision)\b[^>]*\bid="([^"]+)"')
CALLS = re.compile(r'\b(?:calledElement|processId|decisionId|decisionRef)="([^"=]+)"')
BESIDE = ("*.bpmn", "*.bpmn20.xml", "*.dmn", "decisions/*.dmn")


class NoProcess(Exception):
    """The file holds no process."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A diagram's app, and what was made up for it: forms with nothing to fill in, services that answer nothing."""

    app: ProcessApp
    stand_ins: list[str]


@contextmanager
def invited(file: Path) -> Iterator[Guest]:
    """This will yield the app of a diagram, with what it names and lies beside it. Raises NoProcess."""
    with TemporaryDirectory(prefix="bihuan-bench-") as name:
        folder = Path(name)
        for number, each in enumerate((file, *_named(file))):
            kind = ".dmn" if each.suffix == ".dmn" else ".bpmn"  # whatever the diagram's own file is called
            shutil.copy(each, folder / f"{number:02} {each.name.partition('.')[0]}{kind}")
        (folder / "forms").mkdir()
        for each in (*file.parent.glob("forms/*.json"), *file.parent.glob("forms/*.form")):
            shutil.copy(each, folder / "forms" / each.name)
        if (file.parent / "limits.yaml").exists():
            shutil.copy(file.parent / "limits.yaml", folder)
        app = app_of(file, folder)
        forms = _missing_forms(folder)
        for number, form in enumerate(forms):
            content = {"id": form, "type": "default", "schemaVersion": 19, "components": []}
            (folder / "forms" / f"stand-in-{number}.json").write_text(json.dumps(content), encoding="utf-8")
        yield Guest(app, [*(f"form {form}" for form in forms), *(f"service {type}" for type in sorted(app.services))])


def app_of(file: Path, folder: Path | None = None) -> ProcessApp:
    """This will return the app of a diagram: its roles are the candidate groups, its services answer nothing."""
    xml = _text(file)
    if PROCESS.search(xml) is None:
        raise NoProcess(NoProcess.__doc__)
    found = [tag for tag in re.findall(r"<(?:\w+:)?process\b[^>]*>", xml) if RUNS.search(tag)]
    process = PROCESS.search(found[0] if found else xml)
    assert process is not None
    texts = [xml, *map(_text, _named(file))]
    roles = {role.strip() for text in texts for groups in GROUPS.findall(text) for role in groups.split(",")}
    app = ProcessApp(
        name="model",
        title=file.stem,
        folder=folder or file.resolve().parent,
        process=process[1],
        roles={role: role for role in sorted(roles)},
        starters={process[1]: ("*",)},
    )
    for type in {type for text in texts for type in SERVICES.findall(text)}:
        app.service(type)(_answer_nothing)
    return app


def _answer_nothing(data: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    return {}


def _named(file: Path) -> list[Path]:
    """The diagrams and decisions beside a diagram whose processes or decisions it calls, and what those call."""
    beside = {
        name: path for kind in BESIDE for path in sorted(file.parent.glob(kind)) for name in OWN.findall(_text(path))
    }
    taken, wanted = [file], CALLS.findall(_text(file))
    there = set(OWN.findall(_text(file)))
    while wanted:
        name = wanted.pop()
        if name in beside and name not in there and beside[name] not in taken:
            taken.append(beside[name])
            there |= set(OWN.findall(_text(beside[name])))
            wanted += CALLS.findall(_text(beside[name]))
    return taken[1:]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _missing_forms(folder: Path) -> list[str]:
    asked = {form for path in folder.glob("*.bpmn") for form in FORMS.findall(_text(path))}
    for path in folder.glob("forms/*"):
        try:
            asked.discard(json.loads(path.read_bytes()).get("id"))
        except (ValueError, AttributeError):
            continue  # putting it in force says what is wrong with it
    return sorted(asked)
