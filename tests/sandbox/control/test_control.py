import io
import json
from typing import Any

import pytest

from tests.sandbox.conftest import Harness

MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}
EVERY_OPTION: dict[str, Any] = {
    "name": "all",
    "description": "Every kind",
    "options": [
        {"type": 3, "name": "mode", "description": "d", "choices": [{"name": "Standard", "value": "std"}]},
        {"type": 4, "name": "seconds", "description": "d", "min_value": 3, "max_value": 15},
        {"type": 5, "name": "sound", "description": "d"},
        {"type": 6, "name": "who", "description": "d"},
        {"type": 7, "name": "where", "description": "d", "channel_types": [0]},
        {"type": 8, "name": "role", "description": "d"},
        {"type": 9, "name": "any", "description": "d"},
        {"type": 10, "name": "cfg", "description": "d", "max_value": 1.0},
        {"type": 11, "name": "file", "description": "d"},
        {"type": 3, "name": "text", "description": "d", "min_length": 2, "max_length": 4},
    ],
}


async def typed(harness: Harness, **options: Any) -> tuple[int, dict[str, Any]]:
    return await harness.act("command", user="ana", channel="general", name="all", options=options)


async def test_options_of_every_type_are_completed(harness: Harness) -> None:
    async with harness.online() as bot:
        await harness.register(EVERY_OPTION)
        options = {
            "mode": "Standard",
            "seconds": 5,
            "sound": True,
            "who": "ben",
            "where": "showcase",
            "role": "Film club",
            "any": "Moderators",
            "cfg": 0.5,
            "file": {"filename": "a.txt", "base64": "aGk="},
            "text": "abc",
        }
        assert (await typed(harness, **options))[0] == 200
        data = (await bot.event("INTERACTION_CREATE"))["data"]

    given = {option["name"]: option["value"] for option in data["options"]}
    assert (given["mode"], given["seconds"], given["sound"], given["cfg"]) == ("std", 5, True, 0.5)
    assert given["who"] == harness.user("ben")
    assert set(data["resolved"]) == {"users", "members", "channels", "roles", "attachments"}
    assert data["resolved"]["attachments"][given["file"]]["size"] == 2


async def test_what_a_chosen_member_may_do_is_said_for_the_channel(plain: Harness) -> None:
    await plain.post("permissions", channel="general", user="ben", deny=["SEND_MESSAGES"])
    async with plain.online() as bot:
        await plain.register(EVERY_OPTION)
        await typed(plain, who="ben", where="showcase")
        resolved = (await bot.event("INTERACTION_CREATE"))["data"]["resolved"]

    member, channel = resolved["members"][plain.user("ben")], resolved["channels"][plain.channel("showcase").id]
    assert not int(member["permissions"]) & 1 << 11
    assert int(channel["permissions"]) & 1 << 11
    assert (channel["type"], channel["parent_id"], channel["name"]) == (0, None, "showcase")


async def test_a_file_is_given_as_text_and_lies_on_the_cdn(plain: Harness) -> None:
    async with plain.online() as bot:
        await plain.register(EVERY_OPTION)
        await typed(plain, file={"filename": "rules.json", "content": '{"ü": 1}'})
        data = (await bot.event("INTERACTION_CREATE"))["data"]
    file = data["resolved"]["attachments"][data["options"][0]["value"]]
    async with plain.client.get(file["url"]) as answer:
        content, content_type = await answer.text(), answer.content_type

    assert (file["filename"], file["size"], file["content_type"]) == ("rules.json", 9, "application/json")
    assert (content, content_type) == ('{"ü": 1}', "application/json")


async def test_a_file_over_the_limit_is_not_taken(plain: Harness) -> None:
    await plain.register(EVERY_OPTION)
    body: dict[str, Any] = {"user": "ana", "channel": "general", "name": "all"}
    statuses = []
    for size in (10 * MIB, 10 * MIB + 1):
        text = json.dumps({**body, "options": {"file": {"filename": "a.txt", "content": "x" * size}}})
        file = io.BytesIO(text.encode())
        async with plain.client.post(f"{plain.sandbox.control}/command", data=file, headers=JSON) as answer:
            statuses.append(answer.status)

    assert statuses == [503, 400]


