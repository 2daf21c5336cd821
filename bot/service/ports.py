"""Says what the services ask of Discord: cards and results, alerts to the operator, cases for those who decide them."""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeAlias

from bot.domain import AuditEntry, Case, DeadLetter, Job, JobStatus, Note, Review
from bot.service.media.service import MediaInfo
from bot.values import dataclass, field


class Phase(StrEnum):
    """Says in which phase of its life a card shows its job."""

    REVIEW = "review"  # a moderator has to approve the request, or the finished video
    WAITING = "waiting"  # in the queue
    STARTING = "starting"  # being handed to the provider
    RUNNING = "running"  # the provider works on it
    DELIVERING = "delivering"  # finished, on its way into the channel
    DONE = "done"  # posted
    FAILED = "failed"  # will never be; nothing was charged
    CANCELLED = "cancelled"  # taken back; nothing was charged
    UNKNOWN = "unknown"  # a dead letter: the operator has to find out
    KEPT = "kept"  # a dead letter: ready, and kept for the person to fetch

    @property
    def last(self) -> bool:
        """Say whether the card never changes again by itself."""
        return self in {Phase.DONE, Phase.FAILED, Phase.CANCELLED, Phase.UNKNOWN, Phase.KEPT}


def phase_of(job: Job) -> Phase:
    """Choose the phase that the card of a job shows."""
    if job.dead_letter is not None:
        return Phase.UNKNOWN if job.dead_letter is DeadLetter.OUTCOME_UNKNOWN else Phase.KEPT
    if job.delivered_at is not None:
        return Phase.DONE
    if job.status is JobStatus.SUCCEEDED and job.review is Review.HELD:
        return Phase.REVIEW
    return {
        JobStatus.PENDING: Phase.REVIEW,
        JobStatus.QUEUED: Phase.WAITING,
        JobStatus.SUBMITTING: Phase.STARTING,
        JobStatus.RUNNING: Phase.RUNNING,
        JobStatus.SUCCEEDED: Phase.DELIVERING,
        JobStatus.FAILED: Phase.FAILED,
        JobStatus.CANCELLED: Phase.CANCELLED,
    }[job.status]


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What a job's card shows: `position` in the queue from 1, and when the video is expected.

    `expected_at` is the usual time, `late_at` when nearly every video is ready; `overdue` is whether that has passed.
    `paused` is whether nothing that waits is begun for now, `repeated` whether its requester may have been told
    already how the job ended.
    """

    job: Job
    phase: Phase
    position: int | None = None
    expected_at: datetime | None = None
    late_at: datetime | None = None
    overdue: bool = False
    paused: bool = False
    repeated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Posted:
    """Says where a message is."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NotPosted:
    """Says that everything since the moment of posting was read, and the message is not there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CannotTell:
    """Says that nobody could look, or not to the end: the message may be there, so nothing may be posted anew.

    `closed` is whether Discord refuses to show the place, which a later look seldom changes.
    """

    reason: str
    closed: bool = False


Sighting: TypeAlias = Posted | NotPosted | CannotTell
"""What came of looking for a message that may have been posted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A finished video on disk, ready to be posted. `label` is the operator's own way to say that AI made it."""

    job: Job
    file: Path
    media: MediaInfo
    label: str = ""


class Trouble(StrEnum):
    """Says what the operator has to hear of."""

    KEY = "operator_fault"  # key, balance or permission at a provider
    MODEL = "model_given_up"  # a service makes no more videos with a model
    OUTCOME_UNKNOWN = "outcome_unknown"  # a job that may have been submitted and cannot be found
    UNDELIVERABLE = "undeliverable"  # a video that no place takes
    STORE = "store_unavailable"  # the database refuses
    MACHINE = "machine"  # results cannot be written or looked at here
    BUDGET = "budget"  # a share of the money of a month is used
    MORE = "more"  # somebody asks for more credits where nobody decides
    BALANCE = "balance"  # little is left of what was bought of a service
    EXPIRY = "expiry"  # what is left of it is lost soon
    CASE = "case"  # moderators cannot be asked what they have to decide


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """Something for the operator: what, about which provider or job, and the details that are safe to show.

    One with a `key` (at most 25 characters) is said once, even if it is repeated after a crash. One about a `job` calls
    it by whose it is and when it was asked for.
    """

    trouble: Trouble
    subject: str
    detail: str = ""
    key: str = ""
    job: Job | None = None


