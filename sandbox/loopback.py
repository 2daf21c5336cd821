"""Keeps web pages out. A page in a browser on this machine reaches loopback as well, and must not act here for anybody.

A page whose name was pointed at loopback afterwards (DNS rebinding) gives that name away in `Host`. Any other page may
send a body unasked only as a form or as plain text, so what acts takes a body that is called JSON; and a browser says
of every request whether it comes from the sandbox's own page (`Sec-Fetch-Site`).
"""

import ipaddress
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

CONTROL: Final = "/control/"
PAGE: Final = "/page/"
JSON: Final = "application/json"
OWN: Final = "same-origin"


def is_loopback(url: str) -> bool:
    """Tell whether an address is an http one of this machine."""
    try:
        parsed = URL(url)
        host = parsed.host or ""
    except ValueError:
        return False
    if parsed.scheme not in ("http", "https"):
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def turn_pages_away(*, served: str) -> Middleware:
    """Make a middleware for what is served at the host `served`.

    The control address is for this machine alone; Discord and the video services are for whoever the host is open to.
    """
    on_loopback = is_loopback(f"http://{served}")

    @web.middleware
    async def turn_away(request: web.Request, handler: Handler) -> web.StreamResponse:
        control = request.path.startswith(CONTROL)
        ours = control or request.path == "/" or request.path.startswith(PAGE)
        if (ours or on_loopback) and not is_loopback(f"http://{request.headers.get(hdrs.HOST, '')}"):
            return web.json_response({"error": "this address is for this machine alone"}, status=403)
        if control and request.headers.get("Sec-Fetch-Site", OWN) not in (OWN, "none"):
            return web.json_response({"error": "this address is for the sandbox's own page"}, status=403)
        if control and request.method != hdrs.METH_GET and request.content_type != JSON:
            return web.json_response({"error": f"send {JSON}, and say so in Content-Type"}, status=415)
        return await handler(request)

    return turn_away
