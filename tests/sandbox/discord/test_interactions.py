from typing import Any

import pytest

from tests.sandbox.conftest import GUILDS, Harness

DIRECT_MESSAGES = 1 << 12

BUTTONS = [
    {
        "type": 1,
        "components": [
            {"type": 2, "style": 1, "label": "Again", "custom_id": "again"},
            {"type": 2, "style": 2, "label": "Never", "custom_id": "never", "disabled": True},
            {"type": 2, "style": 5, "label": "Site", "url": "https://example.org"},
        ],
    },
    {
        "type": 1,
        "components": [
            {
                "type": 3,
                "custom_id": "mode",
                "max_values": 2,
                "options": [{"label": "Std", "value": "std"}, {"label": "Pro", "value": "pro"}],
            },
        ],
    },
    {"type": 1, "components": [{"type": 5, "custom_id": "who"}]},
    {"type": 1, "components": [{"type": 6, "custom_id": "role"}]},
    {"type": 1, "components": [{"type": 8, "custom_id": "where", "channel_types": [0], "max_values": 2}]},
]


async def test_an_interaction_carries_what_a_client_needs(harness: Harness) -> None:
    async with harness.online() as bot:
        interaction = await harness.command(bot, user="admin", locale="zh-CN")

    assert interaction["data"]["options"][0]["options"] == [{"name": "prompt", "type": 3, "value": "a fox"}]
    assert interaction["member"]["user"]["username"] == "admin"
    assert int(interaction["member"]["permissions"]) & 1 << 5
    assert (interaction["locale"], interaction["guild_locale"], interaction["context"]) == ("zh-CN", "en-US", 0)
    assert interaction["authorizing_integration_owners"] == {"0": harness.guild.id}
    assert int(interaction["app_permissions"]) & 1 << 15
    assert interaction["channel"]["name"] == "general"


async def test_a_deferred_answer_is_a_placeholder_until_it_is_edited(harness: Harness) -> None:
    async with harness.online() as bot:
        interaction = await harness.command(bot)
        status, callback = await harness.answer(interaction, 5, {"flags": 64})
        waiting = await harness.look("messages", channel="general")
        hook = f"{harness.hook}/{interaction['token']}/messages/@original"
        _, edited = await harness.api("PATCH", hook, {"content": "done"})
        _, read = await harness.api("GET", hook)
        seen = await harness.look(f"interactions/{interaction['id']}")

    assert status == 200
    assert callback["interaction"]["response_message_loading"] is True
    assert callback["resource"]["message"]["flags"] == waiting[0]["flags"] == 192
    assert waiting[0]["visible_to"] == harness.user("ana")
    assert (edited["flags"], edited["content"], read) == (64, "done", edited)
    assert seen["first"]["type"] == 5
    assert seen["first"]["data"] == {"flags": 64}
    assert (seen["first"]["content"], seen["current"]["content"]) == ("", "done")
    assert [message["content"] for message in seen["edits"]] == ["done"]


async def test_private_messages_are_nobody_elses(harness: Harness) -> None:
    async with harness.online() as bot:
        interaction = await harness.command(bot)
        _, callback = await harness.answer(interaction, 4, {"content": "psst", "flags": 64, "components": BUTTONS})
        message_id = callback["resource"]["message"]["id"]
        path = f"/channels/{harness.channel().id}/messages"
        read, _ = await harness.api("GET", f"{path}/{message_id}")
        _, listed = await harness.api("GET", path)
        other, _ = await harness.act("component", user="ben", message_id=message_id, custom_id="again")
        own = await harness.press(bot, user="ana", message_id=message_id, custom_id="again")

    assert (read, listed, other) == (404, [], 400)
    assert own["message"]["flags"] == 64


