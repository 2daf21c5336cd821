"""Many people at once, and everything that can go wrong at once, in an order that one seed decides."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Any, Final

from tests.acceptance.controls import walk
from tests.acceptance.database import Row, Unreadable
from tests.torture.bot_process import Tortured
from tests.torture.invariants import end_of, violations
from tests.torture.troubles import OFTEN, troubles

IN_VAIN: Final = ("not connected", "sees no message", "has no component")
CALM: Final = 900.0  # seconds that everything has to come to its end when nothing goes wrong any more

# What people and services do next, and how often beside each other and the dangers.
ACTIONS: Final = {"ask": 50, "fault": 24, "take back": 5, "again": 4, "delete": 2}


@dataclass(kw_only=True)
class Chaos:
    """One run: until so many have asked, with trouble in between; in its second half no fault lasts any more."""

    bot: Tortured
    random: Random
    asks: int
    pause: float = 0.3  # seconds between two actions at most
    asked: int = 0

    async def run(self) -> list[str]:
        """Play the run to its end; list everything that is wrong then."""
        actions: dict[str, Callable[[], Awaitable[None]]] = {
            "ask": self._ask,
            "fault": self._fault,
            "take back": self._take_back,
            "again": self._again,
            "delete": self._delete,
        }
        dangers = self.bot.dangers
        weights = {**ACTIONS, **{name: weight for name, (weight, _) in dangers.items()}}
        faults_end = self.asks // 2
        while self.asked < self.asks:
            (action,) = self.random.choices(list(weights), weights=list(weights.values()))
            before = self.asked
            await (dangers[action][1](self.random) if action in dangers else actions[action]())
            if before < faults_end <= self.asked:
                await self._heal()
            await asyncio.sleep(self.random.uniform(0, self.pause))
        await self._heal()
        await self._calm()
        return await violations(self.bot.system)

    async def _ask(self) -> None:
        self.asked += 1
        who = await self.bot.somebody(self.random)
        what: dict[str, Any] = self.random.choice(
            [{"model": "kirin_v3_t2v"}, {"model": "kling-v1"}, {"private": True}, {"mode": "pro", "sound": True}]
        )
        await self._try("video create", **who, prompt="a boat", aspect="1:1", duration=5, **what)

    async def _try(self, name: str, **options: Any) -> None:
        await self.bot.system.people.online()
        await self._try_acting(self.bot.system.people.types(name, **options))

    async def _fault(self) -> None:
        trouble = self.random.choice([each for each in troubles() if each.fault])
        often = self.random.choice(list(OFTEN) if self.asked < self.asks // 2 else ["once", "thrice"])
        self.bot.suffered["faults"] += 1
        count = 1 if trouble.kind == "gateway_drop" else OFTEN[often]
        await self.bot.system.people.fault(**{**trouble.fault, "count": count})

    async def _heal(self) -> None:
        """End every fault that still waits."""
        for trouble in troubles():
            if trouble.fault:
                await self.bot.system.people.fault(trouble.target, trouble.kind, count=0)

    async def _take_back(self) -> None:
        jobs = [job for job in self._jobs() if job["status"] == "queued"]
        if jobs:
            job = self.random.choice(jobs)
            self.bot.suffered["taken back"] += 1
            await self._try("video cancel", user=str(job["user_id"]), job=job["id"])

    async def _again(self) -> None:
        await self._press("again")

    async def _delete(self) -> None:
        """Delete a video: press, and press once more where the bot asks."""
        sent = await self._press("delete")
        if sent is not None:
            await asyncio.sleep(1)
            current = (await self.bot.system.people.interaction(sent))["current"]
            asked = (
                []
                if current is None
                else [each["custom_id"] for each in walk(current["components"]) if "erase" in each.get("custom_id", "")]
            )
            for custom_id in asked:
                await self._try_acting(
                    self.bot.system.people.presses(current, custom_id, user=self._author(custom_id.split(":")[2]))
                )

    async def _press(self, action: str) -> str | None:
        """Press a button under a video that was posted in the channel; the interaction."""
        people = self.bot.system.people
        results = await people.results(self.random.choice(self.bot.channels))
        if not results or not self._jobs():
            return None
        message = self.random.choice(results)
        job = message["attachments"][0]["filename"].removesuffix(".mp4").rpartition("-")[2]
        self.bot.suffered[f"pressed {action}"] += 1
        await people.online()
        found = [
            each["custom_id"] for each in walk(message["components"]) if f":{action}:" in each.get("custom_id", "")
        ]
        user = self._author(job)
        if found:
            return await self._try_acting(people.presses(message, found[0], user=user))
        sent = await self._try_acting(people.presses(message, f"result:more:{job}", user=user))
        if sent is None:
            return None
        await asyncio.sleep(1)
        menu = (await people.interaction(sent))["current"]
        offered = [] if menu is None else [each.get("custom_id", "") for each in walk(menu["components"])]
        chosen = next((each for each in offered if f":{action}:" in each), None)
        return None if chosen is None else await self._try_acting(people.presses(menu, chosen, user=user))

    def _author(self, job_id: str) -> str:
        return next((str(row["user_id"]) for row in self._jobs() if row["id"] == job_id), "ana")

    def _jobs(self) -> list[Row]:
        """List all jobs; none while nobody can read them."""
        try:
            return self.bot.system.database.jobs()
        except Unreadable:
            return []

    async def _try_acting(self, acting: Awaitable[str]) -> str | None:
        """Act as somebody; whoever finds no bot there, or no more what they press, acts in vain."""
        try:
            return await acting
        except AssertionError as exc:
            if not any(each in str(exc) for each in IN_VAIN):
                raise
        return None

    async def _calm(self) -> None:
        """Let the last danger pass, and everything come to its end."""
        await self.bot.calm()
        end = monotonic() + CALM
        while monotonic() < end and not self.bot.system.database.resting():
            self.bot.system.people.alive()
            await asyncio.sleep(0.1)


def ends(bot: Tortured) -> dict[str, int]:
    """Count how many jobs ended in which way."""
    found: dict[str, int] = {}
    for job in bot.system.database.jobs():
        found[str(end_of(job))] = found.get(str(end_of(job)), 0) + 1
    return found
