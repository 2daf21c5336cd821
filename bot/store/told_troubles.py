"""Keeps of which troubles the operator has been told lately: neither a restart nor another process tells them again."""

from datetime import datetime, timedelta

from bot.domain import millis
from bot.store.database import Store, Transaction, transaction


class ToldTroubleStore(Store):
    """The troubles that one database knows to be told."""

    @transaction
    async def take(self, tx: Transaction, trouble: str, subject: str, *, now: datetime, quiet: timedelta) -> bool:
        """Say whether a trouble is the caller's to tell; it is nobody's for as long as it is to be `quiet` after that.

        If it would be quiet for more than twice as long, a clock wrote so that has leapt back since.
        """
        await tx.execute(
            "DELETE FROM told_troubles WHERE quiet_until <= $1 OR (trouble = $2 AND subject = $3 AND quiet_until > $4)",
            *(millis(now), trouble, subject),
            millis(now + 2 * quiet),
        )
        taken = await tx.execute(
            "INSERT INTO told_troubles (trouble, subject, quiet_until) VALUES ($1, $2, $3) "
            "ON CONFLICT (trouble, subject) DO NOTHING",
            trouble,
            subject,
            millis(now + quiet),
        )
        return taken == 1

    @transaction
    async def again(self, tx: Transaction, trouble: str, subject: str, *, at: datetime) -> None:
        """Let a trouble that could not be told be told from that time on."""
        update = "UPDATE told_troubles SET quiet_until = $3 WHERE trouble = $1 AND subject = $2"
        await tx.execute(update, trouble, subject, millis(at))
