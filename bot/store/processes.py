"""Keeps the processes of the bot that share a database, and takes over what a dead one has left."""

from datetime import datetime

from bot.domain import Row, from_millis, millis
from bot.domain.sharing import Process, Role
from bot.store.database import Store, Transaction, transaction
from bot.store.jobs.claims import free_jobs
from bot.store.locks import PROCESSES
from bot.store.outbox import free_items


class ProcessStore(Store):
    """Keeps the processes of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def enter(self, tx: Transaction, process: Process) -> None:
        """Write that a process is there."""
        await tx.alone(PROCESSES)
        await tx.execute(
            "INSERT INTO processes (id, role, shards, shard_count, version, started_at) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
            *(process.id, str(process.role), ",".join(map(str, process.shards)), process.shard_count),
            *(process.version, millis(process.started_at) if process.started_at else 0),
        )

    @transaction
    async def entered(self, tx: Transaction) -> list[Process]:
        """List the processes that are there, or have died without a word, the oldest first."""
        return [_process(row) for row in await tx.all("SELECT * FROM processes ORDER BY started_at, id")]

    @transaction
    async def remove(self, tx: Transaction, process_id: str, *, now: datetime) -> bool:
        """Free all that a process has claimed, which is dead or about to end; False where somebody else has done so.

        Its jobs in `SUBMITTING` keep their leases; see `free_jobs`.
        """
        await tx.alone(PROCESSES)
        if not await tx.execute("DELETE FROM processes WHERE id = $1", process_id):
            return False
        await free_jobs(tx, of=[process_id], now=now)
        await free_items(tx, of=[process_id])
        return True


def _process(row: Row) -> Process:
    return Process(
        id=row["id"],
        role=Role(row["role"]),
        shards=tuple(int(each) for each in row["shards"].split(",") if each),
        shard_count=row["shard_count"],
        version=row["version"],
        started_at=from_millis(row["started_at"]),
    )
