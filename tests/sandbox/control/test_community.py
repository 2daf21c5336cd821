import asyncio
from typing import Any

import pytest

from tests.sandbox.conftest import Harness

MANAGE_GUILD, VIEW, SEND = 1 << 5, 1 << 10, 1 << 11


async def test_a_crowd_joins_and_types_at_once(harness: Harness) -> None:
    users = (await harness.post("people", count=50, roles=["Film club"], locale="zh-CN"))["users"]
    async with harness.online() as bot:
        typed = {"channel": "general", "name": "video create", "options": {"prompt": "x"}}
        await asyncio.gather(*(harness.post("command", user=name, **typed) for name in users))
        heard = [await bot.event("INTERACTION_CREATE") for _ in users]
    club = next(role.id for role in harness.guild.roles.values() if role.name == "Film club")

    assert len(users) == 50
    assert {each["member"]["user"]["id"] for each in heard} == set(users.values())
    assert {each["member"]["user"]["username"] for each in heard} == set(users)
    assert all((each["member"]["roles"], each["locale"]) == ([club], "zh-CN") for each in heard)


async def test_people_have_names_and_what_their_roles_give_them(plain: Harness) -> None:
    users = (await plain.post("people", names=["mia"], roles=["Moderators"]))["users"]
    more = (await plain.post("people", count=1))["users"]
    async with plain.online() as bot:
        plainly = await plain.command(bot, user="guest1")
        mighty = await plain.command(bot, user="mia")
    _, member = await plain.api("GET", f"/guilds/{plain.guild.id}/members/{users['mia']}")

    assert (list(users), list(more)) == (["mia"], ["guest1"])
    assert (member["user"]["global_name"], mighty["member"]["roles"]) == ("Mia", member["roles"])
    assert int(mighty["member"]["permissions"]) & MANAGE_GUILD
    assert not int(plainly["member"]["permissions"]) & MANAGE_GUILD


async def test_who_leaves_can_do_nothing_until_they_come_back(plain: Harness) -> None:
    ana = plain.user("ana")
    async with plain.online() as bot:
        first = await plain.command(bot)
        modal = {"custom_id": "m", "title": "M", "components": [_label({"type": 4, "custom_id": "t", "style": 1})]}
        await plain.answer(first, 9, modal)
        gone = await plain.post("people", leave=["ana"])
        typed = {"user": "ana", "channel": "general", "name": "video create", "options": {"prompt": "x"}}
        refused = [
            await plain.act("command", **typed),
            await plain.act("messages", user="ana", channel="general", content="x"),
            await plain.act("modal", user="ana", interaction_id=first["id"], fields={"t": "x"}),
        ]
        status, answer = await plain.api("GET", f"/guilds/{plain.guild.id}/members/{ana}")
        back = await plain.post("people", names=["ana"])
        again = await plain.command(bot)

    assert gone["users"] == back["users"] == {"ana": ana}
    assert [(code, list(answer)) for code, answer in refused] == [(400, ["error"])] * 3
    assert (status, answer["code"], again["member"]["user"]["id"]) == (404, 10007, ana)


def _label(component: dict[str, Any]) -> dict[str, Any]:
    return {"type": 18, "label": "L", "component": component}


async def test_a_role_comes_changes_and_goes(plain: Harness) -> None:
    async with plain.connect() as bot:
        await bot.identify(plain.world.token)
        made = await plain.post("roles", name="Patrons", members=["ana"])
        created = await bot.event("GUILD_ROLE_CREATE")
        await plain.post("roles", name="Patrons", permissions=["Manage Guild"], rename="Sponsors", position=4)
        changed = await bot.event("GUILD_ROLE_UPDATE")
        await plain.post("permissions", channel="general", role="Sponsors", deny=["SEND_MESSAGES"])
        closed = await bot.event("CHANNEL_UPDATE")
        path = f"/guilds/{plain.guild.id}/roles/{made['id']}"
        _, found = await plain.api("GET", path)
        _, holder = await plain.api("GET", f"/guilds/{plain.guild.id}/members/{plain.user('ana')}")
        await plain.post("roles", name="Sponsors", delete=True)
        gone = await bot.event("GUILD_ROLE_DELETE")
        unknown, answer = await plain.api("GET", path)
        _, bereft = await plain.api("GET", f"/guilds/{plain.guild.id}/members/{plain.user('ana')}")

    guild = plain.guild.id
    assert (created["guild_id"], created["role"]["name"], created["role"]["permissions"]) == (guild, "Patrons", "0")
    assert found == changed["role"]
    assert (found["name"], found["permissions"], found["position"]) == ("Sponsors", str(MANAGE_GUILD), 4)
    assert {"id": made["id"], "type": 0, "allow": "0", "deny": str(SEND)} in closed["permission_overwrites"]
    assert (holder["roles"], bereft["roles"]) == ([made["id"]], [])
    assert gone == {"guild_id": guild, "role_id": made["id"]}
    assert (unknown, answer["code"]) == (404, 10011)
    assert made["id"] not in plain.channel().overwrites


