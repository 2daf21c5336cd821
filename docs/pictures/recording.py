"""One evening in a channel: the sandbox, the real bot, people who type, and everything they saw, moment by moment."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

import aiohttp

from bot.demo.play import run_bot, run_sandbox
from bot.demo.screen import Screen
from bot.demo.show import Show
from bot.errors import ShotcallerError
from bot.service.jobs.eta import FRESH
from docs.pictures.camera import Message

WORK: Final = 40.0  # seconds that a video takes
PATIENCE: Final = 120.0  # seconds for anything awaited beyond that
POLL_SECONDS: Final = 0.1  # seconds between two looks at the channel
LOOK_AGAIN: Final = 12.0  # seconds after a request at which its card is looked at
BOAT: Final = {"prompt": "A paper boat sails down a rainy street at night, neon reflections", "sound": True}
KITE: Final = {"prompt": "A red kite over the dunes at sunset, long shadows", "sound": True}
LAMP: Final = {"prompt": "A lighthouse in fog, its beam turning slowly", "sound": True, "aspect": "1:1"}
FOX: Final = {"prompt": "A fox naps in a sunny library window, dust in the light", "mode": "pro", "duration": 8}
REQUEST: Final = {"prompt": "A paper boat sets out in a gutter, rain on cobblestones"}
LENGTH: Final = 12  # seconds of the storyboards
SCRIPT: Final = """1. 4s A paper boat sets out in a gutter, rain on cobblestones
2. 2s It shoots over a little waterfall
3. 3s Neon signs glide past, mirrored in the water
4. 3s It comes to rest at the feet of a child, who smiles"""
SCRIPT_IN_CHINESE: Final = """1. 4秒 纸船驶入雨夜的水沟，石板路泛着光
2. 2秒 它冲下一道小小的瀑布
3. 3秒 霓虹招牌从两旁掠过，倒映在水中
4. 3秒 它停在一个孩子脚边，孩子笑了"""
REFUSED: Final = {"prompt": FOX["prompt"], "duration": 20, "camera": "zoom_in"}


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
    videos: Mapping[str, Path]  # attachment's address → the video; the last is Ana's


async def record(folder: Path, log: TextIO, *, look: Callable[[str], Awaitable[None]]) -> Recording:
    """Play the evening in about three minutes; the videos are kept in `folder`.

    `look` is given the page's address as soon as Ana's video is there.

    Raises:
        ShotcallerError: something did not come.
    """
    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shotcaller-pictures-")))
        sandbox = await stack.enter_async_context(run_sandbox(WORK))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        await stack.enter_async_context(run_bot(sandbox["env"], data, data / "bot.log"))
        show = Show(session, sandbox, Screen(log))
        await show.wait_for_bot()
        evening = _Evening(session, sandbox["control"], log)
        await evening.rehearse()
        asked = await evening.ask()
        await look(sandbox["page"])
        later, private = await evening.ask_for_more()
        refused = await evening.answers("ana", ("video create", REFUSED))
        storyboard = await evening.paste("ana", SCRIPT)
        in_chinese = await evening.paste("ben", SCRIPT_IN_CHINESE, locale="zh-CN")
        studio = await evening.choose("ana", ("camera", "zoom_in"), ("aspect=9:16",))
        posted = asked[-1].posted
        return Recording(
            people=sandbox["discord"]["users"],
            names=await evening.names(),
            channels={number: name for name, number in sandbox["discord"]["channels"].items()},
            commands=evening.commands,
            typed=_as_typed("video create", BOAT),
            asked=asked,
            later=later,
            private=private,
            refused=refused,
            storyboard=storyboard,
            storyboard_in_chinese=in_chinese,
            studio=studio,
            videos={each["attachments"][0]["url"]: await show.save(each, folder) for each in posted},
        )


class _Evening:
    """Acts as the people, through the control address, and looks at the channel as they do."""

    def __init__(self, session: aiohttp.ClientSession, control: str, log: TextIO) -> None:
        self._session, self._control, self._log = session, control, log
        self.commands: dict[str, str] = {}

    async def names(self) -> dict[str, str]:
        """What everybody is called, by id."""
        seen = await self._get("client?user=ana")
        return {user["id"]: user["global_name"] or user["username"] for user in [seen["bot"], *seen["people"]]}

    async def rehearse(self) -> None:
        """Ben's video, and two in another channel, so that the bot knows from its own history how long they take."""
        self._say("rehearsing, so that the bot has a history …")
        began = time.monotonic()
        await self._type("ben", "video create", KITE)
        for who in ("admin", "owner"):
            await self._type(who, "video create", KITE, channel="showcase")
        await self._until(lambda moment: len(moment.posted) > 1, channel="showcase")
        await self._until(_closed)
        await asyncio.sleep(max(0.0, began + FRESH.total_seconds() + 1 - time.monotonic()))

    async def ask(self) -> list[Moment]:
        """Ana's request, from the empty field to the video."""
        self._say("Ana asks …")
        line = {"user": "ben", "channel": "general", "content": "there's our opener for Friday 🍿 your turn, Ana"}
        await self._post("messages", line)
        before = await self._look()
        asked = await self._type("ana", "video create", BOAT)
        moments = await self._until(lambda moment: len(moment.posted) > len(before.posted) and _closed(moment))
        thinking = (await self._get(f"interactions/{asked}"))["first"]["message"]
        first = Moment(now=before.now, messages=[*before.messages, thinking])
        return [before, first, *(moment for moment in moments if len(moment.messages) > len(first.messages))]

    async def ask_for_more(self) -> tuple[Moment, Moment]:
        """Ben's card, and what Ana is told while a second video of hers is made."""
        self._say("Ben asks, then Ana again …")
        await self._type("ben", "video create", LAMP)
        await asyncio.sleep(LOOK_AGAIN)
        later = await self._look()
        await self._type("ana", "video create", FOX)
        await asyncio.sleep(LOOK_AGAIN / 2)
        return later, await self.answers("ana", ("quota", {}), ("video jobs", {}))

    async def answers(self, who: str, *commands: tuple[str, Mapping[str, Any]]) -> Moment:
        """Type commands and wait for the bot's answers, which come to that person alone."""
        typed = [await self._type(who, name, options) for name, options in commands]

        def answered(moment: Moment) -> list[Message]:
            ours = [m for m in moment.messages if (m.get("interaction") or {}).get("id") in typed]
            return [message for message in ours if message["content"]]

        seen = await self._until(lambda moment: len(answered(moment)) == len(typed))
        return Moment(now=seen[-1].now, messages=answered(seen[-1]))

    async def paste(self, who: str, script: str, *, locale: str = "en-US") -> Moment:
        """Open the storyboard builder and paste a script into its form; the builder then."""
        opened = await self._type(who, "video storyboard", {"seconds": LENGTH}, locale=locale)
        board = await self._changed(opened)
        form = await self._press(who, board, "story-script:", locale=locale)
        await self._came(form, "modal")
        body = {"user": who, "interaction_id": form, "fields": {"script": script}, "locale": locale}
        board = await self._changed((await self._post("modal", body))["interaction_id"])
        return await self._alone(board)

    async def choose(self, who: str, *choices: tuple[str, ...]) -> Moment:
        """Open the studio and choose there: of each, the control's name and the values; the panel then."""
        panel = await self._changed(await self._type(who, "video studio", REQUEST))
        for control, *values in choices:
            panel = await self._changed(await self._press(who, panel, control, *values))
        return await self._alone(panel)

    async def _press(self, who: str, message: Message, control: str, *values: str, locale: str = "en-US") -> str:
        """Press what has this in its id; the interaction."""
        found = next(each for each in _pressable(message["components"]) if control in each["custom_id"])
        body = {"user": who, "message_id": message["id"], "custom_id": found["custom_id"], "locale": locale}
        answer = await self._post("component", {**body, "values": list(values) or None})
        if "interaction_id" not in answer:
            raise NothingCame(f"{control} could not be pressed: {answer.get('error')}")
        return str(answer["interaction_id"])

    async def _changed(self, interaction_id: str) -> Message:
        """The message as an interaction left it."""
        edits: list[Message] = await self._came(interaction_id, "edits")
        return edits[-1]

    async def _came(self, interaction_id: str, what: str) -> Any:
        """What came of an interaction, as soon as it is there."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if came := (await self._get(f"interactions/{interaction_id}"))[what]:
                return came
            await asyncio.sleep(POLL_SECONDS)
        raise NothingCame(f"an interaction brought no {what}")

    async def _alone(self, message: Message) -> Moment:
        """A message of the channel as it stands, without the others."""
        seen = await self._look()
        return Moment(now=seen.now, messages=[each for each in seen.messages if each["id"] == message["id"]])

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

    async def _type(
        self, who: str, name: str, options: Mapping[str, Any], *, channel: str = "general", locale: str = "en-US"
    ) -> str:
        body = {"user": who, "channel": channel, "name": name, "options": options, "locale": locale}
        answer = await self._post("command", body)
        if "interaction_id" not in answer:
            raise NothingCame(f"/{name} could not be typed: {answer.get('error')}")
        self.commands[answer["interaction_id"]] = await self._as_shown(name, locale)
        return str(answer["interaction_id"])

    async def _as_shown(self, name: str, locale: str) -> str:
        """A command's name in the language of the person's app."""
        level, shown = (await self._get("commands"))["global"], list[str]()
        for word in name.split():
            found = next(each for each in level if each["name"] == word)
            shown.append((found.get("name_localizations") or {}).get(locale, word))
            level = found.get("options") or []
        return " ".join(shown)

    async def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        async with self._session.post(f"{self._control}/{path}", json=body) as response:
            return await response.json()

    async def _get(self, path: str) -> Any:
        async with self._session.get(f"{self._control}/{path}") as response:
            return await response.json()

    def _say(self, text: str) -> None:
        self._log.write(f"{text}\n")


def _closed(moment: Moment) -> bool:
    """Whether there are videos, and no card any more."""
    return bool(moment.posted) and not any(message["embeds"] for message in moment.messages)


def _pressable(parts: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Everything with an id of its own, however deep in a message's components."""
    for part in parts:
        if "custom_id" in part:
            yield part
        yield from _pressable(part.get("components", ()))


def _as_typed(name: str, options: Mapping[str, Any]) -> str:
    return " ".join([f"/{name}", *(f"{option}:{value}" for option, value in options.items())])
