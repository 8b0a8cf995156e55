"""Sentences that the engine says and that pages and commands translate: a template and what fills it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


def N_(text: str) -> str:
    """This will return `text` as it is: the mark alone matters, the translation is looked up where it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in English with `{names}` in it; translations are looked up by the template."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format_map(self.values)
