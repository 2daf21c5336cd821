"""Serves the page at `/`: the client in which a person acts in the sandbox, and what the video services see of it.

The page is the files beside this module, as they are. It reaches nothing but this server, and nothing may hold it in a
frame; whatever is drawn in it came through the control API.
"""

import asyncio
import os
import sys
import webbrowser
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

FILES: Final = Path(__file__).with_name("files")
KINDS: Final = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    hdrs.CACHE_CONTROL: "no-cache",
}


def attach_page(app: web.Application) -> None:
    """Add the page and its files."""
    app.router.add_get("/", _serve(FILES / "index.html"))
    for path in sorted(FILES.iterdir()):
        app.router.add_get(f"/page/{path.name}", _serve(path))


def _serve(path: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    headers = {**HEADERS, hdrs.CONTENT_TYPE: f"{KINDS[path.suffix]}; charset=utf-8"}

    async def serve(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(path, headers=headers)

    return serve


async def open_in_browser(url: str) -> bool:
    """Open an address in the browser, where there is a screen for one; tells whether that was so."""
    screen = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(screen) and await asyncio.to_thread(webbrowser.open, url)
