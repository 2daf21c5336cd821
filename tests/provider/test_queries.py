"""Over which connections a call goes, and what errors tell of those of queries."""

import json
import logging
import re
import socket
from asyncio import StreamReader, StreamWriter
from urllib.parse import quote, unquote

import pytest

from bot.errors import OperatorFault, OutcomeUnknown, ProviderUnavailable
from bot.provider.call import Timeouts
from tests.provider.conftest import OpenWire, Reach, Script
from tests.provider.test_transport_secrets import KEY, hidden, shown
from tests.provider.test_transport_wire import (
    answers_well,
    create,
    explain,
    hangs_up,
    query,
    resets,
    resets_within_the_body,
    stays_silent,
    stays_silent_within_the_body,
    stops_within_the_body,
    talks_something_else,
)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def test_a_query_goes_over_aiohttp_and_a_create_does_not(reach: Reach, open_wire: OpenWire) -> None:
    async with open_wire(hangs_up) as wire:
        transport = reach(None, base_url=wire.url, transport=None)
        with pytest.raises(ProviderUnavailable):
            await transport.query("/task/1", read=json.loads, explain=explain, attempts=1)
        assert len(wire.requests) == 2  # aiohttp asks once more by itself, as nobody may with a create
        with pytest.raises(OutcomeUnknown):
            await create(transport)
        assert len(wire.requests) == 3


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (hangs_up, "remote_protocol_error"),
        (resets, "read_error"),
        (resets_within_the_body, "read_error"),
        (talks_something_else, "remote_protocol_error"),
        (stays_silent, "read_timeout"),
        (stays_silent_within_the_body, "read_timeout"),
    ],
)
async def test_an_error_of_a_query_tells_what_one_of_a_create_tells(
    reach: Reach, open_wire: OpenWire, script: Script, code: str
) -> None:
    timeouts = Timeouts(read=0.05, read_create=0.05) if code == "read_timeout" else Timeouts()
    async with open_wire(script) as wire:
        transport = reach(None, base_url=wire.url, transport=None, timeouts=timeouts)
        with pytest.raises(ProviderUnavailable) as asked:
            await query(transport)
        with pytest.raises(OutcomeUnknown) as made:
            await create(transport)
    assert (asked.value.code, made.value.code) == (code, code)


async def test_a_query_without_a_connection_tells_what_a_create_tells(reach: Reach) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        transport = reach(None, base_url=f"http://127.0.0.1:{taken.getsockname()[1]}", transport=None)
        for ask in (query, create):
            with pytest.raises(ProviderUnavailable) as caught:
                await ask(transport)
            assert caught.value.code == "connect_error"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("ftp://api.example", "unsupported_protocol"),
        ("//api.example", "unsupported_protocol"),
        ("https://", "invalid_url"),
        ("https://api.example:port", "invalid_url"),
        ("https://api.example\x00", "invalid_url"),
    ],
)
async def test_a_query_of_an_address_that_cannot_be_is_the_operators_fault(
    reach: Reach, address: str, code: str
) -> None:
    with pytest.raises(OperatorFault) as caught:
        await query(reach(None, base_url=address, transport=None))
    assert caught.value.code == code


async def test_behind_a_proxy_everything_goes_over_httpx(
    reach: Reach, open_wire: OpenWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_wire(answers_well) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert await query(reach(None, base_url="http://api.example", transport=None)) == {"id": "1"}
    assert proxy.requests[0].startswith(b"GET http://api.example/task/1 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("script", "requests"),
    [
        (hangs_up, 6),  # aiohttp sends a GET once more by itself when the server hangs up
        (resets, 6),
        (resets_within_the_body, 3),
        (stops_within_the_body, 3),
        (talks_something_else, 3),
        (stays_silent, 3),
        (stays_silent_within_the_body, 3),
    ],
)
async def test_a_query_that_was_not_answered_is_asked_three_times_and_shows_no_key(
    reach: Reach, open_wire: OpenWire, caplog: pytest.LogCaptureFixture, script: Script, requests: int
) -> None:
    caplog.set_level(logging.DEBUG)
    silent = script in (stays_silent, stays_silent_within_the_body)
    timeouts = Timeouts(read=0.05) if silent else Timeouts()
    async with open_wire(script) as wire:
        transport = reach(None, base_url=wire.url, transport=None, token=lambda: KEY, timeouts=timeouts)
        with pytest.raises(ProviderUnavailable) as caught:
            await query(transport)
        assert await wire.arrived(requests) == requests
    assert hidden(shown(caught.value))
    assert hidden(caplog.text)


async def test_what_goes_over_aiohttp_has_the_same_head_as_what_does_not(reach: Reach, open_wire: OpenWire) -> None:
    path = "/task/" + quote("a b/ü+c%~'?#", safe="") + "?page=1&of=" + quote("a+b&c", safe="")
    async with open_wire(answers_well) as wire:
        transport = reach(None, base_url=f"{wire.url}/gateway", transport=None)
        await transport.query(path, read=json.loads, explain=explain)
        await transport.create(path, body={}, read=json.loads, explain=explain)
    asked, made = (fields(request) for request in wire.requests)
    assert parts(asked["line"]) == parts(made["line"].replace("POST", "GET"))
    assert asked.keys() | {"content-length", "content-type", "connection"} == made.keys() | {"connection"}
    same = ("host", "authorization", "accept", "accept-encoding", "user-agent")
    assert [asked[name] for name in same] == [made[name] for name in same]


async def test_no_cookie_is_kept(reach: Reach, open_wire: OpenWire) -> None:
    async def sets_a_cookie(_reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()

    async with open_wire(sets_a_cookie) as wire:
        transport = reach(None, base_url=wire.url, transport=None)
        await query(transport)
        await query(transport)
    assert not any(b"cookie" in request.lower() for request in wire.requests)


def parts(line: str) -> list[str]:
    """The words, path segments and parameters of a request's first line, however they are escaped."""
    return [unquote(part) for part in re.split(r"[ /?&=]", line)]


def fields(request: bytes) -> dict[str, str]:
    """The request's first line and the fields of its head, by name."""
    line, *rest = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return {"line": line, **{name.lower(): value for name, _, value in (each.partition(": ") for each in rest)}}
