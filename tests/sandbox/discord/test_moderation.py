"""Pins, many messages at once, reactions of others, members of threads, and the end of a channel."""

from typing import Any

import pytest

from tests.sandbox.conftest import GUILDS, Harness

REACTIONS, MESSAGES = 1 << 10, 1 << 9


def place(harness: Harness, name: str = "general") -> str:
    return f"/channels/{harness.channel(name).id}"


async def said(harness: Harness, content: str = "hello", **more: str) -> str:
    """A message of Ana's; gives its id."""
    message = await harness.post("messages", user="ana", channel="general", content=content, **more)
    return str(message["id"])


async def test_messages_are_pinned_by_who_may_and_listed_newest_first(harness: Harness) -> None:
    path, first, second = place(harness), await said(harness, "one"), await said(harness, "two")
    refused = await harness.api("PUT", f"{path}/messages/pins/{first}")
    await harness.post("permissions", channel="general", allow=["pin_messages"])
    assert (await harness.api("PUT", f"{path}/messages/pins/{first}"))[0] == 204
    harness.advance(1)
    assert (await harness.api("PUT", f"{path}/pins/{second}"))[0] == 204
    assert (await harness.api("PUT", f"{path}/pins/{second}"))[0] == 204
    _, page = await harness.api("GET", f"{path}/messages/pins", params={"limit": "1"})
    before = page["items"][0]["pinned_at"]
    _, rest = await harness.api("GET", f"{path}/messages/pins", params={"before": before})
    _, older = await harness.api("GET", f"{path}/pins")
    _, shown = await harness.api("GET", path)
    _, latest = await harness.api("GET", f"{path}/messages", params={"limit": "1"})

    assert (refused[0], refused[1]["code"]) == (403, 50013)
    assert ([item["message"]["id"] for item in page["items"]], page["has_more"]) == ([second], True)
    assert ([item["message"]["id"] for item in rest["items"]], rest["has_more"]) == ([first], False)
    assert [message["id"] for message in older] == [second, first]
    assert shown["last_pin_timestamp"] == before
    assert (latest[0]["type"], latest[0]["message_reference"]["message_id"]) == (6, second)
    assert (await harness.api("PUT", f"{path}/pins/{latest[0]['id']}"))[1]["code"] == 50021


async def test_a_pin_comes_off_and_goes_with_its_message(plain: Harness) -> None:
    await plain.post("permissions", channel="general", allow=["pin_messages", "manage_messages"])
    path, first, second = place(plain), await said(plain), await said(plain)
    async with plain.online(intents=GUILDS | MESSAGES) as bot:
        for message in (first, second):
            await plain.api("PUT", f"{path}/messages/pins/{message}")
        pinned = await bot.event("MESSAGE_UPDATE")
        told = await bot.event("CHANNEL_PINS_UPDATE")
        await plain.api("DELETE", f"{path}/messages/pins/{first}")
        again, _ = await plain.api("DELETE", f"{path}/messages/pins/{first}")
        await plain.api("DELETE", f"{path}/messages/{second}")

    assert (pinned["id"], pinned["pinned"]) == (first, True)
    assert (told["channel_id"], told["guild_id"]) == (plain.channel().id, plain.guild.id)
    assert again == 204
    assert (await plain.api("GET", f"{path}/messages/pins"))[1] == {"items": [], "has_more": False}


async def test_in_a_direct_message_anything_is_pinned_up_to_the_most(plain: Harness) -> None:
    message = await plain.post("messages", user="ana", channel="dm", content="hi")
    channel = plain.world.channels[message["channel_id"]]
    path = f"/channels/{channel.id}/pins"
    channel.pins |= {str(number): "2026-01-01T00:00:00.000000+00:00" for number in range(250)}
    full = await plain.api("PUT", f"{path}/{message['id']}")
    channel.pins.clear()
    pinned, _ = await plain.api("PUT", f"{path}/{message['id']}")

    assert (full[0], full[1]["code"], pinned) == (400, 30003, 204)


