"""Imports: the rows of a spreadsheet become cases; what cannot be taken goes into a report beside the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from engine.access import SYSTEM, Actor
from engine.apps import ProcessApp
from engine.catalog import ZONE
from engine.errors import Invalid
from engine.forms import FormInvalid
from engine.runtime import Engine
from engine.spreadsheets import Row, Spreadsheet, open_spreadsheet, write_rows
from engine.starting import AlreadyImported

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

    Each row is a transaction of its own, so that an import that was stopped can be called again. Refused rows are
    written beside the file with row, column and reason. Raises NothingToImport, ColumnsMissing, SpreadsheetUnreadable.
    """
    importer = app.importer
    by = replace(by, origin=f"import {path.name}")
    if not isinstance(importer, Importer):
        raise NothingToImport(app=app.name)
    with open_spreadsheet(path) as sheet:
        run = _Run(engine, app, importer, _paths(importer, sheet.headers), by, unit_code)
        result = run.result
        for row in sheet.rows():
            result.read += 1
            run.take(row)
            if progress is not None:
                progress(Progress(result.read, sheet.total, result.imported, result.known, result.refused))
        if run.refused:
            result.report = _report(path, sheet, run.refused)
    return result


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

    def take(self, row: Row) -> None:
        """This will start a case for a row, or remember why not. Only what is wrong with the row itself is caught."""
        cells = {path: row.cells.get(header, "") for path, header in self.paths.items()}
        try:
            data = self.importer.convert(cells, self.engine.clock().astimezone(ZONE).date())
            origin = f"{self.app.name}:{self.importer.key(cells)}"[:200]
            case = self.engine.start_case(
                self.importer.process, data, by=self.by, unit_code=self.unit_code, origin=origin
            )
        except AlreadyImported:
            self.result.known += 1
        except (FormInvalid, RowRefused) as error:
            self.result.refused += 1
            self.refused.extend((row, column, reason) for column, reason in _reasons(error, self.paths))
        else:
            self.result.imported += 1
            self.result.numbers.append(case.number)


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