@pytest.mark.parametrize(
    "options",
    [
        {"other": 1},
        {"mode": "pro"},
        {"mode": 1},
        {"mode": True},
        {"mode": ["std"]},
        {"seconds": 2},
        {"seconds": 16},
        {"seconds": True},
        {"seconds": "five"},
        {"seconds": 5.5},
        {"seconds": 2**60},
        {"cfg": "half"},
        {"cfg": 2.0**60},
        {"sound": "yes"},
        {"who": "nobody"},
        {"where": "thread"},
        {"where": "nowhere"},
        {"role": "nothing"},
        {"any": "nothing"},
        {"cfg": 2},
        {"file": "a.txt"},
        {"file": {"filename": "a.txt", "base64": "!"}},
        {"file": {"filename": "a.txt", "content": "\ud83e"}},
        {"file": {"content": "no name"}},
        {"text": "a"},
        {"text": "abcde"},
    ],
)
async def test_a_client_sends_no_wrong_options(plain: Harness, options: dict[str, Any]) -> None:
    await plain.register(EVERY_OPTION)
    status, answer = await typed(plain, **options)

    assert (status, list(answer)) == (400, ["error"])


async def test_what_is_typed_becomes_what_the_option_is(plain: Harness) -> None:
    async with plain.online() as bot:
        await plain.register(EVERY_OPTION)
        assert (await typed(plain, seconds="5", sound="true", cfg="0.5", text=123))[0] == 200
        options = (await bot.event("INTERACTION_CREATE"))["data"]["options"]

    given = {option["name"]: option["value"] for option in options}
    assert given == {"seconds": 5, "sound": True, "cfg": 0.5, "text": "123"}


async def test_a_moderator_takes_a_message_away(plain: Harness) -> None:
    _, message = await plain.say()
    await plain.post("delete", message_id=message["id"])

    assert (await plain.act("delete", message_id=message["id"]))[0] == 400
    assert await plain.look("messages", channel="general") == []


@pytest.mark.parametrize(
    "body",
    [
        {"name": "nothing"},
        {"name": "video"},
        {"name": "video destroy"},
        {"name": "video create more"},
        {"name": "video create", "options": {}},
        {"name": "video create", "options": []},
        {"name": "video create", "options": {"prompt": "x" * 6001}},
        {"name": " "},
        {"name": "video create", "user": "nobody"},
        {"name": "video create", "channel": "nowhere"},
        {"name": "video create", "user": "Shotcaller"},
    ],
)
async def test_a_client_offers_only_what_is_registered(plain: Harness, body: dict[str, Any]) -> None:
    await plain.register()
    status, answer = await plain.act("command", **({"user": "ana", "channel": "general"} | body))

    assert (status, list(answer)) == (400, ["error"])


@pytest.mark.parametrize(
    ("more", "user", "channel", "status"),
    [
        ({"default_member_permissions": "32"}, "ana", "general", 400),
        ({"default_member_permissions": "32"}, "admin", "general", 503),
        ({"default_member_permissions": "32"}, "owner", "general", 503),
        ({"default_member_permissions": "0"}, "admin", "general", 400),
        ({"nsfw": True}, "ana", "general", 400),
        ({"nsfw": True}, "ana", "nsfw", 503),
    ],
)
async def test_commands_are_offered_to_whom_they_are_for(
    plain: Harness, more: dict[str, Any], user: str, channel: str, status: int
) -> None:
    await plain.register({"name": "admin", "description": "d", **more})

    assert (await plain.act("command", user=user, channel=channel, name="admin"))[0] == status


@pytest.mark.parametrize("denied", ["view channel", "use application commands"])
async def test_who_may_not_use_commands_has_none(plain: Harness, denied: str) -> None:
    await plain.register()
    await plain.post("permissions", channel="general", user="ana", deny=[denied])
    given = {"name": "video create", "options": {"prompt": "x"}, "channel": "general"}

    assert (await plain.act("command", user="ana", **given))[0] == 400
    assert (await plain.act("command", user="ben", **given))[0] == 503


async def test_permissions_are_given_and_taken(plain: Harness) -> None:
    await plain.post("permissions", channel="general", deny=["SEND_MESSAGES", "attach-files"])
    shut, _ = await plain.say()
    await plain.post("permissions", channel="general", allow=["SEND_MESSAGES"])
    opened, _ = await plain.say()
    files, _ = await plain.send_files({}, ("a.txt", b"1"))

    assert (shut, opened, files) == (403, 200, 403)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("permissions", {"channel": "general", "deny": ["FLY"]}),
        ("permissions", {"channel": "thread", "deny": ["SEND_MESSAGES"]}),
        ("settings", {"premium_tier": 9}),
        ("settings", {"user": "nobody", "dms_open": False}),
        ("settings", {"sensitive_words": ["gore"]}),
        ("settings", {"sensitive_words": {"gore": "BAD"}}),
        ("settings", {"sensitive_words": {"gore": None}}),
        ("settings", {"user": "ana", "roles": "Moderators"}),
        ("clock", {"advance": "soon"}),
        ("clock", {"advance": -1}),
        ("modal", {"user": "ana", "interaction_id": "1"}),
        ("component", {"user": "ana", "message_id": "1", "custom_id": "x"}),
        ("faults", {"target": "moon", "kind": "http_500"}),
    ],
)
async def test_nonsense_is_answered_with_words(plain: Harness, name: str, body: dict[str, Any]) -> None:
    status, answer = await plain.act(name, **body)

    assert (status, list(answer)) == (400, ["error"])


