"""A server's settings as a file: out, changed, and in again, wholly or not at all."""

import json
from typing import Any

import pytest

from tests.acceptance.admins import audit_message, request_video, run_admin
from tests.acceptance.people import Json, People, attaches
from tests.acceptance.system import System


async def exports(people: People) -> Json:
    """The file of what is decided."""
    message = await people.answered(await people.types("admin export", user="admin"))
    (file,) = message["attachments"]
    assert file["filename"] == "shotcaller-settings.json"
    found: Json = json.loads(await people.fetch(file["url"]))
    return found


async def imports(people: People, content: str, *, user: str = "admin") -> str:
    """Bring a file; the interaction's id."""
    sent = await people.types("admin import", user=user, file=attaches("settings.json", content))
    await people.answered(sent)
    return sent


async def applies(people: People, sent: str, *, user: str = "admin") -> str:
    """Press the button below what a file would change; the words of the message afterwards."""
    message = (await people.interaction(sent))["current"]
    (button,) = message["components"][0]["components"]
    pressed = await people.presses(message, button["custom_id"], user=user)
    return str((await people.edited(pressed))["content"])


async def test_settings_go_out_into_a_file_and_come_back_changed(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "audit", channel="showcase")
        await run_admin(people, "channels", allow="general", deny="nsfw")
        await run_admin(people, "tier", role="Film club", credits=9, priority=2)
        await run_admin(people, "budget", monthly=25)
        file = await exports(people)
        assert file["format"] == "shotcaller-guild-settings"
        assert file["settings"]["channels"]["allowed"] == [system.id_of("channels", "general")]
        file["settings"]["limits"]["longest"] = 3
        file["settings"]["gifts"] = True
        await run_admin(people, "tier", role="Film club", remove=True)
        sent = await imports(people, json.dumps(file))
        said = await people.answer(sent)
        assert "Nothing has changed yet" in said
        assert "Longest video: no limit → **3 seconds**" in said
        assert "at most 3 seconds" not in await request_video(people, duration=5)
        await system.rest()
    async with system.bot():
        assert "Gifts between members: no → **yes**" in await applies(people, sent)
        assert "at most 3 seconds" in await request_video(people, duration=5)
        assert (await exports(people)) == file
        assert "Longest video" in (await audit_message(people, "imported settings", channel="showcase"))["content"]


async def test_the_file_of_now_changes_nothing(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "limits", longest=5)
        file = await exports(people)
        assert "already like that" in await people.answer(await imports(people, json.dumps(file)))


def file(**settings: Any) -> str:
    return json.dumps({"format": "shotcaller-guild-settings", "version": 1, "settings": settings})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("what?", "isn't JSON"),
        ("{}", "isn't a file of mine"),
        (file(gifts=True, nothing=1), "`nothing`: there's no such setting"),
        (file(gifts=True, limits={"longest": 99}), "`limits.longest`: at most 60"),
        (file(gifts=True, timezone="Mars/Olympus"), "`timezone`: there's no such time zone"),
        (file(gifts=True, moderation={"approval": "both"}), "moderators' channel"),
        (file(gifts=True, moderation={"rules": [{"kind": "regex", "pattern": "(cat"}]}), "(cat"),
        (" " * 300_000, "larger than 256 KB"),
    ],
)
async def test_a_file_with_one_mistake_changes_nothing_at_all(system: System, content: str, reason: str) -> None:
    people = system.people
    async with system.bot():
        said = await people.answer(await imports(people, content))
        assert reason in said
        assert "Gifts between members: **no**" in await run_admin(people, "server")
    assert system.database.rows("SELECT * FROM audit") == []


async def test_roles_and_channels_of_another_server_are_named_and_let_nobody_in(system: System) -> None:
    people = system.people
    async with system.bot():
        sent = await imports(people, file(channels={"allowed": ["123456789012345678"]}))
        assert "Not in this server, so nobody gets in by them: `123456789012345678`" in await people.answer(sent)
        asked = await applies(people, sent)
        assert "After this nobody here could make a video" in asked
        assert "the only channels it allows are not in this server" in asked
        assert "On its way" in await request_video(people)
        assert "Saved:" in await applies(people, sent)
        assert "Videos can't be made in this channel" in await request_video(people)
        assert "`123456789012345678`" in await run_admin(people, "doctor")


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"audit_channel_id": "123456789012345678"}, "audit_channel_id"),
        ({"moderation": {"channel_id": "123456789012345678", "approval": "both"}}, "moderation.channel_id"),
    ],
)
async def test_no_file_lets_the_bot_post_what_is_decided_here_in_another_server(
    system: System, settings: Json, field: str
) -> None:
    people = system.people
    async with system.bot():
        said = await people.answer(await imports(people, file(gifts=True, **settings)))
        assert f"`{field}`: not a channel of this server" in said
        assert "Gifts between members: **no**" in await run_admin(people, "server")


