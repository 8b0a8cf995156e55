"""What the documents promise."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from web.cli import cli
from web.config import PREFIX, Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_the_readme_tells_each_setting_with_its_default(setting) -> None:  # type: ignore[no-untyped-def]
    row = next((line for line in README.splitlines() if f"`{PREFIX}{setting.name.upper()}`" in line), "")
    assert setting.metadata["help"] in row
    default = str(setting.default).lower() if isinstance(setting.default, bool) else str(setting.default)
    assert ("required" if setting.default is MISSING else default) in row


def test_the_readme_names_each_command() -> None:
    missing = [name for name in cli.commands if not re.search(rf"\b{name}\b", README)]
    assert not missing


def test_links_of_the_readme_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]
