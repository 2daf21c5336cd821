"""The bot's database, read from outside: its jobs, and whether the money adds up."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.funding import balance

Row = dict[str, Any]

MEMBERS: Final = "unit = 'credits' AND owner NOT LIKE 'guild:%'"  # accounts that members pay from


@dataclass(frozen=True, kw_only=True)
class BotDatabase:
    """The SQLite file of one bot."""

    path: Path

    def rows(self, sql: str) -> list[Row]:
        """The answer to a question; nothing where there is no database yet."""
        if not self.path.exists():
            return []
        with closing(sqlite3.connect(self.path, timeout=30)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").fetchall():
                return []  # a bot is just making it
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]

    def jobs(self) -> list[Row]:
        """Every job, oldest first."""
        return self.rows("SELECT * FROM jobs ORDER BY created_at, id")

    def job(self) -> Row:
        """The only job."""
        (job,) = self.jobs()
        return job

    def entries(self) -> list[tuple[str, int]]:
        """What members paid: kind and credits of every hold and its end, in order."""
        rows = self.rows(
            f"SELECT kind, sum(abs(held)) AS n FROM ledger WHERE {MEMBERS} "  # noqa: S608 (constant)
            "GROUP BY job_id, kind ORDER BY min(rowid)"
        )
        return [(row["kind"], row["n"]) for row in rows]

    def balances(self) -> tuple[int, int]:
        """The credits held and settled, over all members' accounts."""
        rows = self.rows(f"SELECT * FROM accounts WHERE {MEMBERS}")  # noqa: S608 (constant)
        return sum(row["held"] for row in rows), sum(row["settled"] for row in rows)

    def resting(self) -> bool:
        """Whether there are jobs, and nothing is due any more."""
        return self.rows("SELECT count(*) > 0 AND count(due_at) = 0 AS resting FROM jobs") == [{"resting": 1}]

    def age(self, *, minutes: float) -> None:
        """While the bot does not run: make every job as old as if so much time had passed."""
        with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as connection:
            connection.execute("UPDATE jobs SET created_at = created_at - ?", [minutes * 60_000])

    def forget_drafts(self) -> None:
        """Take away everything that was begun, as time does."""
        with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as connection:
            connection.execute("DELETE FROM drafts")

    def check(self) -> None:
        """Check that the ledger balances."""
        balance(accounts=self.rows("SELECT * FROM accounts"), lines=self.rows("SELECT * FROM ledger"), jobs=self.jobs())
