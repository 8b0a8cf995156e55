"""Writes one message of one or many notices, in the language of its reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine import feel
from engine.calendars import CHINA
from engine.channels import Letter
from engine.wordings import BUNDLE, DIGEST, Text

Data = Mapping[str, Any]
MOMENTS = ("due", "from", "until")  # details that are moments
LONGEST = 200  # characters of one value in a subject or body
MOST = 50  # notices that one message tells in full; it counts them all


@dataclass(frozen=True, slots=True)
class Home:
    """Where the pages are (https://bihuan.example; without it no text has a link) and how they are called."""

    address: str = ""
    title: str = ""


def write(id: str, told: Sequence[Data], texts: Mapping[tuple[str, str], Text], home: Home) -> Letter:
    """This will write a message of `told`: notices of one person, each with `person_name` and `person_locale`."""
    first = told[0]
    language, person = first["person_locale"], first["person_name"]
    if (first["kind"], language) not in texts:
        language = "zh"
    shared = {"person": person, "site": home.title}
    parts = [texts[row["kind"], language].fill({**shared, **_values(row, home.address)}) for row in told[:MOST]]
    if len(told) == 1 and not first["is_digest"]:
        subject, body = parts[0]
        return Letter(id, subject, body, person, home.title)
    items = "\n\n".join(f"{number}. {body}" for number, (_subject, body) in enumerate(parts, 1))
    items += "\n\n…" if len(told) > MOST else ""
    kind = DIGEST if any(row["is_digest"] for row in told) else BUNDLE
    link = f"{home.address}/notices" if home.address else ""
    subject, body = texts[kind, language].fill({**shared, "link": link, "count": len(told), "items": items})
    return Letter(id, subject, body, person, home.title)


def _values(row: Data, address: str) -> dict[str, str]:
    detail = feel.loads(row["detail"])
    values = {name: shown(name, value) for name, value in detail.items()}
    values |= {"case": row["case_number"], "title": row["case_title"]}
    values["link"] = f"{address}/notices/{row['id']}" if address else ""
    return values


def shown(name: str, value: Any) -> str:
    """This will write a detail of a notice as officials read it; braces of it are none of a text."""
    if name in MOMENTS and isinstance(value, str):
        return f"{datetime.fromisoformat(value).astimezone(CHINA):%Y-%m-%d %H:%M}"
    text = str(value if value is not None else "")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
