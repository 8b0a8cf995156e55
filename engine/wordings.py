"""The texts of messages that leave the house: those that come with the program, and those that operators wrote.

A text has places such as {task} that are filled in; which ones a kind knows stands in `PLACES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import notices
from engine.access import require_operator
from engine.errors import Invalid, NotFound
from engine.models import Person, Wording
from engine.turn import Turn

LANGUAGES: Final = ("zh", "en")
BUNDLE, DIGEST = "bundle", "digest"
KINDS: Final = (*notices.SENTENCES, BUNDLE, DIGEST)
LONGEST_SUBJECT, LONGEST_BODY = 200, 4000
_EVERY, _OF_CASE = ("person", "site", "link"), ("case", "title")
_MORE: Final[Mapping[str, tuple[str, ...]]] = {
    notices.LIMIT_NEAR: (*_OF_CASE, "limit", "due", "task"),
    notices.LIMIT_OVER: (*_OF_CASE, "limit", "due", "task"),
    notices.TOLD_OF_LIMIT: (*_OF_CASE, "limit", "due", "name"),
    notices.ASSIGNED: (*_OF_CASE, "task"),
    notices.COPIED: (*_OF_CASE, "by", "text"),
    notices.SUBSTITUTE: ("name", "from", "until"),
    notices.LEFT_ALONE: ("name", "substitute", "until"),
    notices.INCIDENT: (*_OF_CASE, "task", "reason"),
    notices.TRIAL: (),
    BUNDLE: ("count", "items"),
    DIGEST: ("count", "items"),
}
PLACES: Final = {kind: (*_EVERY, *_MORE.get(kind, (*_OF_CASE, "task", "by", "text"))) for kind in KINDS}
_ZH = "{title}（{case}）\n{link}"
_EN = "{title} ({case})\n{link}"
SHIPPED: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "zh": {
        notices.LIMIT_NEAR: ("临期提醒：{limit}", "「{limit}」将于 {due} 到期，请及时办理。\n" + _ZH),
        notices.LIMIT_OVER: ("超期提醒：{limit}", "「{limit}」已于 {due} 到期，现已超期，请立即办理。\n" + _ZH),
        notices.TOLD_OF_LIMIT: ("时限督办：{limit}", "您督办的案件时限「{limit}」（{due} 到期）：{name}。\n" + _ZH),
        notices.ASSIGNED: ("新待办：{task}", "「{task}」已交您办理。\n" + _ZH),
        notices.RETURNED: ("退回：{task}", "{by}将「{task}」退回给您。{text}\n" + _ZH),
        notices.DELEGATED: ("委派：{task}", "{by}委派您办理「{task}」，办完后交回。{text}\n" + _ZH),
        notices.TRANSFERRED: ("转办：{task}", "{by}将「{task}」转给您办理。{text}\n" + _ZH),
        notices.GIVEN_BACK: ("委派已交回：{task}", "{by}已办理「{task}」，现交回给您。{text}\n" + _ZH),
        notices.CALLED_BACK: ("委派已收回：{task}", "{by}已收回委派给您的「{task}」。{text}\n" + _ZH),
        notices.SIGN_ASKED: ("请会签：{task}", "{by}请您就「{task}」签署意见。{text}\n" + _ZH),
        notices.URGED: ("催办：{task}", "{by}催您尽快办理「{task}」。{text}\n" + _ZH),
        notices.COPIED: ("抄送：{title}", "{by}将案件抄送给您。{text}\n" + _ZH),
        notices.WITHDRAWN: ("待办撤回：{task}", "「{task}」不再需要您办理：案件已转入其他环节。\n" + _ZH),
        notices.SUBSTITUTE: ("代办：{name}", "{from} 至 {until}，由您代{name}办理工作。\n{link}"),
        notices.LEFT_ALONE: (
            "无人代办：{name}",
            "{substitute} 已离岗，{until} 之前无人代{name}办理工作，请另行安排。\n{link}",
        ),
        notices.INCIDENT: ("运行异常：{case}", "案件在「{task}」停住：{reason}\n" + _ZH),
        notices.TRIAL: ("测试消息", "这是一条测试消息，您可以通过此渠道收到消息。"),
        BUNDLE: ("{count} 条消息", "{person}，您好：\n\n{items}"),
        DIGEST: ("每日汇总：{count} 条消息", "{person}，您好：\n\n{items}"),
    },
    "en": {
        notices.LIMIT_NEAR: ("Due soon: {limit}", "“{limit}” ends on {due}: please see to it in time.\n" + _EN),
        notices.LIMIT_OVER: ("Overdue: {limit}", "“{limit}” ended on {due} and is exceeded: act now.\n" + _EN),
        notices.TOLD_OF_LIMIT: ("Limit: {limit}", "“{limit}” (due {due}) of a case you oversee: {name}.\n" + _EN),
        notices.ASSIGNED: ("New task: {task}", "“{task}” was assigned to you.\n" + _EN),
        notices.RETURNED: ("Returned: {task}", "{by} returned “{task}” to you. {text}\n" + _EN),
        notices.DELEGATED: (
            "Delegated: {task}",
            "{by} asks you to work on “{task}” and to give it back. {text}\n" + _EN,
        ),
        notices.TRANSFERRED: ("Handed on: {task}", "{by} handed “{task}” on to you. {text}\n" + _EN),
        notices.GIVEN_BACK: ("Given back: {task}", "{by} has worked on “{task}” and gives it back. {text}\n" + _EN),
        notices.CALLED_BACK: ("Called back: {task}", "{by} has called “{task}” back from you. {text}\n" + _EN),
        notices.SIGN_ASKED: ("Please sign: {task}", "{by} asks you to sign “{task}”. {text}\n" + _EN),
        notices.URGED: ("Urged: {task}", "{by} asks you to do “{task}” soon. {text}\n" + _EN),
        notices.COPIED: ("Copy: {title}", "{by} sent you a copy of this case. {text}\n" + _EN),
        notices.WITHDRAWN: ("Gone: {task}", "“{task}” no longer waits for you: the case went another way.\n" + _EN),
        notices.SUBSTITUTE: ("Acting for {name}", "You act for {name} from {from} to {until}.\n{link}"),
        notices.LEFT_ALONE: (
            "Nobody acts for {name}",
            "{substitute} has left: nobody acts for {name} until {until}.\n{link}",
        ),
        notices.INCIDENT: ("Standstill: {case}", "The case stands still at “{task}”: {reason}\n" + _EN),
        notices.TRIAL: ("Trial message", "This is a trial message: by this way messages reach you."),
        BUNDLE: ("{count} messages", "Dear {person},\n\n{items}"),
        DIGEST: ("Today: {count} messages", "Dear {person},\n\n{items}"),
    },
}
EXAMPLE: Final[Mapping[str, str]] = {
    "person": "张三",
    "site": "闭环",
    "link": "https://bihuan.example/tasks/1",
    "case": "YH-420101-2026-001",
    "title": "配电室门口堆放杂物",
    "limit": "整改期限",
    "due": "2026-11-26 24:00",
    "task": "复查验收",
    "name": "整改",
    "by": "李四",
    "text": "请核对照片。",
    "from": "2026-11-23 08:00",
    "until": "2026-11-27 18:00",
    "substitute": "王五",
    "reason": "估价 is not a number",
    "count": "3",
    "items": "1. …\n\n2. …\n\n3. …",
}


class WordingInvalid(Invalid):
    """The text cannot be kept: {reason}."""


class PlaceUnknown(WordingInvalid):
    """There is no place {{{place}}} in this text; known are {known}."""


class BracesWrong(WordingInvalid):
    """A brace stands alone or holds more than a name; write {{{{ and }}}} for braces that are meant."""


class WordingEmpty(WordingInvalid):
    """Subject and text are both needed."""


class WordingTooLong(WordingInvalid):
    """A subject has up to {subject} characters, a text up to {body}."""


class WordingNotFound(NotFound):
    """There is no text of this kind in this language."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text in force. `version` 0 is the one that came with the program."""

    kind: str
    language: str
    subject: str
    body: str
    version: int = 0
    made_at: datetime | None = None
    made_by: str = ""
    is_reset: bool = False

    @property
    def is_shipped(self) -> bool:
        """This will tell whether it is the text that came with the program."""
        return self.version == 0 or self.is_reset

    def fill(self, values: Mapping[str, Any]) -> tuple[str, str]:
        """This will return subject and body with their places filled in; what is not known stays empty."""
        known = _Filled(values)
        body = self.body.format_map(known)
        lines = [line.rstrip() for line in body.splitlines()]
        return " ".join(self.subject.format_map(known).split()), "\n".join(lines).strip()


