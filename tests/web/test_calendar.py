"""The working calendar on the pages, in the API and at the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine import BihuanError, Engine, calendar_years, holiday_notices
from web import cli as command_line
from web.commands import installation

from .conftest import APP, Browser

Visit = Callable[[str], Browser]
NOTICE = """一、元旦：1月1日（周五）至3日（周日）放假，共3天。
二、春节：2月5日（周五）至11日（周四）放假调休，共7天。2月14日（周日）上班。"""
ROWS = {"name": ["元旦", "春节"], "first": ["2027-01-01", "2027-02-05"], "last": ["2027-01-03", "2027-02-11"]}
FORM = {**ROWS, "made_up": "2027-02-14", "hours": "09:00-12:00 13:00-17:00"}


def text(answer: Any) -> str:
    page: str = answer.get_data(as_text=True)
    return page


def test_a_year_is_shown_with_its_holidays_make_up_days_and_state(visit: Visit) -> None:
    root = visit("root")
    assert "暂定" in text(root.get("/admin/calendar/"))
    page = text(root.get("/admin/calendar/2026"))
    assert "国务院公布" in page
    assert page.count("day-made-up") == 6
    assert "248 个工作日" in page


def test_only_operators_see_the_calendar_pages(visit: Visit) -> None:
    for path in ("/admin/calendar/", "/admin/calendar/2027"):
        assert visit("carol").get(path).status_code == 403
    assert visit("carol").post("/admin/calendar/2027", **FORM, step="publish").status_code == 403


def test_a_year_is_published_after_a_preview_and_its_versions_stay(visit: Visit, engine: Engine) -> None:
    root = visit("root")
    page = text(root.post("/admin/calendar/2027", **FORM, step="preview"))
    assert "2027-02-14" in page
    assert "调休上班" in page
    assert engine.calendar.is_provisional(2027)
    assert root.post("/admin/calendar/2027", **FORM, note="国办发明电", step="publish").status_code == 303
    assert not engine.calendar.is_provisional(2027)
    assert not engine.calendar.is_workday(date(2027, 2, 11))
    assert engine.calendar.is_workday(date(2027, 2, 14))
    page = text(root.get("/admin/calendar/2027"))
    assert "第 1 版" in page
    assert "国办发明电" in page
    assert "与上一版相比" in page
    assert "暂定" in text(root.get("/admin/calendar/2027?version=0"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"hours": "9-17"}, "不符合 08:30-12:00 的写法"),
        ({"hours": "09:00-12:00 11:00-17:00"}, "重叠"),
        ({"hours": ""}, "没有填写办公时间"),
        ({"made_up": "2026-02-14"}, "不在本年度"),
        ({"made_up": "明天"}, "「调休上班日」（明天）"),
        ({"last": ["2026-12-01", "2027-02-11"]}, "「第 1 行节假日」"),
        ({"name": ["", "春节"]}, "没有填写名称"),
    ],
    ids=["form", "overlap", "none", "other-year", "no-day", "backwards", "nameless"],
)
def test_what_is_wrong_in_a_year_names_its_field(visit: Visit, wrong: dict[str, Any], words: str) -> None:
    answer = visit("root").post("/admin/calendar/2027", **{**FORM, **wrong}, step="preview")
    assert answer.status_code == 422
    assert words in text(answer)


def test_a_notice_fills_in_the_form(visit: Visit) -> None:
    page = text(visit("root").post("/admin/calendar/2027", **FORM, notice=NOTICE, step="read"))
    assert 'value="2027-02-11"' in page
    answer = visit("root").post("/admin/calendar/2027", **FORM, notice="各单位：请周知", step="read")
    assert (answer.status_code, "没有节假日" in text(answer)) == (422, True)


def test_the_lines_of_a_notice_are_read() -> None:
    marks = holiday_notices.read_notice(NOTICE, 2027)
    assert len(marks) == 11
    assert marks[date(2027, 2, 14)] == calendar_years.Mark(False, "调休上班")
    assert marks[date(2027, 1, 3)] == calendar_years.Mark(True, "元旦")
    with pytest.raises(calendar_years.YearInvalid):
        holiday_notices.read_notice("元旦：2月30日放假", 2027)


class TestCommands:
    @pytest.fixture
    def house_of_root(self, settings: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> str:
        monkeypatch.setenv("BIHUAN_DATABASE_URL", settings.database_url)
        monkeypatch.setenv("BIHUAN_FILES", str(settings.files))
        monkeypatch.setattr(installation, "process_apps", lambda: (APP,))
        return str(settings.database_url)

    @staticmethod
    def typed(*words: str) -> Any:
        return CliRunner().invoke(command_line.cli, list(words))

    def test_workdays_names_each_skipped_day_and_why(self) -> None:
        told = self.typed("workdays", "2026-09-30", "3", "--explain").output.splitlines()
        assert told[-1] == "2026-10-10"
        assert sum("2026-10-0" in line for line in told) == 7
        assert any(line.startswith("2026-10-10") for line in told[:-1])

    def test_workdays_names_a_provisional_year(self) -> None:
        told = self.typed("workdays", "2026-12-31", "3", "--explain").output
        assert "2027" in told.splitlines()[-2]
        assert told.splitlines()[-1] == "2027-01-06"

    @pytest.mark.parametrize(
        ("day", "count", "end"),
        [
            ("2026-09-30", "5", "2026-10-13"),
            ("2026-12-29", "5", "2027-01-06"),
            ("2027-01-06", "-5", "2026-12-29"),
            ("2026-10-15", "-15", "2026-09-18"),
            ("2026-03-31", "-20", "2026-03-03"),
            ("2026-10-01", "0", "2026-10-01"),
            ("0001-01-01", "0", "0001-01-01"),
            ("0001-01-01", "5", "0001-01-08"),
            ("9999-12-30", "-5", "9999-12-23"),
        ],
    )
    def test_workdays_counts_both_ways_to_the_ends_of_time(self, day: str, count: str, end: str) -> None:
        assert self.typed("workdays", day, count).output == f"{end}\n"
        told = self.typed("workdays", day, count, "--explain").output.splitlines()
        assert told[-1] == end
        assert day[:4].lstrip("0") in told[-2] or end[:4].lstrip("0") in told[-2]  # by which calendar

    @pytest.mark.parametrize(
        "words",
        [
            ("0001-01-01", "-1"),
            ("9999-12-31", "1"),
            ("2026-01-01", "40001"),
            ("2026-02-30", "1"),
            ("明天", "1"),
            ("2026-01-01", "两"),
        ],
    )
    def test_workdays_refuses_what_cannot_be_counted(self, words: tuple[str, str]) -> None:
        refused = CliRunner().invoke(command_line.cli, ["workdays", *words])
        assert refused.exit_code != 0
        problem = refused.exception
        assert isinstance(problem, SystemExit | BihuanError), problem

    @pytest.mark.usefixtures("house_of_root")
    def test_a_notice_is_published_and_counted_by(self, engine: Engine, tmp_path: Path) -> None:
        (tmp_path / "notice.txt").write_text(NOTICE, encoding="utf-8")
        file = str(tmp_path / "notice.txt")
        assert self.typed("calendar", "publish", file).exit_code == 2
        assert self.typed("calendar", "publish", file, "--year", "2027", "--dry-run").exit_code == 0
        assert engine.calendar.is_provisional(2027)
        assert self.typed("calendar", "publish", file, "--year", "2027", "--note", "国办").exit_code == 0
        assert not engine.calendar.is_provisional(2027)
        assert self.typed("workdays", "2027-02-10", "1").output == "2027-02-12\n"
        shown = json.loads(self.typed("calendar", "show", "2027").stdout)
        assert shown["work"] == {"2027-02-14": "调休上班"}


def test_programs_read_a_year_try_a_notice_and_publish_it(visit: Visit, engine: Engine) -> None:
    root = visit("root")
    assert root.get("/api/calendar/2027").get_json()["is_provisional"] is True
    tried = root.send("POST", "/api/calendar/2027", {"notice": NOTICE, "is_trial": True}).get_json()
    assert "2027-02-14" in tried["days"]
    assert engine.calendar.is_provisional(2027)
    assert root.send("POST", "/api/calendar/2027", {"notice": NOTICE}).get_json()["version"] == 1
    assert root.get("/api/calendar/2027").get_json()["work"] == {"2027-02-14": "调休上班"}
    assert root.send("POST", "/api/calendar/2027", {"notice": NOTICE}).status_code == 409
    refused = root.send("POST", "/api/calendar/2027", {"rest": {"2026-01-01": "元旦"}})
    assert (refused.status_code, "不在本年度" in refused.get_json()["detail"]) == (422, True)
    assert visit("carol").send("POST", "/api/calendar/2027", {"notice": NOTICE}).status_code == 403
