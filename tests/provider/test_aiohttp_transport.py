"""Over which connections a call goes, and why no create goes over aiohttp's."""

import json
import logging
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, unquote

import httpx
import pytest

from bot.errors import OutcomeUnknown, ProviderUnavailable
from bot.provider import aiohttp_transport
from bot.provider.boundary import shared_ssl_context
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


@asynccontextmanager
async def client(*, over_aiohttp: bool) -> AsyncIterator[httpx.AsyncClient]:
    transport = None
    if over_aiohttp:
        transport = aiohttp_transport.open_transport(ssl_context=shared_ssl_context(), connections=2, keep_alive=1.0)
    async with httpx.AsyncClient(transport=transport, trust_env=False, verify=shared_ssl_context()) as opened:
        yield opened


async def test_a_request_that_was_sent_counts_as_not_sent_over_aiohttp(open_wire: OpenWire) -> None:
    # While this holds, no create may go this way. Should it fail, docs/decisions.md has what to think of again.
    async with open_wire(hangs_up) as wire:
        async with client(over_aiohttp=True) as mistaken:
            with pytest.raises(httpx.ConnectTimeout):
                await mistaken.post(wire.url, content=b"{}")
        async with client(over_aiohttp=False) as right:
            with pytest.raises(httpx.RemoteProtocolError):
                await right.post(wire.url, content=b"{}")
        assert len(wire.requests) == 2


async def test_a_query_goes_over_aiohttp_and_a_create_does_not(reach: Reach, open_wire: OpenWire) -> None:
    async with open_wire(hangs_up) as wire:
        transport = reach(None, base_url=wire.url, transport=None)
        with pytest.raises(ProviderUnavailable) as asked:
            await query(transport)
        with pytest.raises(OutcomeUnknown) as made:
            await create(transport)
    assert asked.value.code == "connect_timeout"
    assert made.value.code == "remote_protocol_error"


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
        assert len(wire.requests) == requests
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
