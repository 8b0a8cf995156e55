"""Sends a signed message to an address elsewhere: the only module that opens connections to the outside.

An installation inside a bureau's network must not be made to ask that network's other servers: unless the operator of
the machine allows it, an address has to be https and public, it is looked up once, and what was looked up is connected
to. Redirects are not followed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from threading import Timer
from typing import Any
from urllib.parse import SplitResult, urlsplit

from engine.errors import Invalid

MARK = "whsec_"
SECONDS = 10.0  # to connect, and between two bytes of the answer
LONGEST = 30.0  # seconds for all of it
MOST = 2_000  # bytes of the answer that are read
USER_AGENT = "Bihuan-Webhook/1"
FAILURES: dict[type[Exception], str] = {  # the pages tell them in the reader's language
    ConnectionRefusedError: "nobody listens at this address",
    ConnectionResetError: "the other side hung up",
    TimeoutError: "no answer came in time",
    socket.gaierror: "the name of the host is unknown",
    ssl.SSLError: "the certificate or the encryption is not accepted",
    http.client.HTTPException: "the answer is none of HTTP",
}


class AddressRefused(Invalid):
    """This address cannot be told: {reason}."""


class SecretInvalid(Invalid):
    """A secret begins with whsec_, followed by 24 to 64 bytes in Base64."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a message was received: `status` is None when there was no answer."""

    status: int | None
    text: str
    milliseconds: int

    @property
    def is_good(self) -> bool:
        """This will tell whether the message was taken."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """This will tell whether the receiver wants no more messages, ever: 410 says so."""
        return self.status == http.client.GONE


def check(url: str, allowed: Collection[str] = ()) -> SplitResult:
    """This will return the parts of an address that may be told; `allowed` are hosts inside. Raises AddressRefused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused(reason="it is no URL") from error
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise AddressRefused(reason="it needs https:// and a host")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused(reason="it must not carry a name or password")
    if any(ord(character) <= 32 or ord(character) > 126 for character in url):
        raise AddressRefused(reason="it must be written in ASCII without spaces")
    if _is_allowed(host, port, allowed):
        return parts
    if parts.scheme != "https":
        raise AddressRefused(reason="it needs https")
    _refuse_inside(host)
    return parts


def _is_allowed(host: str, port: int | None, allowed: Collection[str]) -> bool:
    return host in allowed or f"{host}:{port}" in allowed


def _refuse_inside(host: str) -> None:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        raise AddressRefused(reason="it lies inside this network")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return
    if not literal.is_global:
        raise AddressRefused(reason="it lies inside this network")


def look_up(parts: SplitResult, allowed: Collection[str]) -> tuple[str, int]:
    """This will look up the address once and return number and port to connect to. Raises AddressRefused, OSError."""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    numbers = [str(entry[4][0]) for entry in found]
    if not _is_allowed(host, parts.port, allowed):
        for number in numbers:
            if not ipaddress.ip_address(number.split("%")[0]).is_global:
                raise AddressRefused(reason="it lies inside this network")
    return numbers[0], port


class _Plain(http.client.HTTPConnection):
    """A connection to the number that was looked up, whatever the name means a moment later."""

    def __init__(self, host: str, number: str, port: int) -> None:
        super().__init__(host, port, timeout=SECONDS)
        self.number = number

    def connect(self) -> None:
        """This will connect to the number."""
        self.sock = socket.create_connection((self.number, self.port), self.timeout)

    def hang_up(self) -> None:
        """This will end the connection from another thread."""
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


class _Secure(_Plain):
    """The same over TLS, with the certificate of the name."""

    def connect(self) -> None:
        """This will connect to the number and ask for the certificate of the name."""
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def sign(secret: str, id: str, timestamp: int, body: str) -> str:
    """This will return the signature of a message, as Standard Webhooks has it: HMAC-SHA256 in Base64."""
    signed = f"{id}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()


def key_of(secret: str) -> bytes:
    """This will return the bytes of a secret. Raises SecretInvalid."""
    try:
        key = base64.b64decode(secret.removeprefix(MARK), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SecretInvalid from error
    if not secret.startswith(MARK) or not 24 <= len(key) <= 64:
        raise SecretInvalid
    return key


def send(url: str, secret: str, id: str, body: str, *, now: float, allowed: Collection[str] = ()) -> Answer:
    """This will post a signed message and return how it was received; what goes wrong is told in the answer.

    `now` is in seconds since 1970.
    """
    timestamp = int(now)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": USER_AGENT,
        "Connection": "close",
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, id, timestamp, body),
    }
    began = time.monotonic()
    try:
        status, text = _post(url, body.encode(), headers, allowed)
    except AddressRefused as error:
        status, text = None, error.message
    except (OSError, http.client.HTTPException) as error:
        known = (words for kind, words in FAILURES.items() if isinstance(error, kind))
        status, text = None, next(known, f"{type(error).__name__}: {error}")
    return Answer(status, text, round((time.monotonic() - began) * 1000))


def _post(url: str, body: bytes, headers: dict[str, str], allowed: Collection[str]) -> tuple[int, str]:
    parts = check(url, allowed)
    number, port = look_up(parts, allowed)
    kind: Any = _Secure if parts.scheme == "https" else _Plain
    connection = kind(parts.hostname, number, port)
    watch = Timer(LONGEST, connection.hang_up)  # who sends a byte now and then must not keep a worker for ever
    watch.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body=body, headers=headers)
        answer = connection.getresponse()
        text = answer.read(MOST).decode("utf-8", "replace").replace("\x00", "")
        return answer.status, text
    finally:
        watch.cancel()
        connection.close()