class _Filled(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def shipped(kind: str, language: str) -> Text:
    """This will return the text that came with the program. Raises WordingNotFound."""
    if language not in LANGUAGES or kind not in KINDS:
        raise WordingNotFound
    return Text(kind, language, *SHIPPED[language][kind])


def check(kind: str, subject: str, body: str) -> None:
    """This will refuse a text with a place that its kind does not know. Raises WordingInvalid."""
    if not subject.strip() or not body.strip():
        raise WordingEmpty
    if len(subject) > LONGEST_SUBJECT or len(body) > LONGEST_BODY:
        raise WordingTooLong(subject=LONGEST_SUBJECT, body=LONGEST_BODY)
    for text in (subject, body):
        try:
            parts = list(Formatter().parse(text))
        except ValueError as error:
            raise BracesWrong from error
        for _text, place, form, conversion in parts:
            if place is None:
                continue
            if place not in PLACES[kind]:
                raise PlaceUnknown(place=place, known=", ".join(PLACES[kind]))
            if form or conversion:
                raise BracesWrong


def current(session: Session) -> dict[tuple[str, str], Text]:
    """This will return all texts in force by kind and language."""
    newest = select(func.max(Wording.id)).group_by(Wording.kind, Wording.language)
    found = {(kind, language): shipped(kind, language) for language in LANGUAGES for kind in KINDS}
    for row in _rows(session, Wording.id.in_(newest)):
        if (row.kind, row.language) in found:
            found[row.kind, row.language] = row
    return found


def versions(session: Session, kind: str, language: str) -> list[Text]:
    """This will list all texts of a kind, the newest first, at last the one that came with the program."""
    first = shipped(kind, language)
    return [*_rows(session, Wording.kind == kind, Wording.language == language), first]


def _rows(session: Session, *where: Any) -> list[Text]:
    rows = select(Wording, Person.name).outerjoin(Person, Person.id == Wording.made_by).where(*where)
    return [
        Text(
            row.kind,
            row.language,
            *(SHIPPED[row.language][row.kind] if row.is_reset else (row.subject, row.body)),
            row.version,
            row.made_at,
            name or "",
            row.is_reset,
        )
        for row, name in session.execute(rows.order_by(Wording.id.desc()))
        if row.kind in KINDS and row.language in LANGUAGES
    ]


def change(turn: Turn, kind: str, language: str, subject: str, body: str) -> Text:
    """This will put a text in force. Raises OperatorsOnly, WordingInvalid, WordingNotFound."""
    require_operator(turn.by)
    shipped(kind, language)
    body = body.replace("\r\n", "\n")
    check(kind, subject, body)
    return _add(turn, kind, language, subject=subject.strip(), body=body.strip())


def reset(turn: Turn, kind: str, language: str) -> Text:
    """This will put the text that came with the program in force again. Raises OperatorsOnly, WordingNotFound."""
    require_operator(turn.by)
    shipped(kind, language)
    return _add(turn, kind, language, is_reset=True)


def _add(turn: Turn, kind: str, language: str, **values: Any) -> Text:
    newest = select(func.max(Wording.version)).where(Wording.kind == kind, Wording.language == language)
    version = (turn.session.scalar(newest) or 0) + 1
    made = {"made_at": turn.now, "made_by": turn.by.person_id}
    turn.session.add(Wording(kind=kind, language=language, version=version, **made, **values))
    turn.session.flush()
    return versions(turn.session, kind, language)[0]
