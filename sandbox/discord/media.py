"""Measures pictures and videos, as Discord does for its attachments."""

import asyncio
import mimetypes
from pathlib import Path
from typing import Any


def content_type(filename: str) -> str | None:
    """Look up the content type that the file's name stands for."""
    guessed = mimetypes.guess_type(filename, strict=False)[0]
    return f"{guessed}; charset=utf-8" if guessed and guessed.startswith("text/") else guessed


async def measure(path: Path, filename: str) -> dict[str, Any]:
    """Measure width and height in pixels of a picture or a video; nothing for what is neither or is broken."""
    kind = (content_type(filename) or "").partition("/")[0]
    if kind == "image":
        return await asyncio.to_thread(_picture, path)
    if kind == "video":
        return await asyncio.to_thread(_video, path)
    return {}


def _picture(path: Path) -> dict[str, Any]:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - slow to import, and most runs have none

    try:
        with Image.open(path) as image:
            return {"width": image.width, "height": image.height}
    except (UnidentifiedImageError, OSError):
        return {}


def _video(path: Path) -> dict[str, Any]:
    import av  # noqa: PLC0415 - likewise

    try:
        with av.open(path) as container:
            streams = container.streams.video
            return {"width": streams[0].width, "height": streams[0].height} if streams else {}
    except (av.FFmpegError, OSError):
        return {}
