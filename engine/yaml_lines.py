"""YAML that knows its lines: every mapping, every step of a scenario tells where it stands; texts stay as typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from engine.trials import ScenarioInvalid

KINDS = (  # the core schema of YAML 1.2: dates stay texts, 017 is no octal number, `no` is a word
    ("null", r"~|null|", "~n\0"),
    ("bool", r"true|false", "tf"),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]{1,3})?", "-+.0123456789"),
    ("merge", r"<<", "<"),
)


class Lined(dict[str, Any]):
    """A mapping of a `file`. `line` is where it begins, `lines` where each key stands (1 is the first)."""

    def __init__(self, file: str = "", line: int = 0) -> None:
        """This will begin empty."""
        super().__init__()
        self.file, self.line = file, line
        self.lines: dict[str, int] = {}

    def place(self, key: str = "") -> str:
        """This will say where a key stands: `a.yaml line 7`."""
        return f"{self.file} line {self.lines.get(key, self.line)}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a scenario: its verb, what is said to it, where it stands (`number` as in 3, or 2.1 in a part)."""

    number: str
    verb: str
    values: Lined

    @property
    def said(self) -> Any:
        """This will return what stands behind the verb."""
        return self.values[self.verb]

    def __str__(self) -> str:
        text = ", ".join(f"{name}: {value}" for name, value in self.values.items())
        return f"step {self.number} ({self.values.place(self.verb)}) {{{text}}}"


class _Loader(yaml.SafeLoader):
    """Reads exact numbers, and refuses a key that stands twice."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  PyYAML's own name and kind
    file = ""


for _kind, _pattern, _first in KINDS:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"(?:{_pattern})$"), [*_first, ""])


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Iterator[Lined]:
    found = Lined(loader.file, node.start_mark.line + 1)
    yield found
    for key, _ in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in found.lines and key.tag != "tag:yaml.org,2002:merge":
            raise ScenarioInvalid(problem=f"{loader.file} line {line}: {name} stands here for the second time")
        found.lines[name] = line
    found.update({str(key): value for key, value in loader.construct_mapping(node, deep=True).items()})


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(node.value))


def read(path: Path) -> Any:
    """This will read a YAML file. Raises ScenarioInvalid."""
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        loader.file = path.name
        return loader.get_single_data()
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioInvalid(problem=str(error)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" line {mark.line + 1}" if mark is not None else ""
        raise ScenarioInvalid(problem=f"{path.name}{place}: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ScenarioInvalid(problem=" ".join(str(error).split())) from None
