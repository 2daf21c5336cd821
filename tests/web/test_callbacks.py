"""Who may call back, and how little it costs when somebody else does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import pytest
from standardwebhooks import Webhook

from bot.domain.callback import CallbackAddresses
from bot.errors import SettingsInvalid
from bot.web.callbacks import LARGEST, serve_callbacks

ADDRESSES: Final = CallbackAddresses(public_url="https://bot.example", secret="token")
SECRET: Final = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
OLD_SECRET: Final = "whsec_YW5vdGhlciBzZWNyZXQgb2Ygbm8gdXNl"
BODY: Final = b'{"task_id": "1", "task_status": "succeed"}'
HUGE: Final = 10 * 1024 * 1024
OURS: Final = urlsplit(ADDRESSES.of("kling", "job-2")).path
FORGED: Final = OURS[:-1] + ("0" if OURS[-1] != "0" else "1")


class Bot:
    """The bot behind its address."""

    def __init__(self, port: int = 0) -> None:
        self.port, self.heard, self.takes = port, list[tuple[str, str, bytes]](), True

    def receive(self, provider: str, external_id: str, body: bytes) -> bool:
        self.heard.append((provider, external_id, body))
        return self.takes

    async def post(self, path: str, body: Any = BODY, **headers: str) -> int:
        url = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
            return answer.status

    async def answer_to(self, path: str, *, length: int, body: bytes = b"") -> tuple[str, bytes]:
        """The status line for a request that announces so much, and what follows until the connection is closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"POST {path} HTTP/1.1\r\nHost: bot\r\nContent-Length: {length}\r\n\r\n".encode() + body)
        line = await reader.readline()
        rest = await reader.read()
        writer.close()
        return line.decode().strip(), rest


@asynccontextmanager
async def bot_at(**options: Any) -> AsyncIterator[Bot]:
    bot = Bot()
    given = {"host": "127.0.0.1", "port": 0, "addresses": ADDRESSES, "secrets": {}, "receive": bot.receive}
    async with serve_callbacks(**{**given, **options}) as bot.port:
        yield bot


def signed(body: bytes = BODY, *, secret: str = SECRET, ago: float = 0, name: str = "msg_1") -> dict[str, str]:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, at, body.decode()),
    }


async def test_a_callback_to_an_address_of_ours_is_handed_on() -> None:
    async with bot_at() as bot:
        assert await bot.post(OURS) == 200
        assert bot.heard == [("kling", "job-2", BODY)]


@pytest.mark.parametrize(
    "path", [FORGED, OURS.replace("job-2", "job"), OURS.replace("kling", "kirin"), OURS[:-1], "/callbacks/kling", "/"]
)
async def test_no_other_address_is_known(path: str) -> None:
    async with bot_at() as bot:
        assert await bot.post(path) in {404, 405}
        assert bot.heard == []


async def test_an_unknown_address_is_answered_before_the_body_has_come() -> None:
    async with bot_at() as bot:
        line, _ = await bot.answer_to(FORGED, length=HUGE)
        assert line == "HTTP/1.1 404 Not Found"


async def test_a_body_of_ten_megabytes_is_not_read() -> None:
    async with bot_at() as bot:
        line, _ = await bot.answer_to(OURS, length=HUGE)
        assert line.startswith("HTTP/1.1 413")
        assert bot.heard == []


async def test_of_a_body_that_does_not_say_its_length_no_more_is_read_than_may_be() -> None:
    pieces = count()

    async def endless() -> AsyncIterator[bytes]:
        for _ in pieces:
            yield b"x" * 4096

    async with bot_at() as bot:
        with contextlib.suppress(aiohttp.ClientError):  # the connection is closed while it is still being written to
            assert await bot.post(OURS, endless()) == 413
        assert next(pieces) * 4096 < HUGE
        assert bot.heard == []


async def test_a_compressed_body_is_never_unpacked() -> None:
    async with bot_at() as bot:
        assert await bot.post(OURS, b"\x1f\x8b no gzip", **{"Content-Encoding": "gzip"}) == 200
        assert bot.heard == [("kling", "job-2", b"\x1f\x8b no gzip")]


