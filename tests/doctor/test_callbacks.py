"""What the doctor says of the address at which the video services are to call back."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from pydantic import SecretStr

from bot.doctor.callbacks import check_callbacks
from bot.domain.callback import CallbackAddresses
from bot.locale import words
from bot.settings import Settings
from bot.web.callbacks import serve_callbacks

ADDRESSES = CallbackAddresses(public_url="http://127.0.0.1", secret="token")


async def findings(public_url: str | None) -> list[str]:
    settings = Settings(
        discord_token=SecretStr("token"),
        kirin_api_key=SecretStr("key"),
        monthly_budget_usd=None,
        public_url=public_url,
    )
    return [str(finding) async for finding in check_callbacks(settings, words())]


@asynccontextmanager
async def somebody_else() -> AsyncIterator[int]:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def test_without_an_address_there_is_nothing_to_say() -> None:
    assert await findings(None) == []


async def test_a_bot_that_is_reached_is_well_and_plain_http_is_told() -> None:
    async with serve_callbacks(
        host="127.0.0.1", port=0, addresses=ADDRESSES, secrets={}, receive=lambda *_: True
    ) as port:
        reached, plain = await findings(f"http://127.0.0.1:{port}")
    assert reached == f"✓ callbacks: the bot is reached at http://127.0.0.1:{port}/callbacks"
    assert plain.startswith("! callbacks: PUBLIC_URL is not https")


async def test_an_address_at_which_nobody_or_somebody_else_answers_is_told() -> None:
    async with somebody_else() as port:
        other, _ = await findings(f"http://127.0.0.1:{port}")
    assert "somebody else answers" in other
    assert "HTTP 404" in other
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        (nobody,) = await findings(f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert "nobody answers" in nobody
    assert "127.0.0.1, port 8081" in nobody
