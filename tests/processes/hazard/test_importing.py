"""Hazards come in from spreadsheets: good rows in, bad rows out, nothing twice."""

from __future__ import annotations

import csv
import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

from engine import Case, Engine, ProcessApp, imports
from engine.spreadsheets import SpreadsheetUnreadable
from processes.hazard import app
from processes.hazard.importing import IMPORTER, found_on, source

HEADERS = ["编号", "单位名称", "行业", "隐患部位", "隐患描述", "隐患类别", "隐患来源", "发现日期"]
GOOD = ["YH901", "某厂", "冶金", "一车间", "事故罐内堆有杂物", "2-02", "执法检查", "2026-03-01"]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """The published records, copied to where a report may be written."""
    return Path(shutil.copy(app.folder / "data" / "hazards.csv", tmp_path / "hazards.csv"))


def count(engine: Engine) -> int:
    return engine.read(lambda session: session.scalar(select(func.count()).select_from(Case)) or 0)


def write(path: Path, *rows: list[Any], headers: list[str] = HEADERS, encoding: str = "utf-8") -> Path:
    if path.suffix == ".csv":
        with path.open("w", encoding=encoding, newline="") as stream:
            csv.writer(stream).writerows([headers, *rows])
    else:
        book = Workbook()
        for row in (headers, *rows):
            book.worksheets[0].append(row)
        book.save(path)
    return path


def test_all_published_hazards_come_in_once_and_no_second_time(engine: Engine, clock: Any, published: Path) -> None:
    clock.now = datetime.fromisoformat("2026-11-21T04:00:00+00:00")  # when all their standards are in force
    seen: list[imports.Progress] = []
    first = imports.import_file(engine, app, published, unit_code="441702", progress=seen.append)
    assert (first.read, first.imported, first.known, first.refused, first.report) == (60, 60, 0, 0, None)
    assert [progress.read for progress in seen] == list(range(1, 61))
    assert {progress.total for progress in seen} == {60}
    second = imports.import_file(engine, app, published, unit_code="441702")
    assert (second.imported, second.known, second.refused) == (0, 60, 0)
    assert count(engine) == 60


def test_an_imported_hazard_keeps_what_was_published(engine: Engine, office: Any, clock: Any, published: Path) -> None:
    clock.now = datetime.fromisoformat("2026-11-21T04:00:00+00:00")
    numbers = imports.import_file(engine, app, published, unit_code="441702").numbers
    case = engine.read(lambda session: session.scalar(select(Case).where(Case.number == numbers[5])))
    assert case is not None
    data = office.data(case)
    assert data["行业"] == "有色"
    assert data["隐患部位"] == "铝加工深井铸造场所"
    assert data["隐患来源"] == "专项检查"
    assert data["判定条款"] == ["GM10-05-08"]
    assert data["整改建议"] == "完成液位与切断/排放阀联锁改造"
    assert case.unit_name == "江城区"


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_bad_rows_stand_in_a_report_with_row_column_and_reason(engine: Engine, tmp_path: Path, ending: str) -> None:
    rows = [
        GOOD,
        ["YH902", "某厂", "航天", "一车间", "短", "2-02", "执法检查", "2026-03-01"],
        [],
        ["YH903", "", "冶金", "一车间", "连铸车间没有报警", "9-99", "执法检查", "前天"],
        ["YH904", *GOOD[1:]],
    ]
    path = write(tmp_path / f"隐患{ending}", *rows)
    result = imports.import_file(engine, app, path)
    assert (result.read, result.imported, result.refused) == (4, 2, 2)
    assert result.report == tmp_path / f"隐患.未导入{ending}"
    if ending == ".csv":
        with result.report.open(encoding="utf-8-sig", newline="") as stream:
            told = list(csv.reader(stream))
    else:
        told = [[*row] for row in load_workbook(result.report).worksheets[0].iter_rows(values_only=True)]
    assert told[0] == ["行号", "列", "原因", *HEADERS]
    assert [(row[0], row[1]) for row in told[1:]] == [("3", "行业"), ("3", "隐患描述"), ("5", "发现日期")]
    assert "没有选项「航天」" in told[1][2]
    assert "「隐患描述」至少 5 个字" in told[2][2]
    assert "现为「前天」" in told[3][2]