async def test_who_may_not_read_what_was_written_sees_no_pins(plain: Harness) -> None:
    await plain.post("permissions", channel="general", allow=["pin_messages"])
    await plain.api("PUT", f"{place(plain)}/pins/{await said(plain)}")
    await plain.post("permissions", channel="general", deny=["read_message_history"])

    assert await plain.api("GET", f"{place(plain)}/pins") == (200, [])


async def test_many_messages_go_at_once(harness: Harness) -> None:
    path = f"{place(harness)}/messages/bulk-delete"
    ids = [await said(harness, str(number)) for number in range(3)]
    refused = await harness.api("POST", path, {"messages": ids})
    await harness.post("permissions", channel="general", allow=["manage_messages"])
    async with harness.online(intents=GUILDS | MESSAGES) as bot:
        done, _ = await harness.api("POST", path, {"messages": [*ids[:2], str(int(ids[2]) + 1)]})
        told = await bot.event("MESSAGE_DELETE_BULK")

    assert (refused[1]["code"], done) == (50013, 204)
    assert (told["ids"], told["guild_id"]) == (ids[:2], harness.guild.id)
    assert [message["id"] for message in await harness.look("messages")] == ids[2:]


@pytest.mark.parametrize(
    ("messages", "code", "kind"),
    [
        (None, 50035, "BASE_TYPE_REQUIRED"),
        ("all", 50035, "LIST_TYPE_CONVERT"),
        (["{id}", "{id}"], 50035, "SET_TYPE_ALREADY_CONTAINS_VALUE"),
        (["{id}", "that one"], 50035, "NUMBER_TYPE_COERCE"),
        (["{id}"], 50016, ""),
        (["{id}", "175928847299117063"], 50034, ""),
    ],
)
async def test_not_just_any_messages_go_at_once(plain: Harness, messages: Any, code: int, kind: str) -> None:
    await plain.post("permissions", channel="general", allow=["manage_messages"])
    one = await said(plain)
    named = [each.format(id=one) for each in messages] if isinstance(messages, list) else messages
    body = {} if named is None else {"messages": named}
    status, answer = await plain.api("POST", f"{place(plain)}/messages/bulk-delete", body)

    assert (status, answer["code"]) == (400, code)
    assert kind in str(answer.get("errors", ""))


async def test_messages_that_are_private_between_two_stay(plain: Harness) -> None:
    ids = [(await plain.post("messages", user="ana", channel="dm", content="hi"))["id"] for _ in range(2)]
    direct = plain.world.direct_channel(plain.world.users[plain.user("ana")])
    status, answer = await plain.api("POST", f"/channels/{direct.id}/messages/bulk-delete", {"messages": ids})

    assert (status, answer["code"]) == (403, 50003)


async def test_it_is_known_who_reacted(harness: Harness) -> None:
    message = await said(harness)
    path = f"{place(harness)}/messages/{message}/reactions/⭐"
    async with harness.online(intents=GUILDS | REACTIONS) as bot:
        for name in ("ana", "ben", "ana"):
            await harness.post("react", user=name, message_id=message, emoji="⭐")
        told = await bot.event("MESSAGE_REACTION_ADD")
    await harness.api("PUT", f"{path}/@me")
    _, users = await harness.api("GET", path)
    _, after = await harness.api("GET", path, params={"after": users[1]["id"], "limit": "1"})
    _, bursts = await harness.api("GET", path, params={"type": "1"})
    _, others = await harness.api("GET", path.replace("⭐", "🎬"))
    (shown,) = [m for m in await harness.look("messages") if m["id"] == message]

    assert {user["id"] for user in users} == {harness.user("ana"), harness.user("ben"), harness.world.bot.id}
    assert (after, bursts, others) == ([users[2]], [], [])
    assert (told["user_id"], told["member"]["user"]["username"]) == (harness.user("ana"), "ana")
    assert (shown["reactions"][0]["count"], shown["reactions"][0]["me"]) == (3, True)


