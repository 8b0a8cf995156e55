"""Imports: the rows of a spreadsheet become cases; what cannot be taken goes into a report beside the file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from engine import messages, starting
from engine.access import SYSTEM, Actor
from engine.apps import ProcessApp
from engine.catalog import ZONE
from engine.errors import Invalid
from engine.forms import FormInvalid
from engine.runtime import Engine
from engine.spreadsheets import Row, Spreadsheet, open_spreadsheet, write_rows
from engine.starting import AlreadyImported
from engine.turn import Turn

log = logging.getLogger(__name__)

TOGETHER = 20  # rows of one transaction: waiting for the disk is much of what one takes
REPORT_ENDING = "未导入"
REPORT_COLUMNS = ("行号", "列", "原因")

Data = dict[str, Any]


class NothingToImport(Invalid):
    """The app “{app}” does not import spreadsheets."""


class ColumnsMissing(Invalid):
    """The file has no column {missing}. It has: {found}"""


class RowRefused(Invalid):
    """{reason}"""

    def __init__(self, column: str, reason: str) -> None:
        """This will be raised by an app for a row whose `column` holds something it cannot read."""
        self.column = column
        super().__init__(reason=reason)


@dataclass(frozen=True, kw_only=True)
class Importer:
    """How an app reads spreadsheets.

    `columns` names, for each path of the start form, the headers under which a file may hold it, the template's own
    first. `required` paths must have a column. `convert` makes form data of the cells by path and the day of the
    import, and raises RowRefused. `key` tells what a row is known by: a second row with the same key is not imported.
    """

    process: str
    columns: Mapping[str, Sequence[str]]
    required: Sequence[str] = ()
    convert: Callable[[Mapping[str, str], date], Data]
    key: Callable[[Mapping[str, str]], str]

    @property
    def template(self) -> list[str]:
        """This will return the headers of an empty file to fill in."""
        return [headers[0] for headers in self.columns.values()]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: rows read, of how many (None: not known), and what became of them."""

    read: int
    total: int | None
    imported: int
    known: int
    refused: int


@dataclass(slots=True)
class Imported:
    """What an import did. `known` rows had been imported before; `report` holds the `refused` ones."""

    read: int = 0
    imported: int = 0
    known: int = 0
    refused: int = 0
    report: Path | None = None
    numbers: list[str] = field(default_factory=list)


