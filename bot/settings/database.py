"""Reads where the database is: the path of a file for SQLite, or the address of a PostgreSQL."""

import re
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

FILE: Final = "sqlite:///"
SERVER: Final = ("postgresql://", "postgres://")

_EXPECTED: Final = "sqlite:/// and the path of a file, or postgresql://user:password@host:port/name"
_SPECIAL: Final = "a user and a password with %40 in the place of each @, and likewise %2F for /, %3A for :, %25 for %"
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@/]*)(:[1-9]\d{0,4})?")
_SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def checked_url(value: str) -> str:
    """Check where the database is said to be.

    Raises:
        ValueError: no database can be there; the words are for who wrote it, and never show a password.
    """
    if value.startswith(SERVER):
        _check_server(value)
    elif not value.startswith(FILE) or value == FILE:
        raise ValueError(_EXPECTED)
    return value


def file_of(url: str) -> str | None:
    """Find the path of the SQLite database; None where it is a PostgreSQL."""
    return None if url.startswith(SERVER) else url.removeprefix(FILE)


def name_of(url: str) -> str:
    """Say which database it is, as anybody may read it: without user and password."""
    if (path := file_of(url)) is not None:
        return path
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or dict(parse_qsl(parts.query)).get("host", "")
    return f"{unquote(parts.path).strip('/')} on {host or 'this machine'}"


def passwords_of(url: str) -> list[str]:
    """List the passwords in an address, as they are written there and as the server knows them."""
    if file_of(url) is not None:
        return []
    parts = urlsplit(url)
    written = parts.netloc.rpartition("@")[0].partition(":")[2]
    asked = [value for name, value in parse_qsl(parts.query) if name in {"password", "sslpassword"}]
    return [each for each in (written, unquote(written), *asked) if each]


def _check_server(url: str) -> None:
    parts = urlsplit(url)
    person, _, hosts = parts.netloc.rpartition("@")
    if parts.fragment or "@" in person + parts.path or re.search(r"%(?![0-9A-Fa-f]{2})", parts.netloc + parts.path):
        raise ValueError(_SPECIAL)
    if len(parts.path.strip("/")) == 0 or not all(_is_host(unquote(host)) for host in hosts.split(",")):
        raise ValueError(_EXPECTED)
    mode = dict(parse_qsl(parts.query)).get("sslmode", "prefer")
    if mode not in _SSL_MODES:
        raise ValueError(f"sslmode to be one of {', '.join(_SSL_MODES)}")


def _is_host(host: str) -> bool:
    return host.startswith("/") or _HOST.fullmatch(host) is not None
