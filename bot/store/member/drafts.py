"""Keeps what people are in the middle of, until it is finished or old: any device goes on after any restart."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.domain import AuditEntry, Draft, Policy, PolicyChange, Row, millis
from bot.store.community.guilds import change_policy
from bot.store.database import Store, Transaction, transaction


class DraftStore(Store):
    """Keeps the drafts of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def begin(
        self,
        tx: Transaction,
        draft_id: str,
        *,
        user_id: int,
        guild_id: int | None,
        kind: str,
        body: Mapping[str, Any],
        now: datetime,
    ) -> Draft:
        """Keep a new draft under an id that nobody can guess."""
        row = await tx.one(
            "INSERT INTO drafts (id, user_id, guild_id, kind, body, updated_at) VALUES ($1, $2, $3, $4, $5, $6) "
            "RETURNING *",
            draft_id,
            user_id,
            guild_id,
            kind,
            json.dumps(body, ensure_ascii=False),
            millis(now),
        )
        return _draft(row)

    @transaction
    async def read(self, tx: Transaction, draft_id: str, *, user_id: int) -> Draft | None:
        """Read that person's draft of that id; None where it is finished, old or somebody else's."""
        row = await tx.one("SELECT * FROM drafts WHERE id = $1 AND user_id = $2", draft_id, user_id)
        return Draft.from_row(row) if row else None

    @transaction
    async def latest(self, tx: Transaction, *, user_id: int, kind: str) -> Draft | None:
        """Read what a person did last of a kind."""
        row = await tx.one(
            "SELECT * FROM drafts WHERE user_id = $1 AND kind = $2 ORDER BY updated_at DESC LIMIT 1", user_id, kind
        )
        return Draft.from_row(row) if row else None

    @transaction
    async def save(self, tx: Transaction, draft: Draft, body: Mapping[str, Any], *, now: datetime) -> Draft | None:
        """Change a draft that is still as the caller knows it; None where another device was faster."""
        row = await tx.one(
            "UPDATE drafts SET body = $3, version = version + 1, updated_at = $4 "
            "WHERE id = $1 AND version = $2 RETURNING *",
            draft.id,
            draft.version,
            json.dumps(body, ensure_ascii=False),
            millis(now),
        )
        return Draft.from_row(row) if row else None

    @transaction
    async def import_policy(
        self,
        tx: Transaction,
        draft: Draft,
        entry: AuditEntry,
        apply: Callable[[Policy], Policy],
        *,
        then: Callable[[Policy, PolicyChange], tuple[str, Mapping[str, Any]] | None],
    ) -> PolicyChange:
        """Change a guild's policy by a draft, and have that draft be the way back from then on, or end.

        `then` says what kind of draft it is, and its body, by the policy before and the change; None ends it. A draft
        that another device has changed meanwhile stays as it is.

        Raises:
            ValueError: by `apply`; nothing has changed.
        """
        before = list[Policy]()

        def noted(present: Policy) -> Policy:
            before[:] = [present]
            return apply(present)

        changed = await change_policy(tx, entry, noted)
        if (follows := then(before[0], changed)) is None:
            await tx.execute("DELETE FROM drafts WHERE id = $1 AND version = $2", draft.id, draft.version)
        else:
            kind, body = follows
            await tx.execute(
                "UPDATE drafts SET kind = $3, body = $4, version = version + 1, updated_at = $5 "
                "WHERE id = $1 AND version = $2",
                *(draft.id, draft.version, kind, json.dumps(body, ensure_ascii=False), millis(entry.at)),
            )
        return changed

    @transaction
    async def end(self, tx: Transaction, draft_id: str) -> bool:
        """Forget a finished draft, and say whether there was one."""
        return await tx.execute("DELETE FROM drafts WHERE id = $1", draft_id) == 1

    @transaction
    async def forget(self, tx: Transaction, *, before: datetime) -> int:
        """Forget drafts that nobody has touched since, and count them."""
        return await tx.execute("DELETE FROM drafts WHERE updated_at < $1", millis(before))


def _draft(row: Row | None) -> Draft:
    if row is None:
        raise RuntimeError("an INSERT … RETURNING gave no row")
    return Draft.from_row(row)
