"""What everybody in a simulated world shares: the time, the dice, the weather, and the record of what happened."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from random import Random
from typing import Final, TypeVar

from bot.errors import ShotcallerError
from tests.simulation.loop import Process, SimulatedLoop, owner
from tests.simulation.moments import BEGIN

T = TypeVar("T")

LATEST: Final = 60  # events that a failure shows
# Of these so many in so short a time mean that the bot runs in circles.
CALLS: Final = 500  # into the world
TRANSACTIONS: Final = 300  # of each process, and as many more
SHORT: Final = 60.0  # seconds
MANY: Final = 5  # things that are wrong before a world ends early


@dataclass(kw_only=True)
class Weather:
    """How often each kind of trouble comes, from 0 to 1: it is drawn for each seed."""

    discord: float  # a message that is refused for now, or taken without an answer
    provider: float  # the same of a call to a video service
    task: float  # a video that fails at its service
    file: float  # a file that is not to be had just now
    kill: float  # a process that dies, or stops for a while, right after something of it has reached the world
    slow: float  # an answer that takes its time

    @classmethod
    def drawn(cls, random: Random) -> "Weather":
        """Draw a day's weather: some are fair, some stormy."""
        storm = random.choice((0.0, 0.3, 1.0, 1.0, 2.5))
        return cls(
            discord=0.05 * storm,
            provider=0.06 * storm,
            task=0.08 * storm,
            file=0.08 * storm,
            kill=random.choice((0.0, 0.01, 0.02, 0.04)),
            slow=0.03 * storm,
        )

    def clear_up(self) -> None:
        """Let there be no more trouble."""
        self.discord = self.provider = self.task = self.file = self.kill = self.slow = 0.0


class World:
    """The time, the dice, the weather and the record. Its own code runs in nobody's name."""

    def __init__(
        self, loop: SimulatedLoop, random: Random, *, begins: timedelta, tell: Callable[[str], None] | None
    ) -> None:
        self.loop, self.random, self.weather = loop, random, Weather.drawn(random)
        self.wrong: list[str] = []
        self.counted: Counter[str] = Counter()
        self.over = asyncio.Event()
        self.latest: deque[str] = deque(maxlen=LATEST)
        self._begin, self._tell, self._trace = BEGIN + begins, tell, blake2b(digest_size=16)
        self._leapt = timedelta(0)
        self._happened: Counter[str] = Counter()
        self._began_at: dict[str, float] = {}
        self._at_effect: Callable[[str, Process | None], None] = lambda _what, _process: None

    # -- time

    def moment(self) -> datetime:
        """Tell the true time, which is Discord's."""
        return self._begin + timedelta(seconds=self.loop.time())

    def wall(self) -> datetime:
        """Tell the time that the machine shows, which somebody may have set."""
        return self.moment() + self._leapt

    def set_clock(self, ahead: timedelta) -> None:
        """Set the clock of the machine, by the true time."""
        self._leapt = ahead
        self.event(f"the clock is set {ahead} ahead")

    # -- dice

    def chance(self, probability: float) -> bool:
        """Throw the dice, where they can matter."""
        return probability > 0 and self.random.random() < probability

    # -- the record

    def event(self, what: str) -> None:
        """Record something: the digest of all of it is what two runs of a seed have in common."""
        line = f"{self.loop.time():.6f} {what}"
        self._trace.update(line.encode())
        self.latest.append(line)
        if self._tell:
            self._tell(line)

    def is_wrong(self, what: str) -> None:
        """Record that something is not as it has to be."""
        self.event(f"WRONG: {what}")
        self.wrong.append(f"{self.loop.time():.3f} s: {what}")
        if len(self.wrong) >= MANY:
            self.over.set()

    def digest(self) -> str:
        """Tell all that happened, in one word."""
        return self._trace.hexdigest()

    # -- calls from processes into the world

    def kill_at_effects(self, kill: Callable[[str, Process | None], None]) -> None:
        """Say who may kill the process whose effect has just reached the world."""
        self._at_effect = kill

    async def request(self, effect: Callable[[], T], *, what: str, there: float = 0.15, back: float = 0.15) -> T:
        """Send something into the world and wait for the answer.

        Once it is sent it arrives, whether or not whoever has sent it is still there; `effect` is what it does then.
        """
        answer: asyncio.Future[T] = self.loop.create_future()
        delay = self.random.uniform(0.001, there)
        self.happens("calls", most=CALLS, what=what)
        arrive = partial(self._arrive, effect, answer, what, back, owner())
        self.loop.call_later(delay, arrive, context=self.loop.world)
        return await answer

    def happens(self, name: str, *, most: int, what: str) -> None:
        """Count something that must not happen so often in a short time."""
        self._happened[name] += 1
        if self._happened[name] % most:
            return
        took = self.loop.time() - self._began_at.get(name, 0.0)
        self._began_at[name] = self.loop.time()
        if took < SHORT:
            self.is_wrong(f"{most} {name} in {took:.0f} s, the last of them {what}")
            self.over.set()

    def later(self, seconds: float, effect: Callable[[], object]) -> None:
        """Have something happen later, whoever is there then."""
        self.loop.call_later(seconds, effect, context=self.loop.world)

    def _arrive(
        self, effect: Callable[[], T], answer: "asyncio.Future[T]", what: str, back: float, sender: Process | None
    ) -> None:
        outcome: T | ShotcallerError
        try:
            outcome = effect()
        except ShotcallerError as exc:
            outcome = exc
        self._at_effect(what, sender)
        delay = self.random.uniform(0.001, back)
        if self.chance(self.weather.slow):
            delay += self.random.expovariate(1 / 20)
        self.loop.call_later(delay, _answer, answer, outcome, context=self.loop.world)


def _answer(answer: "asyncio.Future[T]", outcome: T | ShotcallerError) -> None:
    if answer.done():
        return
    if isinstance(outcome, ShotcallerError):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)


Sleep = Callable[[float], Awaitable[object]]
