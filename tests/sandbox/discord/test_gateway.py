import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from sandbox.server import Sandbox
from tests.patience import PATIENCE
from tests.sandbox.conftest import Bot, Harness

GUILDS, MESSAGES, REACTIONS, DIRECT = 1, 1 << 9, 1 << 10, 1 << 12


async def resume(harness: Harness, bot: Bot, ready: Any, number: int, /, **more: Any) -> None:
    await bot.receive()
    given = {"token": harness.world.token, "session_id": ready["session_id"], "seq": number}
    await bot.send(6, given | more)


async def test_a_session_begins_with_hello_and_ready_and_the_guild(plain: Harness) -> None:
    async with plain.connect() as bot:
        ready = await bot.identify(plain.world.token)
        guild = await bot.event("GUILD_CREATE")

    assert bot.frames[0] == {"op": 10, "d": {"heartbeat_interval": 41250}, "s": None, "t": None}
    assert ready["resume_gateway_url"] == plain.sandbox.discord.gateway.url
    assert ready["guilds"] == [{"id": plain.guild.id, "unavailable": True}]
    assert "shard" not in ready
    assert [m["user"]["id"] for m in guild["members"]] == [plain.world.bot.id]
    assert {c["name"] for c in guild["channels"]} >= {"general", "hidden"}
    assert (guild["premium_tier"], guild["member_count"]) == (0, 5)


async def test_without_the_intent_there_is_no_guild(plain: Harness) -> None:
    async with plain.connect() as bot:
        await bot.identify(plain.world.token, intents=0)
        await bot.send(1, None)

        assert (await bot.receive())["op"] == 11


async def test_the_whole_connection_may_be_one_zlib_stream(plain: Harness) -> None:
    async with plain.connect(compress="zlib-stream") as bot:
        await bot.identify(plain.world.token)

        assert (await bot.event("GUILD_CREATE"))["id"] == plain.guild.id


@pytest.mark.parametrize(
    ("identify", "code"),
    [
        ({"token": "nobody", "intents": 1}, 4004),
        ({"intents": -1}, 4013),
        ({"intents": 1 << 40}, 4013),
        ({"intents": "all"}, 4013),
        ({"intents": 1 << 15}, 4014),
        ({"intents": 1, "shard": [2, 2]}, 4010),
    ],
)
async def test_a_wrong_identify_closes_the_connection(plain: Harness, identify: dict[str, Any], code: int) -> None:
    async with plain.connect() as bot:
        await bot.receive()
        await bot.send(2, {"token": plain.world.token, **identify})

        assert await bot.receive() == {"closed": code}


@pytest.mark.parametrize("query", [{"v": "6"}, {"encoding": "etf"}])
async def test_other_versions_are_not_spoken(plain: Harness, query: dict[str, str]) -> None:
    async with plain.connect(**query) as bot:
        assert await bot.receive() == {"closed": 4012}


@pytest.mark.parametrize(
    ("text", "code"),
    [("{", 4002), ("[]", 4002), ('{"op": 2, "d": 5}', 4002), ('{"op": 3, "d": {}}', 4003), (f'"{"x" * 5000}"', 4002)],
)
async def test_nonsense_closes_the_connection(plain: Harness, text: str, code: int) -> None:
    async with plain.connect() as bot:
        await bot.receive()
        await bot.ws.send_str(text)

        assert await bot.receive() == {"closed": code}


@pytest.mark.parametrize(("op", "code"), [(2, 4005), (42, 4001)])
async def test_an_identified_client_keeps_to_what_there_is(plain: Harness, op: int, code: int) -> None:
    async with plain.connect() as bot:
        await bot.identify(plain.world.token, intents=0)
        await bot.send(3, {"status": "online"})
        await bot.send(op, {})

        assert await bot.receive() == {"closed": code}


async def test_too_large_a_payload_closes_the_connection(plain: Harness) -> None:
    async with plain.connect() as bot:
        await bot.receive()
        await bot.send(3, "x" * 5000)

        assert await bot.receive() == {"closed": 4002}


async def test_more_than_120_payloads_a_minute_are_too_many(plain: Harness) -> None:
    async with plain.connect() as bot:
        await bot.receive()
        for _ in range(121):
            await bot.send(1, None)
        answers = [await bot.receive() for _ in range(121)]

    assert [answer.get("op") for answer in answers[:-1]] == [11] * 120
    assert answers[-1] == {"closed": 4008}


async def test_who_stops_beating_is_let_go() -> None:
    sandbox, client = Sandbox(environment={}, heartbeat_seconds=0.05), aiohttp.ClientSession()
    async with sandbox, client, client.ws_connect(sandbox.url + "/gateway") as ws:
        await ws.receive_json()
        await ws.send_json({"op": 1, "d": None})  # in time or not: this machine may be slow
        heard = [message.json()["op"] async for message in ws]

    assert (set(heard) <= {11}, ws.close_code) == (True, 4009)


