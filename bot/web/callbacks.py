"""Serves the addresses at which video services call back when a task has changed.

Whoever knows no address of ours is answered without a look at the database or the body, and so is a body that is too
large. Nothing in a body is believed.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from bot.domain.callback import PATH, CallbackAddresses
from bot.web.serving import serve

LARGEST: Final = 64 * 1024  # bytes of a body
PATIENCE: Final = 5.0  # seconds for a body to arrive
READERS: Final = 64  # bodies that are read at once

log = logging.getLogger(__name__)


class _Door:
    """Answers callbacks, and hands on those that came to an address of ours, signed where there is a secret."""

    def __init__(
        self,
        *,
        addresses: CallbackAddresses,
        secrets: Mapping[str, str],
        receive: Callable[[str, str, bytes], bool],
        patience: float,
        readers: int,
    ) -> None:
        self._addresses, self._receive = addresses, receive
        self._patience, self._readers = patience, readers
        self._signed = {provider: Webhook(secret) for provider, secret in secrets.items()}
        self._reading = 0
        self._unsigned: set[str] = set()  # providers whose callbacks were refused: the log is told once

    async def take(self, request: web.Request) -> web.Response:
        """Take one callback; whoever knows no address is answered first of all."""
        provider, external_id, proof = (request.match_info[name] for name in ("provider", "external_id", "proof"))
        if not self._addresses.knows(provider, external_id, proof):
            return web.Response(status=404)
        body = await self._body_of(request)
        if not self._is_signed(provider, body, request.headers):
            return web.Response(status=401)
        return web.Response(status=200 if self._receive(provider, external_id, body) else 503)

    async def _body_of(self, request: web.Request) -> bytes:
        """Read a body, unless it is known to be too large, or too many are being read.

        Raises:
            HTTPException: it is not to be had.
        """
        if (length := request.content_length or 0) > LARGEST:
            raise web.HTTPRequestEntityTooLarge(max_size=LARGEST, actual_size=length)
        if self._reading >= self._readers:
            raise web.HTTPServiceUnavailable
        self._reading += 1
        try:
            async with asyncio.timeout(self._patience):
                return await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        finally:
            self._reading -= 1

    def _is_signed(self, provider: str, body: bytes, headers: Mapping[str, str]) -> bool:
        """Tell whether a callback bears the signature that its provider's secret demands, if there is one."""
        if (webhook := self._signed.get(provider)) is None:
            return True
        try:
            webhook.verify(body, dict(headers), json_parse=False)
        except (WebhookVerificationError, ValueError):  # the latter: no base64, no UTF-8, no pair
            if provider not in self._unsigned:
                self._unsigned.add(provider)
                log.warning("callbacks without the right signature are refused", extra={"provider": provider})
            return False
        return True


async def _here(_: web.Request) -> web.Response:
    """Say that the bot is reached here, for `shotcaller doctor`."""
    return web.json_response({"ok": True})


@asynccontextmanager
async def serve_callbacks(
    *,
    host: str,
    port: int,
    addresses: CallbackAddresses,
    secrets: Mapping[str, str],
    receive: Callable[[str, str, bytes], bool],
    patience: float = PATIENCE,
    readers: int = READERS,
) -> AsyncIterator[int]:
    """Serve the addresses for as long as the context lasts; gives the port, which `port` 0 leaves to the system.

    `secrets` are the signing secrets of those providers that have one. `receive` takes the provider, the external id
    and the body of each callback, and gives False where it can take no more.

    Raises:
        SettingsInvalid: the address cannot be listened on.
    """
    door = _Door(addresses=addresses, secrets=secrets, receive=receive, patience=patience, readers=readers)
    app = web.Application(client_max_size=LARGEST)
    app.router.add_get(PATH, _here)
    app.router.add_post(PATH + "/{provider}/{external_id}/{proof}", door.take)
    # What has not been read of a refused body never is: the connection is closed instead.
    options = {"lingering_time": 0.0, "auto_decompress": False}
    async with serve(app, host=host, port=port, setting="CALLBACK_PORT", **options) as given:
        yield given
