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
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import aiohttp

from bot.demo.play import run_bot, run_sandbox, say_why
from bot.demo.screen import Screen
from bot.demo.show import POLL_SECONDS, DemoFailed, Show
from bot.domain import USD_MICROS
from bot.store.money.ledger_totals import LedgerTotals, read_ledger_totals
from bot.store.sqlite import SQLiteDatabase

LENGTH: Final = 3  # seconds of each video
PRICE: Final = Decimal("0.084") * LENGTH  # USD, of a standard silent one
SHARE: Final = Decimal("0.4")  # of the crowd that the budget is enough for, unless told otherwise
PATIENCE: Final = 240.0  # seconds for all of it
PRIVATE: Final = 1 << 6  # Discord's flag of what one person alone sees
LOADING: Final = 1 << 7  # Discord's flag of "is thinking…"
CHANNELS: Final = ("general", "showcase", "rushes")  # that the crowd spreads over: each takes a message a second
PACE: Final = {
    "POLL_SECONDS_MIN": "0.5",
    "POLL_SECONDS_MAX": "1",
    "RUNNING_PER_GUILD": "10",
    "RUNNING_PER_PROVIDER": "10",
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
        crowd, log = Crowd(session, sandbox, screen, wanted=wanted), folder / "bot.log"
        try:
            screen.say("starting the bot …")
            async with run_bot({**sandbox["env"], **PACE}, folder, log):
                await crowd.wait_for_bot()
                seen = await crowd.press(count)
            async with SQLiteDatabase(str(folder / "shotcaller.db")) as database:
                totals = await read_ledger_totals(database, guild_id=int(sandbox["discord"]["guild_id"]))
            await crowd.add_up(seen, totals)
        except DemoFailed as exc:
            say_why(exc, log, screen)
            return 1
    return 0


class Crowd(Show):
    """Lets the crowd press, watches until everybody knows, and adds up what came of it."""

    def __init__(
        self, session: aiohttp.ClientSession, sandbox: Mapping[str, Any], screen: Screen, *, wanted: int
    ) -> None:
        super().__init__(session, sandbox, screen)
        self._wanted = wanted

    async def press(self, count: int) -> Sequence[SentRequest]:
        """Set the budget, let everybody ask at once, and wait for the last video; give back who asked.

        Raises:
            DemoFailed: the budget could not be set, or somebody was left without an answer or a video.
        """
        ceiling = PRICE * self._wanted
        self._screen.say(f"{count} people join; an admin sets a budget that is enough for {self._wanted} videos")
        people = (await self._post("people", {"count": count}))["users"]
        await self._set_budget(ceiling)
        line = f"/video create prompt:… duration:{LENGTH} aspect:1:1"
        self._screen.done(f"{count} people", "press Enter at once", line)
        began = time.monotonic()
        asked = await asyncio.gather(*(self._ask_as(number, *each) for number, each in enumerate(people.items())))
        self._screen.say(f"  all have pressed within {time.monotonic() - began:.1f} s")
        await self._watch(asked)
        return asked

    async def _set_budget(self, ceiling: Decimal) -> None:
        options = {"monthly": float(ceiling)}
        self._screen.typed("admin", f"/admin budget monthly:{ceiling.normalize():f}")
        body = {"user": "admin", "channel": "general", "name": "admin budget", "options": options}
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
        channel = CHANNELS[number % len(CHANNELS)]
        prompt = f"{_SCENES[number % len(_SCENES)]}, take {number + 1}"
        options = {"prompt": prompt, "duration": LENGTH, "aspect": "1:1"}
        body = {"user": name, "channel": channel, "name": "video create", "options": options}
        sent = (await self._post("command", body))["interaction_id"]
        return SentRequest(name=name, user_id=user_id, channel=channel, interaction_id=sent)

    async def _watch(self, asked: Sequence[SentRequest]) -> None:
        """Show how far the crowd is, until everybody has an answer and every card is closed."""
        waiting, end = list(asked), time.monotonic() + PATIENCE
        while time.monotonic() < end:
            waiting = [each for each in waiting if await self._answer(each) is None]
            tasks, messages = await self._get("tasks"), await self._messages()
            posted, closed = sum(map(_is_video, messages)), sum(map(_is_closed, messages))
            billed = sum(task["billed"] for task in tasks)
            answered = len(asked) - len(waiting)
            self._screen.phase(f"{answered} answered · {len(tasks)} submitted · {billed} billed · {posted} posted")
            if not waiting and closed >= min(self._wanted, len(asked)):
                return
            await asyncio.sleep(POLL_SECONDS)
        raise DemoFailed(f"{len(waiting)} people were left without an answer, or videos without an end")

    async def _answer(self, asked: SentRequest) -> Mapping[str, Any] | None:
        """Find what one of the crowd was told privately, once the bot has stopped thinking."""
        message: Mapping[str, Any] | None = (await self._get(f"interactions/{asked.interaction_id}"))["current"]
        return None if message is None or message["flags"] & LOADING else message

    async def _messages(self) -> list[Mapping[str, Any]]:
        """List what the bot has written where everybody reads it."""
        found = [await self._get(f"messages?channel={channel}") for channel in CHANNELS]
        return [each for messages in found for each in messages if "visible_to" not in each]

    async def add_up(self, asked: Sequence[SentRequest], totals: LedgerTotals) -> None:
        """Hold what people saw, what the provider billed and what the books say against each other; print it.

        Raises:
            DemoFailed: naming everything that does not add up.
        """
        seen = await self._seen(asked)
        bill = Decimal((await self._get("bill"))["total"])
        requests = await self._get("requests")
        wrong = [f"{each['method']} {each['path']}: {each['problems']}" for each in requests if each["problems"]]
        for name, ours, theirs in comparisons(
            seen, totals, bill, wanted=min(self._wanted, len(asked)), asked=len(asked)
        ):
            if ours != theirs:
                wrong.append(f"{name}: {ours}, not {theirs}")
        self._print(seen, totals, bill)
        if wrong:
            raise DemoFailed("; ".join(wrong))
        self._screen.say(f"✓ the books balance to the cent; {len(requests)} requests to Discord, none with a problem")

    async def _seen(self, asked: Sequence[SentRequest]) -> "CrowdOutcome":
        answers = {each.user_id: await self._answer(each) for each in asked}
        refused = {user: answer for user, answer in answers.items() if answer and "Reference" in answer["content"]}
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
            example=next((answer["content"] for answer in refused.values()), ""),
        )

    def _print(self, seen: "CrowdOutcome", totals: LedgerTotals, bill: Decimal) -> None:
        if seen.example:
            self._screen.message("Shotcaller (only one of the others sees this)", seen.example)
        rows = [
            ("", "videos", "credits", "USD"),
            ("the provider's bill", f"{seen.billed}", "", f"{bill:.3f}"),
            ("posted in the channels", f"{seen.videos}", "", ""),
            ("the jobs", f"{totals.videos}", f"{totals.credits}", f"{_usd(totals.cost):.3f}"),
            ("the ledger: settled", "", f"{totals.members.settled}", f"{_usd(totals.budget.settled):.3f}"),
            ("the ledger: still held", "", f"{totals.members.held}", f"{_usd(totals.budget.held):.3f}"),
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


@dataclass(frozen=True, kw_only=True, slots=True)
class CrowdOutcome:
    """What people and the provider saw of the crowd's requests. People are ids of Discord."""

    accepted: frozenset[str]
    refused: frozenset[str]
    for_money: int  # how many of those were told that it is the budget's doing
    private: frozenset[str]  # of those, the ones whom nobody else saw refused
    mentioned: Counter[str]  # over posted videos
    named: frozenset[str]  # mentioned anywhere
    videos: int
    billed: int
    tasks: int
    example: str = ""  # of a refusal


def comparisons(
    seen: CrowdOutcome, totals: LedgerTotals, bill: Decimal, *, wanted: int, asked: int
) -> Sequence[tuple[str, object, object]]:
    """List everything that has to be the same: its name, how it is, how it should be."""
    return (
        ("people whose request was accepted", len(seen.accepted), wanted),
        ("people who were refused", len(seen.refused), asked - wanted),
        ("refusals that name the budget", seen.for_money, asked - wanted),
        ("refusals that nobody else saw", len(seen.private), asked - wanted),
        ("refused people who were named in a channel", len(seen.named & seen.refused), 0),
        ("tasks at the provider", seen.tasks, wanted),
        ("tasks that were billed", seen.billed, wanted),
        ("videos that were posted", seen.videos, wanted),
        ("people who were given one video each", seen.mentioned, Counter(seen.accepted)),
        ("jobs that were delivered", totals.videos, wanted),
        ("the provider's bill", bill, PRICE * wanted),
        ("what the jobs cost", _usd(totals.cost), bill),
        ("what the budget was charged", _usd(totals.budget.settled), bill),
        ("what the budget still holds", totals.budget.held, 0),
        ("the credits of the jobs", totals.credits, LENGTH * wanted),
        ("the credits that members paid", totals.members.settled, totals.credits),
        ("the credits that are still held", totals.members.held, 0),
        ("accounts that are not the sum of their lines", list(totals.mismatched), []),
    )


def _is_video(message: Mapping[str, Any]) -> bool:
    return any(file["filename"].endswith(".mp4") for file in message["attachments"])


def _is_closed(message: Mapping[str, Any]) -> bool:
    return any(embed["title"].startswith("✅") for embed in message["embeds"])


def _usd(micros: int) -> Decimal:
    return Decimal(micros) / USD_MICROS
