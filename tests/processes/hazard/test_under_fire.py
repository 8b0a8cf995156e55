"""The power goes out at every statement and around every commit while a hazard goes its way."""

from __future__ import annotations

from typing import Any

import pytest

from engine import TaskDone
from tests.fire import AFTER_COMMIT, BEFORE_COMMIT, Fire, PowerCut, photo, picture, require_sound

WAY = ("verify", "confirm_grade", "order", "countersign_order", "rectify", "accept", "close")


def test_a_hazard_is_as_before_or_as_after_wherever_the_power_goes_out(any_office: Any) -> None:
    office = any_office
    fire = Fire(office.engine)
    case = office.register()
    points = 0
    for step in WAY:
        before = picture(office.engine)
        at = 1
        while True:  # every statement of the step, until it is whole
            try:
                with fire.lit(at):
                    office.go(case, step)
            except PowerCut:
                assert picture(office.engine) == before, f"{step}, statement {at}"
                at += 1
                points += 1
            else:
                break
            if at == 4:
                require_sound(office.engine)
        assert fire.commits == 1, "a step is one transaction"
        require_sound(office.engine)
    assert points > 7 * len(WAY)
    assert office.open_tasks(case) == []


def test_a_commit_happened_or_did_not_and_the_next_try_tells_which(any_office: Any) -> None:
    office = any_office
    fire = Fire(office.engine)
    case = office.register()
    for step in WAY[:3]:
        before = picture(office.engine)
        with pytest.raises(PowerCut), fire.lit(BEFORE_COMMIT):
            office.go(case, step)
        assert picture(office.engine) == before
        task, handler = office.task(case, step), office.actor("kezhang1" if step == "confirm_grade" else "jianguan1")
        with pytest.raises(PowerCut), fire.lit(AFTER_COMMIT):
            office.go(case, step)
        assert picture(office.engine) != before
        require_sound(office.engine)
        with pytest.raises(TaskDone) as told:
            office.engine.complete_task(task.id, by=handler, data={})
        assert told.value.details["by"] == handler.name


def test_a_registration_with_a_photo_is_whole_or_not_there(any_office: Any) -> None:
    office = any_office
    office.register()  # what is read once is read
    fire = Fire(office.engine)
    reporter = office.actor("wangge1")
    file = office.engine.attach(by=reporter, name="现场.png", stream=photo())
    before = picture(office.engine)
    at = 1
    while True:
        try:
            with fire.lit(at):
                case = office.register(现场照片=[str(file.id)])
        except PowerCut:
            assert picture(office.engine) == before, at
            at += 1
        else:
            break
    assert at > 5
    require_sound(office.engine)
    assert case.number.endswith("0002"), "no number is lost"


def test_a_file_is_stored_whole_or_not_at_all(any_office: Any, tmp_path: Any) -> None:
    office = any_office
    case = office.register()
    before, fire, at = picture(office.engine), Fire(office.engine), 1
    while True:
        try:
            with fire.lit(at):
                office.engine.attach(by=office.actor("wangge1"), name="现场.png", stream=photo(), case_id=case.id)
        except PowerCut:
            assert picture(office.engine) == before, at
            at += 1
        else:
            break
    assert at > 3
    require_sound(office.engine)
    assert len([path for path in (tmp_path / "files").rglob("*") if path.is_file()]) == 1
