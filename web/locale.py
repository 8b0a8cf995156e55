"""The language of the pages: English message ids, a Chinese catalog, each person's own choice."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import IO, Any

from flask import Blueprint, Flask, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_locale, gettext
from flask_login import current_user

from engine import BihuanError
from web.config import LOCALES

blueprint = Blueprint("locale", __name__)


def choose() -> str:
    """This will return the language of this request: chosen in this session, else the person's, else the default."""
    from web import current

    chosen = session.get("locale")
    if chosen not in LOCALES and current_user and current_user.is_authenticated:
        chosen = current_user.person.locale
    return chosen if chosen in LOCALES else current.settings().locale


def sentence(error: BihuanError | str) -> str:
    """This will return the message of an engine's error in the language of the page, its details filled in.

    An engine's error class carries its English template as docstring; the template is the message id.
    """
    if not isinstance(error, BihuanError):
        return gettext_verbatim(error)
    details = {name: _detail(value) for name, value in error.details.items()}
    return gettext_verbatim(error.template).format_map(_Known(details))


def gettext_verbatim(text: str) -> str:
    """This will translate `text` as it stands, without filling anything in."""
    return str(gettext(text)) if text else ""


def _detail(value: Any) -> Any:
    from web.formatting import moment

    if hasattr(value, "isoformat"):
        return moment(value)
    return gettext_verbatim(value) if isinstance(value, str) else value


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


@blueprint.post("/language")
def switch() -> ResponseReturnValue:
    """This will change the language of the pages, for this session and for the person from now on."""
    from web import current
    from web.accounts import destination

    chosen = request.form.get("locale", "")
    if chosen in LOCALES:
        session["locale"] = chosen
        if current_user.is_authenticated:
            current.engine().choose_locale(chosen, by=current.actor())
    return redirect(destination(request.form.get("next")))


def extract_errors(
    file: IO[bytes], keywords: Iterable[str], comment_tags: Iterable[str], options: dict[str, str]
) -> Iterator[tuple[int, str, str, list[str]]]:
    """This will give pybabel the docstrings of error classes: they are the messages of errors."""
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.ClassDef) and node.bases and (words := ast.get_docstring(node)) and _is_error(node):
            yield node.lineno, "", " ".join(words.split()), []


def _is_error(node: ast.ClassDef) -> bool:
    known = {kind.__name__ for kind in _kinds(BihuanError)}
    return node.name in known


def _kinds(kind: type[BihuanError]) -> Iterator[type[BihuanError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def register(app: Flask) -> None:
    """This will let the pages of `app` speak the reader's language."""
    Babel(app, locale_selector=choose)
    app.register_blueprint(blueprint)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.globals["locale"] = lambda: str(get_locale() or "zh")
    app.jinja_env.filters["translated"] = gettext_verbatim
