"""What the core asks of Discord for those who look after a guild: cases to decide, and the record of changes."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from bot.domain import AuditEntry, Case, Job, Note
from bot.service.ports.notifier import Posted, Result, Sighting


class Staff(Protocol):
    """Discord as the staff sees it. What waits may raise `DestinationLost` (for good) or `DestinationBusy`."""

    def there(self, guild_id: int, channel_id: int) -> bool:
        """Whether a channel of a guild exists, as far as Discord has told."""
        ...

    async def post_case(self, case: Case, *, job: Job | None, video: Result | None) -> Posted:
        """Post a case with its buttons, and the video that it is about where there is one. A repeat finds the first."""
        ...

    async def find_case(self, case: Case, *, since: datetime) -> Sighting:
        """The message of a case, which may have been posted since then, by Discord's clock. Raises nothing."""
        ...

    async def edit_case(self, case: Case, *, message_id: int, job: Job | None) -> None:
        """Say how a case stands, in its message; once it is decided, take its buttons away."""
        ...

    def operator_places(self) -> AsyncIterator[int]:
        """The channels in which the operator can be told something, the best first: theirs, then direct messages."""
        ...

    async def post_note(self, note: Note, *, channel_id: int) -> Posted:
        """Post what somebody wrote to the operator. A repeat finds the first."""
        ...

    async def find_note(self, key: str, *, channel_id: int, since: datetime) -> Sighting:
        """The message of the note with that key, as `find_case`."""
        ...

    async def delete_note(self, *, channel_id: int, message_id: int) -> None:
        """Delete the message of a note."""
        ...

    async def tell(self, entry: AuditEntry, *, channel_id: int) -> None:
        """Write an entry of the audit into a channel."""
        ...
