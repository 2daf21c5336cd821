"""`/admin moderation`: every command holds at once, is on record, and is the admins' alone."""

import pytest

from tests.acceptance.moderators import ADMIN, ROOM, checks, rule
from tests.acceptance.stage import SMALL, Stage


async def types(stage: Stage, name: str, /, **options: object) -> str:
    sent = await stage.people.types(f"admin moderation {name}", user=ADMIN, also=dict(options))
    return await stage.people.answer(sent)


@pytest.mark.parametrize(
    ("name", "options"),
    [("checks", {}), ("strikes", {}), ("rules", {}), ("add", {"rule": "gore"}), ("remove", {"rule": "gore"})],
)
async def test_members_are_not_offered_it(stage: Stage, name: str, options: dict[str, str]) -> None:
    async with stage.bot():
        assert await stage.people.cannot_type(f"admin moderation {name}", **options)


async def test_rules_are_added_changed_listed_and_removed(stage: Stage) -> None:
    async with stage.bot():
        assert "kraken" in await rule(stage, " kraken ")
        assert "warn" in (await rule(stage, "Kraken", action="warn")).lower()
        await rule(stage, "go+re", kind="regex")
        listed = await types(stage, "rules")
        assert "Kraken" in listed
        assert "go+re" in listed
        offered = await stage.people.completes("admin moderation remove", focused="rule", user=ADMIN, rule="GO")
        assert [each["value"] for each in offered] == ["go+re"]
        await types(stage, "remove", rule="Kraken")
        assert "Kraken" not in await types(stage, "rules")
        refused = await stage.people.answer(await stage.people.types("video create", **{**SMALL, "prompt": "a goore"}))
        assert "rules of this server" in refused
        await types(stage, "remove", rule="go+re")
        said = await stage.people.answer(await stage.people.types("video create", **{**SMALL, "prompt": "a goore"}))
        assert "On its way" in said
        await stage.rest()
    actions = [row["action"] for row in stage.books.rows("SELECT action FROM audit")]
    assert actions == ["changed"] * 5


async def test_checks_are_shown_and_turned_off(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, approval="both", results=True, level=2)
        shown = await types(stage, "checks")
        assert f"<#{(await _room(stage))}>" in shown
        assert "2" in shown
        await types(stage, "checks", off=True)
        said = await stage.people.answer(await stage.people.types("video create", **SMALL))
        assert "On its way" in said
        await stage.rest()
    assert stage.books.rows("SELECT * FROM cases") == []


async def test_what_needs_a_moderator_needs_a_channel_that_the_bot_can_use(stage: Stage) -> None:
    await stage.people.room(ROOM)
    await stage.people.permissions(ROOM, deny=["SEND_MESSAGES"])
    async with stage.bot():
        assert "moderators' channel" in await types(stage, "checks", approval="requests")
        assert "moderators' channel" in await rule(stage, "gore", action="hold")
        assert "**Send Messages**" in await types(stage, "checks", channel=ROOM)
        await stage.people.permissions(ROOM, allow=["SEND_MESSAGES"])
        assert "I may not do that" not in await types(stage, "checks", channel=ROOM, approval="requests")
        await rule(stage, "gore", action="hold")
        assert "moderators' channel" in await types(stage, "checks", off=True)
    assert len(stage.books.rows("SELECT * FROM audit")) == 2


async def test_strikes_are_set_and_shown(stage: Stage) -> None:
    async with stage.bot():
        await types(stage, "strikes", strikes=3, days=2, hours=48)
        shown = await types(stage, "strikes")
        assert "3" in shown
        assert "2 days" in shown
        assert "48 hours" in shown


async def _room(stage: Stage) -> str:
    (room,) = [each["id"] for each in (await stage.people.guild())["channels"] if each["name"] == ROOM]
    return str(room)
