"""Who may decide: by Discord's own settings for commands, and asked again at every button."""

from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.admins import request_video, run_admin, turn_setup
from tests.acceptance.system import System

PAGE: Final = Path(__file__).parents[2] / "docs" / "admin.md"
COMMANDS: Final = (
    *("setup", "show", "server", "budget", "audit", "channels", "roles", "tier", "limits", "allowance", "pool"),
    *("grant", "block", "unblock", "pause", "resume", "doctor", "export", "import"),
)


async def test_no_admins_command_is_offered_to_members_or_in_direct_messages(system: System) -> None:
    people = system.people
    async with system.bot():
        for name in COMMANDS:
            assert "admin" in await people.cannot_type(f"admin {name}", user="ana")
        assert await people.cannot_type("admin show", user="admin", channel="dm")
        assert "What this server has decided" in await run_admin(people, "show")
        assert "What this server has decided" in await run_admin(people, "show", user="owner")


async def test_the_admins_page_names_every_command_with_its_options(system: System) -> None:
    async with system.bot():
        offered = system.sandbox.discord.registry.offered(str(system.sandbox.describe()["discord"]["guild_id"]))
    (admin,) = [each for each in offered if each["name"] == "admin"]
    page = PAGE.read_text(encoding="utf-8")
    for command in admin["options"]:
        assert f"`/admin {command['name']}`" in page
        if command["name"] in COMMANDS and command.get("options"):
            told = page.split(f"| `/admin {command['name']}` |")[1].split("| `/admin ")[0]
            assert [each["name"] for each in command["options"] if f"`{each['name']}`" not in told] == []
    assert {command["name"] for command in admin["options"]} >= set(COMMANDS)


async def test_a_role_that_was_let_in_under_integrations_may_use_commands_and_panel(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.integrations(command="admin", allow={"roles": ["Film club"]})
        await run_admin(people, "limits", user="ben", longest=3)
        assert "at most 3 seconds" in await request_video(people, duration=5)
        opened = await people.types("admin setup", user="ben")
        message = await people.answered(opened)
        pressed = await people.presses(message, "setup:channels", "general", user="ben")
        await people.edited(pressed)
        assert "Videos can't be made in this channel" in await request_video(people, channel="rushes")


async def test_who_was_let_in_and_is_not_any_more_cannot_use_an_open_panel(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.integrations(command="admin", allow={"roles": ["Film club"]})
        message = await people.answered(await people.types("admin setup", user="ben"))
        await people.integrations(command="admin", deny={"roles": ["Film club"]})
        pressed = await people.presses(message, "setup:channels", "general", user="ben")
        refusal = await people.until(lambda: people.followup(pressed), what="a refusal")
        assert "Manage Server" in refusal["content"]
        assert "Videos only in: **all**" in await run_admin(people, "channels")


async def test_an_admin_who_is_one_no_longer_cannot_use_an_old_panel(system: System) -> None:
    people = system.people
    async with system.bot():
        message = await people.answered(await people.types("admin setup", user="admin"))
        await people.edited(await people.presses(message, "setup:channels", "general", user="admin"))
        await people.gives("admin")
        pressed = await people.presses(message, "setup:channels", user="admin")
        refusal = await people.until(lambda: people.followup(pressed), what="a refusal")
        assert "Manage Server" in refusal["content"]
        assert "Videos only in: **<#" in await run_admin(people, "channels", user="owner")


@pytest.mark.parametrize("step", ["zone", "credits", "budget"])
async def test_a_form_that_comes_back_without_the_permission_decides_nothing(system: System, step: str) -> None:
    people = system.people
    async with system.bot():
        opened = await people.types("admin setup", user="admin")
        await people.answered(opened)
        message = await turn_setup(people, opened, "clock" if step == "zone" else step)
        form = await people.presses(message, f"setup:{step}", user="admin")
        await people.form(form)
        await people.passes(minutes=16)
        await people.gives("admin")
        entered = {"zone": {"zone": "Asia/Tokyo"}, "credits": {"amount": "1"}, "budget": {"usd": "1"}}[step]
        sent = await people.submits(form, user="admin", **entered)
        refusal = await people.until(lambda: people.followup(sent), what="a refusal")
        assert "Manage Server" in refusal["content"]
    assert system.database.rows("SELECT * FROM audit") == []
