"""Attachments: what is taken, whose they are, where their bytes lie."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from uuid import uuid4

import pytest

from engine import Engine, FileEmpty, FileNotFound, FileRefused, FileTooLarge, FormInvalid, NotYourFile, queries
from engine.files import clean_name

JPEG = b"\xff\xd8\xff\xe0" + bytes(100)


def docx() -> bytes:
    """The beginnings of a Word document."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")
    return content.getvalue()


def upload(engine: Engine, by: Any, content: bytes = JPEG, name: str = "照片.jpg", **where: Any) -> Any:
    """This will upload a file."""
    return engine.attach(by=by, name=name, stream=io.BytesIO(content), **where)


def test_a_photo_of_the_start_form_belongs_to_the_case(engine: Engine, cast: Any) -> None:
    photo = upload(engine, cast.alice)
    case = engine.start_case(
        "repair", {"地点": "一楼", "情况": "漏水", "照片": [{"id": str(photo.id), "name": "照片.jpg"}]}, by=cast.alice
    )
    view = engine.read(queries.case, cast.bob, case.id)
    assert [(row.id, row.name, row.content_type) for row in view.attachments] == [(photo.id, "照片.jpg", "image/jpeg")]
    assert view.data["照片"] == [str(photo.id)]
    row, path = engine.open_attachment(photo.id, by=cast.bob)
    assert path.read_bytes() == JPEG
    assert row.sha256 == path.name
    with pytest.raises(NotYourFile):
        engine.open_attachment(photo.id, by=cast.charlie)


def test_nobody_names_the_file_of_somebody_else(engine: Engine, cast: Any) -> None:
    photo = upload(engine, cast.charlie)
    with pytest.raises(NotYourFile):
        engine.start_case("repair", {"地点": "一楼", "情况": "漏水", "照片": [str(photo.id)]}, by=cast.alice)
    with pytest.raises((FileNotFound, FormInvalid)):
        engine.start_case("repair", {"地点": "一楼", "情况": "漏水", "照片": [str(uuid4())]}, by=cast.alice)
    assert engine.read(queries.cases, cast.olga).total == 0
    with pytest.raises(NotYourFile):
        engine.open_attachment(photo.id, by=cast.alice)


def test_a_file_of_another_case_cannot_be_named(engine: Engine, cast: Any) -> None:
    first = engine.start_case("repair", {"地点": "一楼", "情况": "漏水"}, by=cast.alice)
    engine.start_case("repair", {"地点": "二楼", "情况": "漏水"}, by=cast.alice)
    photo = upload(engine, cast.bob, case_id=first.id)
    [task] = [task for task in engine.read(queries.inbox, cast.bob).items if task.case_id != first.id]
    with pytest.raises(NotYourFile):
        engine.complete_task(task.id, by=cast.bob, data={"处理": "换管", "凭证": [str(photo.id)]}, outcome="修好")
    [own] = [task for task in engine.read(queries.inbox, cast.bob).items if task.case_id == first.id]
    engine.complete_task(own.id, by=cast.bob, data={"处理": "换管", "凭证": [str(photo.id)]}, outcome="修好")


def test_attaching_is_in_the_history(engine: Engine, cast: Any) -> None:
    case = engine.start_case("repair", {"地点": "一楼", "情况": "漏水"}, by=cast.alice)
    upload(engine, cast.alice, case_id=case.id)
    [event] = [e for e in engine.read(queries.case, cast.alice, case.id).history if e.kind == "attached"]
    assert "照片.jpg" in event.detail
    assert event.actor == "甲@某镇"


def test_the_same_bytes_lie_in_the_store_once(engine: Engine, cast: Any) -> None:
    first, second = upload(engine, cast.alice), upload(engine, cast.bob, name="另一张.jpg")
    _row, path = engine.open_attachment(first.id, by=cast.alice)
    assert engine.open_attachment(second.id, by=cast.bob)[1] == path
    stored = [file for file in path.parents[2].rglob("*") if file.is_file()]
    assert stored == [path]


@pytest.mark.parametrize(
    ("content", "name", "taken"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "a.png", "image/png"),
        (b"%PDF-1.7\n", "a.pdf", "application/pdf"),
        (docx(), "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.png", None),
        (b"<html><script>alert(1)</script></html>", "a.jpg", None),
        (b"MZ\x90\x00", "a.pdf", None),
        (b"PK\x03\x04 not an archive", "a.docx", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20), "a.doc", "application/msword"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20), "a.msi", None),
    ],
)
def test_the_content_tells_what_a_file_is(
    engine: Engine, cast: Any, content: bytes, name: str, taken: str | None
) -> None:
    if taken is None:
        with pytest.raises(FileRefused):
            upload(engine, cast.alice, content, name)
    else:
        assert upload(engine, cast.alice, content, name).content_type == taken


def test_empty_and_huge_files_are_refused(engine: Engine, cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileEmpty):
        upload(engine, cast.alice, b"")
    with pytest.raises(FileTooLarge) as refused:
        upload(engine, cast.alice, JPEG + bytes(20 * 1024 * 1024))
    assert refused.value.details["limit"] == 20


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\图 片.jpg", "图 片.jpg"),
        ("a\x00b\r\n.jpg", "ab.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("...", "file"),
        ("长" * 300 + ".pdf", "长" * 196 + ".pdf"),
    ],
)
def test_file_names_are_made_harmless(given: str, kept: str) -> None:
    assert clean_name(given) == kept
