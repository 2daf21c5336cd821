"""Private videos, and what could not be delivered: kept for one person, fetched, shared and dismissed with one tap."""

from collections.abc import Awaitable, Callable
from inspect import getclosurevars, isfunction
from typing import Any

from bot.errors import StoreUnavailable
from bot.store.database import Database, Transaction
from tests.acceptance.people import Json
from tests.acceptance.system import PROMPT, SMALL, System, around_database


def button(message: Json, wanted: str) -> str:
    """The `custom_id` of the first button whose id begins like that."""
    ids = [each.get("custom_id", "") for row in message["components"] for each in row["components"]]
    return str(next(each for each in ids if each.startswith(wanted)))


async def inbox(system: System, **who: Any) -> Json:
    return await system.people.answered(await system.people.types("inbox", **who))


async def given(system: System, sent: str) -> Json:
    """The private answer, once it carries a file."""

    async def with_file() -> Json | None:
        seen = await system.people.interaction(sent)
        current: Json | None = seen["current"]
        assert seen["failed"] is None, seen["failed"]
        return current if current and current["attachments"] else None

    return await system.people.until(with_file, what="a file in the private answer")


async def undeliverable(system: System, **options: Any) -> str:
    """Ask for a private video that cannot be sent, and see it kept; the interaction's id."""
    await system.people.change_settings(user="ana", dms_open=False)
    before = len(system.database.jobs())
    sent = await system.people.types("video create", **{**SMALL, "private": True, **options})

    async def kept() -> bool:
        new = system.database.jobs()[before:]
        return bool(new) and new[0]["dead_letter"] == "undeliverable"

    await system.people.until(kept, what="a kept video")
    await system.rest()
    return sent


async def test_the_private_answer_is_the_card_of_a_private_video(system: System) -> None:
    people = system.people
    await people.fault("kirin", "stuck")
    async with system.bot():
        sent = await people.types("video create", **SMALL, private=True)

        async def running() -> bool:
            return "Making the video" in str(((await people.interaction(sent))["current"] or {}).get("embeds"))

        await people.until(running, what="a card in the private answer")
        await people.fault("kirin", "stuck", count=0)
    assert await people.messages() == []


async def test_the_end_of_a_private_video_is_told_in_the_private_answer(system: System) -> None:
    people = system.people
    async with system.bot():
        sent = await people.types("video create", **SMALL, private=True)
        await people.result("dm")
        await system.rest()

        async def done() -> Json | None:
            current: Json = (await people.interaction(sent))["current"]
            return current if "Your video is ready" in current["content"] else None

        current = await people.until(done, what="the end in the private answer")
    assert current["embeds"] == current["components"] == []
    assert current["visible_to"] == system.id_of("users", "ana")
    assert await people.messages() == []