def test_the_corrected_report_can_be_imported_again(engine: Engine, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", GOOD, ["YH902", "某厂", "航天", *GOOD[3:]])
    report = imports.import_file(engine, app, path).report
    assert report is not None
    report.write_text(report.read_text(encoding="utf-8-sig").replace("航天", "冶金"), encoding="utf-8-sig")
    again = imports.import_file(engine, app, report)
    assert (again.imported, again.known) == (1, 0)
    assert count(engine) == 2


def test_serial_numbers_that_begin_anew_in_each_file_do_not_hide_rows(engine: Engine, tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", ["1", *GOOD[1:]], ["2", *GOOD[1:4], "炉下渣坑有积水", *GOOD[5:]])
    second = write(tmp_path / "b.csv", ["1", *GOOD[1:4], "安全出口上锁且无标志", *GOOD[5:]], ["2", *GOOD[1:]])
    assert imports.import_file(engine, app, first).imported == 2
    result = imports.import_file(engine, app, second)
    assert (result.imported, result.known) == (1, 1)


def test_files_of_office_programs_in_china_are_read(engine: Engine, tmp_path: Path) -> None:
    old = write(tmp_path / "gb.csv", GOOD, encoding="gb18030")
    assert imports.import_file(engine, app, old).imported == 1
    dated = write(tmp_path / "date.xlsx", [905, *GOOD[1:7], date(2026, 3, 1)])
    assert imports.import_file(engine, app, dated).known == 0
    dotted = write(tmp_path / "dot.csv", ["YH906", *GOOD[1:7], "2026年3月1日"])
    assert imports.import_file(engine, app, dotted).imported == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "first row"),
        ("a.csv", b"\xff\xfe\x00\x01", "neither UTF-8 nor GB 18030"),
        ("a.xlsx", b"no zip", "zip"),
        ("a.xls", b"old", "only .csv and .xlsx"),
        ("a.csv", "编号,编号\n1,2\n".encode(), "stands twice"),
    ],
)
def test_a_file_that_is_no_spreadsheet_is_refused_whole(
    engine: Engine, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SpreadsheetUnreadable, match=said):
        imports.import_file(engine, app, path)


def test_a_file_without_needed_columns_names_them(engine: Engine, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ["某厂"], headers=["单位名称"])
    with pytest.raises(imports.ColumnsMissing) as caught:
        imports.import_file(engine, app, path)
    assert "行业、隐患描述、隐患类别、隐患来源、发现日期" in caught.value.message


def test_an_app_that_imports_nothing_says_so(engine: Engine, tmp_path: Path) -> None:
    other = ProcessApp(name="other", title="别的", folder=tmp_path, process="other")
    with pytest.raises(imports.NothingToImport):
        imports.import_file(engine, other, tmp_path / "a.csv")


def test_words_of_spreadsheets_become_choices_of_the_form() -> None:
    assert [source(text) for text in ("夜间暗访", "部级联合执法", "村居巡查员上报", "监理报告", "")] == [
        "执法检查",
        "联合检查",
        "网格巡查",
        "其他",
        "",
    ]
    assert [
        found_on(text, date(2026, 3, 2)) for text in ("", "2024", "2024.3.5", "2024年12月31日", "2024-01-02 08:30")
    ] == [
        "2026-03-02",
        "2024-01-01",
        "2024-03-05",
        "2024-12-31",
        "2024-01-02",
    ]
    assert IMPORTER.template[:3] == ["编号", "单位名称", "统一社会信用代码"]
