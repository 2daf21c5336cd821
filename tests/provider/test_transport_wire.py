import asyncio
import json
import socket
import struct
from asyncio import StreamReader, StreamWriter
from typing import Any

import pytest

from bot.errors import OutcomeUnknown, ProviderUnavailable
from bot.provider.call import Timeouts
from bot.provider.refusal import Complaint
from bot.provider.transport import TOO_LATE, Transport
from tests.provider.conftest import OpenWire, Reach, Script

QUICK = Timeouts(connect=0.2)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"


def explain(_status: int, _body: bytes) -> Complaint:
    return Complaint()


async def create(transport: Transport, **more: Any) -> Any:
    return await transport.create("/make", body={"a": 1}, read=json.loads, explain=explain, **more)


async def query(transport: Transport) -> Any:
    return await transport.query("/task/1", read=json.loads, explain=explain)


def reset(writer: StreamWriter) -> None:
    """End the connection by RST: closing must not linger."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def answers_well(_reader: StreamReader, writer: StreamWriter) -> None:
    body = b'{"id": "1"}'
    writer.write(HEAD.replace(b"10", str(len(body)).encode()) + body)
    await writer.drain()


async def hangs_up(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.close()


async def resets(_reader: StreamReader, writer: StreamWriter) -> None:
    reset(writer)


async def resets_within_the_body(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(HEAD + b'{"id"')
    await writer.drain()
    reset(writer)


async def stops_within_the_body(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(HEAD + b'{"id"')
    await writer.drain()


async def talks_something_else(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()


async def stays_silent(_reader: StreamReader, _writer: StreamWriter) -> None:
    await asyncio.Event().wait()


async def stays_silent_within_the_body(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(HEAD)
    await writer.drain()
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    "script",
    [
        hangs_up,
        resets,
        resets_within_the_body,
        stops_within_the_body,
        talks_something_else,
        stays_silent,
        stays_silent_within_the_body,
    ],
)
async def test_a_create_that_arrived_and_was_not_answered_has_an_unknown_outcome(
    reach: Reach, open_wire: OpenWire, script: Script
) -> None:
    silent = script in (stays_silent, stays_silent_within_the_body)
    timeouts = Timeouts(read_create=0.5) if silent else Timeouts()
    async with open_wire(script) as wire:
        transport = reach(None, base_url=wire.url, transport=None, timeouts=timeouts)
        with pytest.raises(OutcomeUnknown):
            await create(transport)
        assert await wire.arrived(1) == 1


async def test_a_create_that_may_not_be_sent_any_more_is_not_understood_by_anybody(
    reach: Reach, open_wire: OpenWire
) -> None:
    async with open_wire(answers_well) as wire:
        transport = reach(None, base_url=wire.url, transport=None)
        with pytest.raises(ProviderUnavailable) as refused:
            await create(transport, may_send=lambda: False)
        assert refused.value.code == TOO_LATE
        assert wire.requests == []
        assert await create(transport, may_send=lambda: True) == {"id": "1"}
        assert len(wire.requests) == 1


async def test_whether_it_may_be_sent_is_asked_last_when_the_connection_is_there(reach: Reach) -> None:
    def may_send() -> bool:
        raise AssertionError

    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        transport = reach(None, base_url=f"http://127.0.0.1:{taken.getsockname()[1]}", transport=None)
        with pytest.raises(ProviderUnavailable):
            await create(transport, may_send=may_send)


async def test_a_query_survives_a_connection_that_was_cut(reach: Reach, open_wire: OpenWire) -> None:
    async def second_time_lucky(reader: StreamReader, writer: StreamWriter) -> None:
        await (resets if len(wire.requests) == 1 else answers_well)(reader, writer)

    async with open_wire(second_time_lucky) as wire:
        assert await query(reach(None, base_url=wire.url, transport=None)) == {"id": "1"}
        assert len(wire.requests) == 2


async def test_a_connection_that_is_refused_carried_nothing(reach: Reach) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        transport = reach(None, base_url=f"http://127.0.0.1:{taken.getsockname()[1]}", transport=None)
        with pytest.raises(ProviderUnavailable) as caught:
            await create(transport)
    assert caught.value.code == "connect_error"


async def test_a_server_that_speaks_no_tls_got_nothing(reach: Reach, open_wire: OpenWire) -> None:
    async with open_wire(answers_well) as wire:
        transport = reach(None, base_url=wire.url.replace("http", "https"), transport=None, timeouts=QUICK)
        with pytest.raises(ProviderUnavailable):
            await create(transport)
        assert not wire.requests


async def test_the_request_on_the_wire_is_what_the_document_says(reach: Reach, open_wire: OpenWire) -> None:
    async with open_wire(answers_well) as wire:
        await create(reach(None, base_url=f"{wire.url}/gateway", transport=None))
    head, _, body = wire.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /gateway/make HTTP/1.1\r\n")
    assert json.loads(body) == {"a": 1}
