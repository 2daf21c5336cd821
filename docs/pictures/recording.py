"""One evening in a channel: the sandbox, the real bot, people at its page, and everything they saw, moment by moment.

What they do there are the steps of the browser tests (`tests/browser/steps.py`).
"""

import asyncio
import base64
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

import aiohttp
from playwright.async_api import Browser, Locator

from bot.demo.play import run_bot, run_sandbox
from bot.demo.screen import Screen
from bot.demo.show import Show
from bot.errors import ShotcallerError
from bot.locale import words
from bot.service.jobs.eta import FRESH
from docs.pictures.camera import Message
from tests.browser.steps import ask, open_studio, paste_script
from tests.browser.visitor import Visitor, visit

WORK: Final = 40.0  # seconds that a video takes
PATIENCE: Final = 120.0  # seconds for anything awaited beyond that
POLL_SECONDS: Final = 0.1  # seconds between two looks at the channel
LOOK_AGAIN: Final = 12.0  # seconds after a request at which its card is looked at
BOAT: Final = {"prompt": "A paper boat sails down a rainy street at night, neon reflections", "sound": "True"}
KITE: Final = {"prompt": "A red kite over the dunes at sunset, long shadows", "sound": "True"}
LAMP: Final = {"prompt": "A lighthouse in fog, its beam turning slowly", "sound": "True", "aspect": "1:1"}
FOX: Final = {"prompt": "A fox naps in a sunny library window, dust in the light", "mode": "pro", "duration": "8"}
SETTING_OUT: Final = "A paper boat sets out in a gutter, rain on cobblestones"
LENGTH: Final = 12  # seconds of the storyboards
FIRST: Final = 6  # letters of a script by which its builder is known
SCRIPT: Final = """1. 4s A paper boat sets out in a gutter, rain on cobblestones
2. 2s It shoots over a little waterfall
3. 3s Neon signs glide past, mirrored in the water
4. 3s It comes to rest at the feet of a child, who smiles"""
SCRIPT_IN_CHINESE: Final = """1. 4秒 纸船驶入雨夜的水沟，石板路泛着光
2. 2秒 它冲下一道小小的瀑布
3. 3秒 霓虹招牌从两旁掠过，倒映在水中
4. 3秒 它停在一个孩子脚边，孩子笑了"""
REFUSED: Final = {"prompt": FOX["prompt"], "duration": "20", "camera": "zoom_in"}


