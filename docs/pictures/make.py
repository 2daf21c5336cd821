"""`make pictures`: play the evening, draw it, write the files beside this one."""

import asyncio
import base64
import io
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image

from bot.errors import ShotcallerError
from docs.pictures.camera import Camera, View, camera, chromium, playing, poster, save_moving, save_still
from docs.pictures.recording import Moment, Recording, record

HERE: Final = Path(__file__).parent
POSTER: Final = 1.5  # the second of a video that stands for it
PHONE: Final = 760  # CSS pixels, the height of the moving picture
TALL_PHONE: Final = 1000  # of the still one
KEYS: Final = 9  # pictures of the command being typed
STEPS: Final = 8  # pictures of the work going on
RATE: Final = 8.0  # pictures a second of the video
QUALITY: Final = 70
TYPING, THINKING, WORKING, ARRIVED, LAST = 150, 600, 380, 900, 900  # milliseconds that a picture is shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Studio:
    """Draws moments of one recording as Ana sees them."""

    camera: Camera
    recording: Recording
    posters: Mapping[str, str]  # a posted video's address → that of a picture of it; the last is Ana's

    async def draw(self, moment: Moment, *, video: str = "", who: str = "ana", **shown: Any) -> Image.Image:
        """One picture; `video` stands in place of Ana's video, if not its own poster; `shown` is more of the `View`."""
        *_, hers = self.posters
        view = View(
            now=moment.now,
            viewer=self.recording.people[who],
            people=self.recording.names,
            channel="general",
            channels=self.recording.channels,
            commands=self.recording.commands,
            videos={**self.posters, hers: video or self.posters[hers]},
            **shown,
        )
        return await self.camera.shoot(moment.messages, view)

    async def stills(self) -> AsyncIterator[tuple[str, Image.Image]]:
        """The pictures that stand still, by file name."""
        yield "channel.png", await self.draw(self.recording.later, typed="", height=TALL_PHONE)
        yield "refusal.png", await self.draw(self.recording.refused)
        yield "answers.png", await self.draw(self.recording.private)
        yield "storyboard.png", await self.draw(self.recording.storyboard)
        yield "storyboard-zh.png", await self.draw(self.recording.storyboard_in_chinese, who="ben", locale="zh-CN")
        yield "studio.png", await self.draw(self.recording.studio)
        yield "admin-setup.png", await self.draw(self.recording.setup, who="admin")
        yield "admin-usage.png", await self.draw(self.recording.usage, who="admin")

    async def moving(self) -> AsyncIterator[tuple[Image.Image, int]]:
        """The way from the empty field to the playing video, each picture with its milliseconds."""
        before, thinking, *working, last = self.recording.asked
        text = self.recording.typed
        for key in range(KEYS + 1):
            yield await self.draw(before, typed=text[: len(text) * key // KEYS], height=PHONE), TYPING
        yield await self.draw(thinking, typed="", height=PHONE), THINKING
        waiting = [moment for moment in working if len(moment.posted) == len(before.posted)]
        for moment in _spread(waiting, STEPS):
            yield await self.draw(moment, typed="", height=PHONE), WORKING
        yield await self.draw(last, typed="", height=PHONE), ARRIVED
        black, white = [
            await self.draw(last, typed="", height=PHONE, video=colour) for colour in ("#000000", "#ffffff")
        ]
        *_, video = self.recording.videos.values()
        *frames, end = playing(black, white, video, rate=RATE)
        for frame in frames:
            yield frame, round(1000 / RATE)
        yield end, LAST


def _spread(moments: list[Moment], count: int) -> list[Moment]:
    """As many moments, evenly from the first to the last."""
    return [moments[index * (len(moments) - 1) // (count - 1)] for index in range(count)]


def _address(image: Image.Image) -> str:
    """A picture as an address that carries it."""
    content = io.BytesIO()
    image.save(content, "PNG")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


async def make(folder: Path, *, browser: str) -> None:
    """Play the evening and write the pictures; the videos are kept in `folder`."""
    async with camera(browser) as opened:

        async def look(address: str) -> None:
            save_still(await opened.shoot_page(address), HERE / "page.png")

        recording = await record(folder, sys.stdout, browser=opened.browser, look=look)
        posters = {url: _address(poster(path, POSTER)) for url, path in recording.videos.items()}
        studio = Studio(camera=opened, recording=recording, posters=posters)
        async for name, image in studio.stills():
            save_still(image, HERE / name)
        save_moving([frame async for frame in studio.moving()], HERE / "demo.webp", quality=QUALITY)


def main() -> int:
    """Write the pictures; the exit code."""
    try:
        browser = chromium()
        with tempfile.TemporaryDirectory(prefix="shotcaller-video-") as folder:
            asyncio.run(make(Path(folder), browser=browser))
    except ShotcallerError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    for path in sorted([*HERE.glob("*.png"), *HERE.glob("*.webp")]):
        sys.stdout.write(f"{path.relative_to(Path.cwd())}: {path.stat().st_size / 1000:.0f} KB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
