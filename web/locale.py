"""The language of the pages: English message ids, a Chinese catalog, each person's own choice."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any, cast

from babel.messages.extract import extract_python
from flask import Blueprint, Flask, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_locale, get_translations, gettext
from flask_login import current_user

from engine import BihuanError, Sentence
from web import wording
from web.config import LOCALES

blueprint = Blueprint("locale", __name__)

YEAR = 365 * 24 * 3600  # seconds


def choose() -> str:
    """This will return the language of this request: chosen in this browser, else the person's, else the default.

    Programs choose theirs by the header Accept-Language.
    """
    from web import bearer, current

    chosen = request.cookies.get(cookie_name())
    if bearer.is_used() and request.headers.get("Accept-Language", "*") != "*":
        chosen = request.accept_languages.best_match(LOCALES)
    if chosen not in LOCALES and is_signed_in():
        chosen = current_user.person.locale
    return chosen if chosen in LOCALES else current.settings().locale


def is_signed_in() -> bool:
    """This will tell whether a person is known; after a fault of ours nobody is asked for any more."""
    return "fault" not in g and bool(current_user) and bool(current_user.is_authenticated)


def cookie_name() -> str:
    """This will return the cookie that keeps the choice: one a person, for several may share a machine."""
    return f"locale-{current_user.person.id}" if is_signed_in() else "locale"


def sentence(error: BihuanError | Sentence | str) -> str:
    """This will return the message of an engine's error in the language of the page, its details filled in.

    An engine's error class carries its English template as docstring; the template is the message id. Other sentences
    of the engine are looked up in the same way.
    """
    if isinstance(error, Sentence):
        return wording.said(error, gettext_verbatim)
    if not isinstance(error, BihuanError):
        return gettext_verbatim(error)
    if (said := error.text("zh" if str(get_locale()).startswith("zh") else "en")) is not None:
        return said
    details = {name: _detail(value) for name, value in error.details.items()}
    return gettext_verbatim(error.template).format_map(_Known(details))


def gettext_verbatim(text: str) -> str:
    """This will translate `text` as it stands, without filling anything in."""
    return str(gettext(text)) if text else ""


def _detail(value: Any) -> Any:
    from web.formatting import moment

    if isinstance(value, Sentence):
        return sentence(value)
    if hasattr(value, "isoformat"):
        return moment(value)
    return gettext_verbatim(value) if isinstance(value, str) else value


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


@blueprint.post("/language")
def switch() -> ResponseReturnValue:
    """This will change the language of the pages for this person in this browser."""
    from web import current
    from web.accounts import destination

    chosen = request.form.get("locale", "")
    response = redirect(destination(request.form.get("next")), 303)
    if chosen in LOCALES:
        response.set_cookie(
            cookie_name(), chosen, max_age=YEAR, secure=current.settings().https, httponly=True, samesite="Lax"
        )
    return response


def extract_sentences(
    file: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: Any
) -> Iterator[tuple[int, str | None, Any, list[str]]]:
    """This will give pybabel the sentences of a module: calls of gettext, and the docstrings of error classes."""
    # babel's own type of what it yields is not what it yields
    yield from cast(Any, extract_python)(file, keywords, comment_tags, options)
    file.seek(0)
    # not those of somebody else's module, which may be called like a class of ours
    known = {kind.__name__ for kind in _kinds(BihuanError) if kind.__module__.partition(".")[0] in ("engine", "web")}
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.ClassDef) and (words := ast.get_docstring(node)):
            bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
            if bases & known or node.name in known:
                yield node.lineno, "", " ".join(words.split()), []


def _kinds(kind: type[BihuanError]) -> Iterator[type[BihuanError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _catalog() -> Any:
    """The texts in the language of this request: looked up once, a page asks for hundreds."""
    if "catalog" not in g:
        g.catalog = get_translations()
    return g.catalog


def _translate(text: str) -> str:
    return str(_catalog().ugettext(text))


def ngettext(one: str, many: str, count: int) -> str:
    """This will write how many there are (`%(num)d`) in the language of this request: lists do so in every row."""
    return _translate_many(one, many, count) % {"num": count}


def _translate_many(one: str, many: str, count: int) -> str:
    return str(_catalog().ungettext(one, many, count))


def register(app: Flask) -> None:
    """This will let the pages of `app` speak the reader's language."""
    Babel(app, locale_selector=choose)
    app.register_blueprint(blueprint)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(_translate, _translate_many, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["locale"] = lambda: str(get_locale() or "zh")
    app.jinja_env.filters["translated"] = gettext_verbatim
    app.jinja_env.filters["sentence"] = sentence
