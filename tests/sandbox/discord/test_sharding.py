"""Shards: whose events are whose, in what turn and how often their sessions begin."""

from contextlib import AsyncExitStack
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.sandbox.conftest import Bot, Harness
from tests.sandbox.library_client import LibraryClient

GUILDS, DIRECT = 1, 1 << 12
OUT_OF_TURN = {"op": 9, "d": False, "s": None, "t": None}
TYPED = {"user": "ana", "name": "video create", "options": {"prompt": "a fox"}}


async def ask(bot: Bot, harness: Harness, number: int, count: int) -> None:
    """Identify as a shard, without waiting for the answer."""
    await bot.receive()
    await bot.send(2, {"token": harness.world.token, "intents": GUILDS, "shard": [number, count]})


def no_commands(_tree: app_commands.CommandTree[Any]) -> None:
    """A bot without commands."""


async def found(harness: Harness, number: int, count: int) -> dict[str, Any]:
    """A guild with a channel, both named after their shard."""
    return await harness.post("guilds", name=f"guild {number}", shard=[number, count], channels=[f"room-{number}"])


async def test_a_guild_can_be_founded_for_a_shard(plain: Harness) -> None:
    for number in range(3):
        made = await found(plain, number, 3)
        assert (int(made["id"]) >> 22) % 3 == number
        shown = await plain.look("guild", guild=f"guild {number}")
        assert ([each["name"] for each in shown["channels"]], shown["id"]) == ([f"room-{number}"], made["id"])

    assert (await plain.look("guild"))["id"] == plain.guild.id


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": "The Cutting Room"},
        {"name": "more", "channels": ["general"]},
        {"name": "more", "shard": [1, 1]},
        {"name": "more", "shard": "all"},
    ],
)
async def test_no_guild_is_founded_of_nonsense(plain: Harness, given: dict[str, Any]) -> None:
    assert (await plain.act("guilds", **given))[0] == 400
    assert (await plain.act("settings", guild="nowhere", bot_present=False))[0] == 400


async def test_each_shard_is_shown_its_own_guilds(plain: Harness) -> None:
    guilds = [await found(plain, number, 2) for number in range(2)]
    for number, guild in enumerate(guilds):
        async with plain.connect() as bot:
            ready = await bot.identify(plain.world.token, shard=[number, 2])
            shown = {each["id"] for each in ready["guilds"]}
            assert (ready["shard"], guild["id"] in shown) == ([number, 2], True)
            assert {(int(each) >> 22) % 2 for each in shown} == {number}


async def test_what_people_do_goes_to_the_shard_of_their_guild_and_direct_messages_to_the_first(plain: Harness) -> None:
    for number in range(2):
        await found(plain, number, 2)
    path = f"/applications/{plain.world.application_id}/commands"
    async with plain.connect() as first, plain.connect() as second:
        for number, bot in enumerate((first, second)):
            await bot.identify(plain.world.token, shard=[number, 2], intents=GUILDS | DIRECT)
        command = {"name": "about", "description": "What this is", "contexts": [0, 1]}
        assert (await plain.api("PUT", path, [command]))[0] == 200
        for where, bot in (("room-0", first), ("room-1", second), ("dm", first)):
            sent = await plain.post("command", user="ana", name="about", channel=where)
            assert (await bot.event("INTERACTION_CREATE"))["id"] == sent["interaction_id"]


async def test_two_sessions_of_one_shard_hear_the_same(plain: Harness) -> None:
    await plain.register()
    async with plain.connect() as one, plain.connect() as other:
        for bot in (one, other):
            await bot.identify(plain.world.token, shard=[0, 1])
        await plain.post("command", channel="general", **TYPED)
        heard = [await bot.event("INTERACTION_CREATE") for bot in (one, other)]

    assert heard[0] == heard[1]
    assert (await plain.look("state"))["shards"] == []


async def test_another_session_of_its_shard_does_not_keep_one_from_resuming(plain: Harness) -> None:
    async with plain.connect() as bot:
        ready = await bot.identify(plain.world.token, shard=[0, 1])
        await bot.event("GUILD_CREATE")
        await bot.ws.close(code=4000)
    async with plain.connect() as other, plain.connect() as bot:
        await other.identify(plain.world.token, shard=[0, 1])
        await bot.receive()
        await bot.send(6, {"token": plain.world.token, "session_id": ready["session_id"], "seq": 2})
        await bot.event("RESUMED")

        assert (await plain.look("state"))["shards"] == [[0, 1], [0, 1]]


async def test_a_guild_that_the_bot_left_is_the_others_no_matter(plain: Harness) -> None:
    for number in range(2):
        await found(plain, number, 2)
    async with plain.connect() as first, plain.connect() as second:
        for number, bot in enumerate((first, second)):
            await bot.identify(plain.world.token, shard=[number, 2])
        await plain.post("settings", guild="guild 1", bot_present=False)
        gone = await second.event("GUILD_DELETE")
        await first.send(1, None)
        while (frame := await first.receive())["op"] != 11:
            assert frame["t"] != "GUILD_DELETE"

    assert gone == {"id": (await plain.look("guild", guild="guild 1"))["id"]}


@pytest.mark.parametrize("shard", [[2, 2], [-1, 2], [0], "0", {"0": 1}, ["0", "1"]])
async def test_there_is_no_such_shard(plain: Harness, shard: Any) -> None:
    async with plain.connect() as bot:
        await bot.receive()
        await bot.send(2, {"token": plain.world.token, "intents": GUILDS, "shard": shard})

        assert await bot.receive() == {"closed": 4010}