async def test_somebody_has_the_application_for_themselves_and_five_follow_ups_where_it_is_not(
    harness: Harness,
) -> None:
    anywhere = {"name": "ping", "description": "Ping", "integration_types": [0, 1], "contexts": [0, 1, 2]}
    await harness.api("PUT", f"/applications/{harness.world.application_id}/commands", [anywhere])
    async with harness.online() as bot:
        await harness.post("settings", user="ana", has_app=True)
        at_home = await harness.command(bot, name="ping", options={})
        await harness.post("settings", bot_present=False)
        interaction = await harness.command(bot, name="ping", options={})
        refused, why = await harness.act("command", user="ben", channel="general", name="ping", options={})
        await harness.answer(interaction, 4, {"content": "pong", "flags": 64})
        hook = f"{harness.hook}/{interaction['token']}"
        said = [(await harness.api("POST", hook, {"content": "more", "flags": 64}))[0] for _ in range(5)]
        await harness.post("clock", advance=60)  # past the limit of the route
        status, answer = await harness.api("POST", hook, {"content": "too much", "flags": 64})
        shut, _ = await harness.api("POST", f"/channels/{interaction['channel_id']}/messages", {"content": "here"})
        _, place = await harness.api(
            "POST", "/users/@me/channels", {"recipient_id": interaction["member"]["user"]["id"]}
        )
        direct, _ = await harness.api("POST", f"/channels/{place['id']}/messages", {"content": "to you"})

    person = interaction["member"]["user"]["id"]
    assert at_home["authorizing_integration_owners"] == {"0": at_home["guild_id"], "1": person}
    assert interaction["authorizing_integration_owners"] == {"1": person}
    assert (refused, "not in the guild" in str(why)) == (400, True)
    assert (said, status, answer["code"]) == ([200] * 5, 400, 40094)
    assert (shut, direct) == (403, 200)


async def test_in_a_group_of_people_the_application_answers_and_neither_reads_nor_writes(harness: Harness) -> None:
    anywhere = {"name": "ping", "description": "Ping", "integration_types": [0, 1], "contexts": [0, 1, 2]}
    at_home = {"name": "home", "description": "Home", "integration_types": [0, 1], "contexts": [0, 1]}
    await harness.api("PUT", f"/applications/{harness.world.application_id}/commands", [anywhere, at_home])
    async with harness.online(intents=GUILDS | DIRECT_MESSAGES) as bot:
        await harness.post("settings", user="ana", has_app=True)
        _, group = await harness.act("channels", name="night owls", type="group", people=["ben", "ana"])
        interaction = await harness.command(bot, channel="night owls", name="ping", options={})
        asked = {"channel": "night owls", "options": {}}
        refused = [
            await harness.act("command", user=user, name=name, **asked)
            for user, name in (("ben", "ping"), ("owner", "ping"), ("ana", "home"))
        ]
        await harness.answer(interaction, 4, {"content": "pong", "flags": 64})
        hook = f"{harness.hook}/{interaction['token']}"
        said = [(await harness.api("POST", hook, {"content": "more", "flags": 64}))[0] for _ in range(5)]
        await harness.post("clock", advance=60)  # past the limit of the route
        _, answer = await harness.api("POST", hook, {"content": "too much", "flags": 64})
        _, shut = await harness.api("POST", f"/channels/{group['id']}/messages", {"content": "here"})
        _, hidden = await harness.api("GET", f"/channels/{group['id']}")
        await harness.post("messages", user="ben", channel="night owls", content="who was that?")
        await harness.post("messages", user="ben", channel="dm", content="who are you?")
        heard = await bot.event("MESSAGE_CREATE")

    people = {user["username"]: user["id"] for user in interaction["channel"]["recipients"]}
    assert (interaction["context"], interaction["channel"]["type"]) == (2, 3)
    assert interaction["authorizing_integration_owners"] == {"1": people["ana"]}
    assert (interaction["user"]["id"], "guild_id" in interaction, "member" in interaction) == (
        people["ana"],
        False,
        False,
    )
    assert interaction["channel"]["owner_id"] == people["ben"]
    assert int(interaction["app_permissions"]) == 1 << 14 | 1 << 15 | 1 << 17
    assert [(status, why) for status, why in refused] == [
        (400, {"error": "the bot is not in the group"}),
        (400, {"error": "owner is not in the group"}),
        (400, {"error": "the command 'home' is not offered in groups"}),
    ]
    assert (said, answer["code"], shut["code"], hidden["code"]) == ([200] * 5, 40094, 50001, 50001)
    assert heard["content"] == "who are you?"


