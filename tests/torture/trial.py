"""One trouble, once, thrice or lasting, while one person waits for one video; and what came of it."""

import asyncio
from random import Random
from time import monotonic
from typing import Final

from sandbox.discord.interactions import FIRST_ANSWER_SECONDS
from tests.acceptance.database import Row
from tests.acceptance.people import LOADING, POLL_SECONDS
from tests.torture.bot_process import HOUR, BotProcess
from tests.torture.invariants import end_of
from tests.torture.troubles import OFTEN, Trouble

LASTING: Final = 6.0  # seconds that a lasting trouble lasts, unless everything is at its end before
ENDS: Final = 300.0  # seconds until a job that has not ended counts as stuck
PATIENT: Final = 20.0  # seconds that Discord waits for a first answer
NOTHING: Final = "not accepted"
FIRST: Final = 1.5  # seconds in which a video is made when nothing goes wrong: what befalls a machine befalls it then


async def try_out(bot: BotProcess, trouble: Trouble, often: str, *, random: Random) -> str:
    """Ask for a video, make trouble, heal it, let everything come to its end, and tell which one."""
    people = bot.system.people
    (user,) = await people.crowd(1)
    # A machine that stands still for three seconds is no trouble of those; where the answer is lost it is said soon.
    bot.system.sandbox.discord.interactions.first_answer_seconds = (
        FIRST_ANSWER_SECONDS if trouble.step == "answer" else PATIENT
    )
    if trouble.fault:
        bot.suffered["faults"] += 1
        await people.fault(**{**trouble.fault, "count": OFTEN[often]})
    await people.online()
    sent = await people.types("video create", user=user, model=trouble.model, prompt="a boat", duration=5, aspect="1:1")
    asked = _Asked(bot, sent=sent, user_id=bot.system.id_of("users", user))
    if not trouble.fault:
        await _strike(bot, trouble.kind, times=min(OFTEN[often], 5), random=random)
    elif often == "lasting":
        await asked.ended(within=LASTING)
    else:
        await asked.ended(within=ENDS)
    if trouble.fault:
        await people.fault(trouble.target, trouble.kind, count=0)
    await people.online()
    await asked.ended(within=ENDS)
    job = asked.job()
    return NOTHING if job is None else str(end_of(job))


async def _strike(bot: BotProcess, kind: str, *, times: int, random: Random) -> None:
    """Let something happen to the machine, at random moments."""
    for _ in range(times):
        await asyncio.sleep(random.uniform(0, FIRST))
        match kind:
            case "killed -9":
                await bot.killed()
            case "paused":
                await bot.paused(random.uniform(0.5, 2))
            case "clock an hour ahead":
                await bot.leapt(HOUR)
            case _:
                await bot.leapt(-HOUR)


class _Asked:
    """Somebody's request, and how far it has come."""

    def __init__(self, bot: BotProcess, *, sent: str, user_id: str) -> None:
        self._bot, self._sent, self._user = bot, sent, user_id

    def job(self) -> Row | None:
        """Find the job that came of the request."""
        return next((job for job in self._bot.system.database.jobs() if str(job["user_id"]) == self._user), None)

    async def ended(self, *, within: float) -> bool:
        """Wait until nothing more will come of the request."""
        end = monotonic() + within
        while monotonic() < end:
            self._bot.system.people.alive()
            job = self.job()
            if (job is None and await self._refused()) or (job is not None and job["due_at"] is None):
                return True
            await asyncio.sleep(POLL_SECONDS)
        return False

    async def _refused(self) -> bool:
        """Tell whether the person reads that the request failed, or was answered without a job."""
        seen = await self._bot.system.people.interaction(self._sent)
        current = seen["current"]
        answered = current is not None and not current["flags"] & LOADING
        return self.job() is None and (seen["failed"] is not None or answered)