class NothingCame(ShotcallerError):
    """The channel never showed what was waited for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """The messages of the channel and the time, in seconds since the epoch, at which they stood there."""

    now: float
    messages: list[Message]

    @property
    def posted(self) -> list[Message]:
        """The messages that bring a video."""
        return [message for message in self.messages if message["attachments"] and "visible_to" not in message]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """What happened: Ben has a video, Ana asks, watches, and has hers; then Ben asks again, and Ana for more."""

    people: Mapping[str, str]  # name typed → id
    names: Mapping[str, str]  # id → name shown
    channels: Mapping[str, str]
    commands: Mapping[str, str]  # interaction's id → command
    typed: str  # Ana's first command
    asked: list[Moment]  # from before her command until her video is there and her card gone
    later: Moment  # Ben's card among the rest
    private: Moment  # only the answers to her questions
    refused: Moment  # only the refusal
    storyboard: Moment  # only Ana's builder, with a script pasted into it
    storyboard_in_chinese: Moment  # only Ben's
    studio: Moment  # only Ana's panel, with a prompt and a camera move
    setup: Moment  # only the first step of an admin's setting-up
    usage: Moment  # only what the admin reads of what was used
    videos: Mapping[str, Path]  # attachment's address → the video; the last is Ana's


async def record(folder: Path, log: TextIO, *, browser: Browser, look: Callable[[str], Awaitable[None]]) -> Recording:
    """Play the evening in about three minutes, in this browser; the videos are kept in `folder`.

    `look` is given the page's address as soon as Ana's video is there.

    Raises:
        ShotcallerError: something did not come.
    """
    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shotcaller-pictures-")))
        sandbox = await stack.enter_async_context(run_sandbox(WORK, books_of=data))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        await stack.enter_async_context(run_bot(sandbox["env"], data, data / "bot.log"))
        show = Show(session, sandbox, Screen(log))
        await show.wait_for_bot()
        visits = {
            who: await stack.enter_async_context(visit(browser, sandbox["page"].rstrip("/"), who))
            for who in ("ana", "ben", "admin", "owner")
        }
        evening = _Evening(session, sandbox["control"], visits, log)
        await evening.rehearse()
        asked = await evening.ask()
        await look(sandbox["page"])
        later, private = await evening.ask_for_more()
        refused = await evening.answers("ana", ("video create", REFUSED))
        storyboard = await evening.paste(visits["ana"], SCRIPT)
        chinese = visit(browser, sandbox["page"].rstrip("/"), "ben", locale="zh-CN")
        in_chinese = await evening.paste(await stack.enter_async_context(chinese), SCRIPT_IN_CHINESE)
        studio = await evening.choose(visits["ana"])
        await visits["admin"].goes("general")
        setup = await evening.answers("admin", ("admin setup", {}))
        usage = await evening.carrying_files(await evening.answers("admin", ("admin usage", {})))
        posted = asked[-1].posted
        in_english = (*asked, later, private, refused, storyboard, studio, setup, usage)
        commands = await evening.commands(in_english, "en-US") | await evening.commands([in_chinese], "zh-CN")
        return Recording(
            people=sandbox["discord"]["users"],
            names=await evening.names(),
            channels={number: name for name, number in sandbox["discord"]["channels"].items()},
            commands=commands,
            typed=_as_typed("video create", BOAT),
            asked=asked,
            later=later,
            private=private,
            refused=refused,
            storyboard=storyboard,
            storyboard_in_chinese=in_chinese,
            studio=studio,
            setup=setup,
            usage=usage,
            videos={each["attachments"][0]["url"]: await show.save(each, folder) for each in posted},
        )


class _Evening:
    """Acts as people who are at the page, and looks at the channel through the control address."""

    def __init__(
        self, session: aiohttp.ClientSession, control: str, visits: Mapping[str, Visitor], log: TextIO
    ) -> None:
        self._session, self._control, self._visits, self._log = session, control, visits, log

    async def names(self) -> dict[str, str]:
        """What everybody is called, by id."""
        seen = await self._get("client?user=ana")
        return {user["id"]: user["global_name"] or user["username"] for user in [seen["bot"], *seen["people"]]}

    async def commands(self, moments: Iterable[Moment], locale: str) -> dict[str, str]:
        """The commands that brought these messages, as an app in this language shows them, by interaction."""
        typed = {
            message["interaction"]["id"]: message["interaction"]["name"]
            for moment in moments
            for message in moment.messages
            if message.get("interaction")
        }
        return {number: await self._as_shown(name, locale) for number, name in typed.items()}

    async def rehearse(self) -> None:
        """Ben's video, and two in another channel, so that the bot knows from its own history how long they take."""
        self._say("rehearsing, so that the bot has a history …")
        began = time.monotonic()
        await ask(self._visits["ben"], "video create", **KITE)
        for who in ("admin", "owner"):
            await self._visits[who].goes("showcase")
            await ask(self._visits[who], "video create", **KITE)
        await self._until(lambda moment: len(moment.posted) > 1, channel="showcase")
        await self._until(_closed)
        await asyncio.sleep(max(0.0, began + FRESH.total_seconds() + 1 - time.monotonic()))

    async def ask(self) -> list[Moment]:
        """Ana's request, from the empty field to the video."""
        self._say("Ana asks …")
        await self._visits["ben"].says("there's our opener for Friday 🍿 your turn, Ana")
        before = (await self._until(lambda moment: "your turn" in moment.messages[-1]["content"]))[-1]
        await ask(self._visits["ana"], "video create", **BOAT)
        moments = await self._until(lambda moment: len(moment.posted) > len(before.posted) and _closed(moment))
        asked = next(iter(_answers(moments[-1], before)))["interaction"]["id"]
        thinking = (await self._get(f"interactions/{asked}"))["first"]["message"]
        first = Moment(now=before.now, messages=[*before.messages, thinking])
        return [before, first, *(moment for moment in moments if len(moment.messages) > len(first.messages))]

    async def ask_for_more(self) -> tuple[Moment, Moment]:
        """Ben's card, and what Ana is told while a second video of hers is made."""
        self._say("Ben asks, then Ana again …")
        await ask(self._visits["ben"], "video create", **LAMP)
        await asyncio.sleep(LOOK_AGAIN)
        later = await self._look()
        await ask(self._visits["ana"], "video create", **FOX)
        await asyncio.sleep(LOOK_AGAIN / 2)
        return later, await self.answers("ana", ("quota", {}), ("video jobs", {}))

    async def answers(self, who: str, *commands: tuple[str, Mapping[str, str]]) -> Moment:
        """Type commands and wait for the bot's answers, which come to that person alone."""
        before = await self._look()
        for name, options in commands:
            await ask(self._visits[who], name, **options)
        names = {name for name, _ in commands}

        def answered(moment: Moment) -> list[Message]:
            found = _answers(moment, before)
            said = (each for each in found if each["content"] or each["components"])
            return [each for each in said if each["interaction"]["name"] in names]

        seen = await self._until(lambda moment: len(answered(moment)) == len(commands))
        return Moment(now=seen[-1].now, messages=answered(seen[-1]))

    async def paste(self, visitor: Visitor, script: str) -> Moment:
        """Open the storyboard builder and paste a script into its form; the builder then."""
        first = script.partition(" ")[2].partition(" ")[2][:FIRST]
        return await self._alone(await paste_script(visitor, script, seconds=LENGTH, first=first))

    async def choose(self, visitor: Visitor) -> Moment:
        """Open the studio, and choose a camera move and a shape there; the panel then."""
        say = words(visitor.locale)
        panel = await open_studio(visitor, SETTING_OUT)
        await visitor.chooses(panel, say("studio.camera"), say("camera.zoom_in"))
        await visitor.presses(panel, say("studio.aspect.9:16"))
        return await self._alone(panel)

    async def carrying_files(self, moment: Moment) -> Moment:
        """A moment whose messages carry their files themselves: they are drawn when the sandbox is gone."""
        for attachment in (each for message in moment.messages for each in message["attachments"]):
            async with self._session.get(attachment["url"]) as response:
                content = base64.b64encode(await response.read()).decode()
            attachment["url"] = f"data:{attachment['content_type']};base64,{content}"
        return moment

    async def _alone(self, message: Locator) -> Moment:
        """A message of the channel as it stands, without the others."""
        number, seen = await message.get_attribute("data-id"), await self._look()
        return Moment(now=seen.now, messages=[each for each in seen.messages if each["id"] == number])

    async def _until(self, there: Callable[[Moment], bool], *, channel: str = "general") -> list[Moment]:
        """Every moment up to the first that shows what is waited for."""
        end, seen = time.monotonic() + WORK + PATIENCE, [await self._look(channel)]
        while not there(seen[-1]):
            if time.monotonic() > end:
                raise NothingCame(f"#{channel} never showed what was waited for")
            await asyncio.sleep(POLL_SECONDS)
            seen.append(await self._look(channel))
        return seen

    async def _look(self, channel: str = "general") -> Moment:
        messages = await self._get(f"messages?channel={channel}")
        return Moment(now=time.time(), messages=messages)

    async def _as_shown(self, name: str, locale: str) -> str:
        """A command's name in the language of the person's app."""
        level, shown = (await self._get("commands"))["global"], list[str]()
        for word in name.split():
            found = next(each for each in level if each["name"] == word)
            shown.append((found.get("name_localizations") or {}).get(locale, word))
            level = found.get("options") or []
        return " ".join(shown)

    async def _get(self, path: str) -> Any:
        async with self._session.get(f"{self._control}/{path}") as response:
            return await response.json()

    def _say(self, text: str) -> None:
        self._log.write(f"{text}\n")


def _closed(moment: Moment) -> bool:
    """Whether there are videos, and no card any more."""
    return bool(moment.posted) and not any(message["embeds"] for message in moment.messages)


def _answers(moment: Moment, before: Moment) -> list[Message]:
    """The answers to commands that were not there before."""
    old = {message["id"] for message in before.messages}
    return [each for each in moment.messages if each.get("interaction") and each["id"] not in old]


def _as_typed(name: str, options: Mapping[str, Any]) -> str:
    return " ".join([f"/{name}", *(f"{option}:{value}" for option, value in options.items())])
