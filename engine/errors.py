"""What can go wrong, in four kinds: the kind decides how a caller answers, the class docstring is the message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class BihuanError(Exception):
    """Something in the engine went wrong."""

    def __init__(self, **details: Any) -> None:
        """This will keep `details`; they fill the `{names}` of the message."""
        self.details = details
        super().__init__(self.message)

    @property
    def template(self) -> str:
        """This will return the message before its details are filled in; translations are looked up by it."""
        return " ".join((type(self).__doc__ or "").split())

    @property
    def message(self) -> str:
        """This will return the message in English with its details filled in."""
        return self.template.format_map(_Known(self.details))

    def text(self, language: str = "zh") -> str | None:
        """This will say in `language` what is wrong where the error knows how; None: translate its template."""
        return None


class NotFound(BihuanError):
    """There is no such thing."""


class Refused(BihuanError):
    """You may not do this."""


class Conflict(BihuanError):
    """This was changed by somebody else in the meantime."""


class Invalid(BihuanError):
    """The data is not valid."""


class Unavailable(BihuanError):
    """This cannot be done at the moment; nothing was changed."""


class DiskFull(Unavailable):
    """The disk of the server is full; nothing was saved. The operator has to make room."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a diagram, a decision, a form or a row; `reason` is for people and names the rule."""

    reason: str
    element: str | None = None
    name: str | None = None
    line: int | None = None
    code: str | None = None

    def __str__(self) -> str:
        where = " ".join(
            part for part in (self.name and f"“{self.name}”", self.element and f"({self.element})") if part
        )
        return f"{where}: {self.reason}" if where else self.reason


class FaultsFound(Invalid):
    """{count} faults were found."""

    def __init__(self, faults: list[Fault], **details: Any) -> None:
        """This will carry all `faults` in one answer."""
        self.faults = faults
        super().__init__(count=len(faults), **details)

    def __str__(self) -> str:
        return "\n".join([self.message, *map(str, self.faults)])


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
