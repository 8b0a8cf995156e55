"""What a rung of a ladder does, in words: rules, their previews and the record of a case say it alike."""

from __future__ import annotations

from flask_babel import lazy_gettext

from engine import limit_definitions
from web import current
from web.formatting import role_title

DEEDS = {
    "remind": lazy_gettext("remind who has the task"),
    "notify": lazy_gettext("tell {role}"),
    "raise": lazy_gettext("raise the priority to {priority}"),
    "reassign": lazy_gettext("hand the task to {role}"),
    "message": lazy_gettext("send the message “{name}”"),
    "escalation": lazy_gettext("escalate as “{name}”"),
    "start": lazy_gettext("start the process “{name}”"),
}


def words(do: str, *, role: str = "", name: str = "", priority: int = 0) -> str:
    """This will say what is done; nothing when it is not known to whom or how far."""
    needed = {"role": role, "name": name, "priority": priority}.get(limit_definitions.NEEDED.get(do, ""), True)
    if do not in DEEDS or not needed:
        return ""
    title = process_title(name) if do == limit_definitions.START else name
    return str(DEEDS[do]).format(role=role_title(role), name=title, priority=priority)


def process_title(process_id: str) -> str:
    """This will name the main process of an app by the title of the app; any other by its id."""
    return next((app.title for app in current.engine().apps if app.process == process_id), process_id)
