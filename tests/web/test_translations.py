"""Every sentence that officials read is in the Chinese catalog."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

import engine
import web
from engine import BihuanError

ROOT = Path(web.__file__).parent.parent
KEYWORDS = {"_": None, "N_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
PLACES = re.compile(r"%\(\w+\)[sd]|\{\w+\}")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with (ROOT / "web/translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale="zh")


def messages() -> Iterator[tuple[str, str]]:
    with (ROOT / "web/babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    for folder in ("web", "engine"):
        found = extract_from_dir(ROOT / folder, _below(methods, folder), options, keywords=KEYWORDS)
        for name, _line, words, _comments, _context in found:
            first = words[0] if isinstance(words, tuple) else words
            if first:
                yield first, f"{folder}/{name}"


def _below(methods: list[tuple[str, str]], folder: str) -> list[tuple[str, str]]:
    return [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in methods if pattern.startswith(folder)]


def test_every_sentence_has_its_chinese(catalog: Catalog) -> None:
    missing = {}
    count = 0
    for words, place in messages():
        count += 1
        found = catalog.get(words)
        string = found.string if found else ""
        if not (string[0] if isinstance(string, tuple) else string):
            missing[words] = place
    assert count > 200
    assert not missing


def test_the_chinese_fills_in_what_the_english_does(catalog: Catalog) -> None:
    wrong = []
    for message in catalog:
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        known = set(PLACES.findall(" ".join(ids)))
        wrong += [ids[0] for text in strings if message.id and not set(PLACES.findall(text)) <= known]
    assert not wrong


def test_every_error_of_engine_and_web_has_its_chinese(catalog: Catalog) -> None:
    for package in (engine, web):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" not in info.name:
                importlib.import_module(info.name)
    kinds = [kind for kind in _below_kind(BihuanError) if kind.__module__.partition(".")[0] in ("engine", "web")]
    assert len(kinds) > 20
    templates = {" ".join((kind.__doc__ or "").split()) for kind in kinds}
    missing = sorted(words for words in templates if not (found := catalog.get(words)) or not found.string)
    assert not missing


def _below_kind(kind: type[BihuanError]) -> Iterator[type[BihuanError]]:
    for below in kind.__subclasses__():
        yield below
        yield from _below_kind(below)
