"""Signs for the Kling API with a pair of keys. Source: the `kling` document, "Wire", Auth."""

import time
from collections.abc import Callable
from typing import Final

from bot.errors import OperatorFault

LIFETIME: Final = 1800  # seconds that a token holds
EARLY: Final = 5  # seconds before now from which it holds, for clocks that differ a little
_RENEW_AFTER: Final = 1500  # seconds; a call may wait for its place and be minutes under way


class Signer:
    """Gives the bearer token of the next call: signed once, and afresh well before it runs out.

    `now` is in unix seconds. A clock that is set back past the last signature also makes a new one.
    """

    def __init__(self, *, access_key: str, secret_key: str, now: Callable[[], float] = time.time) -> None:
        self._access_key, self._secret_key, self._now = access_key, secret_key, now
        self._token, self._signed_at = "", 0.0

    def __call__(self) -> str:
        """Give the token.

        Raises:
            OperatorFault: "key_malformed": nothing can be signed with this secret key.
        """
        now = self._now()
        if not self._token or not self._signed_at <= now < self._signed_at + _RENEW_AFTER:
            self._token, self._signed_at = self._signed(int(now)), now
        return self._token

    def renew(self) -> None:
        """Forget the token: the service says that it has run out."""
        self._token = ""

    def _signed(self, now: int) -> str:
        import jwt  # noqa: PLC0415 - only a pair of keys needs it

        claims = {"iss": self._access_key, "exp": now + LIFETIME, "nbf": now - EARLY}
        try:
            return jwt.encode(claims, self._secret_key, algorithm="HS256")
        except jwt.PyJWTError:
            pass
        # Raised out here so that what PyJWT says of the key is not even the context of ours.
        raise OperatorFault(provider="kling", code="key_malformed")
