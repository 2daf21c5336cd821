"""Records every REST request of the bot, with what was wrong with it."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.discord.errors import Problem
from sandbox.discord.world import Json


@dataclass(slots=True, kw_only=True)
class Record:
    """One request as it came and how it was answered; `status` is None where no answer was given.

    `limited` is the scope of an answer 429, `agent` the `User-Agent` of whoever asked.
    """

    method: str
    path: str
    at: str
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    files: list[Json] = field(default_factory=list)
    status: int | None = None
    code: int | None = None
    fault: str | None = None
    agent: str = ""
    limited: str | None = None
    problems: list[Problem] = field(default_factory=list)

    def seen(self) -> Json:
        """Write the row of `GET {control}/requests`."""
        return {
            "method": self.method,
            "path": self.path,
            "at": self.at,
            "query": self.query,
            "body": self.body,
            "files": self.files,
            "status": self.status,
            "code": self.code,
            "fault": self.fault,
            "agent": self.agent,
            "limited": self.limited,
            "problems": [str(problem) for problem in self.problems],
        }