async def test_a_channel_is_closed_to_all_but_a_role(plain: Harness) -> None:
    await plain.post("channels", name="mods")
    await plain.post("permissions", channel="mods", role="@everyone", deny=["VIEW_CHANNEL"])
    await plain.post("permissions", channel="mods", role="Moderators", allow=["VIEW_CHANNEL"])

    assert (await plain.say(where="mods"))[0] == 403
    assert (await plain.act("messages", user="ana", channel="mods", content="x"))[0] == 400
    assert (await plain.act("messages", user="admin", channel="mods", content="x"))[0] == 200


async def test_channels_lie_in_categories(plain: Harness) -> None:
    async with plain.connect() as bot:
        await bot.identify(plain.world.token)
        category = await plain.post("channels", name="Backlot", type="category")
        created = await bot.event("CHANNEL_CREATE")
        await plain.post("permissions", channel="Backlot", role="Film club", deny=["SEND_MESSAGES"])
        await bot.event("CHANNEL_UPDATE")
        await plain.post("channels", name="set", category="Backlot", topic="Takes", nsfw=True)
        inside = await bot.event("CHANNEL_CREATE")
        await plain.post("channels", name="general", category="Backlot", rename="main")
        moved = await bot.event("CHANNEL_UPDATE")
        await plain.post("channels", name="set", category=None)
        out = await bot.event("CHANNEL_UPDATE")
        await plain.post("channels", name="Backlot", delete=True)
        orphaned = await bot.event("CHANNEL_UPDATE")
        gone = await bot.event("CHANNEL_DELETE")

    assert (created["type"], created["id"]) == (4, category["id"])
    assert (inside["parent_id"], inside["topic"], inside["nsfw"]) == (category["id"], "Takes", True)
    assert [row["deny"] for row in inside["permission_overwrites"]] == [str(SEND)]
    assert (moved["name"], moved["parent_id"], out["parent_id"]) == ("main", category["id"], None)
    assert (orphaned["name"], orphaned["parent_id"], gone["id"]) == ("main", None, category["id"])


async def test_a_channel_takes_its_threads_with_it(plain: Harness) -> None:
    thread = plain.channel("thread").id
    await plain.post("channels", name="general", delete=True)

    assert (await plain.api("GET", f"/channels/{thread}"))[1]["code"] == 10003


async def test_the_first_category_has_a_channel_whose_overwrites_are_its_own(harness: Harness) -> None:
    await harness.post("permissions", channel="Studio", deny=["SEND_MESSAGES"])
    _, channels = await harness.api("GET", f"/guilds/{harness.guild.id}/channels")
    found = {channel["name"]: channel for channel in channels}

    assert (found["Studio"]["type"], found["rushes"]["parent_id"]) == (4, found["Studio"]["id"])
    assert (await harness.say(where="rushes"))[0] == 200


async def test_nothing_is_said_in_a_category(plain: Harness) -> None:
    await plain.register()
    status, answer = await plain.say(where="Studio")
    typed = {"user": "ana", "channel": "Studio", "name": "video create", "options": {"prompt": "x"}}

    assert (status, answer["code"]) == (400, 50008)
    assert (await plain.act("command", **typed))[0] == 400
    assert (await plain.act("messages", user="ana", channel="Studio", content="x"))[0] == 400