async def test_the_first_follow_up_after_a_deferral_takes_its_place(harness: Harness) -> None:
    async with harness.online() as bot:
        interaction = await harness.command(bot)
        _, callback = await harness.answer(interaction, 5, {"flags": 64})
        hook = f"{harness.hook}/{interaction['token']}"
        _, first = await harness.api("POST", hook, {"content": "one"}, params={"wait": "true"})
        _, second = await harness.api("POST", hook, {"content": "two"})
        _, edited = await harness.api("PATCH", f"{hook}/messages/{second['id']}", {"content": "2"})
        deleted, _ = await harness.api("DELETE", f"{hook}/messages/@original")
        missing, answer = await harness.api("GET", f"{hook}/messages/@original")
        unknown, _ = await harness.api("PATCH", f"{hook}/messages/1", {"content": "2"})
        seen = await harness.look(f"interactions/{interaction['id']}")

    assert first["id"] == callback["interaction"]["response_message_id"]
    assert (first["flags"], second["flags"]) == (64, 0)
    assert second["message_reference"]["message_id"] == first["id"]
    assert edited["content"] == "2"
    assert (deleted, missing, answer["code"], unknown) == (204, 404, 10008, 404)
    assert [message["content"] for message in seen["followups"]] == ["one", "2"]
    assert (seen["deleted"], seen["current"]) == (True, None)


async def test_a_command_is_answered_by_a_message_that_names_it(harness: Harness) -> None:
    async with harness.online() as bot:
        interaction = await harness.command(bot)
        _, callback = await harness.answer(interaction, 4, {"content": "hi"})
        message = callback["resource"]["message"]

    assert (message["type"], message["interaction"]["name"]) == (20, "video create")
    assert message["interaction_metadata"]["user"]["username"] == "ana"
    assert message["webhook_id"] == message["application_id"] == harness.world.application_id


async def test_buttons_update_the_message_they_stand_on(harness: Harness) -> None:
    async with harness.online() as bot:
        _, message = await harness.say("card", components=BUTTONS)
        press = await harness.press(bot, user="ben", message_id=message["id"], custom_id="again")
        _, callback = await harness.answer(press, 7, {"content": "pressed", "components": []})
        seen = await harness.look(f"interactions/{press['id']}")

    assert press["data"] == {"custom_id": "again", "component_type": 2, "id": 2}
    assert callback["resource"]["type"] == 7
    assert callback["resource"]["message"]["id"] == message["id"]
    assert (seen["current"]["content"], seen["current"]["components"]) == ("pressed", [])


async def test_a_deferred_update_shows_nothing_until_the_edit(harness: Harness) -> None:
    async with harness.online() as bot:
        _, message = await harness.say("card", components=BUTTONS)
        press = await harness.press(bot, user="ben", message_id=message["id"], custom_id="again")
        _, callback = await harness.answer(press, 6)
        hook = f"{harness.hook}/{press['token']}"
        _, edited = await harness.api("PATCH", f"{hook}/messages/@original", {"content": "later"})
        _, followed = await harness.api("POST", hook, {"content": "and"})

    assert callback == {"interaction": {"id": press["id"], "type": 3}}
    assert (edited["id"], edited["content"]) == (message["id"], "later")
    assert followed["interaction_metadata"]["interacted_message_id"] == message["id"]


async def test_a_button_answered_with_a_message_refers_to_its_own(harness: Harness) -> None:
    async with harness.online() as bot:
        _, message = await harness.say("card", components=BUTTONS)
        press = await harness.press(bot, user="ben", message_id=message["id"], custom_id="again")
        _, callback = await harness.answer(press, 4, {"content": "ok"})

    assert callback["resource"]["message"]["referenced_message"]["id"] == message["id"]


@pytest.mark.parametrize(
    ("custom_id", "values", "data"),
    [
        ("mode", ["std", "pro"], {"values": ["std", "pro"]}),
        ("who", ["ben"], {"values": ["ben"]}),
        ("role", ["Film club"], {"values": ["Film club"]}),
        ("where", ["showcase"], {"values": ["showcase"]}),
    ],
)
async def test_selects_give_their_values_with_what_they_mean(
    harness: Harness, custom_id: str, values: list[str], data: dict[str, Any]
) -> None:
    async with harness.online() as bot:
        _, message = await harness.say("card", components=BUTTONS)
        press = await harness.press(bot, user="ana", message_id=message["id"], custom_id=custom_id, values=values)

    resolved = press["data"].get("resolved", {})
    names = {"ben": harness.user("ben"), "showcase": harness.channel("showcase").id}
    names |= {role.name: role.id for role in harness.guild.roles.values()}
    assert press["data"]["values"] == [names.get(value, value) for value in data["values"]]
    assert custom_id == "mode" or press["data"]["values"][0] in str(resolved)