@pytest.mark.parametrize("content", ["{", "[]", b"\xff"])
async def test_control_takes_objects_only(plain: Harness, content: str | bytes) -> None:
    async with plain.client.post(f"{plain.sandbox.control}/command", data=content, headers=JSON) as answer:
        assert answer.status == 400


async def test_what_nobody_asked_is_not_found(plain: Harness) -> None:
    async with plain.client.get(f"{plain.sandbox.control}/interactions/1") as answer:
        assert answer.status == 404


async def test_the_clock_goes_forward(plain: Harness) -> None:
    before = (await plain.look("state"))["now"]
    after = (await plain.post("clock", advance=900))["now"]

    assert after == pytest.approx(before + 900)


async def test_the_state_and_the_tasks_can_be_looked_at(plain: Harness) -> None:
    async with plain.online():
        state = await plain.look("state")

    assert (state["connected"], state["intents"], state["problems"]) == (1, 1, [])
    assert await plain.look("tasks") == []
    assert await plain.look("bill") == {"kirin": "0", "kling": "0", "total": "0"}


async def test_the_words_of_the_scans_are_changed(plain: Harness) -> None:
    await plain.post("settings", sensitive_words={"kraken": "VIOLENT"})
    url, key = f"{plain.sandbox.url}/kirin/model/v1/text/scan", plain.sandbox.providers.kirin_key
    headers = {"Authorization": f"Bearer {key}"}
    async with plain.client.post(url, json={"text": "a Kraken"}, headers=headers) as answer:
        found = (await answer.json())["data"]["sensitive_words"]

    assert [(hit["word"], hit["risk_type_code"]) for hit in found] == [("Kraken", "VIOLENT")]


async def test_an_empty_prompt_reaches_the_bot_where_the_option_sets_no_length(plain: Harness) -> None:
    async with plain.online() as bot:
        interaction = await plain.command(bot, options={"prompt": ""})

    assert interaction["data"]["options"][0]["options"][0]["value"] == ""


async def test_members_get_roles(plain: Harness) -> None:
    await plain.post("settings", user="ana", roles=["Moderators"])
    _, member = await plain.api("GET", f"/guilds/{plain.guild.id}/members/{plain.user('ana')}")
    unknown, _ = await plain.act("settings", user="ana", roles=["Kings"])

    assert [plain.guild.roles[role].name for role in member["roles"]] == ["Moderators"]
    assert unknown == 400


async def test_the_bot_is_removed_and_invited_again(plain: Harness) -> None:
    async with plain.online() as bot:
        await plain.post("settings", bot_present=False)
        gone = await bot.event("GUILD_DELETE")
        await plain.post("messages", user="ana", channel="general", content="quiet now")
        refused, answer = await plain.say()
        shut, _ = await plain.api("GET", f"/guilds/{plain.guild.id}")
        _, none = await plain.api("GET", "/users/@me/guilds")
        async with plain.connect() as other:
            alone = await other.identify(plain.world.token)
        await plain.post("settings", bot_present=True)
        back = await bot.event("GUILD_CREATE")

    assert gone == {"id": plain.guild.id}
    assert (refused, answer["code"], shut, none, alone["guilds"]) == (403, 50001, 404, [], [])
    assert back["members"][0]["user"]["id"] == plain.world.bot.id
    assert (await plain.say())[0] == 200


async def test_the_guild_and_its_people_have_languages(plain: Harness) -> None:
    async with plain.online() as bot:
        await plain.post("settings", locale="zh-CN")
        changed = await bot.event("GUILD_UPDATE")
        await plain.post("settings", user="ana", locale="de")
        interaction = await plain.command(bot, options={"prompt": "x"})
    unknown, _ = await plain.act("settings", locale="tlh")

    assert changed["preferred_locale"] == interaction["guild_locale"] == "zh-CN"
    assert (interaction["locale"], unknown) == ("de", 400)