async def test_the_guild_can_be_looked_at(plain: Harness) -> None:
    seen = await plain.look("guild")
    members = {member["name"]: member["roles"] for member in seen["members"]}

    assert members == {
        "Shotcaller": ["Shotcaller"],
        "owner": [],
        "ana": [],
        "ben": ["Film club"],
        "admin": ["Moderators"],
    }
    assert {role["name"] for role in seen["roles"]} == {"@everyone", "Shotcaller", "Film club", "Moderators"}
    assert {"general", "Studio", "rushes", "thread"} <= {channel["name"] for channel in seen["channels"]}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("people", {}),
        ("people", {"count": 0}),
        ("people", {"count": 1001}),
        ("people", {"count": True}),
        ("people", {"names": "mia"}),
        ("people", {"names": ["ana"]}),
        ("people", {"names": ["mia", "mia"]}),
        ("people", {"names": ["Mia"]}),
        ("people", {"names": ["mia"], "locale": "tlh"}),
        ("people", {"names": ["mia"], "roles": ["Kings"]}),
        ("people", {"leave": ["owner"]}),
        ("people", {"leave": ["nobody"]}),
        ("roles", {}),
        ("roles", {"name": "R", "permissions": ["FLY"]}),
        ("roles", {"name": "R", "position": 0}),
        ("roles", {"name": "R", "rename": ""}),
        ("roles", {"name": "R", "members": ["nobody"]}),
        ("roles", {"name": "R", "delete": True}),
        ("roles", {"name": "@everyone", "delete": True}),
        ("roles", {"name": "@everyone", "rename": "all"}),
        ("roles", {"name": "Shotcaller", "position": 2}),
        ("channels", {}),
        ("channels", {"name": "c", "type": "voice"}),
        ("channels", {"name": "c", "category": "general"}),
        ("channels", {"name": "c", "type": "category", "category": "Studio"}),
        ("channels", {"name": "c", "nsfw": 1}),
        ("channels", {"name": "c", "delete": True}),
        ("permissions", {"channel": "general", "role": "Kings", "deny": ["SEND_MESSAGES"]}),
    ],
)
async def test_what_makes_no_community_changes_nothing(plain: Harness, name: str, body: dict[str, Any]) -> None:
    before = await plain.look("guild")
    status, answer = await plain.act(name, **body)

    assert (status, list(answer)) == (400, ["error"])
    assert await plain.look("guild") == before


async def test_an_outage_is_told_apart_from_a_removal(plain: Harness) -> None:
    async with plain.online() as bot:
        await plain.post("settings", guild_available=False)
        down = await bot.event("GUILD_DELETE")
        typed = {"user": "ana", "channel": "general", "name": "video create", "options": {"prompt": "x"}}
        quiet = await plain.act("command", **typed)
        silent = await plain.act("messages", user="ana", channel="general", content="x")
        await plain.post("settings", premium_tier=1)
        async with plain.connect() as other:
            late = await other.identify(plain.world.token)
            await plain.post("settings", guild_available=True)
            await plain.post("settings", premium_tier=2)
            await other.event("GUILD_UPDATE")
            shown = [frame["d"]["id"] for frame in other.frames if frame["t"] == "GUILD_CREATE"]
        back = await bot.receive()
        await plain.post("settings", bot_present=False)
        gone = await bot.event("GUILD_DELETE")

    assert down == {"id": plain.guild.id, "unavailable": True}
    assert (quiet[0], silent[0]) == (400, 400)
    assert late["guilds"] == [{"id": plain.guild.id, "unavailable": True}]
    assert (back["t"], back["d"]["premium_tier"], shown) == ("GUILD_CREATE", 1, [plain.guild.id])
    assert gone == {"id": plain.guild.id}


async def test_a_guild_without_the_bot_is_shut_to_it_and_so_are_its_people(harness: Harness) -> None:
    guild, ana = f"/guilds/{harness.guild.id}", harness.user("ana")
    _, direct = await harness.api("POST", "/users/@me/channels", {"recipient_id": ana})
    await harness.register()
    await harness.post("settings", bot_present=False)
    path = f"/applications/{harness.world.application_id}{guild}/commands"
    answers = {
        "guild": await harness.api("GET", guild),
        "roles": await harness.api("GET", f"{guild}/roles"),
        "member": await harness.api("GET", f"{guild}/members/{ana}"),
        "channel": await harness.say(),
        "commands": await harness.api("PUT", path, []),
        "direct": await harness.api("POST", f"/channels/{direct['id']}/messages", {"content": "hi"}),
    }
    typed = {"user": "ana", "channel": "general", "name": "video create", "options": {"prompt": "x"}}

    assert {name: (status, answer["code"]) for name, (status, answer) in answers.items()} == {
        "guild": (404, 10004),
        **dict.fromkeys(("roles", "member", "channel", "commands"), (403, 50001)),
        "direct": (403, 50278),
    }
    assert (await harness.act("command", **typed))[0] == 400
