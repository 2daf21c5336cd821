"""`/admin doctor`: what keeps the bot from working, and what was deleted."""

from tests.acceptance.admins import audit_message, request_video, run_admin, turn_setup
from tests.acceptance.system import System


async def test_channels_are_looked_at_one_by_one(system: System) -> None:
    people = system.people
    async with system.bot():
        said = await run_admin(people, "doctor")
        for name, missing in (("quiet", "Send Messages"), ("no-files", "Attach Files"), ("hidden", "View Channel")):
            (line,) = [each for each in said.splitlines() if f"<#{system.id_of('channels', name)}>" in each]
            assert missing in line
            assert line.startswith("⚠️")
        (good,) = [each for each in said.splitlines() if "I can post videos in" in each]
        assert f"<#{system.id_of('channels', 'general')}>" in good
        assert "Files of up to 10 MB" in said
        assert "The database answers" in said
        assert "✅ The video service kirin answers" in said
        await run_admin(people, "channels", allow="quiet")
        said = await run_admin(people, "doctor")
        assert "There is no channel where I can post videos" in said
        assert f"<#{system.id_of('channels', 'no-files')}>" not in said


async def test_a_video_service_that_is_down_is_named(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.fault("kling", "http_500", count=20)
        assert "❌ The video service kling does not answer" in await run_admin(people, "doctor")


async def test_the_operators_channel_is_looked_at_in_the_server_that_has_it(system: System) -> None:
    people = system.people
    async with system.bot():
        assert "operator's channel" not in await run_admin(people, "doctor")
    async with system.bot(operator_channel_id=system.id_of("channels", "showcase")):
        here = f"<#{system.id_of('channels', 'showcase')}>"
        assert f"✅ Faults that need the bot's operator are reported in {here}" in await run_admin(people, "doctor")
        await people.permissions("showcase", deny=["SEND_MESSAGES"])
        said = await run_admin(people, "doctor")
        assert f"❌ In the operator's channel {here} I need **Send Messages**" in said


async def test_the_channels_of_moderators_and_of_the_audit_are_looked_at_too(system: System) -> None:
    people = system.people
    await people.channel("mod")
    await people.channel("log")
    async with system.bot():
        said = await run_admin(people, "doctor")
        assert "There is no moderators' channel" in said
        assert "Changes are posted nowhere" in said
        opened = await people.types("admin setup", user="admin")
        await people.answered(opened)
        message = await turn_setup(people, opened, "moderators")
        await people.edited(await people.presses(message, "setup:moderators", "mod", user="admin"))
        await run_admin(people, "audit", channel="log")
        await audit_message(people, "Changes posted in", channel="log")
        said = await run_admin(people, "doctor")
        assert "✅ Moderators decide in <#" in said
        assert "✅ Changes are posted in <#" in said
        await people.permissions("mod", deny=["EMBED_LINKS"])
        await people.channel("log", delete=True)
        said = await run_admin(people, "doctor")
        assert "In the moderators' channel <#" in said
        assert "Embed Links" in said
        assert "The audit channel is gone" in said
        await run_admin(people, "limits", longest=3)
        await run_admin(people, "doctor", tidy=True)
        said = await run_admin(people, "doctor")
        assert "Changes are posted nowhere" in said


async def test_what_was_deleted_is_found_and_cleared_without_letting_anybody_in(system: System) -> None:
    people = system.people
    role, other = await people.role("VIP"), await people.role("Extra")
    await people.channel("stage")
    async with system.bot():
        await run_admin(people, "roles", allow="VIP")
        await run_admin(people, "tier", role="Extra", credits=5)
        await run_admin(people, "channels", deny="stage")
        await people.role("VIP", delete=True)
        await people.role("Extra", delete=True)
        await people.channel("stage", delete=True)
        said = await run_admin(people, "doctor")
        assert f"`{role}`" in said
        assert f"`{other}`" in said
        assert "Channels that no longer exist" in said
        assert "None of the roles that may make videos still exists" in said
        assert "Nothing was charged" in await request_video(people)
        said = await run_admin(people, "doctor", tidy=True)
        assert "Saved:" in said
        assert f"`{other}`" not in said
        assert f"`{role}`" in said
        assert "Nothing was charged" in await request_video(people)
        await run_admin(people, "roles", allow="Film club")
        await run_admin(people, "doctor", tidy=True)
        assert "no longer exist" not in await run_admin(people, "doctor")


async def test_a_month_whose_budget_is_spent_is_named(system: System) -> None:
    async with system.bot():
        await run_admin(system.people, "budget", monthly=0)
        assert "This month's budget is used up" in await run_admin(system.people, "doctor")


async def test_credits_that_nobody_is_given_are_named(system: System) -> None:
    async with system.bot():
        await run_admin(system.people, "allowance", credits=0)
        assert "Nobody is given any credits" in await run_admin(system.people, "doctor")
