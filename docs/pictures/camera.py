"""From a page to a picture, through a headless Chromium; from pictures and a video to one that moves."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import av
from PIL import Image, ImageChops

from bot.errors import ShotcallerError

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTH: Final = 450  # CSS pixels, a phone's
SCALE: Final = 2  # pixels to a CSS pixel
TRIES: Final = 3
TALLEST: Final = 2400  # CSS pixels that a page may need
RIM: Final = 12  # CSS pixels kept below the last thing drawn
FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    f"--force-device-scale-factor={SCALE}",
)


class ChromiumMissing(ShotcallerError):
    """There is no Chromium to draw with."""


class NothingDrawn(ShotcallerError):
    """Chromium ran, and repeatedly left no picture behind."""


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


def shoot(page: str, *, browser: str, height: int | None = None) -> Image.Image:
    """A picture of a page of HTML, `height` CSS pixels tall, or as tall as what is on it.

    Raises:
        NothingDrawn: Chromium gave no picture.
    """
    with tempfile.TemporaryDirectory(prefix="shotcaller-camera-") as name:
        source, shot = Path(name, "page.html"), Path(name, "shot.png")
        source.write_text(page, encoding="utf-8")
        size = f"--window-size={WIDTH},{height or TALLEST}"
        command = [browser, *FLAGS, size, f"--user-data-dir={name}/profile", f"--screenshot={shot}", source.as_uri()]
        for _ in range(TRIES):
            subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603 (every argument is ours)
            if (image := _read(shot)) is not None:
                return image if height else _trimmed(image)
    raise NothingDrawn(browser)


def _read(shot: Path) -> Image.Image | None:
    """A screenshot; None where Chromium ended before it was written, which happens on a busy machine."""
    try:
        with Image.open(shot) as opened:
            return opened.convert("RGB")
    except OSError:
        return None


def _trimmed(image: Image.Image) -> Image.Image:
    """Without the empty space below."""
    ground = Image.new("RGB", image.size, image.getpixel((image.width - 1, image.height - 1)))
    drawn = ImageChops.difference(image, ground).getbbox() or (0, 0, *image.size)
    return image.crop((0, 0, image.width, min(image.height, drawn[3] + RIM * SCALE)))


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
