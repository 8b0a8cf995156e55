"""All settings in one typed place: environment variables `BIHUAN_*`. A wrong one stops the start and is named."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from engine import Channels, Home

PREFIX = "BIHUAN_"
LOCALES = ("zh", "en")
T = TypeVar("T")


class WrongSetting(Exception):
    """A setting is missing or wrong; the message begins with its name."""


def _text(value: str) -> str:
    return value


def _truth(value: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if value.lower() not in known:
        raise ValueError("use true or false")
    return known[value.lower()]


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ValueError(f"use a whole number from {low} to {high}")
        return int(value)

    return parse


def _database(value: str) -> str:
    try:
        backend = make_url(value).drivername
    except ArgumentError as error:
        raise ValueError("use sqlite:///path or postgresql+psycopg://user:password@host/name") from error
    if backend not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise ValueError("use sqlite:///path or postgresql+psycopg://user:password@host/name")
    return value


def _secret(value: str) -> str:
    if len(value) < 32:
        raise ValueError("use at least 32 random characters, the same on every server and after every restart")
    return value


def _locale(value: str) -> str:
    if value not in LOCALES:
        raise ValueError(f"use one of {', '.join(LOCALES)}")
    return value


def _rate(value: str) -> str:
    from limits import parse_many

    try:
        parse_many(value)
    except ValueError as error:
        raise ValueError("use a rate such as 10 per minute") from error
    return value


def _storage(value: str) -> str:
    from limits.errors import ConfigurationError
    from limits.storage import storage_from_string

    try:
        storage_from_string(value)
    except ConfigurationError as error:
        raise ValueError(f"use memory://, or a store whose Python package is installed: {error}") from error
    return value


def _hosts(value: str) -> str:
    hosts = [part.strip() for part in value.split(",") if part.strip()]
    for host in hosts:
        if "/" in host or " " in host or "*" in host:
            raise ValueError("use host or host:port, several by comma")
    return ",".join(hosts)


def _channel(value: str) -> str:
    from engine import channels

    try:
        channels.check(value)
    except channels.ChannelInvalid as error:
        raise ValueError("use an address of Apprise; {to} in it stands for the person's own") from error
    return value


def _mail(value: str) -> str:
    if not value.startswith(("mailto://", "mailtos://")):
        raise ValueError("use mailto://host:port?from=… or mailtos://user:password@host:port?from=…")
    return _channel(value)


def _robots_file(value: str) -> str:
    _robots(value)
    return value


def _robots(value: str) -> Mapping[tuple[str, str], str]:
    """Lines `unit,channel,address` of a file: the robots that units have of their own."""
    from engine import channels

    found: dict[tuple[str, str], str] = {}
    try:
        rows = list(csv.reader(Path(value).read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{value} cannot be read: {error}") from error
    for number, row in enumerate(rows, 1):
        if not row or row == ["unit", "channel", "address"]:
            continue
        unit, channel, address = (cell.strip() for cell in row) if len(row) == 3 else ("", "", "")
        if not unit or channel not in channels.ROBOTS:
            raise ValueError(f"{value} line {number}: use unit,channel,address; channels: {', '.join(channels.ROBOTS)}")
        if (unit, channel) in found:
            raise ValueError(f"{value} line {number}: the unit {unit} has a robot of {channel} already")
        try:
            found[unit, channel] = _channel(address)
        except ValueError as error:
            raise ValueError(f"{value} line {number}: {error}") from error
    return found


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("use the address that people type: https://bihuan.example.gov.cn")
    return value.rstrip("/")


def _setting(parse: Callable[[str], T], default: Any, help: str) -> Any:
    return field(default=default, metadata={"parse": parse, "help": help})


@dataclass(frozen=True)
class Settings:
    """What an installation may choose. The name in the environment is `BIHUAN_` and the field's name in capitals."""

    secret_key: str = field(metadata={"parse": _secret, "help": "Signs sessions; at least 32 random characters."})
    database_url: str = _setting(_database, "sqlite:///bihuan.db", "Database: sqlite:///path or postgresql+psycopg://…")
    files: Path = field(default=Path("files"), metadata={"parse": Path, "help": "Folder of the attachments."})
    https: bool = _setting(_truth, True, "Pages are served by HTTPS: cookies are marked Secure, HSTS is sent.")
    proxies: int = _setting(_number(0, 5), 0, "How many reverse proxies stand in front and set X-Forwarded-*.")
    host: str = _setting(_text, "127.0.0.1", "Address to listen on.")
    port: int = _setting(_number(1, 65535), 8000, "Port to listen on.")
    web_processes: int = _setting(_number(1, 64), 2, "Processes of the web server.")
    web_threads: int = _setting(_number(1, 64), 4, "Threads of each web process.")
    worker_threads: int = _setting(
        _number(0, 32), 0, "Threads of each worker process; 0: one on SQLite, two on PostgreSQL."
    )
    metrics_token: str = _setting(_text, "", "Token that opens /metrics; without one only this machine may read it.")
    session_hours: int = _setting(_number(1, 168), 10, "Hours after which a person must sign in again.")
    sign_in_rate: str = _setting(_rate, "10 per minute", "Attempts to sign in that one address may make.")
    api_rate: str = _setting(_rate, "1200 per minute", "Requests to the API that one token may make.")
    webhook_hosts: str = _setting(
        _hosts, "", "Hosts inside your network that webhooks may tell, by comma: portal.example:8443."
    )
    address: str = _setting(_address, "", "Where people find the pages, for links in messages: https://….")
    mail: str = _setting(_mail, "", "Mail server for messages: mailtos://user:password@host:465?from=….")
    sms: str = _setting(_channel, "", "SMS gateway, an address of Apprise; {to} is the telephone number.")
    dingtalk: str = _setting(_channel, "", "Robot of DingTalk: dingtalk://token/{to}.")
    wecom: str = _setting(_channel, "", "Robot of WeCom: wecombot://key.")
    feishu: str = _setting(_channel, "", "Robot of Feishu: feishu://token.")
    unit_robots: str = _setting(
        _robots_file, "", "File of robots of units: unit,channel,address; the nearest one above speaks."
    )
    message_webhook: str = _setting(
        _channel, "", "Own gateway that takes messages as JSON: jsons://host/path?:to={to}."
    )
    rate_storage: str = _setting(_storage, "memory://", "Where attempts are counted; redis://… for several servers.")
    upload_megabytes: int = _setting(_number(1, 20), 20, "Largest attachment in MB.")
    soon_days: int = _setting(_number(1, 30), 3, "Working days before its due date at which a task is due soon.")
    locale: str = _setting(_locale, "zh", "Language before sign-in: zh or en.")
    title: str = _setting(_text, "", "Name of the installation, shown on top and at sign-in.")
    demo: bool = _setting(_truth, False, "Show the demo accounts at sign-in.")
    demo_password: str = _setting(_text, "", "Password of all demo accounts.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """This will read the settings from `environment`, or raise `WrongSetting` naming the first that is wrong."""
        environment = os.environ if environment is None else environment
        known = {PREFIX + item.name.upper(): item for item in fields(cls)}
        for name in environment:
            if name.startswith(PREFIX) and name not in known:
                raise WrongSetting(f"{name}: there is no such setting; known are {', '.join(sorted(known))}")
        if not environment.get(PREFIX + "SECRET_KEY"):
            raise WrongSetting(f"{PREFIX}SECRET_KEY: is missing; give at least 32 random characters")
        values = {}
        for name, item in known.items():
            if environment.get(name):
                try:
                    values[item.name] = item.metadata["parse"](environment[name])
                except ValueError as error:
                    raise WrongSetting(f"{name}: {error}") from error
        return cls(**values)

    @property
    def inner_hosts(self) -> frozenset[str]:
        """This will return the hosts inside the network that webhooks may tell."""
        return frozenset(filter(None, self.webhook_hosts.split(",")))

    @property
    def channels(self) -> Channels:
        """This will return the ways by which messages leave the house."""
        names = {name: name for name in ("mail", "sms", "dingtalk", "wecom", "feishu")} | {"webhook": "message_webhook"}
        robots = _robots(self.unit_robots) if self.unit_robots else {}
        return Channels({channel: getattr(self, name) for channel, name in names.items()}, robots)

    @property
    def home(self) -> Home:
        """This will return what messages say of the pages."""
        return Home(self.address, self.title)

    @property
    def zone(self) -> ZoneInfo:
        """This will return the time zone of every page: one zone holds by law in the whole country."""
        return ZoneInfo("Asia/Shanghai")

    def for_flask(self) -> dict[str, Any]:
        """This will translate the settings into those of Flask and its extensions."""
        return {
            "SECRET_KEY": self.secret_key,
            "SESSION_COOKIE_NAME": "__Host-bihuan" if self.https else "bihuan",
            "SESSION_COOKIE_SECURE": self.https,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "PERMANENT_SESSION_LIFETIME": timedelta(hours=self.session_hours),
            "MAX_CONTENT_LENGTH": (self.upload_megabytes + 1) * 1024 * 1024,  # a form stands around the file
            "MAX_FORM_MEMORY_SIZE": 4 * 1024 * 1024,
            "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: a form may lie open for a whole day
            "WTF_CSRF_SSL_STRICT": self.https,
            "BABEL_DEFAULT_LOCALE": self.locale,
            "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
            "RATELIMIT_STORAGE_URI": self.rate_storage,
            "RATELIMIT_HEADERS_ENABLED": True,
            "JSON_AS_ASCII": False,
        }
