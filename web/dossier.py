"""What a page shows of a case: its data under the words of its forms, its files, its history as sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import url_for

from engine import Attachment, forms
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


@dataclass(frozen=True)
class Known:
    """What the words of a value are looked up in: files by id, and titles of register entries by register and code."""

    files: Mapping[str, File]
    title: Callable[[str, str], str]

    def facts(self, fields: Iterable[forms.FormField], data: Any) -> Iterator[Fact]:
        """This will go through the fields that hold something."""
        for asked in fields:
            content = _at(data, asked.path)
            if content not in (None, "", [], {}):
                yield self.fact(asked, content)

    def fact(self, asked: forms.FormField, content: Any) -> Fact:
        """This will return one value under its label."""
        if asked.type == "filepicker":
            return Fact(asked.path, asked.label, files=self.found(content))
        if asked.type == "dynamiclist" and isinstance(content, list):
            columns = [each.label for each in asked.fields]
            rows = [[self.text(each, _at(row, each.path)) for each in asked.fields] for row in content]
            return Fact(asked.path, asked.label, columns=columns, rows=rows)
        return Fact(asked.path, asked.label, self.text(asked, content))

    def text(self, asked: forms.FormField, content: Any) -> Any:
        """This will write one value in a line."""
        if asked.type == "filepicker":
            return written([file.name for file in self.found(content)])
        if asked.type == "register" and content:
            codes = content if isinstance(content, list) else [content]
            return written([self.title(str(asked.spec.get("register")), str(code)) for code in codes])
        if isinstance(content, Mapping) and {"lat", "lng"} <= set(content):
            return f"{content['lng']}, {content['lat']}"
        return written(content, asked.spec)

    def found(self, content: Any) -> list[File]:
        """This will return the files that a value names."""
        ids = content if isinstance(content, list) else [content]
        keys = (str(item.get("id") if isinstance(item, Mapping) else item) for item in ids)
        return [self.files[key] for key in keys if key in self.files]


def groups_of(data: Mapping[str, Any], schemas: Iterable[Mapping[str, Any]], known: Known) -> list[Group]:
    """This will put the case data under the labels of the forms that asked for it, each value once, in their order.

    What no form asks for (results of decisions, counters) is not for people and left out.
    """
    seen: set[str] = set()
    groups = []
    for schema in schemas:
        facts = [fact for fact in known.facts(forms.parse(schema).fields, data) if fact.key not in seen]
        seen.update(fact.key for fact in facts)
        if facts:
            groups.append(Group(str(schema.get("title") or ""), facts))
    return groups


def _at(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data.get(name) if isinstance(data, Mapping) else None
    return data
