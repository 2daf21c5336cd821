"""Tries one trouble after the other, several at a time, each where nothing else disturbs it."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.torture.bot_company import bot_company
from tests.torture.bot_process import BotProcess, Tortured, bot_process, seeded
from tests.torture.chaos import Chaos, ends
from tests.torture.invariants import violations
from tests.torture.reliability_page import Figures
from tests.torture.trial import try_out
from tests.torture.troubles import OFTEN, Trouble

Trial = tuple[Trouble, str]

TOGETHER: Final = 12  # troubles that one bot goes through before the next begins with nothing
DEADLINE: Final = 2.0  # minutes until a video is given up
UNHURRIED: Final = 1.0  # seconds between two actions at most, where somebody else goes on meanwhile
SOON: Final = 0.1  # the same where a service never finishes: that end is what is tried


class Runner:
    """Tries troubles: what came of every trial is in `came`, everything that was not true then in `wrong`."""

    def __init__(self, *, folder: Path, seed: int) -> None:
        self.folder, self.videos, self._seed, self._bots = folder, folder / "videos", seed, 0
        self.came: dict[Trial, str] = {}
        self.suffered, self.ends = Counter[str](), Counter[str]()
        self.wrong: list[str] = []

    async def try_all(self, chosen: list[Trouble], *, lanes: int) -> None:
        """Try each trouble once, thrice and lasting."""
        trials = [(trouble, often) for trouble in chosen for often in OFTEN]
        shares = [
            [trial for trial in trials if (trial[0].kind == "stuck") is stuck][start : start + TOGETHER]
            for stuck in (False, True)
            for start in range(0, len(trials), TOGETHER)
        ]
        waiting = iter([share for share in shares if share])
        async with asyncio.TaskGroup() as group:
            for _ in range(lanes):
                group.create_task(self._lane(waiting))

    async def all_at_once(self, *, asks: int) -> None:
        """Let everything happen at once to many people, who ask for so many videos."""
        async with bot_process(self.folder / "chaos", self.videos, job_deadline_minutes=DEADLINE) as bot:
            wrong = await Chaos(bot=bot, random=seeded(self._seed), asks=asks).run()
            self.wrong += [f"all at once: {each}" for each in wrong]
            self._count(bot)

    async def company_at_once(self, *, asks: int, gone: float) -> None:
        """Let everything happen at once to the processes of one bot; the server is `gone` for so many seconds."""
        async with bot_company(self.folder / "company", self.videos, asks=asks, job_deadline_minutes=DEADLINE) as bot:
            bot.gone = gone
            wrong = await Chaos(bot=bot, random=seeded(self._seed), asks=asks, pause=UNHURRIED).run()
            self.wrong += [f"several processes: {each}" for each in wrong]
            self._count(bot)
            if wrong:
                sys.stdout.write(bot.last_words())

    def figures(self) -> Figures:
        """Sum up what was counted."""
        return Figures(seed=self._seed, trials=len(self.came), suffered=self.suffered, ends=self.ends)

    def _count(self, bot: Tortured) -> None:
        self.suffered.update(bot.suffered)
        self.ends.update(ends(bot))

    async def _lane(self, waiting: Iterator[list[Trial]]) -> None:
        for share in waiting:
            rest = share
            while rest:
                rest = await self._go_through(rest)

    async def _go_through(self, trials: list[Trial]) -> list[Trial]:
        """Go through these trials with one bot, up to the first that ends wrong; give back those that are left."""
        self._bots += 1
        deadline = SOON if trials[0][0].kind == "stuck" else DEADLINE
        async with bot_process(self.folder / str(self._bots), self.videos, job_deadline_minutes=deadline) as bot:
            left = list(trials)
            while left:
                wrong = await self._try(bot, left.pop(0))
                self.wrong += wrong
                if wrong:
                    break
            self._count(bot)
        return left

    async def _try(self, bot: BotProcess, trial: Trial) -> list[str]:
        trouble, often = trial
        name = f"{trouble.target} · {trouble.step} · {trouble.kind} · {often}"
        try:
            self.came[trial] = await try_out(bot, trouble, often, random=seeded(f"{self._seed} {name}"))
            wrong = await violations(bot.system)
        except AssertionError as exc:
            self.came[trial], wrong = "BROKEN", [str(exc)]
        sys.stdout.write(f"{name}: {self.came[trial]}{' - NOT TRUE' * bool(wrong)}\n")
        sys.stdout.flush()
        return [f"{name}: {each}" for each in wrong]
