"""Keeps what people are in the middle of: it goes on from any device and after any restart."""

from collections.abc import Callable, Mapping
from datetime import datetime
from secrets import token_hex
from typing import Any

from bot.domain import Draft
from bot.errors import DraftGone
from bot.store.member.drafts import DraftStore


class Drafts:
    """Keeps people's drafts, of several kinds. Every method may raise `StoreUnavailable`."""

    def __init__(self, *, store: DraftStore, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock

    async def begin(self, kind: str, body: Mapping[str, Any], *, user_id: int, guild_id: int | None) -> Draft:
        """Keep a new draft under an id that nobody can guess."""
        return await self._store.begin(
            token_hex(8), user_id=user_id, guild_id=guild_id, kind=kind, body=body, now=self._clock()
        )

    async def read(self, draft_id: str, kind: str, *, user_id: int) -> Draft:
        """Read a person's own draft.

        Raises:
            DraftGone: the draft is finished, too old, of another kind or somebody else's.
        """
        draft = await self._store.read(draft_id, user_id=user_id)
        if draft is None or draft.kind != kind:
            raise DraftGone
        return draft

    async def latest(self, kind: str, *, user_id: int) -> Draft | None:
        """Read the draft that a person touched last."""
        return await self._store.latest(user_id=user_id, kind=kind)

    async def save(self, draft: Draft, body: Mapping[str, Any]) -> Draft | None:
        """Change a draft that is still as the caller knows it; None where another device was faster."""
        return await self._store.save(draft, body, now=self._clock())

    async def end(self, draft_id: str) -> bool:
        """Forget a finished draft; whether there was one."""
        return await self._store.end(draft_id)
