"""What marshmallow says of a wrong value reaches people in their language, by the API and on pages."""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from marshmallow import Schema, ValidationError, fields, validate

from web import value_reasons

from .conftest import Browser

CATALOG = gettext.GNUTranslations(
    (Path(value_reasons.__file__).parent / "translations" / "zh" / "LC_MESSAGES" / "messages.mo").open("rb")
)
CHINESE = re.compile(r"[一-鿿]")
FILL = {"obj_type": "datetime", "awareness": "aware", "input": "x"}


def sentences_of_fields() -> Iterator[str]:
    for kind in vars(fields).values():
        if isinstance(kind, type) and issubclass(kind, fields.Field):
            for template in kind.default_error_messages.values():
                yield str(template).format_map({**FILL, "choices": "a, b"})


VALIDATORS: list[tuple[Callable[[object], object], object]] = [
    (validate.Length(2, 3), "x"),
    (validate.Length(equal=3), "x"),
    (validate.Length(max=2), "xxx"),
    (validate.Length(min=2), "x"),
    (validate.Range(1, 5), 9),
    (validate.Range(min=1), 0),
    (validate.Range(max=1), 2),
    (validate.Range(1, min_inclusive=False), 1),
    (validate.Range(max=1, max_inclusive=False), 1),
    (validate.OneOf(["a", "b"]), "c"),
    (validate.NoneOf(["a"]), "a"),
    (validate.Equal(3), 4),
    (validate.Regexp("a+"), "b"),
    (validate.ContainsOnly(["a"]), ["b"]),
    (validate.ContainsNoneOf(["a"]), ["a"]),
    (validate.URL(), "x"),
    (validate.Email(), "x"),
]


def sentences_of_validators() -> Iterator[str]:
    for check, value in VALIDATORS:
        with pytest.raises(ValidationError) as refused:
            check(value)
        yield from map(str, refused.value.messages)
    with pytest.raises(ValidationError) as refused:
        Schema.from_dict({})().load({"more": 1})
    yield str(refused.value.messages_dict["more"][0])


def test_every_sentence_of_marshmallow_has_its_chinese() -> None:
    every = [*sentences_of_fields(), *sentences_of_validators()]
    said = {text: value_reasons.told(text, CATALOG.gettext) for text in every}
    assert len(said) > 40
    assert {text for text, words in said.items() if not CHINESE.search(words)} == set()
    assert said["Length must be between 2 and 3."] == "须为 2 至 3 个字（项）。"
    assert said["Must be one of: a, b."] == "只能是下列之一：a, b。"


def test_the_api_tells_each_field_in_the_language_of_the_reader(visit: Callable[[str], Browser]) -> None:
    answer = visit("root").send("POST", "/api/cases", {"process": 3, "strange": 1})
    assert answer.status_code == 422
    told = answer.get_json()["errors"]
    assert told
    for texts in told.values():
        assert all(CHINESE.search(text) for text in texts), told
