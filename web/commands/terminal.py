"""How the command line speaks: its language, its tables, and what it says when something fails."""

from __future__ import annotations

import gettext
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engine import BihuanError, Fault, Sentence
from web import faults, wording

TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"

FAULTY = 1
"""Exit code: the command ran, and what it was asked to do or to check failed."""
MISUSED = 2
"""Exit code: the command line or a setting is wrong; nothing was done."""
STOPPED = 130
"""Exit code: the user pressed Ctrl-C."""

# click asks the same domain for its own words ("Usage:", "Options"), so one catalog serves both.
gettext.bindtextdomain("messages", str(TRANSLATIONS))


def N_(message: str) -> str:
    """This will mark `message` for translation where the reader's language is not yet known."""
    return message


_OF_CLICK = (
    N_("Usage:"), N_("Options"), N_("Commands"), N_("Show this message and exit."), N_("Aborted!"),
    N_("Error: {message}"), N_("Try '{command} {option}' for help."), N_("Missing command."), N_("Missing argument"),
    N_("Missing option"), N_("Missing parameter"), N_("No such option {name!r}."), N_("No such command {name!r}."),
    N_("Invalid value: {message}"), N_("Invalid value for {param_hint}: {message}"), N_("default: {default}"),
    N_("required"), N_("file"), N_("directory"), N_("path"), N_("{name} {filename!r} does not exist."),
    N_("{value!r} is not a valid {number_type}."), N_("{value} is not in the range {range}."),
    N_("Repeat for confirmation"),
)  # fmt: skip  # named here so that the catalog keeps them
_SOURCES: dict[int, str] = {}  # the help texts as they are written, by the command or option they belong to


def _(message: str, /, **details: object) -> str:
    """This will return `message` in the reader's language, as LC_ALL, LC_MESSAGES and LANG tell it."""
    translated = gettext.gettext(message) if message else ""
    return translated.format(**details) if details else translated


def is_chinese() -> bool:
    """This will tell whether the reader's language is Chinese."""
    return any(Path(name).parts[-3].startswith("zh") for name in gettext.find("messages", str(TRANSLATIONS), all=True))


def say(message: str, style: str | None = None) -> None:
    """This will print a line for people, in the style `style` where the terminal has colours."""
    Console(highlight=False, soft_wrap=True).print(escape(message), style=style)


def say_wrong(message: str) -> None:
    """This will print a line on the error channel."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(escape(message), style="red")


def reason_of(fault: Fault) -> str:
    """This will return why something is a fault, in the reader's language."""
    return faults.reason(fault, _, is_chinese=is_chinese())


def message_of(error: BihuanError) -> str:
    """This will return the message of an error of the engine in the reader's language, its faults below it."""
    details = {name: _detail(value) for name, value in error.details.items()}
    message = error.text("zh" if is_chinese() else "en") or _(error.template).format_map(_Known(details))
    found: Iterable[Fault] = getattr(error, "faults", ())
    return "\n".join([message, *(f"{fault.name or fault.element or ''}: {reason_of(fault)}" for fault in found)])


def _detail(value: Any) -> Any:
    if isinstance(value, Sentence):
        return wording.said(value, _)
    return _(value) if isinstance(value, str) else value


def message_of_record(record: Mapping[str, Any]) -> str:
    """This will return the message of an error that was kept as template and details, in the reader's language."""
    if is_chinese() and record.get("chinese"):
        return str(record["chinese"])
    details = {name: _(value) if isinstance(value, str) else value for name, value in record.get("details", {}).items()}
    return _(record.get("template", "")).format_map(_Known(details))


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def show_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """This will print `rows` under `headings`, as wide as its longest cells: it may be piped to other programs."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(escape(heading), overflow="fold")
    for row in rows:
        table.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 10_000  # a pipe has no width: folding would split words
    console.print(table)


class Failed(click.ClickException):
    """The command failed; the message says why and what to do."""

    exit_code: int  # type: ignore[misc]  # click declares it once for the class

    def __init__(self, message: str, *, hint: str = "", exit_code: int = FAULTY) -> None:
        """This will end the command with `exit_code` after `message` and, on a line of its own, `hint`."""
        super().__init__(message)
        self.hint = hint
        self.exit_code = exit_code

    def show(self, file: Any = None) -> None:
        """This will print message and hint on the error channel."""
        say_wrong(self.format_message())
        if self.hint:
            Console(stderr=True, highlight=False, soft_wrap=True).print(escape(self.hint))


def read_text(path: Path) -> bytes:
    """This will return the bytes of the file at `path`, or fail with a sentence instead of a traceback."""
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise Failed(_("“{path}” cannot be read: {reason}", path=path, reason=reason)) from error


def localise(command: click.Command) -> None:
    """This will put the help texts of `command` and all below it into the reader's language."""
    command.help = _(_SOURCES.setdefault(id(command), command.help or "")) or None
    # what a list of commands shows: the first clause, for a line holds no more
    command.short_help = re.split(r"[.;:](?:\s|$)|[。；：（]", command.help or "")[0]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            parameter.help = _(_SOURCES.setdefault(id(parameter), parameter.help or "")) or None
    if isinstance(command, click.Group):
        for below in command.commands.values():
            localise(below)


def is_interactive() -> bool:
    """This will tell whether a person sits before the terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()
