"""From messages to a picture, drawn as the sandbox's page draws them; from pictures and a video to one that moves."""

import io
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import av
from PIL import Image, ImageChops
from playwright.async_api import Browser, Page, Route, ViewportSize, async_playwright

from bot.errors import ShotcallerError
from sandbox.page import FILES

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDTH: Final = 450  # CSS pixels, a phone's
WIDE: Final[ViewportSize] = {"width": 1280, "height": 800}  # likewise, a wide screen's
SETTLE_MILLISECONDS: Final = 3000  # milliseconds until a video that has come shows no more that it comes
LOADED: Final = (
    "video => video.readyState > 1 || new Promise(loaded => video.addEventListener('loadeddata', () => loaded()))"
)
SCALE: Final = 2  # pixels to a CSS pixel
HERE: Final = Path(__file__).parent
PLACE: Final = "http://pictures.invalid"  # an address that is nowhere: what is asked of it is answered here
FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

Message = dict[str, Any]

PICTURES_LOADED: Final = (
    "Promise.all([...document.images].map((each) => { each.loading = 'eager'; return each.decode(); })).then(() => {})"
)


class ChromiumMissing(ShotcallerError):
    """There is no Chromium to draw with."""


def chromium() -> str:
    """The path of a Chromium.

    Raises:
        ChromiumMissing: none is installed.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise ChromiumMissing(
            "The pictures are drawn with Chromium, and none is installed. On Debian or Ubuntu:\n"
            "  apt-get install chromium fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji"
        )
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """How a channel is looked at.

    `videos` maps an attachment's address to what stands in its place: the address of a picture, or, for moving frames
    to be put there, a colour (`#rrggbb`). `typed` is what stands in the field below; None leaves heading and field
    out. `height` is in CSS pixels; None is as tall as what is written. `locale` is the language of the viewer's app.
    """

    now: float  # seconds since the epoch
    viewer: str  # a user's id
    channel: str
    people: Mapping[str, str]  # id → the name that is shown
    channels: Mapping[str, str]  # id → name
    commands: Mapping[str, str]  # interaction's id → the command that was typed
    videos: Mapping[str, str] = field(default_factory=dict)
    typed: str | None = None
    height: int | None = None
    locale: str = "en-US"


class Camera:
    """Takes pictures of moments in a channel."""

    def __init__(self, page: Page, browser: Browser) -> None:
        self._page, self.browser = page, browser

    async def shoot(self, messages: Sequence[Message], view: View) -> Image.Image:
        """A picture of messages, `view.height` CSS pixels tall, or as tall as they are."""
        await self._page.set_viewport_size({"width": WIDTH, "height": view.height or WIDTH})
        await self._page.evaluate("([messages, view]) => show(messages, view)", [list(messages), asdict(view)])
        await self._page.evaluate("document.fonts.ready.then(() => {})")
        await self._page.evaluate(PICTURES_LOADED)
        whole = self._page.locator("#client")
        shot = await (whole.screenshot() if view.height is None else self._page.screenshot())
        with Image.open(io.BytesIO(shot)) as opened:
            return opened.convert("RGB")

    async def shoot_page(self, address: str) -> Image.Image:
        """A picture of the sandbox's page itself, on a wide screen, once its last video is there."""
        page = await self.browser.new_page(viewport=WIDE, device_scale_factor=SCALE, locale="en-US")
        await page.goto(address)
        await page.locator("video").last.evaluate(LOADED)
        await page.locator(".message video").last.scroll_into_view_if_needed()
        await page.wait_for_timeout(SETTLE_MILLISECONDS)
        shot = await page.screenshot()
        await page.close()
        with Image.open(io.BytesIO(shot)) as opened:
            return opened.convert("RGB")


@asynccontextmanager
async def camera(browser: str) -> AsyncIterator[Camera]:
    """A camera, whose browser at this path runs for as long as the context lasts; times are shown in UTC."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=browser, args=FLAGS)
        page = await running.new_page(
            device_scale_factor=SCALE, timezone_id="UTC", viewport={"width": WIDTH, "height": WIDTH}
        )
        await page.route(f"{PLACE}/**", _answer)
        await page.goto(f"{PLACE}/frame.html")
        await page.wait_for_function("window.show !== undefined")
        yield Camera(page, running)
        await running.close()


async def _answer(route: Route) -> None:
    """Answer for the address: with the files of the sandbox's page, or those beside this module."""
    path = route.request.url.removeprefix(f"{PLACE}/")
    folder = FILES if path.startswith("page/") else HERE
    await route.fulfill(path=folder / path.removeprefix("page/"))


def save_still(image: Image.Image, path: Path) -> None:
    """Write a PNG of 256 colours."""
    image.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=3).save(path, optimize=True)


def save_moving(frames: Sequence[tuple[Image.Image, int]], path: Path, *, quality: int) -> None:
    """Write an animated WebP of pictures and how many milliseconds each is shown."""
    images, times = [image for image, _ in frames], [shown for _, shown in frames]
    images[0].save(
        path, save_all=True, append_images=images[1:], duration=times, loop=0, quality=quality, method=4, kmin=0, kmax=0
    )


def poster(video: Path, second: float) -> Image.Image:
    """The video's picture at a second."""
    return next(picture for at, picture in _pictures(video) if at >= second)


def playing(black: Image.Image, white: Image.Image, video: Path, *, rate: float) -> Iterator[Image.Image]:
    """A picture with a video in it, `rate` pictures for each second of the video.

    Given is the picture with black and with white in the video's place: where they differ, there the video goes.

    Raises:
        ValueError: they don't differ.
    """
    place = ImageChops.difference(black, white).convert("L")
    box = place.getbbox()
    if box is None:
        raise ValueError("the picture has no place for a video")
    left, top, right, bottom = box
    mask, due = place.crop(box), 0.0
    for at, picture in _pictures(video):
        if at >= due:
            due += 1 / rate
            frame = black.copy()
            frame.paste(picture.resize((right - left, bottom - top), Image.Resampling.LANCZOS), (left, top), mask)
            yield frame


def _pictures(video: Path) -> Iterator[tuple[float, Image.Image]]:
    """Every frame of a video with its second."""
    with av.open(video) as container:
        for frame in container.decode(video=0):
            plain = frame.reformat(format="rgb24")
            plane = plain.planes[0]
            size = (plain.width, plain.height)
            yield float(frame.time or 0.0), Image.frombytes("RGB", size, bytes(plane), "raw", "RGB", plane.line_size)
