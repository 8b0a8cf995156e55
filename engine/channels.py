"""The only module that knows Apprise: sends one message to one address, and contacts nobody who was not configured.

A channel is an address of Apprise in which `{to}` stands for the person's own: a telephone number, a user id. The one
for mail names the server and the sender only; letters are written here, so that a letter sent again keeps its number.
Units may have robots of their own: they speak to their people, and to those below that have none.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from threading import get_ident
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from engine.calendars import CHINA
from engine.errors import Invalid
from engine.outgoing import FAILURES

MAIL: Final = "mail"
# what a person's address looks like in each of them
SHAPES: Final = {
    MAIL: re.compile(r"[^@\s<>,;\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,180}[A-Za-z0-9])?"),
    "sms": re.compile(r"\+?[0-9]{5,15}"),
    "dingtalk": re.compile(r"[\w.$:+-]{1,64}", re.ASCII),
    "wecom": re.compile(r"[\w.@+-]{1,64}", re.ASCII),
    "feishu": re.compile(r"[\w.@+-]{1,64}", re.ASCII),
    "webhook": re.compile(r"[\w.@:+-]{1,64}", re.ASCII),
}
CHANNELS: Final = tuple(SHAPES)
ROBOTS: Final = ("dingtalk", "wecom", "feishu")  # those that units may have of their own
SECONDS = 10.0  # to connect, and to wait for an answer
TO = "{to}"
EXAMPLE = "13800000000"
MOST_TEXT = 500  # characters of a reason that are kept


class ChannelInvalid(Invalid):
    """This is no address of Apprise that messages can be sent to."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to `name` from `site`; `id` stays the same when it is sent again."""

    id: str
    subject: str
    body: str
    name: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message: `error` is empty when it was taken; `is_final`: sending again is no use."""

    error: str = ""
    is_final: bool = False


class _Heard(logging.Handler):
    """Keeps what Apprise says in this thread: why it failed stands nowhere else."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread, self.lines = get_ident(), list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        """This will keep a warning."""
        if record.thread == self.thread:
            self.lines.append(record.getMessage())


class Channels:
    """The channels of an installation by name; without any nothing is ever sent."""

    def __init__(
        self, addresses: Mapping[str, str] | None = None, robots: Mapping[tuple[str, str], str] | None = None
    ) -> None:
        """This will know the channels that have an address of Apprise, and `robots` by code of unit and channel."""
        self._addresses = {name: address for name, address in (addresses or {}).items() if address}
        self._robots = dict(robots or {})

    @property
    def names(self) -> tuple[str, ...]:
        """This will return the channels that are configured."""
        known = {*self._addresses, *(channel for _unit, channel in self._robots)}
        return tuple(name for name in CHANNELS if name in known)

    def address(self, channel: str, units: Sequence[str] = ()) -> str | None:
        """This will return the robot of the nearest of `units` (codes, one's own first), else the installation's."""
        robots = (self._robots.get((unit, channel)) for unit in units)
        return next((robot for robot in robots if robot), self._addresses.get(channel))

    def needs_address(self, channel: str, units: Sequence[str] = ()) -> bool:
        """This will tell whether a person has to give an address; a robot that names none speaks to its group."""
        return channel == MAIL or TO in (self.address(channel, units) or "")

    def send(self, channel: str, to: str, letter: Letter, now: Any, units: Sequence[str] = ()) -> Receipt:
        """This will send a message to somebody of `units` and tell what became of it.

        It raises nothing for what goes wrong outside.
        """
        address = self.address(channel, units)
        if address is None:
            return Receipt("this channel is not configured", is_final=True)
        try:
            plugin = _open(address, to)
        except ChannelInvalid:
            return Receipt("the address is not one that this channel knows", is_final=True)
        if channel == MAIL:
            return _without_secrets(_mail(plugin, to, letter, now), address)
        return _without_secrets(_notify(plugin, letter), address)


def check(address: str) -> None:
    """This will look whether an address can be used, without contacting anybody. Raises ChannelInvalid."""
    _open(address, EXAMPLE)


def _open(address: str, to: str) -> Any:
    import apprise

    logger = logging.getLogger("apprise")
    logger.setLevel(logging.WARNING)  # it would tell everybody's address otherwise
    logger.propagate = False
    asset = apprise.AppriseAsset(secure_logging=True, storage_mode=apprise.PersistentStoreMode.MEMORY)
    plugin = apprise.Apprise.instantiate(address.replace(TO, quote(to, safe="")), asset=asset, suppress_exceptions=True)
    if plugin is None:
        raise ChannelInvalid
    plugin.redirects = False  # only who was configured is contacted
    plugin.socket_connect_timeout = plugin.socket_read_timeout = SECONDS
    plugin.request_rate_per_sec = 0
    return plugin


def _mail(plugin: Any, to: str, letter: Letter, now: Any) -> Receipt:
    import smtplib

    from apprise.plugins.email.smtp import AppriseSMTPController

    sender = plugin.from_addr[1]
    try:
        server = AppriseSMTPController(
            host=plugin.smtp_host,
            port=plugin.port,
            secure_mode=plugin.secure_mode,
            user=plugin.user,
            password=plugin.password,
            verify_certificate=plugin.verify_certificate,
            socket_connect_timeout=int(SECONDS),
        )
        with server as connection:
            # its own `sendmail` would tell only that something went wrong
            socket: Any = connection._socket
            socket.send_message(_written(plugin, to, letter, now), sender, [to])
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        return Receipt(f"{code} {_decoded(text)}"[:MOST_TEXT], is_final=code >= 500)
    except smtplib.SMTPResponseException as error:
        return Receipt(f"{error.smtp_code} {_decoded(error.smtp_error)}"[:MOST_TEXT])
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        return Receipt(_told(error))
    return Receipt()


def _told(error: Exception) -> str:
    known = (words for kind, words in FAILURES.items() if isinstance(error, kind))
    return next(known, f"{type(error).__name__}: {error}"[:MOST_TEXT])


def _decoded(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _written(plugin: Any, to: str, letter: Letter, now: Any) -> EmailMessage:
    message = EmailMessage()
    name, sender = plugin.from_addr
    message["From"] = formataddr((name or letter.site, sender))
    message["To"] = formataddr((letter.name, to))
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(now.astimezone(CHINA))
    message["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2] or 'bihuan'}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: holiday answers stay away
    message.set_content(letter.body, cte="base64")
    return message


def _notify(plugin: Any, letter: Letter) -> Receipt:
    from apprise import NotifyFormat, NotifyType

    if isinstance(getattr(plugin, "headers", None), dict):
        plugin.headers["Idempotency-Key"] = letter.id
    heard, logger = _Heard(), logging.getLogger("apprise")
    logger.addHandler(heard)
    try:
        is_sent = plugin.notify(
            body=letter.body, title=letter.subject, notify_type=NotifyType.INFO, body_format=NotifyFormat.TEXT
        )
    except (OSError, TypeError, ValueError) as error:
        return Receipt(_told(error))
    finally:
        logger.removeHandler(heard)
    return (
        Receipt() if is_sent else Receipt(" ".join(heard.lines)[:MOST_TEXT] or "the channel did not take the message")
    )


def _without_secrets(receipt: Receipt, address: str) -> Receipt:
    """What went wrong is shown to operators and kept: keys and passwords of the address are not."""
    if not receipt.error:
        return receipt
    error, parts = receipt.error, urlsplit(address)
    rest = f"{parts.username or ''} {parts.password or ''} {parts.path} {parts.query}"
    if parts.scheme not in ("json", "jsons", "form", "forms", "xml", "xmls", "mailto", "mailtos"):
        rest += " " + parts.netloc  # the key of a robot stands where others have the host
    for piece in sorted({unquote(piece) for piece in re.split(r"[\s/:@?&=]", rest)}, key=len, reverse=True):
        if len(piece) >= 6 and piece != TO:
            error = error.replace(piece, "…")
    return Receipt(error, receipt.is_final)
