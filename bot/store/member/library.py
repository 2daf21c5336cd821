"""Finds what people keep: their videos, newest first and searched, and the ones that they have starred."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bot.domain import Job, millis
from bot.store.database import Store, Transaction, transaction
from bot.store.locks import stars_of
from bot.values import dataclass

# `$2` is the pattern of the model, `$3` that of the text. The text is kept folded, so that case never matters.
_FITS: Final = (
    "jobs.delivered_at IS NOT NULL AND (jobs.removed_at IS NULL OR (jobs.user_id = $1 AND jobs.removed_by = 'author')) "
    "AND jobs.eta_key LIKE $2 ESCAPE '\\' AND jobs.prompt LIKE $3 ESCAPE '\\' "
)
# The same as `bot.domain.access` decides, of videos that are delivered and not taken away; `$6` is the guild, or 0.
_SEEN: Final = (
    "(jobs.user_id = $1 OR (coalesce(jobs.review, 'passed') NOT IN ('request', 'held') AND CAST($6 AS BIGINT) <> 0 "
    "AND ((jobs.guild_id = $6 AND (jobs.private = 0 OR jobs.shared_at IS NOT NULL)) OR EXISTS "
    "(SELECT 1 FROM showings WHERE showings.job_id = jobs.id AND showings.guild_id = $6)))) "
)
_MINE: Final = f"SELECT jobs.* FROM jobs WHERE jobs.user_id = $1 AND {_FITS} ORDER BY jobs.created_at DESC "  # noqa: S608 (constants)
_STARRED: Final = (
    "SELECT jobs.* FROM favourites JOIN jobs ON jobs.id = favourites.job_id "  # noqa: S608 (constants)
    f"WHERE favourites.user_id = $1 AND {_FITS} AND {_SEEN} ORDER BY favourites.at DESC "
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryQuery:
    """Which videos somebody wants to see: with a text in the prompt, of a model, starred. Nothing said is all."""

    text: str = ""
    model: str | None = None
    favourites: bool = False


class LibraryStore(Store):
    """Reads and stars videos in one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def toggle(self, tx: Transaction, job_id: str, *, user_id: int, now: datetime) -> tuple[bool, int]:
        """Star a video, or take the star back; say whether it has this person's star now, and how many it has."""
        await tx.alone(stars_of(job_id))
        taken = await tx.execute("DELETE FROM favourites WHERE job_id = $1 AND user_id = $2", job_id, user_id)
        if not taken:
            await tx.execute(
                "INSERT INTO favourites (user_id, job_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                user_id,
                job_id,
                millis(now),
            )
        return not taken, await _count(tx, job_id)

    @transaction
    async def stars(self, tx: Transaction, job_id: str) -> int:
        """Count how many people have starred a video."""
        return await _count(tx, job_id)

    @transaction
    async def starred(self, tx: Transaction, job_ids: Sequence[str], *, user_id: int) -> frozenset[str]:
        """Find those of these videos that a person has starred."""
        found = set()
        for job_id in job_ids:
            if await tx.one("SELECT 1 FROM favourites WHERE user_id = $1 AND job_id = $2", user_id, job_id):
                found.add(job_id)
        return frozenset(found)

    @transaction
    async def videos(
        self, tx: Transaction, query: LibraryQuery, *, user_id: int, guild_id: int | None, skip: int, most: int
    ) -> list[Job]:
        """List a person's posted videos, the newest first; or the starred ones, the latest star first.

        Those of others have to be shown in that guild.
        """
        sql = (_STARRED if query.favourites else _MINE) + "LIMIT $4 OFFSET $5"
        model = f"{_literal(query.model)}/%" if query.model else "%"
        text = f"%{_literal(query.text.casefold())}%" if query.text else "%"
        seen = [guild_id or 0] if query.favourites else []
        return [Job.from_row(row) for row in await tx.all(sql, user_id, model, text, most, skip, *seen)]


async def _count(tx: Transaction, job_id: str) -> int:
    row = await tx.one("SELECT count(*) AS n FROM favourites WHERE job_id = $1", job_id)
    return int(row["n"]) if row else 0


def _literal(text: str) -> str:
    """Escape a text as a part of a pattern that means just that text."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