async def test_a_body_that_does_not_come_is_given_up() -> None:
    async with bot_at(patience=0.05) as bot:
        line, _ = await bot.answer_to(OURS, length=100, body=b"{")
        assert line.startswith("HTTP/1.1 408")
        assert bot.heard == []


async def test_only_so_many_bodies_are_read_at_once() -> None:
    come = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await come.wait()
        yield b"}"

    async with bot_at(readers=1, patience=60) as bot:
        reading = asyncio.create_task(bot.post(OURS, slow()))
        busy = 200
        while busy == 200:
            if reading.done():  # it came while another was read
                reading = asyncio.create_task(bot.post(OURS, slow()))
            busy = await bot.post(OURS)
        assert busy == 503
        come.set()
        assert await reading == 200
        assert await bot.post(OURS) == 200


async def test_a_bot_with_too_much_to_do_says_so() -> None:
    async with bot_at() as bot:
        bot.takes = False
        assert await bot.post(OURS) == 503


async def test_where_there_is_a_secret_a_signature_is_asked_for() -> None:
    async with bot_at(secrets={"kling": SECRET}) as bot:
        assert await bot.post(OURS, **signed()) == 200
        both = f"{signed(secret=OLD_SECRET)['webhook-signature']} {signed()['webhook-signature']}"
        assert await bot.post(OURS, **{**signed(), "webhook-signature": both}) == 200
        assert len(bot.heard) == 2
        gateway = urlsplit(ADDRESSES.of("kirin", "job")).path
        assert await bot.post(gateway) == 200  # the gateway signs nothing


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"},
        {"webhook-signature": "nothing"},
        {"webhook-signature": "v1,no base64"},
        {"webhook-signature": "v1,a,b"},
        {"webhook-signature": "v2,AAAA"},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "9" * 400},
    ],
)
async def test_a_signature_that_does_not_fit_is_refused(change: dict[str, str]) -> None:
    async with bot_at(secrets={"kling": SECRET}) as bot:
        assert await bot.post(OURS, **(signed() | change)) == 401
        assert bot.heard == []


async def test_another_signature_an_old_one_and_none_are_refused() -> None:
    async with bot_at(secrets={"kling": SECRET}) as bot:
        for headers in ({}, signed(secret=OLD_SECRET), signed(b"{}"), signed(ago=400), signed(ago=-400)):
            assert await bot.post(OURS, **headers) == 401
        assert bot.heard == []


async def test_a_signed_body_that_is_no_text_is_refused() -> None:
    async with bot_at(secrets={"kling": SECRET}) as bot:
        assert await bot.post(OURS, b"\xff\xfe", **signed()) == 401


async def test_refused_signatures_are_in_the_log_once_and_no_address_is(caplog: pytest.LogCaptureFixture) -> None:
    async with bot_at(secrets={"kling": SECRET}) as bot:
        assert [await bot.post(OURS), await bot.post(OURS), await bot.post(FORGED)] == [401, 401, 404]
    assert [record.getMessage() for record in caplog.records if record.name.startswith("bot")] == [
        "callbacks without the right signature are refused"
    ]
    assert OURS.rpartition("/")[2] not in caplog.text


def test_the_vector_of_the_document_holds() -> None:
    body = (
        '{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}'
    )
    at = datetime.fromtimestamp(1781080794, UTC)
    assert Webhook(SECRET).sign("9876543210", at, body) == "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4="


async def test_whoever_only_looks_is_told_that_the_bot_is_here() -> None:
    async with (
        bot_at() as bot,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{bot.port}/callbacks") as answer,
    ):
        assert (answer.status, await answer.json()) == (200, {"ok": True})


async def test_a_port_that_is_taken_is_a_mistake_in_the_settings() -> None:
    async with bot_at() as bot:
        with pytest.raises(SettingsInvalid, match="CALLBACK_PORT"):
            async with bot_at(port=bot.port):
                pass


def test_the_largest_body_has_room_for_any_task() -> None:
    assert 16 * 1024 < LARGEST < HUGE // 100
