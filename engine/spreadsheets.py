"""Spreadsheets: rows of .csv and .xlsx files as text, one after the other."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TextIO
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from engine.errors import Invalid

MAX_ROWS = 200_000
MAX_COLUMNS = 500
MAX_CELL = 32_767  # characters, as in a spreadsheet program
ENCODINGS = ("utf-8-sig", "gb18030")  # what office programs in China write


class SpreadsheetUnreadable(Invalid):
    """{file} cannot be read: {reason}."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number in the file (the headers are row 1) and its cells by header, as text."""

    number: int
    cells: dict[str, str]


@dataclass(slots=True)
class Spreadsheet:
    """An open file; `total` rows below the headers, None when only reading tells."""

    file: Path
    headers: list[str]
    lines: Iterable[tuple[int, Sequence[Any]]]
    total: int | None

    def rows(self) -> Iterator[Row]:
        """This will yield the rows that hold anything. Raises SpreadsheetUnreadable."""
        try:
            for number, values in self.lines:
                cells = [cell_text(value) for value in values[: len(self.headers)]]
                if number > MAX_ROWS:
                    raise SpreadsheetUnreadable(file=self.file.name, reason=f"it has more than {MAX_ROWS} rows")
                if any(cells):
                    cells += [""] * (len(self.headers) - len(cells))
                    yield Row(number, dict(zip(self.headers, cells, strict=True)))
        except (csv.Error, UnicodeDecodeError, BadZipFile, ValueError, KeyError) as error:
            raise SpreadsheetUnreadable(file=self.file.name, reason=str(error)) from error


@contextmanager
def open_spreadsheet(path: Path) -> Iterator[Spreadsheet]:
    """This will open a .csv file (UTF-8 or GB 18030) or the first sheet of an .xlsx file.

    Raises SpreadsheetUnreadable.
    """
    ending = path.suffix.lower()
    if ending not in READERS:
        reason = "only .csv and .xlsx are read; save it as one of them"
        raise SpreadsheetUnreadable(file=path.name, reason=reason)
    with READERS[ending](path) as sheet:
        yield sheet


@contextmanager
def _open_csv(path: Path) -> Iterator[Spreadsheet]:
    try:
        encoding, total = _encoding(path)
        with path.open(encoding=encoding, newline="") as stream:
            lines = csv.reader(stream, delimiter=_delimiter(stream))
            headers = _headers(path, next(lines, []))
            yield Spreadsheet(path, headers, ((lines.line_num, line) for line in lines), total)
    except OSError as error:
        raise SpreadsheetUnreadable(file=path.name, reason=error.strerror or str(error)) from error


@contextmanager
def _open_xlsx(path: Path) -> Iterator[Spreadsheet]:
    try:
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError) as error:
        raise SpreadsheetUnreadable(file=path.name, reason=str(error)) from error
    try:
        sheet = book.worksheets[0]
        lines = sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS)
        headers = _headers(path, [cell_text(value) for value in next(lines, ())])
        total = (sheet.max_row or 1) - 1
        yield Spreadsheet(path, headers, ((number, line) for number, line in enumerate(lines, 2)), total)
    finally:
        book.close()


READERS: dict[str, Callable[[Path], Any]] = {".csv": _open_csv, ".xlsx": _open_xlsx}


def write_rows(path: Path, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """This will write a .csv file (UTF-8 with a mark that office programs know) or an .xlsx file."""
    if path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(headers)
            writer.writerows(rows)
        return
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in ([*headers], *([*row] for row in rows)):
        sheet.append(row)
    book.save(path)


def cell_text(value: Any) -> str:
    """This will return a cell as text: days as 2026-11-21, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()[:MAX_CELL]


def _headers(path: Path, values: Sequence[str]) -> list[str]:
    headers = [value.strip() for value in values[:MAX_COLUMNS]]
    while headers and not headers[-1]:
        headers.pop()
    if not headers:
        raise SpreadsheetUnreadable(file=path.name, reason="its first row does not name the columns")
    named = [header for header in headers if header]
    if len(set(named)) < len(named):
        twice = next(header for header in named if named.count(header) > 1)
        raise SpreadsheetUnreadable(file=path.name, reason=f"the column {twice} stands twice in its first row")
    return [header or f"#{number}" for number, header in enumerate(headers, 1)]


def _encoding(path: Path) -> tuple[str, int]:
    """The encoding that fits the whole file, and how many lines follow the first."""
    for encoding in ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        lines = 0
        try:
            with path.open("rb") as stream:
                while block := stream.read(1 << 20):
                    lines += decoder.decode(block).count("\n")
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding, max(lines - 1, 0)
    raise SpreadsheetUnreadable(file=path.name, reason="its text is neither UTF-8 nor GB 18030")


def _delimiter(stream: TextIO) -> str:
    first = stream.readline()
    stream.seek(0)
    return max(",;\t", key=first.count)
