"""Guards the operator's page: who is asked for, where forms come from, what browsers may do with it."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from bot.domain.visitor import Visitor
from bot.errors import (
    CaseDecided,
    CaseUnknown,
    ChannelClosed,
    DeadLetterGone,
    DestinationBusy,
    DiscordBusy,
    GuildJobUnknown,
    ResultForgotten,
    ResultTooLarge,
    ResultUnavailable,
    ResultUnusable,
    StoreUnavailable,
    TooLateToCancel,
)
from bot.service.admin.page_access import LIFETIMES, PageAccess, form_proof

log = logging.getLogger(__name__)

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers send forms without saying from where
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
LIVE: Final = "X-Live"  # the header of what the page asks for by itself, which keeps no session open
PATIENCE: Final = 5.0  # seconds for a form to arrive
PROOF: Final = "proof"  # the field of every form

# What is said of a status instead of a page: a key of the catalogues, behind `page.about.`.
ABOUT: Final = {
    400: "unclear",
    401: "sign_in",
    403: "forbidden",
    404: "missing",
    409: "decided",
    429: "busy",
    500: "broken",
    503: "busy",
}

_BROKEN: Final = 500
_MISDIRECTED: Final = 421
_STATUSES: Final[tuple[tuple[tuple[type[Exception], ...], int], ...]] = (
    ((GuildJobUnknown, CaseUnknown, ResultUnusable, ResultTooLarge, ResultUnavailable), 404),
    ((DeadLetterGone, TooLateToCancel, CaseDecided), 409),
    ((ChannelClosed, ResultForgotten), 409),
    ((StoreUnavailable, DestinationBusy, DiscordBusy), 503),
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Draw = Callable[[web.Request, int, str], web.Response]


async def read_form(request: web.Request) -> dict[str, str]:
    """Read the fields of a form.

    Raises:
        HTTPRequestTimeout: they take too long to arrive.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


class Guard:
    """Lets in what belongs to one address: signed-in people, and forms of this page.

    `address` is where the page is reached. `draw` makes the answer of a status and what it is `ABOUT`.
    """

    def __init__(self, *, address: str, access: PageAccess, draw: Draw) -> None:
        parts = urlsplit(address)
        self._access, self._draw = access, draw
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._host = parts.netloc
        self._secure = parts.scheme == "https"
        self._cookie = "__Host-shotcaller" if self._secure else "shotcaller"
        self._path = "/" if self._secure else parts.path or "/"  # the browser demands / of such a name

    @web.middleware
    async def guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer what came to this address, and turn whatever goes wrong into a page without details."""
        response = await self._answer(request, handler)
        response.headers.update({name: value for name, value in HEADERS.items() if name not in response.headers})
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.host.lower() != self._host.lower():  # some other name that leads here: a rebound one, perhaps
            return web.Response(status=_MISDIRECTED)
        if request.method == "POST" and request.headers.get("Origin") != self._origin:
            return self._draw(request, 403, ABOUT[403])
        try:
            return await handler(request)
        except web.HTTPException as exc:
            status = exc.status
            if status not in ABOUT:
                return web.Response(status=status, text=exc.reason)
        except Exception as exc:
            status = next((code for kinds, code in _STATUSES if isinstance(exc, kinds)), _BROKEN)
            if status == _BROKEN:
                log.exception("the page could not be made")
        response = self._draw(request, status, ABOUT[status])
        if status == web.HTTPUnauthorized.status_code:
            self.forget(response)
        return response

    async def visitor(self, request: web.Request) -> Visitor:
        """Tell who asks.

        Raises:
            HTTPUnauthorized: nobody who is signed in, or may be any more.
            DestinationBusy: Discord does not say whether they may.
        """
        session = request.cookies.get(self._cookie)
        visitor = await self._access.visitor(session, used=LIVE not in request.headers) if session else None
        if visitor is None:
            raise web.HTTPUnauthorized
        return visitor

    async def sent_form(self, request: web.Request) -> dict[str, str]:
        """Read a form that this page made for who is signed in, and sends it.

        Raises:
            HTTPForbidden: it was made somewhere else.
        """
        form = await read_form(request)
        expected = self.proof(request).encode()
        if not hmac.compare_digest(form.get(PROOF, "").encode(errors="replace"), expected):
            raise web.HTTPForbidden
        return form

    def proof(self, request: web.Request) -> str:
        """Derive what the forms of a session bring along."""
        return form_proof(request.cookies.get(self._cookie, ""))

    def session(self, request: web.Request) -> str:
        """Read the id of the session, if the browser has sent any."""
        return request.cookies.get(self._cookie, "")

    def remember(self, response: web.StreamResponse, session: str) -> None:
        """Have the browser keep the id of a session, where no script and no other site comes by it."""
        response.set_cookie(
            self._cookie,
            session,
            max_age=int(LIFETIMES.whole.total_seconds()),
            path=self._path,
            httponly=True,
            secure=self._secure,
            samesite="Strict",
        )

    def forget(self, response: web.StreamResponse) -> None:
        """Have the browser forget the id of its session."""
        response.del_cookie(self._cookie, path=self._path, secure=self._secure, httponly=True, samesite="Strict")
