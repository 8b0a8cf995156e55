"""What a page shows of a case: its data under the words of its forms, its files, its history as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import get_locale

from engine import Attachment, forms
from engine.forms import FormField
from web.formatting import value as written

PHOTOS = ("image/jpeg", "image/png", "image/gif", "image/webp")


@dataclass(frozen=True)
class File:
    """An attachment as pages show it."""

    id: str
    name: str
    size: int
    content_type: str
    url: str
    preview: str
    uploaded_at: datetime
    uploaded_by: str

    @property
    def is_photo(self) -> bool:
        """This will tell whether the file can be shown as a picture."""
        return self.content_type in PHOTOS

    def as_json(self) -> dict[str, Any]:
        """This will return what the form bundle shows of a file."""
        shown = ("id", "name", "size", "content_type", "url")
        return {name: getattr(self, name) for name in shown}


@dataclass(frozen=True)
class Fact:
    """One value of the case data under its label: a text, files, or rows of a table."""

    key: str
    label: str
    text: Any = ""
    files: list[File] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Group:
    """The values that one form asked for, under the form's title."""

    title: str
    facts: list[Fact]


def file_address(attachment_id: UUID | str) -> str:
    """This will return the address of an attachment."""
    return url_for("attachments.show", attachment_id=attachment_id)


def files_of(attachments: Iterable[Attachment], names: Mapping[int, str]) -> list[File]:
    """This will return attachments as pages show them; `names` are those of persons by id."""
    return [
        File(
            str(row.id),
            row.name,
            row.size,
            row.content_type,
            file_address(row.id),
            url_for("attachments.show_preview", attachment_id=row.id),
            row.uploaded_at,
            names.get(row.uploaded_by or 0, ""),
        )
        for row in attachments
        if row.removed_at is None
    ]


def groups_of(data: Mapping[str, Any], schemas: Iterable[Mapping[str, Any]], files: Sequence[File]) -> list[Group]:
    """This will put the case data under the labels of the forms that asked for it, each value once, in their order.

    What no form asks for (results of decisions, counters) is not for people and left out.
    """
    known = {file.id: file for file in files}
    seen: set[str] = set()
    groups = []
    for schema in schemas:
        facts = []
        for asked in forms.parse(schema).fields:
            content = _at(data, asked.path)
            if asked.path not in seen and content not in (None, "", [], {}):
                seen.add(asked.path)
                facts.append(_fact(asked, content, known))
        if facts:
            groups.append(Group(str(schema.get("title") or ""), facts))
    return groups


def _at(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def _fact(asked: FormField, content: Any, known: Mapping[str, File]) -> Fact:
    if asked.type == "filepicker":
        return Fact(asked.path, asked.label, files=list(_files(content, known)))
    if asked.type == "dynamiclist" and isinstance(content, list):
        columns = [each.label for each in asked.fields]
        rows = [[_text(each, _at(row, each.path), known) for each in asked.fields] for row in content]
        return Fact(asked.path, asked.label, columns=columns, rows=rows)
    return Fact(asked.path, asked.label, _text(asked, content, known))


def _text(asked: FormField, content: Any, known: Mapping[str, File]) -> Any:
    if asked.type == "filepicker":
        return written([file.name for file in _files(content, known)])
    if isinstance(content, Mapping) and {"lat", "lng"} <= set(content):
        return f"{content['lng']}, {content['lat']}"
    if content is None or isinstance(content, bool | list):
        return written(content, asked.spec)
    if asked.type in ("select", "radio", "checklist", "taglist", "datetime", "number"):
        return written(content, asked.spec)
    return asked.display(content, str(get_locale()))


def _files(content: Any, known: Mapping[str, File]) -> Iterator[File]:
    for item in content if isinstance(content, list) else [content]:
        key = str(item.get("id") if isinstance(item, Mapping) else item)
        if key in known:
            yield known[key]