async def test_reactions_of_others_are_for_moderators_to_take_away(plain: Harness) -> None:
    message, ana = await said(plain), plain.user("ana")
    path = f"{place(plain)}/messages/{message}/reactions"
    for emoji in ("⭐", "🎬"):
        for name in ("ana", "ben"):
            await plain.post("react", user=name, message_id=message, emoji=emoji)
    refused, _ = await plain.api("DELETE", f"{path}/⭐/{ana}")
    await plain.post("permissions", channel="general", allow=["manage_messages"])
    async with plain.online(intents=GUILDS | REACTIONS) as bot:
        assert (await plain.api("DELETE", f"{path}/⭐/{ana}"))[0] == 204
        assert (await bot.event("MESSAGE_REACTION_REMOVE"))["user_id"] == ana
        assert (await plain.api("DELETE", f"{path}/⭐/{ana}"))[1]["code"] == 10014
        assert (await plain.api("DELETE", f"{path}/⭐"))[0] == 204
        assert (await bot.event("MESSAGE_REACTION_REMOVE_EMOJI"))["emoji"] == {"id": None, "name": "⭐"}
        await plain.post("react", user="ben", message_id=message, emoji="🎬", remove=True)
        assert (await plain.api("DELETE", path))[0] == 204
        assert (await bot.event("MESSAGE_REACTION_REMOVE_ALL"))["message_id"] == message
    (shown,) = await plain.look("messages")

    assert refused == 403
    assert "reactions" not in shown


async def test_reactions_between_two_are_their_own(plain: Harness) -> None:
    message = await plain.post("messages", user="ana", channel="dm", content="hi")
    await plain.post("react", user="ana", message_id=message["id"], emoji="⭐")
    path = f"/channels/{message['channel_id']}/messages/{message['id']}/reactions"

    assert (await plain.api("DELETE", path))[1]["code"] == 50003


@pytest.mark.parametrize("emoji", ["▲", "star", ":star:", "star:175928847299117063", "⭐⭐", "x"])
async def test_nobody_reacts_with_what_is_no_emoji(plain: Harness, emoji: str) -> None:
    message = await said(plain)
    path = f"{place(plain)}/messages/{message}/reactions/{emoji}"

    assert (await plain.act("react", user="ana", message_id=message, emoji=emoji))[0] == 400
    for method, url in (("PUT", f"{path}/@me"), ("DELETE", f"{path}/@me"), ("GET", path)):
        assert await plain.api(method, url) == (400, {"message": "Unknown Emoji", "code": 10014})


@pytest.mark.parametrize("emoji", ["⭐", "❤️", "👍🏽", "🏳️‍🌈", "👩‍🚀", "🇨🇳", "3️⃣", "🏴󠁧󠁢󠁷󠁬󠁳󠁿"])
async def test_emoji_of_all_kinds_are_taken(plain: Harness, emoji: str) -> None:
    path = f"{place(plain)}/messages/{await said(plain)}/reactions/{emoji}/@me"

    assert await plain.api("PUT", path) == (204, None)


async def test_the_first_with_an_emoji_needs_a_permission(plain: Harness) -> None:
    message = await said(plain)
    await plain.post("react", user="ana", message_id=message, emoji="⭐")
    await plain.post("permissions", channel="general", deny=["add_reactions"])
    path = f"{place(plain)}/messages/{message}/reactions"

    assert (await plain.api("PUT", f"{path}/🎬/@me"))[1]["code"] == 50013
    assert (await plain.api("PUT", f"{path}/⭐/@me"))[0] == 204