async def test_sessions_of_one_bucket_begin_five_seconds_apart(in_turn: Harness) -> None:
    async with AsyncExitStack() as stack:
        first, early, patient = [await stack.enter_async_context(in_turn.connect()) for _ in range(3)]
        await ask(first, in_turn, 0, 3)
        await first.event("READY")
        in_turn.advance(4.9)
        await ask(early, in_turn, 1, 3)
        assert await early.receive() == OUT_OF_TURN
        in_turn.advance(0.2)
        await ask(patient, in_turn, 2, 3)
        await patient.event("READY")
        await early.send(2, {"token": in_turn.world.token, "intents": GUILDS, "shard": [1, 3]})
        assert await early.receive() == OUT_OF_TURN


async def test_shards_of_different_buckets_begin_at_once(in_turn: Harness) -> None:
    await in_turn.post("gateway", shards=16, max_concurrency=16)
    _, told = await in_turn.api("GET", "/gateway/bot")
    async with AsyncExitStack() as stack:
        for number in range(16):
            bot = await stack.enter_async_context(in_turn.connect())
            await ask(bot, in_turn, number, 17)
            await bot.event("READY")
        bot = await stack.enter_async_context(in_turn.connect())
        await ask(bot, in_turn, 16, 17)
        assert await bot.receive() == OUT_OF_TURN

    assert (told["shards"], told["session_start_limit"]["max_concurrency"]) == (16, 16)


async def test_a_resume_takes_no_turn(in_turn: Harness) -> None:
    async with in_turn.connect() as bot:
        ready = await bot.identify(in_turn.world.token, intents=0)
        await bot.ws.close(code=4000)
    async with in_turn.connect() as bot:
        await bot.receive()
        await bot.send(6, {"token": in_turn.world.token, "session_id": ready["session_id"], "seq": 1})
        await bot.event("RESUMED")

    assert (await in_turn.api("GET", "/gateway/bot"))[1]["session_start_limit"]["remaining"] == 999


async def test_who_begins_too_many_sessions_a_day_loses_the_token(plain: Harness) -> None:
    await plain.post("gateway", sessions=2)
    token, left = plain.world.token, []
    async with plain.connect() as first:
        await first.identify(token, intents=0)
        left.append((await plain.api("GET", "/gateway/bot"))[1]["session_start_limit"])
        plain.advance(86_399)
        async with plain.connect() as second, plain.connect() as third:
            await second.identify(token, intents=0)
            left.append((await plain.api("GET", "/gateway/bot"))[1]["session_start_limit"])
            await ask(third, plain, 0, 1)
            assert [await bot.receive() for bot in (first, second, third)] == [{"closed": 4004}] * 3

    assert [(each["remaining"], each["reset_after"]) for each in left] == [(1, 86_400_000), (0, 1000)]
    assert plain.world.token != token


async def test_the_next_day_there_are_sessions_again(plain: Harness) -> None:
    await plain.post("gateway", sessions=1)
    for _ in range(2):
        async with plain.connect() as bot:
            await bot.identify(plain.world.token)
        plain.advance(86_401)

    assert (await plain.api("GET", "/gateway/bot"))[1]["session_start_limit"]["remaining"] == 1
    assert (await plain.act("gateway", sessions=0))[0] == 400


async def test_a_shard_of_too_many_guilds_is_refused(plain: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.discord.gateway.GUILDS_A_SHARD", 1)
    await found(plain, 0, 1)
    async with plain.connect() as bot:
        await ask(bot, plain, 0, 1)
        assert await bot.receive() == {"closed": 4011}


async def test_the_share_of_too_many_requests_is_told_by_client(plain: Harness) -> None:
    path = f"/channels/{plain.channel().id}/messages"
    for number in range(12):
        async with plain.raw("POST", path, json={"content": str(number)}) as answer:
            assert answer.status == (200 if number < 5 else 429)
    await plain.post("faults", target="discord", kind="http_429", retry_after=1)
    await plain.api("GET", "/users/@me", token="nobody")
    url = f"{plain.sandbox.url}/api/v10/users/@me"
    async with plain.client.get(url, headers={"User-Agent": "another"}) as answer:
        assert answer.status == 401
    told = await plain.look("limits")

    assert (told["requests"], told["limited"], told["share"]) == (14, {"user": 7, "shared": 1}, round(8 / 14, 4))
    assert told["invalid"] == 8
    assert told["agents"].pop("another") == {"requests": 1, "limited": {}, "share": 0.0}
    assert [each["requests"] for each in told["agents"].values()] == [13]
    plain.advance(601)
    assert (await plain.look("limits"))["invalid"] == 0


async def test_two_processes_of_a_sharded_bot_have_the_guilds_between_them(library_client: LibraryClient) -> None:
    token = library_client.sandbox.discord.world.token
    await library_client.post("gateway", max_concurrency=4)
    for number in range(4):
        await library_client.post("guilds", name=f"guild {number}", shard=[number, 4], channels=[f"room-{number}"])
    seen: list[set[int]] = []
    for numbers in ([0, 1], [2, 3]):
        client = discord.AutoShardedClient(
            intents=discord.Intents(guilds=True), shard_ids=numbers, shard_count=4, guild_ready_timeout=0.1
        )
        library_client.at_once(client)
        async with library_client.run(client, no_commands):
            limits = await client.fetch_session_start_limits()
            seen.append({guild.id for guild in client.guilds})
            assert set(client.shards) == set(numbers)
            assert {(guild.id >> 22) % 4 for guild in client.guilds} == set(numbers)

    world = library_client.sandbox.discord.world
    assert seen[0] | seen[1] == set(map(int, world.guilds))
    assert not seen[0] & seen[1]
    assert (limits.max_concurrency, limits.remaining, world.token) == (4, 996, token)
