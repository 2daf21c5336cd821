from typing import Any

import pytest

from tests.sandbox.conftest import Harness

OFFERED, NOT_OFFERED = 503, 400  # no bot is connected: what is offered fails only then
ADMIN = {"name": "admin", "description": "d", "default_member_permissions": "32"}
PLAIN = {"name": "video", "description": "d"}


async def offered(harness: Harness, user: str = "ana", *, name: str = "video", channel: str = "general") -> bool:
    status, _ = await harness.act("command", user=user, channel=channel, name=name)
    assert status in (OFFERED, NOT_OFFERED)
    return status == OFFERED


async def decide(harness: Harness, command: str | None = None, **rules: Any) -> None:
    await harness.post("command_permissions", command=command, **rules)


async def test_a_refused_person_is_told_what_is_needed(plain: Harness) -> None:
    await plain.register(ADMIN)
    _, answer = await plain.act("command", user="ana", channel="general", name="admin")
    await plain.post("roles", name="Film club", permissions=["MANAGE_GUILD"])

    assert answer["error"] == "the command 'admin' is not offered to ana: it needs MANAGE_GUILD"
    assert await offered(plain, "ben", name="admin")


async def test_a_role_is_let_in_beyond_the_default(plain: Harness) -> None:
    await plain.register(ADMIN)
    await decide(plain, "admin", allow={"roles": ["Film club"]})
    before = [await offered(plain, user, name="admin") for user in ("ana", "ben", "admin")]
    await decide(plain, "admin")

    assert before == [False, True, True]
    assert not await offered(plain, "ben", name="admin")


async def test_members_go_before_roles_and_roles_before_everyone(plain: Harness) -> None:
    await plain.register(PLAIN)
    await plain.post("people", names=["mia"], roles=["Film club"])
    await decide(plain, "video", allow={"users": ["mia"]}, deny={"roles": ["Film club"]})
    assert [await offered(plain, user) for user in ("ana", "ben", "mia")] == [True, False, True]

    await decide(plain, "video", allow={"roles": ["Film club"]}, deny={"roles": ["@everyone"], "users": ["mia"]})
    assert [await offered(plain, user) for user in ("ana", "ben", "mia")] == [False, True, False]

    await plain.post("settings", user="ben", roles=["Film club", "Moderators"])
    await decide(plain, "video", allow={"roles": ["Film club"]}, deny={"roles": ["Moderators"]})
    assert await offered(plain, "ben")


async def test_a_command_goes_before_the_application_which_keeps_the_default(plain: Harness) -> None:
    await plain.register(ADMIN, PLAIN)
    await decide(plain, allow={"roles": ["Film club"]}, deny={"roles": ["@everyone"]})
    whole = [await offered(plain, user) for user in ("ana", "ben", "admin")]
    default = await offered(plain, "ben", name="admin")
    await decide(plain, "video", allow={"users": ["ana"]})

    assert (whole, default) == ([False, True, False], False)
    assert [await offered(plain, user) for user in ("ana", "ben", "admin")] == [True, True, False]


async def test_commands_belong_to_channels(plain: Harness) -> None:
    await plain.register(PLAIN)
    await decide(plain, allow={"channels": ["showcase"]}, deny={"channels": ["*"]})
    whole = [await offered(plain, channel=name) for name in ("general", "showcase", "thread")]
    await decide(plain, "video", allow={"channels": ["general"]}, deny={"channels": ["showcase"]})

    assert whole == [False, True, False]
    assert [await offered(plain, channel=name) for name in ("general", "showcase", "thread")] == [True, False, True]


async def test_owners_and_administrators_are_offered_everything(plain: Harness) -> None:
    await plain.register(ADMIN)
    await plain.post("roles", name="Film club", permissions=["ADMINISTRATOR"])
    await decide(plain, "admin", deny={"roles": ["@everyone"], "users": ["owner", "ben"], "channels": ["*"]})

    assert await offered(plain, "owner", name="admin")
    assert await offered(plain, "ben", name="admin")
    assert not await offered(plain, "admin", name="admin")


async def test_the_bot_hears_and_reads_what_was_decided(harness: Harness) -> None:
    base = f"/applications/{harness.world.application_id}/guilds/{harness.guild.id}/commands"
    async with harness.online() as bot:
        command = harness.sandbox.discord.registry.of(harness.guild.id)[0]["id"]
        unknown, answer = await harness.api("GET", f"{base}/{command}/permissions")
        shown = (await harness.post("command_permissions", command="video", deny={"channels": ["*"]}))["permissions"]
        heard = await bot.event("APPLICATION_COMMAND_PERMISSIONS_UPDATE")
    _, one = await harness.api("GET", f"{base}/{command}/permissions")
    _, every = await harness.api("GET", f"{base}/permissions")
    refused, why = await harness.api("PUT", f"{base}/{command}/permissions", {"permissions": []})

    assert shown == [{"id": str(int(harness.guild.id) - 1), "type": 3, "permission": False}]
    assert heard == one == every[0]
    assert (one["id"], one["guild_id"], one["permissions"]) == (command, harness.guild.id, shown)
    assert (unknown, answer["code"]) == (404, 10066)
    assert (refused, why["code"]) == (403, 20001)


@pytest.mark.parametrize(
    "rules",
    [
        {"command": "nothing"},
        {"allow": {"roles": ["Kings"]}},
        {"allow": {"users": ["nobody"]}},
        {"deny": {"channels": ["nowhere"]}},
        {"deny": {"members": ["ana"]}},
        {"deny": ["ana"]},
        {"deny": {"users": [7]}},
    ],
)
async def test_nonsense_decides_nothing(plain: Harness, rules: dict[str, Any]) -> None:
    await plain.register(PLAIN)

    assert (await plain.act("command_permissions", **rules))[0] == 400
    assert not any(plain.guild.command_rules.values())


async def test_a_hundred_rules_are_enough(plain: Harness) -> None:
    users = list((await plain.post("people", count=101))["users"])

    assert (await plain.act("command_permissions", deny={"users": users}))[0] == 400
    assert (await plain.act("command_permissions", deny={"users": users[1:]}))[0] == 200


async def test_a_deleted_role_leaves_no_rule_behind(plain: Harness) -> None:
    await plain.register(PLAIN)
    await decide(plain, "video", deny={"roles": ["Film club"]})
    await plain.post("roles", name="Film club", delete=True)

    assert not any(plain.guild.command_rules.values())
