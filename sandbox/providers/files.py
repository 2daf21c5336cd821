"""Serves results from unguessable addresses, as a content network would, and with its troubles."""

import asyncio
import secrets
from pathlib import Path

from aiohttp import hdrs, web

from sandbox.faults import Fault, Faults, cut, on_the_wire
from sandbox.rendering.video import Video
from sandbox.rendering.video_cache import VideoCache

CHUNK = 256 * 1024
TOO_LARGE = 300_000_000  # bytes


class Files:
    """Gives videos addresses; a video that is not on disk yet is rendered when somebody fetches it."""

    def __init__(self, *, video_cache: VideoCache, faults: Faults) -> None:
        self._video_cache = video_cache
        self._faults = faults
        self._videos: dict[str, tuple[str, Video]] = {}

    def publish(self, provider: str, name: str, video: Video) -> str:
        """Give a video of a provider an address; returns its path, from the root."""
        path = f"/files/{secrets.token_urlsafe(24)}/{name}.mp4"
        self._videos[path] = (provider, video)
        return path

    def video_at(self, path: str) -> Video | None:
        """Find the video that an address path shows."""
        found = self._videos.get(path)
        return found and found[1]

    def attach(self, app: web.Application) -> None:
        """Add the route."""
        app.router.add_get("/files/{token}/{name}", self._serve)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Answer GET and HEAD, with ranges; a HEAD never meets a fault, so that it cannot use one up."""
        provider, video = self._videos.get(request.path, ("", None))
        if video is None:
            return _missing()
        fault = self._faults.take(provider, "file") if request.method == hdrs.METH_GET else None
        if fault is not None and fault.kind == "file_missing":
            return _missing()
        path = await self._video_cache.file_of(video)
        if fault is not None:
            match fault.kind:
                case "file_truncated":
                    return await _truncated(request, fault, path)
                case "file_too_large":
                    return await _too_large(request, fault, path)
            answer = await on_the_wire(request, fault)
            if answer is not None:
                return answer
        return web.FileResponse(path, headers={hdrs.CONTENT_TYPE: "video/mp4"})


def _missing() -> web.Response:
    text = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code></Error>"
    return web.Response(status=404, text=text, content_type="application/xml")


async def _truncated(request: web.Request, fault: Fault, path: Path) -> web.StreamResponse:
    """Send half the bytes: of a promised whole, then cut the connection, or with `clean` as if they were all."""
    content = await asyncio.to_thread(path.read_bytes)
    half, clean = len(content) // 2, bool(fault.options.get("clean"))
    answer = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "video/mp4"})
    answer.content_length = half if clean else len(content)
    await answer.prepare(request)
    await answer.write(content[:half])
    if not clean:
        cut(request)
    await answer.write_eof()
    return answer


async def _too_large(request: web.Request, fault: Fault, path: Path) -> web.StreamResponse:
    """Send the video, then zeros up to `bytes` in all; with `silent` the length is not announced."""
    content = await asyncio.to_thread(path.read_bytes)
    total = int(fault.options.get("bytes", TOO_LARGE))
    answer = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "video/mp4"})
    if fault.options.get("silent"):
        answer.enable_chunked_encoding()
    else:
        answer.content_length = total
    await answer.prepare(request)
    await answer.write(content[:total])
    zeros = bytes(CHUNK)
    for start in range(len(content), total, CHUNK):
        await answer.write(zeros[: total - start])
    await answer.write_eof()
    return answer
