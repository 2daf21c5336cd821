from typing import Any

import pytest

from tests.sandbox.conftest import Harness

GUILDS, MESSAGES, REACTIONS, DIRECT = 1, 1 << 9, 1 << 10, 1 << 12


async def test_events_go_to_their_shard(plain: Harness) -> None:
    mine = (int(plain.guild.id) >> 22) % 2
    await plain.register()
    async with plain.connect() as first, plain.connect() as second:
        bots = [first, second]
        for number, bot in enumerate(bots):
            ready = await bot.identify(plain.world.token, shard=[number, 2], intents=GUILDS | DIRECT)
            assert ready["shard"] == [number, 2]
            assert len(ready["guilds"]) == (number == mine)
        await plain.command(bots[mine])
        direct = await plain.post("messages", user="ana", channel="dm", content="hi")

        assert (await first.event("MESSAGE_CREATE"))["id"] == direct["id"]


async def test_a_command_needs_a_bot_that_hears_it(plain: Harness) -> None:
    await plain.register()
    given = {"user": "ana", "channel": "general", "name": "video create", "options": {"prompt": "x"}}
    status, answer = await plain.act("command", **given)
    async with plain.online() as bot:
        await bot.ws.close(code=4000)
    near, _ = await plain.act("command", **given)
    plain.advance(6)
    far, _ = await plain.act("command", **given)
    seen = await plain.look(f"interactions/{answer['interaction_id']}")

    assert (status, near, far) == (503, 200, 503)
    assert seen["failed"] == "The application did not respond"


async def test_messages_are_told_to_who_asked_for_them(plain: Harness) -> None:
    bot_id = plain.world.bot.id
    async with plain.connect() as bot:
        await bot.identify(plain.world.token, intents=GUILDS | MESSAGES | REACTIONS)
        await plain.post("messages", user="ana", channel="general", content="secret")
        hidden = await bot.event("MESSAGE_CREATE")
        await plain.post("messages", user="ana", channel="hidden", content="secret")
        await plain.post("messages", user="ana", channel="general", content=f"<@{bot_id}> hi")
        addressed = await bot.event("MESSAGE_CREATE")
        _, own = await plain.say("mine")
        created = await bot.event("MESSAGE_CREATE")
        path = f"/channels/{plain.channel().id}/messages/{own['id']}"
        await plain.api("PATCH", path, {"content": "changed"})
        updated = await bot.event("MESSAGE_UPDATE")
        await plain.api("PUT", f"{path}/reactions/⭐/@me")
        reacted = await bot.event("MESSAGE_REACTION_ADD")
        await plain.api("DELETE", f"{path}/reactions/⭐/@me")
        await bot.event("MESSAGE_REACTION_REMOVE")
        await plain.api("DELETE", path)
        deleted = await bot.event("MESSAGE_DELETE")

    assert (hidden["content"], hidden["member"]["roles"]) == ("", [])
    assert addressed["content"] == f"<@{bot_id}> hi"
    assert (created["guild_id"], created["content"]) == (plain.guild.id, "mine")
    assert (updated["content"], reacted["emoji"]["name"]) == ("changed", "⭐")
    assert deleted == {"id": own["id"], "channel_id": plain.channel().id, "guild_id": plain.guild.id}


async def test_changes_of_the_world_are_told(plain: Harness) -> None:
    async with plain.connect() as bot:
        await bot.identify(plain.world.token)
        await plain.post("settings", premium_tier=2)
        guild = await bot.event("GUILD_UPDATE")
        await plain.post("permissions", channel="general", deny=["Send Messages"])
        channel = await bot.event("CHANNEL_UPDATE")
        await plain.post("settings", channel="thread", archived=True)
        thread = await bot.event("THREAD_UPDATE")
        await plain.post("settings", channel="quiet", delete=True)
        gone = await bot.event("CHANNEL_DELETE")

    assert guild["premium_tier"] == 2
    assert channel["permission_overwrites"][0]["deny"] == str(1 << 11)
    assert (thread["thread_metadata"]["archived"], gone["name"]) == (True, "quiet")


@pytest.mark.parametrize(
    ("asked", "names"),
    [({"query": "an", "limit": 5}, ["ana"]), ({"user_ids": "{ben}"}, ["ben"]), ({"user_ids": ["{ben}", "1"]}, ["ben"])],
)
async def test_members_are_found_on_request(plain: Harness, asked: dict[str, Any], names: list[str]) -> None:
    ben = plain.user("ben")
    wanted = {key: ben if value == "{ben}" else value for key, value in asked.items()}
    if isinstance(wanted.get("user_ids"), list):
        wanted["user_ids"] = [ben, "1"]
    async with plain.connect() as bot:
        await bot.identify(plain.world.token)
        await bot.send(8, {"guild_id": "1"})
        await bot.send(8, {"guild_id": plain.guild.id, "nonce": "n", **wanted})
        chunk = await bot.event("GUILD_MEMBERS_CHUNK")

    assert ([m["user"]["username"] for m in chunk["members"]], chunk["nonce"]) == (names, "n")
