"""Knows the processes of the bot that live, and which channels are whose."""

from collections.abc import Callable, Sequence

from bot.domain.sharing import SOLE, Process, bucket_of, owner_of_bucket, share_of, workers_among


class Processes:
    """The processes that live, as this one sees them; at first, and on SQLite for ever, only itself."""

    def __init__(self, this: Process = SOLE) -> None:
        self.this, self.me = this, this.id
        self._listeners: list[Callable[[], None]] = []
        self._take([this])

    def members(self) -> tuple[Process, ...]:
        """List those that live, the oldest first."""
        return self._members

    @property
    def others(self) -> bool:
        """Say whether another process lives."""
        return any(each.id != self.me for each in self._members)

    def owns(self, channel_id: int) -> bool:
        """Say whether a channel is this process's; of a private job, the person's id stands for the channel."""
        return bool(self.share >> bucket_of(channel_id) & 1)

    def owner(self, channel_id: int) -> str:
        """Name the process that has a channel."""
        return owner_of_bucket(bucket_of(channel_id), self.workers)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have it called, in the event loop, whenever another process has come or gone."""
        self._listeners.append(listener)

    def note(self, members: Sequence[Process]) -> None:
        """Take over who lives now, the oldest first; this process always does, in its own eyes."""
        known = tuple(members) if any(each.id == self.me for each in members) else (*members, self.this)
        if [each.id for each in known] == [each.id for each in self._members]:
            return
        self._take(known)
        for listener in self._listeners:
            listener()

    def _take(self, members: Sequence[Process]) -> None:
        self._members = tuple(members)
        self.workers = workers_among(members)
        self.share = share_of(self.me, self.workers)
