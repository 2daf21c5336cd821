"""Keeps which providers take no submission just now: what one process was told holds for all, and after a restart.

A provider's row is there from a submission that it did not take until one that it takes. It changes in the transaction
of the job that showed it, and is read by the claim: a look at it costs no query of its own.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.domain import backoff, from_millis, millis, millis_of
from bot.domain.sharing import ALONE
from bot.store.database import Store, Transaction, transaction

LONGEST: Final = timedelta(seconds=backoff.RETRY_AFTER_CAP)  # rest: what is further away is a clock that has leapt back

_RESTS: Final = (
    "SELECT rests_until FROM provider_rests WHERE provider = {provider} "  # noqa: S608 (constants)
    f"AND rests_until > {{now}} AND rests_until <= {{now}} + {millis_of(LONGEST)}"
)


# Of a process that lives; where the processes are not written down there is only one. What a dead one was submitting
# keeps its lease for as long as it may still arrive, and nobody else from submitting meanwhile.
_OF_THE_LIVING: Final = (
    f"(substr(lease, 1, {len(ALONE)}) IN (SELECT id FROM processes) "  # noqa: S608 (constant)
    "OR NOT EXISTS (SELECT 1 FROM processes))"
)


def has_room(provider: str, *, now: str, abreast: str) -> str:
    """Write the SQL that says whether a provider may get a submission more; after a rest only one at a time."""
    resting = _RESTS.format(provider=provider, now=now)
    return (
        f"(SELECT count(*) FROM jobs WHERE provider = {provider} AND status = 'submitting' AND lease IS NOT NULL "  # noqa: S608 (texts of callers)
        f"AND {_OF_THE_LIVING}) "
        f"< CASE WHEN EXISTS (SELECT 1 FROM provider_rests WHERE provider = {provider}) THEN 1 ELSE {abreast} END "
        f"AND NOT EXISTS ({resting})"
    )


async def rest(tx: Transaction, provider: str, *, until: datetime) -> None:
    """Submit nothing to a provider until then, nor until an earlier rest ends."""
    await tx.execute(
        "INSERT INTO provider_rests (provider, rests_until) VALUES ($1, $2) ON CONFLICT (provider) DO UPDATE "
        "SET rests_until = excluded.rests_until "
        "WHERE provider_rests.rests_until < excluded.rests_until OR provider_rests.rests_until > $3",
        provider,
        millis(until),
        millis(until + LONGEST),
    )


async def rest_in_doubt(tx: Transaction, provider: str, *, now: datetime, pause: Callable[[int], timedelta]) -> None:
    """Let a provider rest after a submission that ended in doubt; `pause` says how long after so many in a row."""
    row = await tx.one(
        "INSERT INTO provider_rests (provider, rests_until, doubts) VALUES ($1, $2, 1) ON CONFLICT (provider) "
        "DO UPDATE SET doubts = provider_rests.doubts + 1 RETURNING doubts",
        provider,
        millis(now),
    )
    await rest(tx, provider, until=now + pause(row["doubts"] if row else 1))


async def end_rest(tx: Transaction, provider: str) -> None:
    """Forget what kept submissions from a provider: it has taken one."""
    await tx.execute("DELETE FROM provider_rests WHERE provider = $1", provider)


class ProviderRestStore(Store):
    """The rests of the providers, as one database knows them."""

    @transaction
    async def until(self, tx: Transaction, provider: str, *, now: datetime) -> datetime | None:
        """Tell when a provider's rest ends; None when it takes submissions."""
        row = await tx.one(_RESTS.format(provider="$1", now="$2"), provider, millis(now))
        moment: datetime | None = from_millis(row["rests_until"]) if row else None
        return moment
