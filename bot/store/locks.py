"""Names the locks that transactions take by name (`Transaction.alone`), and says in which order all is locked.

No two transactions wait for each other for ever, since all of them lock in one order: first what is named here, the
names in the order of this module; then a guild's row; jobs; accounts, in the ledger's order, the bot's budget last; the
turnstile of a provider, its queues and turns, and what is at work there; strikes and members; cases and their reports;
the audit. What is posted of a row is locked after it, in the outbox. The store's tests watch every statement.
"""

from typing import Final

SCHEMA: Final = "schema"
PROCESSES: Final = "processes"
HEARTBEAT: Final = "heartbeat"
COMMANDS: Final = "commands"  # of Discord: who sends them
CLAIMS: Final = "claims"  # of what waits for submission: limits count what others claim at the same time
FORGETTING: Final = "forgetting"  # of whoever deletes or changes what is held about many people, or of many kinds


def requests_of(user_id: int) -> str:
    """Name the lock under which one person's requests come to be: their jobs are counted."""
    return f"requests:{user_id}"


MANY_JOBS: Final = "many jobs"  # of whoever changes several jobs: two of them would wait for each other's


def presets_of(user_id: int) -> str:
    """Name the lock under which a person's own presets are counted, and their names looked at."""
    return f"presets:{user_id}"


def shared_presets_of(guild_id: int) -> str:
    """Name the lock under which the presets that a guild shares are counted, and their names looked at."""
    return f"shared presets:{guild_id}"


def feedback_of(user_id: int) -> str:
    """Name the lock under which a person's feedback is counted."""
    return f"feedback:{user_id}"


def strikes_of(guild_id: int, user_id: int) -> str:
    """Name the lock under which a member's strikes are counted."""
    return f"strikes:{guild_id}:{user_id}"


def credit_requests_of(guild_id: int, user_id: int) -> str:
    """Name the lock under which a member asks for more credits: once at a time."""
    return f"credit requests:{guild_id}:{user_id}"


def reports_of(job_id: str | None) -> str:
    """Name the lock under which a video is reported: who reports it, too, stands in the same case."""
    return f"reports:{job_id}"


def stars_of(job_id: str) -> str:
    """Name the lock under which the stars of a video are counted."""
    return f"stars:{job_id}"


def messages_of(job_id: str) -> str:
    """Name the lock under which a copy of a video is written down, or the video is deleted: one sees the other."""
    return f"messages:{job_id}"