async def test_a_private_video_is_shared_to_its_channel_once_by_its_author_after_a_restart(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", **SMALL, private=True)
        direct = await people.result("dm")
        await system.rest()
    async with system.bot():
        assert "Nothing is waiting" in (await inbox(system))["content"], "it has arrived"
        sent = await people.presses(direct, button(direct, "result:share:"))
        assert "in the channel now" in await people.answer(sent)
        (shared,) = await people.results()
        again = await people.presses(direct, button(direct, "result:share:"))
        assert "already shared" in await people.answer(again)
        sent = await people.presses(shared, button(shared, "result:again:"), user="ben")
        assert "On its way" in await people.answer(sent)
        await system.rest()
    assert PROMPT in shared["attachments"][0]["description"]
    assert shared["mentions"] == []
    assert len(await people.results()) == 2
    assert system.database.balances() == (0, 6)


async def test_a_share_that_a_crash_left_unrecorded_is_found_and_not_repeated(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", **SMALL, private=True)
        direct = await people.result("dm")
        await system.rest()
        await people.presses(direct, button(direct, "result:share:"))

        async def shown() -> list[Json] | None:
            return await people.results() or None

        (shared,) = await people.until(shown, what="the shared video")

        async def recorded() -> bool:
            return system.database.job()["shared_at"] is not None

        await people.until(recorded, what="the record of that")
    system.database.change("UPDATE jobs SET shared_at = NULL, shared_message_id = NULL")
    await people.passes(minutes=10)  # Discord has forgotten the nonce
    async with system.bot():
        sent = await people.presses(direct, button(direct, "result:share:"))
        assert shared["id"] in await people.answer(sent)
    assert [each["id"] for each in await people.results()] == [shared["id"]]
    assert system.database.job()["shared_message_id"] == int(shared["id"])


async def test_what_could_not_be_sent_is_fetched_with_one_tap_and_paid_then(system: System) -> None:
    people = system.people
    async with system.bot():
        sent = await undeliverable(system)
        assert "`/inbox`" in await people.answer(sent)
        assert system.database.balances() == (3, 0)
    async with system.bot():
        listed = await inbox(system, locale="zh-CN")
        assert "等你来取" in listed["content"]
        sent = await people.presses(listed, button(listed, "inbox:get:"))
        handed = await given(system, sent)
        assert handed["visible_to"] == system.id_of("users", "ana")
        await system.rest()

        async def settled() -> bool:
            return system.database.balances() == (0, 3)

        await people.until(settled, what="the charge")
        jobs = await people.answered(await people.types("video jobs"))
        assert [each["label"] for row in jobs["components"] for each in row["components"]] == ["Send 1 to me"]
        again = await people.presses(listed, button(listed, "inbox:get:"))
        assert (await given(system, again))["attachments"][0]["size"] == handed["attachments"][0]["size"]
        await system.rest()
    assert system.database.entries() == [("hold", 3), ("settle", 3)]
    assert system.database.job()["dead_letter"] is None
    assert await people.messages() == []


async def test_a_channel_that_is_closed_meanwhile_is_said_and_the_share_can_be_tried_again(system: System) -> None:
    people = system.people
    async with system.bot():
        await undeliverable(system)
        listed = await inbox(system)
        await people.permissions("general", deny=["SEND_MESSAGES"])
        sent = await people.presses(listed, button(listed, "inbox:share:"))
        assert "I'm not allowed to do that in <#" in await people.answer(sent)
        assert system.database.balances() == (3, 0)
        await people.permissions("general", allow=["SEND_MESSAGES"])
        sent = await people.presses(listed, button(listed, "inbox:share:"))
        assert "in the channel now" in await people.answer(sent)
        await system.rest()
    assert len(await people.results()) == 1


async def test_a_kept_video_can_go_to_the_channel_after_all(system: System) -> None:
    people = system.people
    async with system.bot():
        await undeliverable(system)
        listed = await inbox(system)
        sent = await people.presses(listed, button(listed, "inbox:share:"))
        assert "in the channel now" in await people.answer(sent)
        await system.rest()
    assert len(await people.results()) == 1
    assert system.database.entries() == [("hold", 3), ("settle", 3)]


async def test_an_inbox_is_emptied_by_fetching_and_dismissing_and_each_is_charged_once(system: System) -> None:
    people = system.people
    async with system.bot():
        await undeliverable(system, prompt="boat one")
        await undeliverable(system, prompt="boat two")
        listed = await inbox(system)
        assert "charges the credits" in listed["content"]
        asked = await people.edited(await people.presses(listed, button(listed, "inbox:dismiss:")))
        assert "costs you 3 credits all the same" in asked["content"]
        back = await people.edited(await people.presses(asked, button(asked, "inbox:list")))
        assert back["content"] == listed["content"]
        asked = await people.edited(await people.presses(back, button(back, "inbox:dismiss:")))
        left = await people.edited(await people.presses(asked, button(asked, "inbox:dismiss-it:")))
        assert ("boat one" in left["content"], "boat two" in left["content"]) == (True, False)
        await given(system, await people.presses(left, button(left, "inbox:get:")))

        async def charged() -> bool:
            return len(system.database.entries()) == 4

        await people.until(charged, what="both charges")
        assert "Nothing is waiting" in (await inbox(system))["content"]
    assert sorted(system.database.entries()) == [("hold", 3), ("hold", 3), ("settle", 3), ("settle", 3)]
    assert await people.messages() == []


async def test_a_kept_video_that_is_opened_in_the_library_and_sent_directly_is_paid_once(system: System) -> None:
    people = system.people
    async with system.bot():
        await undeliverable(system)
        await people.change_settings(user="ana", dms_open=True)
        opened = await people.answered(await people.types("library", id=system.database.job()["id"]))
        for _ in range(2):
            await people.answer(await people.chooses(opened, "dm"))
            assert system.database.balances() == (0, 3)
        await system.rest()
    assert system.database.job()["delivered_at"] is not None
    assert system.database.entries() == [("hold", 3), ("settle", 3)]


async def test_a_public_video_without_a_place_waits_in_the_inbox_and_its_card_says_so(system: System) -> None:
    people = system.people
    await people.change_settings(user="ana", dms_open=False)
    async with system.bot():
        with system.sandbox.providers.held():
            await people.types("video create", **SMALL)
            await people.card("Making the video")
            await people.permissions("general", deny=["ATTACH_FILES"])
        await people.card("`/inbox`")
        await system.rest()
        (card,) = await people.messages()
        assert [user["username"] for user in card["mentions"]] == ["ana"]
        assert "only the person who asked for it can use it" in await people.answer(
            await people.presses(card, button(card, "inbox:get:"), user="ben")
        )
        await given(system, await people.presses(card, button(card, "inbox:get:")))

        async def taken_away() -> bool:
            return await people.cards() == []

        await people.until(taken_away, what="the end of the card")
        await system.rest()
    assert system.database.balances() == (0, 3)


class Refusing:
    """A database that refuses to write down that a video was fetched, once."""

    def __init__(self, inner: Database) -> None:
        self._inner, self.skip_locked, self.refusals = inner, inner.skip_locked, 1

    async def transact(self, work: Callable[[Transaction], Awaitable[Any]], *, snapshot: bool = False) -> Any:
        method = getclosurevars(work).nonlocals.get("method") if isfunction(work) else None  # see `transaction`
        if self.refusals and getattr(method, "__name__", "") == "received":
            self.refusals -= 1
            raise StoreUnavailable("database is locked")
        return await self._inner.transact(work, snapshot=snapshot)


async def test_a_video_that_was_handed_over_and_not_written_down_stays_to_be_fetched_and_is_paid_once(
    system: System,
) -> None:
    people = system.people
    async with system.bot(substitute=around_database(Refusing)):
        await undeliverable(system)
        listed = await inbox(system)
        handed = await given(system, await people.presses(listed, button(listed, "inbox:get:")))
        assert system.database.entries() == [("hold", 3)]
        again = await given(system, await people.presses(listed, button(listed, "inbox:get:")))
        assert handed["attachments"][0]["size"] == again["attachments"][0]["size"]

        async def settled() -> bool:
            return system.database.balances() == (0, 3)

        await people.until(settled, what="the charge")
        await system.rest()
    assert system.database.entries() == [("hold", 3), ("settle", 3)]


async def test_a_private_file_is_taken_from_its_message_and_when_that_is_gone_it_is_said(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", **SMALL, private=True)
        direct = await people.result("dm")
        await system.rest()
        await people.fault("kirin", "file_missing", count=100)
        opened = await people.answered(await people.types("library", id=system.database.job()["id"]))
        await people.answer(await people.chooses(opened, "dm"))
        handed, *_ = [each for each in await people.results("dm") if each["id"] != direct["id"]]
        assert handed["attachments"][0]["size"] == direct["attachments"][0]["size"]
        asked = await people.answered(await people.chooses(direct, "delete"))
        erased = await people.presses(asked, button(asked, "result:erase:"))
        assert "Deleted" in await people.answer(erased)
        again = await people.chooses(opened, "dm")
        assert "can't get this video's file" in await people.answer(again)
    assert system.database.balances() == (0, 3)


async def test_many_are_paged(system: System) -> None:
    people = system.people
    async with system.bot():
        for number in range(5):
            await undeliverable(system, prompt=f"boat {number}")
        first = await inbox(system)
        assert [f"boat {number}" in first["content"] for number in range(5)] == [False, True, True, True, True]
        second = await people.answered(await people.presses(first, button(first, "inbox:page:4")))
        assert "boat 0" in second["content"]
        assert "boat 1" not in second["content"]
        third = await people.answered(await people.presses(second, button(second, "inbox:page:0")))
        assert third["content"] == first["content"]
        foreign = await people.types("inbox", user="ben")
        assert "Nothing is waiting" in await people.answer(foreign)
