"""Plays one performance of the demo: the person who types, what there is to see, and the look behind the scenes."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp

from bot.demo.screen import Screen
from bot.domain import AspectRatio, Mode
from bot.errors import ShotcallerError
from bot.service.media.service import Media
from sandbox.page import open_in_browser

POLL_SECONDS: Final = 0.25  # seconds between two looks at the channel
VIEWER_PATIENCE: Final = 30.0  # seconds for somebody to open the page
PATIENCE: Final = 120.0  # seconds for the bot to start: several processes on a busy machine
_SHORT_SIDE: Final = {Mode.STD: 720, Mode.PRO: 1080, Mode.FOUR_K: 2160}


class DemoFailed(ShotcallerError):
    """Something in the demo was not as it should be."""


class Show:
    """Plays one performance: types as Ana, watches the channel, and looks behind the scenes when it is over."""

    def __init__(self, session: aiohttp.ClientSession, sandbox: Mapping[str, Any], screen: Screen) -> None:
        self._session, self._control, self._screen = session, sandbox["control"], screen

    async def wait_for_bot(self, *, connections: int = 1) -> None:
        """Return when the bot has registered its commands and is connected, so many times.

        Raises:
            DemoFailed: it does not come.
        """
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if (await self._get("state"))["connected"] == connections and (await self._get("commands"))["global"]:
                return
            await asyncio.sleep(POLL_SECONDS)
        raise DemoFailed("the bot did not connect")

    async def wait_for_viewer(self, page: str) -> None:
        """Open the page in the browser and wait until somebody watches there, though not for ever."""
        self._screen.say(f"Open {page} in your browser to watch.")
        await open_in_browser(page)
        end = time.monotonic() + VIEWER_PATIENCE
        while time.monotonic() < end:
            if (await self._get("state"))["watchers"]:
                return
            await asyncio.sleep(POLL_SECONDS)

    async def play(self, options: Mapping[str, Any], *, patience: float) -> dict[str, Any]:
        """Type the command and show what the channel shows, until the video is there; give back its message.

        Raises:
            DemoFailed: the request was refused, the job failed, or nothing came in time.
        """
        asked = await self._ask(options)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if (seen := await self._find_message(asked)) is not None:
                return seen
            await asyncio.sleep(POLL_SECONDS)
        raise DemoFailed("no video came in time")

    async def _ask(self, options: Mapping[str, Any]) -> str:
        """Ask for the video; give back the interaction whose answer says what came of that."""
        return await self._type("video create", options)

    async def _type(self, name: str, options: Mapping[str, Any]) -> str:
        line = [f"/{name}", *(f"{option}:{value}" for option, value in options.items())]
        self._screen.typed("ana", " ".join(line))
        return await self._act("command", {"channel": "general", "name": name, "options": options})

    async def _act(self, what: str, body: Mapping[str, Any]) -> str:
        """Do something as Ana; give back the interaction."""
        async with self._session.post(f"{self._control}/{what}", json={"user": "ana", **body}) as response:
            answer = await response.json()
        if "interaction_id" not in answer:
            raise DemoFailed(answer.get("error", "Discord did not let her"))
        return str(answer["interaction_id"])

    async def _find_message(self, interaction_id: str) -> dict[str, Any] | None:
        interaction = await self._get(f"interactions/{interaction_id}")
        for each in interaction["edits"]:
            text = each["content"]
            self._screen.message("Shotcaller (only ana sees this)", text)
            if not await self._get("tasks") and "Nothing was charged" in text:
                raise DemoFailed("the request was refused")
        for place in ("channel=general", "channel=dm&user=ana"):
            for message in await self._get(f"messages?{place}"):
                if "visible_to" in message:
                    continue
                if any(file["filename"].endswith(".mp4") for file in message["attachments"]):
                    await self._wait_until_card_is_gone()
                    self._screen.message("Shotcaller", message["content"], files=message["attachments"])
                    return dict(message)
                for embed in message["embeds"]:
                    self._screen.card(embed)
                    if embed["title"].startswith("❌"):
                        raise DemoFailed("the video could not be made")
        self._screen.tick()
        return None

    async def _wait_until_card_is_gone(self) -> None:
        """Give the bot the moment it takes to take the card away."""
        for _ in range(40):
            if not any(message["embeds"] for message in await self._get("messages?channel=general")):
                return
            await asyncio.sleep(POLL_SECONDS / 2)

    async def save(self, message: Mapping[str, Any], folder: Path) -> Path:
        """Download the posted video, as the person's Discord would."""
        file = next(each for each in message["attachments"] if each["filename"].endswith(".mp4"))
        path: Path = folder / file["filename"]
        async with self._session.get(file["url"]) as response:
            content = await response.read()
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(path.write_bytes, content)
        return path

    async def check(self, path: Path, message: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        """Check the file, the provider's record and every request of the bot; print what it came to.

        Raises:
            DemoFailed: naming everything that is not as it should be.
        """
        media = await Media().probe(path)
        tasks, requests = await self._get("tasks"), await self._get("requests")
        wrong = [f"{each['method']} {each['path']}: {each['problems']}" for each in requests if each["problems"]]
        expected = _expected_size(options)
        if (media.width, media.height) != expected:
            wrong.append(f"the video is {media.width}×{media.height}, not {expected[0]}×{expected[1]}")
        if abs(media.seconds - options.get("duration", 5)) > 0.2:  # noqa: PLR2004 (an encoder's last frame)
            wrong.append(f"the video lasts {media.seconds:.1f} s, not {options.get('duration', 5)} s")
        if media.video_codec != "h264" or bool(media.audio_codec) != bool(options.get("sound")):
            wrong.append(f"the streams are {media.video_codec} and {media.audio_codec}")
        if len(tasks) != 1 or not tasks[0]["billed"]:
            wrong.append(f"the provider has {len(tasks)} tasks, not one that is paid")
        if not message["attachments"][0].get("description"):
            wrong.append("the video has no alt text")
        if wrong:
            raise DemoFailed("; ".join(wrong))
        sound = f", sound ({media.audio_codec})" if media.audio_codec else ", silent"
        self._screen.say("")
        self._screen.say(f"✓ {path}")
        self._screen.say(f"  {media.width}×{media.height}, {media.seconds:.1f} s, {media.video_codec}{sound}")
        self._screen.say(f"  {media.size / 1e6:.2f} MB; the provider billed {tasks[0]['cost']} USD")
        self._screen.say(f"  {len(requests)} requests to Discord, none with a problem")

    async def _get(self, path: str) -> Any:
        async with self._session.get(f"{self._control}/{path}") as response:
            return await response.json()


def _expected_size(options: Mapping[str, Any]) -> tuple[int, int]:
    """Look up the width and height in pixels that the documents give a mode and a shape."""
    short = _SHORT_SIDE[Mode(options.get("mode", Mode.STD))]
    long = short * 16 // 9
    shape = AspectRatio(options.get("aspect", AspectRatio.WIDE))
    return {
        AspectRatio.WIDE: (long, short),
        AspectRatio.TALL: (short, long),
        AspectRatio.SQUARE: (short, short),
    }[shape]