async def test_who_is_in_a_thread_can_be_asked_one_by_one(harness: Harness) -> None:
    general, ana = place(harness), harness.user("ana")
    _, thread = await harness.api("POST", f"{general}/threads", {"name": "Takes", "type": 11})
    path = f"/channels/{thread['id']}/thread-members"
    await harness.api("PUT", f"{path}/{ana}")
    _, own = await harness.api("GET", f"{path}/{harness.world.bot.id}")
    _, member = await harness.api("GET", f"{path}/{ana}", params={"with_member": "true"})
    absent = await harness.api("GET", f"{path}/{harness.user('ben')}")
    everybody = await harness.api("GET", path)
    _, active = await harness.api("GET", f"/guilds/{harness.guild.id}/threads/active")
    elsewhere = await harness.api("GET", f"{general}/thread-members/{ana}")

    assert thread["member"] == own
    assert (member["user_id"], member["member"]["user"]["username"]) == (ana, "ana")
    assert (absent[0], absent[1]["code"]) == (404, 10007)
    assert (everybody[0], everybody[1]["code"]) == (403, 50001)
    assert [row["id"] for row in active["members"]] == [thread["id"]]
    assert {row["member_count"] for row in active["threads"]} == {1, 2}
    assert elsewhere[1]["code"] == 50024


async def test_members_of_a_thread_come_and_go(plain: Harness) -> None:
    path = f"{place(plain, 'thread')}/thread-members"
    async with plain.online() as bot:
        await plain.api("PUT", f"{path}/@me")
        joined = await bot.event("THREAD_MEMBERS_UPDATE")
        await plain.api("DELETE", f"{path}/@me")
        left = await bot.event("THREAD_MEMBERS_UPDATE")
    stranger = await plain.api("PUT", f"{path}/1")
    refused = await plain.api("DELETE", f"{path}/{plain.user('owner')}")
    await plain.post("permissions", channel="general", allow=["manage_threads"])
    gone, _ = await plain.api("DELETE", f"{path}/{plain.user('owner')}")
    await plain.post("people", leave=["ben"])
    outside = await plain.api("PUT", f"{path}/{plain.user('ben')}")

    assert (joined["member_count"], joined["added_members"][0]["user_id"]) == (2, plain.world.bot.id)
    assert left["removed_member_ids"] == [plain.world.bot.id]
    assert (stranger[1]["code"], refused[1]["code"], gone, outside[1]["code"]) == (10013, 50013, 204, 10007)
    assert plain.channel("thread").joined == {}


async def test_who_writes_in_a_thread_is_in_it(plain: Harness) -> None:
    await plain.say(where="thread")
    await plain.post("messages", user="ana", channel="thread", content="hi")

    assert {plain.world.bot.id, plain.user("ana")} < set(plain.channel("thread").joined)


async def test_channels_and_threads_are_ended_by_who_may(harness: Harness) -> None:
    thread, general = place(harness, "thread"), place(harness)
    refused = [await harness.api("DELETE", path) for path in (thread, general)]
    await harness.post("permissions", channel="general", allow=["manage_threads", "manage_channels"])
    async with harness.online() as bot:
        ended, shown = await harness.api("DELETE", thread)
        assert (await bot.event("THREAD_DELETE"))["id"] == shown["id"]
        deleted, _ = await harness.api("DELETE", general)
        await bot.event("CHANNEL_DELETE")

    assert [(status, answer["code"]) for status, answer in refused] == [(403, 50013)] * 2
    assert (ended, deleted) == (200, 200)
    assert (await harness.api("GET", general))[1]["code"] == 10003


async def test_a_direct_message_is_closed_and_keeps_what_was_said(harness: Harness) -> None:
    message = await harness.post("messages", user="ana", channel="dm", content="hi")
    path = f"/channels/{message['channel_id']}"

    assert (await harness.api("DELETE", path))[1]["id"] == message["channel_id"]
    assert (await harness.api("GET", f"{path}/messages/{message['id']}"))[1]["content"] == "hi"
