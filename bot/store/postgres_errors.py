"""Translates what the driver of PostgreSQL raises, leaving out the values that its texts quote."""

import re
from typing import Final

import asyncpg

from bot.errors import StoreError, StoreUnavailable

TROUBLE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""All that the driver raises when it connects or carries out a statement; a `TimeoutError` is among the last."""

REPEATABLE: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
)
"""The database could not let a transaction stand beside another one, and has undone it."""

_ARGUMENT: Final = re.compile(r"query argument \$\d+")
_REASON: Final = re.compile(r"\(([^()]*)\)$")


def translated(exc: BaseException) -> StoreError:
    """Choose the error of the store for one of the driver's; that is its cause, unless it quotes values."""
    if isinstance(exc, asyncpg.DataError):
        return StoreError(f"a value that cannot be kept: {_unfit(exc)}")
    if isinstance(exc, asyncpg.PostgresError):
        exc.detail = exc.hint = exc.context = None  # a whole row may be quoted there
    words = str(exc) or type(exc).__name__
    integrity = isinstance(exc, asyncpg.IntegrityConstraintViolationError)
    error = StoreError(words) if integrity else StoreUnavailable(words)
    error.__cause__ = exc
    return error


def _unfit(exc: asyncpg.DataError) -> str:
    """Say which value does not fit, and why, without the value."""
    argument = _ARGUMENT.search(str(exc))
    if argument is None:
        return type(exc).__name__
    reason = _REASON.search(str(exc))
    return f"{argument[0]} ({reason[1]})" if reason else argument[0]
