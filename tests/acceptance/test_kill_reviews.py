"""The bot is killed -9 before and after every step of a review: it is decided once, made once, posted and paid once."""

import contextlib
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.moderators import ADMIN, MOD_CHANNEL, button, set_checks
from tests.acceptance.people import Json
from tests.acceptance.system import SMALL, System

CRASHING: Final = str(Path(__file__).with_name("crashing.py"))
# The steps that only a review takes, in their order: of a request that is approved, and of its video.
REQUEST: Final = ("JobStore.accept pending", "CaseStore.begin_posting", "post_case", "OutboxStore.posted")
DECISION: Final = ("ReviewDecisionStore.approve queued", "edit_case")
RESULT: Final = (
    "ReviewDecisionStore.hold succeeded",
    "post_case",
    "ReviewDecisionStore.approve succeeded",
    "edit_case",
)
DENIAL: Final = (
    "ReviewDecisionStore.deny failed",
    "edit_case",
    "JobStore.begin_telling failed",
    "tell_requester failed",
    "remove_card failed",
    "JobStore.move_card",
)


def sides(*steps: str) -> list[str]:
    return [f"{side} {step}" for step in steps for side in ("before", "after")]


@dataclass
class People:
    """Whoever asks and whoever decides, each doing what they would once in the life of a process, waiting for nothing.

    Unless it is for the `card` of what was asked for. What they press may have gone by then; a form may never open.
    """

    system: System
    deny: bool
    card: bool = False
    pressed: set[str] = field(default_factory=set)
    opened: list[str] = field(default_factory=list)

    async def act(self) -> None:
        people = self.system.people
        if not self.system.database.jobs():
            if "ask" not in self.pressed:
                self.pressed.add("ask")
                await people.types("video create", **SMALL)
            return
        for sent in self.opened:
            if (await people.interaction(sent))["modal"]:
                self.opened.remove(sent)
                await people.submits(sent, user=ADMIN, reason="no")
                return
        if self.card and self.system.database.job()["card_message_id"] is None:
            return
        for message in await people.messages(MOD_CHANNEL, user=ADMIN):
            if message["components"] and message["id"] not in self.pressed:
                await self._press(message)

    async def _press(self, message: Json) -> None:
        with contextlib.suppress(AssertionError):  # the message was edited a moment ago
            verb = "deny" if self.deny else "approve"
            sent = await self.system.people.presses(message, button(message, verb), user=ADMIN)
            self.pressed.add(message["id"])
            if self.deny:
                self.opened.append(sent)


async def crash(system: System, point: str, *, deny: bool = False) -> None:
    """Run the bot until it is killed at `point`, while people do what they would."""
    async with system.process(arguments=[CRASHING, str(system.folder / "points"), point]) as process:
        await system.people.online()
        people = People(system, deny, card=deny)  # which goes at one of the points

        async def dead() -> bool:
            if process.returncode is None:
                await people.act()
            return process.returncode is not None

        await system.people.until(dead, what=f"the end {point}")
        assert process.returncode == -signal.SIGKILL


async def prepare(system: System, approval: str) -> None:
    async with system.bot():  # which ends in order: no process that has just died owns a channel then
        await set_checks(system, approval=approval)


async def finish(system: System, *, deny: bool = False) -> None:
    """Run the bot, unharmed, until there is nothing left to do or to decide."""
    async with system.process():
        await system.people.online()
        people = People(system, deny)

        async def over() -> bool:
            await people.act()
            cases = system.database.rows("SELECT * FROM cases")
            due = system.database.rows("SELECT * FROM outbox WHERE kind = 'case' AND due_at IS NOT NULL")
            settled = cases and not due and all(each["state"] != "open" for each in cases)
            return bool(settled) and system.database.resting()

        await system.people.until(over, what="the end of every case")


async def once(system: System, *, cases: int) -> None:
    """One message for each case, one task, one video, one charge."""
    assert len(system.database.rows("SELECT * FROM cases")) == cases
    assert len(await system.people.messages(MOD_CHANNEL, user=ADMIN)) == cases
    assert [task["billed"] for task in await system.people.tasks()] == [True]
    assert len(await system.people.results()) == 1
    assert system.database.entries() == [("hold", 3), ("settle", 3)]


@pytest.mark.parametrize("point", sides(*REQUEST, *DECISION))
async def test_a_request_under_review_survives(system: System, point: str) -> None:
    await prepare(system, "requests")
    await crash(system, point)
    await finish(system)
    await once(system, cases=1)


@pytest.mark.parametrize("point", sides(*RESULT))
async def test_a_video_under_review_survives(system: System, point: str) -> None:
    await prepare(system, "results")
    await crash(system, point)
    await finish(system)
    await once(system, cases=1)


@pytest.mark.parametrize("point", sides(*DENIAL))
async def test_a_denial_gives_everything_back_once(system: System, point: str) -> None:
    await prepare(system, "requests")
    await crash(system, point, deny=True)
    await finish(system, deny=True)
    assert len(await system.people.messages(MOD_CHANNEL, user=ADMIN)) == 1
    (ended,) = await system.people.cards()
    assert [button["label"] for row in ended["components"] for button in row["components"]] == ["Why?"]
    assert await system.people.tasks() == []
    assert system.database.entries() == [("hold", 3), ("release", 3)]
