"""Keeps attachments on disk under their ids, and serves them with ranges like any CDN."""

import asyncio
import re
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import hdrs, web

from sandbox.discord import media
from sandbox.discord.clock import Snowflakes
from sandbox.discord.uploads import Upload

SPOILER = "SPOILER_"
IS_SPOILER = 1 << 3  # an attachment's flag
# What somebody has uploaded is opened as if it came from elsewhere: it may not act as the sandbox's page.
APART = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}
_UNSAFE = re.compile(r"[^\w.\-()+\[\]]", re.ASCII)


def clean(filename: str) -> str:
    """Write a file's name as Discord keeps it: no folders, spaces as underscores, plain letters."""
    base = unicodedata.normalize("NFC", filename).replace("\\", "/").rpartition("/")[2]
    return _UNSAFE.sub("", base.replace(" ", "_")) or "unknown"


class Cdn:
    """Holds all attachments of one sandbox."""

    def __init__(self, *, folder: Path, new_id: Snowflakes) -> None:
        self.folder = folder
        self.base = ""
        self._new_id = new_id
        self._names: dict[tuple[str, str], str] = {}

    async def keep(
        self, upload: Upload, *, channel_id: str, private: bool, about: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Take an uploaded file over and give its attachment object; `about` is what the sender said of it."""
        about = about or {}
        attachment_id = self._new_id()
        filename = clean(about.get("filename") or upload.filename)
        if about.get("is_spoiler") and not filename.startswith(SPOILER):
            filename = f"{SPOILER}{filename}"
        measured = await media.measure(upload.path, filename)
        await asyncio.to_thread(upload.path.rename, self.folder / attachment_id)
        self._names[channel_id, attachment_id] = filename
        kind = "ephemeral-attachments" if private else "attachments"
        url = f"{self.base}/{kind}/{channel_id}/{attachment_id}/{quote(filename)}"
        shape: dict[str, Any] = {
            "id": attachment_id,
            "filename": filename,
            "size": upload.size,
            "url": url,
            "proxy_url": url,
            **measured,
        }
        if filename.startswith(SPOILER):
            shape["flags"] = IS_SPOILER
        if content_type := media.content_type(filename):
            shape["content_type"] = content_type
        for key in ("description", "title", "duration_secs", "waveform"):
            if about.get(key) is not None:
                shape[key] = about[key]
        return {**shape, "ephemeral": True} if private else shape

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /cdn/attachments/{channel}/{id}/{filename}`, whole or a range."""
        channel_id, attachment_id = request.match_info["channel"], request.match_info["attachment"]
        filename = self._names.get((channel_id, attachment_id))
        if filename is None or filename != request.match_info["filename"]:
            return web.Response(status=404, text="This content is no longer available.")
        kind = media.content_type(filename) or "application/octet-stream"
        headers = {hdrs.CONTENT_TYPE: kind, **APART}
        return web.FileResponse(self.folder / attachment_id, headers=headers)