async def test_a_resumed_session_gets_what_it_missed(plain: Harness, until: Callable[..., Any]) -> None:
    intents = GUILDS | MESSAGES
    async with plain.connect() as bot:
        ready = await bot.identify(plain.world.token, intents=intents)
        await bot.event("GUILD_CREATE")
        seq = bot.frames[-1]["s"]
        await bot.ws.close(code=4000)
    await until(lambda: plain.sandbox.discord.gateway.connected == 0)
    await plain.say("while you were away")
    async with plain.connect() as bot:
        await resume(plain, bot, ready, seq)
        missed = await bot.event("MESSAGE_CREATE")
        await bot.event("RESUMED")
        numbers = [frame["s"] for frame in bot.frames[1:]]

    assert missed["content"] == "while you were away"
    assert numbers == [seq + 1, seq + 2]


@pytest.mark.parametrize(
    ("more", "answer"),
    [
        ({"session_id": "other"}, {"op": 9, "d": False, "s": None, "t": None}),
        ({"seq": None}, {"op": 9, "d": False, "s": None, "t": None}),
        ({"seq": 999}, {"closed": 4007}),
        ({"token": "nobody"}, {"closed": 4004}),
    ],
)
async def test_what_cannot_be_resumed_is_not(plain: Harness, more: dict[str, Any], answer: Any) -> None:
    async with plain.connect() as bot:
        ready = await bot.identify(plain.world.token)
        await bot.ws.close(code=4000)
    async with plain.connect() as bot:
        await resume(plain, bot, ready, 1, **more)

        assert await bot.receive() == answer


async def test_a_session_ended_on_purpose_or_long_ago_is_over(plain: Harness, until: Callable[..., Any]) -> None:
    gateway = plain.sandbox.discord.gateway
    for code in (1000, 4000):
        async with plain.connect() as bot:
            ready = await bot.identify(plain.world.token)
            await bot.ws.close(code=code)
        await until(lambda: gateway.connected == 0)
        assert len(gateway.sessions) == (0 if code == 1000 else 1)
    plain.advance(121)
    async with plain.connect() as bot:
        await resume(plain, bot, ready, 1)

        assert (await bot.receive())["op"] == 9


async def test_a_session_that_missed_too_much_starts_anew(plain: Harness) -> None:
    async with plain.connect() as bot:
        ready = await bot.identify(plain.world.token)
        await bot.ws.close(code=4000)
    session = plain.sandbox.discord.gateway.sessions[ready["session_id"]]
    for _ in range(2100):
        session.dispatch("TYPING_START", {})
    async with plain.connect() as bot:
        await resume(plain, bot, ready, 1)

        assert (await bot.receive())["op"] == 9


async def test_a_drop_cuts_the_line_now_and_after_the_next_ready(plain: Harness) -> None:
    async with plain.connect() as bot:
        ready = await bot.identify(plain.world.token)
        await bot.event("GUILD_CREATE")
        seq = bot.frames[-1]["s"]
        await plain.post("faults", target="discord", kind="gateway_drop", count=2)
        assert await bot.receive() == {"closed": 1006}
    async with plain.connect() as bot:
        await resume(plain, bot, ready, seq)
        await bot.event("RESUMED")
        assert await bot.receive() == {"closed": 1006}
    async with plain.connect() as bot:
        await resume(plain, bot, ready, seq + 1)
        await bot.event("RESUMED")
        await bot.send(1, None)
        assert (await bot.receive())["op"] == 11


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ({"op": 1}, {"op": 1, "d": None, "s": None, "t": None}),
        ({"op": 7}, {"op": 7, "d": None, "s": None, "t": None}),
        ({"op": 9}, {"op": 9, "d": False, "s": None, "t": None}),
        ({"op": 9, "resumable": True}, {"op": 9, "d": True, "s": None, "t": None}),
        ({"code": 4000}, {"closed": 4000}),
    ],
)
async def test_discord_ends_sessions_in_all_its_ways(plain: Harness, options: dict[str, Any], answer: Any) -> None:
    async with plain.connect() as bot:
        await bot.identify(plain.world.token, intents=0)
        await plain.post("faults", target="discord", kind="gateway_drop", **options)

        assert await bot.receive() == answer


async def test_a_sandbox_that_closes_says_goodbye() -> None:
    async with aiohttp.ClientSession() as client, AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(environment={}))
        ws = await client.ws_connect(sandbox.discord.gateway.url)
        await ws.receive_json()
        waiting = asyncio.ensure_future(ws.receive(timeout=PATIENCE))
        await stack.aclose()
        await waiting

    assert ws.close_code == 1001
