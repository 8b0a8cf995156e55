"""What handlers did with tasks beside finishing them, as the history of a case tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext

SENTENCES: dict[str, Any] = {
    "delegated": lazy_gettext("Delegated: %(name)s"),
    "given_back": lazy_gettext("Delegated task answered: %(name)s"),
    "called_back": lazy_gettext("Delegated task called back: %(name)s"),
    "transferred": lazy_gettext("Transferred: %(name)s"),
    "signs_added": lazy_gettext("Signatures asked for: %(name)s"),
    "signed": lazy_gettext("Signed: %(name)s"),
    "sign_removed": lazy_gettext("Signature no longer asked for: %(name)s"),
    "submitted": lazy_gettext("Submitted, waits for signatures: %(name)s"),
    "sent_back": lazy_gettext("Returned: %(name)s"),
    "taken_back": lazy_gettext("Taken back: %(name)s"),
}
OUTCOMES: dict[str, Any] = {
    "agreed": lazy_gettext("Agreed"),
    "disagreed": lazy_gettext("Disagreed"),
    "removed": lazy_gettext("No longer asked for"),
    "sent_back": lazy_gettext("Returned"),
}
WHEN: dict[str, Any] = {
    "before": lazy_gettext("before the task goes on: %(to)s"),
    "parallel": lazy_gettext("beside the task: %(to)s"),
    "after": lazy_gettext("after it was submitted: %(to)s"),
}
TARGETS: dict[str, Any] = {
    "delegated": lazy_gettext("to %(to)s"),
    "given_back": lazy_gettext("to %(to)s"),
    "transferred": lazy_gettext("to %(to)s"),
    "sent_back": lazy_gettext("to the step “%(to)s”"),
    "sign_removed": lazy_gettext("of %(to)s"),
}


def note(kind: str, detail: Mapping[str, Any]) -> str:
    """This will tell to whom, when and why, beside a sentence about a verb."""
    words = WHEN.get(str(detail.get("when"))) if kind == "signs_added" else TARGETS.get(kind)
    parts = [str(words) % {"to": detail.get("to") or ""}] if words is not None else []
    if kind == "signed":
        parts.append(str(OUTCOMES["agreed" if detail.get("agrees") else "disagreed"]))
    if detail.get("text"):
        parts.append(str(detail["text"]))
    return str(gettext(": ")).join(parts)