async def test_what_somebody_else_decides_meanwhile_is_shown_before_it_is_overwritten(system: System) -> None:
    people = system.people
    async with system.bot():
        sent = await imports(people, file(gifts=True))
        await run_admin(people, "limits", user="owner", longest=5)
        said = await applies(people, sent)
        assert "Somebody has changed the settings in the meantime" in said
        assert "Longest video: 5 seconds → **no limit**" in said
        assert "Longest video: **5 seconds**" in await run_admin(people, "limits")
        assert "Saved:" in await applies(people, sent)
        assert "Longest video: **no limit**" in await run_admin(people, "limits")


async def test_an_import_can_be_undone_even_after_a_restart(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "limits", longest=5)
        before = await exports(people)
        sent = await imports(people, file(gifts=True, roles={"allowed": ["123456789012345678"]}))
        await applies(people, sent)
        await applies(people, sent)
        assert "one of these roles" in await request_video(people)
    async with system.bot():
        assert "Gifts between members: yes → **no**" in await applies(people, sent)
        assert await exports(people) == before
        assert "On its way" in await request_video(people)


@pytest.mark.parametrize("point", ["before DraftStore.import_policy", "after DraftStore.import_policy"])
async def test_killed_while_it_is_brought_in_an_import_can_be_undone(system: System, point: str) -> None:
    people = system.people
    async with system.bot():
        sent = await imports(people, file(gifts=True))
        await people.answer(sent)
    asked = (await people.interaction(sent))["current"]
    (apply,) = asked["components"][0]["components"]
    await system.crashes(asked, apply["custom_id"], point=point, user="admin")
    async with system.bot():
        assert "Gifts between members: no → **yes**" in await applies(people, sent)
        assert "Gifts between members: yes → **no**" in await applies(people, sent)
        assert "Gifts between members: **no**" in await run_admin(people, "server")
    assert len(system.database.rows("SELECT action FROM audit")) == 2


async def test_what_was_changed_after_an_import_is_shown_before_it_is_undone(system: System) -> None:
    people = system.people
    async with system.bot():
        sent = await imports(people, file(gifts=True))
        await applies(people, sent)
        await run_admin(people, "limits", longest=5)
        said = await applies(people, sent)
        assert "Somebody has changed the settings in the meantime" in said
        assert "Longest video: 5 seconds → **no limit**" in said
        assert "Gifts between members: **yes**" in await run_admin(people, "server")


async def test_a_button_that_is_pressed_twice_brings_a_file_in_once(system: System) -> None:
    people = system.people
    async with system.bot():
        sent = await imports(people, file(gifts=True))
        message = (await people.interaction(sent))["current"]
        ident = message["components"][0]["components"][0]["custom_id"]
        for pressed in [await people.presses(message, ident, user="admin") for _ in range(2)]:

            async def answered(pressed: str = pressed) -> bool:
                seen = await people.interaction(pressed)
                return bool(seen["edits"] or seen["followups"])

            await people.until(answered, what="an answer")
    assert [row["action"] for row in system.database.rows("SELECT action FROM audit")] == ["imported"]


async def test_what_is_too_much_for_one_message_is_shown_in_several(system: System) -> None:
    people = system.people
    tiers = [{"role_id": str(10**17 + number), "priority": number % 9 + 1} for number in range(50)]
    async with system.bot():
        sent = await imports(people, file(tiers=tiers))
        asked = await people.answer(sent)
        assert "more" in asked
        assert "Nothing has changed yet" in asked
        await applies(people, sent)
        shown = await people.types("admin show", user="admin")
        said = await people.answer(shown)

        async def rest() -> list[Json] | None:
            found: list[Json] = (await people.interaction(shown))["followups"]
            return found or None

        said += "".join(each["content"] for each in await people.until(rest, what="further messages"))
    assert all(f"<@&{tier['role_id']}>" in said for tier in tiers)


async def test_who_is_no_admin_any_more_brings_nothing_in(system: System) -> None:
    people = system.people
    async with system.bot():
        sent = await imports(people, file(gifts=True))
        await people.passes(minutes=16)
        await people.gives("admin")
        message = (await people.interaction(sent))["current"]
        (button,) = message["components"][0]["components"]
        pressed = await people.presses(message, button["custom_id"], user="admin")
        refusal = await people.until(lambda: people.followup(pressed), what="a refusal")
        assert "Manage Server" in refusal["content"]
        assert "Gifts between members: **no**" in await run_admin(people, "server", user="owner")