class Notifier(Protocol):
    """Posts cards and results on Discord. Every call may raise `DestinationLost` (for good) or `DestinationBusy`."""

    async def post_card(self, card: Card) -> Posted | None:
        """Post a job's card; None where the destination has none (a private job). A repeat finds the first one."""
        ...

    async def edit_card(self, card: Card) -> None:
        """Bring a posted card up to date."""
        ...

    async def remove_card(self, card: Card) -> None:
        """Take a posted card away; what is gone is taken away."""
        ...

    async def say_ready(self, job: Job) -> None:
        """Say in the requester's private answer where the posted video is, as long as that can be edited."""
        ...

    async def find_card(self, job: Job) -> Sighting:
        """Find the job's card, which may have been posted without being recorded. Raises nothing."""
        ...

    async def find_result(self, job: Job) -> Sighting:
        """Find the message with the job's result, where its post was intended last. Raises nothing."""
        ...

    async def post_result(self, result: Result) -> Posted:
        """Post a result where the job wants it, mentioning its requester only. A repeat finds the first one."""
        ...

    async def send_directly(self, result: Result) -> Posted:
        """Post a result into its requester's direct messages instead."""
        ...

    async def take_back(self, job: Job, posted: Posted) -> None:
        """Delete what was just posted of a job; what is gone is deleted."""
        ...

    async def tell_requester(self, card: Card) -> Posted | None:
        """Tell the requester how the job ended without a video, where the video would have reached them.

        A `repeated` card may have been told before: then that message is looked for first. Whoever has ended it
        themselves is not called. In a channel that message is a card itself: give it back, to take the first one's
        place.
        """
        ...

    async def tell_decision(self, case: Case) -> None:
        """Tell somebody directly what became of their request for more credits."""
        ...

    async def find_decision(self, case: Case, *, since: datetime) -> Sighting:
        """Find that message, which may have been sent since then, by Discord's clock. Raises nothing."""
        ...

    async def tell_grant(self, entry: AuditEntry, *, locale: str | None) -> None:
        """Tell the member of an entry directly that they were given credits; None: in their guild's language."""
        ...

    async def find_grant(self, entry: AuditEntry, *, locale: str | None, since: datetime) -> Sighting:
        """Find that message, which may have been sent since then, by Discord's clock. Raises nothing."""
        ...

    async def alert(self, alert: Alert) -> None:
        """Send an alert to the operator."""
        ...

    async def find_alert(self, alert: Alert, *, since: datetime) -> Sighting:
        """Find the message of an alert, as `find_decision`."""
        ...


class Staff(Protocol):
    """Posts on Discord for moderators and admins, and for the operator.

    What waits may raise `DestinationLost` (for good) or `DestinationBusy`.
    """

    async def runs(self, user_id: int, *, guild_id: int) -> bool:
        """Ask Discord whether a person may manage a guild, or for `EVERYWHERE`, whether the bot is theirs."""
        ...

    def there(self, guild_id: int, channel_id: int) -> bool:
        """Say whether a channel of a guild exists, as far as Discord has told."""
        ...

    async def post_case(self, case: Case, *, job: Job | None, video: Result | None) -> Posted:
        """Post a case with its buttons, and the video that it is about where there is one. A repeat finds the first."""
        ...

    async def find_case(self, case: Case, *, since: datetime) -> Sighting:
        """Find the message of a case, which may have been posted since then, by Discord's clock. Raises nothing."""
        ...

    async def edit_case(self, case: Case, *, message_id: int, job: Job | None) -> None:
        """Say how a case stands, in its message; once it is decided, take its buttons away."""
        ...

    def operator_places(self) -> AsyncIterator[int]:
        """List the channels in which the operator can be told something: first their own, then direct messages."""
        ...

    async def post_note(self, note: Note, *, channel_id: int) -> Posted:
        """Post what somebody wrote to the operator. A repeat finds the first."""
        ...

    async def find_note(self, key: str, *, channel_id: int, since: datetime) -> Sighting:
        """Find the message of the note with that key, as `find_case`."""
        ...

    async def delete_note(self, *, channel_id: int, message_id: int) -> None:
        """Delete the message of a note."""
        ...

    async def tell(self, entry: AuditEntry, *, channel_id: int) -> None:
        """Write an entry of the audit into a channel."""
        ...

    async def find_entry(self, entry: AuditEntry, *, channel_id: int, since: datetime) -> Sighting:
        """Find the message of an entry of the audit by its words, as `find_case`."""
        ...

    async def welcome(self, *, guild_id: int, channel_id: int) -> None:
        """Introduce the bot in a guild that it is new in: to who added it, where that can be known, or in a channel."""
        ...

    async def find_welcome(self, *, guild_id: int, channel_id: int, since: datetime) -> Sighting:
        """Find the message in which the bot introduces itself, as `find_case`."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """What some people, guilds and channels are called, by their ids; untrusted text, and only what could be told."""

    users: Mapping[int, str] = field(default_factory=dict)
    guilds: Mapping[int, str] = field(default_factory=dict)
    channels: Mapping[int, str] = field(default_factory=dict)


class Names:
    """Tells names; this one knows none."""

    async def names(
        self,
        *,
        users: Collection[int] = (),  # noqa: ARG002 - for those who know some
        guilds: Collection[int] = (),  # noqa: ARG002
        channels: Collection[int] = (),  # noqa: ARG002
        in_guild: int | None = None,  # noqa: ARG002
    ) -> Named:
        """Tell what is known, or soon learnt; people as they are called in a guild, where one is named."""
        return Named()
