"""Demonstrates the budget: a crowd presses Enter at once, and the money is there for some of them only.

Exactly so many videos may then be billed by the provider and posted; everybody else is refused in private; and the
books of the provider, of the jobs and of the ledger say the same, to the cent.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import aiohttp

from bot.demo.crowd_outcome import AT_ONCE, LENGTH, PRICE, CrowdOutcome, comparisons, most_at_once, passed_over, usd
from bot.demo.play import run_bot, run_sandbox, say_why
from bot.demo.screen import Screen
from bot.demo.show import POLL_SECONDS, DemoFailed, Show
from bot.domain import Job
from bot.store.database import Database
from bot.store.jobs.queries import JobQueryStore
from bot.store.money.ledger_totals import Amounts, LedgerTotals, read_ledger_totals
from bot.store.sqlite import SQLiteDatabase
from bot.values import dataclass, replace

SHARE: Final = Decimal("0.4")  # of the crowd that the budget is enough for, unless told otherwise
PATIENCE: Final = 240.0  # seconds for all of it
_REFUSED: Final = "Nothing was charged"  # says every refusal
PRIVATE: Final = 1 << 6  # Discord's flag of what one person alone sees
LOADING: Final = 1 << 7  # Discord's flag of "is thinking…"
CHANNELS: Final = ("general", "showcase", "rushes")  # that the crowd spreads over: each takes a message a second
ELSEWHERE: Final = ("stage", "gallery", "backlot")  # the same of a second guild, for a bot of several processes
COMPANY: Final = ("0/2", "1/2", "none", "none", "none")  # the `SHARDS` of its processes
TOO_MANY: Final = 2  # percent of all requests to Discord that a bot of several processes may send too many
PACE: Final = {
    "POLL_SECONDS_MIN": "0.5",
    "POLL_SECONDS_MAX": "1",
    "RUNNING_PER_GUILD": str(AT_ONCE),
    "RUNNING_PER_PROVIDER": str(AT_ONCE),
}
_SCENES: Final = ("A paper boat", "A red kite", "A brass robot", "A lighthouse", "A sleepy cat", "A night train")


@dataclass(frozen=True, kw_only=True, slots=True)
class SentRequest:
    """Somebody of the crowd, where they asked, and the interaction."""

    name: str
    user_id: str
    channel: str
    interaction_id: str


async def play_crowd(arguments: argparse.Namespace) -> int:
    """Play the demo and check what came of it; the exit code is 0 only if everything adds up."""
    count = arguments.crowd
    wanted = max(1, int(count * SHARE)) if arguments.afford is None else arguments.afford
    screen = Screen(sys.stdout)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shotcaller-demo-")))
        screen.say("starting a Discord and the video services on this machine …")
        sandbox = await stack.enter_async_context(run_sandbox(min(arguments.generate_seconds, 1.0)))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        url = arguments.postgres
        crowd = (Crowd if url is None else SpreadCrowd)(session, sandbox, screen, wanted=wanted)
        parts = [{}] if url is None else [{"DATABASE_URL": url, "SHARDS": shards} for shards in COMPANY]
        log = folder / "bot.log"
        try:
            screen.say("starting the bot …" if url is None else f"starting {len(parts)} processes of the bot …")
            async with AsyncExitStack() as processes:
                for part in parts:
                    await processes.enter_async_context(run_bot({**sandbox["env"], **PACE, **part}, folder, log))
                await crowd.wait_for_bot(connections=crowd.connections)
                seen = await crowd.press(count)
            async with _open(url, folder) as database:
                totals = [await read_ledger_totals(database, guild_id=guild) for guild in crowd.guilds]
                begun = await JobQueryStore(database).begun(most=count)
            await crowd.add_up(seen, _in_all(totals), begun)
        except DemoFailed as exc:
            say_why(exc, log, screen)
            return 1
    return 0


class Crowd(Show):
    """Lets the crowd press, watches until everybody knows, and adds up what came of it."""

    connections = 1  # of the bot to Discord's gateway
    too_many = 100  # percent of all requests to Discord that may be answered so

    def __init__(
        self, session: aiohttp.ClientSession, sandbox: Mapping[str, Any], screen: Screen, *, wanted: int
    ) -> None:
        super().__init__(session, sandbox, screen)
        self._wanted, self._home = wanted, int(sandbox["discord"]["guild_id"])
        self._places: list[tuple[int, tuple[str, ...]]] = [(self._home, CHANNELS)]  # guilds, and channels of each

    @property
    def guilds(self) -> Sequence[int]:
        """The ids of the guilds that the crowd is in."""
        return [guild for guild, _ in self._places]

    async def _gather(self, count: int) -> Mapping[str, str]:
        """Let so many people join; their ids by name."""
        people: Mapping[str, str] = (await self._post("people", {"count": count}))["users"]
        return people

    async def press(self, count: int) -> Sequence[SentRequest]:
        """Set the budget, let everybody ask at once, and wait for the last video; give back who asked.

        Raises:
            DemoFailed: the budget could not be set, or somebody was left without an answer or a video.
        """
        self._screen.say(f"{count} people join; an admin sets a budget that is enough for {self._wanted} videos")
        people = await self._gather(count)
        for number, (_, channels) in enumerate(self._places):
            share = len(range(number, self._wanted, len(self._places)))
            await self._set_budget(PRICE * share, channel=channels[0])
        line = f"/video create prompt:… duration:{LENGTH} aspect:1:1"
        self._screen.done(f"{count} people", "press Enter at once", line)
        began = time.monotonic()
        asked = await asyncio.gather(*(self._ask_as(number, *each) for number, each in enumerate(people.items())))
        self._screen.say(f"  all have pressed within {time.monotonic() - began:.1f} s")
        await self._watch(asked)
        return asked

    async def _set_budget(self, ceiling: Decimal, *, channel: str) -> None:
        options = {"monthly": float(ceiling)}
        self._screen.typed("admin", f"/admin budget monthly:{ceiling.normalize():f}")
        body = {"user": "admin", "channel": channel, "name": "admin budget", "options": options}
        sent = (await self._post("command", body))["interaction_id"]
        end = time.monotonic() + 20
        while time.monotonic() < end:
            message = (await self._get(f"interactions/{sent}"))["current"]
            if message is not None and not message["flags"] & LOADING:
                self._screen.message("Shotcaller (only admin sees this)", message["content"])
                return
            await asyncio.sleep(POLL_SECONDS)
        raise DemoFailed("the budget could not be set")

    async def _ask_as(self, number: int, name: str, user_id: str) -> SentRequest:
        turn, place = divmod(number, len(self._places))
        _, channels = self._places[place]
        channel = channels[turn % len(channels)]
        prompt = f"{_SCENES[number % len(_SCENES)]}, take {number + 1}"
        options = {"prompt": prompt, "duration": LENGTH, "aspect": "1:1"}
        body = {"user": name, "channel": channel, "name": "video create", "options": options}
        sent = (await self._post("command", body))["interaction_id"]
        return SentRequest(name=name, user_id=user_id, channel=channel, interaction_id=sent)

    async def _watch(self, asked: Sequence[SentRequest]) -> None:
        """Show how far the crowd is, until everybody has an answer and every card is gone."""
        waiting, began = list(asked), time.monotonic()
        videos = min(self._wanted, len(asked))
        ahead = {"answered": len(asked), "submitted": videos, "billed": videos, "posted": videos}
        while time.monotonic() < began + PATIENCE:
            waiting = [each for each in waiting if await self._answer(each) is None]
            tasks, messages = await self._get("tasks"), await self._messages()
            posted, cards = sum(map(_is_video, messages)), any(message["embeds"] for message in messages)
            counts = {
                "answered": len(asked) - len(waiting),
                "submitted": len(tasks),
                "billed": sum(task["billed"] for task in tasks),
                "posted": posted,
            }
            self._screen.progress(" · ".join(f"{count} {what}" for what, count in counts.items()))
            for what in [each for each, whole in ahead.items() if counts[each] >= whole]:
                self._screen.say(f"  {ahead.pop(what)} {what} after {time.monotonic() - began:.1f} s")
            if not waiting and not cards and posted >= videos:
                return
            await asyncio.sleep(POLL_SECONDS)
        raise DemoFailed(f"{len(waiting)} people were left without an answer, or videos without an end")

    async def _answer(self, asked: SentRequest) -> Mapping[str, Any] | None:
        """Find what one of the crowd was told privately, once the bot has stopped thinking."""
        message: Mapping[str, Any] | None = (await self._get(f"interactions/{asked.interaction_id}"))["current"]
        return None if message is None or message["flags"] & LOADING else message

    async def _messages(self) -> list[Mapping[str, Any]]:
        """List what the bot has written where everybody reads it."""
        channels = [channel for _, here in self._places for channel in here]
        found = [await self._get(f"messages?channel={channel}") for channel in channels]
        return [each for messages in found for each in messages if "visible_to" not in each]

    async def add_up(self, asked: Sequence[SentRequest], totals: LedgerTotals, begun: Sequence[Job] = ()) -> None:
        """Hold what people saw, what the provider billed and what the books say against each other; print it.

        The jobs that have `begun` are in their order.

        Raises:
            DemoFailed: naming everything that does not add up.
        """
        seen = replace(await self._seen(asked), passed_over=passed_over(begun))
        bill = Decimal((await self._get("bill"))["total"])
        requests = await self._get("requests")
        wrong = [f"{each['method']} {each['path']}: {each['problems']}" for each in requests if each["problems"]]
        for name, ours, theirs in comparisons(
            seen, totals, bill, wanted=min(self._wanted, len(asked)), asked=len(asked)
        ):
            if ours != theirs:
                wrong.append(f"{name}: {ours}, not {theirs}")
        self._print(seen, totals, bill)
        too_many = sum(each["limited"] is not None for each in requests)
        if 100 * too_many > self.too_many * len(requests):
            wrong.append(f"{too_many} of {len(requests)} requests to Discord were too many")
        if wrong:
            raise DemoFailed("; ".join(wrong))
        self._screen.say(f"✓ the books balance to the cent; {len(requests)} requests to Discord, none with a problem")
        self._screen.say(f"  {too_many or 'none'} of them beyond Discord's rate limits")

    async def _seen(self, asked: Sequence[SentRequest]) -> CrowdOutcome:
        answers = {each.user_id: await self._answer(each) for each in asked}
        refused = {user: answer for user, answer in answers.items() if answer and _REFUSED in answer["content"]}
        messages, tasks = await self._messages(), await self._get("tasks")
        videos = [message for message in messages if _is_video(message)]
        return CrowdOutcome(
            accepted=frozenset(answers) - frozenset(refused),
            refused=frozenset(refused),
            for_money=sum("budget" in answer["content"] for answer in refused.values()),
            private=frozenset(user for user, answer in refused.items() if answer["flags"] & PRIVATE),
            mentioned=Counter(user["id"] for video in videos for user in video["mentions"]),
            named=frozenset(user["id"] for message in messages for user in message["mentions"]),
            videos=len(videos),
            billed=sum(task["billed"] for task in tasks),
            tasks=len(tasks),
            at_once=most_at_once(tasks),
            example=next((answer["content"] for answer in refused.values()), ""),
        )

    def _print(self, seen: CrowdOutcome, totals: LedgerTotals, bill: Decimal) -> None:
        if seen.example:
            self._screen.message("Shotcaller (only one of the others sees this)", seen.example)
        rows = [
            ("", "videos", "credits", "USD"),
            ("the provider's bill", f"{seen.billed}", "", f"{bill:.3f}"),
            ("posted in the channels", f"{seen.videos}", "", ""),
            ("the jobs", f"{totals.videos}", f"{totals.credits}", f"{usd(totals.cost):.3f}"),
            ("the ledger: settled", "", f"{totals.members.settled}", f"{usd(totals.budget.settled):.3f}"),
            ("the ledger: still held", "", f"{totals.members.held}", f"{usd(totals.budget.held):.3f}"),
            ("refused, in private", f"{len(seen.private)}", "", ""),
        ]
        self._screen.say("")
        for name, *figures in rows:
            self._screen.say(f"  {name:<24}" + "".join(f"{figure:>10}" for figure in figures))
        self._screen.say("")

    async def _post(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        async with self._session.post(f"{self._control}/{what}", json=body) as response:
            answer: dict[str, Any] = await response.json()
        if "error" in answer:
            raise DemoFailed(answer["error"])
        return answer


class SpreadCrowd(Crowd):
    """A crowd in two guilds, of a shard each: half of it, and half of the money, is in either."""

    connections = 2
    too_many = TOO_MANY

    async def _gather(self, count: int) -> Mapping[str, str]:
        """Let people join, and found the second guild with everybody in it."""
        people = await super()._gather(count)
        other = [1 - (self._home >> 22) % self.connections, self.connections]
        founded = await self._post("guilds", {"name": "The other shard", "shard": other, "channels": ELSEWHERE})
        self._places.append((int(founded["id"]), ELSEWHERE))
        return people


@asynccontextmanager
async def _open(url: str | None, folder: Path) -> AsyncIterator[Database]:
    """Open the database that the bot has had."""
    if url is None:
        async with SQLiteDatabase(str(folder / "shotcaller.db")) as file:
            yield file
        return
    from bot.store.postgres import PostgresDatabase  # noqa: PLC0415 - its driver is loaded where it is used

    async with PostgresDatabase(url) as server:
        yield server


def _in_all(totals: Sequence[LedgerTotals]) -> LedgerTotals:
    """Add up the budgets of several guilds; the rest is the same in each."""
    budgets = [each.budget for each in totals]
    held, settled = sum(each.held for each in budgets), sum(each.settled for each in budgets)
    return replace(totals[0], budget=Amounts(held=held, settled=settled))


def _is_video(message: Mapping[str, Any]) -> bool:
    return any(file["filename"].endswith(".mp4") for file in message["attachments"])
