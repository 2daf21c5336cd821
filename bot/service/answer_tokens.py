"""Keeps what the private answers of accepted requests are edited with, for as long as Discord takes edits.

One process remembers it. Several keep it in their database, sealed with a key that is made of the bot's own token:
the one that ends a job is not the one that was asked for it. Neither the database nor a copy of it opens an answer.
"""

import base64
import binascii
import logging
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from bot.errors import StoreError
from bot.store.member.private_answers import Kept, PrivateAnswerStore
from bot.values import dataclass

log = logging.getLogger(__name__)

LIFE: Final = timedelta(minutes=14)  # from when the interaction began; Discord's tokens die after 15 minutes
MOST: Final = 5_000  # answers remembered in one process

_LABEL: Final = b"shotcaller private answers 1"  # keeps this use of the secret apart from every other
_NONCE: Final = 12  # bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerToken:
    """What a private answer is edited with, as secret as a password until it expires, by Discord's clock."""

    application_id: int
    token: str
    expires_at: datetime


class AnswerTokens(Protocol):
    """Keeps tokens by the idempotency key of what was asked for.

    Nothing depends on a token: no method raises.
    """

    @property
    def shared(self) -> bool:
        """Say whether another process may keep one, too."""
        ...

    async def keep(self, key: str, token: AnswerToken, *, user_id: int) -> None:
        """Keep the token of a person's answer, in place of an earlier one."""
        ...

    async def read(self, key: str) -> AnswerToken | None:
        """Read a token that can still be used; None where there is none."""
        ...

    async def take(self, key: str) -> AnswerToken | None:
        """Take a token out, for the last edit; None where there is none that can be used."""
        ...


class RememberedTokens:
    """Remembers tokens in this process. See `AnswerTokens`; `moment` is Discord's present."""

    shared: Final = False

    def __init__(self, *, moment: Callable[[], datetime]) -> None:
        self._moment = moment
        self._tokens: OrderedDict[str, AnswerToken] = OrderedDict()

    async def keep(self, key: str, token: AnswerToken, *, user_id: int) -> None:  # noqa: ARG002 (of `AnswerTokens`)
        """See `AnswerTokens`."""
        self._tokens[key] = token
        self._tokens.move_to_end(key)
        while len(self._tokens) > MOST or self._is_over(next(iter(self._tokens.values()))):
            self._tokens.popitem(last=False)

    async def read(self, key: str) -> AnswerToken | None:
        """See `AnswerTokens`."""
        return self._usable(self._tokens.get(key))

    async def take(self, key: str) -> AnswerToken | None:
        """See `AnswerTokens`."""
        return self._usable(self._tokens.pop(key, None))

    def _usable(self, token: AnswerToken | None) -> AnswerToken | None:
        return None if token is None or self._is_over(token) else token

    def _is_over(self, token: AnswerToken) -> bool:
        return token.expires_at <= self._moment()


class SharedTokens:
    """Keeps tokens in the database, for all processes. See `AnswerTokens`; `moment` is Discord's present.

    `others` says whether another process lives.
    """

    def __init__(
        self, store: PrivateAnswerStore, *, seal: "Seal", moment: Callable[[], datetime], others: Callable[[], bool]
    ) -> None:
        self._store, self._seal, self._moment, self._others = store, seal, moment, others

    @property
    def shared(self) -> bool:
        """See `AnswerTokens`."""
        return self._others()

    async def keep(self, key: str, token: AnswerToken, *, user_id: int) -> None:
        """See `AnswerTokens`."""
        sealed = self._seal.close(f"{token.application_id}:{token.token}", about=key)
        try:
            await self._store.keep(key, user_id=user_id, sealed=sealed, expires_at=token.expires_at)
        except StoreError as exc:
            log.warning("a private answer is not kept", extra={"detail": str(exc)})

    async def read(self, key: str) -> AnswerToken | None:
        """See `AnswerTokens`."""
        return await self._opened(self._store.read, key)

    async def take(self, key: str) -> AnswerToken | None:
        """See `AnswerTokens`."""
        return await self._opened(self._store.take, key)

    async def _opened(self, find: Callable[..., Awaitable[Kept | None]], key: str) -> AnswerToken | None:
        try:
            kept = await find(key, now=self._moment())
        except StoreError as exc:
            log.warning("a private answer cannot be found", extra={"detail": str(exc)})
            return None
        text = None if kept is None else self._seal.open(kept.sealed, about=key)
        if kept is None or text is None:
            return None
        application_id, _, token = text.partition(":")
        return AnswerToken(application_id=int(application_id), token=token, expires_at=kept.expires_at)


class Seal:
    """Closes texts that nobody else is to read, and opens them again; `secret` makes the key (HKDF, AES-256-GCM)."""

    def __init__(self, secret: str) -> None:
        # Several processes alone need this: the library takes 12 MB.
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_LABEL).derive(secret.encode())
        self._cipher, self._broken = AESGCM(key), InvalidTag

    def close(self, text: str, *, about: str) -> str:
        """Close a text, which opens only with the same words about what it is."""
        nonce = os.urandom(_NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), about.encode())).decode()

    def open(self, sealed: str, *, about: str) -> str | None:
        """Open a text; None where another secret closed it, or it is about something else."""
        try:
            data = base64.b64decode(sealed, validate=True)
            return self._cipher.decrypt(data[:_NONCE], data[_NONCE:], about.encode()).decode()
        except (self._broken, binascii.Error, ValueError):
            return None
