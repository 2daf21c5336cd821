"""Describes who asks, and from where: what Discord says of a person at the moment they do something."""

from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A person in a guild, or with `guild_id` None in direct messages.

    `places` are the channel, the channel that its thread belongs to, and their category. `manages` is whether they may
    manage the guild, `moderates` whether they may delete other people's messages in that channel.
    """

    user_id: int
    guild_id: int | None = None
    role_ids: frozenset[int] = frozenset()
    channel_ids: frozenset[int] = frozenset()
    manages: bool = False
    moderates: bool = False

    def runs(self, guild_id: int | None) -> bool:
        """Say whether a guild is the one where they are, and theirs to manage."""
        return self.manages and guild_id is not None and guild_id == self.guild_id
