"""`/admin moderation`: every command holds at once, is on record, and is the admins' alone."""

import pytest

from tests.acceptance.moderators import ADMIN, MOD_CHANNEL, rule, set_checks
from tests.acceptance.system import SMALL, System


async def types(system: System, name: str, /, **options: object) -> str:
    sent = await system.people.types(f"admin moderation {name}", user=ADMIN, also=dict(options))
    return await system.people.answer(sent)


@pytest.mark.parametrize(
    ("name", "options"),
    [("checks", {}), ("strikes", {}), ("rules", {}), ("add", {"rule": "gore"}), ("remove", {"rule": "gore"})],
)
async def test_members_are_not_offered_it(system: System, name: str, options: dict[str, str]) -> None:
    async with system.bot():
        assert await system.people.cannot_type(f"admin moderation {name}", **options)


async def test_rules_are_added_changed_listed_and_removed(system: System) -> None:
    async with system.bot():
        assert "kraken" in await rule(system, " kraken ")
        assert "warn" in (await rule(system, "Kraken", action="warn")).lower()
        await rule(system, "go+re", kind="regex")
        listed = await types(system, "rules")
        assert "Kraken" in listed
        assert "go+re" in listed
        offered = await system.people.completes("admin moderation remove", focused="rule", user=ADMIN, rule="GO")
        assert [each["value"] for each in offered] == ["go+re"]
        await types(system, "remove", rule="Kraken")
        assert "Kraken" not in await types(system, "rules")
        refused = await system.people.answer(
            await system.people.types("video create", **{**SMALL, "prompt": "a goore"})
        )
        assert "rules of this server" in refused
        await types(system, "remove", rule="go+re")
        said = await system.people.answer(await system.people.types("video create", **{**SMALL, "prompt": "a goore"}))
        assert "On its way" in said
        await system.rest()
    actions = [row["action"] for row in system.database.rows("SELECT action FROM audit")]
    assert actions == ["changed"] * 5


async def test_checks_are_shown_and_turned_off(system: System) -> None:
    async with system.bot():
        await set_checks(system, approval="both", results=True, level=2)
        shown = await types(system, "checks")
        assert f"<#{(await _room(system))}>" in shown
        assert "2" in shown
        await types(system, "checks", off=True)
        said = await system.people.answer(await system.people.types("video create", **SMALL))
        assert "On its way" in said
        await system.rest()
    assert system.database.rows("SELECT * FROM cases") == []


async def test_what_needs_a_moderator_needs_a_channel_that_the_bot_can_use(system: System) -> None:
    await system.people.channel(MOD_CHANNEL)
    await system.people.permissions(MOD_CHANNEL, deny=["SEND_MESSAGES"])
    async with system.bot():
        assert "moderators' channel" in await types(system, "checks", approval="requests")
        assert "moderators' channel" in await rule(system, "gore", action="hold")
        assert "**Send Messages**" in await types(system, "checks", channel=MOD_CHANNEL)
        await system.people.permissions(MOD_CHANNEL, allow=["SEND_MESSAGES"])
        assert "I may not do that" not in await types(system, "checks", channel=MOD_CHANNEL, approval="requests")
        await rule(system, "gore", action="hold")
        assert "moderators' channel" in await types(system, "checks", off=True)
    assert len(system.database.rows("SELECT * FROM audit")) == 2


async def test_strikes_are_set_and_shown(system: System) -> None:
    async with system.bot():
        await types(system, "strikes", strikes=3, days=2, hours=48)
        shown = await types(system, "strikes")
        assert "3" in shown
        assert "2 days" in shown
        assert "48 hours" in shown


async def _room(system: System) -> str:
    (room,) = [each["id"] for each in (await system.people.guild())["channels"] if each["name"] == MOD_CHANNEL]
    return str(room)
