"""Checks who is calling: an API key, or a token signed with the access and secret keys; else a code says why not."""

import hmac
from dataclasses import dataclass

import jwt

AUTH_FAILED, AUTH_EMPTY, AUTH_INVALID, AUTH_EARLY, AUTH_EXPIRED = 1000, 1001, 1002, 1003, 1004
JWT_DOTS = 2
NOT_SIGNED = "The token was expected to have 3 parts, but got 0"  # what the live API says to any other key


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Checks the account's keys: either the API key or the other two open it."""

    api: str
    access: str
    secret: str

    def refusal(self, header: str | None) -> tuple[int, str]:
        """Find the error code for an `Authorization` header, 0 when it is right, and words where they are known."""
        kind, _, token = (header or "").strip().partition(" ")
        token = token.strip()
        if not kind:
            return AUTH_EMPTY, ""
        if kind.lower() != "bearer" or not token:
            return AUTH_INVALID, ""
        if hmac.compare_digest(token.encode(), self.api.encode()):
            return 0, ""
        if token.count(".") != JWT_DOTS:
            return AUTH_INVALID, NOT_SIGNED
        return self._token_refusal(token), ""

    def is_api_key(self, header: str | None) -> bool:
        """Tell whether an `Authorization` header that is right holds the API key, and no signature."""
        return hmac.compare_digest((header or "").strip().partition(" ")[2].strip().encode(), self.api.encode())

    def _token_refusal(self, token: str) -> int:
        """Check a token: HS256, with the access key as `iss`, between `nbf` and `exp`; all three are required."""
        try:
            jwt.decode(
                token,
                self.secret,
                algorithms=["HS256"],
                issuer=self.access,
                options={"require": ["iss", "exp", "nbf"]},
            )
        except jwt.ExpiredSignatureError:
            return AUTH_EXPIRED
        except jwt.ImmatureSignatureError:
            return AUTH_EARLY
        except (jwt.InvalidSignatureError, jwt.InvalidIssuerError):
            return AUTH_FAILED
        except jwt.InvalidTokenError:
            return AUTH_INVALID
        return 0