@pytest.mark.parametrize(
    ("custom_id", "values"),
    [
        ("none", None),
        ("never", None),
        ("again", ["x"]),
        ("mode", ["wide"]),
        ("mode", []),
        ("mode", ["std", "pro", "std"]),
        ("who", ["nobody"]),
        ("role", ["nothing"]),
        ("where", ["thread"]),
        ("where", ["showcase", "showcase"]),
        ("where", ["nsfw"]),
    ],
)
async def test_what_no_client_sends_is_refused(plain: Harness, custom_id: str, values: Any) -> None:
    async with plain.online():
        _, message = await plain.say("card", components=BUTTONS)
        await plain.post("permissions", channel="nsfw", user="ana", deny=["VIEW_CHANNEL"])
        press = {"user": "ana", "message_id": message["id"], "custom_id": custom_id, "values": values}
        status, answer = await plain.act("component", **press)

    assert (status, list(answer)) == (400, ["error"])


async def test_completions_are_asked_for_and_given(harness: Harness) -> None:
    job = {"type": 3, "name": "job", "description": "Which", "autocomplete": True}
    limit = {"type": 4, "name": "limit", "description": "How many", "required": True}
    async with harness.online() as bot:
        await harness.register({"name": "cancel", "description": "Cancel", "options": [limit, job]})
        given = {"user": "ana", "channel": "general", "name": "cancel", "options": {"job": "fo"}}
        await harness.post("autocomplete", **given, focused="job")
        asked = await bot.event("INTERACTION_CREATE")
        wrong, _ = await harness.answer(asked, 4, {"content": "x"})
        choices = [{"name": "A fox", "value": "1"}]
        _, callback = await harness.answer(asked, 8, {"choices": choices})
        seen = await harness.look(f"interactions/{asked['id']}")
        followed, _ = await harness.api("POST", f"{harness.hook}/{asked['token']}", {"content": "x"})
        other, _ = await harness.act("autocomplete", **given, focused="limit")

    assert (asked["type"], wrong, followed, other) == (4, 400, 404, 400)
    assert asked["data"]["options"] == [{"name": "job", "type": 3, "value": "fo", "focused": True}]
    assert seen["choices"] == choices
    assert callback["interaction"]["type"] == 4


async def test_menus_work_on_messages_and_on_users(harness: Harness) -> None:
    async with harness.online() as bot:
        await harness.register({"name": "Make a video of this", "type": 3}, {"name": "Films of", "type": 2})
        message = await harness.post("messages", user="ben", channel="general", content="a fox on the ice")
        menu = {"user": "ana", "channel": "general", "name": "Make a video of this"}
        await harness.post("command", **menu, target=message["id"])
        on_message = await bot.event("INTERACTION_CREATE")
        await harness.post("command", user="ana", channel="general", name="Films of", target=harness.user("ben"))
        on_user = await bot.event("INTERACTION_CREATE")
        _, callback = await harness.answer(on_message, 4, {"content": "ok"})
        none, _ = await harness.act("command", **menu, target="1")

    assert on_message["data"]["resolved"]["messages"][message["id"]]["content"] == "a fox on the ice"
    assert on_user["data"]["resolved"]["members"][harness.user("ben")]["roles"]
    assert callback["resource"]["message"]["type"] == 23
    assert callback["resource"]["message"]["interaction_metadata"]["target_message_id"] == message["id"]
    assert none == 400


async def test_a_command_in_a_direct_message_has_a_user_and_no_guild(harness: Harness) -> None:
    path = f"/applications/{harness.world.application_id}/commands"
    both = {"name": "ping", "description": "Ping", "contexts": [0, 1]}
    guild = {"name": "here", "description": "Here", "contexts": [0]}
    dm = {"name": "there", "description": "There", "contexts": [1]}
    async with harness.online() as bot:
        await harness.api("PUT", path, [both, guild, dm])
        await harness.post("command", user="ana", channel="dm", name="ping")
        interaction = await bot.event("INTERACTION_CREATE")
        status, callback = await harness.answer(interaction, 4, {"content": "pong"})
        here, _ = await harness.act("command", user="ana", channel="dm", name="here")
        there, _ = await harness.act("command", user="ana", channel="general", name="there")
        seen = await harness.look("messages", channel="dm", user="ana")

    assert ("guild_id" in interaction, interaction["context"], interaction["user"]["username"]) == (False, 1, "ana")
    assert (status, here, there) == (200, 400, 400)
    assert seen[0]["id"] == callback["resource"]["message"]["id"]
