"""The bot is killed -9 before and after every step of a review: it is decided once, made once, posted and paid once."""

import contextlib
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.moderators import ADMIN, ROOM, button, checks
from tests.acceptance.people import Json
from tests.acceptance.stage import SMALL, Stage

CRASHING: Final = str(Path(__file__).with_name("crashing.py"))
# The steps that only a review takes, in their order: of a request that is approved, and of its video.
REQUEST: Final = ("JobStore.accept", "CaseStore.begin_posting", "post_case", "CaseStore.shown")
DECISION: Final = ("Decisions.approve queued", "edit_case")
RESULT: Final = ("Decisions.hold succeeded", "post_case", "Decisions.approve succeeded", "edit_case")
DENIAL: Final = ("Decisions.deny failed", "edit_case", "JobStore.begin_telling failed", "tell_requester failed")


def sides(*steps: str) -> list[str]:
    return [f"{side} {step}" for step in steps for side in ("before", "after")]


@dataclass
class People:
    """Whoever asks and whoever decides, each doing what they would once in the life of a process, waiting for nothing.

    What they press may have gone by then; a form may never open.
    """

    stage: Stage
    deny: bool
    pressed: set[str] = field(default_factory=set)
    opened: list[str] = field(default_factory=list)

    async def act(self) -> None:
        people = self.stage.people
        if not self.stage.books.jobs():
            if "ask" not in self.pressed:
                self.pressed.add("ask")
                await people.types("video create", **SMALL)
            return
        for sent in self.opened:
            if (await people.interaction(sent))["modal"]:
                self.opened.remove(sent)
                await people.submits(sent, user=ADMIN, reason="no")
                return
        for message in await people.messages(ROOM, user=ADMIN):
            if message["components"] and message["id"] not in self.pressed:
                self.pressed.add(message["id"])
                await self._press(message)

    async def _press(self, message: Json) -> None:
        with contextlib.suppress(AssertionError):  # the message was edited a moment ago
            verb = "deny" if self.deny else "approve"
            sent = await self.stage.people.presses(message, button(message, verb), user=ADMIN)
            if self.deny:
                self.opened.append(sent)


async def crash(stage: Stage, point: str, *, deny: bool = False) -> None:
    """Run the bot until it is killed at `point`, while people do what they would."""
    async with stage.process(arguments=[CRASHING, str(stage.folder / "points"), point]) as process:
        await stage.people.online()
        people = People(stage, deny)

        async def dead() -> bool:
            if process.returncode is None:
                await people.act()
            return process.returncode is not None

        await stage.people.until(dead, what=f"the end {point}")
        assert process.returncode == -signal.SIGKILL


async def prepare(stage: Stage, approval: str) -> None:
    async with stage.process():
        await stage.people.online()
        await checks(stage, approval=approval)


async def finish(stage: Stage, *, deny: bool = False) -> None:
    """Run the bot, unharmed, until there is nothing left to do or to decide."""
    async with stage.process():
        await stage.people.online()
        people = People(stage, deny)

        async def over() -> bool:
            await people.act()
            cases = stage.books.rows("SELECT * FROM cases")
            settled = cases and all(each["state"] != "open" and each["due_at"] is None for each in cases)
            return bool(settled) and stage.books.resting()

        await stage.people.until(over, what="the end of every case")


async def once(stage: Stage, *, cases: int) -> None:
    """One message for each case, one task, one video, one charge."""
    assert len(stage.books.rows("SELECT * FROM cases")) == cases
    assert len(await stage.people.messages(ROOM, user=ADMIN)) == cases
    assert [task["billed"] for task in await stage.people.tasks()] == [True]
    assert len(await stage.people.results()) == 1
    assert stage.books.entries() == [("hold", 3), ("settle", 3)]


@pytest.mark.parametrize("point", sides(*REQUEST, *DECISION))
async def test_a_request_under_review_survives(stage: Stage, point: str) -> None:
    await prepare(stage, "requests")
    await crash(stage, point)
    await finish(stage)
    await once(stage, cases=1)


@pytest.mark.parametrize("point", sides(*RESULT))
async def test_a_video_under_review_survives(stage: Stage, point: str) -> None:
    await prepare(stage, "results")
    await crash(stage, point)
    await finish(stage)
    await once(stage, cases=1)


@pytest.mark.parametrize("point", sides(*DENIAL))
async def test_a_denial_gives_everything_back_once(stage: Stage, point: str) -> None:
    await prepare(stage, "requests")
    await crash(stage, point, deny=True)
    await finish(stage, deny=True)
    assert len(await stage.people.messages(ROOM, user=ADMIN)) == 1
    assert await stage.people.tasks() == []
    assert stage.books.entries() == [("hold", 3), ("release", 3)]