def import_file(
    engine: Engine,
    app: ProcessApp,
    path: Path,
    *,
    by: Actor = SYSTEM,
    unit_code: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Imported:
    """This will start a case for each row of a .csv or .xlsx file that the start form accepts.

    A few rows share a transaction, each whole or not at all, so that an import that was stopped can be called again.
    Refused rows are written beside the file with row, column and reason. Raises NothingToImport, ColumnsMissing,
    SpreadsheetUnreadable.
    """
    importer = app.importer
    by = replace(by, origin=f"import {path.name}")
    if not isinstance(importer, Importer):
        raise NothingToImport(app=app.name)
    with open_spreadsheet(path) as sheet:
        run = _Run(engine, app, importer, _paths(importer, sheet.headers), by, unit_code)
        result = run.result
        for rows in _groups(sheet.rows()):
            for _ in run.take(rows):
                if progress is not None:
                    progress(Progress(result.read, sheet.total, result.imported, result.known, result.refused))
        if run.refused:
            result.report = _report(path, sheet, run.refused)
    return result


@dataclass(frozen=True, slots=True)
class Ready:
    """A row as data of the start form, and what it is known by."""

    data: Data
    origin: str


Outcome = str | AlreadyImported | FormInvalid | RowRefused  # the number of the case, or why there is none


@dataclass(slots=True)
class _Run:
    """One import: `paths` holds the header of this file for each path of the form."""

    engine: Engine
    app: ProcessApp
    importer: Importer
    paths: Mapping[str, str]
    by: Actor
    unit_code: str | None
    result: Imported = field(default_factory=Imported)
    refused: list[tuple[Row, str, str]] = field(default_factory=list)

    def take(self, rows: Sequence[Row]) -> Iterator[Row]:
        """This will start a case for each row, or remember why not; yields each row when that is known."""
        today = self.engine.clock().astimezone(ZONE).date()
        read = [self.read(row, today) for row in rows]
        good = [each for each in read if isinstance(each, Ready)]
        outcomes = iter(self.start(good))
        for row, each in zip(rows, read, strict=True):
            self.note(row, next(outcomes) if isinstance(each, Ready) else each)
            yield row

    def read(self, row: Row, today: date) -> Ready | RowRefused:
        """This will return what a row says."""
        cells = {path: row.cells.get(header, "") for path, header in self.paths.items()}
        try:
            data = self.importer.convert(cells, today)
        except RowRefused as error:
            return error
        return Ready(data, f"{self.app.name}:{self.importer.key(cells)}"[:200])

    def start(self, rows: Sequence[Ready]) -> list[Outcome]:
        """This will start the cases of all rows at once; when that fails, one by one."""
        process, unit = self.importer.process, self.unit_code
        if len(rows) > 1:
            try:
                return self.engine.write(self.by, _start_all, process, rows, unit)
            except Exception:
                log.info("%s rows are imported one by one", len(rows), exc_info=True)
        return [outcome for row in rows for outcome in self.engine.write(self.by, _start_all, process, [row], unit)]

    def note(self, row: Row, outcome: Outcome) -> None:
        """This will count what became of a row."""
        self.result.read += 1
        if isinstance(outcome, AlreadyImported):
            self.result.known += 1
        elif isinstance(outcome, FormInvalid | RowRefused):
            self.result.refused += 1
            self.refused.extend((row, column, reason) for column, reason in _reasons(outcome, self.paths))
        else:
            self.result.imported += 1
            self.result.numbers.append(outcome)


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    going = iter(rows)
    while group := list(islice(going, TOGETHER)):
        yield group


def _start_all(turn: Turn, process: str, rows: Sequence[Ready], unit_code: str | None) -> list[Outcome]:
    """Only what is wrong with a row itself is caught: it is found out before anything of the row is written."""
    outcomes: list[Outcome] = []
    for row in rows:
        try:
            case = starting.start_by_person(turn, process, row.data, unit_code=unit_code, origin=row.origin)
        except (AlreadyImported, FormInvalid) as error:
            outcomes.append(error)
        else:
            messages.deliver_all(turn)
            outcomes.append(case.number)
    return outcomes


def _paths(importer: Importer, headers: Sequence[str]) -> dict[str, str]:
    """The header of this file for each path of the form that it holds. Raises ColumnsMissing."""
    by_name = {header.strip().lower(): header for header in headers}
    found = {}
    for path, names in importer.columns.items():
        header = next((by_name[name.lower()] for name in names if name.lower() in by_name), None)
        if header is not None:
            found[path] = header
    missing = [importer.columns[path][0] for path in importer.required if path not in found]
    if missing:
        raise ColumnsMissing(missing="、".join(missing), found="、".join(headers) or "-")
    return found


def _reasons(error: FormInvalid | RowRefused, paths: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if isinstance(error, FormInvalid):
        for path, sentences in error.errors.items():
            yield paths.get(path, path.partition(".")[0]), "；".join(sentences)
    else:
        yield paths.get(error.column, error.column), error.message


def _report(path: Path, sheet: Spreadsheet, refused: Sequence[tuple[Row, str, str]]) -> Path:
    report = path.with_name(f"{path.stem}.{REPORT_ENDING}{path.suffix.lower()}")
    rows = ([str(row.number), column, reason, *row.cells.values()] for row, column, reason in refused)
    write_rows(report, [*REPORT_COLUMNS, *sheet.headers], rows)
    return report
